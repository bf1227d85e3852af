"""Feast's own online reader, asked line by line by feast.go.

The first line of standard input says what the Redis server holds:
  {"address": HOST:PORT, "project": P, "view": V, "join_key": K, "columns": [...], "id": 1}
It is answered with the version of the package once that view is declared and the
row of the id was read. Every other line asks for rows and is answered with the
nanoseconds of each request, and of the processor for all of them:
  {"requests": [[1, 2, ...], ...]}  ->  {"took": [...], "cpu": ...}
"""

import json
import sys
import time
import warnings
from datetime import timedelta
from pathlib import Path

warnings.simplefilter("ignore")

from importlib.metadata import version  # noqa: E402

from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType  # noqa: E402
from feast.repo_config import RepoConfig  # noqa: E402
from feast.types import Float32, Int64  # noqa: E402


def open_store(order):
    """Declare the view, as `feast apply` does, and return the store and its features."""
    store = FeatureStore(config=RepoConfig(
        project=order["project"], provider="local", registry=str(Path("registry.db").resolve()),
        online_store={"type": "redis", "connection_string": order["address"]}, offline_store={"type": "file"},
        entity_key_serialization_version=3))  # fmt: skip
    item = Entity(name="item", join_keys=[order["join_key"]], value_type=ValueType.INT64)
    columns = [Field(name=name, dtype=Float32) for name in order["columns"]]
    source = FileSource(name="rows", path=str(Path("rows.parquet").resolve()), timestamp_field="ts")
    view = FeatureView(name=order["view"], entities=[item], schema=[Field(name=order["join_key"], dtype=Int64), *columns],
                       ttl=timedelta(0), source=source)  # fmt: skip
    store.apply([item, view])
    return store, [f"{order['view']}:{name}" for name in order["columns"]]


def main():
    out, sys.stdout = sys.stdout, sys.stderr  # what Feast prints is no answer
    order = json.loads(sys.stdin.readline())
    store, features = open_store(order)
    key = order["join_key"]
    row = store.get_online_features(features, {key: [order["id"]]}).to_dict()
    if any(row[name] == [None] for name in order["columns"]):
        sys.exit(f"no row of item {order['id']}: {row}")
    print(json.dumps({"version": version("feast")}), file=out, flush=True)
    for line in sys.stdin:
        took, used = [], time.process_time_ns()
        for ids in json.loads(line)["requests"]:
            start = time.perf_counter_ns()
            store.get_online_features(features, {key: ids})
            took.append(time.perf_counter_ns() - start)
        print(json.dumps({"took": took, "cpu": time.process_time_ns() - used}), file=out, flush=True)


if __name__ == "__main__":
    main()
