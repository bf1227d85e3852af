"""Simulate what the shop's customers click and buy.

Nobody outside this file sees how they decide: a ranker has to learn it from
noisy answers, through features that tell only a part of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from catalogue import BRANDS, CATEGORIES, COUNTRIES, DEPARTMENT, Shop, item_at, on_shelf, skewed
from columns import MISSING, Columns, Rows

# By department: home, fashion, tech, outdoor, pantry.
PEAK_HOUR = np.array([11.0, 13.0, 20.0, 18.0, 8.0])
AGE_SLOPE = np.array([0.5, -0.4, -0.5, 0.0, 0.3])  # per 20 years
EATEN_UP = 4  # the department whose things are bought again

DEVICES = 3  # ios, android, web


@dataclass(frozen=True)
class Labels:
    """What happened to each row."""

    click: np.ndarray  # 0 or 1
    buy: np.ndarray  # 0 or 1, only after a click
    chance: np.ndarray  # of a click plus twice a purchase, before the dice fell


class Customers:
    """The shop's customers, with everything that they like."""

    def __init__(self, shop: Shop, columns: Columns, rng: np.random.Generator):
        self._shop, self._columns, self._rng = shop, columns, rng
        taste = shop.user_stats.values["embedding"]
        self._taste = taste + rng.normal(0.0, 0.25, taste.shape)
        self._loyalty = rng.normal(0.0, 0.4, (COUNTRIES + 1, BRANDS + 1))

    def meet(self, users: np.ndarray, candidates: int) -> Rows:
        """One request of each user with believable candidates: some from their
        history, some of their favourite categories, the rest best-sellers."""
        rng, n = self._rng, len(users) * candidates
        user = np.repeat(users, candidates)
        favourite = self._shop.favourites[user - 1, rng.integers(0, 3, n)]
        dice = rng.random(n)
        category = np.where(dice < 0.4, favourite, rng.integers(0, CATEGORIES, n))
        item = on_shelf(category, skewed(rng.integers(0, 1 << 16, n)))
        item = np.where(dice > 0.8, item_at(rng.integers(0, 1_000, n)), item)
        item = np.where((dice > 0.4) & (dice < 0.5), self._from_history(user), item)
        hour = np.where(rng.random(len(users)) < 0.1, MISSING, np.clip(rng.normal(15, 5, len(users)), 0, 23).round())
        device = rng.integers(0, DEVICES + 1, len(users))
        distance = np.where(rng.random(n) < 0.4, MISSING, np.round(rng.exponential(6.0, n), 1))
        return Rows(user, item, np.repeat(hour, candidates), np.repeat(device, candidates), distance)

    def answer(self, rows: Rows) -> Labels:
        """Roll the dice for each row."""
        appeal, worth = self._decide(rows)
        click, buy = _sigmoid(appeal), _sigmoid(worth)
        dice = self._rng.random((2, len(rows)))
        clicked = dice[0] < click
        return Labels(clicked.astype(np.float32), (clicked & (dice[1] < buy)).astype(np.float32), click * (1 + 2 * buy))

    def _from_history(self, user: np.ndarray) -> np.ndarray:
        users, items = self._shop.user_item.ids
        first, last = np.searchsorted(users, user), np.searchsorted(users, user, side="right")
        return items[first + (self._rng.random(len(user)) * (last - first)).astype(np.int64)]

    def _decide(self, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        """Log odds of a click, and of a purchase after it."""
        person, thing = self._shop.user_stats.values, self._shop.item_stats.values
        u, i = rows.user - 1, rows.item - 1
        department = self._shop.category[i] // DEPARTMENT
        affinity = (self._taste[u] * thing["embedding"][i]).sum(axis=1) / 1.4
        hour = np.where(rows.hour == MISSING, 12.0, rows.hour)
        distance = np.where(rows.distance == MISSING, 5.0, rows.distance)
        paid = thing["price"][i] * (1 - thing["discount"][i])
        stretch = np.log(paid / self._shop.basket[u]) * np.where(rows.device == 1, 0.35, 0.6)
        loyalty = self._loyalty[person["country"][u], thing["brand"][i]]

        appeal = (
            -4.9 + 1.1 * affinity - np.maximum(stretch, -0.5) + 1.5 * thing["discount"][i]
            + 0.12 * np.log1p(thing["views_7d"][i]) + 1.6 * self._shop.quality[i]
            + 0.4 * np.exp(-thing["age_days"][i] / 60) - 1.5 * (1 - thing["in_stock"][i])
            + 0.7 * np.cos((hour - PEAK_HOUR[department]) * np.pi / 12) - 0.06 * distance
            + AGE_SLOPE[department] * (person["age"][u] - 49) / 20 + loyalty
            + self._memory(rows, department)
        )  # fmt: skip
        worth = (
            -1.3 - 0.8 * stretch + 1.0 * self._shop.quality[i] - 3.0 * (1 - thing["in_stock"][i])
            + 0.15 * person["tier"][u] + 1.0 * thing["discount"][i] + 0.5 * loyalty - 0.05 * distance
        )  # fmt: skip
        return appeal, worth

    def _memory(self, rows: Rows, department: np.ndarray) -> np.ndarray:
        """What the user did with the item before."""
        past = self._shop.user_item.values
        row = self._columns.pair_row(rows.user, rows.item)
        known = row < len(past["clicks_7d"])
        row = np.where(known, row, 0)
        again = np.where(department == EATEN_UP, 0.8, -1.2)
        memory = (
            0.6 * np.log1p(past["clicks_7d"][row]) + 0.7 * np.exp(-past["seconds_since_view"][row] / 86_400)
            + again * (past["purchases_30d"][row] > 0)
        )  # fmt: skip
        return np.where(known, memory, 0.0)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


