package ingest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// stream is a Redis stream, read as a consumer of a group. Entries that this
// consumer was given and did not acknowledge come first when it starts, and after
// a read that failed, whose reply may have been lost on its way; those of
// consumers that have died are taken over in between.
type stream struct {
	client   rueidis.Client
	cfg      Redis
	consumer string

	replayed string    // the last of its own old entries seen; "" once there are no more
	cursor   string    // where the search for entries to take over goes on
	claimAt  time.Time // when it begins anew
}

const (
	eventField = "event"
	deadSuffix = ":dead"

	// What is added to the fields of a dead letter.
	deadReason = "dead_reason"
	deadError  = "dead_error"
	deadID     = "dead_id"

	fromStart = "0-0"
	silence   = 2 * time.Second // beyond the time that a read may wait, after which the server is taken for gone
)

// openStream makes the group, which begins with the oldest entry of the stream,
// unless it is there.
func openStream(ctx context.Context, client rueidis.Client, cfg Redis) (*stream, error) {
	s := &stream{client: client, cfg: cfg, consumer: cfg.Consumer, replayed: fromStart, cursor: fromStart}
	if s.consumer == "" {
		host, err := os.Hostname()
		if err != nil {
			return nil, fmt.Errorf("ingest.redis.consumer: the host has no name (%w); name this consumer", err)
		}
		s.consumer = host
	}
	if err := s.makeGroup(ctx); err != nil {
		return nil, fmt.Errorf("ingest.redis.stream: %s: %w", cfg.Stream, err)
	}
	return s, nil
}

func (s *stream) makeGroup(ctx context.Context) error {
	err := s.client.Do(ctx, s.client.B().XgroupCreate().Key(s.cfg.Stream).Group(s.cfg.Group).Id("0").Mkstream().Build()).Error()
	if isReply(err, "BUSYGROUP") {
		return nil
	}
	return err
}

func (s *stream) read(ctx context.Context, n int, wait time.Duration) ([]message, error) {
	entries, again, err := s.next(ctx, n, wait)
	if err != nil {
		s.replayed = fromStart
		return nil, err
	}
	return messages(entries, again), nil
}

// next returns entries, and whether they may have been delivered before.
func (s *stream) next(ctx context.Context, n int, wait time.Duration) (entries []rueidis.XRangeEntry, again bool, err error) {
	if s.replayed != "" {
		entries, err = s.readGroup(ctx, n, 0, s.replayed)
		if len(entries) > 0 {
			s.replayed = entries[len(entries)-1].ID
		}
		if err != nil || len(entries) > 0 {
			return entries, true, err
		}
		s.replayed = ""
	}
	// Only with no batch in hand: the server takes entries that are gone from the
	// stream off every consumer's list, this one's too, however short a while ago it
	// gave them. Those in hand are counted as what becomes of them.
	if now := time.Now(); wait > 0 && !now.Before(s.claimAt) {
		if entries, err = s.claim(ctx, n, now); err != nil || len(entries) > 0 {
			return entries, true, err
		}
	}
	entries, err = s.readGroup(ctx, n, wait, ">")
	return entries, false, err
}

// readGroup reads entries after an id that this consumer was given before, or
// those that nobody was given, ">".
func (s *stream) readGroup(ctx context.Context, n int, wait time.Duration, after string) ([]rueidis.XRangeEntry, error) {
	limited, cancel := context.WithTimeout(ctx, wait+silence)
	defer cancel()
	group := s.client.B().Xreadgroup().Group(s.cfg.Group, s.consumer).Count(int64(n))
	var command rueidis.Completed
	if wait > 0 {
		command = group.Block(wait.Milliseconds()).Streams().Key(s.cfg.Stream).Id(after).Build()
	} else {
		command = group.Streams().Key(s.cfg.Stream).Id(after).Build()
	}
	reply, err := s.client.Do(limited, command).AsXRead()
	switch {
	case rueidis.IsRedisNil(err), ctx.Err() != nil:
		return nil, nil
	case isReply(err, "NOGROUP"): // the stream was deleted, or the server has lost it
		return nil, cmp.Or(s.makeGroup(ctx), err)
	}
	return reply[s.cfg.Stream], err
}

// claim takes over entries that were given to a consumer long ago. Those that the
// stream has lost meanwhile come without fields. The server tells of each of them
// once, to whichever consumer of the group asks first: it keeps no list of them.
func (s *stream) claim(ctx context.Context, n int, now time.Time) ([]rueidis.XRangeEntry, error) {
	idle := strconv.FormatInt(s.cfg.ClaimAfter.Milliseconds(), 10)
	reply, err := s.client.Do(ctx, s.client.B().Xautoclaim().Key(s.cfg.Stream).Group(s.cfg.Group).Consumer(s.consumer).
		MinIdleTime(idle).Start(s.cursor).Count(int64(n)).Build()).ToArray()
	if err != nil {
		return nil, err
	}
	if len(reply) < 2 {
		return nil, fmt.Errorf("XAUTOCLAIM: a reply of %d parts", len(reply))
	}
	if s.cursor, err = reply[0].ToString(); err != nil {
		return nil, err
	}
	if s.cursor == fromStart {
		s.claimAt = now.Add(s.cfg.ClaimAfter / 2)
	}
	entries, err := reply[1].AsXRange()
	if err != nil || len(reply) < 3 { // servers older than Redis 7 don't tell
		return entries, err
	}
	lost, err := reply[2].AsStrSlice()
	for _, id := range lost {
		entries = append(entries, rueidis.XRangeEntry{ID: id})
	}
	return entries, err
}

func messages(entries []rueidis.XRangeEntry, again bool) []message {
	all := make([]message, 0, len(entries))
	for i := range entries {
		e := &entries[i]
		m := message{arrived: timeOf(e.ID), again: again, origin: e}
		for name, value := range e.FieldValues {
			m.bytes += len(name) + len(value)
		}
		event, ok := e.FieldValues[eventField]
		switch {
		case ok:
			m.event = []byte(event)
		case e.FieldValues == nil:
			m.refusal = refuse(Gone, "entry %s: the stream was trimmed, or the entry deleted, before it was acknowledged", e.ID)
		default:
			fields := strings.Join(sortedKeys(e.FieldValues), ", ")
			m.refusal = refuse(Malformed, "entry %s has no field %q; it has %s", e.ID, eventField, clip(fields))
		}
		all = append(all, m)
	}
	return all
}

// timeOf returns when the server made an entry of that id, unless its producer
// chose the id.
func timeOf(id string) time.Time {
	ms, _, _ := strings.Cut(id, "-")
	n, _ := strconv.ParseInt(ms, 10, 64)
	return time.UnixMilli(n)
}

func (s *stream) bury(ctx context.Context, dead []message) error {
	commands, most := make([]rueidis.Completed, len(dead)), strconv.Itoa(s.cfg.DeadMax)
	for i := range dead {
		entry := dead[i].origin.(*rueidis.XRangeEntry)
		add := s.client.B().Xadd().Key(s.cfg.Stream + deadSuffix).Maxlen().Almost().Threshold(most).Id("*").FieldValue()
		for _, name := range sortedKeys(entry.FieldValues) {
			add = add.FieldValue(name, entry.FieldValues[name])
		}
		commands[i] = add.FieldValue(deadReason, dead[i].refusal.Reason.String()).
			FieldValue(deadError, dead[i].refusal.Message).FieldValue(deadID, entry.ID).Build()
	}
	var failed error
	for _, reply := range s.client.DoMulti(ctx, commands...) {
		failed = cmp.Or(failed, reply.Error())
	}
	return failed
}

func (s *stream) acknowledge(ctx context.Context, done []message) error {
	ids := make([]string, len(done))
	for i := range done {
		ids[i] = done[i].origin.(*rueidis.XRangeEntry).ID
	}
	return s.client.Do(ctx, s.client.B().Xack().Key(s.cfg.Stream).Group(s.cfg.Group).Id(ids...).Build()).Error()
}

// lag counts the entries that nobody was given and those that are given and not
// acknowledged.
func (s *stream) lag(ctx context.Context) (int64, error) {
	groups, err := s.client.Do(ctx, s.client.B().XinfoGroups().Key(s.cfg.Stream).Build()).ToArray()
	if err != nil {
		return -1, err
	}
	for i := range groups {
		group, err := groups[i].AsMap()
		if err != nil {
			return -1, err
		}
		name, lag, pending := group["name"], group["lag"], group["pending"]
		if text, err := name.ToString(); err != nil || text != s.cfg.Group {
			continue
		}
		waiting, err := lag.AsInt64()
		given, err2 := pending.AsInt64()
		if rueidis.IsRedisNil(err) { // entries were deleted out of its middle
			return -1, nil
		}
		return waiting + given, cmp.Or(err, err2)
	}
	return -1, nil
}

// close takes the consumer out of the group, so that the group does not grow with
// every process that ever ran, unless entries wait for it: those would go with it,
// acknowledged by nobody.
//
// The server looks and removes in one step. A read that was given up at the stop
// may still wait there, and be served an entry between a look from here (nothing
// waits) and the removal, which would lose it. Served after the script, it makes
// the consumer anew, and the entry is taken over as any other.
//
// An error is not worth a word: the consumer stays, and harms nobody.
func (s *stream) close() {
	ctx, cancel := context.WithTimeout(context.Background(), silence)
	defer cancel()
	_ = leave.Exec(ctx, s.client, []string{s.cfg.Stream}, []string{s.cfg.Group, s.consumer}).Error()
}

var leave = rueidis.NewLuaScript(`
if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) == 0 then
	redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
end`)

// isReply reports whether err is the server's, with that word at its beginning.
func isReply(err error, word string) bool {
	reply, ok := rueidis.IsRedisErr(err)
	return ok && strings.HasPrefix(reply.Error(), word)
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
