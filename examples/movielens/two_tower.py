"""A small two-tower network in plain numpy: forward, backward, Adam.

    user_vec ─ standardize ─ dense ─ dense ──────────────┐ once per request
    item_id ─ embedding ┐                                *─┐
    decade ── embedding ┼─ dense ─ dense ────────────────┘ ├─ dense ─ like, watch
    item_vec ─ standardize                                 │
    pair_vec ─ standardize ────────────────────────────────┘

The towers meet in an element-wise product, which a dense layer reads together
with the pair's features. Two heads give the chance that the user rates the
movie (watch) and rates it four stars or more (like).
"""

from __future__ import annotations

import numpy as np

from store import Inputs

EMBEDDING = 16  # numbers per movie id
TOWER = 24  # numbers per user and per movie when the towers meet
HIDDEN = 48
HEADS = ("like", "watch")


class Dense:
    """y = x·W + b, with ReLU if wanted. x: float32 [n, inputs]; y: [n, outputs]."""

    def __init__(self, inputs: int, outputs: int, relu: bool, rng: np.random.Generator) -> None:
        self.weight = rng.normal(0, np.sqrt(2 / inputs), (inputs, outputs)).astype(np.float32)
        self.bias = np.zeros(outputs, np.float32)
        self.relu = relu

    def forward(self, x: np.ndarray) -> np.ndarray:
        self._x, self._y = x, x @ self.weight + self.bias
        if self.relu:
            self._y = np.maximum(self._y, 0)
        return self._y

    def backward(self, gradient: np.ndarray) -> np.ndarray:
        """Take dLoss/dy, keep dLoss/dW and dLoss/db, return dLoss/dx."""
        if self.relu:
            gradient = gradient * (self._y > 0)
        self.gradients = [self._x.T @ gradient, gradient.sum(axis=0)]
        return gradient @ self.weight.T

    @property
    def parameters(self) -> list[np.ndarray]:
        return [self.weight, self.bias]


class Embedding:
    """One trainable row per id. ids: int64 [n]; rows: float32 [n, width]."""

    def __init__(self, ids: int, width: int, rng: np.random.Generator) -> None:
        self.table = rng.normal(0, 0.05, (ids, width)).astype(np.float32)

    def forward(self, ids: np.ndarray) -> np.ndarray:
        self._ids = ids
        return self.table[ids]

    def backward(self, gradient: np.ndarray) -> None:
        """Take dLoss/drows, keep dLoss/dtable."""
        total = np.zeros_like(self.table)
        np.add.at(total, self._ids, gradient)
        self.gradients = [total]

    @property
    def parameters(self) -> list[np.ndarray]:
        return [self.table]


class TwoTower:
    """The network of the picture above. `scaling` holds (mean, 1/std) per input."""

    def __init__(self, sample: Inputs, movies: int, decades: int, seed: int) -> None:
        """Size the layers by a sample of the inputs, whose rows also set the scaling."""
        rng = np.random.default_rng(seed)
        self.scaling = {n: _scaling(sample[n]) for n in ("user_vec", "item_vec", "pair_vec")}
        user, item, pair = (len(mean) for mean, _ in self.scaling.values())
        self.movie = Embedding(movies + 1, EMBEDDING, rng)  # row 0: an unknown movie
        self.decade = Embedding(decades + 1, 4, rng)  # row 0: an unknown decade
        self.user1 = Dense(user, HIDDEN, True, rng)
        self.user2 = Dense(HIDDEN, TOWER, False, rng)
        self.item1 = Dense(EMBEDDING + 4 + item, HIDDEN, True, rng)
        self.item2 = Dense(HIDDEN, TOWER, False, rng)
        self.joint = Dense(TOWER + pair, HIDDEN, True, rng)
        self.heads = Dense(HIDDEN, len(HEADS), False, rng)
        self.layers = [
            self.movie, self.decade, self.user1, self.user2,
            self.item1, self.item2, self.joint, self.heads,
        ]  # fmt: skip

    def forward(self, x: Inputs) -> np.ndarray:
        """The logits of both heads: float32 [candidates, 2]."""
        self._row = x["user_row"]
        self._user = self.user2.forward(self.user1.forward(self._scaled(x, "user_vec")))
        movie = self.movie.forward(x["item_id"][:, 0])
        decade = self.decade.forward(x["decade"][:, 0])
        features = np.concatenate([movie, decade, self._scaled(x, "item_vec")], axis=1)
        self._item = self.item2.forward(self.item1.forward(features))
        meeting = self._user[self._row] * self._item
        both = np.concatenate([meeting, self._scaled(x, "pair_vec")], axis=1)
        return self.heads.forward(self.joint.forward(both))

    def backward(self, gradient: np.ndarray) -> None:
        """Take dLoss/dlogits, leave every layer with its gradients."""
        meeting = self.joint.backward(self.heads.backward(gradient))[:, :TOWER]
        user = np.zeros_like(self._user)
        np.add.at(user, self._row, meeting * self._item)
        self.user1.backward(self.user2.backward(user))
        features = self.item1.backward(self.item2.backward(meeting * self._user[self._row]))
        self.movie.backward(features[:, :EMBEDDING])
        self.decade.backward(features[:, EMBEDDING : EMBEDDING + 4])

    def _scaled(self, x: Inputs, name: str) -> np.ndarray:
        mean, scale = self.scaling[name]
        return (x[name] - mean) * scale


class Adam:
    """Adam with decoupled weight decay, one step at a time over all layers."""

    def __init__(self, layers: list[Dense | Embedding], rate: float, decay: float) -> None:
        self.layers, self.rate, self.decay = layers, rate, decay
        self.steps = 0
        parameters = [p for layer in layers for p in layer.parameters]
        self.moments = [(np.zeros_like(p), np.zeros_like(p)) for p in parameters]

    def step(self) -> None:
        """Move every parameter against the gradients of the last backward pass."""
        self.steps += 1
        rate = self.rate * np.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps)
        parameters = [p for layer in self.layers for p in layer.parameters]
        gradients = [g for layer in self.layers for g in layer.gradients]
        for p, g, (first, second) in zip(parameters, gradients, self.moments, strict=True):
            first += 0.1 * (g - first)
            second += 0.001 * (g * g - second)
            p -= rate * first / (np.sqrt(second) + 1e-8) + self.rate * self.decay * p


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Logits to probabilities, element by element."""
    return 1 / (1 + np.exp(-logits))


def _scaling(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and 1/std of each column of [n, d]: two float32 [d]."""
    std = rows.std(axis=0)
    return rows.mean(axis=0), (1 / np.where(std > 1e-6, std, 1)).astype(np.float32)
