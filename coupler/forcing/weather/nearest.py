"""The cell of a grid nearest to each place, whatever the grid: regular, rotated pole, land points, stations.

What:    by great-circle distance of the cells' own latitudes and longitudes, among cells that hold values.
Shapes:  (place,) positions in the file's cells.
Source:  haversine on a sphere of 6371 km, as chord length.
Use:     ``nearest(layout.lat, layout.lon, lat, lon, usable, reach=75.0, what="pr in pr_1990.nc")``
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...errors import ArgumentError
from ...land.weather.days import Floats, Ints

EARTH_RADIUS_KM = 6371.0
BLOCK = 4_000_000  # distances at a time


def _vectors(lat: Floats, lon: Floats) -> Floats:
    phi, theta = np.radians(np.asarray(lat, float)), np.radians(np.asarray(lon, float))
    return np.stack([np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)], axis=-1)


def nearest(
    cell_lat: Floats, cell_lon: Floats, lat: Floats, lon: Floats, usable: NDArray[np.bool_], *, reach: float, what: str
) -> Ints:
    """Position of the nearest usable cell of each place. Raises ArgumentError where it is more than ``reach`` km away."""
    cells = np.flatnonzero(usable & np.isfinite(cell_lat) & np.isfinite(cell_lon))
    if not cells.size:
        raise ArgumentError(f"{what} holds no value; give a file that does")
    here, there = _vectors(lat, lon), _vectors(cell_lat[cells], cell_lon[cells])
    found, away = np.empty(len(here), dtype=np.int64), np.empty(len(here))
    rows = max(1, BLOCK // len(cells))
    for begin in range(0, len(here), rows):
        part = slice(begin, begin + rows)
        square = np.zeros((len(here[part]), len(cells)))
        for k in range(3):
            square += (here[part, k, None] - there[None, :, k]) ** 2
        found[part] = square.argmin(1)
        away[part] = np.sqrt(square.min(1))
    distance = 2.0 * EARTH_RADIUS_KM * np.arcsin(np.minimum(away / 2.0, 1.0))
    far = np.flatnonzero(distance > reach)
    if far.size:
        i = int(far[0])
        raise ArgumentError(
            f"{what} has no value within {reach:g} km of {lat[i]:g} N {lon[i]:g} E (the nearest is {distance[i]:.0f} km away, "
            f"{far.size} such places); give a file that covers them, or leave these places out"
        )
    return cells[found]
