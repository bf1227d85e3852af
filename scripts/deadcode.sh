#!/bin/sh
# Fails if the gateway links a template engine. Templates look methods up by names
# known only at run time, which makes the linker keep every exported method of every
# type: the binary grows by half. cobra imports text/template and does not call it.
set -eu

cd "$(dirname "$0")/.."
# shellcheck source=cache.sh
. scripts/cache.sh

scratch_dir "$(cache_dir)"
go build -trimpath -tags grpcnotrace -o "$scratch/gateway" ./cmd/gateway
go tool nm "$scratch/gateway" >"$scratch/symbols"
if found=$(grep -E -m 1 ' (text|html)/template\.\(' "$scratch/symbols"); then
	fail "the gateway links a template engine: ${found##* }"
fi
