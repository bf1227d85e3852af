package floor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/rankgate/rankgate/bench/workload"
)

// Order has a loop go on for a time. A process takes orders as lines of JSON, one
// after the other, until there are no more, and reports each with a Done.
type Order struct{ For time.Duration }

// Done says how often a loop went round.
type Done struct{ Rounds int }

// LoopPass runs forward passes, as many at a time as there are processors for them.
func LoopPass(p PassConfig, in io.Reader, out io.Writer) error {
	passes, err := newPasses(p)
	if err != nil {
		return err
	}
	return obey(in, out, cap(passes), func() error {
		one := <-passes
		defer func() { passes <- one }()
		return one.run()
	})
}

// ReadConfig says which rows to read: Rows of them at a time, drawn evenly.
type ReadConfig struct {
	Address string // of Redis
	Prefix  string // of a key, before the item's number
	Rows    int
}

// LoopRead reads rows with one MGET at a time.
func LoopRead(c ReadConfig, in io.Reader, out io.Writer) error {
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{c.Address}, DisableCache: true, ForceSingleClient: true})
	if err != nil {
		return err
	}
	defer client.Close()
	random := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // nobody guesses at a benchmark
	keys := make([][]string, 256)
	for i := range keys {
		for range c.Rows {
			keys[i] = append(keys[i], c.Prefix+strconv.Itoa(random.IntN(workload.Items)))
		}
	}
	var next atomic.Int64
	return obey(in, out, 1, func() error {
		asked := keys[int(next.Add(1))%len(keys)]
		rows, err := client.Do(context.Background(), client.B().Mget().Key(asked...).Build()).ToArray()
		switch {
		case err != nil:
			return err
		case len(rows) != len(asked):
			return fmt.Errorf("MGET of %d keys was answered with %d values", len(asked), len(rows))
		case rows[0].IsNil():
			return fmt.Errorf("no row lies under %q", asked[0])
		}
		return nil
	})
}

// obey goes round so many times at once for as long as it is told to, each at least once.
func obey(in io.Reader, out io.Writer, atOnce int, round func() error) error {
	orders, reports := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var o Order
		if err := orders.Decode(&o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		n, err := goRound(time.Now().Add(o.For), atOnce, round)
		if err != nil {
			return err
		}
		if err := reports.Encode(Done{Rounds: n}); err != nil {
			return err
		}
	}
}

func goRound(until time.Time, atOnce int, round func() error) (int, error) {
	var rounds atomic.Int64
	errs := make([]error, atOnce)
	var wg sync.WaitGroup
	for i := range atOnce {
		wg.Go(func() {
			for errs[i] == nil {
				errs[i] = round()
				if rounds.Add(1); !time.Now().Before(until) {
					return
				}
			}
		})
	}
	wg.Wait()
	return int(rounds.Load()), errors.Join(errs...)
}
