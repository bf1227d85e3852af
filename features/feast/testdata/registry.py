"""Writes the registries of the import's tests, with the released feast package.

Usage: registry.py OUT_DIR

registry.db holds one of everything that the import takes or leaves out;
versioned.db a view that has been changed once, so that its version is 1.
"""
import os
import pathlib
import sys
import tempfile
from datetime import timedelta

import pandas
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RequestSource, ValueType
from feast.data_format import JsonFormat
from feast.data_source import KafkaSource
from feast.on_demand_feature_view import OnDemandFeatureView
from feast.repo_config import RepoConfig
from feast.stream_feature_view import StreamFeatureView
from feast.transformation.pandas_transformation import PandasTransformation
from feast.types import Array, Bool, Bytes, Float32, Float64, Int32, Int64, String, UnixTimestamp


def source(name):
    return FileSource(name=name + "_source", path=name + ".parquet", timestamp_field="ts",
                      created_timestamp_column="created")


def view(name, entities, fields, ttl=timedelta(days=1), **more):
    schema = [f if isinstance(f, Field) else Field(name=f[0], dtype=f[1]) for f in fields]
    return FeatureView(name=name, entities=entities, schema=schema, ttl=ttl, source=source(name), **more)


# Compiled apart, because a registry holds the path of a function's file.
exec(compile("""
def double(inputs: pandas.DataFrame) -> pandas.DataFrame:
    return pandas.DataFrame({"doubled": inputs["age"] * 2.0})
""", "shop.py", "exec"))

user = Entity(name="customer", join_keys=["user_id"], value_type=ValueType.INT64, description="who buys")
item = Entity(name="article", join_keys=["item_id"], value_type=ValueType.STRING)
user32 = Entity(name="customer32", join_keys=["user_id"], value_type=ValueType.INT32)
order = Entity(name="order", join_keys=["order_id"], value_type=ValueType.INT64)
USER, ITEM = ("user_id", Int64), ("item_id", String)


def everything():
    user_stats = view("user_stats", [user], [
        USER, Field(name="age", dtype=Float32, description="in years"), ("spend", Float64), ("visits", Int64),
        ("level", Int32), ("member", Bool), ("country", String), ("last_seen", UnixTimestamp),
        Field(name="embedding", dtype=Array(Float32), vector_length=8), ("recent", Array(Float64)),
        ("tags", Array(String)), ("photo", Bytes), ("a.b", Float32), ("user", Float32),
    ], ttl=timedelta(hours=36), owner="growth", description='what "customers" did: lately')
    clicks = StreamFeatureView(
        name="clicks", entities=[item], ttl=timedelta(days=7), owner="search", mode="pandas",
        schema=[Field(name=n, dtype=t) for n, t in [ITEM, ("clicks_1h", Int64)]], timestamp_field="ts",
        source=KafkaSource(name="clicks_topic", kafka_bootstrap_servers="", topic="clicks", timestamp_field="ts",
                           message_format=JsonFormat(schema_json="clicks_1h int"), batch_source=source("clicks")),
        feature_transformation=PandasTransformation(udf=double, udf_string=""))
    doubled = OnDemandFeatureView(
        name="doubled", sources=[user_stats, RequestSource(name="now", schema=[Field(name="now", dtype=Float32)])],
        schema=[Field(name="doubled", dtype=Float64)], mode="pandas",
        feature_transformation=PandasTransformation(udf=double, udf_string=""))
    return [
        user, item, user32, order, user_stats, clicks, doubled,
        view("item-prices", [item], [ITEM, ("price", Float32)], ttl=timedelta(0)),
        view("affinity", [item, user], [USER, ITEM, ("score", Float32)], ttl=timedelta(days=40000)),
        view("request", [item], [ITEM, ("n", Int64)]),
        view("orders", [order], [("order_id", Int64), ("total", Float32)]),
        view("order_users", [order, user], [("order_id", Int64), USER, ("total", Float32)]),
        view("legacy", [user32], [("user_id", Int32), ("x", Float32)]),
        view("offline_only", [user], [USER, ("x", Float32)], online=False),
        view("lists_only", [user], [USER, ("words", Array(String))]),
        view("global_stats", [], [("mean_price", Float32)]),
    ]


def apply(out, project, *rounds):
    path = out / (project + ".db")
    path.unlink(missing_ok=True)
    for objects in rounds:
        store = FeatureStore(config=RepoConfig(
            project=project, provider="local", registry=str(path), entity_key_serialization_version=3,
            online_store={"type": "redis", "connection_string": "127.0.0.1:1"}, offline_store={"type": "file"}))
        store.apply(objects)
    os.replace(path, out / ("registry.db" if project == "shop" else project + ".db"))


def main():
    out = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        for name in ("user_stats", "item-prices"):
            pandas.DataFrame({"user_id": [1]}).to_parquet(name + ".parquet")
        apply(out, "shop", everything())
        apply(out, "versioned",
              [user, view("user_stats", [user], [USER, ("age", Float32)])],
              [user, view("user_stats", [user], [USER, ("age", Float32), ("visits", Int64)])])


if __name__ == "__main__":
    main()
