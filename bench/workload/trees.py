"""Train the bench's LightGBM ranker and write it as ONNX.

    python trees.py trees.onnx

500 trees of 31 leaves over float32 [rows, 64] "dense", learned from queries whose
grades follow from a few products of columns, so that the trees have something to
split on. The output is "variable", float32 [rows, 1].
"""

from __future__ import annotations

import sys
from pathlib import Path

import lightgbm as lgb
import numpy as np
import onnx
import onnxruntime as ort
from onnxmltools.convert import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType

COLUMNS, QUERIES, CANDIDATES, TREES = 64, 400, 50, 500
SETTINGS = {
    "objective": "lambdarank",
    "num_leaves": 31,
    "learning_rate": 0.05,
    "min_data_in_leaf": 20,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}


def main(path: Path) -> None:
    """Train, write to path, and compare the graph with LightGBM."""
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((QUERIES * CANDIDATES, COLUMNS)).astype(np.float32)
    weights = rng.standard_normal((COLUMNS, 8)) / 8
    taste = (np.tanh(rows @ weights)[:, :4] * np.tanh(rows @ weights)[:, 4:]).sum(axis=1)
    grades = np.digitize(taste + 0.1 * rng.standard_normal(len(taste)), np.quantile(taste, [0.6, 0.85, 0.95]))
    data = lgb.Dataset(rows, grades, group=[CANDIDATES] * QUERIES)
    booster = lgb.train(SETTINGS, data, TREES)
    onnx.save(convert_lightgbm(booster, "ranker", [("dense", FloatTensorType([None, COLUMNS]))], target_opset=15), path)
    (written,) = ort.InferenceSession(path, providers=["CPUExecutionProvider"]).run(["variable"], {"dense": rows[:1000]})
    difference = np.abs(written[:, 0] - booster.predict(rows[:1000])).max()
    if not difference < 1e-4:
        raise SystemExit(f"{path} differs from LightGBM by {difference}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
