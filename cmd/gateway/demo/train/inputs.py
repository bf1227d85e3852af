"""What the rankers read: the inputs of their graphs, as model.yaml lists them,
and the same candidates spread out into one wide matrix to train on.

A number becomes one column, or its logarithm where it is a heavy-tailed COUNT;
the hour becomes a point on a circle; a code becomes one column per word; and
the product of the two embeddings gives the network their likeness for free.
"""

from __future__ import annotations

import numpy as np

from catalogue import BRANDS, CATEGORIES, COUNTRIES, DEPARTMENT, DIMENSIONS
from columns import Columns, Rows
from simulate import DEVICES

# Inputs of the graph. The counts of an input come first, its embedding last.
USER_COUNTS = ["user_stats.orders_90d", "user_stats.spend_90d", "user_stats.days_since_order"]
USER_PLAIN = ["user_stats.age", "missing(user_stats.embedding)"]
USER_VEC = [*USER_COUNTS, *USER_PLAIN, "context.hour", "user_stats.embedding"]
USER_CODES = {
    "user_stats.country": COUNTRIES,
    "user_stats.tier": 4,
    "user_stats.segment": CATEGORIES // DEPARTMENT,
    "context.device": DEVICES,
}

ITEM_COUNTS = [
    "item_stats.price",
    "item_stats.views_7d",
    "item_stats.ratings",
    "item_stats.age_days",
    "user_item.clicks_7d",
    "user_item.purchases_30d",
    "user_item.seconds_since_view",
    "request.distance_km",
]
ITEM_PLAIN = ["item_stats.discount", "item_stats.rating", "item_stats.in_stock", "missing(user_item.clicks_7d)"]
DENSE = [*ITEM_COUNTS, *ITEM_PLAIN, "item_stats.embedding"]
ITEM_CODES = {"item_stats.category": CATEGORIES, "item_stats.brand": BRANDS}

HOURS = np.float32(np.pi / 12)  # the angle of an hour

# Columns of the wide matrix: those of a request, then those of a candidate.
USER_NUMBERS = len(USER_COUNTS) + len(USER_PLAIN) + 2 + DIMENSIONS
USER_WIDTH = USER_NUMBERS + sum(n + 1 for n in USER_CODES.values())
ITEM_NUMBERS = len(ITEM_COUNTS) + len(ITEM_PLAIN) + 2 * DIMENSIONS
WIDTH = USER_WIDTH + ITEM_NUMBERS + sum(n + 1 for n in ITEM_CODES.values())


def feed(columns: Columns, rows: Rows) -> dict[str, np.ndarray]:
    """The inputs of a graph for the candidates of one request."""
    first = rows.take(np.zeros(1, np.int64))
    return {
        "user_vec": columns.matrix(USER_VEC, first),
        "user_codes": columns.matrix(list(USER_CODES), first).astype(np.int64),
        "user_row": np.zeros(len(rows), np.int64),
        "dense": columns.matrix(DENSE, rows),
        "item_codes": columns.matrix(list(ITEM_CODES), rows).astype(np.int64),
        "item_index": indices(columns, rows)[:, None],
    }


def indices(columns: Columns, rows: Rows) -> np.ndarray:
    """int64 [rows]: the place of each item among the best-sellers, 0 for others."""
    return columns.column("item_stats.index", rows)[:, 0].astype(np.int64)


def wide(columns: Columns, rows: Rows) -> np.ndarray:
    """float32 [rows, WIDTH]."""
    user, dense = columns.matrix(USER_VEC, rows), columns.matrix(DENSE, rows)
    counts, plain = np.split(user[:, : len(USER_COUNTS) + len(USER_PLAIN)], [len(USER_COUNTS)], axis=1)
    angle = user[:, len(USER_COUNTS) + len(USER_PLAIN), None] * HOURS
    taste, look = user[:, -DIMENSIONS:], dense[:, -DIMENSIONS:]
    parts = [np.log1p(counts), plain, np.sin(angle), np.cos(angle), taste]
    parts += [_spread(columns.column(name, rows), n) for name, n in USER_CODES.items()]
    parts += [np.log1p(dense[:, : len(ITEM_COUNTS)]), dense[:, len(ITEM_COUNTS) :], taste * look]
    parts += [_spread(columns.column(name, rows), n) for name, n in ITEM_CODES.items()]
    return np.concatenate(parts, axis=1)


def _spread(codes: np.ndarray, n: int) -> np.ndarray:
    """One column per word of a vocabulary, and one for the unknown word 0."""
    return np.eye(n + 1, dtype=np.float32)[codes[:, 0].astype(np.int64)]
