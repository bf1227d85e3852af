package claims

import (
	"errors"
	"fmt"
	"slices"

	"github.com/rankgate/rankgate/bench/gateway"
	"github.com/rankgate/rankgate/bench/measure"
	"github.com/rankgate/rankgate/bench/result"
	"github.com/rankgate/rankgate/bench/rivals"
	"github.com/rankgate/rankgate/bench/stack"
)

// nothingKept is a gateway that keeps neither scores nor rows.
const nothingKept = stack.GatewayName + ", nothing kept"

// rivals is about what is made by hand in rankgate's place. All have their features
// in one Redis, and give the same scores.
func (s *session) rivals() error {
	cold := parse("small/200/cold/redis")
	store, err := s.site.StartStore(s.ctx, cold.Graph)
	if err != nil {
		return err
	}
	defer store.Close()
	all, err := s.site.NewRivals(s.ctx, cold, store)
	if err != nil {
		return err
	}
	g, err := s.site.StartGateway(s.ctx, cold, stack.Options{Store: store})
	if err != nil {
		return err
	}
	defer g.Close()
	without, err := s.site.StartGateway(s.ctx, cold, stack.Options{
		Name: nothingKept, Store: store, Reading: "cache: {size: 0}", Sections: gateway.Sections{"cache": "{size: 0}"},
	})
	if err != nil {
		return err
	}
	defer without.Close()
	if err := errors.Join(all.Check(s.ctx, g), all.Check(s.ctx, without)); err != nil {
		return fmt.Errorf("%s: %w", stack.GatewayName, err)
	}
	field, err := s.startField(all)
	defer field.close()
	if err != nil {
		return err
	}
	floors, err := s.site.StartFloors(s.ctx, g)
	if err != nil {
		return err
	}
	defer floors.Close()
	stacks := slices.Concat([]measure.Stack{g, without}, floors.Stacks(), field.stacks())
	records, err := s.contest(cold, rivalsText, stacks...)
	if err != nil {
		return err
	}
	if err := s.claimRivals(g, records, "cold", map[string]float64{rivals.FastAPI: 5, rivals.Plain: 4.5, rivals.Tuned: 2}); err != nil {
		return err
	}
	if err := s.claimNothingKept(without, records); err != nil {
		return err
	}
	return s.repeated(g, field)
}

const rivalsText = contestText + " The bare pass is of the candidates that are not scored yet, the bare MGET of all: rivals keep " +
	"nothing between requests, and need it; a gateway that keeps rows does not. What Redis itself uses stands in the table."

// claimNothingKept claims how little a cold request costs a gateway that keeps as
// little as the rivals.
func (s *session) claimNothingKept(without *stack.Server, records []*measure.Record) error {
	spent, err := s.spent(without)
	if err != nil {
		return err
	}
	tuned := recordOf(records, rivals.Tuned)
	reply, pass, read := recordOf(records, stack.ReplyName), recordOf(records, stack.PassName), recordOf(records, stack.ReadName)
	floors := measure.Ratio(tuned, reply, pass, read)
	s.claim(result.Claim{
		Name: "CPU of a cold request from Redis, nothing kept", Workload: without.Workload().String(),
		Floor: rivals.Tuned, Unit: "×", Bound: 0.7,
		Note: alone("a bare reply, a bare pass and a bare MGET", 1/floors.Median) + "; " + spent,
	}, measure.Ratio(recordOf(records, nothingKept), tuned))
	return nil
}

// alone says what floors would reach in the place of a gateway.
func alone(floors string, reach float64) string {
	return fmt.Sprintf("the floors alone, %s, would reach %.2f×", floors, reach)
}

// repeated has the gateway and the rivals answer requests most of whose pairs have been
// asked for before.
func (s *session) repeated(g *stack.Server, field field) error {
	w := parse("small/200/90%/redis")
	of, err := g.Of(s.ctx, w)
	if err != nil {
		return err
	}
	floors, err := s.site.StartFloors(s.ctx, of)
	if err != nil {
		return err
	}
	defer floors.Close()
	stacks := append([]measure.Stack{of}, floors.Stacks()...)
	for _, server := range field {
		if server.Name() == rivals.FastAPI || server.Name() == rivals.Tuned {
			other, err := server.Of(s.ctx, w)
			if err != nil {
				return err
			}
			stacks = append(stacks, other)
		}
	}
	records, err := s.contest(w, rivalsText, stacks...)
	if err != nil {
		return err
	}
	return s.claimRivals(of, records, "90 % repeated", map[string]float64{rivals.FastAPI: 12, rivals.Tuned: 5})
}

// claimRivals claims by how much a request of each rival costs more than one of a
// gateway, which is the first record.
func (s *session) claimRivals(g *stack.Server, records []*measure.Record, what string, bounds map[string]float64) error {
	spent, err := s.spent(g)
	if err != nil {
		return err
	}
	w := g.Workload()
	reply, pass := recordOf(records, stack.ReplyName), recordOf(records, stack.PassName)
	text := fmt.Sprintf("a bare reply and a bare pass of %d rows", w.Fresh(w.Candidates()))
	for _, r := range records[1:] {
		if bound, ok := bounds[r.Name]; ok {
			s.claim(result.Claim{
				Name: fmt.Sprintf("requests by CPU second, %s, to %s", what, r.Name), Workload: w.String(), Floor: r.Name,
				Unit: "×", AtLeast: true, Bound: bound, Note: alone(text, measure.Ratio(r, reply, pass).Median) + "; " + spent,
			}, measure.Ratio(r, records[0]))
		}
	}
	return nil
}

func recordOf(records []*measure.Record, name string) *measure.Record {
	return records[slices.IndexFunc(records, func(r *measure.Record) bool { return r.Name == name })]
}

// field is the rivals that run.
type field []*stack.Server

func (s *session) startField(all *stack.Rivals) (field, error) {
	var f field
	list := rivals.All()
	for i := range list {
		server, err := all.Start(s.ctx, &list[i])
		if err != nil {
			return f, err
		}
		f = append(f, server)
		versions, err := all.Versions(s.ctx, &list[i])
		if err != nil {
			return f, err
		}
		s.result.About.Versions = append(s.result.About.Versions, fmt.Sprintf("%s: %v", list[i].Name, versions))
	}
	return f, nil
}

func (f field) stacks() (all []measure.Stack) {
	for _, server := range f {
		all = append(all, server)
	}
	return all
}

func (f field) close() {
	for _, server := range f {
		server.Close()
	}
}
