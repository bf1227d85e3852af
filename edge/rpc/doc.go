// Package rpc is the public listener for gRPC: the first and the last thing that
// happens to a request that comes over it, as package edge is for HTTP. It ranks
// (rankgate.v1.Ranking, ranking.proto), answers the Open Inference Protocol
// (inference.GRPCInferenceService), and health and reflection of gRPC.
//
// A call passes arrive, which bounds its time, and guard, which asks for its key and
// survives its panics. Only then is its message read, into a buffer that the request
// owns: the ids of a rank.Request, and the tensors of an oip.Message, are views of it.
// Both are read and written by hand, for a generated message costs allocations for each
// candidate; the generated code in rankgatev1 is for callers and reflection.
package rpc
