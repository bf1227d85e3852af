package oip

import (
	"fmt"
	"strings"
	"testing"
)

// same compares a message, in words, with what it should say.
func same(t *testing.T, what string, message any, want string) {
	t.Helper()
	var got string
	switch m := message.(type) {
	case *Request:
		got = requestWords(m)
	case *Response:
		got = responseWords(m)
	}
	if got != want {
		t.Errorf("%s:\n%s\nwant\n%s", what, got, want)
	}
}

func requestWords(r *Request) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s/%s %s", r.Model, r.Version, r.ID)
	if r.Priority > 0 {
		fmt.Fprintf(&b, " priority %d", r.Priority)
	}
	if r.Timeout > 0 {
		fmt.Fprintf(&b, " timeout %v", r.Timeout)
	}
	parameterWords(&b, r.Parameters)
	tensorWords(&b, r.Inputs)
	for _, o := range r.Outputs {
		fmt.Fprintf(&b, "→ %s", o.Name)
		if o.Binary && r.Outputs[0].said {
			b.WriteString(" binary")
		}
		if o.Classification > 0 {
			fmt.Fprintf(&b, " classes %d", o.Classification)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func responseWords(r *Response) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s/%s %s", r.Model, r.Version, r.ID)
	parameterWords(&b, r.Parameters)
	tensorWords(&b, r.Outputs)
	return b.String()
}

func parameterWords(b *strings.Builder, parameters []Parameter) {
	for _, p := range parameters {
		fmt.Fprintf(b, " %s=%v", p.Name, p.Value)
	}
	b.WriteByte('\n')
}

func tensorWords(b *strings.Builder, tensors []Tensor) {
	for _, t := range tensors {
		fmt.Fprintf(b, "%s %s%v ", t.Name, t.Type, t.Shape)
		if t.JSON != nil {
			fmt.Fprintf(b, "%s\n", t.JSON)
		} else {
			fmt.Fprintf(b, "%q\n", t.Raw)
		}
	}
}
