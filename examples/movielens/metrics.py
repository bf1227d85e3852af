"""NDCG@10, the one number that every ranking here is judged by."""

from __future__ import annotations

import numpy as np


def ranking(scores: np.ndarray) -> np.ndarray:
    """Order candidates as the gateway does: best first, ties as the caller sent them.

    scores: float [candidates]; returns int [candidates].
    """
    return np.argsort(-np.asarray(scores), kind="stable")


def ndcg(gains: np.ndarray, order: np.ndarray, k: int = 10) -> float:
    """Normalised discounted cumulative gain of the first k places.

    gains: float [candidates], what each candidate is worth; order: int
    [candidates], best first. 1.0 is the best order there is, 0.0 finds nothing.
    """
    gains = np.asarray(gains, np.float64)
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    best = np.sort(gains)[::-1][:k]
    found = gains[np.asarray(order)[:k]]
    return float(found @ discount[: len(found)] / (best @ discount[: len(best)]))
