package main

import (
	"strings"
	"testing"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/rank"
)

func TestCallsOverGRPCAreCountedApartFromThoseOverHTTP(t *testing.T) {
	f, _ := startOpen(t, nothing)
	c, err := oip.DialGRPC(f.grpc.Addr().String(), oip.Config{Pool: "gateway"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Ready(t.Context(), "linear", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Metadata(t.Context(), "absent", ""); err == nil {
		t.Error("there is metadata of a model that is not there")
	}
	metrics := get(t, "http://"+f.admin.Addr().String()+"/metrics")
	for _, line := range []string{
		`rankgate_grpc_responses_total{code="ok"} 1`,
		`rankgate_grpc_responses_total{code="` + rank.UnknownModel.String() + `"} 1`,
		`rankgate_http_responses_total{code="` + rank.UnknownModel.String() + `"} 0`,
	} {
		if !strings.Contains(metrics, line+"\n") {
			t.Errorf("/metrics lacks %s", line)
		}
	}
}
