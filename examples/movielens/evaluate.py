"""Score the held-out requests offline and write down the right answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import yaml

from dataset import Movies
from metrics import ndcg, ranking
from queries import Query, shrink
from store import Inputs, Store

SIZES = (100, 300, 500)  # candidates per request
VERSIONS = (("lightgbm", 1), ("neural", 1), ("neural", 2))
POPULARITY = "popularity"  # ratings of the last two years
ALL_TIME = "all-time popularity"


class Scorer:
    """One model version as the gateway runs it: a session and a weighted sum."""

    def __init__(self, model: dict, path: Path) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        score = model["score"]
        self._heads = {score: {}} if isinstance(score, str) else score

    def score(self, tensors: Inputs) -> np.ndarray:
        """One score per candidate: float32 [candidates]."""
        outputs = self._session.run(list(self._heads), tensors)
        total = np.zeros(len(outputs[0]), np.float32)
        for head, output in zip(self._heads.values(), outputs, strict=True):
            total += np.float32(head.get("weight", 1)) * output[:, head.get("column", 0)]
        return total


def evaluate(out: Path, movies: Movies, held_out: list[Query]) -> dict:
    """Score every held-out query at every size, from the files that were written.

    Returns what becomes eval.json: the requests, each with the gains and the
    scores of its candidates by ranker, and the mean NDCG@10 by size and ranker.
    """
    store = Store.read(out / "data")
    models = {name: read_model(out / "models" / name) for name, _ in VERSIONS}
    scorers = {
        f"{name}/{version}": Scorer(models[name], onnx_path(out, name, version))
        for name, version in VERSIONS
    }
    requests = []
    for size in SIZES:
        for query in held_out:
            query = shrink(query, size, seed=size)
            items = movies.id[query.candidates]
            scores = {
                POPULARITY: store.column("item_stats.recent", query.user, items),
                ALL_TIME: store.column("item_stats.popularity", query.user, items),
            }
            for name in models:
                tensors = store.inputs(models[name], query.user, items)
                mine = {r: s for r, s in scorers.items() if r.startswith(f"{name}/")}
                scores |= {ranker: scorer.score(tensors) for ranker, scorer in mine.items()}
            requests.append(
                {
                    "user": query.user,
                    "items": items.tolist(),
                    "gains": query.gains.tolist(),
                    "scores": {ranker: s.tolist() for ranker, s in scores.items()},
                }
            )
    return {"requests": requests, "ndcg": _means(requests)}


def report(result: dict) -> None:
    """Print NDCG@10 by ranker and size, and how sure the lead on popularity is."""
    print(f"\n{'offline NDCG@10':<22}" + "".join(f"{n:>8}" for n in SIZES))
    for ranker in result["ndcg"][str(SIZES[0])]:
        means = [result["ndcg"][str(n)][ranker] for n in SIZES]
        lead = _lead(result["requests"], ranker)
        print(f"{ranker:<22}" + "".join(f"{m:8.4f}" for m in means) + f"   {lead}")


def read_model(directory: Path) -> dict:
    """What model.yaml says."""
    return yaml.safe_load((directory / "model.yaml").read_text())


def onnx_path(out: Path, name: str, version: int) -> Path:
    """Where a model version lies in the repository."""
    return out / "models" / name / str(version) / "model.onnx"


def _means(requests: list[dict]) -> dict[str, dict[str, float]]:
    """Mean NDCG@10 over users, by size and ranker."""
    means = {}
    for size in SIZES:
        of_size = [r for r in requests if len(r["items"]) == size]
        means[str(size)] = {
            ranker: float(np.mean([_ndcg(r, ranker) for r in of_size]))
            for ranker in of_size[0]["scores"]
        }
    return means


def _lead(requests: list[dict], ranker: str) -> str:
    """The mean lead on popularity at the largest size, with its standard error."""
    if ranker == POPULARITY:
        return ""
    largest = [r for r in requests if len(r["items"]) == max(SIZES)]
    lead = np.array([_ndcg(r, ranker) - _ndcg(r, POPULARITY) for r in largest])
    return f"{lead.mean():+.3f} ± {lead.std(ddof=1) / np.sqrt(len(lead)):.3f} at {max(SIZES)}"


def _ndcg(request: dict, ranker: str) -> float:
    return ndcg(request["gains"], ranking(request["scores"][ranker]))
