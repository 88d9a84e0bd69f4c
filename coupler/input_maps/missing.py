"""Codes for missing data in maps and tables: recognised in the file's own numbers, before any conversion.

What:    ``missing(values, field)`` says which numbers of a field stand for "no value" though the file does not declare them.
Shapes:  any. Units: those of the file, unpacked or not: a code survives only in the numbers it was written in.
Source:  codes seen in HWSD 1.2 and 2.0 (-1 to -9), WISE and CRU (-99, -999, -9999), SoilGrids (-32768), GrADS (1e20, -9.99e8),
         netCDF's own fill values, ESRI grids (-3.4e38).
Use:     ``values[missing(raw, "caco3")] = np.nan``
"""

from __future__ import annotations

import numpy as np

from . import products

ALWAYS = (-99.0, -99.9, -999.0, -999.9, -9999.0, -9999.9, -99999.0, -999999.0, -32767.0, -32768.0, -2147483648.0)
NEGATIVE = (-1.0, -2.0, -3.0, -4.0, -5.0, -6.0, -7.0, -8.0, -9.0)  # of a quantity that is never negative
LARGE = (99.0, 99.9, 255.0, 999.0, 999.9, 9999.0, 9999.9, 32767.0, 65535.0, 99999.0, 999999.0)  # where no value can be as large
HUGE = 1e15  # 1e20, 9.96921e36, 3.4e38 and their siblings
SIGNED = ("mat", "altitude")


def _is_one_of(values: np.ndarray, codes: tuple[float, ...]) -> np.ndarray:
    """True at a code, also where it went through float32."""
    found = np.zeros(values.shape, bool)
    for code in codes:
        found |= np.abs(values - code) <= abs(code) * 1e-7
    return found


def possible(field: str) -> tuple[float, float]:
    """What a single value of a field can be: shares as in a run, other quantities wider than the mean of a cell."""
    low, high = products.VALID[field]
    if field == "mat":
        return -60.0, 60.0
    if field == "altitude":
        return low, 9000.0
    if products.FIELD_UNITS[field] in ("1", "kg kg-1") and high <= 1.0:
        return low, high
    return 0.0, 2.0 * high


def missing(values: np.ndarray, field: str, converted: np.ndarray | None = None, packed: bool = False) -> np.ndarray:
    """True where a number of the file is no value of the field; ``converted``: the same in the field's unit.

    A code that the field could also have as a value (99 of 99 % carbonate) counts as missing only where the converted value is
    impossible; so does every code of ``packed`` numbers, which are no quantities.
    """
    raw = np.asarray(values, float)
    with np.errstate(invalid="ignore"):
        found = ~(np.abs(raw) < HUGE)  # NaN as well
        impossible = np.zeros(raw.shape, bool)
        if converted is not None and field in products.VALID:
            low, high = possible(field)
            impossible = ~((converted >= low) & (converted <= high))
        # each list is looked through only where a number can be in it: a series holds 1e8 of them
        always = impossible if packed else raw < ALWAYS[0] + 0.5
        found[always] |= _is_one_of(raw[always], ALWAYS)
        found[impossible] |= _is_one_of(raw[impossible], LARGE)
        if field not in SIGNED:
            below = impossible if packed else (raw < 0) & (raw > NEGATIVE[-1] - 0.5)
            found[below] |= _is_one_of(raw[below], NEGATIVE)
        return found
