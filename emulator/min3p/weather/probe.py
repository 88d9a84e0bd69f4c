"""Whether the user's MIN3P knows roots and evaporation: three days of a small column, before any member is run.

What:    ``check`` raises one sentence where it does not. The public build of MIN3P 2.6.2.880 leaves the set-up of roots out
         (it is compiled with ARCHISIMPLE alone) and stops without a word; a zone of a one-dimensional column evaporates nothing.
Use:     ``check(runner.executable(), runner.stock_database())``
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..runner import RunnerError, run
from .climate import Weather
from .days import DayBook
from .deck import write_run
from .design import WeatherColumn, build
from .parameters import draw

DAYS = 3
DEMAND = 5.0  # mm a day
LEAST = 1e-4  # m over the run that roots and soil have to lose
WALL_LIMIT = 120.0  # s
GUIDE = "see 'A MIN3P with roots' in emulator/min3p/README.md"


def probe_column() -> WeatherColumn:
    """A few days of a drawn column under strong demand, half of it on its leaves."""
    whole = build(draw(1, 1)[0], 1)
    few = slice(0, DAYS)
    flat = np.ones(DAYS)
    soil = replace(
        whole.soil, drainage=1e-3 * flat, temperature=np.full((DAYS, whole.soil.layers), 12.0),
        sources={n: replace(whole.soil.sources[n], monthly=whole.soil.sources[n].monthly[few]) for n in ("resp", "weath")},
    )  # fmt: skip
    return replace(
        whole, soil=soil, weather=Weather(flat, DEMAND * flat, 12.0 * flat, 0.0), leaves=flat, irrigation=0.0 * flat,
        passive=0.0, si_pedogenic=0.0, bottom_head=None,
    )  # fmt: skip


def check(program: Path, stock: Path) -> None:
    """Raises RunnerError with one sentence where MIN3P cannot make columns with weather."""
    with tempfile.TemporaryDirectory(prefix="calcisol-probe-") as scratch:
        folder, column = Path(scratch) / "roots", probe_column()
        write_run(folder, column, stock)
        book = DayBook(folder, column.soil.layers, passive=0.0)
        result = run(folder, program, WALL_LIMIT)
        if not result.status.ok:
            bare = Path(scratch) / "bare"
            write_run(bare, column, stock, roots=False)
            without = run(bare, program, WALL_LIMIT)
            if without.status.ok:
                raise RunnerError(f"MIN3P_EXE={program} has no root uptake, which --weather needs; {GUIDE}")
            raise RunnerError(
                f"MIN3P_EXE={program} ends a small column with {without.status.state!r} ({without.status.reason}); "
                "run one of MIN3P's own examples with it first"
            )
        days = book.finish(DAYS)
    for name, process in (("transpiration", "root uptake"), ("evaporation", "evaporation from the soil")):
        if not float(days[name].sum()) > LEAST:
            raise RunnerError(f"MIN3P_EXE={program} has no {process}, which --weather needs; {GUIDE}")
