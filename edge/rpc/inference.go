package rpc

import (
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/backends/protofield"
	"github.com/rankgate/rankgate/rank"
)

// inferenceService is inference.GRPCInferenceService, as inference.proto has it.
func (s *Server) inferenceService() *grpc.ServiceDesc {
	return &grpc.ServiceDesc{
		ServiceName: oip.ServiceName, HandlerType: (*any)(nil), Metadata: "rankgate/v1/inference.proto",
		Streams: []grpc.StreamDesc{
			s.method("ServerLive", func(*call) (*[]byte, error) { return answerBool(true), nil }),
			s.method("ServerReady", s.serverReady),
			s.method("ModelReady", s.modelReady),
			s.method("ServerMetadata", s.serverMetadata),
			s.method("ModelMetadata", s.modelMetadata),
			s.method("ModelInfer", s.infer),
			{StreamName: "ModelStreamInfer", Handler: s.streamInfer, ServerStreams: true, ClientStreams: true},
			s.method("ModelStatistics", s.modelStatistics),
			s.method("RepositoryIndex", s.repositoryIndex),
			s.method("RepositoryModelLoad", s.repositoryLoad),
			s.method("RepositoryModelUnload", s.repositoryUnload),
		},
	}
}

// unserved says why methods that Triton has are not served.
var unserved = map[string]string{
	inferencePrefix + "ModelConfig":                  "a model here has no config.pbtxt; ModelMetadata says what it takes and gives",
	inferencePrefix + "SystemSharedMemoryStatus":     noSharedMemory,
	inferencePrefix + "SystemSharedMemoryRegister":   noSharedMemory,
	inferencePrefix + "SystemSharedMemoryUnregister": noSharedMemory,
	inferencePrefix + "CudaSharedMemoryStatus":       noSharedMemory,
	inferencePrefix + "CudaSharedMemoryRegister":     noSharedMemory,
	inferencePrefix + "CudaSharedMemoryUnregister":   noSharedMemory,
}

const noSharedMemory = "tensors come in messages; the gateway shares no memory with its callers"

// named is a message whose first two fields name something: for most, a model and a
// version.
type named struct{ first, second string }

func (c *call) named() (n named, err error) {
	w := wire{rest: c.message}
	for w.next() {
		switch {
		case w.is(1, protowire.BytesType):
			n.first = string(w.Bytes)
		case w.Number == 2 && w.Type == protowire.BytesType:
			n.second = string(w.Bytes)
		}
	}
	if w.broken {
		return n, errMalformed
	}
	return n, nil
}

var errMalformed = rank.Errorf(rank.InvalidRequest, "message: malformed protobuf")

func (s *Server) serverReady(c *call) (*[]byte, error) {
	return answerBool(s.serving() && s.cfg.Inference.Ready(c.ctx, "", "") == nil), nil
}

// modelReady says of a model that is not there what Triton says: that it is not ready.
func (s *Server) modelReady(c *call) (*[]byte, error) {
	n, err := c.named()
	if err != nil {
		return nil, err
	}
	err = s.cfg.Inference.Ready(c.ctx, n.first, n.second)
	if known, ok := errors.AsType[*rank.Error](err); ok && (known.Code == rank.UnknownModel || known.Code == rank.Unavailable) {
		return answerBool(false), nil
	}
	return answerBool(true), err
}

func (s *Server) serverMetadata(*call) (*[]byte, error) {
	m := s.cfg.Inference.Server()
	b := protofield.AppendText(nil, 1, m.Name)
	b = protofield.AppendText(b, 2, m.Version)
	for _, extension := range m.Extensions {
		b = protofield.AppendText(b, 3, extension)
	}
	return &b, nil
}

func (s *Server) modelMetadata(c *call) (*[]byte, error) {
	n, err := c.named()
	if err != nil {
		return nil, err
	}
	m, err := s.cfg.Inference.Metadata(c.ctx, n.first, n.second)
	if err != nil {
		return nil, err
	}
	b := protofield.AppendText(nil, 1, m.Name)
	for _, version := range m.Versions {
		b = protofield.AppendText(b, 2, version)
	}
	b = protofield.AppendText(b, 3, m.Platform)
	for i := range m.Inputs {
		b = protofield.AppendNested(b, 4, func(b []byte) []byte { return appendTensor(b, &m.Inputs[i]) })
	}
	for i := range m.Outputs {
		b = protofield.AppendNested(b, 5, func(b []byte) []byte { return appendTensor(b, &m.Outputs[i]) })
	}
	return &b, nil
}

// appendTensor appends a ModelMetadataResponse.TensorMetadata.
func appendTensor(b []byte, t *oip.Tensor) []byte {
	b = protofield.AppendText(protofield.AppendText(b, 1, t.Name), 2, t.Type.String())
	return protofield.AppendNested(b, 3, func(b []byte) []byte {
		for _, d := range t.Shape {
			b = protowire.AppendVarint(b, uint64(d))
		}
		return b
	})
}

// answerBool is a message whose first field is a bool.
func answerBool(yes bool) *[]byte {
	b := protofield.AppendNumber(nil, 1, protowire.EncodeBool(yes))
	return &b
}
