#!/bin/sh
# Sees to the programs that the tests start: Redis with its sentinel, and the Chromium
# that looks at the bench's page. (kafka.sh sees to the broker.) Where they can't be
# installed without a question it is left to the tests, which name the command.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=cache.sh
. "$here/cache.sh"

for program in redis-server redis-sentinel chromium; do # the packages' names, too
	have "$program" || apt_install "$program" ||
		say "$program is not here and can not be installed unasked; the tests that need it will fail"
done
