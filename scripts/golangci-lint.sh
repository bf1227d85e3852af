#!/bin/sh
# Prints the path of the golangci-lint that tools/go.mod pins, building it first when
# needed: minutes on a small machine, so it is kept in the cache. Its name holds the
# Go release, because a linter built by an older Go refuses newer code.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=cache.sh
. "$here/cache.sh"

package=github.com/golangci/golangci-lint/v2
cd "$here/../tools"
version=$(awk -v package="$package" '$1 == package { print $2 }' go.mod)
directory=$(cache_dir)/golangci-lint/$version-$(go env GOVERSION)
binary=$directory/golangci-lint

if ! "$binary" version >/dev/null 2>&1; then
	say "building golangci-lint $version (once; minutes on a small machine)"
	scratch_dir "$directory"
	nice go build -trimpath -o "$scratch/golangci-lint" "$package/cmd/golangci-lint" >&2
	mv -f "$scratch/golangci-lint" "$binary"
fi
printf '%s\n' "$binary"
