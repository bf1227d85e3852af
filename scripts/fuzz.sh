#!/bin/sh
# Usage: fuzz.sh DURATION PACKAGE...
#
# Fuzzes every target of the packages, one after the other, for an equal share of
# DURATION (90s, 10m, 2h). Stops at the first finding; Go keeps the input that did
# it under the package's testdata/fuzz.
set -eu

cd "$(dirname "$0")/.."

case $1 in
*h) seconds=$((${1%h} * 3600)) ;;
*m) seconds=$((${1%m} * 60)) ;;
*) seconds=${1%s} ;;
esac
shift

targets=
for package; do
	listing=$(go test -tags grpcnotrace -list '^Fuzz' "$package")
	for target in $(printf '%s\n' "$listing" | grep '^Fuzz'); do
		targets="$targets$package $target
"
	done
done
[ -n "$targets" ] || {
	printf 'fuzz: no target in %s\n' "$*" >&2
	exit 1
}
share=$((seconds / $(printf '%s' "$targets" | wc -l)))
[ "$share" -gt 0 ] || share=1

printf '%s' "$targets" | while read -r package target; do
	printf 'fuzz: %s %s for %ss\n' "$package" "$target" "$share"
	go test -tags grpcnotrace -run '^$' -fuzz "^$target\$" -fuzztime "${share}s" "$package" </dev/null
done
