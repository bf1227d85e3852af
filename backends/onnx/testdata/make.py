"""Makes the ONNX graphs beside this file, byte for byte the same each time.

    pip install onnx==1.23.2 numpy
    python make.py

small.onnx, mid.onnx  MLPs over a float32 [rows, 64] and [rows, 128] input "dense"
                      (64-128-64-1 and 128-256-128-1, ReLU); output "logits" [rows, 1].
sum.onnx              "dense" [rows, 4] → "sum" [rows]: the sum of each row, so that a test
                      knows every score. A row whose first column is negative gives NaN.
types.onnx            one input of each type; two heads "a" [rows, 2] and "b" [rows] whose
                      values a test can work out by hand (see types()).
towers.onnx           a per-request input "user" [requests, 3], the row index "row" [rows] and
                      a per-candidate "item" [rows, 3] → "dot" [rows], their dot product.
details.onnx          "dense" [rows, 2] → "sum" [rows] and, beside it, "top" int64 [rows, 1], "positive"
                      bool [rows, 2] and "scaled" float64 [rows, 2]; and three that no pass can give: "mean"
                      [1, 1] (declared free), "cube" [rows, 2, 1] and "word" string [rows].
hits.onnx             "dense" [rows, 2] → "sum" [rows], and "hits" [?, 2]: where dense is not zero.
table.onnx            "id" int64 [rows, 1] → "value" [rows, 1]: id + 0.5 for 0 to 3; any other id but a
                      negative one down to -4 makes the pass fail.
concat.onnx           a first layer as PyTorch exports it: Gemm with transB of "user" [rows, 3], "item" [rows, 8]
                      and "pair" [rows, 2] side by side → "logits" [rows, 1].
keras.onnx            one as Keras exports it: MatMul and Add, "dense" [rows, 6] → "logits" [rows, 1].
bare.onnx             one without a bias, whose matrix is both read by others and listed among the inputs,
                      as ONNX before IR version 4 had it: "dense" [rows, 6] → "h" [rows, 4], "logits" [rows, 1] and "sums" [6].
floats.onnx           one whose matrix is in float_data: "dense" [rows, 6] → "logits" [rows, 1].
constant.onnx         one whose matrix and bias are Constant nodes: "dense" [rows, 6] → "logits" [rows, 1].
wide.onnx             a wide and a deep part, so two first layers: "wide" [rows, 2] of Gemm and "deep" [rows, 6] of another,
                      whose sum is h → "logits" [rows, 1].
gate.onnx             a first layer whose result is multiplied by another input: "dense" [rows, 64] and "gate"
                      [rows, 32] → "score" [rows], of which most is the gate's alone (see gate()).
fixed.onnx            an output that does not follow the number of rows: to be refused.
../probe.onnx         "x" [1] → "y" [1], their sum x + x: what an execution provider is tried with.
"""

from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

HERE = Path(__file__).parent
F, F16, D = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE
I64, I32, BOOL, STR = TensorProto.INT64, TensorProto.INT32, TensorProto.BOOL, TensorProto.STRING


def write(name, nodes, inputs, outputs, weights=()):
    """Saves a graph; inputs and outputs are (name, type, dims) with None for a free dimension."""
    info = lambda ts: [helper.make_tensor_value_info(n, t, d) for n, t, d in ts]
    graph = helper.make_graph(
        nodes, Path(name).name, info(inputs), info(outputs), [numpy_helper.from_array(w, n) for n, w in weights]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="rankgate")
    model.ir_version = 8
    checker.check_model(model)
    save(model, HERE / f"{name}.onnx")


def mlp(name, *widths):
    """Saves an MLP with ReLU between its layers and He-scaled random weights."""
    rng = np.random.default_rng(7)
    nodes, weights, x = [], [], "dense"
    for i, (a, b) in enumerate(zip(widths, widths[1:])):
        last = i == len(widths) - 2
        weights += [
            (f"w{i}", (rng.standard_normal((a, b)) * np.sqrt(2 / a)).astype(np.float32)),
            (f"b{i}", np.zeros(b, np.float32)),
        ]
        y = "logits" if last else f"z{i}"
        nodes.append(helper.make_node("Gemm", [x, f"w{i}", f"b{i}"], [y]))
        if not last:
            nodes.append(helper.make_node("Relu", [y], [f"h{i}"]))
            x = f"h{i}"
    write(name, nodes, [("dense", F, [None, widths[0]])], [("logits", F, [None, 1])], weights)


def row_sum():
    """sum = Σ columns; + 0·√(column 0), which is NaN for a negative column 0."""
    nodes = [
        helper.make_node("ReduceSum", ["dense", "axis"], ["total"], keepdims=0),
        helper.make_node("Gather", ["dense", "first"], ["head"], axis=1),
        helper.make_node("Sqrt", ["head"], ["root"]),
        helper.make_node("Mul", ["root", "zero"], ["nothing"]),
        helper.make_node("Add", ["total", "nothing"], ["sum"]),
    ]
    weights = [("axis", np.array([1])), ("first", np.array(0)), ("zero", np.array(0, np.float32))]
    write("sum", nodes, [("dense", F, [None, 4])], [("sum", F, [None])], weights)


def types():
    """a = [f32 + f16, f64 + i64 + i32 + bool] per row; b = 1 where the string is "x", else 0."""
    cast = lambda x, y: helper.make_node("Cast", [x], [y], to=F)
    nodes = [
        cast("f16", "f16_"), cast("f64", "f64_"), cast("i64", "i64_"), cast("i32", "i32_"), cast("flag", "flag_"),
        helper.make_node("Add", ["f32", "f16_"], ["a0"]),
        helper.make_node("Sum", ["f64_", "i64_", "i32_", "flag_"], ["a1"]),
        helper.make_node("Concat", ["a0", "a1"], ["a"], axis=1),
        helper.make_node("LabelEncoder", ["word"], ["b_"], domain="ai.onnx.ml",
                         keys_strings=["x"], values_floats=[1.0], default_float=0.0),
        helper.make_node("Reshape", ["b_", "flat"], ["b"]),
    ]  # fmt: skip
    inputs = [("f32", F, [None, 1]), ("f16", F16, [None, 1]), ("f64", D, [None, 1]), ("i64", I64, [None, 1]),
              ("i32", I32, [None, 1]), ("flag", BOOL, [None, 1]), ("word", STR, [None, 1])]  # fmt: skip
    graph = helper.make_graph(
        nodes, "types",
        [helper.make_tensor_value_info(*i) for i in inputs],
        [helper.make_tensor_value_info("a", F, [None, 2]), helper.make_tensor_value_info("b", F, [None])],
        [numpy_helper.from_array(np.array([-1]), "flat")],
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, producer_name="rankgate")
    model.ir_version = 8
    checker.check_model(model)
    save(model, HERE / "types.onnx")


def towers():
    """dot[r] = user[row[r]] · item[r]"""
    nodes = [
        helper.make_node("Gather", ["user", "row"], ["tiled"], axis=0),
        helper.make_node("Mul", ["tiled", "item"], ["products"]),
        helper.make_node("ReduceSum", ["products", "axis"], ["dot"], keepdims=0),
    ]
    inputs = [("user", F, [None, 3]), ("row", I64, [None]), ("item", F, [None, 3])]
    write("towers", nodes, inputs, [("dot", F, [None])], [("axis", np.array([1]))])


def gate():
    """score = Σ ReLU(dense · w) · gate² + 300 · Σ gate"""
    rng = np.random.default_rng(7)
    nodes = [
        helper.make_node("MatMul", ["dense", "w"], ["h"]),
        helper.make_node("Relu", ["h"], ["positive"]),
        helper.make_node("Mul", ["positive", "gate"], ["once"]),
        helper.make_node("Mul", ["once", "gate"], ["twice"]),
        helper.make_node("Mul", ["gate", "factor"], ["alone"]),
        helper.make_node("Add", ["twice", "alone"], ["both"]),
        helper.make_node("ReduceSum", ["both", "axis"], ["score"], keepdims=0),
    ]
    weights = [
        ("w", (rng.standard_normal((64, 32)) * np.sqrt(2 / 64)).astype(np.float32)),
        ("factor", np.array(300, np.float32)), ("axis", np.array([1])),
    ]  # fmt: skip
    write("gate", nodes, [("dense", F, [None, 64]), ("gate", F, [None, 32])], [("score", F, [None])], weights)


def fixed():
    """mean over all rows: one number whatever the number of rows."""
    nodes = [helper.make_node("ReduceMean", ["dense"], ["mean"], axes=[0], keepdims=1)]
    write("fixed", nodes, [("dense", F, [None, 1])], [("mean", F, [None, 1])])


def details():
    """sum = Σ columns; top = the larger column; positive = column > 0; scaled = 2 · column."""
    nodes = [
        helper.make_node("ReduceSum", ["dense", "axis"], ["sum"], keepdims=0),
        helper.make_node("ArgMax", ["dense"], ["top"], axis=1),
        helper.make_node("Greater", ["dense", "zero"], ["positive"]),
        helper.make_node("Cast", ["dense"], ["wide"], to=D),
        helper.make_node("Mul", ["wide", "two"], ["scaled"]),
        helper.make_node("ReduceMean", ["dense"], ["mean"], keepdims=1),
        helper.make_node("Unsqueeze", ["dense", "last"], ["cube"]),
        helper.make_node("Cast", ["sum"], ["word"], to=STR),
    ]
    outputs = [("sum", F, [None]), ("top", I64, [None, 1]), ("positive", BOOL, [None, 2]), ("scaled", D, [None, 2]),
               ("mean", F, [None, None]), ("cube", F, [None, 2, 1]), ("word", STR, [None])]  # fmt: skip
    weights = [("axis", np.array([1])), ("zero", np.array(0, np.float32)), ("two", np.array(2.0)), ("last", np.array([2]))]
    write("details", nodes, [("dense", F, [None, 2])], outputs, weights)


def layer(name, first, inputs, columns, edit=lambda graph: None, bias=True, transposed=False, outputs=()):
    """Saves a graph whose nodes first give "h" [rows, 4] of the initializers "w" and "b", and logits = relu(h)·v."""
    rng = np.random.default_rng(11)
    w = rng.standard_normal((4, columns) if transposed else (columns, 4)).astype(np.float32)
    weights = [("w", w), ("b", rng.standard_normal(4).astype(np.float32)), ("v", np.ones((4, 1), np.float32))]
    nodes = [*first, helper.make_node("Relu", ["h"], ["positive"]), helper.make_node("MatMul", ["positive", "v"], ["logits"])]
    info = lambda n, width: helper.make_tensor_value_info(n, F, ["rows", width])
    graph = helper.make_graph(
        nodes, name,
        [info(*i) for i in inputs],
        [info(*o) for o in (*outputs, ("logits", 1))],
        [numpy_helper.from_array(w, n) for n, w in weights if bias or n != "b"],
        value_info=[info("h", 4), info("positive", 4)],
    )  # fmt: skip
    edit(graph)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="rankgate")
    model.ir_version = 3 if name == "bare" else 8
    checker.check_model(model)
    save(model, HERE / f"{name}.onnx")


def layers():
    """First layers as several tools write them."""
    gemm = helper.make_node("Gemm", ["dense", "w", "b"], ["h"], name="first")

    def listed(graph):
        graph.input.extend(helper.make_tensor_value_info(w.name, F, w.dims) for w in graph.initializer)
        graph.output.append(helper.make_tensor_value_info("sums", F, [6]))
        graph.node.append(helper.make_node("ReduceSum", ["w", "axis"], ["sums"], keepdims=0))
        graph.initializer.append(numpy_helper.from_array(np.array([1]), "axis"))
        graph.input.append(helper.make_tensor_value_info("axis", I64, [1]))

    def as_floats(graph):
        w = numpy_helper.to_array(graph.initializer[0])
        graph.initializer[0].CopyFrom(helper.make_tensor("w", F, w.shape, w.flatten()))

    def as_nodes(graph):
        for w in graph.initializer[:2]:
            graph.node.insert(0, helper.make_node("Constant", [], [w.name], value=w))
        del graph.initializer[:2]

    def with_line(graph):
        graph.initializer.append(numpy_helper.from_array(np.array([[0.5], [-2]], np.float32), "u"))

    layer("concat", [
        helper.make_node("Concat", ["user", "item", "pair"], ["x"], axis=-1),
        helper.make_node("Gemm", ["x", "w", "b"], ["h"], alpha=1.0, beta=1.0, transB=1),
    ], [("user", 3), ("item", 8), ("pair", 2)], 13, transposed=True)  # fmt: skip
    layer("keras", [
        helper.make_node("MatMul", ["dense", "w"], ["product"]),
        helper.make_node("Add", ["product", "b"], ["h"]),
    ], [("dense", 6)], 6)  # fmt: skip
    product = helper.make_node("MatMul", ["dense", "w"], ["h"])
    layer("bare", [product], [("dense", 6)], 6, edit=listed, bias=False, outputs=[("h", 4)])
    layer("floats", [gemm], [("dense", 6)], 6, edit=as_floats)
    layer("constant", [gemm], [("dense", 6)], 6, edit=as_nodes)
    layer("wide", [
        helper.make_node("Gemm", ["wide", "u"], ["line"]),
        helper.make_node("Gemm", ["deep", "w", "b"], ["product"]),
        helper.make_node("Add", ["product", "line"], ["h"]),
    ], [("wide", 2), ("deep", 6)], 6, edit=with_line)  # fmt: skip


def probe():
    """y = x + x"""
    write("../probe", [helper.make_node("Add", ["x", "x"], ["y"])], [("x", F, [1])], [("y", F, [1])])


def hits():
    """An output beside the score whose length the values decide; of zeros it is empty."""
    nodes = [
        helper.make_node("ReduceSum", ["dense", "axis"], ["sum"], keepdims=0),
        helper.make_node("NonZero", ["dense"], ["places"]),
        helper.make_node("Transpose", ["places"], ["hits"]),
    ]
    write("hits", nodes, [("dense", F, [None, 2])], [("sum", F, [None]), ("hits", I64, [None, 2])], [("axis", np.array([1]))])


def table():
    """value = table[id]"""
    nodes = [helper.make_node("Gather", ["table", "id"], ["value"], axis=0)]
    weights = [("table", np.array([0.5, 1.5, 2.5, 3.5], np.float32))]
    write("table", nodes, [("id", I64, [None, 1])], [("value", F, [None, 1])], weights)


if __name__ == "__main__":
    mlp("small", 64, 128, 64, 1)
    mlp("mid", 128, 256, 128, 1)
    row_sum()
    types()
    towers()
    table()
    details()
    hits()
    fixed()
    gate()
    layers()
    probe()
