"""Places of a map or table: longitudes of either convention, values at points, and their means in the cells of a run.

What:    ``east`` brings longitudes of any file to -180 to 180; ``Points`` are values at places; ``cell_mean`` puts them on cells.
Shapes:  (point,) and (cell,). Units: degrees north and east.
Source:  CF conventions 1.11, section 4.2: longitudes may run from -180 to 180 or from 0 to 360.
Use:     ``cell_mean(points, lat, lon, 0.5)``
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import CalcisolError

ON_THE_EDGE = 1.0001  # a place on the edge of a pixel lies in it, whatever the last digits of its coordinates are


class PlaceError(CalcisolError):
    """Coordinates that lie nowhere on the Earth; the text names the file and the value."""


@dataclass(frozen=True)
class Points:
    """Values at places, (point,) each; ``spacing`` is the size of a pixel in degrees of latitude, 0 for samples.

    ``width`` is its size in degrees of longitude (None: the same); ``at(lat, lon)`` gives the value of the pixel that covers a
    place where the file knows better than the nearest centre (a raster in a projection of its own).
    """

    lat: np.ndarray
    lon: np.ndarray
    values: np.ndarray
    spacing: float
    product: str
    licence: str = "that of the product"
    width: float | None = None
    at: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    lost: int = 0  # places of the file without a value
    note: str = ""  # what is no error and would still surprise, for the user to read


def east(lon: np.ndarray) -> np.ndarray:
    """Longitudes as -180 to 180; those that already are keep their bits."""
    lon = np.asarray(lon, float)
    return np.where(np.abs(lon) <= 180.0, lon, (lon + 180.0) % 360.0 - 180.0)


def apart(a: np.ndarray, b: np.ndarray | float) -> np.ndarray:
    """Distance of two longitudes in degrees, the short way round."""
    away = np.abs(np.asarray(a, float) - b)
    return np.minimum(away, np.abs(360.0 - away))


def check_places(lat: np.ndarray, lon: np.ndarray, name: str) -> None:
    """Raise PlaceError where a coordinate is none of the Earth."""
    for what, values, low, high in (("latitude", lat, -90.0, 90.0), ("longitude", lon, -360.0, 540.0)):
        bad = np.flatnonzero((values < low - 1e-6) | (values > high + 1e-6))
        if bad.size:
            hint = "are latitude and longitude swapped, or coordinates in metres" if what == "latitude" else "are they in metres"
            raise PlaceError(f"{name}: {what} {values[bad[0]]:g} must lie between {low:g} and {high:g}; {hint}?")


def cell_mean(points: Points, lat: np.ndarray, lon: np.ndarray, degrees: float) -> np.ndarray:
    """Mean of the points in each square cell; where there is none, the pixel that covers the centre; else NaN."""
    total, count = sums(points, points.values, lat, lon, degrees)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / count
    empty = np.flatnonzero(count == 0)
    if empty.size:
        mean[empty] = covering(points, lat[empty], lon[empty])
    return mean


def sums(points: Points, values: np.ndarray, lat: np.ndarray, lon: np.ndarray, degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """Sum of ``values`` and number of the points in each square cell."""
    step = lambda x, centre: np.floor((x - centre + degrees / 2) / degrees)  # noqa: E731
    origin = lat.min(), lon.min()
    wide = int(np.ceil((lon.max() - origin[1]) / degrees)) + 3
    key = lambda a, b: (step(a, origin[0]) + 1) * wide + step(b, origin[1]) + 1  # noqa: E731
    place_lon = east(points.lon)
    inside = (step(place_lon, origin[1]) >= -1) & (step(place_lon, origin[1]) < wide - 1)
    cells, mine = key(lat, lon), key(points.lat[inside], place_lon[inside])
    order = np.argsort(cells, kind="stable")
    place = np.searchsorted(cells[order], mine)
    place = order[np.minimum(place, len(cells) - 1)]
    hit = cells[place] == mine
    weights = values[inside][hit], np.ones(int(hit.sum()))
    total, count = (np.bincount(place[hit], weights=w, minlength=len(lat)) for w in weights)
    return total, count


def covering(points: Points, lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """Value of the pixel that covers each place, NaN where none does or the points are samples."""
    if points.at is not None:
        return points.at(lat, lon)
    found = np.full(len(lat), np.nan)
    if points.spacing <= 0 or not len(points.lat):
        return found
    tall, wide = points.spacing, points.spacing if points.width is None else points.width
    for i in range(len(lat)):
        away = np.maximum(np.abs(points.lat - lat[i]) / tall, apart(points.lon, lon[i]) / wide)
        j = int(away.argmin())
        if away[j] <= ON_THE_EDGE / 2:
            found[i] = points.values[j]
    return found
