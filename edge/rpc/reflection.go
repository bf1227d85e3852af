package rpc

import (
	_ "embed" // for the descriptor
	"fmt"

	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	_ "github.com/rankgate/rankgate/edge/rpc/rankgatev1" // whose descriptor is asked for
)

// inferenceDescriptor is what protoc makes of inference.proto.
//
//go:embed inference.binpb
var inferenceDescriptor []byte

// registerReflection lets clients ask what is served, in the two versions that there are.
func (s *Server) registerReflection() error {
	files, err := inferenceFiles()
	if err != nil {
		return err
	}
	options := reflection.ServerOptions{Services: s.grpc, DescriptorResolver: files}
	grpc_reflection_v1.RegisterServerReflectionServer(s.grpc, reflection.NewServerV1(options))
	grpc_reflection_v1alpha.RegisterServerReflectionServer(s.grpc, reflection.NewServer(options))
	return nil
}

// descriptors finds what is in own, or else in the program: Triton's own generated code
// may be in a program too, and there can be only one of each name.
type descriptors struct{ own *protoregistry.Files }

func inferenceFiles() (descriptors, error) {
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(inferenceDescriptor, &set); err != nil {
		return descriptors{}, fmt.Errorf("inference.binpb: %w", err)
	}
	files, err := protodesc.NewFiles(&set)
	if err != nil {
		return descriptors{}, fmt.Errorf("inference.binpb: %w", err)
	}
	return descriptors{files}, nil
}

// FindFileByPath finds a file.
func (d descriptors) FindFileByPath(path string) (protoreflect.FileDescriptor, error) {
	if file, err := d.own.FindFileByPath(path); err == nil {
		return file, nil
	}
	return protoregistry.GlobalFiles.FindFileByPath(path)
}

// FindDescriptorByName finds a message, a service or what is in them.
func (d descriptors) FindDescriptorByName(name protoreflect.FullName) (protoreflect.Descriptor, error) {
	if found, err := d.own.FindDescriptorByName(name); err == nil {
		return found, nil
	}
	return protoregistry.GlobalFiles.FindDescriptorByName(name)
}
