package workload

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/parquet-go/parquet-go"
)

// Files of a directory that WriteFiles makes, with those of the gateway's
// configuration: what gateway serve is given.
const (
	Registry   = "features.yaml"
	Repository = "models" // of the model named ModelName
	ModelName  = "ranker"
	usersFile  = "user_stats.parquet"
	itemsFile  = "item_stats.parquet"
)

// row is one of a view's.
type (
	userRow struct {
		User  int64     `parquet:"user"`
		Time  time.Time `parquet:"at,timestamp(millisecond)"`
		Taste []float32 `parquet:"taste,list"`
	}
	itemRow struct {
		Item  int64     `parquet:"item"`
		Time  time.Time `parquet:"at,timestamp(millisecond)"`
		Taste []float32 `parquet:"taste,list"`
	}
)

// WriteFiles writes what a gateway needs to rank by a graph: the registry, the rows
// of users and items, and the model.
func (g *Graph) WriteFiles(dir string, graph []byte) error {
	registry := fmt.Sprintf(`entities: {user: {type: int64}, item: {type: int64}}
views:
  user_stats: {entities: [user], source: %s, event_time: at, columns: {taste: "float32[%d]"}}
  item_stats: {entities: [item], source: %s, event_time: at, columns: {taste: "float32[%d]"}}
`, usersFile, g.UserWidth, itemsFile, g.ItemWidth)
	spec := fmt.Sprintf("inputs: {%s: {columns: [user_stats.taste, item_stats.taste]}}\nscore: %s\n", g.Input, g.Output)
	model := filepath.Join(dir, Repository, ModelName)
	if err := os.MkdirAll(filepath.Join(model, "1"), 0o750); err != nil {
		return err
	}
	for path, content := range map[string][]byte{
		filepath.Join(dir, Registry):            []byte(registry),
		filepath.Join(model, "model.yaml"):      []byte(spec),
		filepath.Join(model, "1", "model.onnx"): graph,
	} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return err
		}
	}
	at := time.Now().Truncate(time.Millisecond)
	if err := writeRows(filepath.Join(dir, usersFile), Users, func(id int) userRow {
		return userRow{int64(id), at, vector(User, id, g.UserWidth)}
	}); err != nil {
		return err
	}
	return writeRows(filepath.Join(dir, itemsFile), Items, func(id int) itemRow {
		return itemRow{int64(id), at, vector(Item, id, g.ItemWidth)}
	})
}

func vector(kind Kind, id, width int) []float32 {
	v := make([]float32, width)
	Vector(kind, id, v)
	return v
}

func writeRows[T any](path string, n int, row func(id int) T) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	out := parquet.NewGenericWriter[T](file)
	for id := range n {
		if _, err := out.Write([]T{row(id)}); err != nil {
			return err
		}
	}
	if err := out.Close(); err != nil {
		return err
	}
	return file.Close()
}
