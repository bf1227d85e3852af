#!/bin/sh
# Runs every static check, all of them even when one fails, and fails if any did.
set -eu

cd "$(dirname "$0")/.."
golangci=$(scripts/golangci-lint.sh)
status=0

check() {
	printf 'lint: %s\n' "$*" >&2
	"$@" || status=1
}

check "$golangci" config verify
check "$golangci" fmt --diff
check "$golangci" run
check env CGO_ENABLED=0 go build -tags grpcnotrace ./...
check scripts/deadcode.sh
check scripts/generate.sh --check
check sh -c 'cd bench && go vet ./...' # a module of its own, so that its rivals stay out of users' builds
if command -v shellcheck >/dev/null 2>&1; then
	check shellcheck scripts/*.sh .ci/run
fi
exit "$status"
