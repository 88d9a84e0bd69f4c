"""One field read from a file of any known product: NetCDF series and maps, GeoTIFF, tables of points.

What:    ``read_series`` gives the mean of a series and of its months, ``read_field`` the mean alone, both at the places of the
         file.
Shapes:  points of tables.Points, months (point, 12). Daily and monthly series become means of all their years, block by block.
Units:   converted to the field's (products.FIELD_UNITS).
Source:  products.py (what is known of each product), layout.py, tables.py.
Use:     ``read_field(Path("lucas.csv"), "caco3").values``
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import cftime
import numpy as np
import xarray as xr

from ..errors import CalcisolError
from ..forcing import layout
from ..forcing.files import BLOCK_BYTES, open_files
from ..units import DAYS_PER_YEAR, UnitError, convert
from . import products, tables
from .geotiff import read_geotiff
from .tables import Points

SHORTEST_YEAR = 350.0  # days: twelve months dated by their labels, the last as long as the one before


class FieldError(CalcisolError):
    """A file gives no such field; the text says what it gives."""


@dataclass(frozen=True)
class Climate:
    """Means of a series at the places of a file: the annual number, and the mean of each month (point, 12)."""

    annual: Points
    months: np.ndarray


def spacing_of(place: layout.Layout) -> float:
    """Size of a pixel in degrees: the median step of latitude between neighbours; 0 for samples."""
    if place.kind == "points" or place.lat is None or place.lon is None or len(place.lat) < 2:
        return 0.0
    lat, lon = (np.unique(np.round(x[np.isfinite(x)], 6)) for x in (place.lat, place.lon))
    steps = [float(np.median(np.diff(x))) for x in (lat, lon) if len(x) > 1]
    if place.kind == "rotated":  # rows are not lines of latitude: use the mean density
        span = (np.ptp(place.lat) * np.ptp(place.lon)) / len(place.lat)
        return float(np.sqrt(span))
    return max(steps, default=0.0)


def _month_of(file: xr.Dataset, name: str, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Month (0-11) and length [days] of each step; a step is dated by its label, NaN is the length of one without bounds."""
    attributes = file[name].attrs
    units, calendar = str(attributes.get("units", "")), str(attributes.get("calendar", "standard"))
    date = lambda n: np.atleast_1d(cftime.num2date(np.asarray(file[n].values, float), units, calendar))  # noqa: E731
    days = lambda pairs: np.array([(b - a).total_seconds() / 86400 for a, b in pairs])  # noqa: E731
    bounds = str(attributes.get("bounds", ""))
    try:
        dates = date(name)
        if len(dates) > 1:
            gaps = days(itertools.pairwise(dates))
            lengths = np.append(gaps, gaps[-1:])
        else:
            lengths = days(date(bounds).reshape(-1, 2)) if bounds in file.variables else np.array([np.nan])
    except (ValueError, TypeError, AttributeError):
        raise FieldError(
            f"{name} of {path.name} has units {units!r} and calendar {calendar!r}, which cannot be read; use CF units such as "
            "days since 2000-01-01"
        ) from None
    return np.array([d.month - 1 for d in dates]), lengths


def _whole_years(days: np.ndarray, source: products.Source, path: Path) -> np.ndarray:
    """Lengths of the steps; one step without bounds is a climatology. Raises FieldError where they make up no year."""
    if len(days) == 1 and np.isnan(days[0]):
        if source.kind == "amount":
            raise FieldError(f"{path.name} holds an amount of one step whose length is not known; add time bounds")
        return np.array([DAYS_PER_YEAR])
    if days.sum() < SHORTEST_YEAR:
        total = f"{len(days)} steps, {days.sum():.0f} days in all"
        raise FieldError(f"{path.name} holds {total}, which make up no year; give whole years, or a mean of them")
    return days


def _annual(values: np.ndarray, source: products.Source, units: str, target: str, days: np.ndarray) -> np.ndarray:
    """A block (time, point) in the field's unit; amounts per step become amounts per year."""
    values = values * source.factor
    if target != "mm year-1" or source.kind in ("state", "rate"):
        return convert(values, units, target) if source.kind != "rate" else _rate(values, units)
    depth = convert(convert(values, units, "kg m-2"), "kg m-2", "kg m-2")
    per_day = depth if source.kind == "per day" else depth / days[:, None]
    return per_day * DAYS_PER_YEAR


def _rate(values: np.ndarray, units: str) -> np.ndarray:
    return convert(values, units, "mm/year")


def read_series(path: Path, field: str) -> Climate:
    """Mean of a field over all years of a file, block by block. Raises FieldError."""
    try:
        return _series(path, field)
    except (UnitError, ValueError) as error:
        raise FieldError(f"{field} in {path.name}: {error}") from None


def _series(path: Path, field: str) -> Climate:
    with open_files(path) as file:
        product = products.recognise(file, path)
        if product is None or field not in product.fields:
            gives = ", ".join(product.fields) if product else "nothing that is known"
            raise FieldError(f"{path.name} gives no {field}; it gives {gives}")
        source, target = product.fields[field], products.FIELD_UNITS[field]
        place, time = layout.find(file), layout.time_dim(file)
        depth = layout.depth_dim(file)
        if place.lat is None or place.lon is None:
            raise FieldError(f"{path.name} has no latitude and longitude; add them with their standard names")
        arrays = []
        for name in source.variables:
            array = file[name]
            if depth and depth in array.dims:
                array = array.isel({depth: 0})  # the topsoil
            arrays.append(place.stack(array, (time,)))
        units = source.unit or str(file[source.variables[0]].attrs.get("units", target))
        months, total, weight = np.zeros((12, len(place))), np.zeros(len(place)), 0.0
        month_weight = np.zeros(12)
        if time and time in arrays[0].dims:
            which, days = _month_of(file, time, path)
            days = _whole_years(days, source, path)
            count = max(1, int(BLOCK_BYTES / 8 / max(1, len(place))))
            for begin in range(0, len(which), count):
                piece = slice(begin, min(begin + count, len(which)))
                block = sum(np.asarray(a.isel({time: piece}).values, float) for a in arrays)
                block = _annual(np.asarray(block), source, units, target, days[piece])
                for i, month in enumerate(which[piece]):
                    months[month] += block[i] * days[piece][i]
                    month_weight[month] += days[piece][i]
                total += (block * days[piece][:, None]).sum(0)
                weight += float(days[piece].sum())
            mean = total / weight
        else:
            block = np.asarray(sum(np.asarray(a.values, float) for a in arrays))
            days = np.array([DAYS_PER_YEAR])
            mean = _annual(block.reshape(1, -1), source, units, target, days)[0]
        with np.errstate(invalid="ignore", divide="ignore"):
            monthly = (months / month_weight[:, None]).T
        good = np.isfinite(mean)
        east = np.where(place.lon > 180, place.lon - 360, place.lon)
        points = Points(
            place.lat[good], east[good], mean[good], spacing_of(place), f"{product.name}; {product.cite}", product.licence
        )
        return Climate(points, monthly[good])


def read_field(path: Path, field: str) -> Points:
    """One field from any known file, at the file's own places. Raises FieldError, TableError."""
    if field not in products.FIELD_UNITS:
        raise FieldError(f"{field} is no field of a run; known are {', '.join(products.FIELD_UNITS)}")
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        return tables.read_points(path, field)
    if path.suffix.lower() in (".tif", ".tiff"):
        return _read_tiff(path, field)
    return read_series(path, field).annual


def _read_tiff(path: Path, field: str) -> Points:
    if not path.is_file():
        raise FieldError(f"{path} does not exist; give the path of a GeoTIFF")
    values, west, north, step = read_geotiff(path)
    product = None
    named = path.name.split("_", 1)[0]
    if named in products.SOILGRIDS:
        product = products.soilgrids(named, named)
        if field not in product.fields:
            raise FieldError(f"{path.name} gives no {field}; it gives {', '.join(product.fields)}")
        source = product.fields[field]
        values = convert(values * source.factor, source.unit, products.FIELD_UNITS[field])
    rows, columns = values.shape[1:]
    lat, lon = north - step * (np.arange(rows) + 0.5), west + step * (np.arange(columns) + 0.5)
    a, b = np.meshgrid(lat, lon, indexing="ij")
    good = np.isfinite(values[0]) & (values[0] > 0)
    name = f"{product.name}; {product.cite}" if product else path.name
    return Points(a[good], b[good], np.asarray(values[0][good], float), step, name)
