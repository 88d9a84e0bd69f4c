"""What is measured of a rollout against its reference, and what counts as a pass.

What:    ``scores``: drainage, leaching, change of inorganic carbon, its gain below the front, pH, each with its target.
Units:   drainage mm a year, carbon and leaching mol m-2 over the run, shares as fractions.
Targets: for the driver's own layers, by day; another for pH by longer steps.
Use:     ``for score in scores(simulated, true, grid, conditions): print(score.line())``
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..units import DAYS_PER_YEAR
from .daily_grid import Grid
from .daily_rollout import Course

DRAINAGE_SHARE, DRAINAGE_MM, DRAINAGE_TABLE_MM = 0.03, 3.0, 10.0
LEACHED = 0.07  # Ca and DIC
NITRATE = 0.20  # layers as thick as the driver's smear nitrate out
NET_OF_GROSS = 0.02
GAIN = 0.10
PH = {"day": 0.03, "longer": 0.05}
SMALL_GAIN = 0.02
"""Of the gross turnover: a smaller gain may miss by as much as one of this size."""


@dataclass(frozen=True)
class Conditions:
    """Of one rollout: what its scores are filed under."""

    column: str
    layers: int
    step: str
    water: str
    competitor: str
    water_table: bool


@dataclass(frozen=True)
class Score:
    """One quantity. ``error`` is what the target bounds; ``error_unit`` says of what it is a share."""

    quantity: str
    value: float
    reference: float
    unit: str
    error: float
    error_unit: str
    target: str
    passed: bool

    def line(self) -> str:
        """One row of the table."""
        error = f"{self.error:+.1%} {self.error_unit}".rstrip() if self.error_unit != "pH" else ""
        if np.isinf(self.error):
            error = "reference 0"
        text = (
            f"{self.value:10.4g} {self.unit:10s} {self.reference:10.4g} {error:20s}" if error else f"{self.value:10.4f} {'':42s}"
        )
        return f"  {self.quantity:26s} {text} {self.target:24s} {'pass' if self.passed else 'MISS'}"


def relative(value: float, reference: float) -> float:
    """Error as a share of the reference: 0 where both are 0, infinite where only the reference is."""
    if reference == 0.0:
        return 0.0 if value == 0.0 else float("inf")
    return (value - reference) / abs(reference)


def ph_rmse(simulated: Course, true: Course, grid: Grid) -> float:
    """Over layers by their thickness, and over the ends of the steps."""
    return float(np.sqrt(((simulated.ph - true.ph) ** 2 @ grid.dz / grid.dz.sum()).mean()))


def scores(simulated: Course, true: Course, grid: Grid, conditions: Conditions) -> list[Score]:
    """The table of one column: the rows of ``calcisol evaluate --daily``."""
    years = (int(true.ends[-1]) - int(true.ends[0])) / DAYS_PER_YEAR
    found = [_drainage(simulated.drained / years, true.drained / years, conditions.water_table)]
    for title, name, limit in (("Ca", "ca", LEACHED), ("DIC", "dic", LEACHED), ("NO3", "no3", NITRATE)):
        value, expected = getattr(simulated, f"{name}_leached"), getattr(true, f"{name}_leached")
        error = relative(value, expected)
        found.append(Score(f"{title} leached", value, expected, "mol m-2", error, "", f"{limit:.0%}", abs(error) <= limit))
    gross = float(np.abs(true.calcite_change).sum())
    net, net_true = float(simulated.calcite_change.sum()), float(true.calcite_change.sum())
    error = relative(gross + net - net_true, gross)
    passed, target = abs(error) <= NET_OF_GROSS, f"{NET_OF_GROSS:.0%} of gross turnover"
    found.append(Score("net change of SIC", net, net_true, "mol m-2", error, "of gross", target, passed))
    gaining = true.calcite_change > 0
    gain, gain_true = float(simulated.calcite_change[gaining].sum()), float(true.calcite_change[gaining].sum())
    passed = abs(gain - gain_true) <= GAIN * max(gain_true, SMALL_GAIN * gross)
    found.append(Score("gain below the front", gain, gain_true, "mol m-2", relative(gain, gain_true), "", f"{GAIN:.0%}", passed))
    rmse, limit = ph_rmse(simulated, true, grid), PH["day" if conditions.step == "day" else "longer"]
    return [*found, Score("pH RMSE", rmse, 0.0, "1", rmse, "pH", f"{limit:g}", rmse <= limit)]


def _drainage(value: float, reference: float, water_table: bool) -> Score:
    gap = abs(value - reference)
    if water_table:
        target, passed = f"{DRAINAGE_TABLE_MM:g} mm a year", gap <= DRAINAGE_TABLE_MM
    else:
        target = f"{DRAINAGE_SHARE:.0%} or {DRAINAGE_MM:g} mm a year"
        passed = gap <= max(DRAINAGE_SHARE * abs(reference), DRAINAGE_MM)
    return Score("drainage", value, reference, "mm a year", relative(value, reference), "", target, passed)


def summary(found: list[list[Score]]) -> list[str]:
    """Over all columns: the range of each error, its target, and how many miss it."""
    lines = [f"  {'quantity':26s} {'error, least to most':26s} {'target':24s} columns that miss"]
    for rows in zip(*found, strict=True):
        errors = [row.error for row in rows]
        form = "{:.3f}" if rows[0].error_unit == "pH" else "{:+.1%}"
        span = f"{form.format(min(errors))} to {form.format(max(errors))}"
        missed = sum(not row.passed for row in rows)
        targets = " / ".join(sorted({row.target for row in rows}))
        word = f"MISS: {missed} of {len(rows)}" if missed else "pass"
        lines.append(f"  {rows[0].quantity:26s} {span:26s} {targets:24s} {word}")
    return lines
