#!/bin/sh
# Usage: run.sh
#
# The whole example: a real Triton, out of a Python package, and the gateway in front of
# it. What was made stays in .cache/triton.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/.cache/triton

make -s -C "$root" build
# Triton's python backend runs Debian's Python, and no other.
venv=$(PYTHON=/usr/bin/python3 "$root/scripts/venv.sh" "$root/backends/oip/oiptest/triton/requirements.txt")
rm -rf "$out"
mkdir -p "$out"
cp -R "$here/models" "$here/features.yaml" "$here/gateway.yaml" "$out"
exec "$venv/bin/python" "$here/check.py" "$out" --gateway "$root/bin/gateway"
