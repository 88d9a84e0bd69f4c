"""Masks of a scenario: where a change acts, as a share of each place, from a file of the user's.

What:    ``on_points`` reads a mask and gives its share at the columns of a run.
Shapes:  a NetCDF file with one variable on any layout of layout.py, or a CSV table with lat, lon and share; result (column,).
Units:   1, from 0 (outside) to 1 (inside); degrees. A column takes the pixel that covers it, NaN where there is none.
Source:  the user's file. Use: ``mask = "region.csv"`` in a scenario (scenario.py).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import CalcisolError
from ..forcing import layout
from ..forcing.files import open_files
from . import tables
from .readers import spacing_of

CSV_DEGREES = 0.5  # size of a cell of the table, as of the embedded grid


class MaskError(CalcisolError):
    """A mask cannot be used; the text names the file, the fault and the mend."""


def _from_table(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    rows = tables.rows(path)
    lat, lon, share = (
        tables.column(rows, names, what, path)
        for names, what in (
            (("lat", "latitude"), "latitude"),
            (("lon", "longitude"), "longitude"),
            (("share",), "share inside, 0 to 1"),
        )
    )
    bad = np.flatnonzero(~np.isfinite(lat + lon + share))
    if bad.size:
        raise MaskError(f"mask {path.name}: lat, lon or share of row {bad[0] + 1} is no number; mend that row")
    return lat, lon, share, CSV_DEGREES


def _from_netcdf(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    with open_files(path) as file:
        place = layout.find(file)
        if place.lat is None or place.lon is None:
            raise MaskError(f"mask {path.name} has no latitude and longitude; add them with their standard names")
        name = next((n for n, v in file.data_vars.items() if set(place.dims) <= set(v.dims) and n not in place.axes), None)
        if name is None:
            raise MaskError(f"mask {path.name} has no variable on ({', '.join(place.dims)}); give one with shares from 0 to 1")
        try:
            values = np.asarray(place.stack(file[name], ()).values, float)
        except ValueError as error:
            raise MaskError(f"mask {path.name}: {name} {error}; give one number a place") from None
        return place.lat, place.lon, values, spacing_of(place)


def on_points(path: Path, lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """A mask (shares 0-1) at places: the only variable of a NetCDF file, or the column "share" of a CSV with lat, lon.

    Raises MaskError, TableError or ForcingError where the file cannot be read or holds something other than shares.
    """
    a, b, values, spacing = (_from_table if path.suffix.lower() == ".csv" else _from_netcdf)(path)
    inside = values[np.isfinite(values)]
    if inside.size and (inside.min() < 0 or inside.max() > 1):
        raise MaskError(
            f"mask {path.name} holds shares from {inside.min():g} to {inside.max():g}; give 0 (outside) to 1 (inside)"
        )
    found = np.full(len(lat), np.nan)
    for i in range(len(lat)):
        away = np.maximum(np.abs(a - lat[i]), np.abs(b - lon[i]))
        j = int(away.argmin())
        if away[j] <= max(spacing, 1e-6) / 2 * 1.0001:
            found[i] = values[j]
    return found
