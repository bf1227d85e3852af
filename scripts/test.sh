#!/bin/sh
# Runs every test, the examples' included, and fails if any did. The ONNX Runtime
# library, the servers that the tests start and what the Python rivals need are fetched
# when they are not here yet.
set -eu

cd "$(dirname "$0")/.."
RANKGATE_ONNXRUNTIME_LIB=$(scripts/onnxruntime.sh)
export RANKGATE_ONNXRUNTIME_LIB
scripts/services.sh
scripts/venv.sh bench/rivals/python/requirements.txt >/dev/null || true # here, where no test's time runs; they say what is missing
status=0

# The race detector makes pools forget at random, so what counts allocations is
# built without it and runs on its own.
faults=TestRankingsGoOnWhateverHappensToTheStore # on its own, because it prints a table
go test -race -timeout 15m -tags grpcnotrace -skip "^$faults\$" ./... || status=1
go test -race -timeout 5m -tags grpcnotrace -v -run "^$faults\$" ./router || status=1
go test -timeout 5m -tags grpcnotrace -run Alloc ./edge ./batcher ./router ./features/redis ./backends/oip ./edge/rpc || status=1
(cd bench && go test -timeout 10m -tags grpcnotrace ./...) || status=1 # a module of its own
make bench-tail ARGS=-short || status=1
for example in examples/*/run.sh; do
	[ -x "$example" ] || continue
	printf '\n%s\n' "$example"
	"$example" || status=1
done
exit "$status"
