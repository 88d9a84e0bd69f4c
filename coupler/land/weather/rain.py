"""Rain of a year by the day: how wet its months are, on which days it rains, how much on each.

What:    a month's total is drawn first, days and amounts then share it out, so that the variance of months and years is that of
         monthly records instead of what independent days leave of it.
Units:   mm. Shapes: months (column, 12), days (day, column).
Source:  totals: cube-root normal, the normalising transformation of monthly and seasonal rain (Stidd 1953; Wilson & Hilferty 1931
         for gamma variates); days: two-state chain of first order (Gabriel & Neumann 1962; Richardson 1981); amounts: Weibull of
         one shape (Selker & Haith 1990, doi:10.1029/WR026i011p02733).
Use:     ``totals``, ``wet_days``, ``amounts`` in this order
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import statistics
from .days import MONTH_DAYS, Floats
from .seasons import month_sums

Wet = NDArray[np.bool_]


def totals(rain: Floats, variation: Floats, anomaly: Floats) -> tuple[Floats, Floats]:
    """Total of each month of one year [mm] and its ratio to the mean, (column, 12).

    ``rain`` mean total, ``variation`` standard deviation over mean, ``anomaly`` standard normal numbers.
    """
    spread = statistics.spread_of(variation)
    root = np.maximum(1.0 + spread * anomaly, 0.0)
    ratio = root * root * root / statistics.mean_cube(spread)
    return rain * ratio, ratio


def wet_days(share: Floats, persistence: Floats, chance: Floats, start: Floats, length: int) -> Wet:
    """Days with rain, (day, column).

    ``share`` of wet days and ``persistence`` (probability of rain after a wet day less that after a dry one), (column, 12);
    ``chance`` (day, column) and ``start`` (column,) uniform numbers.
    """
    month = np.repeat(np.arange(12), MONTH_DAYS[length])
    after_dry = ((1.0 - persistence) * share).T
    after_wet = after_dry + persistence.T
    rises, stays = chance < after_dry[month], chance < after_wet[month]
    made = np.empty_like(rises)
    state = start < share[:, 0]
    for day in range(length):
        state = (stays[day] & state) | rises[day]
        made[day] = state
    return made


def with_one_wet_day(wet: Wet, total: Floats, chance: Floats, length: int) -> Wet:
    """Months that have rain have a day for it: the one that was nearest to being wet."""
    ends = np.cumsum(MONTH_DAYS[length])
    for month, (begin, end) in enumerate(zip(ends - MONTH_DAYS[length], ends, strict=True)):
        lacks = np.flatnonzero(~wet[begin:end].any(0) & (total[:, month] > 0))
        if lacks.size:
            wet[begin + chance[begin:end, lacks].argmin(0), lacks] = True
    return wet


def amounts(wet: Wet, total: Floats, chance: Floats, shape: float, length: int) -> Floats:
    """Rain of each day [mm], (day, column): Weibull amounts on the wet days, scaled so that each month has its total."""
    raw = np.zeros(wet.shape)
    raw[wet] = (-np.log(chance[wet])) ** (1.0 / shape)
    whole = month_sums(raw, length)
    scale = total.T / np.where(whole > 0, whole, 1.0)
    return raw * scale[np.repeat(np.arange(12), MONTH_DAYS[length])]
