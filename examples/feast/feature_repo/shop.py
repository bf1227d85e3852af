"""What the shop has declared in Feast. Nothing in here knows the gateway."""

from datetime import timedelta

from feast import Entity, FeatureView, Field, FileSource, ValueType
from feast.types import Array, Bool, Float32, Float64, Int64, String

user = Entity(name="customer", join_keys=["user_id"], value_type=ValueType.INT64)
item = Entity(name="article", join_keys=["sku"], value_type=ValueType.STRING)
order = Entity(name="order", join_keys=["order_id"], value_type=ValueType.INT64)


def source(name: str) -> FileSource:
    return FileSource(name=f"{name}_source", path=f"data/{name}.parquet", timestamp_field="event_timestamp",
                      created_timestamp_column="created")  # fmt: skip


user_stats = FeatureView(
    name="user_stats",
    entities=[user],
    ttl=timedelta(days=7),
    schema=[
        Field(name="user_id", dtype=Int64),
        Field(name="age", dtype=Float32, description="in years"),
        Field(name="spend_30d", dtype=Float64),
        Field(name="premium", dtype=Bool),
        Field(name="taste", dtype=Array(Float32), vector_length=8),
    ],
    source=source("user_stats"),
    owner="growth",
)
item_stats = FeatureView(
    name="item_stats",
    entities=[item],
    ttl=timedelta(days=7),
    schema=[
        Field(name="sku", dtype=String),
        Field(name="price", dtype=Float32),
        Field(name="rating", dtype=Float32),  # null until somebody rates it
        Field(name="stock", dtype=Int64),
        Field(name="style", dtype=Array(Float32), vector_length=8),
        Field(name="tags", dtype=Array(String)),
    ],
    source=source("item_stats"),
    owner="catalogue",
)
user_item = FeatureView(
    name="user_item",
    entities=[user, item],
    ttl=timedelta(days=7),
    schema=[
        Field(name="user_id", dtype=Int64),
        Field(name="sku", dtype=String),
        Field(name="clicks_7d", dtype=Int64),
    ],
    source=source("user_item"),
    owner="growth",
)
order_risk = FeatureView(
    name="order_risk",
    entities=[order],
    ttl=timedelta(days=7),
    schema=[Field(name="order_id", dtype=Int64), Field(name="risk", dtype=Float32)],
    source=source("order_risk"),
    owner="payments",
)
