"""Random numbers of a place and year: the same whatever else is drawn, in whatever order.

What:    ``uniform`` gives numbers in (0, 1) that depend on seed, member, place and year alone; ``normal`` makes normal ones.
Shapes:  (column, number).
Source:  Philox 4x64-10, a counter-based generator (Salmon et al. 2011, doi:10.1145/2063384.2063405), as numpy has it: seed and
         member are its key, place and year lie in words of its counter. Raw words are taken, which numpy keeps from version to
         version. Normal numbers: Box & Muller 1958, doi:10.1214/aoms/1177706645.
Use:     ``u = uniform(seed=0, member=3, lat=lat, lon=lon, year=1990, count=100)``
"""

from __future__ import annotations

import numpy as np

from ...errors import ArgumentError
from .days import Floats

PLACE_STEPS = 10_000  # of a degree: places closer than 1e-4 degrees share their weather


def places(lat: Floats, lon: Floats) -> list[int]:
    """A whole number for each place, (column,): longitudes of either convention give the same."""
    north = np.rint((np.asarray(lat, float) + 90.0) * PLACE_STEPS).astype(np.int64)
    east = np.rint((np.asarray(lon, float) % 360.0) * PLACE_STEPS).astype(np.int64) % (360 * PLACE_STEPS)
    return [int(n) for n in north * (360 * PLACE_STEPS) + east]


def uniform(seed: int, member: int, lat: Floats, lon: Floats, year: int, count: int) -> Floats:
    """Numbers above 0 and below 1, (column, count). Raises ArgumentError for a seed, member or year below 0."""
    for name, value in (("seed", seed), ("member", member), ("year", year)):
        if not 0 <= value < 2**63:
            raise ArgumentError(f"{name} = {value} must be 0 or more")
    words = np.empty((len(lat), count), dtype=np.uint64)
    philox = np.random.Philox(0)
    state = philox.state
    state["state"]["key"] = np.array([seed, member], dtype=np.uint64)
    counter = np.array([0, 0, year, 0], dtype=np.uint64)
    for row, place in zip(words, places(lat, lon), strict=True):
        counter[1] = place
        state["state"]["counter"] = counter
        state["buffer_pos"] = 4  # nothing left of the place before
        philox.state = state
        row[:] = philox.random_raw(count)
    return ((words >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52  # exact, never 0 or 1


def normal(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """Two independent standard normal numbers from two uniform ones, any shape."""
    radius, angle = np.sqrt(-2.0 * np.log(first)), 2.0 * np.pi * second
    return radius * np.cos(angle), radius * np.sin(angle)
