"""`calcisol evaluate --daily`: free rollouts over columns that a reference model made day by day, scored against targets.

What:    ``run``: one grid and one kind of step give the table of every column and of all; several give what layers and steps
         smear out (daily_sweep.py).
Output:  the tables on the screen; ``daily.json`` and ``daily.csv`` in the folder of ``--out``.
         Exit code 1 where a target is missed.
Use:     ``calcisol evaluate --daily DIR --water given --step day``
"""

from __future__ import annotations

import argparse
import csv
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any

from ...emulator.contract.bundle import default_bundle
from ..errors import ArgumentError
from ..land.thin_layers import NONE, SPLITS, WHERE_NEEDED
from ..library.model import Model
from ..offline.folder_lock import whole_file
from . import daily_sweep
from .daily_closure import SPLIT
from .daily_file import DailyColumn, read_folder
from .daily_grid import STEPS
from .daily_rollouts import WATERS, roll_out, takes_thin_layers
from .daily_scores import Conditions, scores, summary

LAYERS = 12
THIN = "thin"  # the bundle on layers that were cut
Records = list[dict[str, Any]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``--daily`` takes."""
    add = parser.add_argument_group("columns with daily weather (coupler/docs/daily_columns.md)").add_argument
    add("--daily", type=Path, metavar="DIR", help="folder of daily column files instead of an ensemble")
    add(
        "--water",
        choices=tuple(WATERS),
        help="soil water: the driver's own (default), or the file's (default for several tables)",
    )
    add("--step", nargs="+", choices=STEPS, default=["day"], help="rule: a week, a day where there is little air (default day)")
    add("--layers", nargs="+", type=int, metavar="N", help=f"layers of the soil (default {LAYERS}, or as many as cells)")
    add(
        "--layers-split",
        choices=SPLITS,
        help="thick layers cut into thin ones for water and step: as in the European run (where_needed; default on its "
        f"{LAYERS} layers), of all columns, of none",
    )
    add("--split", action="store_true", help="split thick layers inside, as hosts can (several tables show both)")
    add("--before", type=Path, metavar="FILE", help="daily.json of an earlier version, to stand beside several tables")


def run(args: argparse.Namespace) -> int:
    """The tables; 1 where a target is missed, else 0. Raises CalcisolError."""
    columns = read_folder(args.daily)
    layers = args.layers or [LAYERS]
    for column in columns if args.layers else ():
        cells = len(column["dz"])
        if not 1 <= min(layers) <= max(layers) <= cells:
            raise ArgumentError(f"{column.name} has {cells} cells; give --layers from 1 to {cells}")
    bundle = args.bundle or default_bundle()
    grids = list(product(layers, args.step))
    if len(grids) > 1 and args.layers_split:
        raise ArgumentError("several --layers or --step show layers as they are and split inside; leave --layers-split out")
    if len(grids) > 1:
        records, passed = daily_sweep.run(columns, bundle, grids, args.water or "given", args.before)
    elif args.before:
        raise ArgumentError("--before stands beside the tables of several --layers or --step; give more of them")
    else:
        records, passed = _one_table(columns, bundle, *grids[0], args.water or "own", args.split, _layers_split(args))
    _write(records, args.out)
    return 0 if passed else 1


def _layers_split(args: argparse.Namespace) -> str:
    """Whose thick layers are cut. Raises ArgumentError where they are to be cut and split inside."""
    if args.split and args.layers_split not in (None, NONE):
        raise ArgumentError(f"--layers-split {args.layers_split} cuts the layers that --split splits inside; give one of them")
    return str(args.layers_split or (WHERE_NEEDED if args.layers in (None, [LAYERS]) and not args.split else NONE))


def _one_table(
    columns: Sequence[DailyColumn], bundle: Path, most: int, step: str, water: str, split: bool, layers_split: str
) -> tuple[Records, bool]:
    """Every column on ``most`` layers, or its cells where they are fewer; the records, and whether each target is reached."""
    records, found = [], []
    how = f"{most} layers{', split inside' if split else ''}, step {step}, water {water}"
    print(f"{len(columns)} columns, {how}, driven by forcing alone from start_day on")
    with Model(bundle) as model:
        for column in columns:
            layers = min(most, len(column["dz"]))
            simulated, true, grid = roll_out(model, column, layers, step, water, split, layers_split)
            thin = takes_thin_layers(column, grid, layers_split)
            name = SPLIT if split else THIN if thin else "bundle"
            conditions = Conditions(column.name, layers, step, water, name, column.water_table)
            rows = scores(simulated, true, grid, conditions)
            found.append(rows)
            records += [asdict(conditions) | asdict(score) for score in rows]
            steps = len(simulated.ends) - 1
            print(
                f"{column.name}: {column.years:.1f} years in {steps} steps ({steps / column.years:.0f} a year)"
                f"{', thick layers cut' if thin else ''}"
            )
            print(f"  {'quantity':26s} {'value':>10s} {'unit':10s} {'reference':>10s} {'error':20s} {'target':24s}")
            print("\n".join(row.line() for row in rows), flush=True)
    print("all columns:")
    print("\n".join(summary(found)))
    return records, all(score.passed for rows in found for score in rows)


def _write(records: Records, folder: Path) -> None:
    """daily.json and daily.csv, one record a quantity; an infinite error is null: JSON has no such number."""
    records = [{k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in r.items()} for r in records]
    with whole_file(folder / "daily.json") as path:
        path.write_text(json.dumps(records, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    with whole_file(folder / "daily.csv") as path, path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(records[0]))
        writer.writeheader()
        writer.writerows(records)
    print(f"wrote {folder}/daily.json, daily.csv")
