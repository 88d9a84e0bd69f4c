"""The course of a year from monthly means: a value for each day, the mean of each month kept.

What:    straight lines between the middles of months, through knots solved for so that the months have the means they were
         given (a mean of the 1st of July is not pulled towards June and August).
Shapes:  (column, 12) -> (day, column).
Source:  mean-preserving interpolation as in Rymes & Myers 2001, doi:10.1016/S0038-092X(01)00052-4, solved directly.
Use:     ``daily(means, 365)``; ``daily_rates(sums, 366)`` for what cannot be negative
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from .days import MONTH_DAYS, Floats, Ints


@lru_cache(maxsize=4)
def _weights(length: int) -> tuple[Ints, Floats, Floats]:
    """Knot before each day, weight of the knot after it, and the inverse of what makes months of knots."""
    days = MONTH_DAYS[length]
    middle = np.cumsum(days) - days / 2.0
    centre = np.arange(length) + 0.5
    before = np.searchsorted(middle, centre, side="right") - 1  # -1: December of the year before
    left = np.where(before < 0, middle[11] - length, middle[before])
    right = np.where(before == 11, middle[0] + length, middle[(before + 1) % 12])
    after = (centre - left) / (right - left)
    month = np.repeat(np.arange(12), days)
    matrix: Floats = np.zeros((12, 12))
    np.add.at(matrix, (month, before % 12), (1.0 - after) / days[month])
    np.add.at(matrix, (month, (before + 1) % 12), after / days[month])
    inverse = np.asarray(np.linalg.inv(matrix), np.float64)
    return (before % 12).astype(np.int64), np.asarray(after, np.float64), inverse


def daily(means: Floats, length: int) -> Floats:
    """Value of each day, (day, column), from monthly means (column, 12). ``length``: days of the year, 360, 365 or 366."""
    before, after, inverse = _weights(length)
    # sums written out: a matrix product may round otherwise for another number of columns
    knots = np.stack([sum(inverse[k, m] * means[:, m] for m in range(12)) for k in range(12)])
    return (1.0 - after)[:, None] * knots[before] + after[:, None] * knots[(before + 1) % 12]


def month_sums(values: Floats, length: int) -> Floats:
    """Sums of the months, (12, column), of daily values (day, column), day after day in order."""
    ends = np.cumsum(MONTH_DAYS[length])
    total = np.zeros((12, values.shape[1]))
    for month, (begin, end) in enumerate(zip(ends - MONTH_DAYS[length], ends, strict=True)):
        for day in range(begin, end):
            total[month] += values[day]
    return total


def daily_rates(sums: Floats, length: int) -> Floats:
    """Amount of each day, (day, column), none below 0, from monthly sums (column, 12), which are kept."""
    days = MONTH_DAYS[length]
    made = np.maximum(daily(sums / days, length), 0.0)
    whole = month_sums(made, length)
    flat = np.where(whole > 0, 0.0, sums.T / days[:, None])  # a month between two without any
    scale = np.where(whole > 0, sums.T / np.where(whole > 0, whole, 1.0), 0.0)
    month = np.repeat(np.arange(12), days)
    return made * scale[month] + flat[month]
