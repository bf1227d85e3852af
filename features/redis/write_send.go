package redis

import (
	"context"
	"crypto/sha1" //nolint:gosec // the server names scripts by it
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

func newScript(text string) *script {
	sum := sha1.Sum([]byte(text)) //nolint:gosec // as above
	return &script{text: text, sha: hex.EncodeToString(sum[:])}
}

// send sends a window until every row of it was acknowledged.
func (w *Writer) send(ctx context.Context, win *window) (Written, error) {
	v := win.view
	win.split()
	var total Written
	err := w.insist(ctx, func() error {
		if err := v.tell(ctx, w.client); err != nil {
			return err
		}
		written, err := win.send(ctx, w.client)
		total.Stored += written.Stored
		total.Older += written.Older
		if err != nil {
			v.forget()
		}
		return err
	})
	w.release(win)
	return total, err
}

// send makes the calls that are not done yet. The error is the most serious one:
// one that will stay, if there is any.
func (win *window) send(ctx context.Context, client rueidis.Client) (total Written, failed error) {
	for {
		held, err := win.once(ctx, client, &total)
		if !held || err != nil {
			return total, err
		}
	}
}

// once makes every call that is not done, and reports whether one of them has to
// be made again because it was tried as MSETNX and rows are there. A call whose
// answer was lost may have stored its rows: it finds them then, and the script
// stores them again.
func (win *window) once(ctx context.Context, client rueidis.Client, total *Written) (held bool, failed error) {
	results := client.DoMulti(ctx, win.pending(client)...)
	next := 0
	for i := range len(win.calls) {
		c := &win.calls[i]
		if c.done {
			continue
		}
		n, err := results[next].AsInt64()
		next++
		if err == nil {
			held = !win.answered(c, int(n), total) || held
			continue
		}
		if _, answered := rueidis.IsRedisErr(err); !answered {
			win.lost = true
		}
		err = c.explain(err)
		if failed == nil || passes(failed) {
			failed = err
		}
		switch word(err) {
		case "NOSCRIPT":
			c.whole = true
		case "TRYAGAIN":
			win.scatter(i)
		}
	}
	return held, failed
}

// answered takes the answer to a call, and reports whether that is done.
func (win *window) answered(c *call, n int, total *Written) bool {
	if c.plain {
		win.view.guess.learn(n == 1)
		if n == 0 {
			c.held = true
			return false
		}
		n = 0
	}
	c.done = true
	total.Older += n
	total.Stored += len(c.rows) - n
	return true
}

// explain finds the record of which a script says that its key holds something
// else.
func (c *call) explain(err error) error {
	if word(err) != "FOREIGN" {
		return err
	}
	number, what, _ := strings.Cut(strings.TrimPrefix(err.Error(), "FOREIGN "), " ")
	i, wrong := strconv.Atoi(number)
	if wrong != nil || i < 1 || i > len(c.rows) {
		return err
	}
	return &foreignError{record: c.rows[i-1].record, what: what}
}

// foreignError says that the key of a record holds what no Writer put there.
type foreignError struct {
	record int
	what   string
}

func (e *foreignError) Error() string {
	return "its key holds " + e.what + "; delete it, or set another features.store.redis.prefix"
}

// insist does something until it succeeds, fails for good, or has failed for as
// long as the Writer has patience.
func (w *Writer) insist(ctx context.Context, do func() error) error {
	var since time.Time
	for attempt := 0; ; attempt++ {
		err := do()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !passes(err) {
			return advise(err)
		}
		now := time.Now()
		if attempt == 0 {
			since = now
		}
		if now.Sub(since) > w.patience {
			return fmt.Errorf("features.store.redis: gave up after %v: %w", w.patience, err)
		}
		pause := time.NewTimer(backoff(attempt, rand.Float64())) //nolint:gosec // nobody gains from guessing it
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return context.Cause(ctx)
		}
	}
}

// backoff returns the pause after an attempt, counted from 0: at random between
// the half and the whole of what is doubled each time. The first is short,
// because a missing script is no trouble.
func backoff(attempt int, random float64) time.Duration {
	const shortest, longest = time.Millisecond, time.Second
	whole := min(shortest<<min(2*attempt, 20), longest)
	return whole/2 + time.Duration(random*float64(whole/2))
}

// passes reports whether what the server or the client says may be over soon.
func passes(err error) bool {
	if _, answered := rueidis.IsRedisErr(err); !answered {
		_, foreign := errors.AsType[*foreignError](err)
		_, schema := errors.AsType[*schemaError](err)
		return !foreign && !schema && !errors.Is(err, rueidis.ErrClosing) // else a connection was lost or not made
	}
	switch word(err) {
	case "NOSCRIPT", "LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "MOVED", "ASK", "BUSY", "NOREPLICAS":
		return true
	default:
		return false
	}
}

// advise adds what to do about an error that stays.
func advise(err error) error {
	advice := ""
	switch w := word(err); {
	case w == "OOM":
		advice = "the server is full; raise its maxmemory, or let it evict"
	case w == "NOAUTH" || w == "WRONGPASS":
		advice = "check features.store.redis.username and password"
	case w == "NOPERM" || strings.HasPrefix(err.Error(), "The user executing the script can't") ||
		strings.HasPrefix(err.Error(), "ACL failure in script"): // as Valkey says it
		advice = "the user needs +evalsha +eval +mget +exists +type +msetnx +mset +set " +
			"+hsetnx +hget +hset +hmget +pexpire on the keys of the store"
	case w == "MISCONF":
		advice = "the server can't save, and so takes no writes"
	}
	if advice != "" {
		return fmt.Errorf("features.store.redis: %s: %w", advice, err)
	}
	return err
}

// word is the first word of an error, by which servers classify theirs.
func word(err error) string {
	if err == nil {
		return ""
	}
	w, _, _ := strings.Cut(err.Error(), " ")
	return w
}
