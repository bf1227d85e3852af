#!/bin/sh
# Sees to the servers that the tests start: Redis with its sentinel. (kafka.sh sees
# to the broker.) Where they can't be installed without a question it is left to the
# tests, which name the command.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=cache.sh
. "$here/cache.sh"

if have redis-server && have redis-sentinel; then
	exit 0
fi
apt_install redis-server redis-sentinel ||
	say 'redis-server and redis-sentinel are not here and can not be installed unasked; the tests that need them will fail'
