package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/packed"
	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/features/redis/redistest"
)

// galleryServer is a Redis server with the features of a gallery.
type galleryServer struct {
	cfg redis.Config
	reg *features.Registry
}

func newGalleryServer(t *testing.T) *galleryServer {
	t.Helper()
	s := &galleryServer{cfg: redis.DefaultConfig()}
	s.cfg.Addresses = []string{redistest.Start(t).Addr}
	s.cfg.Timeout = 5 * time.Second // on a busy machine too
	dir := tree(t, map[string]string{"features.yaml": galleryFiles(t)["features.yaml"]})
	var err error
	if s.reg, _, err = config.ReadRegistry(filepath.Join(dir, "features.yaml")); err != nil {
		t.Fatal(err)
	}
	return s
}

// put writes all features of a load.
func (s *galleryServer) put(t *testing.T, load uint64) {
	t.Helper()
	client, err := redis.Connect(s.cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var commands rueidis.Commands
	for i := range s.reg.Views {
		v := &s.reg.Views[i]
		layout := features.LayoutOf(v.Columns)
		codec := packed.New(s.cfg.Prefix, v, layout)
		set := func(user, item string, vectors ...[]float32) {
			rec := features.Record{Row: layout.NewRow()}
			for j, vector := range vectors {
				if vector != nil { // else the cell stays null
					layout.Cells[j].SetVector(&rec.Row, vector)
				}
			}
			key, err := codec.AppendKey(nil, user, item)
			if err != nil {
				t.Fatal(err)
			}
			commands = append(commands, client.B().Set().Key(string(key)).Value(string(codec.Encode(nil, &rec))).Build())
		}
		if v.Name == "user_stats" {
			for u := range galleryUsers {
				set(fmt.Sprint(u), "", looks(load, "taste", u, 32))
			}
			continue
		}
		for item := range galleryItems {
			set("", fmt.Sprint(item), looks(load, "look", item, 59), feelOf(load, item))
		}
	}
	for _, result := range client.DoMulti(t.Context(), commands...) {
		if err := result.Error(); err != nil {
			t.Fatal(err)
		}
	}
}

// A row that has changed is another row, whose part nobody knows.
func TestPartsFollowWhatIsWrittenToRedis(t *testing.T) {
	s := newGalleryServer(t)
	s.put(t, 1)
	g := startGallery(t, 1, func(cfg *config.Config) {
		uncached(cfg)
		cfg.Features.Redis = &s.cfg
	})
	items := someItems(rand.New(rand.NewPCG(9, 10)), 200)
	difference := func(load uint64, fresh *gallery) string {
		for user := range galleryUsers {
			if d := alike(g.ask(t, user, items), fresh.ask(t, user, items)); d != "" {
				return fmt.Sprintf("load %d, user %d: %s", load, user, d)
			}
		}
		return ""
	}
	if d := difference(1, startGallery(t, 1, unkept)); d != "" {
		t.Fatal(d)
	}
	known := `rankgate_item_parts_total{model="mid",result="known",version="1"}`
	if n := g.counter(t, known); n < float64((galleryUsers-1)*len(items)) {
		t.Errorf("%v rows were known, of %d users' with the same items", n, galleryUsers)
	}
	s.put(t, 2)
	fresh := startGallery(t, 2, unkept)
	for end := time.Now().Add(20 * time.Second); ; {
		d := difference(2, fresh)
		if d == "" {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the writes do not show: " + d)
		}
	}
}
