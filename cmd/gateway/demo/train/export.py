"""Write a trained network as an ONNX graph that starts from raw features.

The first layer is cut in two: the part that reads the user runs once per
request, is dealt out to its candidates by `user_row`, and is added to the part
that reads the candidate. The result is that of the whole layer.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from catalogue import DIMENSIONS
from inputs import (
    DENSE, HOURS, ITEM_CODES, ITEM_COUNTS, ITEM_NUMBERS, ITEM_PLAIN,
    USER_CODES, USER_COUNTS, USER_NUMBERS, USER_PLAIN, USER_VEC, USER_WIDTH,
)  # fmt: skip
from network import Network

OPSET, IR = 17, 8


class Graph:
    """A graph that is being written; node outputs are named after what they hold."""

    def __init__(self):
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: np.ndarray) -> str:
        """Add a constant."""
        self.constants.append(numpy_helper.from_array(np.array(value), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes) -> str:
        """Add a node with one output."""
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def columns(self, source: str, first: int, end: int, output: str) -> str:
        """Some columns of a matrix."""
        bounds = [self.constant(f"{output}_{what}", np.array([at], np.int64)) for what, at in (("from", first), ("to", end))]
        axis = self.constant(f"{output}_axis", np.array([1], np.int64))
        return self.node("Slice", [source, *bounds, axis], output)

    def logarithms(self, source: str, n: int) -> str:
        """log(1 + x) of the first n columns; below zero counts as zero."""
        counts = self.columns(source, 0, n, f"{source}_counts")
        positive = self.node("Relu", [counts], f"{counts}_positive")
        one = self.constant(f"{counts}_one", np.float32(1))
        return self.node("Log", [self.node("Add", [positive, one], f"{counts}_plus_one")], f"{counts}_log")

    def tables(self, codes: str, names: list[str], weight: np.ndarray, sizes: list[int], total: str) -> str:
        """Add to total the rows of weight that the codes choose."""
        start = 0
        for i, (name, n) in enumerate(zip(names, sizes, strict=True)):
            word = name.split(".")[1]
            table = self.constant(f"{word}_table", weight[start : start + n + 1])
            at = self.constant(f"{word}_column", np.array(i, np.int64))
            code = self.node("Gather", [codes, at], f"{word}_code", axis=1)
            total = self.node("Add", [total, self.node("Gather", [table, code], f"{word}_part")], f"with_{word}")
            start += n + 1
        return total


def write(path: Path, network: Network, heads: list[str]) -> None:
    """Write the graph of a network, with one output [rows] per head."""
    g, p = Graph(), network.parameters
    weight, bias = network.folded()
    hidden = g.node("Add", [_user(g, weight[:USER_WIDTH]), _item(g, weight[USER_WIDTH:], bias)], "sum")
    for i in range(1, network.layers):
        hidden = g.node("Relu", [hidden], f"hidden{i}")
        product = g.node("MatMul", [hidden, g.constant(f"weight{i}", p[f"weight{i}"])], f"product{i}")
        hidden = g.node("Add", [product, g.constant(f"bias{i}", p[f"bias{i}"])], f"layer{i}")
    if network.has_items:
        own = g.node("Gather", [g.constant("item_table", p["items"]), _flat(g, "item_index")], "item_part")
        hidden = g.node("Add", [hidden, own], "with_item")
    chances = g.node("Sigmoid", [hidden], "chances")
    for i, head in enumerate(heads):
        g.node("Gather", [chances, g.constant(f"{head}_column", np.array(i, np.int64))], head, axis=1)
    _save(path, g, network.has_items, heads)


def _user(g: Graph, weight: np.ndarray) -> str:
    """The user's part of the first layer, dealt out to the candidates."""
    hour = len(USER_COUNTS) + len(USER_PLAIN)
    angle = g.node("Mul", [g.columns("user_vec", hour, hour + 1, "hour"), g.constant("hour_angle", HOURS)], "angle")
    plain = g.columns("user_vec", len(USER_COUNTS), hour, "user_plain")
    taste = g.columns("user_vec", hour + 1, hour + 1 + DIMENSIONS, "user_embedding")
    parts = [g.logarithms("user_vec", len(USER_COUNTS)), plain, g.node("Sin", [angle], "sine"), g.node("Cos", [angle], "cosine"), taste]
    numbers = g.node("Concat", parts, "user_numbers", axis=1)
    product = g.node("MatMul", [numbers, g.constant("user_weight", weight[:USER_NUMBERS])], "user_product")
    total = g.tables("user_codes", list(USER_CODES), weight[USER_NUMBERS:], list(USER_CODES.values()), product)
    return g.node("Gather", [total, "user_row"], "user_part")


def _item(g: Graph, weight: np.ndarray, bias: np.ndarray) -> str:
    """The candidate's part of the first layer."""
    end = len(ITEM_COUNTS) + len(ITEM_PLAIN)
    rest = g.columns("dense", len(ITEM_COUNTS), end + DIMENSIONS, "dense_rest")
    look = g.columns("dense", end, end + DIMENSIONS, "item_embedding")
    taste = g.node("Gather", ["user_embedding", "user_row"], "taste")
    likeness = g.node("Mul", [taste, look], "likeness")
    numbers = g.node("Concat", [g.logarithms("dense", len(ITEM_COUNTS)), rest, likeness], "item_numbers", axis=1)
    product = g.node("MatMul", [numbers, g.constant("item_weight", weight[:ITEM_NUMBERS])], "item_product")
    total = g.node("Add", [product, g.constant("bias0", bias)], "item_layer")
    return g.tables("item_codes", list(ITEM_CODES), weight[ITEM_NUMBERS:], list(ITEM_CODES.values()), total)


def _flat(g: Graph, source: str) -> str:
    return g.node("Gather", [source, g.constant(f"{source}_column", np.array(0, np.int64))], f"{source}_flat", axis=1)


def _save(path: Path, g: Graph, has_items: bool, heads: list[str]) -> None:
    width = DIMENSIONS - 1  # an embedding is one of the columns named
    tensors = [
        ("user_vec", TensorProto.FLOAT, ["requests", len(USER_VEC) + width]),
        ("user_codes", TensorProto.INT64, ["requests", len(USER_CODES)]),
        ("user_row", TensorProto.INT64, ["rows"]),
        ("dense", TensorProto.FLOAT, ["rows", len(DENSE) + width]),
        ("item_codes", TensorProto.INT64, ["rows", len(ITEM_CODES)]),
    ]
    if has_items:
        tensors.append(("item_index", TensorProto.INT64, ["rows", 1]))
    inputs = [helper.make_tensor_value_info(*t) for t in tensors]
    outputs = [helper.make_tensor_value_info(head, TensorProto.FLOAT, ["rows"]) for head in heads]
    graph = helper.make_graph(g.nodes, "ranker", inputs, outputs, g.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR, producer_name="rankgate demo")
    onnx.checker.check_model(model, full_check=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())
