"""How long a step of soil chemistry may be: a week, a day in weeks in which a layer fills up with water.

What:    the days of a year are cut into weeks, the same for all columns; in each, a column whose layers keep their air takes
         one step.
Units:   d; air-filled porosity as a share of the soil. Shapes: air (day, ..., layer) -> (week, ...).
Source:  against columns of MIN3P with daily weather (coupler/docs/daily_columns.md): steps of a week that end with the water of
         the last evening are off by 0.04-0.05 in pH, with the mean water of the week by 0.02-0.03, as steps of a day are. Where
         pores fill up for some days, gas is shut in and no mean will do: one column is off by 0.25 at steps of a week, by 0.05
         with days.
Use:     ``ends = week_ends(365)``; ``by_the_day(air, ends)``
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

WEEK = 7
LITTLE_AIR = 0.03
"""Air-filled porosity below which gas moves slowly."""
UNEVEN = 2.0
"""Mean of a week over its least day above which the mean is not what gas moves through."""
LEAST_AIR = 1e-3
"""What the step takes a full layer to hold (emulator/processes/soil.py)."""


def week_ends(days: int) -> NDArray[np.int64]:
    """Days after which each week ends; weeks of 7 days, some of 8 so that the last is none of one day."""
    return np.rint(np.linspace(0, days, max(days // WEEK, 1) + 1))[1:].astype(np.int64)


def _weeks(ends: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """First day of each week, and the day after its last."""
    return itertools.pairwise([0, *ends.tolist()])


def week_sums(daily: NDArray[np.float64], ends: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sums of days (day, ...) over each week: the bits of numpy's ``add.reduceat``, which takes ten times as long."""
    return np.stack([daily[a] + daily[a + 1 : b].sum(0) for a, b in _weeks(ends)])


def by_the_day(air: NDArray[np.float64], ends: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which weeks (week, ...) need steps of a day: a layer of ``air`` (day, ..., layer) has little of it, and not all week."""
    least = np.maximum(np.stack([air[a:b].min(0) for a, b in _weeks(ends)]), LEAST_AIR)
    length = np.diff(np.concatenate([[0], ends])).reshape(-1, *[1] * (air.ndim - 1))
    mean = week_sums(np.maximum(air, LEAST_AIR), ends) / length
    return np.any((least < LITTLE_AIR) & (mean > UNEVEN * least), axis=-1)
