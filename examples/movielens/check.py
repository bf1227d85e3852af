"""Ask a running gateway what eval.json knows, and compare.

    python check.py OUT_DIR [--gateway bin/gateway [--redis] | --url http://127.0.0.1:8080]

With --redis the features do not come from the files but from a Redis server, which
is started here and filled by `gateway materialize`. Without --url it starts the gateway itself, afresh for each number of
candidates, on ports that are free. With --url the gateway must have been
started on OUT_DIR/gateway.yaml just before, its cache still empty.

Every held-out request is sent twice to every model version: cold, when each
score must come from a forward pass, and warm, when each must come from the
cache. Ends with status 1 if any score, order, NDCG@10 or source is not as it
must be.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from metrics import ndcg, ranking

TOLERANCE = 1e-5  # between an online and an offline score
BUDGET_MS = 2000  # so much that a slow machine degrades no answer
START_SECONDS = 60  # for the gateway to be ready
HEADER = ("model", "version", "candidates", "cache", "max |Δ|", "order",
          "NDCG@10 online", "offline", "popularity")  # fmt: skip


@dataclass
class Gateway:
    """A running gateway, and what its cache must hold by now."""

    connection: HTTPConnection
    cached: set[tuple[str, int, int]] = field(default_factory=set)  # ranker, user, item

    def rank(self, ranker: str, request: dict) -> dict:
        """POST one held-out request to one model version ("neural/2")."""
        model, version = ranker.split("/")
        body = {
            "user": request["user"],
            "items": request["items"],
            "budget_ms": BUDGET_MS,
        }
        headers = {"Content-Type": "application/json", "X-Model-Version": version}
        self.connection.request("POST", f"/rank/{model}", json.dumps(body), headers)
        response = self.connection.getresponse()
        text = response.read()
        if response.status != 200:
            raise SystemExit(f"POST /rank/{model}: {response.status} {text.decode()}")
        return json.loads(text)

    def expected_coverage(self, ranker: str, request: dict) -> dict[str, int]:
        """Where the scores of this request must come from, and remember them as cached."""
        pairs = {(ranker, request["user"], item) for item in request["items"]}
        known = len(pairs & self.cached)
        self.cached |= pairs
        return {"model": len(pairs) - known, "cache": known, "stale": 0, "fallback": 0}


@dataclass
class Row:
    """One line of the table: all held-out users, one ranker, one size, one cache state."""

    ranker: str
    size: int
    state: str  # "cold" or "warm"
    popularity: float  # NDCG@10
    offline: float  # NDCG@10
    online: float = 0.0  # NDCG@10
    difference: float = 0.0  # largest distance between an online and an offline score
    reordered: int = 0  # answers in another order than offline
    problems: list[str] = field(default_factory=list)

    def judge(self) -> list[str]:
        """Everything that is wrong with this line."""
        wrong = self.problems[:3]
        if len(self.problems) > len(wrong):
            wrong.append(f"{len(self.problems) - len(wrong)} more answers are not as they must be")
        if not self.difference <= TOLERANCE:
            wrong.append(f"a score is {self.difference:.1e} off, more than {TOLERANCE:.0e}")
        if self.reordered:
            wrong.append(f"{self.reordered} answers are in another order than offline")
        if round(self.online, 4) != round(self.offline, 4):
            wrong.append(f"NDCG@10 is {self.online:.4f}, offline {self.offline:.4f}")
        if not self.online > self.popularity:
            wrong.append(f"NDCG@10 is {self.online:.4f}, popularity {self.popularity:.4f}")
        return [f"{self.ranker}, {self.size} candidates, {self.state}: {w}" for w in wrong]

    def cells(self) -> tuple[str, ...]:
        model, version = self.ranker.split("/")
        order = f"{self.reordered} differ" if self.reordered else "same"
        return (
            model, version, str(self.size), self.state, f"{self.difference:.1e}", order,
            f"{self.online:.4f}", f"{self.offline:.4f}", f"{self.popularity:.4f}",
        )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="directory that train.py wrote")
    parser.add_argument("--gateway", type=Path, default=Path("bin/gateway"), help="binary to start")
    parser.add_argument("--redis", action="store_true", help="serve the features from Redis")
    parser.add_argument("--url", help="a gateway that runs already")
    arguments = parser.parse_args()
    expected = json.loads((arguments.out / "eval.json").read_text())

    rows: list[Row] = []
    if arguments.url:
        gateway = Gateway(HTTPConnection(urlsplit(arguments.url).netloc, timeout=10))
        for size in expected["ndcg"]:
            rows += check(gateway, expected, int(size))
    else:
        config = (arguments.out / "gateway.yaml").read_text()
        with filled(arguments.gateway, arguments.out, config) if arguments.redis else nullcontext(config) as config:
            for size in expected["ndcg"]:
                with started(arguments.gateway, arguments.out, config) as gateway:
                    rows += check(gateway, expected, int(size))

    print_table(rows)
    problems = [problem for row in rows for problem in row.judge()]
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(1 if problems else 0)


def check(gateway: Gateway, expected: dict, size: int) -> list[Row]:
    """Send every request of one size to every ranker, cold and then warm."""
    requests = [r for r in expected["requests"] if len(r["items"]) == size]
    means = expected["ndcg"][str(size)]
    rows = []
    for ranker in (r for r in means if "/" in r):  # baselines have no version
        for state in ("cold", "warm"):
            row = Row(ranker, size, state, means["popularity"], means[ranker])
            found = [compare(gateway, row, request) for request in requests]
            row.online = float(np.mean(found))
            rows.append(row)
    return rows


def compare(gateway: Gateway, row: Row, request: dict) -> float:
    """Ask once, note in `row` what differs from offline, return the NDCG@10 found."""
    coverage = gateway.expected_coverage(row.ranker, request)
    answer = gateway.rank(row.ranker, request)
    place = {str(item): i for i, item in enumerate(request["items"])}
    order = np.array([place[item["id"]] for item in answer["items"]])
    online = np.array([item["score"] for item in answer["items"]], np.float32)
    offline = np.array(request["scores"][row.ranker], np.float32)

    must_be = {
        "model": row.ranker.split("/")[0],
        "version": row.ranker.split("/")[1],
        "degraded": False,
        "coverage": coverage,
    }
    for name, value in must_be.items():
        if answer[name] != value:
            row.problems.append(f"user {request['user']}: {name} is {answer[name]}, not {value}")
    row.difference = max(row.difference, float(np.abs(online - offline[order]).max()))
    row.reordered += not np.array_equal(order, ranking(offline))
    return ndcg(np.array(request["gains"]), order)


@contextmanager
def filled(binary: Path, out: Path, config: str) -> Iterator[str]:
    """Run a Redis server that holds the features, and yield the configuration that reads them there.

    The baseline is what `default: mean` stands for, learnt from the same rows.
    """
    server = shutil.which("redis-server")
    if server is None:
        raise SystemExit('redis-server is not here: run "sudo apt-get install redis-server"')
    (port,) = free_ports(1)
    embedded = "features: {registry: data/features.yaml}"
    if embedded not in config:
        raise SystemExit(f"gateway.yaml has no line {embedded!r} to put Redis in the place of")
    store = f'{{redis: {{addresses: ["127.0.0.1:{port}"]}}}}'
    config = config.replace(
        embedded,
        f"features: {{registry: data/features.yaml, baseline: data/baseline.json, store: {store}}}",
    )
    file = out / "materialize.yaml"
    file.write_text(config)
    process = subprocess.Popen(
        [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(out)],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until_open(port, process)
        command = [binary.resolve(), "materialize", "-c", file, "--baseline", out / "data" / "baseline.json"]
        subprocess.run(command, check=True)
        yield config
    finally:
        process.terminate()
        process.wait()


def wait_until_open(port: int, process: subprocess.Popen) -> None:
    """Return once something listens on the port."""
    give_up = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < give_up:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit("redis-server did not start")


@contextmanager
def started(binary: Path, out: Path, config: str) -> Iterator[Gateway]:
    """Run the gateway on free ports until the block ends."""
    http, admin = free_ports(2)
    config = config.replace("127.0.0.1:8080", f"127.0.0.1:{http}")
    config = config.replace("127.0.0.1:9901", f"127.0.0.1:{admin}")
    file = out / "check.yaml"
    file.write_text(config + "drain: {wait: 0s, linger: 0s} # nobody else is being served\n")
    with (out / "gateway.log").open("w") as log:
        process = subprocess.Popen([binary.resolve(), "serve", "-c", file], stderr=log, stdout=log)
    try:
        connection = HTTPConnection("127.0.0.1", http, timeout=10)
        wait_until_ready(connection, process, out / "gateway.log")
        yield Gateway(connection)
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


def print_table(rows: list[Row]) -> None:
    lines = [HEADER] + [row.cells() for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADER))]
    for line in lines:
        print("  ".join(cell.rjust(w) for cell, w in zip(line, widths, strict=True)))


if __name__ == "__main__":
    main()
