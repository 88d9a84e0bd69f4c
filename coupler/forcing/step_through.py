"""Through the steps of a forcing file that has no fault, one after the other.

What:    ``step_through`` yields number, length and values of each step, nitrification added where the user asks for it.
Units:   s; the contract's. Shapes: (column, soil_layer), (column,), land only.
Use:     ``for i, dt, values in step_through(forcing, pool): columns.step(dt, values)``; raises ForcingError first
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ..land.parameters import NitrogenParameters
from .fault import ForcingError
from .forcing_file import ForcingFile
from .nitrogen import nitrified


def step_through(
    forcing: ForcingFile, ammonium: Callable[[], np.ndarray], begin: int = 0
) -> Iterator[tuple[int, float, dict[str, np.ndarray]]]:
    """Steps from ``begin`` on. ``ammonium``: the pool now [mol m-2], asked for only where the library nitrifies.

    Raises ForcingError with the first problem of the survey.
    """
    for problem in forcing.survey.problems:
        raise ForcingError(problem)
    dts = forcing.axis.dt
    for i in range(begin, len(dts)):
        values = forcing.step(i)
        if forcing.nitrify and "n_nit" not in values:
            values["n_nit"] = nitrified(ammonium(), values, float(dts[i]), NitrogenParameters())
        yield i, float(dts[i]), values
