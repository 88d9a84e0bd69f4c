"""Amounts of hours, as amounts of days: of hours on their own (ERA5), or counted from midnight on (ERA5-Land).

What:    ``since_midnight`` tells the two apart by the numbers, because neither file says which it is; ``of_days`` adds up.
Shapes:  (step, column) -> (day, column).
Source:  ECMWF, conversion table for accumulated variables of ERA5 and ERA5-Land: tp of ERA5 is that of the hour before its
         stamp, tp of ERA5-Land that since 0:00, so that the stamp 0:00 holds the day before.
Use:     ``of_days(amounts, day, since_midnight(amounts, day))``
"""

from __future__ import annotations

import numpy as np

from ...land.weather.days import Floats, Ints

LEAST = 1.0  # kg m-2 or MJ m-2: days with less tell nothing, packed files round them
NOISE = 0.02  # of a day's largest value: a smaller fall is rounding
EVIDENCE = 10  # days and places that make up an answer
FALLS = (0.02, 0.5)  # share of them that fall before midnight: counted below the first, of each step above the second


def since_midnight(amounts: Floats, day: Ints) -> bool | None:
    """Whether amounts count from midnight on; None where the numbers do not tell.

    ``day`` numbers the day of each step, in order. Amounts of hours fall as soon as rain slackens; counted ones do not before
    midnight.
    """
    same = day[1:] == day[:-1]
    starts = np.flatnonzero(np.concatenate([[True], ~same]))
    most = np.maximum.reduceat(amounts, starts, axis=0)
    change = np.concatenate([np.zeros((1, amounts.shape[1])), np.where(same[:, None], np.diff(amounts, axis=0), 0.0)])
    fall = -np.minimum.reduceat(change, starts, axis=0)
    tells = most >= LEAST
    if int(tells.sum()) < EVIDENCE:
        return None
    share = float((fall > NOISE * most)[tells].mean())
    return share < FALLS[0] if not FALLS[0] <= share <= FALLS[1] else None


def of_days(amounts: Floats, day: Ints, counted: bool) -> Floats:
    """Amounts of the days in order, (day, column)."""
    starts = np.flatnonzero(np.concatenate([[True], day[1:] != day[:-1]]))
    if counted:
        return np.maximum(amounts[np.concatenate([starts[1:], [len(day)]]) - 1], 0.0)
    return np.add.reduceat(amounts, starts, axis=0)
