"""What the rivals in Python share: settings, rows, passes and answers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import onnxruntime
import orjson


@dataclass(frozen=True)
class Settings:
    """What a rival is told, by its environment."""

    redis_host: str
    redis_port: int
    model: str
    input: str
    output: str
    width: int
    user_width: int

    @staticmethod
    def from_environment() -> Settings:
        host, _, port = os.environ["RIVAL_REDIS"].rpartition(":")
        return Settings(
            redis_host=host,
            redis_port=int(port),
            model=os.environ["RIVAL_MODEL"],
            input=os.environ["RIVAL_INPUT"],
            output=os.environ["RIVAL_OUTPUT"],
            width=int(os.environ["RIVAL_WIDTH"]),
            user_width=int(os.environ["RIVAL_USER_WIDTH"]),
        )

    @cached_property
    def zero_user(self) -> bytes:
        return bytes(4 * self.user_width)

    @cached_property
    def zero_item(self) -> bytes:
        return bytes(4 * (self.width - self.user_width))


class Model:
    """An ONNX graph that gives a score for each row."""

    def __init__(self, settings: Settings) -> None:
        options = onnxruntime.SessionOptions()
        # Workers are what uses the cores; a pass of one thread has no pool that could spin.
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(settings.model, options, providers=["CPUExecutionProvider"])
        self.input = settings.input or self.session.get_inputs()[0].name
        self.output = settings.output or self.session.get_outputs()[0].name

    def score(self, rows: np.ndarray) -> np.ndarray:
        """rows: float32 [rows, width]; returns float32 [rows]."""
        return self.session.run([self.output], {self.input: rows})[0].reshape(-1)


def keys_of(user: str, items: list[str]) -> list[str]:
    """The key of the user's row, then of the items'."""
    return ["u:" + user, *["i:" + item for item in items]]


def rows_of(settings: Settings, values: list[bytes | None]) -> np.ndarray:
    """The values of keys_of's keys as float32 [items, width]."""
    user, *items = values
    joined = b"".join([settings.zero_item if v is None else v for v in items])
    rows = np.empty((len(items), settings.width), np.float32)
    rows[:, : settings.user_width] = np.frombuffer(user or settings.zero_user, "<f4")
    rows[:, settings.user_width :] = np.frombuffer(joined, "<f4").reshape(len(items), -1)
    return rows


def answer_of(items: list[str], scores: np.ndarray) -> bytes:
    """The body of an answer: the highest score first, equal ones as they came."""
    order = np.argsort(-scores, kind="stable")
    ranked = [{"id": items[i], "score": s} for i, s in zip(order.tolist(), scores[order].tolist())]
    return orjson.dumps({"items": ranked})
