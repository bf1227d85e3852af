"""Read MovieLens ml-latest-small: ratings and movies, nothing derived yet."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

GENRES = (
    "Action", "Adventure", "Animation", "Children", "Comedy", "Crime", "Documentary",
    "Drama", "Fantasy", "Film-Noir", "Horror", "IMAX", "Musical", "Mystery", "Romance",
    "Sci-Fi", "Thriller", "War", "Western", "(no genres listed)",
)  # fmt: skip

MAX_DAMAGED = 10  # lines of ratings.csv that may be unreadable before we refuse the file


@dataclass(frozen=True)
class Movies:
    """The catalogue, sorted by id. Row i of every array is the same movie."""

    id: np.ndarray  # int64 [movies]
    year: np.ndarray  # float32 [movies], NaN where the title does not say
    genres: np.ndarray  # float32 [movies, 20], 1 where the movie has the genre

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True)
class Ratings:
    """Who rated what, and when, sorted by time."""

    user: np.ndarray  # int64 [ratings], MovieLens user id
    movie: np.ndarray  # int64 [ratings], row in Movies (not the MovieLens id)
    stars: np.ndarray  # float32 [ratings], 0.5 to 5.0
    time: np.ndarray  # int64 [ratings], seconds since 1970

    def __len__(self) -> int:
        return len(self.user)

    def where(self, mask: np.ndarray) -> Ratings:
        """The ratings that a boolean mask selects, still sorted by time."""
        return Ratings(self.user[mask], self.movie[mask], self.stars[mask], self.time[mask])

    def before(self, time: int) -> Ratings:
        """The ratings given strictly before a moment."""
        return self.where(self.time < time)


def read_movies(directory: Path) -> Movies:
    """Read movies.csv; a title's last "(1995)" is the year."""
    ids, years, genres = [], [], []
    for movie_id, title, names in _rows(directory / "movies.csv"):
        year = re.search(r"\((\d{4})\)\s*$", title)
        ids.append(int(movie_id))
        years.append(float(year[1]) if year else np.nan)
        genres.append([float(g in names.split("|")) for g in GENRES])
    order = np.argsort(ids)
    return Movies(
        np.array(ids, np.int64)[order],
        np.array(years, np.float32)[order],
        np.array(genres, np.float32)[order],
    )


def read_ratings(directory: Path, movies: Movies) -> Ratings:
    """Read ratings.csv; a line that is not four numbers is skipped and reported."""
    path = directory / "ratings.csv"
    rows, damaged = [], []
    for line, row in enumerate(_rows(path), start=2):
        try:
            user, movie, stars, time = row
            rows.append((int(user), int(movie), float(stars), int(time)))
        except ValueError:
            damaged.append(line)
    if len(damaged) > MAX_DAMAGED:
        raise SystemExit(f"{path}: {len(damaged)} unreadable lines, first at {damaged[0]}")
    for line in damaged:
        print(f"{path.name}:{line}: skipped, not four numbers", file=sys.stderr)

    user, movie, stars, time = (np.array(column) for column in zip(*rows, strict=True))
    order = np.argsort(time, kind="stable")
    row_of_movie = np.searchsorted(movies.id, movie)
    ratings = Ratings(user, row_of_movie, stars.astype(np.float32), time)
    return ratings.where(order)


def _rows(path: Path) -> Iterator[list[str]]:
    """The rows of a CSV file without its header."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        next(rows)
        yield from rows
