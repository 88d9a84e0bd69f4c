"""Masks of a scenario: where a change acts, as a share of each place, from a file of the user's.

What:    ``on_points`` reads a mask and gives its share at the cells of a run.
Shapes:  a NetCDF file with one variable on any layout of layout.py, a GeoTIFF, or a CSV table with lat, lon and share; result
         (column,). A cell takes the mean of the pixels in it, else the pixel that covers it; outside the file it is NaN.
Units:   1, from 0 (outside) to 1 (inside); degrees. Missing pixels and places a table does not name are outside.
Source:  the user's file. Use: ``mask = "region.csv"`` in a scenario (scenario.py).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import CalcisolError
from ..forcing import layout
from ..forcing.open_files import open_files
from ..units import UnitError, convert
from .missing import missing
from .places import Points, check_places, covering, east, sums
from .raster import read_raster
from .series import pixel_of
from .table_columns import coordinates, find
from .table_text import numbers, read_table

CSV_DEGREES = 0.5  # size of a cell of the table, as of the embedded grid, where its rows show no finer one
WHOLE = "NetCDF, GeoTIFF or CSV"


class MaskError(CalcisolError):
    """A mask cannot be used; the text names the file, the fault and how to fix it."""


def _step(values: np.ndarray) -> float:
    """Smallest step between different coordinates, 0 where there is one."""
    steps = np.diff(np.unique(np.round(values, 6)))
    return float(steps.min()) if steps.size else 0.0


def _shares(values: np.ndarray, unit: str, name: str, path: Path) -> np.ndarray:
    """Shares of 1 from numbers in ``unit``: 1 % is a hundredth."""
    try:
        return np.asarray(convert(values, unit or "1", "1", ""), float)
    except UnitError as error:
        raise MaskError(f"mask {path.name}: {name}: {error}") from None


def _from_table(path: Path) -> tuple[Points, bool]:
    frame = read_table(path)
    header, unit = find(frame, ("share",), "share inside, 0 to 1", path)
    lat, lon, sign = coordinates(frame, [header], path)
    share = numbers(frame[header], sign, path)
    share[missing(share, "no3_share")] = np.nan
    share = _shares(share, unit, header, path)
    bad = np.flatnonzero(~np.isfinite(lat + lon + share))
    if bad.size:
        raise MaskError(f"mask {path.name}: lat, lon or share of row {frame.index[bad[0]]} is no number; correct that row")
    places = np.stack([np.round(lat, 6), np.round(lon, 6)])
    if np.unique(places, axis=1).shape[1] < len(lat):
        raise MaskError(f"mask {path.name} names a place twice; keep one row for each")
    tall, wide = _step(lat), _step(lon)
    size = (len(np.unique(places[0])), len(np.unique(places[1])))
    if min(size) < 2 or size[0] * size[1] != len(
        lat
    ):  # not a whole grid: rows of a coarse grid cannot be told from scattered cells
        tall, wide = (min(x or CSV_DEGREES, CSV_DEGREES) for x in (tall, wide))
    return Points(lat, lon, share, tall, path.name, width=wide), True


def _from_netcdf(path: Path) -> tuple[Points, bool]:
    with open_files(path) as file:
        place = layout.find(file)
        if place.lat is None or place.lon is None:
            raise MaskError(f"mask {path.name} has no latitude and longitude; add them with their standard names")
        names = [str(n) for n, v in file.data_vars.items() if set(place.dims) <= set(v.dims) and n not in place.axes]
        names = [n for n in names if file[n].dtype.kind in "fiub" and not n.endswith(("_bnds", "_bounds"))]
        named = [n for n in names if n.lower() in ("share", "mask", path.stem.lower())]
        if not names:
            raise MaskError(f"mask {path.name} has no variable on ({', '.join(place.dims)}); give one with shares from 0 to 1")
        if len(names) > 1 and len(named) != 1:
            raise MaskError(f"mask {path.name} has variables {', '.join(names)}; keep one, or call it share")
        name = (named or names)[0] if len(names) > 1 else names[0]
        try:
            values = np.asarray(place.stack(file[name], ()).values, float)
            values[missing(values, "no3_share")] = np.nan
            values = _shares(values, str(file[name].attrs.get("units", "")), name, path)
        except ValueError as error:
            raise MaskError(f"mask {path.name}: {name} {error}; give one number a place") from None
        if str(file[name].attrs.get("flag_meanings", "")).lower().split()[:1] in (["inside"], ["in"], ["yes"], ["true"]):
            raise MaskError(f"mask {path.name}: {name} says by flag_meanings that its first value is inside; give 1 for inside")
        check_places(place.lat, place.lon, f"mask {path.name}")
        tall, wide = pixel_of(place)
        return Points(place.lat, east(place.lon), values, tall, path.name, width=wide), False


def _from_raster(path: Path) -> tuple[Points, bool]:
    grid = read_raster(path)
    if len(grid.values) != 1:
        raise MaskError(f"mask {path.name} has {len(grid.values)} bands; keep the one with shares from 0 to 1")
    values = grid.band(0)
    values[missing(grid.values[0], "no3_share")] = np.nan
    return grid.points(np.nan_to_num(values), path.name), False


def _read(path: Path) -> tuple[Points, bool]:
    kind = path.suffix.lower()
    if kind in (".csv", ".tsv", ".txt"):
        return _from_table(path)
    return _from_raster(path) if kind in (".tif", ".tiff") else _from_netcdf(path)


def on_points(path: Path, lat: np.ndarray, lon: np.ndarray, degrees: float = CSV_DEGREES) -> np.ndarray:
    """A mask (shares 0-1) on square cells: the variable of a NetCDF file, a GeoTIFF, or the column "share" of a table.

    Raises MaskError, TableError, RasterError or ForcingError where the file cannot be read or holds no shares.
    """
    points, sparse = _read(path)
    values = np.where(missing(points.values, "no3_share"), np.nan, points.values)
    inside = values[np.isfinite(values)]
    if inside.size and (inside.min() < 0 or inside.max() > 1):
        raise MaskError(
            f"mask {path.name} holds shares from {inside.min():g} to {inside.max():g}; give 0 (outside) to 1 (inside)"
        )
    points = replace(points, values=np.nan_to_num(values))
    tall = points.spacing
    wide = tall if points.width is None else points.width
    fine = 0 < tall * 1.5 <= degrees and 0 < wide * 1.5 <= degrees
    if not fine:  # pixels about as large as the cells, or larger
        return covering(points if points.spacing > 0 else replace(points, spacing=CSV_DEGREES, width=CSV_DEGREES), lat, lon)
    total, count = sums(points, points.values, lat, lon, degrees)
    if sparse:  # places a table leaves out are outside
        return np.minimum(total * tall * wide / degrees**2, 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return total / count
