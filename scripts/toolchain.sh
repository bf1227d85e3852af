#!/bin/sh
# Checks what only the machine's owner can bring: Go, and a C compiler for the ONNX
# Runtime binding and the race detector. Says in one sentence what is missing.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=cache.sh
. "$here/cache.sh"

needed=$(awk '$1 == "go" { print $2 }' "$here/../go.mod")
have go || fail "Go $needed or newer is needed and there is no go command in PATH: install it and try again"
if ! complaint=$(cd "$here/.." && go list -m 2>&1); then
	fail "Go $needed or newer is needed and this is $(go env GOVERSION 2>/dev/null || go version): $complaint"
fi

# A build without cgo has no local ONNX Runtime, so it needs no C compiler.
[ "${CGO_ENABLED:-1}" != 0 ] || exit 0

# CC may hold flags, so it is split into words.
compiler=$(go env CC)
scratch_dir "$(cache_dir)"
# shellcheck disable=SC2086
if ! complaint=$(printf '#include <stdlib.h>\nint main(void) { return EXIT_SUCCESS; }\n' |
	$compiler -x c - -o "$scratch/program" 2>&1); then
	case $(uname -s) in
	Darwin) install='xcode-select --install' ;;
	*) install='sudo apt-get install gcc libc6-dev' ;;
	esac
	fail "a C compiler is needed and '$compiler' can't build a program ($(printf '%s' "$complaint" | tail -n 1)): run \"$install\", or set CC"
fi
