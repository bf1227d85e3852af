"""Train a LightGBM LambdaRank model and write it as ONNX."""

from __future__ import annotations

from pathlib import Path

import lightgbm as lgb
import numpy as np
import onnx
import onnxruntime as ort
from onnxmltools.convert import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType

from store import Inputs

TREES = 200
SETTINGS = {
    "objective": "lambdarank",
    "lambdarank_truncation_level": 20,
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.6,
    "lambda_l2": 5.0,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}


def train(requests: list[Inputs], gains: list[np.ndarray]) -> lgb.Booster:
    """Fit the order within each query.

    requests: the tensors of each training query; gains: float32 [candidates]
    of each, 3 liked, 1 rated, 0 neither. LambdaRank wants grades instead: 2, 1, 0.
    """
    features = np.concatenate([r["dense"] for r in requests])
    grades = np.concatenate([np.where(g == 3, 2, g) for g in gains])
    data = lgb.Dataset(features, grades, group=[len(g) for g in gains])
    return lgb.train(SETTINGS, data, TREES)


def export(booster: lgb.Booster, path: Path, sample: Inputs) -> None:
    """Write the trees as ONNX, and prove them on one request.

    The graph: dense, float32 [rows, features] → variable, float32 [rows, 1].
    """
    dense = FloatTensorType([None, booster.num_feature()])
    model = convert_lightgbm(booster, "lambdarank", [("dense", dense)], target_opset=15)
    onnx.save(model, path)

    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    (written,) = session.run(["variable"], sample)
    difference = np.abs(written[:, 0] - booster.predict(sample["dense"])).max()
    if not difference < 1e-4:
        raise SystemExit(f"{path} differs from LightGBM by {difference}")
