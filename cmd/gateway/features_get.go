package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/rankgate/rankgate/cache"
	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/monitor"
)

func featuresGetCommand() *cobra.Command {
	var from source
	var asJSON bool
	var timeout time.Duration
	c := &cobra.Command{
		Use:   "get -c gateway.yaml {user:ID | item:ID}...",
		Short: "Show what the store holds of users and items, and which models read it",
		Long: `Show the rows that the feature store holds: each column's value as a model would
read it now, its status, the row's age, where it lies, and which models read it.
Of a user and items named together the rows of the pairs are shown as well.

Exit codes: 0 if every row could be looked up, there or not; 1 if one could not,
2 for a bad command line, 3 for a configuration with mistakes.`,
		Example: "  gateway features get -c gateway.yaml user:42 item:7 item:8",
		Args:    usage(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			entities, err := parseEntities(args)
			if err != nil {
				return usageError{err}
			}
			rows, err := lookUp(c.Context(), &from, entities, timeout)
			if err != nil {
				return err
			}
			if asJSON {
				err = json.NewEncoder(c.OutOrStdout()).Encode(rows)
			} else {
				err = showRows(c.OutOrStdout(), rows)
			}
			return errors.Join(err, unread(rows))
		},
	}
	c.Flags().StringVarP(&from.file, "config", "c", "", "configuration file")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().DurationVar(&timeout, "timeout", 5*time.Second, "how long a look-up may take")
	return c
}

// entities are the users and items of a command line, in its order.
type entities struct{ users, items []string }

func parseEntities(args []string) (e entities, err error) {
	for _, arg := range args {
		kind, id, _ := strings.Cut(arg, ":")
		switch {
		case kind == features.UserEntity && id != "":
			e.users = append(e.users, id)
		case kind == features.ItemEntity && id != "":
			e.items = append(e.items, id)
		default:
			return e, fmt.Errorf("%q is neither user:ID nor item:ID", arg)
		}
	}
	return e, nil
}

// shownRow is one row of one view.
type shownRow struct {
	View    string        `json:"view"`
	User    string        `json:"user,omitempty"`
	Item    string        `json:"item,omitempty"`
	Status  string        `json:"status"`
	Time    *time.Time    `json:"event_time,omitempty"`
	Age     float64       `json:"age_seconds,omitempty"`
	Source  string        `json:"source"`
	Columns []shownColumn `json:"columns"`
}

type shownColumn struct {
	Name   string   `json:"name"`
	Value  any      `json:"value"`
	Status string   `json:"status"`
	Models []string `json:"models"`
}

// lookUp opens the store that the configuration names, for this look alone.
func lookUp(ctx context.Context, from *source, of entities, timeout time.Duration) ([]shownRow, error) {
	cfg, err := from.read(nil)
	if err != nil {
		return nil, err
	}
	cfg.Log.Level = max(cfg.Log.Level, slog.LevelWarn)
	g := &gateway{cfg: cfg, log: newLogger(cfg.Log), fill: fromFiles(&cfg), metrics: monitor.New(version)}
	defer g.close()
	if err := g.readFiles(); err != nil {
		return nil, invalid(err)
	}
	if g.scores, err = cache.New(cache.Config{}); err != nil {
		return nil, err
	}
	if remote := g.cfg.Features.Redis; remote != nil {
		remote.Timeout = timeout
	}
	if err := g.openStore(); err != nil {
		return nil, err
	}
	if err := g.refill(ctx); err != nil {
		return nil, invalid(err)
	}
	if g.redis != nil {
		if err := g.redis.Ping(ctx); err != nil {
			return nil, err
		}
	}
	return g.inspect(of, timeout), nil
}

// inspect looks at every entity alone, then at every pair.
func (g *gateway) inspect(of entities, timeout time.Duration) []shownRow {
	readers := g.readers()
	var rows []shownRow
	look := func(user, item string, wanted func(*features.View) bool) {
		now := time.Now()
		found := features.Inspect(g.store, g.registry, user, item, now, now.Add(timeout))
		for i := range found {
			if wanted(found[i].View) {
				rows = append(rows, g.show(&found[i], user, item, now, readers))
			}
		}
	}
	for _, user := range of.users {
		look(user, "", func(*features.View) bool { return true })
	}
	for _, item := range of.items {
		look("", item, func(*features.View) bool { return true })
	}
	for _, user := range of.users {
		for _, item := range of.items {
			look(user, item, func(v *features.View) bool { return len(v.Entities) == 2 })
		}
	}
	return rows
}

// readers lists, by view.column, the models that read it.
func (g *gateway) readers() map[string][]string {
	readers := map[string]map[string]bool{}
	for i := range g.repository {
		spec := &g.repository[i].Spec
		for _, in := range spec.Inputs {
			for _, c := range in.Columns {
				name := c.View + "." + c.Name
				if readers[name] == nil {
					readers[name] = map[string]bool{}
				}
				readers[name][spec.Name+"/"+spec.Version] = true
			}
		}
	}
	lists := make(map[string][]string, len(readers))
	for name, models := range readers {
		lists[name] = slices.Sorted(maps.Keys(models))
	}
	return lists
}

func (g *gateway) show(found *features.Inspection, user, item string, now time.Time, readers map[string][]string) shownRow {
	aboutUser, aboutItem, _ := found.View.Subject()
	row := shownRow{View: found.View.Name, Status: found.Status.String()}
	if aboutUser {
		row.User = user
	}
	if aboutItem {
		row.Item = item
	}
	row.Source = g.origin(found.View, row.User, row.Item)
	if !found.Time.IsZero() {
		at := found.Time.UTC()
		row.Time, row.Age = &at, now.Sub(at).Round(time.Millisecond).Seconds()
	}
	for _, c := range found.Columns {
		models := readers[found.View.Name+"."+c.Name]
		row.Columns = append(row.Columns, shownColumn{Name: c.Name, Value: c.Value, Status: c.Status.String(), Models: models})
	}
	return row
}

// origin says where a row lies.
func (g *gateway) origin(v *features.View, user, item string) string {
	if g.redis == nil {
		return v.Source
	}
	return "redis " + strings.Join(g.cfg.Features.Redis.Addresses, ",") + " " + g.redis.Key(v.Name, user, item)
}

func showRows(out io.Writer, rows []shownRow) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for i, row := range rows {
		if i > 0 {
			fmt.Fprintln(w)
		}
		var of []string
		if row.User != "" {
			of = append(of, "user:"+row.User)
		}
		if row.Item != "" {
			of = append(of, "item:"+row.Item)
		}
		age := ""
		if row.Time != nil {
			age = fmt.Sprintf(", %v old (%s)", time.Duration(row.Age*float64(time.Second)), row.Time.Format(time.RFC3339))
		}
		fmt.Fprintf(w, "%s of %s: %s%s\nfrom %s\n", row.View, strings.Join(of, " "), row.Status, age, row.Source)
		for _, c := range row.Columns {
			models := "no model"
			if len(c.Models) > 0 {
				models = strings.Join(c.Models, ", ")
			}
			value, err := json.Marshal(c.Value)
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", c.Name, value, c.Status, models)
		}
	}
	return w.Flush()
}

// unread is an error if a row could not be looked up.
func unread(rows []shownRow) error {
	for _, row := range rows {
		if row.Status == "error" {
			return fmt.Errorf("%s could not be read from %s", row.View, row.Source)
		}
	}
	return nil
}
