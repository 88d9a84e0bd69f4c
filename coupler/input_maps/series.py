"""One field from a NetCDF map or series: the mean over its years and the mean of each month, at the places of the file.

What:    ``read_series``; daily and monthly series become means of all their years, block by block. A year of which a part is
         there twice counts once: months are averaged first where they are not there equally often.
Shapes:  points of places.Points, months (point, 12). Units: converted to the field's (products.FIELD_UNITS).
Source:  products.py (what is known of each product), months.py (time), layout.py (places), missing.py (codes).
Use:     ``read_series(Path("tas.nc"), "mat").annual.values``
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ..forcing import layout
from ..forcing.open_files import BLOCK_BYTES, open_files
from ..units import DAYS_PER_YEAR, UnitError, convert
from . import products
from .missing import missing
from .months import FieldError, Steps, read_steps
from .places import Points, check_places, east

SHORTEST_YEAR = 350.0  # days: twelve months of a 360-day calendar hold more
UNEVEN = 1.05  # months that are there this much oftener than others are averaged first
LENGTHS = ("m", "cm", "mm", "km", "metre", "meter", "metres", "meters", "centimetre", "centimeter")
PER_MONTH = re.compile(r"\s*(/\s*(month|mon)|(month|mon)\s*(-1|\^-1|\*\*-1))\b")


@dataclass(frozen=True)
class Climate:
    """Means of a series at the places of a file: the annual number, and the mean of each month (point, 12)."""

    annual: Points
    months: np.ndarray


def pixel_of(place: layout.Layout) -> tuple[float, float]:
    """Height and width of a pixel in degrees: the median steps between neighbours; 0 for samples."""
    if place.kind == "points" or place.lat is None or place.lon is None or len(place.lat) < 2:
        return 0.0, 0.0
    if place.kind == "rotated":  # rows are not lines of latitude: use the mean density
        span = float(np.sqrt(np.ptp(place.lat) * np.ptp(place.lon) / len(place.lat)))
        return span, span
    lat, lon = (np.unique(np.round(x[np.isfinite(x)], 6)) for x in (place.lat, place.lon))
    tall, wide = (float(np.median(np.diff(x))) if len(x) > 1 else 0.0 for x in (lat, lon))
    return tall or wide, wide or tall


def topsoil(file: xr.Dataset, array: xr.DataArray, place: layout.Layout, time: str, path: Path) -> xr.DataArray:
    """The layer next to the surface, by the coordinate of the layers. Raises FieldError where it does not say which that is."""
    others = [d for d in array.dims if d not in place.dims and d != time and array.sizes[d] > 1]
    for name in map(str, others):
        axis = file[name] if name in file.variables else None
        told = axis is not None and (
            axis.attrs.get("standard_name") in ("depth", "height", "altitude")
            or "positive" in axis.attrs
            or str(axis.attrs.get("units", "")) in LENGTHS
            or "depth" in name.lower()
        )
        z = np.asarray(axis.values, float) if told and axis is not None and axis.dtype.kind in "fiu" else np.array([])
        rising = axis is not None and axis.attrs.get("positive") == "up"
        clear = (
            z.size
            and np.isfinite(z).all()
            and len(np.unique(z)) == len(z)
            and (z.max() <= 0 if rising else z.min() >= 0 or z.max() <= 0)
        )
        if not clear:
            raise FieldError(
                f"{array.name} in {path.name} has {array.sizes[name]} layers along {name}; nothing says which is the topsoil, "
                f"give {name} the depth of each in m, or write the topsoil alone"
            )
        array = array.isel({name: int(np.abs(z).argmin())})
    return array


def _is_amount(units: str) -> bool:
    try:
        convert(np.ones(1), units, "kg m-2", "water")
    except UnitError:
        return False
    return True


def _kind(source: products.Source, units: str, steps: Steps | None, methods: str, name: str, path: Path) -> tuple[str, str]:
    """How the numbers of a step count ("state", "rate", "amount", "per day"), and their unit without "per month".

    Raises FieldError where a product's rule does not hold for steps of this length.
    """
    bare = PER_MONTH.sub("", units).strip()
    if bare != units.strip() and steps is not None and steps.kind == "month":
        return "amount", bare  # of the real length of each month
    if source.kind == "rate" and steps is not None and re.search(r"time\s*:\s*sum", methods) and _is_amount(bare):
        return "amount", bare
    if source.holds and steps is not None:
        if re.search(r"time\s*:\s*sum", methods):
            return "amount", re.sub(r"\s*(day|year)-1$", "", units)
        if steps.kind in (source.holds, "climatology"):
            return source.kind, units
        raise FieldError(
            f"{name} in {path.name} has steps of another length than this product's ({source.holds}); give that, or write "
            'cell_methods = "time: sum" where each step holds the amount of its own length'
        )
    return source.kind, units


def _check_product(product: products.Product, source: products.Source, variable: xr.DataArray, path: Path) -> None:
    """Raise FieldError where the file states another unit than its product has: somebody has converted it."""
    stated = str(variable.attrs.get("units", "")).strip()
    if not (stated and source.unit):
        return
    try:
        ones = convert(np.array([0.0, 1.0]), stated, source.unit)
    except UnitError:
        return  # of another kind: such attributes are known to be wrong
    if not np.allclose(ones, [0.0, source.factor if source.factor > 0 else 1.0], rtol=1e-3, atol=1e-12):
        times = f" times {source.factor:g}" if source.factor not in (1.0, -1.0) else ""
        raise FieldError(
            f"{variable.name} in {path.name} is in {stated!r}, but {product.name} has it in {source.unit!r}{times}; give the "
            "product's own file, or call the variable by the field's name"
        )


def _per_year(values: np.ndarray, kind: str, units: str, field: str, days: np.ndarray) -> np.ndarray:
    """A block (time, point) in the field's unit; amounts per step become amounts per year."""
    target, counts = products.FIELD_UNITS[field], products.SUBSTANCE.get(field)
    if kind == "amount":
        amount = target.removesuffix(" year-1")
        base = "kg m-2" if amount == "mm" else amount
        return convert(values, units, base, counts) / days[:, None] * DAYS_PER_YEAR
    if kind == "per day":
        return convert(values, units, "kg m-2", counts) * DAYS_PER_YEAR
    return convert(values, units, "mm/year" if kind == "rate" else target, counts)


class _Variable:
    """One variable of a source, cleaned of what its file or the field calls missing."""

    def __init__(self, file: xr.Dataset, name: str, array: xr.Variable) -> None:
        saved = {**file[name].encoding, **file[name].attrs}
        self.array = array
        self.scale, self.offset = float(saved.get("scale_factor", 1.0)), float(saved.get("add_offset", 0.0))
        limits = np.ravel(saved.get("valid_range", [-np.inf, np.inf])).astype(float)
        self.low, self.high = float(saved.get("valid_min", limits[0])), float(saved.get("valid_max", limits[-1]))

    def clean(self, values: np.ndarray, field: str, converted: np.ndarray) -> np.ndarray:
        """``converted`` with NaN where the file's own number is a code or outside its valid range."""
        raw = (values - self.offset) / self.scale
        packed = (self.scale, self.offset) != (1.0, 0.0)
        with np.errstate(invalid="ignore"):
            bad = missing(raw, field, converted, packed) | (raw < self.low - 1e-6) | (raw > self.high + 1e-6)
        return np.where(bad, np.nan, converted)


def _mean(months: np.ndarray, weight: np.ndarray, total: np.ndarray, whole: float, steps: Steps, path: Path) -> np.ndarray:
    """The annual mean: over all steps, or over the means of the months where some are there oftener than others."""
    if (steps.month < 0).any() or len(steps.month) == 1:
        return total / whole
    absent = [calendar.month_name[m + 1] for m in range(12) if weight[m] == 0]
    if absent:
        raise FieldError(f"{path.name} has no step in {', '.join(absent)}; give whole years, or a mean of them")
    length = np.array([steps.whole[steps.month == m].mean() for m in range(12)])
    often = weight / length
    if often.max() <= UNEVEN * often.min():
        return total / whole
    return (months / weight[:, None] * length[:, None]).sum(0) / length.sum()


def read_series(path: Path, field: str) -> Climate:
    """Mean of a field over all years of a file, block by block. Raises FieldError."""
    try:
        with open_files(path) as file:
            return _series(file, path, field)
    except (UnitError, ValueError) as error:
        raise FieldError(f"{field} in {path.name}: {error}") from None


def _series(file: xr.Dataset, path: Path, field: str) -> Climate:
    product = products.recognise(file, path)
    if product is None or field not in product.fields:
        gives = ", ".join(product.fields) if product else "nothing that is known"
        raise FieldError(f"{path.name} gives no {field}; it gives {gives}")
    source, target = product.fields[field], products.FIELD_UNITS[field]
    place, time = layout.find(file), layout.time_dim(file)
    if place.lat is None or place.lon is None:
        raise FieldError(f"{path.name} has no latitude and longitude; add them with their standard names")
    check_places(place.lat, place.lon, path.name)
    first = file[source.variables[0]]
    flat = [n for n in source.variables if not set(place.dims) <= set(file[n].dims)]
    if flat:
        raise FieldError(f"{flat[0]} in {path.name} has dims {file[flat[0]].dims}, without {place.dims}: give a number a place")
    varies = bool(time) and time in first.dims
    steps = _whole_years(read_steps(file, time, path), source, path) if varies else None
    for name in source.variables:
        _check_product(product, source, file[name], path)
    units = source.unit or str(first.attrs.get("units", "1" if target in ("1", "kg kg-1") else "")).strip()
    if not units:
        raise FieldError(f"{source.variables[0]} in {path.name} has no units; write them, e.g. units = {target!r}")
    kind, units = _kind(source, units, steps, str(first.attrs.get("cell_methods", "")), source.variables[0], path)
    variables = [
        _Variable(file, name, place.stack(topsoil(file, file[name], place, time, path), (time,))) for name in source.variables
    ]

    def read(piece: slice, days: np.ndarray) -> np.ndarray:
        """(time, point) in the field's unit."""
        found: Any = 0.0
        for v in variables:
            values = np.asarray((v.array.isel({time: piece}) if varies else v.array).values, float).reshape(-1, len(place))
            found = found + v.clean(values, field, _per_year(values * source.factor, kind, units, field, days))
        return np.asarray(found)

    if steps is None:
        mean, monthly = read(slice(None), np.array([DAYS_PER_YEAR]))[0], np.full((len(place), 12), np.nan)
    else:
        mean, monthly = _means(read, steps, len(place), path)
    good = np.isfinite(mean)
    if place.kind == "regular":
        good &= _first_of_each(place.lat, east(place.lon))
    tall, wide = pixel_of(place)
    name = f"{product.name}; {product.cite}"
    points = Points(
        place.lat[good],
        east(place.lon[good]),
        mean[good],
        tall,
        name,
        product.licence,
        wide,
        lost=int((~np.isfinite(mean)).sum()),
    )
    return Climate(points, monthly[good])


def _first_of_each(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """False at the column that repeats the first one at 360 degrees."""
    key = np.round(lat, 9) * 1000.0 + np.round(lon, 9)
    first = np.zeros(len(lat), bool)
    first[np.unique(key, return_index=True)[1]] = True
    return first


def _means(read: Any, steps: Steps, size: int, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Annual mean (point,) and means of the months (point, 12), read block by block."""
    months, weight, total = np.zeros((12, size)), np.zeros(12), np.zeros(size)
    count = max(1, int(BLOCK_BYTES / 8 / max(1, size)))
    for begin in range(0, len(steps.month), count):
        piece = slice(begin, min(begin + count, len(steps.month)))
        days = steps.days[piece]
        block = read(piece, days)
        for i, month in enumerate(steps.month[piece]):
            if month >= 0:
                months[month] += block[i] * days[i]
                weight[month] += days[i]
        total += (block * days[:, None]).sum(0)
    mean = _mean(months, weight, total, float(steps.days.sum()), steps, path)
    with np.errstate(invalid="ignore", divide="ignore"):
        return mean, (months / weight[:, None]).T


def _whole_years(steps: Steps, source: products.Source, path: Path) -> Steps:
    """The steps, one without bounds taken as a climatology. Raises FieldError where they make up no year."""
    if len(steps.days) == 1 and np.isnan(steps.days[0]):
        if source.kind == "amount" and not source.yearly:
            raise FieldError(f"{path.name} holds an amount of one step whose length is not known; add time bounds")
        return Steps(np.array([-1]), np.array([DAYS_PER_YEAR]), "climatology", np.array([DAYS_PER_YEAR]))
    if steps.days.sum() < SHORTEST_YEAR:
        total = f"{len(steps.days)} steps, {steps.days.sum():.0f} days in all"
        raise FieldError(f"{path.name} holds {total}, which make up no year; give whole years, or a mean of them")
    return steps
