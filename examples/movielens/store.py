"""Read features back as the gateway does: by key, with the registry's defaults.

This is an independent, offline reading of `features.yaml` and `model.yaml`.
The gateway must arrive at the same tensors on its own; `check.py` holds it to
that.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from features import Table

Inputs = dict[str, np.ndarray]  # graph input → tensor


class Store:
    """The feature tables of one moment, and what stands in for a missing value."""

    def __init__(self, registry: Path, tables: dict[str, Table]) -> None:
        self._views = yaml.safe_load(registry.read_text())["views"]
        self._columns: dict[str, np.ndarray] = {}
        self._defaults: dict[str, object] = {}
        self._keys: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        for view, table in tables.items():
            key = _key([table[entity] for entity in self._views[view]["entities"]])
            order = np.argsort(key)
            self._keys[view] = key[order], order
            for name, column in self._views[view]["columns"].items():
                values = table[name]
                if column["type"] == "string":
                    values = _encode(values, registry.parent / column["vocabulary"])
                self._columns[f"{view}.{name}"] = values
                self._defaults[f"{view}.{name}"] = _default(column.get("default", 0), values)

    @classmethod
    def read(cls, directory: Path) -> Store:
        """Open a directory of Parquet files with its features.yaml."""
        registry = directory / "features.yaml"
        views = yaml.safe_load(registry.read_text())["views"]
        tables = {view: _read_parquet(directory / views[view]["source"]) for view in views}
        return cls(registry, tables)

    def inputs(self, model: dict, user: int, items: np.ndarray) -> Inputs:
        """The tensors of one request: `items` (int64 [candidates]) ranked for `user`.

        model: what model.yaml says. An input `per: request` has one row, and
        its row index is 0 for every candidate.
        """
        tensors: Inputs = {}
        for name, source in model["inputs"].items():
            once = source.get("per") == "request"
            rows = items[:1] if once else items
            columns = [self._column(c, np.full(len(rows), user), rows) for c in source["columns"]]
            tensors[name] = np.concatenate(columns, axis=1)
            if once:
                tensors[source["row_index"]] = np.zeros(len(items), np.int64)
        return tensors

    def column(self, name: str, user: int, items: np.ndarray) -> np.ndarray:
        """One scalar column for each item: [items]."""
        return self._column(name, np.full(len(items), user), items)[:, 0]

    def _column(self, reference: str, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        """One column, or missing(column), for pairs of user and item: [pairs, width]."""
        name = reference.removeprefix("missing(").removesuffix(")")
        view = name.partition(".")[0]
        ids = {"user": users, "item": items}
        row = self._rows(view, _key([ids[entity] for entity in self._views[view]["entities"]]))
        values = self._columns[name][row]
        gone = row < 0
        if values.dtype == np.float32:
            gone = gone | np.isnan(values.reshape(len(values), -1)).any(axis=1)
        if reference != name:
            return gone.astype(np.float32)[:, None]
        values[gone] = self._defaults[name]
        return values.reshape(len(values), -1)

    def _rows(self, view: str, wanted: np.ndarray) -> np.ndarray:
        """Where each wanted key is in the view's table, -1 where it is not."""
        keys, order = self._keys[view]
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[place] == wanted, order[place], -1)


def stack(requests: list[Inputs], row_index: str | None) -> Inputs:
    """Put many requests into one set of tensors, as the gateway's batcher does.

    Rows of an input `per: request` become [requests, d], and the row index says
    which of them a candidate belongs to.
    """
    stacked = {name: np.concatenate([r[name] for r in requests]) for name in requests[0]}
    if row_index:
        sizes = [len(r[row_index]) for r in requests]
        stacked[row_index] = np.repeat(np.arange(len(requests)), sizes)
    return stacked


def write_parquet(table: Table, path: Path) -> None:
    """Write a table; NaN and None become nulls, `ts` a timestamp."""
    columns = {}
    for name, values in table.items():
        if name == "ts":
            columns[name] = pa.array(values * 1000, pa.timestamp("ms", tz="UTC"))
        elif values.ndim == 2:
            columns[name] = pa.array(list(values), pa.list_(pa.float32()))
        else:
            columns[name] = pa.array(values, from_pandas=True)
    pq.write_table(pa.table(columns), path, compression="snappy")


def _read_parquet(path: Path) -> Table:
    """Read a table back into arrays; nulls become NaN or None."""
    table = {}
    for field, column in zip(pq.read_schema(path), pq.read_table(path).columns, strict=True):
        values = column.to_numpy()
        table[field.name] = np.stack(values) if pa.types.is_list(field.type) else values
    return table


def _key(ids: list[np.ndarray]) -> np.ndarray:
    """One number for an id, or for a pair of ids below 2³²: int64 [rows]."""
    first, *rest = (i.astype(np.int64) for i in ids)
    return (first << 32) + rest[0] if rest else first


def _encode(values: np.ndarray, vocabulary: Path) -> np.ndarray:
    """The place of each string in the vocabulary, from 1; 0 if it is not there."""
    place = {word: i for i, word in enumerate(vocabulary.read_text().splitlines(), start=1)}
    return np.array([place.get(v, 0) for v in values])


def _default(default: float | str, values: np.ndarray) -> object:
    """What stands in for a missing value: a number, or the mean of those there are."""
    if default == "mean":
        return np.nanmean(values, axis=0, dtype=np.float64).astype(np.float32)
    return default
