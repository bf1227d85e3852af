"""Train the two-tower network and write it as ONNX, in float32 and in INT8."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from store import Inputs, stack
from two_tower import HEADS, Adam, Dense, TwoTower, sigmoid

EPOCHS = 10
BATCH = 8  # requests per step
UNKNOWN = 0.2  # share of the ids hidden while training, so that row 0 learns the average movie
OPSET = 17


def train(requests: list[Inputs], gains: list[np.ndarray], movies: int, decades: int) -> TwoTower:
    """Fit both heads by cross-entropy.

    requests: the tensors of each training query; gains: float32 [candidates]
    of each, 3 liked, 1 rated, 0 neither; movies, decades: how many ids there are.
    """
    rng = np.random.default_rng(1)
    network = TwoTower(stack(requests, "user_row"), movies, decades, seed=1)
    optimizer = Adam(network.layers, rate=0.002, decay=1.0)
    for _ in range(EPOCHS):
        order = rng.permutation(len(requests))
        for batch in np.split(order, range(BATCH, len(order), BATCH)):
            x = stack([requests[i] for i in batch], "user_row")
            x["item_id"] = np.where(rng.random(x["item_id"].shape) < UNKNOWN, 0, x["item_id"])
            gain = np.concatenate([gains[i] for i in batch])
            target = np.stack([gain == 3, gain > 0], axis=1).astype(np.float32)
            error = sigmoid(network.forward(x)) - target  # of cross-entropy, by the logits
            network.backward(error / len(target))
            optimizer.step()
    return network


def export(network: TwoTower, path: Path, sample: Inputs) -> None:
    """Write the network as an ONNX graph, and prove it on one request.

    Its inputs are those of model.yaml.
    """
    graph = _Graph()
    user = graph.dense("user1", network.user1, graph.scaled("user_vec", network))
    user = graph.dense("user2", network.user2, user)
    item = graph.node(
        "Concat",
        graph.embedded("item_id", network.movie.table),
        graph.embedded("decade", network.decade.table),
        graph.scaled("item_vec", network),
        axis=1,
    )
    item = graph.dense("item1", network.item1, item)
    item = graph.dense("item2", network.item2, item)
    # The user is encoded once per request; only here is it spread over the candidates.
    meeting = graph.node("Mul", graph.node("Gather", user, "user_row", axis=0), item)
    joint = graph.node("Concat", meeting, graph.scaled("pair_vec", network), axis=1)
    joint = graph.dense("joint", network.joint, joint)
    chances = graph.node("Sigmoid", graph.dense("heads", network.heads, joint))
    graph.split(chances, HEADS)
    onnx.save(graph.model(network), path)

    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    written = np.concatenate(session.run(list(HEADS), sample), axis=1)
    difference = np.abs(written - sigmoid(network.forward(sample))).max()
    if not difference < 1e-5:
        raise SystemExit(f"{path} differs from numpy by {difference}")


def quantize(path: Path, into: Path, requests: list[Inputs]) -> None:
    """Write an INT8 copy, its activation ranges taken from these requests.

    Static, not dynamic: dynamic quantization takes its ranges from all rows of
    a pass, so a candidate's score would depend on who shares the pass with it.
    The last layer stays float32, where rounding would cost the most order.
    """
    quant_pre_process(path, into, skip_symbolic_shape=True)
    heads = [n.name for n in onnx.load(into).graph.node if "heads.weight" in n.input]
    quantize_static(
        into,
        into,
        _Requests(requests),
        op_types_to_quantize=["Gemm", "Gather"],
        nodes_to_exclude=heads,
        weight_type=QuantType.QInt8,
        per_channel=True,
        reduce_range=True,  # 7 bits: 8 overflow on CPUs without VNNI
    )


class _Requests(CalibrationDataReader):
    """Requests, one after the other, as ONNX Runtime's calibrator wants them."""

    def __init__(self, requests: list[Inputs]) -> None:
        self._rest = iter(requests)

    def get_next(self) -> Inputs | None:
        return next(self._rest, None)


class _Graph:
    """A graph under construction: each method adds nodes and returns their output's name."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    def node(self, kind: str, *inputs: str, **attributes: int) -> str:
        """One operator with one output."""
        name = f"{kind.lower()}{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def constant(self, name: str, value: np.ndarray) -> str:
        self._constants.append(numpy_helper.from_array(value, name))
        return name

    def scaled(self, name: str, network: TwoTower) -> str:
        """(x - mean) · 1/std: float32 [n, d]."""
        mean, scale = network.scaling[name]
        centred = self.node("Sub", name, self.constant(f"{name}.mean", mean))
        return self.node("Mul", centred, self.constant(f"{name}.scale", scale))

    def dense(self, name: str, layer: Dense, x: str) -> str:
        """x·W + b, and ReLU if the layer has it: float32 [n, outputs]."""
        weight = self.constant(f"{name}.weight", layer.weight)
        y = self.node("Gemm", x, weight, self.constant(f"{name}.bias", layer.bias))
        return self.node("Relu", y) if layer.relu else y

    def embedded(self, name: str, table: np.ndarray) -> str:
        """The rows that int64 [n, 1] ids name: float32 [n, width]."""
        ids = self.node("Squeeze", name, self.constant(f"{name}.axis", np.array([1])))
        return self.node("Gather", self.constant(f"{name}.table", table), ids, axis=0)

    def split(self, matrix: str, names: tuple[str, ...]) -> None:
        """Make each column of [rows, columns] an output of the graph, [rows, 1]."""
        self._nodes.append(helper.make_node("Split", [matrix], names, "split", axis=1))
        for name in names:
            self._outputs.append(
                helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", 1])
            )

    def model(self, network: TwoTower) -> onnx.ModelProto:
        """The finished model, checked."""
        width = {name: len(mean) for name, (mean, _) in network.scaling.items()}
        inputs = [
            helper.make_tensor_value_info(name, kind, dims)
            for name, kind, dims in (
                ("user_vec", TensorProto.FLOAT, ["requests", width["user_vec"]]),
                ("user_row", TensorProto.INT64, ["rows"]),
                ("item_vec", TensorProto.FLOAT, ["rows", width["item_vec"]]),
                ("item_id", TensorProto.INT64, ["rows", 1]),
                ("decade", TensorProto.INT64, ["rows", 1]),
                ("pair_vec", TensorProto.FLOAT, ["rows", width["pair_vec"]]),
            )
        ]
        graph = helper.make_graph(self._nodes, "two_tower", inputs, self._outputs, self._constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version = 8
        onnx.checker.check_model(model)
        return model
