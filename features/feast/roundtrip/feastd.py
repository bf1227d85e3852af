"""The released feast package, asked line by line by roundtrip_test.go.

Each line of standard input is a JSON object, answered by one on standard output:

  {"do": "materialize", "dir": DIR, "addr": HOST:PORT, "key_version": 3}
      writes sources and a registry into DIR, and runs Feast's apply and
      materialize into the Redis server; answers {"registry": PATH}
  {"do": "read", "dir": DIR, "addr": HOST:PORT, "key_version": 3,
   "features": ["view:column", ...], "entities": [{"user_id": 1}, ...]}
      answers {"rows": [[value, ...], ...]}: what get_online_features returns

A null, and a number that is not finite, is null; a time is whole seconds.
"""

import json
import math
import sys
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

warnings.simplefilter("ignore")

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType  # noqa: E402
from feast.repo_config import RepoConfig  # noqa: E402
from feast.types import Array, Bool, Float32, Float64, Int32, Int64, String, UnixTimestamp  # noqa: E402

PROJECT = "shop"
NOW = datetime.now(UTC)
LATELY, LONG_AGO = NOW - timedelta(hours=1), NOW - timedelta(days=10)
NAN, INFINITY = float("nan"), float("inf")

USER, ITEM = Field(name="user_id", dtype=Int64), Field(name="item_id", dtype=String)

# Columns of the view user_types: Feast's type, Arrow's, and the values of users
# 1 (all there), -5 (nulls, and what is not finite) and 2^53+1 (extremes).
TYPES = {
    "float": (Float32, pa.float32(), [0.9273980259895325, NAN, -3.4028234663852886e38]),
    "double": (Float64, pa.float64(), [1.5, INFINITY, -2.5e30]),
    "int64": (Int64, pa.int64(), [0, -(2**63), 2**63 - 1]),
    "int32": (Int32, pa.int32(), [-1, -(2**31), 2**31 - 1]),
    "bool": (Bool, pa.bool_(), [True, False, True]),
    "string": (String, pa.string(), ["abc", "", "é 用户 " + "x" * 200]),
    "seen": (UnixTimestamp, pa.timestamp("s", tz="UTC"), [1657184400, 1, 4102444800]),
    "null_float": (Float32, pa.float32(), [1.0, None, 2.0]),
    "null_int64": (Int64, pa.int64(), [7, None, 8]),
    "null_bool": (Bool, pa.bool_(), [True, None, False]),
    "null_string": (String, pa.string(), ["a", None, "b"]),
    "floats": (Array(Float32), pa.list_(pa.float32()), [[1, 2, 3], [0, -0.5, NAN], [3.4e38, 1e-45, -1]]),
    "doubles": (Array(Float64), pa.list_(pa.float64()), [[1, 2, 3], [0.5, 0.25, -1], [1e30, 1e-30, -1]]),
    "int64s": (Array(Int64), pa.list_(pa.int64()), [[1, 2, 3], [0, 0, 0], [-(2**24), 2**24, 2**40]]),
    "int32s": (Array(Int32), pa.list_(pa.int32()), [[1, 2, 3], [0, 0, 0], [-1, 2**24, -(2**24)]]),
    "null_floats": (Array(Float32), pa.list_(pa.float32()), [[1, 2, 3], None, [4, 5, 6]]),
}


def field(name):
    dtype = TYPES[name][0]
    return Field(name=name, dtype=dtype, vector_length=3) if "Array" in repr(dtype) else Field(name=name, dtype=dtype)


def write(path, columns):
    """Write a source; columns: name → (Arrow type, values)."""
    pq.write_table(pa.table({name: pa.array(values, kind) for name, (kind, values) in columns.items()}), path)


def times(*values):
    return pa.timestamp("us", tz="UTC"), list(values)


def declare(directory):
    """Write the sources and return what `feast apply` is given."""

    def view(name, entities, schema, ttl, columns):
        path = directory / f"{name}.parquet"
        write(path, columns)
        source = FileSource(name=name + "_source", path=str(path), timestamp_field="ts")
        return FeatureView(name=name, entities=entities, schema=schema, ttl=ttl, source=source)

    user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.INT64)
    item = Entity(name="item", join_keys=["item_id"], value_type=ValueType.STRING)
    ids = {"user_id": (pa.int64(), [1, -5, 2**53 + 1])}
    everything = {name: (kind, values) for name, (_, kind, values) in TYPES.items()}
    return [
        user,
        item,
        view("user_types", [user], [USER, *map(field, TYPES)], timedelta(0),
             {**ids, **everything, "ts": times(LATELY, LONG_AGO, LATELY)}),
        view("item_prices", [item], [ITEM, Field(name="price", dtype=Float32)], timedelta(days=1),
             {"item_id": (pa.string(), ["fresh", "é 9", "old", "old"]), "price": (pa.float32(), [1, 2, 3, 4]),
              "ts": times(LATELY, LATELY, LONG_AGO, LONG_AGO - timedelta(days=1))}),
        view("affinity", [item, user], [USER, ITEM, Field(name="score", dtype=Float64)], timedelta(0),
             {"user_id": (pa.int64(), [1, 1, -5]), "item_id": (pa.string(), ["fresh", "old", "fresh"]),
              "score": (pa.float64(), [0.25, 0.5, None]), "ts": times(LATELY, LATELY, LATELY)}),
    ]  # fmt: skip


def open_store(order):
    return FeatureStore(config=RepoConfig(
        project=PROJECT, provider="local", registry=str(Path(order["dir"]) / "registry.db"),
        online_store={"type": "redis", "connection_string": order["addr"]}, offline_store={"type": "file"},
        entity_key_serialization_version=order["key_version"]))  # fmt: skip


def materialize(order):
    store = open_store(order)
    store.apply(declare(Path(order["dir"])))
    store.materialize(NOW - timedelta(days=30), NOW)
    return {"registry": str(Path(order["dir"]) / "registry.db")}


def read(order):
    answer = open_store(order).get_online_features(order["features"], order["entities"]).to_dict()
    columns = [answer[name.partition(":")[2]] for name in order["features"]]
    return {"rows": [[plain(value) for value in row] for row in zip(*columns, strict=True)]}


def plain(value):
    """A value as JSON has it."""
    match value:
        case datetime():
            return int(value.timestamp())
        case float() if not math.isfinite(value):
            return None
        case list():
            elements = [plain(v) for v in value]
            return None if None in elements else elements
        case _:
            return value


def main():
    out, sys.stdout = sys.stdout, sys.stderr  # what Feast prints is no answer
    for line in sys.stdin:
        order = json.loads(line)
        answer = {"materialize": materialize, "read": read}[order["do"]](order)
        print(json.dumps(answer, allow_nan=False), file=out, flush=True)


if __name__ == "__main__":
    main()
