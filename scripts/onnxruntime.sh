#!/bin/sh
# Usage: onnxruntime.sh [DIRECTORY]
#
# Prints the path of an ONNX Runtime library for this platform, and puts a copy of
# it into DIRECTORY when one is given (the gateway looks beside its own binary).
# First found wins: the file that RANKGATE_ONNXRUNTIME_LIB names; a pinned library
# already in the cache; the pinned packages of onnxruntime.pins, by whichever of
# pip, npm, Maven or Go is here. Nothing enters the cache before its digest fits.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=cache.sh
. "$here/cache.sh"

main() {
	library=
	if [ -n "${RANKGATE_ONNXRUNTIME_LIB:-}" ]; then
		named_by_environment
	else
		platform=$(go env GOOS)/$(go env GOARCH)
		check_c_library
		from_cache || from_packages
	fi
	if [ $# -gt 0 ]; then
		copy_into "$1"
	fi
	printf '%s\n' "$library"
}

named_by_environment() {
	[ -f "$RANKGATE_ONNXRUNTIME_LIB" ] || fail "RANKGATE_ONNXRUNTIME_LIB names $RANKGATE_ONNXRUNTIME_LIB, and there is no such file: correct it, or unset it to have the pinned library fetched"
	directory=$(cd "$(dirname "$RANKGATE_ONNXRUNTIME_LIB")" && pwd)
	library=$directory/$(basename "$RANKGATE_ONNXRUNTIME_LIB")
}

# The published Linux libraries need glibc 2.28; on an older one, or on musl, they
# would be fetched and then fail to load with a message about a missing symbol.
check_c_library() {
	case $platform in linux/*) ;; *) return 0 ;; esac
	glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || glibc='another C library'
	case $glibc in
	'glibc 2.'*) [ "${glibc#glibc 2.}" -lt 28 ] || return 0 ;;
	esac
	fail "the packaged ONNX Runtime needs glibc 2.28 or newer and this machine has $glibc: set RANKGATE_ONNXRUNTIME_LIB to a libonnxruntime.so (1.24 or newer) built for it"
}

# pins prints this platform's lines of onnxruntime.pins.
pins() {
	awk -v platform="$platform" '$1 == platform' "$here/onnxruntime.pins"
}

# cached_path VERSION prints where a library of that version lives.
cached_path() {
	case $platform in
	darwin/*) file=libonnxruntime.$1.dylib ;;
	*) file=libonnxruntime.so.$1 ;;
	esac
	printf '%s/onnxruntime/%s/%s\n' "$(cache_dir)" "$1" "$file"
}

from_cache() {
	while read -r _ _ version _ _ digest; do
		found=$(cached_path "$version")
		[ -f "$found" ] || continue
		if [ "$(sha256 <"$found")" = "$digest" ]; then
			library=$found
			return 0
		fi
		say "$found is damaged (its SHA-256 is not the pinned one): it will be replaced"
	done <<-EOF
		$(pins)
	EOF
	return 1
}

from_packages() {
	[ -n "$(pins)" ] || fail "no package holds ONNX Runtime for $platform: $(advice)"
	scratch_dir "$(cache_dir)/onnxruntime"
	tried=
	if try_each_source; then
		return 0
	fi
	if [ -z "$(python_with pip)" ] && apt_install python3 python3-pip && try_each_source; then
		return 0
	fi
	fail "no ONNX Runtime for $platform ($tried): $(advice)"
}

try_each_source() {
	tried=
	while read -r _ source version package member digest <&3; do
		rm -rf "$scratch/work" && mkdir "$scratch/work"
		reason="not installed"
		if "by_$source" && verified && publish; then
			return 0
		fi
		tried="$tried${tried:+; }$source: $reason"
	done 3<<-EOF
		$(pins)
	EOF
	return 1
}

# Each by_SOURCE leaves the library at $scratch/work/$member, or says why not.

by_pip() {
	python=$(python_with pip) || return 1
	say "fetching ONNX Runtime $version ($package wheel, about 28 MB) with pip"
	attempt "$python" -m pip download --no-deps --only-binary=:all: --disable-pip-version-check \
		--platform "$package" --implementation cp --python-version 313 --abi cp313 \
		--dest "$scratch/work" "onnxruntime==$version" &&
		unzip_member "$scratch"/work/*.whl
}

by_npm() {
	have npm || return 1
	say "fetching ONNX Runtime $version ($package, about 113 MB) with npm"
	attempt npm pack "$package@$version" &&
		attempt tar -xzf "$scratch"/work/*.tgz "$member"
}

by_maven() {
	have mvn || return 1
	say "fetching ONNX Runtime $version ($package, about 54 MB) with Maven"
	attempt mvn -q -B dependency:copy "-Dartifact=$package:$version" "-DoutputDirectory=$scratch/work" &&
		unzip_member "$scratch"/work/*.jar
}

# The Go binding carries an older library for arm64 among its tests; the module
# cache already holds it wherever the gateway was ever built.
by_go() {
	attempt go mod download "$package" || return 1
	mkdir -p "$scratch/work/$(dirname "$member")"
	attempt cp "$(go env GOMODCACHE)/$package/$member" "$scratch/work/$member"
}

# attempt runs a command quietly inside the scratch directory; when it fails, the
# last line that it said becomes the reason.
attempt() {
	if (cd "$scratch/work" && "$@") </dev/null >"$scratch/log" 2>&1; then
		return 0
	fi
	reason="$1 failed: $(grep -v '^[[:space:]]*$' "$scratch/log" | tail -n 1)"
	return 1
}

unzip_member() {
	if python=$(python_with zipfile); then
		attempt "$python" -m zipfile -e "$1" "$scratch/work"
	elif have unzip; then
		attempt unzip -q "$1" "$member" -d "$scratch/work"
	elif have jar; then
		attempt jar xf "$1" "$member"
	else
		reason="neither python3, unzip nor jar is here to open the package"
		return 1
	fi
}

# python_with MODULE prints the first Python that has it: a version manager's
# Python often lacks what the system's has, and the other way round.
python_with() {
	for candidate in python3 /usr/bin/python3 python; do
		if "$candidate" -c "import sys, $1; sys.exit(sys.version_info < (3, 6))" >/dev/null 2>&1; then
			printf '%s\n' "$candidate"
			return 0
		fi
	done
	return 1
}

verified() {
	actual=$(sha256 <"$scratch/work/$member")
	[ "$actual" != "$digest" ] || return 0
	reason="the SHA-256 of $member is $actual, not the pinned $digest"
	return 1
}

# publish renames: another run that fetches at the same time renames the same bytes
# over ours, and a gateway that has ours mapped keeps it.
publish() {
	library=$(cached_path "$version")
	attempt mkdir -p "$(dirname "$library")" &&
		attempt chmod 644 "$member" &&
		attempt mv -f "$member" "$library" || return 1
	say "ONNX Runtime $version is now $library"
}

copy_into() {
	mkdir -p "$1"
	target=$1/$(basename "$library")
	if cmp -s "$library" "$target"; then
		return 0
	fi
	cp "$library" "$1/.onnxruntime.$$"
	mv -f "$1/.onnxruntime.$$" "$target"
}

# advice ends the sentence of a failure: what to do about it.
advice() {
	if [ -n "$(pins)" ] && [ -n "$(python_with pip)" ]; then
		printf 'see that pip reaches its package index and try again, or '
	elif [ -n "$(pins)" ] && have brew; then
		printf '%s' 'run "brew install python" and try again, or '
	elif [ -n "$(pins)" ]; then
		printf '%s' 'run "sudo apt-get install python3-pip" and try again, or '
	fi
	printf 'set RANKGATE_ONNXRUNTIME_LIB to the path of a libonnxruntime (1.24 or newer)\n'
}

main "$@"
