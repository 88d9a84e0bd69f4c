"""Rates given for twelve equal parts of a year, as means over some of its days.

What:    a step that crosses from one part into the next takes its share of both, so that a year of steps adds up to the year.
Units:   any. Shapes: (column, 12) -> (column,).
Use:     ``share = equal_parts(28, 35, 365)``; ``over_parts(rate, share)``
"""

from __future__ import annotations

import numpy as np

PARTS = 12


def equal_parts(first: int, last: int, days: int) -> dict[int, float]:
    """Which parts the days from ``first`` up to ``last`` (not included) lie in, and the share of them in each."""
    length = days / PARTS
    found = {}
    for part in range(int(first / length), PARTS):
        inside = min(last, (part + 1) * length) - max(first, part * length)
        if inside <= 0:
            break
        found[part] = inside / (last - first)
    return found


def over_parts(rate: np.ndarray, share: dict[int, float], some: slice | np.ndarray = slice(None)) -> np.ndarray:
    """Mean of ``rate`` (column, 12) over a step, for ``some`` of the columns."""
    total = np.zeros(len(rate[some]))
    for part, of in share.items():
        total = total + of * rate[some, part]
    return total


def by_part(daily: np.ndarray, how: str = "mean") -> np.ndarray:
    """Daily values (day, column) as means or sums of the twelve parts, (column, 12); a day belongs to the part of its noon."""
    part = ((np.arange(len(daily)) + 0.5) * PARTS / len(daily)).astype(int)
    sums = np.stack([daily[part == p].sum(0) for p in range(PARTS)], axis=1)
    return sums if how == "sum" else sums / np.bincount(part, minlength=PARTS)
