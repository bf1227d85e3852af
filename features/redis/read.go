package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/rueidis"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/feast"
)

// read asks for the rows of all flights at once and decodes them. A flight whose
// row could not be had, or is damaged, stays Failed. The error says that the
// server is not well: most commands failed.
func (l *link) read(ctx context.Context, f *fetch) error {
	client := l.client()
	if client == nil {
		return l.failure()
	}
	if l.cfg.Layout == Feast {
		return l.readHashes(ctx, client, f)
	}
	return l.readStrings(ctx, client, f)
}

// readStrings reads packed rows: with one MGET, or one for each slot of a cluster.
func (l *link) readStrings(ctx context.Context, client rueidis.Client, f *fetch) error {
	keys := f.keyStrings()
	groups, grouped := [][]int{f.all()}, [][]string{keys}
	if l.cfg.Mode == Cluster {
		groups, grouped = bySlot(keys, slices.Clone(f.all()))
	}
	var health health
	apart := l.readGroups(ctx, client, f, groups, grouped, &health)
	if len(apart) > 0 {
		groups, grouped = make([][]int, len(apart)), make([][]string, len(apart))
		for i, at := range apart {
			groups[i], grouped[i] = apart[i:i+1], keys[at:at+1]
		}
		l.readGroups(ctx, client, f, groups, grouped, &health)
	}
	return health.verdict()
}

// readGroups reads each group of keys with an MGET. It returns the flights of the
// groups of which a slot on its way to another master has some rows here and some
// there (TRYAGAIN): the client follows who asks for one of them alone.
func (l *link) readGroups(
	ctx context.Context, client rueidis.Client, f *fetch, groups [][]int, keys [][]string, health *health,
) (apart []int) {
	commands := make(rueidis.Commands, len(groups))
	for i, group := range keys {
		commands[i] = client.B().Mget().Key(group...).Build()
	}
	for i, result := range client.DoMulti(ctx, commands...) {
		values, err := result.ToArray()
		f.lent = f.lent || err != nil
		if refusal, ok := rueidis.IsRedisErr(err); ok && refusal.IsTryAgain() && len(groups[i]) > 1 {
			apart = append(apart, groups[i]...)
			continue
		}
		if err == nil && len(values) != len(groups[i]) {
			err = fmt.Errorf("MGET of %d keys was answered with %d values", len(groups[i]), len(values))
		}
		if !health.note(err) {
			continue
		}
		for j, at := range groups[i] {
			health.noteRow(l.decodeString(ctx, client, &f.flights[at], &values[j]))
		}
	}
	return apart
}

func (l *link) decodeString(ctx context.Context, client rueidis.Client, f *flight, value *rueidis.RedisMessage) error {
	if value.IsNil() {
		f.mark = features.Sound
		return nil
	}
	data, err := value.ToString()
	if err != nil {
		return err
	}
	row := f.blank()
	if err = f.view.packed.Decode(data, row); l.schemas.learn(ctx, client, f.view, err) {
		err = f.view.packed.Decode(data, row)
	}
	return f.bring(row, err)
}

// readHashes reads Feast's rows: one HMGET for each entity and view, all in one
// pipeline.
func (l *link) readHashes(ctx context.Context, client rueidis.Client, f *fetch) error {
	commands := make(rueidis.Commands, 0, len(f.flights))
	of := make([]int, 0, len(f.flights))
	for i, key := range f.keyStrings() {
		own := &f.flights[i]
		if key == "" {
			own.mark = features.Sound // no such id can be in the store
			continue
		}
		commands = append(commands, client.B().Hmget().Key(key).Field(own.view.feast.Fields()...).Build())
		of = append(of, i)
	}
	if len(commands) == 0 {
		return nil
	}
	var health health
	for i, result := range client.DoMulti(ctx, commands...) {
		values, err := result.ToArray()
		f.lent = f.lent || err != nil
		if health.note(err) {
			health.noteRow(decodeHash(&f.flights[of[i]], values))
		}
	}
	return health.verdict()
}

// decodeHash reads the fields of one view; the last one is its event time, and
// without that the entity has no row in the view.
func decodeHash(f *flight, values []rueidis.RedisMessage) error {
	last := len(values) - 1
	if last != len(f.view.layout.Cells) {
		return fmt.Errorf("view %s: %d fields in place of %d", f.view.Name, last, len(f.view.layout.Cells))
	}
	stamp, err := values[last].ToString()
	if rueidis.IsRedisNil(err) {
		f.mark = features.Sound
		return nil
	}
	if err != nil {
		return err
	}
	row := f.blank()
	if row.Time, err = feast.DecodeTime(stamp); err != nil {
		return f.bring(row, err)
	}
	var damaged error
	for column := range f.view.layout.Cells {
		value, err := values[column].ToString()
		if rueidis.IsRedisNil(err) {
			continue
		}
		if err == nil {
			err = f.view.feast.DecodeField(column, value, row)
		}
		if err != nil {
			damaged = err // costs its column, which stays null, and not the row
		}
	}
	return errors.Join(f.bring(row, nil), damaged)
}

// bring ends the decoding of a row.
func (f *flight) bring(row *features.Row, err error) error {
	if err != nil {
		return err
	}
	f.view.layout.Finish(row, &f.view.missing)
	f.row, f.mark = row, features.Sound
	return nil
}

// health tells a server that is not well from a row that is damaged.
type health struct {
	commands, failed int
	last             error
	rows             int // damaged, or with a damaged column
	row              error
}

// note counts the result of one command and reports whether it has one.
func (h *health) note(err error) bool {
	h.commands++
	if err == nil {
		return true
	}
	if refusal, ok := rueidis.IsRedisErr(err); ok && strings.HasPrefix(refusal.Error(), "WRONGTYPE") {
		h.noteRow(err)
		return false
	}
	h.failed++
	h.last = err
	return false
}

func (h *health) noteRow(err error) {
	if err != nil {
		h.rows++
		h.row = err
	}
}

// verdict is an unwell error if at least half of the commands failed, a
// damagedError if some row could not be decoded.
func (h *health) verdict() error {
	switch {
	case h.failed > 0 && 2*h.failed >= h.commands:
		return h.last
	case h.failed > 0:
		return &partialError{h.last}
	case h.row != nil:
		return &damagedError{h.row, h.rows}
	default:
		return nil
	}
}

// partialError is the failure of a few of many servers.
type partialError struct{ error }

func (e *partialError) Unwrap() error { return e.error }

// damagedError is rows that can't be read, or not whole, from a server that is well.
type damagedError struct {
	error
	rows int
}

func (e *damagedError) Unwrap() error { return e.error }

// Unwell reports whether an error is the server's and not a row's.
func unwell(err error) bool {
	if err == nil {
		return false
	}
	var partial *partialError
	var damaged *damagedError
	return !errors.As(err, &partial) && !errors.As(err, &damaged)
}
