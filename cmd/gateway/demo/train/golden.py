"""Note what the gateway must reproduce: some rows of the shop, the digest of all,
and the answer of each version to one request."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime

from catalogue import Shop, Table, item_at, on_shelf
from columns import MISSING, Columns, Rows
from inputs import feed

USER, HOUR, DEVICES, DEVICE = 42, 20, ["ios", "android", "web"], "ios"
CANDIDATES = 200
SHOWN = 11  # ranks whose scores must be apart, so that no rounding turns them round
APART = 1e-4


def write(path: Path, models: Path, versions: list, shop: Shop, columns: Columns) -> None:
    """Ask each version, and write golden.json."""
    items = _candidates(shop)
    distance = np.where(np.arange(len(items)) % 4 == 0, np.round(0.5 + np.arange(len(items)) * 0.15, 2), MISSING)
    rows = Rows(np.full(len(items), USER), items, np.full(len(items), HOUR), np.full(len(items), 1 + DEVICES.index(DEVICE)), distance)
    content = {
        "data_sha256": shop.digest(),
        "rows": _samples(shop),
        "request": {
            "id": "demo",
            "user": str(USER),
            "items": [
                str(i) if km == MISSING else {"id": str(i), "features": {"distance_km": float(km)}}
                for i, km in zip(items, distance, strict=True)
            ],
            "context": {"hour": HOUR, "device": DEVICE},
            "top_k": 10,
        },
        "scores": {v.name: _ask(models / v.name / "model.onnx", v.heads, feed(columns, rows)) for v in versions},
    }
    path.write_text(_compact(content) + "\n")


def _candidates(shop: Shop) -> np.ndarray:
    """What a shop would propose: things seen before, of the favourite categories,
    best-sellers, and a few that no feature row is there for."""
    users, items = shop.user_item.ids
    favourites = [on_shelf(c, np.arange(1, 60, 2)) for c in shop.favourites[USER - 1]]
    absent = np.arange(101, 606, 101)
    pool = np.concatenate([items[users == USER], absent, *favourites, item_at(np.arange(CANDIDATES))])
    _, first = np.unique(pool, return_index=True)
    return pool[np.sort(first)][:CANDIDATES]


def _ask(path: Path, heads: dict[str, float], inputs: dict[str, np.ndarray]) -> list[float]:
    """The score of each candidate, as ONNX Runtime computes it."""
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    wanted = {i.name for i in session.get_inputs()}
    outputs = session.run(list(heads), {name: x for name, x in inputs.items() if name in wanted})
    scores = sum(np.float32(w) * out for w, out in zip(heads.values(), outputs, strict=True))
    best = -np.sort(-scores)
    gap = (best[: SHOWN - 1] - best[1:SHOWN]).min()
    assert gap > APART, f"{path}: two of the best {SHOWN} scores are {gap} apart; ask for another user"
    return [float(f"{s:.7g}") for s in scores]


def _samples(shop: Shop) -> list[dict]:
    """A few rows of each view: a row that is nearly whole, and rows with nulls."""
    samples = []
    for view, table in (("user_stats", shop.user_stats), ("item_stats", shop.item_stats), ("user_item", shop.user_item)):
        null = np.stack(list(table.null.values()), axis=1).sum(axis=1) * table.stored()
        picked = {0, len(null) - 1, int(null.argmax()), *np.flatnonzero(null == 1)[:3]}
        for row in sorted(picked):
            samples.append({"view": view, "ids": [str(i[row]) for i in table.ids], "values": _row(table, row)})
    return samples


def _row(table: Table, row: int) -> list:
    return [None if table.null[name][row] else values[row].tolist() for name, values in table.values.items()]


def _compact(content: dict) -> str:
    """One line per sample and per version, so that a change is easy to see."""
    lines = {key: json.dumps(value) for key, value in content.items()}
    lines["rows"] = "[\n" + ",\n".join("    " + json.dumps(r) for r in content["rows"]) + "\n  ]"
    lines["scores"] = "{\n" + ",\n".join(f'    "{v}": {json.dumps(s)}' for v, s in content["scores"].items()) + "\n  }"
    return "{\n" + ",\n".join(f'  "{key}": {text}' for key, text in lines.items()) + "\n}"


