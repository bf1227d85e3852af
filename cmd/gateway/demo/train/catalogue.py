"""The demo's shop, reproduced from ../catalogue.go, ../user.go, ../item.go and
../history.go: whole columns at once, and codes where Go has words.

Every value is integer arithmetic on a hash of an id, up to one division at the
end, so both languages agree to the last bit. A test of the Go package compares
the digest of all columns with the one that training noted.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np

USERS = 10_000
ITEMS = 50_000
CATEGORIES = 25
DEPARTMENT = 5  # categories of one department
SHELF = ITEMS // CATEGORIES  # items of one category
HEAD = 2_000  # best-sellers with an index of their own
DIMENSIONS = 16
BRANDS = 24
COUNTRIES = 12
NEW_USER = 97  # users whose id it divides have no row
NEW_ITEM = 101  # items whose id it divides have no row

# By category.
EUROS = np.array(
    [240, 60, 45, 70, 50, 80, 65, 35, 90, 150, 450, 900, 120, 380, 50, 160, 110, 70, 85, 60, 14, 6, 18, 5, 9],
    np.uint64,
)
DEMAND = np.array([4, 5, 7, 5, 4, 9, 6, 8, 5, 3, 10, 5, 8, 3, 9, 4, 4, 6, 2, 2, 8, 7, 5, 6, 4], np.uint64)

# What a hash is drawn for, in the order of ../catalogue.go.
DRAWS = """
    centre
    favourite favourite_noise user_age user_age_null user_country user_country_null
    user_orders user_basket user_spend user_recency user_card user_segment_null user_taste_null
    item_price item_views item_quality item_rating item_ratings item_age item_discount item_stock
    item_brand item_brand_null item_noise item_taste_null
    history_length history_shelf history_place history_view history_clicks history_purchase
    history_clicks_null
""".split()

_MULTIPLIER, _SHIFT = 20_011, 31_337
_INVERSE = pow(_MULTIPLIER, -1, ITEMS)


@dataclass
class Table:
    """One view: a row per id, and for each column its values and where they are null.

    The values under a null stay what they would have been: the shop's customers
    know them even if the feature store does not.
    """

    ids: list[np.ndarray]
    values: dict[str, np.ndarray] = field(default_factory=dict)
    null: dict[str, np.ndarray] = field(default_factory=dict)
    there: np.ndarray | None = None  # rows that the store has; None means all

    def add(self, name: str, values: np.ndarray, null: np.ndarray | None = None) -> None:
        """Add a column."""
        self.values[name] = values
        self.null[name] = np.zeros(len(values), bool) if null is None else null

    def stored(self) -> np.ndarray:
        """A mask of the rows that the store has."""
        return np.ones(len(self.ids[0]), bool) if self.there is None else self.there

    def digest(self, into) -> None:
        """Feed the stored rows to a hash, column by column: where it is null, then
        the values with zeros under the nulls."""
        rows = self.stored()
        for ids in self.ids:
            into.update(ids[rows].astype("<i8").tobytes())
        for name, values in self.values.items():
            null, kept = self.null[name][rows], values[rows].copy()
            kept[null] = 0
            kind = "<f4" if kept.dtype == np.float32 else "<i8"
            into.update(null.astype(np.uint8).tobytes())
            into.update(kept.astype(kind).tobytes())


@dataclass(frozen=True)
class Shop:
    """The three views, and what no view tells."""

    user_stats: Table
    item_stats: Table
    user_item: Table
    basket: np.ndarray  # by user: the price in euros that suits them
    quality: np.ndarray  # by item: -1 to 1, which the rating hints at
    favourites: np.ndarray  # by user: three categories, the first counts most
    category: np.ndarray  # by item, from 0

    def digest(self) -> str:
        """SHA-256 of everything that the store has."""
        digest = hashlib.sha256()
        for table in (self.user_stats, self.item_stats, self.user_item):
            table.digest(digest)
        return digest.hexdigest()


def build() -> Shop:
    """The whole shop. Row i of a user or an item table is id i + 1."""
    user_stats, basket, favourites = _users()
    item_stats, quality, category = _items()
    return Shop(user_stats, item_stats, _history(favourites), basket, quality, favourites, category)


def item_at(rank: np.ndarray) -> np.ndarray:
    """The id of the item with a rank: 0 sells best."""
    return (rank * _MULTIPLIER + _SHIFT) % ITEMS + 1


def on_shelf(category: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The id of the item at a place of a category; 0 sells best."""
    return item_at(place * CATEGORIES + category)


def skewed(x: np.ndarray) -> np.ndarray:
    """A place on a shelf from 16 random bits: low ones are far more likely."""
    return (x * x * x * SHELF) >> 48


def draw(what: str, ids: np.ndarray, n: int) -> np.ndarray:
    """A number below n for each id, as likely as any other."""
    base = _mix(np.array([DRAWS.index(what) + 1], np.uint64))
    hashed = _mix(base + ids.astype(np.uint64))
    return ((hashed >> np.uint64(32)) * np.uint64(n) >> np.uint64(32)).astype(np.int64)


def _mix(x: np.ndarray) -> np.ndarray:
    """One step of splitmix64."""
    z = x + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _part(ids: np.ndarray, n: int) -> np.ndarray:
    """Ids of the n parts of each id, one row per id."""
    return (ids[:, None] << 8) + np.arange(n)


def _ratio(n: np.ndarray, d: int) -> np.ndarray:
    return n.astype(np.float32) / np.float32(d)


def _centres() -> np.ndarray:
    """The middle of each category in the space of tastes, in 1/128."""
    return draw("centre", _part(np.arange(CATEGORIES), DIMENSIONS), 257) - 128


def _users() -> tuple[Table, np.ndarray, np.ndarray]:
    u = np.arange(1, USERS + 1)
    table = Table([u], there=u % NEW_USER != 0)
    favourites = draw("favourite", _part(u, 3), CATEGORIES)
    centres = _centres()[favourites]
    noise = draw("favourite_noise", _part(u, DIMENSIONS), 129) - 64
    taste = 3 * centres[:, 0] + 2 * centres[:, 1] + centres[:, 2] + 4 * noise
    age = 18 + draw("user_age", u << 8, 25) + draw("user_age", (u << 8) + 1, 25) + draw("user_age", (u << 8) + 2, 15)
    x = draw("user_country", u, 1 << 16)
    orders = draw("user_orders", u << 8, 5) * draw("user_orders", (u << 8) + 1, 5)
    basket = 10 + draw("user_basket", u << 8, 40) + draw("user_basket", (u << 8) + 1, 20) * draw("user_basket", (u << 8) + 2, 20)
    cents = orders * basket * (80 + draw("user_spend", u, 41))
    tier = 1 + (cents >= 10_000) + (cents >= 30_000) + (cents >= 90_000)

    table.add("age", age.astype(np.float32), draw("user_age_null", u, 12) == 0)
    table.add("country", 1 + (x * x * COUNTRIES >> 32), draw("user_country_null", u, 40) == 0)
    table.add("tier", tier, draw("user_card", u, 10) >= 7)
    table.add("segment", 1 + favourites[:, 0] // DEPARTMENT, draw("user_segment_null", u, 10) == 0)
    table.add("orders_90d", orders)
    table.add("spend_90d", _ratio(cents, 100))
    table.add("days_since_order", draw("user_recency", u, 90).astype(np.float32), orders == 0)
    table.add("embedding", _ratio(taste, 512), draw("user_taste_null", u, 20) == 0)
    return table, basket, favourites


def _items() -> tuple[Table, np.ndarray, np.ndarray]:
    i = np.arange(1, ITEMS + 1)
    table = Table([i], there=i % NEW_ITEM != 0)
    rank = (i - 1 - _SHIFT) % ITEMS * _INVERSE % ITEMS
    category, place = rank % CATEGORIES, rank // CATEGORIES
    cents = EUROS[category].astype(np.int64) * (40 + draw("item_price", i << 8, 100) + draw("item_price", (i << 8) + 1, 100))
    views = DEMAND[category].astype(np.int64) * 3_000 // (place + 8) * (75 + draw("item_views", i, 51)) // 100
    quality = draw("item_quality", i << 8, 61) + draw("item_quality", (i << 8) + 1, 61)
    ratings = views * draw("item_ratings", i, 101) // 60
    tenths = np.minimum(24 + quality // 6 + draw("item_rating", i, 9), 50)
    brand = (category * 3 + draw("item_brand", i, 6)) % BRANDS
    percent = np.where(draw("item_discount", i << 8, 4) == 0, 10 + 10 * draw("item_discount", (i << 8) + 1, 5), 0)
    noise = draw("item_noise", _part(i, DIMENSIONS), 129) - 64

    table.add("index", np.where(rank < HEAD, rank + 1, 0))
    table.add("category", category + 1)
    table.add("brand", brand + 1, draw("item_brand_null", i, 7) == 0)
    table.add("price", _ratio(cents // 100 * 100 + 99, 100))
    table.add("discount", _ratio(percent, 100))
    table.add("views_7d", views)
    table.add("rating", _ratio(tenths, 10), ratings == 0)
    table.add("ratings", ratings)
    table.add("age_days", (draw("item_age", i << 8, 40) * draw("item_age", (i << 8) + 1, 40)).astype(np.float32))
    table.add("in_stock", (draw("item_stock", i, 33) != 0).astype(np.int64))
    table.add("embedding", _ratio(_centres()[category] + noise, 128), draw("item_taste_null", i, 25) == 0)
    return table, (quality - 60) / 60, category


def _history(favourites: np.ndarray) -> Table:
    """What each user did, in the order in which Go adds it; of an item that comes
    twice, only the last."""
    u = np.arange(1, USERS + 1)
    length = 12 + draw("history_length", u, 17)
    user = np.repeat(u, length)
    slot = np.concatenate([np.arange(n) for n in length])
    key = (user << 8) + slot

    where = draw("history_shelf", key, 40)
    theirs = favourites[user - 1]
    category = np.select([where < 20, where < 30, where < 36], [theirs[:, 0], theirs[:, 1], theirs[:, 2]], (where - 36) * 6)
    item = on_shelf(category, skewed(draw("history_place", key, 1 << 16)))
    seconds = (1 + draw("history_view", key << 1, 1024)) << draw("history_view", (key << 1) + 1, 12)
    clicks = np.where(seconds < 7 * 86_400, 1 + draw("history_clicks", key, 6), 0)
    purchases = np.where(draw("history_purchase", key << 1, 6) == 0, 1 + draw("history_purchase", (key << 1) + 1, 2), 0)

    pair = user * (ITEMS + 1) + item
    _, backwards = np.unique(pair[::-1], return_index=True)
    last = np.zeros(len(pair), bool)
    last[len(pair) - 1 - backwards] = True
    table = Table([user[last], item[last]])
    table.add("clicks_7d", clicks[last], (draw("history_clicks_null", key, 16) == 0)[last])
    table.add("purchases_30d", purchases[last])
    table.add("seconds_since_view", seconds[last].astype(np.float32))
    return table
