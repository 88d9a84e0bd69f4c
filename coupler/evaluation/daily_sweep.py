"""`calcisol evaluate --daily` on several layers and steps: the physical step (B0), the bundle, and the bundle on split layers.

What:    ``run``: every column on every grid with every step, three times; one table a grid and step (daily_closure.py).
Output:  ``daily.json`` and ``daily.csv`` as of one grid; with ``before``, such a file of an earlier version, its B0 stands first.
Use:     ``calcisol evaluate --daily DIR --layers 4 7 11 --step day week month --before old/daily.json``
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import ArgumentError
from ..library.model import Model
from .daily_closure import SPLIT, Errors, errors, table
from .daily_file import DailyColumn
from .daily_rollouts import roll_out

Records = list[dict[str, Any]]
BEFORE = "B0 before"


def run(
    columns: Sequence[DailyColumn], bundle: Path, grids: Sequence[tuple[int, str]], water: str, before: Path | None
) -> tuple[Records, bool]:
    """Every error as a record, and whether the bundle reaches every target. Raises CalcisolError, InputError.

    ``grids``: layers and step of each table.
    """
    from ...emulator.commands import physical_bundle

    earlier = _read(before) if before else []
    records: Records = []
    passed = True
    with Model(physical_bundle(bundle)) as b0, Model(bundle) as ours:
        for layers, step in grids:
            found: dict[str, list[Errors]] = {}
            for name, model, split in (("B0", b0, False), ("bundle", ours, False), (SPLIT, ours, True)):
                found[name] = []
                for column in columns:
                    _say(f"{column.name}: {layers} layers, step {step}, {name}")
                    simulated, true, grid = roll_out(model, column, layers, step, water, split)
                    found[name].append(errors(simulated, true, column, grid))
                for column, row in zip(columns, found[name], strict=True):
                    where = {"column": column.name, "layers": layers, "step": step, "water": water, "competitor": name}
                    records += [where | {"quantity": q, "error": e} for q, e in row.items()]
            old = [_earlier(earlier, column.name, layers, step, water) for column in columns]
            lines, good = table(({BEFORE: old} if all(old) else {}) | found)
            print(f"{len(columns)} columns, {layers} layers, step {step}, water {water}")
            print("\n".join(lines), flush=True)
            passed &= good
    return records, passed


def _say(text: str) -> None:
    print(f"calcisol: {text}", file=sys.stderr, flush=True)


def _earlier(records: Records, column: str, layers: int, step: str, water: str) -> Errors:
    """Errors of B0 in an earlier file; empty where it has none of them."""
    wanted = (column, layers, step, water, "B0")
    return {
        r["quantity"]: float("inf") if r["error"] is None else float(r["error"])
        for r in records
        if tuple(r.get(k) for k in ("column", "layers", "step", "water", "competitor")) == wanted
    }


def _read(path: Path) -> Records:
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        records = None
    if not isinstance(records, list) or not all(isinstance(r, dict) and "quantity" in r and "error" in r for r in records):
        raise ArgumentError(f"{path} is no daily.json of `calcisol evaluate --daily`; give one that an earlier version wrote")
    return records
