#!/bin/sh
# Sees to the servers that the tests start: Redis with its sentinel, and a JDK with
# Maven for the Kafka broker. What can't be installed without a question is left to
# the tests, which name the command.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=cache.sh
. "$here/cache.sh"

wanted=
want() {
	have "$1" || wanted="$wanted $2"
}
want redis-server redis-server
want redis-sentinel redis-sentinel
want java openjdk-17-jre-headless
want mvn maven

if [ -n "$wanted" ]; then
	# shellcheck disable=SC2086
	apt_install $wanted || say "these are not here and can't be installed unasked; the tests that need them will fail:$wanted"
fi
