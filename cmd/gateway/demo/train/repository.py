"""Write model.yaml: which columns feed the inputs of a graph."""

from __future__ import annotations

import textwrap
from pathlib import Path

from inputs import DENSE, ITEM_CODES, USER_CODES, USER_VEC


def write(directory: Path, version, ndcg: dict[str, float], digest: str, shared) -> None:
    """Write the file of one version: the shared one, or one of its own."""
    own = version is not shared
    path = directory / version.name / "model.yaml" if own else directory / "model.yaml"
    head = [
        "# Written by train/train.py.",
        "# This version replaces the model.yaml above it: it has one input and one output more."
        if own
        else "# It holds for every version that has no model.yaml of its own.",
        "inputs:",
        *_input("user_vec", USER_VEC, "once per request, however many candidates; dealt out by user_row", per_request=True),
        *_input("user_codes", list(USER_CODES), "places in the vocabularies, 0 if not there", per_request=True),
        *_input("dense", DENSE, "once per candidate"),
        *_input("item_codes", list(ITEM_CODES), "places in the vocabularies, 0 if not there"),
    ]
    if version.best_sellers:
        head += _input("item_index", ["item_stats.index"], "a row of the table of best-sellers")
    head += ["score:" if len(version.heads) > 1 else f"score: {next(iter(version.heads))}"]
    if len(version.heads) > 1:
        head += [f"  {name}: {{weight: {weight}}}" for name, weight in version.heads.items()]
    head += [
        "metadata:",
        f"  trained_on: {version.users} simulated users, {version.candidates} candidates each",
        "  code: cmd/gateway/demo/train",
        f"  data_sha256: {digest}",
        "  metrics:",
        f"    ndcg10: {ndcg[version.name]:.4f}",
        f"    ndcg10_popularity: {ndcg['popularity']:.4f}",
    ]
    path.write_text("\n".join(head) + "\n")


def _input(name: str, columns: list[str], comment: str, per_request: bool = False) -> list[str]:
    lines = [f"  {name}: # {comment}"]
    if per_request:
        lines += ["    per: request", "    row_index: user_row"]
    listed = textwrap.wrap(", ".join(columns), 100, break_long_words=False, break_on_hyphens=False)
    return lines + ["    columns: [" + "\n      ".join(listed) + "]"]
