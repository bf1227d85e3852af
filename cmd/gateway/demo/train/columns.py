"""Turn the rows of the shop into what a graph is fed: a default stands in for a
missing value exactly as ../features.yaml tells the gateway to do it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from catalogue import ITEMS, USERS, Shop, Table

# Columns of ../features.yaml whose default is the mean of what was loaded, and
# those with a constant other than zero.
MEAN = {"user_stats.age", "user_stats.days_since_order", "user_stats.embedding",
        "item_stats.price", "item_stats.rating", "item_stats.age_days", "item_stats.embedding"}  # fmt: skip
CONSTANT = {"item_stats.in_stock": 1, "user_item.seconds_since_view": 5_184_000, "context.hour": 12, "request.distance_km": 5}

MISSING = -1  # in place of a value that the request does not bring


@dataclass(frozen=True)
class Rows:
    """Candidates, one per row, and what came with their requests."""

    user: np.ndarray  # ids
    item: np.ndarray
    hour: np.ndarray  # MISSING, or 0 to 24
    device: np.ndarray  # 0 is unknown
    distance: np.ndarray  # kilometres, or MISSING

    def __len__(self) -> int:
        return len(self.user)

    def take(self, rows: np.ndarray) -> Rows:
        """Some of the rows."""
        return Rows(self.user[rows], self.item[rows], self.hour[rows], self.device[rows], self.distance[rows])


class Columns:
    """Looks the columns of candidates up, by the names that model.yaml uses."""

    def __init__(self, shop: Shop):
        self._tables = {
            "user_stats": _filled("user_stats", shop.user_stats, USERS),
            "item_stats": _filled("item_stats", shop.item_stats, ITEMS),
            "user_item": _filled("user_item", shop.user_item, len(shop.user_item.ids[0])),
        }
        self._null = {
            "user_item.clicks_7d": np.append(shop.user_item.null["clicks_7d"], True),
            "user_stats.embedding": _absent(shop.user_stats, "embedding", USERS),
        }
        user, item = shop.user_item.ids
        self._pairs = _pair(user, item)
        self._order = np.argsort(self._pairs)

    def pair_row(self, user: np.ndarray, item: np.ndarray) -> np.ndarray:
        """The row of each pair in user_item; the last row is that of no history."""
        wanted = _pair(user, item)
        place = np.searchsorted(self._pairs, wanted, sorter=self._order)
        row = self._order[np.minimum(place, len(self._order) - 1)]
        return np.where(self._pairs[row] == wanted, row, len(self._pairs))

    def matrix(self, names: list[str], rows: Rows) -> np.ndarray:
        """float32 [rows, width] of the columns, vectors spread out."""
        return np.concatenate([self.column(name, rows) for name in names], axis=1)

    def column(self, name: str, rows: Rows) -> np.ndarray:
        """float32 [rows, 1], or [rows, 16] of a vector."""
        missing = name.startswith("missing(")
        name = name.removeprefix("missing(").removesuffix(")")
        view, column = name.split(".")
        if view in ("context", "request"):
            value = {"hour": rows.hour, "device": rows.device, "distance_km": rows.distance}[column]
            value = np.where(value == MISSING, CONSTANT.get(name, 0), value)
            return value.astype(np.float32)[:, None]
        at = self._row(view, rows)
        source = self._null[name] if missing else self._tables[view][column]
        return source[at].astype(np.float32).reshape(len(rows), -1)

    def _row(self, view: str, rows: Rows) -> np.ndarray:
        match view:
            case "user_stats":
                return rows.user - 1
            case "item_stats":
                return rows.item - 1
            case _:
                return self.pair_row(rows.user, rows.item)


def _filled(view: str, table: Table, rows: int) -> dict[str, np.ndarray]:
    """The columns with defaults baked in; of pairs, one more row holds only those."""
    columns = {}
    for name, values in table.values.items():
        absent = _absent(table, name, rows)
        default = CONSTANT.get(f"{view}.{name}", 0)
        if f"{view}.{name}" in MEAN:
            default = values[~absent].astype(np.float64).mean(axis=0)
        values = values.copy()
        values[absent] = default
        if view == "user_item":
            values = np.append(values, np.array([default], values.dtype))
        columns[name] = values
    return columns


def _absent(table: Table, name: str, rows: int) -> np.ndarray:
    assert len(table.null[name]) == rows
    return table.null[name] | ~table.stored()


def _pair(user: np.ndarray, item: np.ndarray) -> np.ndarray:
    return user * (ITEMS + 1) + item


