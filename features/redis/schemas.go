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
// server does not have either is not asked for at every row, and one that many
// fetches meet together is asked for once.
type schemas struct {
	mu    sync.Mutex
	asked map[schemaOf]*asking // guarded by mu
}

type schemaOf struct {
	view *view
	id   uint32
}

// asking is one look-up of a schema.
type asking struct {
	at    time.Time
	done  chan struct{} // closed when it has ended
	known bool          // rows of the schema can be read; written before done is closed
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
	if !errors.As(err, &unknown) {
		return false
	}
	of := schemaOf{v, unknown.ID}
	a, first := s.begin(of)
	if !first {
		select {
		case <-a.done:
			return a.known
		case <-ctx.Done():
			return false
		}
	}
	defer close(a.done)
	known, err := of.ask(ctx, client)
	if a.known = known; err != nil {
		s.forget(of, a) // it may well be there
	}
	return known
}

// ask reports whether rows of the schema can be read now. The error says that
// the server could not be asked.
func (of schemaOf) ask(ctx context.Context, client rueidis.Client) (known bool, err error) {
	key := packed.SchemasKey(of.view.link.cfg.Prefix)
	get := client.B().Hget().Key(key).Field(packed.SchemaField(of.view.Stored(), of.id)).Build()
	text, err := client.Do(ctx, get).ToString()
	if rueidis.IsRedisNil(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	schema, err := packed.ParseSchema(text)
	if err != nil || schema.ID() != of.id {
		return false, nil //nolint:nilerr // what the server holds is damaged, and stays so
	}
	return of.view.packed.Learn(schema) == nil, nil
}

// begin returns the latest look-up of a schema, and whether it is for the caller
// to make.
func (s *schemas) begin(of schemaOf) (a *asking, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if a, ok := s.asked[of]; ok && now.Sub(a.at) < askAgain {
		return a, false
	}
	if s.asked == nil {
		s.asked = map[schemaOf]*asking{}
	}
	if len(s.asked) >= maxAsked {
		clear(s.asked)
	}
	a = &asking{at: now, done: make(chan struct{})}
	s.asked[of] = a
	return a, true
}

func (s *schemas) forget(of schemaOf, a *asking) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked[of] == a {
		delete(s.asked, of)
	}
}

// maxAsked bounds what is remembered: damaged rows may claim any schema.
const maxAsked = 1024
