#!/bin/sh
# Usage: run.sh
#
# The whole example: a shop's features in Feast, materialized by Feast into Redis;
# then the gateway over the same server, its rankings held against
# get_online_features. What was made stays in .cache/feast.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/.cache/feast
redis=

main() {
	command -v redis-server >/dev/null || fail 'redis-server is not here: run "sudo apt-get install redis-server"'
	make -s -C "$root" build
	venv=$("$root/scripts/venv.sh" "$here/requirements.txt")
	gateway=$root/bin/gateway
	rm -rf "$out"
	mkdir -p "$out"

	say 'The shop: data, a Feast repository, a Redis server, a model'
	cp -R "$here/feature_repo" "$out/"
	"$venv/bin/python" "$here/data.py" "$out/feature_repo/data"
	"$venv/bin/python" "$here/model.py" "$out"
	start_redis
	export REDIS # in feature_store.yaml
	export PYTHONWARNINGS=ignore

	say 'Feast, as ever: apply, materialize'
	feast apply
	feast materialize-incremental "$(date -u +%Y-%m-%dT%H:%M:%S)"

	say 'The gateway: import the registry'
	"$gateway" features import --feast "$out/feature_repo/data/registry.db" --user user_id --item sku -o "$out/features.yaml"
	sed "s/127.0.0.1:6379/$REDIS/" "$here/gateway.yaml" >"$out/gateway.yaml"
	"$gateway" check -c "$out/gateway.yaml"

	say 'One ranking after the other, held against get_online_features'
	"$venv/bin/python" "$here/check.py" "$out" --gateway "$gateway"
}

# start_redis starts a server that ends with this script, and sets REDIS.
start_redis() {
	port=$("$venv/bin/python" -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
	REDIS=127.0.0.1:$port
	redis-server --port "$port" --bind 127.0.0.1 --save '' --dir "$out" >"$out/redis.log" &
	redis=$!
	trap 'kill "$redis"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	until redis-cli -p "$port" ping >/dev/null 2>&1; do
		kill -0 "$redis" 2>/dev/null || fail "redis-server did not start: see $out/redis.log"
		sleep 0.1
	done
}

feast() {
	"$venv/bin/feast" -c "$out/feature_repo" "$@" >"$out/feast.log" 2>&1 || {
		cat "$out/feast.log" >&2
		fail "feast $1 failed"
	}
}

say() {
	printf '\n== %s\n' "$*"
}

fail() {
	printf '%s\n' "$*" >&2
	exit 1
}

main
