"""Learn to rank movies, and write all that the gateway needs to serve it.

Usage: python train.py DATA_DIR OUT_DIR

    OUT_DIR/gateway.yaml                          what to serve
    OUT_DIR/data/features.yaml, *.parquet         the feature store
    OUT_DIR/models/<name>/model.yaml              which features feed which input
    OUT_DIR/models/<name>/<version>/model.onnx    the models
    OUT_DIR/eval.json                             held-out requests and the right answers
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")  # the same sums every time

import argparse
import hashlib
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import yaml

import neural
import trees
from dataset import Movies, Ratings, read_movies, read_ratings
from evaluate import SIZES, evaluate, onnx_path, read_model, report
from features import Table, item_stats, take_snapshot, user_item, user_stats
from queries import Query, ask
from store import Inputs, Store, write_parquet

HERE = Path(__file__).parent
MODELS = {name: read_model(HERE / "models" / name) for name in ("lightgbm", "neural")}
DECADES = len((HERE / "decades.txt").read_text().splitlines())

CUT = 0.8  # the cut-off lies after this share of all ratings
FIRST_WINDOW = 0.2  # training starts after this share; before it, little is known
WINDOW = 0.05  # share of all ratings that one training window spans
MOMENTS = (0.25, 0.5, 0.75)  # where in a user's window the training queries stand
TRAINING_SIZE = 120  # candidates of a training query


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="directory with ratings.csv and movies.csv")
    parser.add_argument("out", type=Path, help="directory to write")
    arguments = parser.parse_args()
    movies = read_movies(arguments.data)
    ratings = read_ratings(arguments.data, movies)
    cut = _time_at(ratings, CUT)
    for name, version in (("lightgbm", 1), ("neural", 1), ("neural", 2)):
        onnx_path(arguments.out, name, version).parent.mkdir(parents=True, exist_ok=True)

    with _step("features of the training queries"):
        queries, inputs = training_set(movies, ratings, cut)
    train_models(arguments.out, movies, queries, inputs)
    with _step("features at the cut-off"):
        held_out = ask(ratings, cut, moment=0.5, size=max(SIZES), seed=1)
        publish(arguments.out, movies, ratings, cut, held_out)
    with _step(f"offline scores of {len(held_out)} held-out users"):
        result = evaluate(arguments.out, movies, held_out)
        (arguments.out / "eval.json").write_text(json.dumps(result))
    describe(arguments.out, arguments.data, cut, result)
    report(result)


def training_set(
    movies: Movies, ratings: Ratings, cut: int
) -> tuple[list[Query], dict[str, list[Inputs]]]:
    """Queries before the cut-off, asked just as the held-out ones will be.

    Each window of time has its own snapshot and ends before the next one, so a
    training row knows no more than a served row would have known at its time.
    Returns the queries and, by model, the tensors of each.
    """
    queries: list[Query] = []
    inputs: dict[str, list[Inputs]] = {name: [] for name in MODELS}
    starts = np.arange(FIRST_WINDOW, CUT - WINDOW / 2, WINDOW)
    for window, start in enumerate(starts):
        begin, end = _time_at(ratings, start), min(_time_at(ratings, start + WINDOW), cut)
        past = ratings.before(end)
        for i, moment in enumerate(MOMENTS):
            asked = ask(past, begin, moment, TRAINING_SIZE, seed=100 * window + i)
            store = Store(HERE / "features.yaml", tables(movies, past, begin, asked))
            for name, model in MODELS.items():
                inputs[name] += [
                    store.inputs(model, q.user, movies.id[q.candidates]) for q in asked
                ]
            queries += asked
    return queries, inputs


def tables(movies: Movies, ratings: Ratings, cut: int, queries: list[Query]) -> dict[str, Table]:
    """The three feature tables for queries that are asked after `cut`."""
    snapshot = take_snapshot(movies, ratings, cut)
    users = user_stats(snapshot, queries)
    return {
        "user_stats": users,
        "item_stats": item_stats(snapshot),
        "user_item": user_item(snapshot, queries, users),
    }


def train_models(
    out: Path, movies: Movies, queries: list[Query], inputs: dict[str, list[Inputs]]
) -> None:
    """Train both rankers and write three model versions, each proven against its source."""
    gains = [query.gains for query in queries]
    with _step(f"LightGBM on {len(queries)} queries"):
        booster = trees.train(inputs["lightgbm"], gains)
        trees.export(booster, onnx_path(out, "lightgbm", 1), inputs["lightgbm"][-1])
    with _step(f"two towers on {len(queries)} queries"):
        network = neural.train(inputs["neural"], gains, len(movies), DECADES)
        neural.export(network, onnx_path(out, "neural", 1), inputs["neural"][-1])
    with _step("INT8 copy of the two towers"):
        sample = inputs["neural"][::50]
        neural.quantize(onnx_path(out, "neural", 1), onnx_path(out, "neural", 2), sample)


def publish(out: Path, movies: Movies, ratings: Ratings, cut: int, held_out: list[Query]) -> None:
    """Write the feature store as of the cut-off, and the three kinds of YAML."""
    data = out / "data"
    data.mkdir(exist_ok=True)
    for view, table in tables(movies, ratings, cut, held_out).items():
        write_parquet(table, data / f"{view}.parquet")
    shutil.copy(HERE / "features.yaml", data)
    shutil.copy(HERE / "decades.txt", data)
    shutil.copy(HERE / "gateway.yaml", out)
    for name in MODELS:
        shutil.copy(HERE / "models" / name / "model.yaml", out / "models" / name)


def describe(out: Path, data: Path, cut: int, result: dict) -> None:
    """Add to each model.yaml what it was trained on and how well it does."""
    digest = hashlib.sha256((data / "ratings.csv").read_bytes()).hexdigest()
    ndcg = result["ndcg"][str(max(SIZES))]
    for name in MODELS:
        metadata = {
            "trained_on": f"MovieLens ratings before {datetime.fromtimestamp(cut, UTC):%Y-%m-%d}",
            "ratings_sha256": digest,
            "code": "examples/movielens/train.py",
            "ndcg10": {
                ranker.split("/")[1]: round(value, 4)
                for ranker, value in ndcg.items()
                if ranker.startswith(f"{name}/")
            },
        }
        with (out / "models" / name / "model.yaml").open("a") as file:
            yaml.safe_dump({"metadata": metadata}, file, sort_keys=False)


def _time_at(ratings: Ratings, share: float) -> int:
    """The moment after this share of all ratings, in seconds since 1970."""
    return int(np.quantile(ratings.time, share))


@contextmanager
def _step(what: str) -> Iterator[None]:
    """Print how long a step took."""
    start = time.perf_counter()
    yield
    print(f"{time.perf_counter() - start:6.1f} s  {what}", flush=True)


if __name__ == "__main__":
    main()
