"""Train the demo's two rankers and note what they must answer.

    python -m venv venv && venv/bin/pip install -r requirements.txt
    OPENBLAS_NUM_THREADS=1 venv/bin/python train.py

Rewrites ../models and ../golden.json. The shop and the customers' answers are
the same on every machine. Weights are the same where the linear algebra adds up
in the same order, which the variable above sees to on one kind of processor.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import catalogue
import export
import golden
import repository
from columns import Columns, Rows
from inputs import WIDTH, indices, wide
from network import BATCH, Adam, Network, batches
from simulate import Customers, Labels

SEED = 20_260
HELD_OUT = 5, 2  # users whose id leaves 2 when divided by 5 are only asked at the end
CANDIDATES = 200
TOP = 10


@dataclass(frozen=True)
class Version:
    """One version of the ranker."""

    name: str
    heads: dict[str, float]  # weight in the score
    hidden: tuple[int, int]
    best_sellers: bool  # a bias of its own for each best-seller
    users: int  # of those not held out
    candidates: int  # seen by each of them
    epochs: int


VERSIONS = [
    Version("3", {"click": 1.0}, (64, 32), best_sellers=False, users=3_000, candidates=60, epochs=4),
    Version("4", {"click": 0.7, "buy": 0.3}, (80, 40), best_sellers=True, users=8_000, candidates=120, epochs=6),
]


def main() -> None:
    """Train, measure, write."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", type=Path, default=Path(__file__).resolve().parent.parent, help="where models and golden.json go")
    out = arguments.parse_args().out
    shop = catalogue.build()
    columns = Columns(shop)
    customers = Customers(shop, columns, np.random.default_rng(SEED))
    users = np.arange(1, catalogue.USERS + 1)
    held_out = users % HELD_OUT[0] == HELD_OUT[1]
    exam = Exam(customers, columns, users[held_out])
    exam.report("possible", exam.labels.chance)
    exam.report("popularity", columns.column("item_stats.views_7d", exam.rows))

    for version in VERSIONS:
        network = train(version, customers, columns, users[~held_out])
        heads = list(version.heads)
        path = out / "models" / "ranker" / version.name / "model.onnx"
        export.write(path, network, heads)
        weights = np.array([version.heads[h] for h in heads], np.float32)
        exam.report(version.name, predict(network, columns, exam.rows) @ weights)
        print(f"{path.name} of version {version.name}: {path.stat().st_size:,} bytes")
        repository.write(out / "models" / "ranker", version, exam.ndcg, shop.digest(), VERSIONS[0])
    golden.write(out / "golden.json", out / "models" / "ranker", VERSIONS, shop, columns)


def train(version: Version, customers: Customers, columns: Columns, users: np.ndarray) -> Network:
    """Learn from what customers answer."""
    start = time.monotonic()
    rng = np.random.default_rng([SEED, int(version.name)])
    rows = customers.meet(rng.permutation(users)[: version.users], version.candidates)
    labels = targets(version, customers.answer(rows))
    index = indices(columns, rows)
    network = Network(WIDTH, version.hidden, len(version.heads), catalogue.HEAD + 1 if version.best_sellers else 0, rng)
    network.standardize(wide(columns, rows.take(rng.integers(0, len(rows), 50_000))))
    adam = Adam(network.parameters, version.epochs * (len(rows) // BATCH))
    for _ in range(version.epochs):
        for batch in batches(len(rows), rng):
            x = wide(columns, rows.take(batch))
            adam.update(network.gradient(x, index[batch], labels[batch]))
    print(f"version {version.name}: {len(rows):,} answers, {version.epochs} times, in {time.monotonic() - start:.0f} s")
    return network


def targets(version: Version, labels: Labels) -> np.ndarray:
    """float32 [rows, heads]."""
    return np.stack([getattr(labels, head) for head in version.heads], axis=1)


def predict(network: Network, columns: Columns, rows: Rows) -> np.ndarray:
    """Probabilities of each head."""
    parts = np.array_split(np.arange(len(rows)), max(len(rows) // 50_000, 1))
    return np.concatenate([network.predict(wide(columns, rows.take(p)), indices(columns, rows.take(p))) for p in parts])


class Exam:
    """Requests of users that no training has seen, and what they answered."""

    def __init__(self, customers: Customers, columns: Columns, users: np.ndarray):
        self.rows = customers.meet(users, CANDIDATES)
        self.labels = customers.answer(self.rows)
        self.gains = (self.labels.click + 2 * self.labels.buy).reshape(len(users), CANDIDATES)
        self.ndcg: dict[str, float] = {}

    def report(self, name: str, scores: np.ndarray) -> None:
        """Note and print NDCG@10: a click is worth 1, a purchase 3. Who clicked
        nothing does not count."""
        order = np.argsort(-scores.reshape(self.gains.shape), axis=1, kind="stable")
        discount = 1 / np.log2(np.arange(2, TOP + 2))
        got = (np.take_along_axis(self.gains, order[:, :TOP], axis=1) * discount).sum(axis=1)
        best = (-np.sort(-self.gains, axis=1)[:, :TOP] * discount).sum(axis=1)
        self.ndcg[name] = float((got[best > 0] / best[best > 0]).mean())
        print(f"NDCG@{TOP} of {name}: {self.ndcg[name]:.4f}")


if __name__ == "__main__":
    main()
