"""Turn ratings into the three feature tables: user, item and pair.

Every table is a plain dict from column name to array, one entry per row, with
the entity keys and `ts`, the time of the newest rating a row may know about.
Training and serving call the same functions; only `cut` and `moment` differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataset import Movies, Ratings
from queries import LIKED, Query

Table = dict[str, np.ndarray]

YEAR = 365.25 * 24 * 3600  # seconds
NEIGHBOURS = 20  # similar movies of the history that count for a candidate
LATELY = 10  # liked movies that make up the user's latest taste
DAMPING = 10.0  # raters added to every movie, so that two shared raters prove little


@dataclass(frozen=True)
class Snapshot:
    """What everybody's ratings said at one moment."""

    cut: int  # seconds since 1970; ratings from here on are unknown
    movies: Movies
    ratings: Ratings  # before the cut
    age: np.ndarray  # float32 [movies], years since release, NaN where not known
    popularity: np.ndarray  # float32 [movies]
    watched: np.ndarray  # float32 [users, movies], columns scaled for cosines
    liked: np.ndarray  # float32 [users, movies], the same for 4 stars or more


def take_snapshot(movies: Movies, ratings: Ratings, cut: int) -> Snapshot:
    """Look at the ratings before `cut`, and at no others."""
    past = ratings.before(cut)
    users, row = np.unique(past.user, return_inverse=True)
    watched = np.zeros((len(users), len(movies)), np.float32)
    watched[row, past.movie] = 1.0
    liked = np.zeros_like(watched)
    liked[row, past.movie] = past.stars >= LIKED
    return Snapshot(
        cut,
        movies,
        past,
        age=np.float32(1970 + cut / YEAR) - movies.year,
        popularity=_popularity(past, len(movies)),
        watched=_scaled(watched),
        liked=_scaled(liked),
    )


def item_stats(snapshot: Snapshot) -> Table:
    """One row per movie of the catalogue, rated or not."""
    movies, past = snapshot.movies, snapshot.ratings
    count = _per_movie(past, len(movies))
    stars = _per_movie(past, len(movies), past.stars)
    likes = _per_movie(past, len(movies), past.stars >= LIKED)
    recent = past.where(past.time >= snapshot.cut - 2 * YEAR)
    return {
        "item": movies.id,
        "ts": np.full(len(movies), snapshot.cut),
        "index": np.arange(1, len(movies) + 1),
        "popularity": snapshot.popularity,
        "recent": _popularity(recent, len(movies)),
        "mean_stars": ((stars + 3.5 * 5) / (count + 5)).astype(np.float32),
        "like_rate": ((likes + 0.5 * 5) / (count + 5)).astype(np.float32),
        "age": snapshot.age,
        "decade": np.array([None if np.isnan(y) else f"{int(y) // 10}0s" for y in movies.year]),
        "genres": movies.genres,
    }


def user_stats(snapshot: Snapshot, queries: list[Query]) -> Table:
    """One row per query: the user at the query's moment."""
    rows = [_user_row(snapshot, query) for query in queries]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def user_item(snapshot: Snapshot, queries: list[Query], users: Table) -> Table:
    """One row per pair of user and candidate that share at least one rater.

    users: the table that user_stats made of the same queries.
    """
    parts = [
        _pair_rows(snapshot, q, users["genres"][i], users["mean_age"][i])
        for i, q in enumerate(queries)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _user_row(snapshot: Snapshot, query: Query) -> dict[str, object]:
    """The user's history in a few numbers."""
    seen, stars = query.history.movie, query.history.stars
    liked = seen[stars >= LIKED] if (stars >= LIKED).any() else seen
    return {
        "user": query.user,
        "ts": query.history.time.max(),
        "ratings": np.float32(np.log1p(len(seen))),
        "mean_stars": stars.mean(dtype=np.float32),
        "like_rate": np.float32((stars >= LIKED).mean()),
        "mean_age": np.nanmean(snapshot.age[seen]),
        "mainstream": snapshot.popularity[seen].mean(),
        "genres": snapshot.movies.genres[liked].mean(axis=0),
    }


def _pair_rows(snapshot: Snapshot, query: Query, taste: np.ndarray, mean_age: float) -> Table:
    """The rows of one user; taste: float32 [20], the user's genres."""
    movies, history = snapshot.movies, query.history
    liked = history.movie[history.stars >= LIKED]  # oldest first
    watched_with = _closeness(snapshot.watched, history.movie, query.candidates)
    liked_with = _closeness(snapshot.liked, liked, query.candidates)
    lately_with = _closeness(snapshot.liked, liked[-LATELY:], query.candidates)
    linked = watched_with > 0
    candidates = query.candidates[linked]
    return {
        "user": np.full(len(candidates), query.user),
        "item": movies.id[candidates],
        "ts": np.full(len(candidates), history.time.max()),
        "watched_with": watched_with[linked],
        "liked_with": liked_with[linked],
        "lately_with": lately_with[linked],
        "genre_match": _cosine(movies.genres[candidates], taste),
        "age_gap": np.abs(snapshot.age[candidates] - mean_age),
    }


def _closeness(scaled: np.ndarray, history: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """How close each candidate is to the movies of the history: float32 [candidates].

    The sum of the cosines of its nearest neighbours in the history. scaled:
    float32 [users, movies]; history, candidates: rows in Movies.
    """
    cosines = scaled[:, candidates].T @ scaled[:, history]
    nearest = np.sort(cosines, axis=1)[:, -NEIGHBOURS:]
    return nearest.sum(axis=1, dtype=np.float32)


def _popularity(ratings: Ratings, movies: int) -> np.ndarray:
    """How often each movie is rated, log(1 + ratings per 10,000): float32 [movies]."""
    return np.log1p(1e4 * _per_movie(ratings, movies) / len(ratings)).astype(np.float32)


def _scaled(matrix: np.ndarray) -> np.ndarray:
    """Scale each column so that a dot product of two is their damped cosine."""
    return matrix / np.sqrt(matrix.sum(axis=0) + DAMPING)


def _cosine(rows: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """The cosine of each row of [n, d] with a vector [d]: float32 [n]."""
    length = np.linalg.norm(rows, axis=1) * np.linalg.norm(vector)
    return (rows @ vector / np.maximum(length, 1e-6)).astype(np.float32)


def _per_movie(ratings: Ratings, movies: int, weights: np.ndarray | None = None) -> np.ndarray:
    """Count the ratings of each movie, or sum a weight over them: float64 [movies]."""
    return np.bincount(ratings.movie, weights, minlength=movies)
