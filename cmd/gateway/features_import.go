package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/features/feast"
)

// maxFeastRegistry is far above what registries weigh; it keeps a wrong file
// from filling the memory.
const maxFeastRegistry = 64 << 20

func featuresImportCommand() *cobra.Command {
	var from, into string
	var options feast.ImportOptions
	c := &cobra.Command{
		Use:   "import --feast registry.db [-o features.yaml]",
		Short: "Write features.yaml from a Feast registry",
		Long: `Write the features.yaml that reads the online store of a Feast project as
Feast's materialize fills it, with nothing changed in the store.

--feast names the registry file that "feast apply" writes. Of a registry that is
kept elsewhere (SQL, a bucket), Feast makes such a file:

  from feast import FeatureStore
  open("registry.db", "wb").write(FeatureStore(".").registry.proto().SerializeToString())

A request names a user and items, so --user and --item say which join keys those
are. Without both they are told by their names if no doubt is left: user or
user_id, item or item_id, and no third one. What features.yaml can't express is
left out, with a line on standard error and a comment in the file.

Exit codes: 0 if at least one view was translated, 1 on failure, 2 for a bad
command line, 3 if the registry can't be read or holds nothing to translate.`,
		Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if from == "" {
				return usageError{errors.New("name a Feast registry file with --feast")}
			}
			registry, err := readFeastRegistry(from)
			if err != nil {
				return err
			}
			got, err := registry.Import(options)
			if err != nil {
				return usageError{fmt.Errorf("%s: %w", from, err)}
			}
			tellOmitted(c.ErrOrStderr(), got)
			if len(got.Registry.Views) == 0 {
				return fmt.Errorf("%s: %w: no view of project %s can be translated", from, errInvalid, got.Project)
			}
			if err := writeFeatures(c.OutOrStdout(), into, renderFeatures(got)); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.ErrOrStderr(), "project %s: %s with %s translated, %d left out\n", printable(got.Project),
				count(len(got.Registry.Views), "view"), count(columnsOf(got), "column"), len(got.Omitted))
			return err
		},
	}
	c.Flags().StringVar(&from, "feast", "", "Feast registry file")
	c.Flags().StringVar(&options.Project, "project", "", "Feast project; needed if the registry holds several")
	c.Flags().StringVar(&options.User, "user", "", "join key that is the user's")
	c.Flags().StringVar(&options.Item, "item", "", "join key that is the items'")
	c.Flags().BoolVar(&options.Versioned, "versioned", false,
		"feature_store.yaml sets registry.enable_online_feature_view_versioning")
	c.Flags().StringVarP(&into, "output", "o", "", "file to write, which must not exist; standard output if not given")
	return c
}

func readFeastRegistry(path string) (*feast.Registry, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, errors.Join(errInvalid, err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFeastRegistry+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFeastRegistry {
		return nil, fmt.Errorf("%w: %s is larger than %d MiB, which no Feast registry is", errInvalid, path, maxFeastRegistry>>20)
	}
	registry, err := feast.ReadRegistry(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", errInvalid, path, err)
	}
	return registry, nil
}

func tellOmitted(stderr io.Writer, got *feast.Import) {
	for _, o := range got.Omitted {
		fmt.Fprintln(stderr, printable(o.String()))
	}
	if got.Unversioned != nil {
		fmt.Fprintf(stderr, "add --versioned if feature_store.yaml sets registry.enable_online_feature_view_versioning: "+
			"the store then has other names for %s\n", printable(strings.Join(got.Unversioned, ", ")))
	}
}

// writeFeatures writes features.yaml, and holds that it can be read.
func writeFeatures(stdout io.Writer, path string, text []byte) error {
	if path == "" {
		_, err := stdout.Write(text)
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists: name another file with -o, and compare", path)
	}
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if _, _, err := config.ReadRegistry(path); err != nil {
		return fmt.Errorf("%w: %w", errInvalid, err)
	}
	return nil
}

func columnsOf(got *feast.Import) int {
	n := 0
	for _, v := range got.Registry.Views {
		n += len(v.Columns)
	}
	return n
}
