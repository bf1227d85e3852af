#!/bin/sh
# Usage: generate.sh [--check]
#
# Makes what the gRPC listener has of its .proto files: the Go code of ranking.proto,
# and the descriptor of inference.proto. With --check it fails if what is there differs.
#
# protoc comes with a Python package (edge/rpc/protoc/requirements.txt), the plugin for
# messages with the module that go.mod pins, and the one for services from here:
set -eu
services=google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2

cd "$(dirname "$0")/.."
# shellcheck source=cache.sh
. scripts/cache.sh

python=$(scripts/venv.sh edge/rpc/protoc/requirements.txt)/bin/python
plugins=$(cache_dir)/protoc
scratch_dir "$plugins"
go build -trimpath -o "$plugins/protoc-gen-go" google.golang.org/protobuf/cmd/protoc-gen-go
GOBIN=$plugins go install "$services"

made=$scratch/rpc
mkdir "$made"
protoc() {
	# Programs know a .proto file by its path, so that is one which no other has.
	PATH=$plugins:$PATH "$python" -m grpc_tools.protoc -Irankgate/v1=edge/rpc "$@"
}
protoc --go_out="$made" --go_opt=module=github.com/rankgate/rankgate/edge/rpc \
	--go-grpc_out="$made" --go-grpc_opt=module=github.com/rankgate/rankgate/edge/rpc rankgate/v1/ranking.proto
protoc --descriptor_set_out="$made/inference.binpb" rankgate/v1/inference.proto

for file in rankgatev1/ranking.pb.go rankgatev1/ranking_grpc.pb.go inference.binpb; do
	cmp -s "$made/$file" "edge/rpc/$file" && continue
	[ "${1-}" != --check ] || fail "edge/rpc/$file is not what its .proto file makes: run \"make generate\""
	cp "$made/$file" "edge/rpc/$file"
	say "made edge/rpc/$file"
done
