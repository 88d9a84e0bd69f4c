"""Your own maps in a European run: a field of the domain from a NetCDF, GeoTIFF or CSV file, put on the cells.

What:    ``replace_fields`` exchanges fields of a Domain; ``look`` says what a file gives (``calcisol check``).
Shapes:  any layout of layout.py; a cell takes the mean of the pixels or points in it, else the nearest pixel that covers it,
         else it keeps what it had. Monthly and daily series become means of the years, seasonal shape included.
Units:   converted to the field's (products.FIELD_UNITS). Source: products.py, tables.py.
Use:     in a configuration: ``[fields]`` with ``caco3 = "lucas.csv"``, ``rain = "rr_ens_mean.nc"``.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from pathlib import Path

import cftime
import numpy as np
import xarray as xr

from . import layout, products, tables
from .domain import Domain, Field
from .errors import CalcisolError
from .forcing import BLOCK_BYTES, open_files
from .geotiff import read_geotiff
from .tables import Points
from .units import DAYS_PER_YEAR, convert


class FieldError(CalcisolError):
    """A file gives no such field; the text says what it gives."""


@dataclass(frozen=True)
class Climate:
    """Means of a series at the places of a file: the annual number, and the mean of each month (point, 12)."""

    annual: Points
    months: np.ndarray


def nearest_mean(points: Points, lat: np.ndarray, lon: np.ndarray, degrees: float) -> np.ndarray:
    """Mean of the points in each square cell; where there is none, the nearest pixel that covers the centre; else NaN."""
    step = lambda x, centre: np.floor((x - centre + degrees / 2) / degrees)  # noqa: E731
    origin = lat.min(), lon.min()
    wide = int(np.ceil((lon.max() - origin[1]) / degrees)) + 3
    key = lambda a, b: (step(a, origin[0]) + 1) * wide + step(b, origin[1]) + 1  # noqa: E731
    inside = (step(points.lon, origin[1]) >= -1) & (step(points.lon, origin[1]) < wide - 1)
    cells, mine = key(lat, lon), key(points.lat[inside], points.lon[inside])
    order = np.argsort(cells, kind="stable")
    place = np.searchsorted(cells[order], mine)
    place = order[np.minimum(place, len(cells) - 1)]
    hit = cells[place] == mine
    total, count = (
        np.bincount(place[hit], weights=w, minlength=len(lat)) for w in (points.values[inside][hit], np.ones(int(hit.sum())))
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / count
    empty = np.flatnonzero(count == 0)
    if points.spacing > 0 and empty.size and len(points.lat):
        for i in empty:
            away = np.maximum(np.abs(points.lat - lat[i]), np.abs(points.lon - lon[i]))
            j = int(away.argmin())
            if away[j] <= points.spacing / 2 * 1.0001:
                mean[i] = points.values[j]
    return mean


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


def _month_of(time: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    """Month (0-11) and length [days] of each step; a step is dated by its label."""
    calendar = str(time.attrs.get("calendar", "standard"))
    dates = np.atleast_1d(cftime.num2date(np.asarray(time.values, float), str(time.attrs.get("units", "")), calendar))
    gaps = np.array([(b - a).total_seconds() / 86400 for a, b in itertools.pairwise(dates)])
    days = np.append(gaps, gaps[-1:]) if len(gaps) else np.array([DAYS_PER_YEAR])
    return np.array([d.month - 1 for d in dates]), days


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
            which, days = _month_of(file[time])
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
    """One field from any known file, at the file's own places. Raises FieldError, TableError, UnitError."""
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


def replace_fields(domain: Domain, files: dict[str, str]) -> Domain:
    """The domain with the user's fields where their files reach. Raises FieldError when a file reaches no cell."""
    for field, name in files.items():
        path = Path(name)
        if path.suffix.lower() in (".csv", ".tsv", ".txt") and tables.kind(path) in ("eurostat", "faostat"):
            by_country = tables.read_countries(path, field)
            values = np.array([by_country.get(str(c), np.nan) for c in domain.country])
            cite, licence = f"{path.name} by country ({tables.kind(path)})", "that of the table"
        else:
            points = read_field(path, field)
            values = nearest_mean(points, domain.lat, domain.lon, domain.degrees)
            cite, licence = f"{points.product} ({path.name})", points.licence
        reached = np.isfinite(values)
        if not reached.any():
            raise FieldError(f"{path.name} gives {field} at none of the {len(domain)} cells; check its coordinates")
        old = domain.fields[field]
        units = products.FIELD_UNITS[field]
        domain = domain.with_fields(
            **{
                field: replace(
                    old,
                    values=np.where(reached, values, old.values),
                    units=units,
                    provenance="real" if reached.all() else "estimated",
                    source=f"{cite}, {int(reached.sum())} of {len(domain)} cells; elsewhere {old.source}"
                    if not reached.all()
                    else cite,
                    licence=licence,
                )
            }
        )
        if field in ("mat", "rain") and path.suffix.lower() not in (".csv", ".tif", ".tiff"):
            domain = _seasons(domain, path, field)
    if "caco3" in files or "calcareous_share" in files:
        share = domain["calcareous_share"]
        domain = domain.with_fields(area=replace(domain.fields["area"], values=domain["arable_area"] * share))
    return domain


def _seasons(domain: Domain, path: Path, field: str) -> Domain:
    """Seasonal shape of rain, amplitude of temperature, where the file is a series over all months."""
    climate = read_series(path, field)
    if not np.isfinite(climate.months).any():
        return domain
    at = lambda values: nearest_mean(replace(climate.annual, values=values), domain.lat, domain.lon, domain.degrees)  # noqa: E731
    monthly = np.stack([at(climate.months[:, m]) for m in range(12)], axis=1)
    reached = np.isfinite(monthly).all(1)
    if not reached.any():
        return domain
    note = f"{climate.annual.product} ({path.name})"
    if field == "rain":
        with np.errstate(invalid="ignore"):
            shape = np.maximum(monthly, 0.0) / np.maximum(monthly, 0.0).sum(1, keepdims=True)
        old = domain.fields["rain_shape"]
        made: dict[str, Field] = {"rain_shape": replace(old, values=np.where(reached[:, None], shape, old.values), source=note)}
    else:
        old = domain.fields["t_amplitude"]
        swing = np.sqrt(2.0) * monthly.std(1)
        made = {"t_amplitude": replace(old, values=np.where(reached, swing, old.values), source=note)}
    return domain.with_fields(**made)


def look(path: Path) -> list[str]:
    """Rows of ``calcisol check`` for a file of fields: field, unit in a run, what it is, values."""
    found: list[str] = []
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        what = tables.kind(path)
        wanted = (
            tuple(tables.GNB)
            if what in ("eurostat", "faostat")
            else tuple(tables.HWSD2 if what == "hwsd2" else products.FIELD_UNITS)
        )
        for field in wanted:
            try:
                if what in ("eurostat", "faostat"):
                    values = np.array(list(tables.read_countries(path, field).values()))
                else:
                    values = tables.read_points(path, field).values
            except tables.TableError:
                continue
            found.append(_line(field, what, values))
        return found
    if path.suffix.lower() in (".tif", ".tiff"):
        short = path.name.split("_", 1)[0]
        if short not in products.SOILGRIDS:
            return []
        field = products.SOILGRIDS[short][0]
        return [_line(field, "SoilGrids 2.0", read_field(path, field).values)]
    with open_files(path) as file:
        product = products.recognise(file, path)
    for field in product.fields if product else ():
        found.append(_line(field, product.name if product else "", read_field(path, field).values))
    return found


def _line(field: str, what: str, values: np.ndarray) -> str:
    low, high = products.VALID.get(field, (-np.inf, np.inf))
    outside = int(((values < low) | (values > high)).sum())
    note = f"; {outside} of {values.size} outside {low:g} to {high:g}" if outside else ""
    span = f"{values.min():.4g} to {values.max():.4g}" if values.size else "no values"
    return f"{field:16s} {products.FIELD_UNITS[field]:16s} {what:40s} {span}{note}"
