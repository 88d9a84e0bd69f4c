"""Your own maps in a European run: a field of the domain from a NetCDF, GeoTIFF or CSV file, put on the cells.

What:    ``replace_fields`` exchanges fields of a Domain; ``look`` says what a file gives (``calcisol check``).
Shapes:  any layout of layout.py; a cell takes the mean of the pixels or points in it, else the nearest pixel that covers it,
         else it keeps what it had. Monthly and daily series become means of the years, seasonal shape included.
Units:   the field's (products.FIELD_UNITS). Source: input_maps/readers.py reads the files.
Use:     in a configuration: ``[fields]`` with ``caco3 = "lucas.csv"``, ``rain = "rr_ens_mean.nc"``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ..forcing.files import open_files
from ..input_maps import products, tables
from ..input_maps.readers import FieldError, read_field, read_series
from ..input_maps.tables import Points
from .domain import Domain, Field


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


def check_range(field: str, path: Path, values: np.ndarray, domain: Domain) -> None:
    """Raise FieldError where a cell would get a value that cannot be: another unit runs through and looks like a result."""
    low, high = products.VALID[field]
    bad = np.flatnonzero((values < low) | (values > high))
    if bad.size:
        cell, units = bad[0], products.FIELD_UNITS[field]
        unit = "as a pure number" if units == "1" else f"in {units}"
        raise FieldError(
            f"{field} = {values[cell]:g} in {path.name} at {domain.lat[cell]:g} N {domain.lon[cell]:g} E must lie between "
            f"{low:g} and {high:g} ({bad.size} of {np.isfinite(values).sum()} cells do not); give it {unit}"
        )


def replace_fields(domain: Domain, files: dict[str, str]) -> Domain:
    """The domain with the user's fields where their files reach.

    Raises FieldError when a file reaches no cell, or brings a value that cannot be.
    """
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
            raise FieldError(
                f"{path.name} gives {field} at none of the {len(domain)} cells; check coordinates and missing values "
                "(one gap in its series leaves a place out)"
            )
        check_range(field, path, values, domain)
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


def look(path: Path) -> tuple[list[str], list[str]]:
    """Rows of ``calcisol check`` for a file of fields (field, unit in a run, what it is, values), and what is wrong with it."""
    found: list[tuple[str, str]] = []
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        what, fault = tables.kind(path), None
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
            except tables.TableError as error:
                fault = fault or (error if what != "points" or tables.has(path, field) else None)
                continue
            found.append(_line(field, what, values))
        if fault and not found:
            raise fault
    elif path.suffix.lower() in (".tif", ".tiff"):
        short = path.name.split("_", 1)[0]
        if short in products.SOILGRIDS:
            field = products.SOILGRIDS[short][0]
            found.append(_line(field, "SoilGrids 2.0", read_field(path, field).values))
    else:
        with open_files(path) as file:
            product = products.recognise(file, path)
        for field in product.fields if product else ():
            found.append(_line(field, product.name if product else "", read_field(path, field).values))
    return [line for line, _ in found], [problem for _, problem in found if problem]


def _line(field: str, what: str, values: np.ndarray) -> tuple[str, str]:
    """Row of a field, and one sentence where no value of it can be used."""
    low, high = products.VALID[field]
    units, outside = products.FIELD_UNITS[field], int(((values < low) | (values > high)).sum())
    note = f"; {outside} of {values.size} outside {low:g} to {high:g}" if outside else ""
    span = f"{values.min():.4g} to {values.max():.4g}" if values.size else "no values"
    problem = "" if values.size else f"{field} holds no values: all are missing or no numbers; fill them"
    if outside and outside == values.size:
        problem = f"{field} holds {outside} of {values.size} values outside {low:g} to {high:g} ({span}); give it in {units}"
    return f"{field:16s} {units:16s} {what:40s} {span}{note}", problem
