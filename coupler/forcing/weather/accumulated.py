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

NOISE = 0.02  # of a day's largest value: less than that is rounding of packed files
EVIDENCE = 10  # days with a rise and no fall that make up an answer


def since_midnight(amounts: Floats, day: Ints) -> bool | None:
    """Whether amounts count from midnight on; None where the numbers do not tell.

    ``day`` numbers the day of each step, in order. Amounts of hours fall as soon as rain slackens; counted ones do not before
    midnight.
    """
    same = day[1:] == day[:-1]
    starts = np.flatnonzero(np.concatenate([[True], ~same]))
    most = np.maximum.reduceat(amounts, starts, axis=0)
    number = np.cumsum(np.concatenate([[True], ~same])) - 1  # of the day each step lies in
    change = np.where(same[:, None], np.diff(amounts, axis=0), 0.0)
    if (change < -NOISE * most[number[1:]]).any():
        return False
    risen = np.add.reduceat(np.concatenate([np.zeros((1, amounts.shape[1])), np.maximum(change, 0.0)]), starts, axis=0)
    return True if int(((risen > 0.5 * most) & (most > 0)).sum()) >= EVIDENCE else None


def of_days(amounts: Floats, day: Ints, counted: bool) -> Floats:
    """Amounts of the days in order, (day, column)."""
    starts = np.flatnonzero(np.concatenate([[True], day[1:] != day[:-1]]))
    if counted:
        return np.maximum(amounts[np.concatenate([starts[1:], [len(day)]]) - 1], 0.0)
    return np.add.reduceat(amounts, starts, axis=0)
