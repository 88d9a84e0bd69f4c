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
LEAST = 1.0  # mm of a wet day
MOST_EVEN = 0.6  # of a month's rain that is shared out evenly
LIGHTEST, LIGHT_POWER = 0.1, 2.6  # mm, and the shape that gives days of 0.1 to 1 mm a mean of 0.35 mm
MOST_LIGHT = 0.1  # of a month's rain that falls on such days


def totals(rain: Floats, variation: Floats, anomaly: Floats) -> tuple[Floats, Floats]:
    """Total of each month of one year [mm] and its ratio to the mean, (column, 12).

    ``rain`` mean total, ``variation`` standard deviation over mean, ``anomaly`` standard normal numbers.
    """
    spread = statistics.spread_of(variation)
    root = np.maximum(1.0 + spread * anomaly, 0.0)
    ratio = root * root * root / statistics.mean_cube(spread)
    return rain * ratio, ratio


def wet_days(share: Floats, chance: Floats, start: Floats, length: int) -> Wet:
    """Days with rain, (day, column).

    ``share`` of wet days (column, 12); ``chance`` (day, column) and ``start`` (column,) uniform numbers.
    """
    month = np.repeat(np.arange(12), MONTH_DAYS[length])
    after_dry = (1.0 - statistics.PERSISTENCE) * share.T
    after_wet = after_dry + statistics.PERSISTENCE
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


def light(wet: Wet, total: Floats, share: Floats, chance: Floats, length: int) -> Floats:
    """Rain below LEAST on days that are not wet [mm], (day, column); little of a month's total, so that a dry month has less."""
    month = np.repeat(np.arange(12), MONTH_DAYS[length])
    often = (statistics.LIGHT * share).T[month]
    drizzles = ~wet & (chance < often)
    made = np.zeros(wet.shape)
    made[drizzles] = LIGHTEST + (LEAST - LIGHTEST) * (chance[drizzles] / often[drizzles]) ** LIGHT_POWER
    whole = month_sums(made, length)
    scale = np.minimum(1.0, MOST_LIGHT * total.T / np.where(whole > 0, whole, 1.0))
    return made * scale[month]


def amounts(wet: Wet, total: Floats, chance: Floats, length: int) -> Floats:
    """Rain of the wet days [mm], (day, column), ``total`` in each month.

    A wet day has LEAST and a Weibull amount more; days amid wet ones have more than those on their own. A month with too little
    rain for that shares it out in the same proportions.
    """
    around = np.zeros(wet.shape, dtype=np.intp)
    around[1:] += wet[:-1]
    around[:-1] += wet[1:]
    more = np.zeros(wet.shape)
    more[wet] = (-np.log(chance[wet])) ** (1.0 / statistics.AMOUNT_SHAPE) * np.asarray(statistics.NEIGHBOURS)[around[wet]]
    days, whole = month_sums(wet.astype(np.float64), length), month_sums(more, length)
    least = np.minimum(LEAST, MOST_EVEN * total.T / np.maximum(days, 1.0))
    scale = (total.T - least * days) / np.where(whole > 0, whole, 1.0)
    month = np.repeat(np.arange(12), MONTH_DAYS[length])
    return np.where(wet, least[month] + more * scale[month], 0.0)
