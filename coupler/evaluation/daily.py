"""`calcisol evaluate --daily`: free rollouts over columns that a reference model made day by day, scored against targets.

What:    ``run``: the table of every column, and of all.
Output:  the tables on the screen; ``daily.json`` and ``daily.csv`` in the folder of ``--out``.
         Exit code 1 where a target is missed.
Use:     ``calcisol evaluate --daily DIR --water given --step day``
"""

from __future__ import annotations

import argparse
import csv
import json
from dataclasses import asdict
from pathlib import Path

from ..errors import ArgumentError
from ..library.model import Model
from ..offline.folder_lock import whole_file
from .daily_file import DailyColumn, read_folder
from .daily_grid import STEPS, Grid, step_ends
from .daily_rollout import Course, reference, rollout
from .daily_scores import Conditions, Score, scores, summary
from .daily_water import DailyWater, given_water, own_water

LAYERS = 12
WATERS = {"own": own_water, "given": given_water}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``--daily`` takes."""
    group = parser.add_argument_group("columns with daily weather (coupler/docs/daily_columns.md)")
    group.add_argument("--daily", type=Path, metavar="DIR", help="folder of daily column files instead of an ensemble")
    group.add_argument(
        "--water", choices=tuple(WATERS), default="own", help="soil water: the driver's own (default) or the file's"
    )
    group.add_argument(
        "--step",
        choices=STEPS,
        default="day",
        help="length of a step; rule: a week, a day where there is little air",
    )
    group.add_argument("--layers", type=int, default=LAYERS, metavar="N", help=f"layers of the soil (default {LAYERS})")


def run(args: argparse.Namespace) -> int:
    """The tables; 1 where a target is missed, else 0. Raises CalcisolError."""
    columns = read_folder(args.daily)
    for column in columns:
        fewest = len(column["dz"])
        if args.layers > fewest:
            raise ArgumentError(f"{column.name} has {fewest} cells; give --layers {fewest} or fewer")
    table = _table(columns, args)
    _write(table, args.out)
    return 0 if all(score.passed for _, found in table for score in found) else 1


def roll_out(model: Model, column: DailyColumn, layers: int, step: str, water: str) -> tuple[Course, Course, Grid, DailyWater]:
    """Simulated and true course of a column, on their grid and water."""
    grid = Grid.of(column["dz"], layers)
    daily = WATERS[water](column, grid)
    ends = step_ends(step, column.start_day, column.days, daily.air(grid.mean(column["porosity"]), grid.dz))
    return rollout(model, column, grid, daily, ends), reference(column, grid, ends), grid, daily


def _table(columns: list[DailyColumn], args: argparse.Namespace) -> list[tuple[Conditions, list[Score]]]:
    """Every column on the one grid and step, printed as it is done."""
    layers, step = args.layers, args.step
    found = []
    print(f"{len(columns)} columns, {layers} layers, step {step}, water {args.water}, driven by forcing alone from start_day on")
    with Model(args.bundle) as model:
        for column in columns:
            simulated, true, grid, _ = roll_out(model, column, layers, step, args.water)
            conditions = Conditions(column.name, layers, step, args.water, "bundle", column.hydraulics.bottom_head is not None)
            rows = scores(simulated, true, grid, conditions)
            found.append((conditions, rows))
            steps = len(simulated.ends) - 1
            print(f"{column.name}: {column.years:.1f} years in {steps} steps ({steps / column.years:.0f} a year)")
            print(f"  {'quantity':26s} {'value':>10s} {'unit':10s} {'reference':>10s} {'error':20s} {'target':24s}")
            print("\n".join(row.line() for row in rows), flush=True)
    print("all columns:")
    print("\n".join(summary([rows for _, rows in found])))
    return found


def _write(table: list[tuple[Conditions, list[Score]]], folder: Path) -> None:
    """daily.json and daily.csv, one record a quantity."""
    records = [asdict(conditions) | asdict(score) for conditions, found in table for score in found]
    with whole_file(folder / "daily.json") as path:
        path.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    with whole_file(folder / "daily.csv") as path, path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(records[0]))
        writer.writeheader()
        writer.writerows(records)
    print(f"wrote {folder}/daily.json, daily.csv")
