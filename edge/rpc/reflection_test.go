package rpc

import (
	"slices"
	"testing"

	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

func TestReflectionListsAndDescribesTheServices(t *testing.T) {
	s, _ := serveEcho(t)
	stream, err := grpc_reflection_v1.NewServerReflectionClient(s.dial(t)).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ask := func(r *grpc_reflection_v1.ServerReflectionRequest) *grpc_reflection_v1.ServerReflectionResponse {
		t.Helper()
		if err := stream.Send(r); err != nil {
			t.Fatal(err)
		}
		answer, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	list := ask(&grpc_reflection_v1.ServerReflectionRequest{MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{}})
	var names []string
	for _, service := range list.GetListServicesResponse().GetService() {
		names = append(names, service.GetName())
	}
	for service, methods := range map[string]int{rankingName: 1, "grpc.health.v1.Health": 3, "inference.GRPCInferenceService": 11} {
		if !slices.Contains(names, service) {
			t.Errorf("%s is not among %q", service, names)
		}
		answer := ask(&grpc_reflection_v1.ServerReflectionRequest{
			MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: service},
		})
		files := answer.GetFileDescriptorResponse().GetFileDescriptorProto()
		if len(files) == 0 {
			t.Fatalf("%s: %v; want its file", service, answer)
		}
		var file descriptorpb.FileDescriptorProto
		if err := proto.Unmarshal(files[0], &file); err != nil || len(file.GetService()[0].GetMethod()) != methods {
			t.Errorf("%s has the methods %v, %v; want %d", service, file.GetService(), err, methods)
		}
	}
}

func TestReflectionIsThereInItsFirstVersionToo(t *testing.T) {
	s := start(t, settings(), descending)
	stream, err := grpc_reflection_v1alpha.NewServerReflectionClient(s.dial(t)).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list := &grpc_reflection_v1alpha.ServerReflectionRequest_ListServices{}
	//nolint:staticcheck // that it is deprecated is the point
	if err := stream.Send(&grpc_reflection_v1alpha.ServerReflectionRequest{MessageRequest: list}); err != nil {
		t.Fatal(err)
	}
	answer, err := stream.Recv()
	//nolint:staticcheck // as above
	if err != nil || len(answer.GetListServicesResponse().GetService()) != 4 {
		t.Errorf("got %v, %v; want ranking, health and reflection in two versions", answer, err)
	}
}
