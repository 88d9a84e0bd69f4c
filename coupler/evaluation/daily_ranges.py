"""What values of a daily column can be: a percentage, a degree Celsius or a code for what is missing is no value of it.

What:    ``check`` refuses values outside the contract's valid ranges, a tenth of the range beyond them, and what no soil has.
Units:   those of docs/daily_columns.md.
Source:  emulator/contract/variables.toml; OWN: wide limits of what the contract does not have.
Use:     ``check(values, "paris.nc", DailyFileError)``
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..library.columns import variables_of

Floats = NDArray[np.float64]
SLACK = 0.1  # of a range: rounding, and soils a little beyond what the step was made for
ROUNDING = -1e-6  # mol m-2: what a reference model may leave of an empty pool
OWN = {
    "rain": (0.0, 2000.0), "irrigation": (0.0, 2000.0), "pet": (0.0, 50.0), "lai": (0.0, 20.0),
    "ph": (0.0, 14.0), "pco2": (0.0, 100.0), "ionic_strength": (0.0, 100.0),
}  # fmt: skip
POOL, OTHER = (ROUNDING, 1e7), (-900.0, 1e7)
FULL = 1.02  # of the pores: more water than that is another unit


@cache
def _contract() -> dict[str, tuple[float, float]]:
    """Ranges of the contract with their slack; what cannot be negative there is not here."""
    found = {}
    for variable in (*variables_of("static"), *variables_of("forcing")):
        if variable.valid is not None:
            low, high = variable.valid
            found[variable.name] = (low if low == 0.0 else low - SLACK * (high - low), high + SLACK * (high - low))
    return found


def range_of(name: str) -> tuple[float, float]:
    """Least and largest value that a variable of a file can have."""
    return OWN.get(name) or _contract().get(name) or (POOL if name.startswith("pool_") else OTHER)


def check(values: Mapping[str, Floats], file: str, error: type[Exception]) -> None:
    """Raise ``error``, one sentence, on the first value that cannot be."""
    for name, array in values.items():
        low, high = range_of(name)
        bad = np.argwhere((array < low) | (array > high))
        if bad.size:
            where = tuple(int(i) for i in bad[0])
            found = f"{file}: {name} is {array[where]:g} at {where}, outside {low:g} to {high:g}"
            raise error(f"{found}; is it in another unit, or a code for a missing value?")
    filled = values["w_liq"] / (1000.0 * values["dz"] * values["porosity"])
    if filled.max() > FULL:
        day, layer = (int(i) for i in np.unravel_index(filled.argmax(), filled.shape))
        raise error(f"{file}: w_liq fills {filled.max():.3g} of the pores of layer {layer + 1} on day {day}; check both")
