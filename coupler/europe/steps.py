"""A step of a European run: how long it is and which columns take it.

What:    the water decides. By months all columns step together; by the day a column takes steps of a week, and of a day in
         weeks in which one of its layers fills up (land/week.py).
Units:   s; shapes: positions of columns (column,).
Use:     ``for step in europe.steps(scenario, year): forcing = europe.step_forcing(scenario, year, step, nh4, no3)``
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Step:
    """One step; ``first`` and ``last`` are its first month or day of the year and the one after its last."""

    dt: float
    first: int
    last: int
    parts: float  # how many of them make the year: a mean over the year weighs the step by 1 / parts
    columns: NDArray[np.int64] | None = None
    """Positions in the chunk; None: all of them."""
    group: int = 0
    """Steps in a row of the same columns share a number."""
