# shellcheck shell=sh
# Sourced by the scripts beside it: where fetched and built things live, and the
# few words those scripts share.

# cache_dir prints the directory that outlives a checkout. The gateway looks for
# the ONNX Runtime library under the same path, so both must agree.
cache_dir() {
	printf '%s/rankgate\n' "${XDG_CACHE_HOME:-${HOME:?set HOME or XDG_CACHE_HOME}/.cache}"
}

# say and fail write to stderr: a script's stdout is its result.
say() {
	printf 'rankgate: %s\n' "$*" >&2
}

fail() {
	say "$*"
	exit 1
}

have() {
	command -v "$1" >/dev/null 2>&1
}

# scratch_dir DIR makes a private directory inside DIR, on the same file system
# as what will be renamed out of it, and removes it when the script ends.
scratch_dir() {
	mkdir -p "$1"
	scratch=$(mktemp -d "$1/.fetch.XXXXXX")
	trap 'rm -rf "$scratch"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

# sha256 prints the digest of its input, with GNU's tool or with Perl's (macOS).
sha256() {
	if have sha256sum; then
		sha256sum
	else
		shasum -a 256
	fi | cut -d ' ' -f 1
}

# apt_install PACKAGE... installs where that needs no question: on Debian's
# relatives, as root or with a sudo that asks for no password.
apt_install() {
	have apt-get || return 1
	if [ "$(id -u)" -eq 0 ]; then
		elevate=
	elif have sudo && sudo -n true 2>/dev/null; then
		elevate='sudo -n'
	else
		return 1
	fi
	say "installing $* with apt-get"
	{
		$elevate apt-get -qq update
		$elevate env DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "$@"
	} </dev/null >/dev/null
}
