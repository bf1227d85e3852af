package redis

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/redis/rueidis"
)

// Materialized says how the latest materialization of a view ended. Times are Unix
// seconds.
type Materialized struct {
	LastSuccess float64 `json:"last_success"`
	NewestEvent float64 `json:"newest_event"` // latest event time among the rows read; 0 if they carry none
	Rows        int64   `json:"rows"`         // source rows read
}

// materializedKey is the hash that holds a Materialized per view, as JSON.
func materializedKey(prefix string) string { return prefix + "::materialized" }

// ReadMaterialized returns what the server holds of each view.
func ReadMaterialized(ctx context.Context, client rueidis.Client, cfg Config) (map[string]Materialized, error) {
	fields, err := client.Do(ctx, client.B().Hgetall().Key(materializedKey(cfg.Prefix)).Build()).AsStrMap()
	if err != nil {
		return nil, err
	}
	found := make(map[string]Materialized, len(fields))
	for view, text := range fields {
		var m Materialized
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			return nil, fmt.Errorf("%s, field %s: %w", materializedKey(cfg.Prefix), view, err)
		}
		found[view] = m
	}
	return found, nil
}

// WriteMaterialized notes the end of a materialization.
func WriteMaterialized(ctx context.Context, client rueidis.Client, cfg Config, view string, m Materialized) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	set := client.B().Hset().Key(materializedKey(cfg.Prefix)).FieldValue().FieldValue(view, string(text)).Build()
	return client.Do(ctx, set).Error()
}
