"""A small multilayer perceptron with two hidden layers, its gradient, and Adam."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

BATCH = 1_024
Parameters = dict[str, np.ndarray]


class Network:
    """Log odds of each head (a click, a purchase) from a wide row of numbers.

    With `items`, each best-seller has a bias of its own per head, which learns
    what no feature tells.
    """

    def __init__(self, width: int, hidden: tuple[int, int], heads: int, items: int, rng: np.random.Generator):
        sizes = [width, *hidden, heads]
        self.layers = len(sizes) - 1
        self.parameters: Parameters = {}
        for i in range(self.layers):
            scale = np.sqrt(2 / sizes[i])
            self.parameters[f"weight{i}"] = rng.normal(0, scale, sizes[i : i + 2]).astype(np.float32)
            self.parameters[f"bias{i}"] = np.zeros(sizes[i + 1], np.float32)
        self.has_items = items > 0
        if self.has_items:
            self.parameters["items"] = np.zeros((items, heads), np.float32)
        self.mean, self.deviation = np.zeros(width, np.float32), np.ones(width, np.float32)

    def standardize(self, x: np.ndarray) -> None:
        """Learn the mean and the deviation of each column."""
        self.mean, self.deviation = x.mean(axis=0), np.maximum(x.std(axis=0), 0.05)

    def predict(self, x: np.ndarray, index: np.ndarray) -> np.ndarray:
        """Probabilities, float32 [rows, heads]."""
        return _sigmoid(self._forward(x, index)[-1])

    def gradient(self, x: np.ndarray, index: np.ndarray, labels: np.ndarray) -> Parameters:
        """Of the mean cross-entropy."""
        p = self.parameters
        outputs = self._forward(x, index)
        error = (_sigmoid(outputs[-1]) - labels) / len(x)
        gradients = {}
        if self.has_items:
            heads = [np.bincount(index, error[:, k], len(p["items"])) for k in range(error.shape[1])]
            gradients["items"] = np.stack(heads, axis=1).astype(np.float32)
            gradients["items"][0] = 0  # no best-seller: stays without a bias
        for i in reversed(range(self.layers)):
            gradients[f"weight{i}"] = outputs[i].T @ error
            gradients[f"bias{i}"] = error.sum(axis=0)
            if i > 0:
                error = (error @ p[f"weight{i}"].T) * (outputs[i] > 0)
        return gradients

    def folded(self) -> tuple[np.ndarray, np.ndarray]:
        """Weights and biases of the first layer for rows that are not standardized."""
        weight = self.parameters["weight0"] / self.deviation[:, None]
        return weight, self.parameters["bias0"] - self.mean @ weight

    def _forward(self, x: np.ndarray, index: np.ndarray) -> list[np.ndarray]:
        """The input of each layer, and the log odds."""
        p = self.parameters
        outputs = [(x - self.mean) / self.deviation]
        for i in range(self.layers):
            z = outputs[-1] @ p[f"weight{i}"] + p[f"bias{i}"]
            outputs.append(np.maximum(z, 0) if i < self.layers - 1 else z)
        if self.has_items:
            outputs[-1] = outputs[-1] + p["items"][index]
        return outputs


class Adam:
    """Adam with a rate that falls along a cosine, and weight decay."""

    def __init__(self, parameters: Parameters, steps: int, rate: float = 2e-3, decay: float = 1e-5):
        self._parameters, self._steps, self._rate, self._decay = parameters, steps, rate, decay
        self._step = 0
        self._first = {name: np.zeros_like(p) for name, p in parameters.items()}
        self._second = {name: np.zeros_like(p) for name, p in parameters.items()}

    def update(self, gradients: Parameters) -> None:
        """Take one step down."""
        self._step += 1
        rate = self._rate * 0.5 * (1 + np.cos(np.pi * min(self._step / self._steps, 1)))
        for name, g in gradients.items():
            first, second, p = self._first[name], self._second[name], self._parameters[name]
            first += 0.1 * (g - first)
            second += 0.001 * (g * g - second)
            unbiased = np.sqrt(second / (1 - 0.999**self._step)) + 1e-8
            p -= rate * (first / (1 - 0.9**self._step) / unbiased + self._decay * p)


def batches(rows: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Every row once, in random order; a last batch that is not full is left out."""
    order = rng.permutation(rows)
    for start in range(0, rows - BATCH + 1, BATCH):
        yield order[start : start + BATCH]


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))
