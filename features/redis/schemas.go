package redis

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/rankgate/rankgate/features/packed"
)

// schemas remembers which schemas of rows were asked for, so that one that the
// server does not have either is not asked for at every row.
type schemas struct {
	mu    sync.Mutex
	asked map[schemaOf]time.Time // guarded by mu
}

type schemaOf struct {
	view *view
	id   uint32
}

// askAgain is the time until a schema that was not found is asked for again.
const askAgain = 5 * time.Second

// learn looks up the schema that err says is unknown and reports whether the row
// is worth another try.
func (s *schemas) learn(ctx context.Context, client rueidis.Client, v *view, err error) bool {
	if err == nil { // fast path
		return false
	}
	var unknown *packed.UnknownSchemaError
	if !errors.As(err, &unknown) || !s.may(schemaOf{v, unknown.ID}) {
		return false
	}
	get := client.B().Hget().Key(packed.SchemasKey(v.link.cfg.Prefix)).Field(packed.SchemaField(v.Stored(), unknown.ID)).Build()
	text, err := client.Do(ctx, get).ToString()
	if err != nil {
		return false
	}
	schema, err := packed.ParseSchema(text)
	if err != nil || schema.ID() != unknown.ID {
		return false
	}
	return v.packed.Learn(schema) == nil
}

// may reports whether a schema is to be asked for now.
func (s *schemas) may(of schemaOf) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if last, ok := s.asked[of]; ok && now.Sub(last) < askAgain {
		return false
	}
	if s.asked == nil {
		s.asked = map[schemaOf]time.Time{}
	}
	if len(s.asked) >= maxAsked {
		clear(s.asked)
	}
	s.asked[of] = now
	return true
}

// maxAsked bounds what is remembered: damaged rows may claim any schema.
const maxAsked = 1024
