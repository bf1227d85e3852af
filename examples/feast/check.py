"""Ask the gateway for rankings, and compare with what Feast's features give.

    python check.py OUT_DIR --gateway bin/gateway

Starts the gateway on OUT_DIR/gateway.yaml, on ports that are free. Each request
is one user and 300 candidates, some of which Feast does not know. The expected
scores come from get_online_features and numpy. Ends with status 1 if a score or
an order is not as it must be.
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path

warnings.simplefilter("ignore")  # Feast's own

import numpy as np
import pandas as pd
from feast import FeatureStore

from data import ITEMS, USERS
from model import WIDTH, score

REQUESTS, CANDIDATES = 20, 300
TOLERANCE = 1e-6  # between two float32 scores
BUDGET_MS = 2000  # so much that a slow machine degrades no answer
START_SECONDS = 60  # for the gateway to be ready
TOLD_SECONDS = 5  # for a write to reach the scores; it takes about a millisecond

SCALARS = ["user_stats:age", "user_stats:spend_30d", "user_stats:premium", "item_stats:price",
           "item_stats:rating", "item_stats:stock", "user_item:clicks_7d"]  # fmt: skip
VECTORS = ["user_stats:taste", "item_stats:style"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="directory that run.sh filled")
    parser.add_argument("--gateway", type=Path, default=Path("bin/gateway"), help="binary to start")
    arguments = parser.parse_args()
    store = FeatureStore(repo_path=str(arguments.out / "feature_repo"))
    rng = np.random.default_rng(2)
    problems: list[str] = []
    with started(arguments.gateway, arguments.out) as connection:
        users = rng.choice(USERS + 20, REQUESTS, replace=False) + 1  # the last 20 are unknown
        worst, feast_ms, rank_ms = 0.0, [], []
        for user in map(int, users):
            items = [f"sku-{i + 1}" for i in rng.choice(ITEMS + 50, CANDIDATES, replace=False)]
            begin = time.perf_counter()
            expected = offline(store, user, items)
            middle = time.perf_counter()
            answer = rank(connection, user, items)
            rank_ms.append(1000 * (time.perf_counter() - middle))
            feast_ms.append(1000 * (middle - begin))
            difference, wrong = compare(answer, items, expected)
            worst = max(worst, difference)
            problems += [f"user {user}: {w}" for w in wrong]
        print(f"{REQUESTS} requests of {CANDIDATES} candidates: max |Δ| {worst:.1e}, "
              f"{'same order' if not problems else 'see below'}")  # fmt: skip
        print(f"median: get_online_features and numpy {np.median(feast_ms):.1f} ms, "
              f"POST /rank {np.median(rank_ms):.1f} ms")  # fmt: skip
        problems += follow_a_write(connection, store, user, items)
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(1 if problems else 0)


def offline(store: FeatureStore, user: int, items: list[str]) -> np.ndarray:
    """The scores by Feast's own features: float32 [items]."""
    rows = [{"user_id": user, "sku": item} for item in items]
    found = store.get_online_features(SCALARS + VECTORS, rows).to_dict()

    def scalar(name: str) -> np.ndarray:
        return np.array([0 if v is None else v for v in found[name]], np.float32)

    def missing(name: str) -> np.ndarray:
        return np.array([v is None for v in found[name]], np.float32)

    def vector(name: str) -> np.ndarray:
        return np.array([v or [0] * WIDTH for v in found[name]], np.float32)

    dense = np.stack([
        scalar("age"), scalar("spend_30d"), scalar("premium"), scalar("price"), scalar("rating"),
        missing("rating"), scalar("stock"), scalar("clicks_7d"), missing("clicks_7d"),
    ], axis=1)  # fmt: skip
    return score(dense, vector("taste")[0], vector("style"))


def compare(answer: dict, items: list[str], expected: np.ndarray) -> tuple[float, list[str]]:
    """The largest difference of a score, and what is wrong with the answer."""
    place = {item: i for i, item in enumerate(items)}
    order = np.array([place[item["id"]] for item in answer["items"]])
    online = np.array([item["score"] for item in answer["items"]], np.float32)
    difference = float(np.abs(online - expected[order]).max())
    wrong = []
    if sorted(order) != list(range(len(items))):
        wrong.append("the answer is not a permutation of the candidates")
    if not difference <= TOLERANCE:
        wrong.append(f"a score is {difference:.1e} off, more than {TOLERANCE:.0e}")
    if (np.diff(expected[order]) > TOLERANCE).any():
        wrong.append("the order is not that of the expected scores")
    if answer["degraded"] or sum(answer["coverage"].values()) != len(items) or answer["coverage"]["fallback"]:
        wrong.append(f"degraded is {answer['degraded']}, coverage {answer['coverage']}")
    return difference, wrong


def follow_a_write(connection: HTTPConnection, store: FeatureStore, user: int, items: list[str]) -> list[str]:
    """Have Feast write one item, and wait until its score follows; all others stay cached."""
    known = [item for item in items if int(item[4:]) <= ITEMS]
    chosen = known[0]
    written = pd.DataFrame({
        "sku": [chosen], "price": np.array([999], np.float32), "rating": np.array([1], np.float32), "stock": [0],
        "style": [np.zeros(WIDTH, np.float32)], "tags": [["new"]],
        "event_timestamp": [datetime.now(UTC)], "created": [datetime.now(UTC)],
    })  # fmt: skip
    store.write_to_online_store("item_stats", written)
    expected = offline(store, user, items)
    wrong = ["nothing was asked"]
    end = time.monotonic() + TOLD_SECONDS
    while wrong and time.monotonic() < end:
        answer = rank(connection, user, items)
        _, wrong = compare(answer, items, expected)
    print(f"after Feast wrote {chosen}: {answer['coverage']['model']} score anew, "
          f"{answer['coverage']['cache']} from the cache")  # fmt: skip
    return [f"after a write of {chosen}: {w}" for w in wrong]


def rank(connection: HTTPConnection, user: int, items: list[str]) -> dict:
    body = json.dumps({"user": user, "items": items, "budget_ms": BUDGET_MS})
    connection.request("POST", "/rank", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    text = response.read()
    if response.status != 200:
        raise SystemExit(f"POST /rank: {response.status} {text.decode()}")
    return json.loads(text)


@contextmanager
def started(binary: Path, out: Path) -> Iterator[HTTPConnection]:
    """Run the gateway on free ports until the block ends."""
    http, admin = free_ports(2)
    config = (out / "gateway.yaml").read_text()
    config = config.replace("127.0.0.1:8080", f"127.0.0.1:{http}")
    config = config.replace("127.0.0.1:9901", f"127.0.0.1:{admin}")
    file = out / "check.yaml"
    file.write_text(config + "drain: {wait: 0s, linger: 0s} # nobody else is being served\n")
    with (out / "gateway.log").open("w") as log:
        process = subprocess.Popen([binary.resolve(), "serve", "-c", file], stderr=log, stdout=log)
    connection = HTTPConnection("127.0.0.1", http, timeout=10)
    try:
        wait_until_ready(connection, process, out / "gateway.log")
        yield connection
    finally:
        connection.close()
        process.terminate()
        process.wait()


def wait_until_ready(connection: HTTPConnection, process: subprocess.Popen, log: Path) -> None:
    """Return once /readyz answers 200; give up if the gateway ends, or takes a minute."""
    give_up = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < give_up:
        try:
            connection.request("GET", "/readyz")
            response = connection.getresponse()
            response.read()
            if response.status == 200:
                return
        except (OSError, HTTPException):
            connection.close()
        time.sleep(0.05)
    raise SystemExit(f"the gateway did not become ready:\n{log.read_text()}")


def free_ports(n: int) -> list[int]:
    """Ports that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


if __name__ == "__main__":
    main()
