package main

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/features"
)

// putGallery writes all features of a load.
func (r *storeServer) putGallery(load uint64) {
	r.t.Helper()
	vectors := func(of ...[]float32) func(*features.Layout, *features.Row) {
		return func(l *features.Layout, row *features.Row) {
			for i, vector := range of {
				if vector != nil { // else the cell stays null
					l.Cells[i].SetVector(row, vector)
				}
			}
		}
	}
	var rows []storeRow
	for u := range galleryUsers {
		rows = append(rows, storeRow{"user_stats", fmt.Sprint(u), "", vectors(looks(load, "taste", u, 32))})
	}
	for item := range galleryItems {
		rows = append(rows, storeRow{"item_stats", "", fmt.Sprint(item), vectors(looks(load, "look", item, 59), feelOf(load, item))})
	}
	r.putRows(rows...)
}

// A row that has changed is another row, whose part nobody knows.
func TestPartsFollowWhatIsWrittenToRedis(t *testing.T) {
	s := newStoreServerOf(t, galleryFiles(t)["features.yaml"])
	s.putGallery(1)
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
	s.putGallery(2)
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
