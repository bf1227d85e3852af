package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/rankgate/rankgate/bench/gateway"
	"github.com/rankgate/rankgate/edge/wiretest"
)

// smuggling sends what two readers could take for different requests, alone and
// behind a good one, each with one behind it that must not be answered.
var smuggling = scenario{number: 17, name: "request smuggling, two backends", run: runSmuggling}

func runSmuggling(ctx context.Context, s *session) (*row, error) {
	w, err := s.newWorld(ctx, &world{servers: 2, sections: gateway.Sections{"limits": "{header: 2KiB, body: 64KiB}"}})
	if err != nil {
		return nil, err
	}
	defer w.close()
	good, err := w.throughput(wiretest.Unambiguous()) // that they do come through shows that this would see the others
	if err != nil {
		return nil, err
	}
	before, err := w.backends.calls()
	if err != nil {
		return nil, err
	}
	r := &row{extra: noExtra}
	beyond, accepted := 0, 0
	for _, raw := range wiretest.Ambiguous() {
		for _, lead := range []string{"", wiretest.Marker} {
			statuses, err := answersTo(w.gateway.HTTP, lead+raw+wiretest.Marker)
			if err != nil {
				return nil, err
			}
			if lead != "" && len(statuses) > 0 {
				statuses = statuses[1:]
			}
			if len(statuses) != 1 {
				beyond++
			}
			if len(statuses) > 0 && statuses[0] < 400 {
				accepted++
			}
		}
	}
	after, err := w.backends.calls()
	if err != nil {
		return nil, err
	}
	r.notes = append(r.notes, fmt.Sprintf(
		"%d ambiguous requests were sent twice each; %d odd but right ones brought %d calls to the backends",
		len(wiretest.Ambiguous()), len(wiretest.Unambiguous()), good))
	r.checks = []check{
		none("forwarded", after-before), none("accepted", accepted), none("answered beyond", beyond),
		{want: "right ones forwarded", got: fmt.Sprintf("%d forwarded", good), met: good > 0, hard: true},
	}
	return r, nil
}

// lastRequest has the other side close.
const lastRequest = "GET /healthz HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n"

// throughput is how many calls requests bring to the backends.
func (w *world) throughput(requests []string) (int, error) {
	before, err := w.backends.calls()
	if err != nil {
		return 0, err
	}
	for _, raw := range requests {
		if _, err := answersTo(w.gateway.HTTP, raw+lastRequest); err != nil {
			return 0, err
		}
	}
	after, err := w.backends.calls()
	return after - before, err
}

// answerTimeout is how long a server may keep a connection open.
const answerTimeout = 10 * time.Second

// answersTo sends bytes and returns the statuses of what is answered until the other
// side closes.
func answersTo(address, raw string) ([]int, error) {
	c, err := net.Dial("tcp", address) //nolint:noctx // it has a deadline
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return nil, err
	}
	_, _ = c.Write([]byte(raw)) // the other side may have seen enough, and closed
	var statuses []int
	for in := bufio.NewReader(c); ; {
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return statuses, nil
		}
		_, _ = io.Copy(io.Discard, res.Body) // likewise
		if res.StatusCode >= http.StatusOK { // not 100 Continue
			statuses = append(statuses, res.StatusCode)
		}
	}
}
