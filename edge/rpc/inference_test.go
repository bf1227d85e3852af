package rpc

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/backends/oip/oiptest"
	"github.com/rankgate/rankgate/rank"
)

func TestTheReleasedTritonClientsGetTheirAnswers(t *testing.T) {
	s, service := serveEcho(t)
	venv, _ := oiptest.Environment(t, "cmd/gateway/clients/requirements.txt")
	judge := exec.CommandContext(t.Context(), filepath.Join(venv, "bin/python"), "../../cmd/gateway/clients/triton_grpc.py",
		s.address, "inference.binpb")
	said, err := judge.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", judge.Args, err, said)
	}
	t.Logf("%s", said)
	await(func() bool { return s.shared.InFlight.Load() == 0 }) // though some calls were abandoned
	if len(service.ended) == 0 {
		t.Error("no call was seen to end before its answer; want those that timed out or were cancelled")
	}
}

// oipClient returns a client such as the pools have.
func (s served) oipClient(t *testing.T) oip.Client {
	t.Helper()
	client, err := oip.DialGRPC(s.address, oip.Config{Pool: "p"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// message is a call of echo with an input.
func message(name string) *oip.Message {
	m := oip.NewMessage(nil)
	m.Model, m.ID = "echo", "i-1"
	m.Inputs = []oip.Tensor{{Name: name, Type: oip.FP32, Shape: []int64{1}, Raw: []byte{0, 0, 128, 63}}}
	return m
}

func TestAnotherGatewayIsAnswered(t *testing.T) {
	s, service := serveEcho(t)
	client := s.oipClient(t)
	m := message("x")
	m.Priority = 3
	m.Headers = []oip.Header{
		{Name: "traceparent", Value: "00-1-2-01"}, {Name: "X-Request-Id", Value: "r"}, {Name: "x-user-id", Value: "u"}, {Name: "x-secret", Value: "s"},
		{Name: "x-canary", Value: "always"}, {Name: "x-criticality", Value: "sheddable"}, {Name: "x-request-timeout-ms", Value: "1500"},
	}
	reply, err := client.Infer(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	if reply.ID != "i-1" || reply.Version != "2" || len(reply.Outputs) != 1 || string(reply.Outputs[0].Raw) != string(m.Inputs[0].Raw) {
		t.Errorf("got %+v; want the input back", reply.Response)
	}
	reply.Release()
	got := &service.last
	want := []oip.Header{{Name: "traceparent", Value: "00-1-2-01"}, {Name: "X-Request-Id", Value: "r"}}
	if got.User != "u" || got.Canary != rank.CanaryAlways || got.Class != rank.Sheddable || got.Priority != 3 || fmt.Sprint(got.Headers) != fmt.Sprint(want) {
		t.Errorf("the service saw %q, %v, %v, %v, %v; want u, always, sheddable, 3, %v", got.User, got.Canary, got.Class, got.Priority, got.Headers, want)
	}
	if got.Timeout <= 0 || got.Timeout > 1500*time.Millisecond {
		t.Errorf("the budget was %v; want at most 1.5s", got.Timeout)
	}
	if metadata, err := client.Metadata(t.Context(), "echo", ""); err != nil || metadata.Inputs[0].Shape[1] != 3 || metadata.Outputs[0].Type != oip.Int64 {
		t.Errorf("metadata %+v, %v; want that of echo", metadata, err)
	}
	if err := client.Ready(t.Context(), "echo", "2"); err != nil {
		t.Error(err)
	}
}

func TestAnInferenceWhoseCallerLeavesEnds(t *testing.T) {
	s, service := serveEcho(t)
	client := s.oipClient(t)
	m := message("wait")
	m.Headers = []oip.Header{{Name: "x-request-timeout-ms", Value: "10"}}
	_, err := client.Infer(t.Context(), m)
	if ended := <-service.ended; err == nil || ended != context.DeadlineExceeded { //nolint:errorlint // it is that itself
		t.Errorf("out of budget: %v, the service saw %v; want both to say so", err, ended)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancelled := make(chan error, 1)
	go func() {
		_, err := client.Infer(ctx, message("wait"))
		cancelled <- err
	}()
	await(func() bool { return s.shared.InFlight.Load() > 0 })
	cancel()
	if ended := <-service.ended; <-cancelled == nil || ended != context.Canceled { //nolint:errorlint // it is that itself
		t.Errorf("the service saw %v; want context.Canceled", ended)
	}
}

func TestModelsAreControlledOnlyWhereAllowed(t *testing.T) {
	service, cfg := newEcho(), settings()
	cfg.Inference = service
	s := start(t, cfg, descending)
	_, err := s.invoke(t, "RepositoryModelLoad", func(m protoreflect.Message) { set(m, "model_name", "echo") })
	refused(t, "a load", err, codes.PermissionDenied, "models are not loaded or unloaded by callers here (listen.repository_control)")
}

// set sets a field that is a string.
func set(m protoreflect.Message, field protoreflect.Name, value string) {
	m.Set(m.Descriptor().Fields().ByName(field), protoreflect.ValueOfString(value))
}

// invoke calls a method of the inference protocol with a message that fill fills, as its
// descriptor has it.
func (s served) invoke(t *testing.T, name string, fill func(protoreflect.Message)) (protoreflect.Message, error) {
	t.Helper()
	files, err := inferenceFiles()
	if err != nil {
		t.Fatal(err)
	}
	found, err := files.FindDescriptorByName(protoreflect.FullName(oip.ServiceName + "." + name))
	if err != nil {
		t.Fatal(err)
	}
	method := found.(protoreflect.MethodDescriptor)
	in, out := dynamicpb.NewMessage(method.Input()), dynamicpb.NewMessage(method.Output())
	fill(in)
	return out, s.dial(t).Invoke(t.Context(), inferencePrefix+name, in, out)
}

func TestMalformedMessagesAreRefused(t *testing.T) {
	s, _ := serveEcho(t)
	conn := s.dial(t)
	for method, message := range map[string][]byte{
		"/rankgate.v1.Ranking/Rank": {0x0a, 0x7f}, inferencePrefix + "ModelInfer": {0x2a, 0x7f}, inferencePrefix + "ModelMetadata": {0x0a, 0x7f},
		inferencePrefix + "RepositoryIndex": {0x10}, inferencePrefix + "RepositoryModelLoad": {0x12, 0x7f},
	} {
		err := conn.Invoke(t.Context(), method, frame(message), new(oip.Frame), forceFrames)
		if status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v; want InvalidArgument", method, err)
		}
	}
}
