#!/bin/sh
# Usage: run.sh [DATA_DIR]
#
# The whole example: train on MovieLens, serve with the gateway, from files and then
# from Redis, and compare with the offline scores. DATA_DIR holds ml-latest-small; without it RANKGATE_MOVIELENS
# says where that is, and without that it is fetched. What was trained stays in .cache/movielens, ready to serve.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
data=${1:-${RANKGATE_MOVIELENS:-$root/../shared/data/movielens-small}}
out=$root/.cache/movielens

if [ -n "${1:-}${RANKGATE_MOVIELENS:-}" ] && [ ! -f "$data/ratings.csv" ]; then
	echo "$data holds no ratings.csv: name the directory of MovieLens ml-latest-small, or none to have it fetched" >&2
	exit 1
fi
export ORT_DISABLE_TELEMETRY=1 # for the Python package; the gateway does it itself
make -s -C "$root" build
python=$("$root/scripts/venv.sh" "$here/requirements.txt")/bin/python
if [ ! -f "$data/ratings.csv" ] && ! data=$("$python" "$here/fetch.py" "$root/.cache"); then
	echo "get ml-latest-small from grouplens.org/datasets/movielens, unpack it, and name its directory in RANKGATE_MOVIELENS" >&2
	exit 1
fi
rm -rf "$out"
"$python" "$here/train.py" "$data" "$out"
echo
"$python" "$here/check.py" "$out" --gateway "$root/bin/gateway"
echo
echo "The same with the features in Redis:"
"$python" "$here/check.py" "$out" --gateway "$root/bin/gateway" --redis
