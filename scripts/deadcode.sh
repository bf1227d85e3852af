#!/bin/sh
# Fails if the linker can't drop dead methods from the gateway. A function that looks
# methods up by a name known only at run time, as text/template does, makes it keep
# every exported method of every type: the binary grows by half. -dumpdep prints what
# keeps what, and marks such functions where they are reachable.
set -eu

cd "$(dirname "$0")/.."
# shellcheck source=cache.sh
. scripts/cache.sh

scratch_dir "$(cache_dir)"
if ! go build -trimpath -tags grpcnotrace -ldflags -dumpdep -o /dev/null ./cmd/gateway >"$scratch/links" 2>&1; then
	fail "the gateway does not build: $(tail -n 5 "$scratch/links")"
fi
if found=$(grep -m 1 '<ReflectMethod> ->' "$scratch/links"); then
	fail "the gateway links a function that finds methods by name: ${found%% <ReflectMethod>*}"
fi
