"""What thick layers and long steps smear out: errors of a rollout by layers and steps, over all columns.

What:    ``errors``: gain and loss of carbonate, leaching, pH of layers with and without a front, signs, of one rollout;
         ``table``, medians and worst over columns of several competitors side by side with their targets.
Units:   shares of the reference, except pH and the count of wrong signs.
Shapes:  (layer,), (step, layer).
Targets: of what ships for 4 to 7 layers and steps of a week or a month, applied to every combination asked for.
Use:     ``found = {"B0": [errors(...), ...], "bundle": [...]}``; ``lines, passed = table(found)``
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..units import SECONDS_PER_DAY
from .daily_file import DailyColumn
from .daily_grid import Grid
from .daily_rollout import Course
from .daily_scores import relative

Errors = dict[str, float]
MATTERS = 0.02  # of the largest change of a layer: below, its sign says nothing
FRONT = 0.1  # a cell with less than this share of the calcite of the fullest cell of its layer is decalcified
RISING_AT = 0.3  # m; below the roots of most days
RISING_SHARE = 0.25
"""Where more than this share of what drains rises through 30 cm, nitrate comes up again and layers smear it out."""
HALVED = 0.5
SPLIT = "split"
"""The bundle in columns whose thick layers are split inside (``pieces=``); the other competitors step the layers as they are."""


@dataclass(frozen=True)
class Target:
    """Of one quantity over the columns: ``median`` and ``worst`` bounds of its absolute value."""

    worst: float
    median: float | None = None
    share: bool = True

    def text(self) -> str:
        """As printed."""
        form = "{:.0%}" if self.share else "{:g}"
        middle = f"median {form.format(self.median)}, " if self.median is not None else ""
        return f"{middle}worst {form.format(self.worst)}"


TARGETS = {
    "gain below the front": Target(0.12, 0.05),
    "loss above": Target(0.12, 0.05),
    "NO3 leached, rising water": Target(0.10),
    "NO3 leached, draining": Target(0.03),
    "DIC leached": Target(0.03),
    "Ca leached": Target(0.05),
    "pH of layers": Target(0.04, share=False),
    "pH where a front stands": Target(0.15, share=False),
    "wrong signs": Target(0.0, share=False),
}


def rises(column: DailyColumn) -> bool:
    """Whether much of the reference's water comes up again from below ``RISING_AT``."""
    below = np.cumsum(column["dz"]) > RISING_AT + 1e-6
    stored = column["w_liq"][:, below].sum(axis=1)
    taken = column.w_sink[1:, below].sum(axis=1)
    through = (taken + column["q_bot"][1:]) * SECONDS_PER_DAY + np.diff(stored)  # downward through the face, kg m-2 a day
    days = slice(column.start_day - 1, None)
    drained = float(column["q_bot"][column.start_day :].sum() * SECONDS_PER_DAY)
    return drained <= 0.0 or float(-np.minimum(through[days], 0.0).sum()) > RISING_SHARE * drained


def fronts(column: DailyColumn, grid: Grid, ends: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Layers (layer,) in which, at the end of some step, decalcified cells lie beside cells with calcite."""
    content = column["pool_calcite"][ends - 1] / column["dz"]
    inside = np.where(grid.member[None] > 0, content[:, None, :], np.nan)  # step, layer, cell
    least, most = np.nanmin(inside, axis=2), np.nanmax(inside, axis=2)
    return np.asarray((least < FRONT * most).any(axis=0))


def errors(simulated: Course, true: Course, column: DailyColumn, grid: Grid) -> Errors:
    """All quantities of one column; what does not exist there (no front, no loss) is left out."""
    ours, theirs = simulated.calcite_change, true.calcite_change
    largest = np.abs(theirs).max()
    found: Errors = {}
    for name, where in (("gain below the front", theirs > 0), ("loss above", theirs < 0)):
        if abs(theirs[where].sum()) > MATTERS * largest:
            found[name] = relative(float(ours[where].sum()), float(theirs[where].sum()))
    water = "rising water" if rises(column) else "draining"
    for name, amount in ((f"NO3 leached, {water}", "no3_leached"), ("DIC leached", "dic_leached"), ("Ca leached", "ca_leached")):
        found[name] = relative(float(getattr(simulated, amount)), float(getattr(true, amount)))
    rmse = np.sqrt(np.mean((simulated.ph - true.ph) ** 2, axis=0))
    front = fronts(column, grid, true.ends)
    for name, where in (("pH of layers", ~front), ("pH where a front stands", front)):
        if where.any():
            found[name] = float(np.sqrt(np.average(rmse[where] ** 2, weights=grid.dz[where])))
    matter = np.abs(theirs) > MATTERS * largest
    wrong = int((np.sign(ours) != np.sign(theirs))[matter].sum()) + int(np.sign(ours.sum()) != np.sign(theirs.sum()))
    return found | {"wrong signs": float(wrong)}


def table(found: Mapping[str, Sequence[Errors]]) -> tuple[list[str], bool]:
    """Lines of the table and whether the last competitor, the one that ships, reaches every target.

    ``found``: by competitor, the errors of each column, columns in the same order.
    """
    head = "".join(f"{name + ' median':>18s}{'worst':>10s}" for name in found)
    lines, passed = [f"  {'quantity':26s}{head}   target"], True
    for quantity, target in TARGETS.items():
        rows = {name: [e[quantity] for e in columns if quantity in e] for name, columns in found.items()}
        if not all(rows.values()):
            continue
        form = "{:.1%}" if target.share else "{:.3f}" if quantity.startswith("pH") else "{:g}"
        cells = "".join(f"{form.format(_median(v)):>18s}{form.format(_worst(v)):>10s}" for v in rows.values())
        last = list(rows.values())[-1]
        good = _worst(last) <= target.worst and (target.median is None or _median(last) <= target.median)
        passed &= good
        lines.append(f"  {quantity:26s}{cells}   {target.text():28s} {'pass' if good else 'MISS'}")
    ratios = {name: closure(found["B0"], found[name]) for name in ("bundle", SPLIT) if {"B0", name} <= set(found)}
    if ratios:
        good = list(ratios.values())[-1] <= HALVED
        passed &= good
        shown = ", ".join(f"{name} / B0 {ratio:.2f}" for name, ratio in ratios.items())
        lines.append(f"  median over quantities: {shown}; the last at most {HALVED:g}: {'pass' if good else 'MISS'}")
    return lines, passed


def closure(before: Sequence[Errors], after: Sequence[Errors]) -> float:
    """Median over quantities of the ratio of median absolute errors; signs are counted, not measured, and left out."""
    ratios = []
    for quantity in TARGETS:
        old, new = ([e[quantity] for e in columns if quantity in e] for columns in (before, after))
        if quantity != "wrong signs" and old and _median(old) > 0.0:
            ratios.append(_median(new) / _median(old))
    return float(np.median(ratios)) if ratios else float("nan")


def _median(values: Sequence[float]) -> float:
    return float(np.median(np.abs(values)))


def _worst(values: Sequence[float]) -> float:
    return float(np.max(np.abs(values)))
