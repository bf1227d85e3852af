"""Cut the ratings in time and ask the questions that a ranker must answer.

    ──── everybody's ratings ────┬──────── later ratings ────────
                                 cut
    one user:        o  o        |   o  o  o   ?  ?  ?  ?
                     └──── history ───────┘ │  └─ held out ─┘
                                            moment

A query stands at one user's `moment`: item features know the ratings before
`cut`, user features know that user's ratings before `moment`, and the answer
is what the user rated from `moment` on. Nothing to the right is ever used on
the left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataset import Ratings

LIKED = 4.0  # stars
HELD_OUT = 20  # ratings after the moment that count; heavy users would drown the rest
MIN_HISTORY = 5  # ratings before the moment


@dataclass(frozen=True)
class Query:
    """One user at one moment, and the candidates to be ranked then."""

    user: int
    moment: int  # seconds since 1970
    history: Ratings  # of this user, before the moment
    candidates: np.ndarray  # int64 [candidates], rows in Movies, in random order
    gains: np.ndarray  # float32 [candidates], 3 liked, 1 rated, 0 neither


def ask(ratings: Ratings, cut: int, moment: float, size: int, seed: int) -> list[Query]:
    """One query for each user who is active from `cut` on.

    The moment lies after the given share (0 to 1) of the user's ratings since
    the cut. Candidates are movies that had a rating before the cut: first what
    the user rated next, then movies that the user did not rate, drawn
    uniformly, `size` in all.
    """
    rng = np.random.default_rng(seed)
    known = np.unique(ratings.before(cut).movie)
    queries = []
    for user in np.unique(ratings.user[ratings.time >= cut]):
        own = ratings.where(ratings.user == user)
        since = own.time[own.time >= cut]
        at = since[int(moment * (len(since) - 1))]
        query = _query(user, at, own, known, size, rng)
        if query:
            queries.append(query)
    return queries


def _query(
    user: int, at: int, own: Ratings, known: np.ndarray, size: int, rng: np.random.Generator
) -> Query | None:
    """The query of one user, or None if there is too little to learn or to find."""
    later = own.where((own.time >= at) & np.isin(own.movie, known))
    history = own.before(at)
    if len(history) < MIN_HISTORY or not (later.stars[:HELD_OUT] >= LIKED).any():
        return None
    rated, stars = later.movie[:HELD_OUT], later.stars[:HELD_OUT]
    unrated = np.setdiff1d(known, own.movie)
    candidates = np.concatenate([rated, rng.choice(unrated, size - len(rated), replace=False)])
    gains = np.zeros(size, np.float32)
    gains[: len(rated)] = np.where(stars >= LIKED, 3.0, 1.0)
    shuffled = rng.permutation(size)  # ties keep this order, so it must say nothing
    return Query(int(user), int(at), history, candidates[shuffled], gains[shuffled])


def shrink(query: Query, size: int, seed: int) -> Query:
    """The same query with fewer candidates: all that was rated, and some of the rest."""
    rng = np.random.default_rng([seed, query.user])
    rated = np.flatnonzero(query.gains)
    others = rng.choice(np.flatnonzero(query.gains == 0), size - len(rated), replace=False)
    keep = rng.permutation(np.concatenate([rated, others]))
    return Query(query.user, query.moment, query.history, query.candidates[keep], query.gains[keep])
