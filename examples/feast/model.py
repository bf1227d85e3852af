"""The ranker: score = sigmoid(dense · w + b + taste · style), as numpy and as ONNX.

    python model.py OUT_DIR

writes OUT_DIR/models/ranker. A real shop has trained its weights on what
get_historical_features gave; these are made up.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).parent
# In the order of model.yaml: age, spend_30d, premium, price, rating, no rating,
# stock, clicks_7d, no clicks.
WEIGHTS = np.array([-0.01, 0.002, 0.3, -0.012, 0.4, 1.1, 0.01, 0.15, -0.2], np.float32)[:, None]
BIAS = np.array([-0.5], np.float32)
WIDTH = 8


def score(dense: np.ndarray, taste: np.ndarray, style: np.ndarray) -> np.ndarray:
    """Score candidates of one user.

    dense: float32 [candidates, 9]; taste: float32 [8]; style: float32
    [candidates, 8]; returns float32 [candidates].
    """
    return 1 / (1 + np.exp(-((dense @ WEIGHTS + BIAS)[:, 0] + style @ taste)))


def graph() -> onnx.ModelProto:
    """The same as ONNX: the user's taste comes once, and taste_row spreads it over the candidates."""
    nodes = [
        helper.make_node("Gemm", ["dense", "weights", "bias"], ["linear"]),
        helper.make_node("Gather", ["taste", "taste_row"], ["spread"], axis=0),
        helper.make_node("Mul", ["spread", "style"], ["product"]),
        helper.make_node("ReduceSum", ["product", "axis"], ["meeting"], keepdims=1),
        helper.make_node("Add", ["linear", "meeting"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["score"]),
    ]
    inputs = [
        helper.make_tensor_value_info("dense", TensorProto.FLOAT, ["rows", len(WEIGHTS)]),
        helper.make_tensor_value_info("taste", TensorProto.FLOAT, ["requests", WIDTH]),
        helper.make_tensor_value_info("taste_row", TensorProto.INT64, ["rows"]),
        helper.make_tensor_value_info("style", TensorProto.FLOAT, ["rows", WIDTH]),
    ]
    outputs = [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["rows", 1])]
    constants = [
        numpy_helper.from_array(WEIGHTS, "weights"),
        numpy_helper.from_array(BIAS, "bias"),
        numpy_helper.from_array(np.array([1]), "axis"),
    ]
    made = helper.make_graph(nodes, "ranker", inputs, outputs, constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


def main() -> None:
    into = Path(sys.argv[1]) / "models"
    shutil.copytree(HERE / "models", into)
    (into / "ranker" / "1").mkdir()
    onnx.save(graph(), into / "ranker" / "1" / "model.onnx")


if __name__ == "__main__":
    main()
