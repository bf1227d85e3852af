// Package oip speaks the Open Inference Protocol, version 2, which Triton, KServe,
// MLServer and OpenVINO serve: https://github.com/kserve/open-inference-protocol and
// Triton's docs/protocol. It reads and writes requests and responses over HTTP (a JSON
// header, and tensors behind it as bytes) and gRPC (protobuf), both directions, so that
// one message can come in one way and leave the other.
//
// Outward it ends a request's journey: a Model makes passes for the batcher, and a pass
// hands its rows to whoever picks a server (Caller), which sends them through a Client.
package oip
