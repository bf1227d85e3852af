"""Make up a shop: the Parquet files that Feast's file sources read.

    python data.py DIR
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

USERS, ITEMS, PAIRS = 500, 2_000, 20_000
WIDTH = 8  # of the taste of a user and the style of an item


def main() -> None:
    directory = Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    skus = np.array([f"sku-{i}" for i in range(1, ITEMS + 1)])
    users = np.arange(1, USERS + 1)
    write(directory / "user_stats.parquet", rng, {
        "user_id": users,
        "age": rng.uniform(16, 80, USERS).astype(np.float32),
        "spend_30d": rng.exponential(60, USERS),
        "premium": rng.random(USERS) < 0.2,
        "taste": vectors(rng, USERS),
    })  # fmt: skip
    rating = rng.uniform(1, 5, ITEMS).astype(np.float32)
    write(directory / "item_stats.parquet", rng, {
        "sku": skus,
        "price": rng.uniform(1, 200, ITEMS).astype(np.float32),
        "rating": pa.array(rating, mask=rng.random(ITEMS) < 0.1),
        "stock": rng.integers(0, 50, ITEMS),
        "style": vectors(rng, ITEMS),
        "tags": pa.array([["new"], []] * (ITEMS // 2), pa.list_(pa.string())),
    })  # fmt: skip
    pairs = rng.choice(USERS * ITEMS, PAIRS, replace=False)
    write(directory / "user_item.parquet", rng, {
        "user_id": users[pairs // ITEMS],
        "sku": skus[pairs % ITEMS],
        "clicks_7d": rng.integers(1, 20, PAIRS),
    })  # fmt: skip
    write(directory / "order_risk.parquet", rng, {
        "order_id": np.arange(1, 100),
        "risk": rng.random(99).astype(np.float32),
    })  # fmt: skip


def vectors(rng: np.random.Generator, n: int) -> pa.Array:
    """n vectors of about unit length: list<float32>."""
    values = rng.normal(0, WIDTH**-0.5, (n, WIDTH)).astype(np.float32)
    return pa.array(list(values), pa.list_(pa.float32()))


def write(path: Path, rng: np.random.Generator, columns: dict[str, pa.Array | np.ndarray]) -> None:
    """Write a table whose rows are of some time in the last two days."""
    now = datetime.now(UTC)
    n = len(next(iter(columns.values())))
    times = [now - timedelta(seconds=s) for s in rng.uniform(60, 2 * 86_400, n)]
    stamps = pa.array(times, pa.timestamp("us", tz="UTC"))
    pq.write_table(pa.table({**columns, "event_timestamp": stamps, "created": stamps}), path)


if __name__ == "__main__":
    main()
