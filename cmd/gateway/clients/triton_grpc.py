"""Judges the inference protocol over gRPC with Triton's own client, the plain one and
the asyncio one.

Usage: triton_grpc.py HOST:PORT DESCRIPTOR

The server holds one model, "echo", of which version 2 is ready, and may load and unload
it. Its outputs are its inputs; a call with an input "wait" has no answer before its
budget ends. DESCRIPTOR is the file that the server describes the protocol with: it must
agree with the client's own.
"""

import asyncio
import queue
import sys

import numpy as np
import tritonclient.grpc as plain
import tritonclient.grpc.aio as aio
from google.protobuf import descriptor_pb2
from tritonclient.grpc import service_pb2
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

ROWS = np.arange(12).reshape(4, 3)
INPUTS = {
    "floats": (ROWS / 4).astype(np.float32),
    "integers": ROWS.astype(np.int64) * -1_000_003,
    "halves": (ROWS / 2).astype(np.float16),
    "texts": np.array([["a", "", "grüße"], ["日本", "b c", '"\\']], dtype=np.object_),
}


def make_input(name, values):
    x = plain.InferInput(name, list(values.shape), np_to_triton_dtype(values.dtype))
    x.set_data_from_numpy(values)
    return x


def all_inputs():
    return [make_input(name, values) for name, values in INPUTS.items()]


def waiting():
    return [make_input("wait", np.zeros(1, np.float32))]


def check_result(result, request_id):
    answer = result.get_response()
    assert (answer.model_name, answer.model_version, answer.id) == ("echo", "2", request_id), answer
    for name, want in INPUTS.items():
        got = result.as_numpy(name)
        if want.dtype == np.object_:
            got = np.array([v.decode() for v in got.ravel()], dtype=np.object_).reshape(got.shape)
        assert got.dtype == want.dtype and np.array_equal(got, want), f"{name}: {got}, want {want}"


def failures():
    """Calls that are refused: their arguments, the status, and words of the message."""
    shared = plain.InferInput("x", [4, 3], "FP32")
    shared.set_shared_memory("region", 48)
    short = make_input("floats", INPUTS["floats"])
    short._raw_content = short._raw_content[:-4]
    yield {"model_name": "nobody", "inputs": all_inputs()}, "NOT_FOUND", "model nobody"
    yield {"model_name": "echo", "model_version": "9", "inputs": all_inputs()}, "NOT_FOUND", "model echo 9"
    yield {"model_name": "echo", "inputs": [shared]}, "INVALID_ARGUMENT", "shared memory"
    yield {"model_name": "echo", "inputs": [short]}, "INVALID_ARGUMENT", "44 bytes"
    yield {"model_name": "echo", "inputs": all_inputs(), "sequence_id": 7}, "INVALID_ARGUMENT", "sequences"
    yield {"model_name": "echo", "inputs": all_inputs(), "headers": {"x-canary": "sometimes"}}, "INVALID_ARGUMENT", "X-Canary: sometimes"
    yield {"model_name": "echo", "inputs": waiting(), "client_timeout": 0.05}, "DEADLINE_EXCEEDED", ""


def check_failure(error, status, words):
    assert isinstance(error, InferenceServerException), f"{words}: {error!r}"
    assert error.status() == f"StatusCode.{status}" and words in error.message(), f"want {status} {words}: {error}"


def refusal(call, **arguments):
    try:
        call(**arguments)
    except InferenceServerException as error:
        return error
    raise AssertionError(f"{arguments}: was answered")


def check_descriptions(server, model, index, ready, stats):
    assert (server.name, server.version, list(server.extensions)) == ("rankgate", "7", ["model_repository", "statistics"]), server
    assert (model.name, list(model.versions), model.platform) == ("echo", ["1", "2"], "test"), model
    assert [(t.name, t.datatype, list(t.shape)) for t in model.inputs] == [("x", "FP32", [-1, 3])], model
    assert [(t.name, t.datatype, list(t.shape)) for t in model.outputs] == [("y", "INT64", [-1])], model
    assert [(m.name, m.version, m.state, m.reason) for m in index.models] == [
        ("echo", "1", "UNAVAILABLE", "an old one"),
        ("echo", "2", "READY", ""),
    ], index
    assert [m.version for m in ready.models] == ["2"], ready
    first, second = stats.model_stats
    assert (first.version, first.last_inference, first.inference_count) == ("1", 0, 0), first
    assert (second.last_inference, second.inference_count, second.execution_count) == (1_700_000_000_123, 9, 8), second
    spent = second.inference_stats
    assert [(d.count, d.ns) for d in (spent.success, spent.fail, spent.queue, spent.compute_infer)] == [
        (7, 5000), (1, 2), (3, 4), (5, 6),
    ], spent


def ready_only(stub):
    return stub.RepositoryIndex(service_pb2.RepositoryIndexRequest(ready=True))


def judge_plain(url):
    with plain.InferenceServerClient(url) as client:
        assert client.is_server_live() and client.is_server_ready()
        assert client.is_model_ready("echo") and client.is_model_ready("echo", "2")
        assert not client.is_model_ready("nobody") and not client.is_model_ready("echo", "9")
        check_descriptions(
            client.get_server_metadata(),
            client.get_model_metadata("echo"),
            client.get_model_repository_index(),
            ready_only(client._client_stub),
            client.get_inference_statistics("echo"),
        )
        check_result(client.infer("echo", all_inputs(), request_id="r-1"), "r-1")
        check_result(client.infer("echo", all_inputs(), request_id="r-2", compression_algorithm="gzip"), "r-2")
        for arguments, status, words in failures():
            check_failure(refusal(client.infer, **arguments), status, words)
        check_failure(refusal(client.get_model_config, model_name="echo"), "UNIMPLEMENTED", "no config.pbtxt")
        check_failure(refusal(client.get_model_metadata, model_name="nobody"), "NOT_FOUND", "model nobody")
        check_failure(refusal(client.load_model, model_name="echo", config="{}"), "INVALID_ARGUMENT", "parameters.config")
        judge_callbacks(client)
        judge_stream(client)
        client.unload_model("echo")
        assert not client.is_model_ready("echo") and not client.is_server_ready()
        client.load_model("echo")
        assert client.is_model_ready("echo") and client.is_server_ready()


def judge_callbacks(client):
    answers = queue.Queue()
    client.async_infer("echo", all_inputs(), lambda result, error: answers.put((result, error)), request_id="a-1")
    result, error = answers.get(timeout=60)
    assert error is None, error
    check_result(result, "a-1")
    call = client.async_infer("echo", waiting(), lambda result, error: answers.put((result, error)))
    call.cancel()
    _, error = answers.get(timeout=60)
    check_failure(error, "CANCELLED", "cancelled")


def judge_stream(client):
    answers = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    for i in range(5):
        client.async_stream_infer("echo", all_inputs(), request_id=f"s-{i}", enable_empty_final_response=True)
    client.async_stream_infer("nobody", all_inputs())
    client.async_stream_infer("echo", all_inputs(), request_id="s-6")
    for i in range(7):
        result, error = answers.get(timeout=60)
        if i == 5:
            assert "model nobody" in error.message(), error
            continue
        assert error is None, error
        check_result(result, f"s-{i}")
        final = result.get_response().parameters
        assert ("triton_final_response" in final) == (i < 5), final
    client.stop_stream()


async def judge_aio(url):
    async with aio.InferenceServerClient(url) as client:
        assert await client.is_server_live() and await client.is_server_ready()
        assert await client.is_model_ready("echo") and not await client.is_model_ready("nobody")
        check_descriptions(
            await client.get_server_metadata(),
            await client.get_model_metadata("echo", "2"),
            await client.get_model_repository_index(),
            await ready_only(client._client_stub),
            await client.get_inference_statistics("echo"),
        )
        names = [f"r-{i}" for i in range(50)]
        results = await asyncio.gather(*(client.infer("echo", all_inputs(), request_id=name) for name in names))
        for name, result in zip(names, results):
            check_result(result, name)
        for arguments, status, words in failures():
            (error,) = await asyncio.gather(client.infer(**arguments), return_exceptions=True)
            check_failure(error, status, words)
        await judge_aio_stream(client)
        task = asyncio.ensure_future(client.infer("echo", waiting()))
        await asyncio.wait([task], timeout=0.2)
        assert not task.done() and task.cancel()
        (error,) = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(error, asyncio.CancelledError), error
        await client.unload_model("echo")
        assert not await client.is_model_ready("echo")
        await client.load_model("echo")
        assert await client.is_model_ready("echo")


async def judge_aio_stream(client):
    async def requests():
        for i in range(3):
            yield {"model_name": "echo", "inputs": all_inputs(), "request_id": f"s-{i}"}

    i = 0
    async for result, error in client.stream_infer(requests()):
        assert error is None, error
        check_result(result, f"s-{i}")
        i += 1
    assert i == 3, i


def judge_descriptor(path):
    """Every name, number and type that the server describes is the protocol's."""
    with open(path, "rb") as file:
        (described,) = descriptor_pb2.FileDescriptorSet.FromString(file.read()).file
    known = descriptor_pb2.FileDescriptorProto()
    service_pb2.DESCRIPTOR.CopyToProto(known)
    assert described.package == known.package, described.package
    ours, theirs = shapes(described.message_type), shapes(known.message_type)
    wrong = {name: shape for name, shape in ours.items() if theirs.get(name) != shape}
    assert not wrong, f"{wrong} differ from {[theirs.get(name) for name in wrong]}"
    (service,), (true,) = described.service, known.service
    methods = {m.name: (m.input_type, m.output_type, m.client_streaming, m.server_streaming) for m in true.method}
    for m in service.method:
        assert methods[m.name] == (m.input_type, m.output_type, m.client_streaming, m.server_streaming), m
    return len(ours)


def shapes(messages, prefix=""):
    found = {}
    for message in messages:
        name = prefix + message.name
        for f in message.field:
            found[f"{name}.{f.name}"] = (f.number, f.type, f.label, f.type_name)
        found.update(shapes(message.nested_type, name + "."))
    return found


def main():
    url, descriptor = sys.argv[1:]
    fields = judge_descriptor(descriptor)
    judge_plain(url)
    asyncio.run(judge_aio(url))
    print(f"{fields} fields are the protocol's; calls were answered rightly, plain and asyncio")


main()
