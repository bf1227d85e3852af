#!/bin/sh
# Usage: venv.sh REQUIREMENTS_FILE
#
# Prints the path of a Python environment that holds those requirements, making it
# first when needed. It is kept in the cache, named after the file's directory and a
# digest of the file and the interpreter, so a changed pin makes a new one. PYTHON
# chooses the interpreter; without it the first that can make environments is used.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=cache.sh
. "$here/cache.sh"

main() {
	requirements=${1:?usage: venv.sh REQUIREMENTS_FILE}
	[ -f "$requirements" ] || fail "$requirements: no such requirements file"
	python=$(choose_python)
	venv=$(cache_dir)/venv/$(venv_name)
	if ! "$venv/bin/python" -c '' 2>/dev/null; then
		rm -f "$venv"
		build
		publish
	fi
	printf '%s\n' "$venv"
}

choose_python() {
	for candidate in ${PYTHON:+"$PYTHON"} python3 /usr/bin/python3; do
		if "$candidate" -c 'import venv' 2>/dev/null; then
			printf '%s\n' "$candidate"
			return 0
		fi
	done
	apt_install python3 python3-venv || fail "a Python with the venv module is needed: run \"sudo apt-get install python3-venv\", or set PYTHON to one that has it"
	printf '/usr/bin/python3\n'
}

venv_name() {
	digest=$({
		cat "$requirements"
		"$python" -c 'import sys; print(sys.version, sys.base_prefix)'
	} | sha256)
	printf '%s-%.12s\n' "$(basename "$(cd "$(dirname "$requirements")" && pwd)")" "$digest"
}

# build makes the environment in a directory of its own: an environment holds its
# own path, so it can't be renamed into place when it is done.
build() {
	mkdir -p "$(cache_dir)/venv"
	built=$(mktemp -d "$venv.XXXXXX")
	trap 'rm -rf "$built"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	say "making a Python environment for $requirements (once)"
	if ! complaint=$(empty_venv 2>&1); then
		fail "$python can't make an environment ($(printf '%s\n' "$complaint" | head -n 1)): run \"sudo apt-get install python3-venv\", or set PYTHON to an interpreter that can"
	fi
	"$built/bin/python" -m pip --disable-pip-version-check install --quiet -r "$requirements" >&2 ||
		fail "pip could not install $requirements into a new environment of $python: its words are above"
}

# empty_venv tries the plain way first. Debian's python3 comes without ensurepip,
# which the plain way needs: then the interpreter's own pip, or apt, stands in.
empty_venv() {
	"$python" -m venv --clear "$built" && return 0
	"$python" -m venv --clear --without-pip "$built" &&
		"$python" -m pip --python "$built/bin/python" install --quiet pip && return 0
	apt_install python3-venv && /usr/bin/python3 -m venv --clear "$built"
}

# publish makes the finished environment visible under its name. Of two runs that
# built at the same time one makes the link; the other drops its own and uses that.
publish() {
	if ln -sn "$(basename "$built")" "$venv" 2>/dev/null; then
		trap - EXIT
	fi
}

main "$@"
