"""Twins: a design point simulated again without one of its drivers, so that scenario differences have a reference.

What:    ``no_nitrogen``: all fertiliser and manure nitrogen is zero, and with it the calcium, carbonate, sulphate it brings, its
         uptake, denitrification and the respiration of the crop that took it up, as the design computes them from the rate.
         Lime stays, that of calcium ammonium nitrate included: a difference of two twins then holds no lime.
         Up to the year in which the member's own nitrogen starts both twins are the same column, month by month.
Units:   as ``column`` (monthly amounts, mol m-2).
Source:  difference "N minus no N" as target of the emulator (emulator/docs/science.md, section 12).
Use:     ``column = build_twin(point, years=40, twin="no_nitrogen")``; ``calcisol ensemble --twin no_nitrogen``
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..contract.errors import InputError
from .column import Column, Source
from .design import build_column
from .sampling import Point

TWINS = ("no_nitrogen",)
KEPT = ("lime",)
"""Sources that are the same in both twins."""


def nitrogen_start(column: Column, without: Column) -> int | None:
    """First month of the year in which the column's own nitrogen starts (uptake follows it); None when it has none."""
    differs = np.flatnonzero(_monthly(column, "uno3") != _monthly(without, "uno3"))
    return int(differs[0]) // 12 * 12 if differs.size else None


def build_twin(point: Point, years: int = 40, twin: str | None = None) -> Column:
    """Column of a design point (``twin`` None) or of its twin. Same weather. Raises ValueError for an unknown name."""
    column = build_column(point, years)
    if twin is None:
        return column
    if twin not in TWINS:
        raise InputError(f"twin is {twin!r}; known are {', '.join(TWINS)}")
    without = build_column(point, years, fertilised=False)
    start = nitrogen_start(column, without)
    if start is None:
        return column
    sources = {}
    for name in column.sources:
        monthly = _monthly(column, name).copy()
        if name not in KEPT:
            monthly[start:] = _monthly(without, name)[start:]
        if monthly.sum() > 0.0:
            sources[name] = Source(column.sources[name].profile, monthly)
    return replace(column, sources=sources)


def _monthly(column: Column, name: str) -> np.ndarray:
    source = column.sources.get(name)
    return np.zeros(column.months) if source is None else np.asarray(source.monthly)
