"""Rank with a model on Triton, and hold the scores against numpy.

    python check.py OUT_DIR --gateway bin/gateway

Starts a tritonserver of the package nvidia-pytriton on OUT_DIR/models and the gateway on
OUT_DIR/gateway.yaml, on ports that are free; checks /rank over HTTP and the Open Inference
Protocol over gRPC; ends Triton, and checks what is answered without it. Ends with status
1 if an answer is not as it must be.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import tritonclient.grpc

USERS, ITEMS, CANDIDATES, HOUR = 50, 1000, 300, 21
WEIGHTS = np.array([0.25, -0.125, 8, 0.5], np.float32)  # of models/ranker/1/model.py
TOLERANCE = 1e-4  # between two float32 scores of up to 100
BUDGET_MS = 2000  # so much that a slow machine degrades no answer
START_SECONDS = 60
PACKAGES = Path(sysconfig.get_path("purelib"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="directory that run.sh filled")
    parser.add_argument("--gateway", type=Path, default=Path("bin/gateway"), help="binary to start")
    arguments = parser.parse_args()
    out, rng = arguments.out, np.random.default_rng(3)
    ages, stats = shop(out, rng)
    http, grpc, admin, triton_http, triton_grpc = (f"127.0.0.1:{port}" for port in free_ports(5))
    configuration = (out / "gateway.yaml").read_text()
    for port, address in {8080: http, 8081: grpc, 9901: admin, 8001: triton_grpc}.items():
        configuration = configuration.replace(f"127.0.0.1:{port}", address)
    (out / "gateway.yaml").write_text(configuration)

    with started(triton(out, triton_http, triton_grpc), out / "triton.log", environment=triton_environment()) as server:
        until(lambda: ready(triton_http, "/v2/health/ready"), out / "triton.log")
        subprocess.run([arguments.gateway, "check", "-c", out / "gateway.yaml"], check=True)
        with started([arguments.gateway, "serve", "-c", out / "gateway.yaml"], out / "gateway.log"):
            until(lambda: ready(http, "/readyz"), out / "gateway.log")
            items = [int(i) for i in rng.choice(ITEMS, CANDIDATES, replace=False)]
            compare(http, grpc, items, np.column_stack([np.full(CANDIDATES, ages[7]), stats[items], np.full(CANDIDATES, HOUR)]))
            end(server)
            known, unknown = rank(http, 7, items)[0], rank(http, 8, items)[0]
            expect(known["coverage"]["cache"] == CANDIDATES, f"without Triton coverage is {known['coverage']}")
            expect(unknown["coverage"]["fallback"] == CANDIDATES, f"without Triton coverage is {unknown['coverage']}")
            print(f"without Triton: user 7 from the cache; user 8 degraded, in {unknown['took_ms']:.2f} ms")


def compare(http: str, grpc: str, items: list[int], dense: np.ndarray) -> None:
    """Compares the scores of user 7, and those of the inputs themselves, with numpy's."""
    expected = dense.astype(np.float32) @ WEIGHTS
    answer, scores = rank(http, 7, items)
    worst = np.abs(np.array([scores[str(i)] for i in items]) - expected).max()
    expect(worst < TOLERANCE, f"a score of /rank is {worst} off")
    expect(answer["coverage"]["model"] == CANDIDATES, f"coverage is {answer['coverage']}")
    print(f"/rank: {CANDIDATES} candidates, max |Δ| {worst:.1e}, {answer['took_ms']:.1f} ms")

    tensor = tritonclient.grpc.InferInput("dense", dense.shape, "FP32")
    tensor.set_data_from_numpy(dense.astype(np.float32))
    result = tritonclient.grpc.InferenceServerClient(grpc).infer("ranker", [tensor]).as_numpy("score")
    worst = np.abs(result[:, 0] - expected).max()
    expect(worst < TOLERANCE, f"a score for tritonclient is {worst} off")
    print(f"tritonclient over gRPC: {len(result)} rows, max |Δ| {worst:.1e}")


def shop(out: Path, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Writes the rows of users and items, and returns them."""
    ages, stats = rng.integers(18, 80, USERS), rng.integers(0, 400, (ITEMS, 2)) / 4
    (out / "user_stats.csv").write_text("user,age\n" + "".join(f"{u},{age}\n" for u, age in enumerate(ages)))
    rows = "".join(f"{i},{price},{rating}\n" for i, (price, rating) in enumerate(stats))
    (out / "item_stats.csv").write_text("item,price,rating\n" + rows)
    return ages, stats


def triton(out: Path, http: str, grpc: str) -> list[str]:
    """The command of a tritonserver with its python backend, whose stub for this Python
    the package keeps elsewhere."""
    home, backend = PACKAGES / "pytriton/tritonserver", out / "backends/python"
    shutil.copytree(home / "backends/python", backend)
    stub = home / f"python_backend_stubs/{sys.version_info[0]}.{sys.version_info[1]}/triton_python_backend_stub"
    shutil.copy(stub, backend)
    (backend / stub.name).chmod(0o700)
    (http_host, http_port), (grpc_host, grpc_port) = http.split(":"), grpc.split(":")
    return [
        str(home / "bin/tritonserver"), f"--model-repository={out / 'models'}", f"--backend-directory={out / 'backends'}",
        f"--http-address={http_host}", f"--http-port={http_port}", f"--grpc-address={grpc_host}", f"--grpc-port={grpc_port}",
        "--allow-metrics=false", "--exit-timeout-secs=5",
    ]  # fmt: skip


def triton_environment() -> dict[str, str]:
    return {
        "PYTHONHOME": sys.base_prefix, "EXAMPLE_SITE_PACKAGES": str(PACKAGES),
        "LD_LIBRARY_PATH": str(PACKAGES / "nvidia_pytriton.libs"),
    }  # fmt: skip


@contextmanager
def started(command: list, log: Path, environment: dict[str, str] | None = None) -> Iterator[subprocess.Popen]:
    with log.open("wb") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=sink, env=os.environ | (environment or {}), start_new_session=True)
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen) -> None:
    """Ends a process in order; a second signal ends the gateway's drain."""
    for _ in range(2):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(1)
            except subprocess.TimeoutExpired:
                continue
    process.wait(START_SECONDS)


def until(condition, log: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.02)
    sys.exit(f"not ready after {START_SECONDS} s: see {log}")


def ready(address: str, path: str) -> bool:
    with urllib.request.urlopen(f"http://{address}{path}", timeout=1) as response:
        return response.status == 200


def rank(address: str, user: int, items: list[int]) -> tuple[dict, dict[str, float]]:
    """An answer of /rank, and its scores by item."""
    body = json.dumps({"user": user, "items": items, "context": {"hour": HOUR}, "budget_ms": BUDGET_MS}).encode()
    request = urllib.request.Request(f"http://{address}/rank", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as response:
        answer = json.load(response)
    return answer, {item["id"]: item["score"] for item in answer["items"]}


def free_ports(n: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        sys.exit(otherwise)


if __name__ == "__main__":
    main()
