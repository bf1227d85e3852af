package oip_test

import (
	"testing"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/rank"
)

func TestAReplyMadeHereGivesItsMemoryBackOnce(t *testing.T) {
	freed := []string(nil)
	free := func(r *oip.Reply) { freed = append(freed, r.Outputs[0].Name) }
	for _, name := range []string{"a", "b"} {
		r := oip.NewReply(free)
		if len(r.Outputs) != 0 || r.Model != "" {
			t.Errorf("a new reply holds %+v; want nothing", r.Response)
		}
		r.Model, r.Outputs = "m", append(r.Outputs, oip.Tensor{Name: name})
		r.Release()
	}
	r := oip.NewReply(nil)
	r.Release()
	if len(freed) != 2 || freed[0] != "a" || freed[1] != "b" {
		t.Errorf("freed were %q; want a and b, each once", freed)
	}
}

func TestAMessageThatIsReusedIsEmpty(t *testing.T) {
	freed := 0
	m := oip.NewMessage(func(*oip.Message) { freed++ })
	m.Model, m.Version, m.ID, m.Share, m.Once, m.User = "m", "1", "i", 0.5, true, "u"
	m.Canary, m.Class, m.Gone = rank.CanaryNever, rank.Sheddable, func() bool { return true }
	m.Inputs, m.Headers = append(m.Inputs, oip.Tensor{Name: "x"}), append(m.Headers, oip.Header{Name: "a", Value: "b"})
	m.Release()
	m.Reuse()
	if len(m.Inputs)+len(m.Headers) > 0 || m.Model+m.Version+m.ID+m.User != "" || m.Share != 0 || m.Once ||
		m.Canary != rank.CanarySplit || m.Class != rank.Critical || m.Gone != nil {
		t.Errorf("a message that is reused holds %+v %v; want nothing", m.Request, m.Headers)
	}
	m.Release()
	if freed != 2 {
		t.Errorf("free was called %d times; want twice", freed)
	}
}
