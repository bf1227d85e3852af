"""Judges /v2 over HTTP with Triton's own client, the plain one and the asyncio one.

Usage: triton_http.py HOST:PORT

The server holds one model, "sums", of the versions 1 and 2, and may load and unload
it. Its input x has two dimensions and any type; its outputs are sum, FP32[rows], what
each row adds up to (a text counts as its length), and same, which is x.
"""

import asyncio
import sys

import numpy as np
import tritonclient.http as plain
import tritonclient.http.aio as aio
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

ROWS = np.arange(12).reshape(4, 3)
TEXTS = np.array([["a", "", "grüße"], ["日本", "b c", '"\\']], dtype=np.object_)

# What goes over the wire: name, values, whether they may be numbers in the JSON.
INPUTS = [
    ("FP32", (ROWS / 4).astype(np.float32), True),
    ("INT64", ROWS.astype(np.int64) * 1_000_003, True),
    ("FP16", (ROWS / 2).astype(np.float16), False),
    ("BYTES", TEXTS, True),
]


def sums(values):
    if values.dtype == np.object_:
        return np.array([sum(len(v.encode()) for v in row) for row in values], dtype=np.float32)
    return values.astype(np.float32).sum(axis=1, dtype=np.float32)


def make_input(values, binary):
    x = plain.InferInput("x", list(values.shape), np_to_triton_dtype(values.dtype))
    x.set_data_from_numpy(values, binary_data=binary)
    return x


def make_outputs(binary_sum, binary_same):
    return [
        plain.InferRequestedOutput("sum", binary_data=binary_sum),
        plain.InferRequestedOutput("same", binary_data=binary_same),
    ]


def check_result(what, result, values):
    got, want = result.as_numpy("sum"), sums(values)
    assert got.dtype == np.float32 and np.array_equal(got, want), f"{what}: sum {got}, want {want}"
    same = result.as_numpy("same")
    if values.dtype == np.object_:
        same = np.array([v.decode() if isinstance(v, bytes) else v for v in same.ravel()]).reshape(same.shape)
    assert same.shape == values.shape and np.array_equal(same, values), f"{what}: same {same}, want {values}"
    answer = result.get_response()
    assert answer["model_name"] == "sums" and answer["model_version"] == "2", f"{what}: {answer}"
    assert answer.get("id", "") == what, f"{what}: answered {answer.get('id')}"


def cases():
    """Every way that a call may be written: its name, its values and its arguments."""
    for name, values, in_json in INPUTS:
        for binary in (True, False) if in_json else (True,):
            for outputs in (None, (True, True), (False, False), (True, False), (False, True)):
                for compressed in (None, "gzip", "deflate"):
                    what = f"{name}, binary {binary}, outputs {outputs}, {compressed}"
                    yield what, values, {
                        "model_name": "sums",
                        "inputs": [make_input(values, binary)],
                        "outputs": outputs and make_outputs(*outputs),
                        "request_id": what,
                        "request_compression_algorithm": compressed,
                        "response_compression_algorithm": compressed,
                    }


def failures():
    """Calls that are refused: their arguments, the status, and words of the message."""
    x = make_input(INPUTS[0][1], True)
    shared = plain.InferInput("x", [4, 3], "FP32")
    shared.set_shared_memory("region", 48)
    shared_output = plain.InferRequestedOutput("sum")
    shared_output.set_shared_memory("region", 16)
    other = plain.InferInput("y", [1], "FP32")
    other.set_data_from_numpy(np.zeros(1, np.float32))
    short = make_input(INPUTS[0][1], True)
    short._raw_data = short._raw_data[:-4]
    yield {"model_name": "nobody", "inputs": [x]}, "404", "model nobody"
    yield {"model_name": "sums", "model_version": "9", "inputs": [x]}, "404", "model sums 9"
    yield {"model_name": "sums", "inputs": [other]}, "400", "must be x alone"
    yield {"model_name": "sums", "inputs": [short]}, "400", "only 44 bytes are left"
    yield {"model_name": "sums", "inputs": [shared]}, "400", "tensors in shared memory can't be passed on"
    yield {"model_name": "sums", "inputs": [x], "outputs": [shared_output]}, "400", "shared memory"
    yield {"model_name": "sums", "inputs": [x], "sequence_id": 7, "sequence_start": True}, "400", "sequences"
    yield {"model_name": "sums", "inputs": [x], "headers": {"X-Canary": "sometimes"}}, "400", "X-Canary: sometimes"


def check_failure(error, status, words):
    assert isinstance(error, InferenceServerException), f"{words}: {error!r}"
    assert error.status() == status and words in error.message(), f"want {status} {words}: {error}"


def check_descriptions(server, model, index, all_stats, stats):
    assert server["name"] == "sums" and "binary_tensor_data" in server["extensions"], server
    assert model["name"] == "sums" and model["versions"] == ["1", "2"], model
    assert model["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, -1]}], model
    assert [o["name"] for o in model["outputs"]] == ["sum", "same"], model
    assert [(m["name"], m["version"], m["state"]) for m in index] == [
        ("sums", "1", "UNAVAILABLE"),
        ("sums", "2", "READY"),
    ], index
    assert [m["version"] for m in all_stats["model_stats"]] == ["1", "2"], all_stats
    (second,) = stats["model_stats"]
    assert second["version"] == "2" and second["inference_count"] > 0, stats
    assert second["inference_stats"]["queue"] == {"count": 3, "ns": 4}, stats


def judge_plain(url):
    with plain.InferenceServerClient(url, concurrency=2) as client:
        assert client.is_server_live() and client.is_server_ready()
        assert client.is_model_ready("sums") and client.is_model_ready("sums", "1")
        assert not client.is_model_ready("nobody") and not client.is_model_ready("sums", "9")
        pending = []
        for what, values, arguments in cases():
            check_result(what, client.infer(**arguments), values)
            pending.append((what, values, client.async_infer(**arguments)))
        for what, values, later in pending:
            check_result(what, later.get_result(), values)
        check_descriptions(
            client.get_server_metadata(),
            client.get_model_metadata("sums"),
            client.get_model_repository_index(),
            client.get_inference_statistics(),
            client.get_inference_statistics("sums", "2"),
        )
        for arguments, status, words in failures():
            try:
                client.infer(**arguments)
            except InferenceServerException as error:
                check_failure(error, status, words)
            else:
                raise AssertionError(f"{words}: was answered")
        client.unload_model("sums")
        assert not client.is_model_ready("sums")
        client.load_model("sums")
        assert client.is_model_ready("sums")
        try:
            client.load_model("sums", config="{}")
        except InferenceServerException as error:
            check_failure(error, "400", "parameters.config")
        else:
            raise AssertionError("a configuration was taken")


async def judge_aio(url):
    async with aio.InferenceServerClient(url) as client:
        assert await client.is_server_live() and await client.is_server_ready()
        assert await client.is_model_ready("sums") and not await client.is_model_ready("nobody")
        calls = list(cases())
        results = await asyncio.gather(*(client.infer(**arguments) for _, _, arguments in calls))
        for (what, values, _), result in zip(calls, results):
            check_result(what, result, values)
        check_descriptions(
            await client.get_server_metadata(),
            await client.get_model_metadata("sums", "1"),
            await client.get_model_repository_index(),
            await client.get_inference_statistics(),
            await client.get_inference_statistics("sums", "2"),
        )
        for arguments, status, words in failures():
            (error,) = await asyncio.gather(client.infer(**arguments), return_exceptions=True)
            check_failure(error, status, words)
        await client.unload_model("sums")
        assert not await client.is_model_ready("sums")
        await client.load_model("sums")
        assert await client.is_model_ready("sums")
    return len(calls)


def main():
    url = sys.argv[1]
    judge_plain(url)
    calls = asyncio.run(judge_aio(url))
    print(f"{calls} ways to call were answered rightly, plain and asyncio")


main()
