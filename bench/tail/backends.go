package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/rankgate/rankgate/backends/oip/oiptest"
	"github.com/rankgate/rankgate/bench/process"
)

// backends are fault servers in a process of their own, so that what they use of the
// processors is not the generator's. They end with this process: their standard
// input does.
type backends struct {
	*process.Child
	addresses []address

	mu  sync.Mutex // guards what follows: one order at a time
	in  *json.Encoder
	out *json.Decoder
}

// address is where a server is, host:port.
type address struct{ HTTP, GRPC string }

// fleet is how many servers there are, and what each of them is like.
type fleet struct {
	Servers int
	Each    oiptest.Config
}

// order changes the faults of a server, if it names any, and asks for all counts.
type order struct {
	Server int
	Faults *oiptest.Faults
}

// told is the answer to an order, and to the fleet.
type told struct {
	Addresses []address
	Stats     []oiptest.Stats
}

// startBackends starts a fleet.
func (s *session) startBackends(ctx context.Context, f fleet) (*backends, error) {
	child, err := process.StartPiped(ctx, s.self, "-role", roleBackends)
	if err != nil {
		return nil, err
	}
	b := &backends{Child: child, in: json.NewEncoder(child.In), out: json.NewDecoder(child.Out)}
	var t told
	if err := b.exchange(f, &t); err != nil {
		b.Stop()
		return nil, err
	}
	b.addresses = t.Addresses
	return b, nil
}

// set changes what a server does wrong from now on.
func (b *backends) set(server int, f oiptest.Faults) error {
	_, err := b.order(order{Server: server, Faults: &f})
	return err
}

// setAll changes all servers.
func (b *backends) setAll(f oiptest.Faults) error {
	for i := range b.addresses {
		if err := b.set(i, f); err != nil {
			return err
		}
	}
	return nil
}

// stats returns the counts of every server since it was started.
func (b *backends) stats() ([]oiptest.Stats, error) { return b.order(order{}) }

// calls is how many calls have come to all servers.
func (b *backends) calls() (int, error) {
	all, err := b.stats()
	n := 0
	for i := range all {
		n += int(all[i].Calls)
	}
	return n, err
}

func (b *backends) order(o order) ([]oiptest.Stats, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var t told
	err := b.exchange(o, &t)
	return t.Stats, err
}

// exchange says something to the process and reads what it says to that.
func (b *backends) exchange(say, hear any) error {
	err := b.in.Encode(say)
	if err == nil {
		err = b.out.Decode(hear)
	}
	if err != nil {
		return fmt.Errorf("the backends: %w: %s", err, b.Log())
	}
	return nil
}

// serveBackends is the process of backends: it takes a fleet and orders, one a line,
// until there are no more.
func serveBackends() error {
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	var f fleet
	if err := in.Decode(&f); err != nil {
		return err
	}
	var servers []*oiptest.Server
	var t told
	for range f.Servers {
		s, err := oiptest.New(f.Each)
		if err != nil {
			return err
		}
		servers = append(servers, s)
		t.Addresses = append(t.Addresses, address{s.HTTP, s.GRPC})
	}
	for {
		if err := out.Encode(t); err != nil {
			return err
		}
		var o order
		if err := in.Decode(&o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("order: %w", err)
		}
		if o.Faults != nil {
			servers[o.Server].Set(*o.Faults)
		}
		t = told{}
		for _, s := range servers {
			t.Stats = append(t.Stats, s.Stats())
		}
	}
}
