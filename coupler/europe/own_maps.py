"""Your own maps in a European run: a field of the domain from a NetCDF, GeoTIFF or CSV file, put on the cells.

What:    ``replace_fields`` exchanges fields of a Domain; ``look`` says what a file gives (``calcisol check``).
Shapes:  any layout of layout.py; a cell takes the mean of the pixels or points in it, else the nearest pixel that covers it,
         else it keeps what it had. Monthly and daily series become means of the years, seasonal shape included.
Units:   the field's (products.FIELD_UNITS). Source: input_maps reads the files.
Use:     in a configuration: ``[fields]`` with ``caco3 = "lucas.csv"``, ``rain = "rr_ens_mean.nc"``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import CalcisolError
from ..forcing.open_files import open_files
from ..input_maps import countries, hwsd, products, tables
from ..input_maps.missing import possible
from ..input_maps.months import FieldError
from ..input_maps.places import Points, cell_mean
from ..input_maps.readers import TABLES, TIFFS, read_field, read_series
from .domain import Domain, Field

nearest_mean = cell_mean  # its name up to version 0.1


def check_points(field: str, path: Path, points: Points, domain: Domain) -> None:
    """Raise FieldError where a single value inside the domain cannot be: in the mean of a cell it would not be seen."""
    low, high = possible(field)
    half = domain.degrees / 2
    near = (points.lat >= domain.lat.min() - half) & (points.lat <= domain.lat.max() + half)
    near &= (points.lon >= domain.lon.min() - half) & (points.lon <= domain.lon.max() + half)
    bad = np.flatnonzero(near & ((points.values < low) | (points.values > high)))
    if bad.size:
        i = bad[0]
        raise FieldError(
            _outside(field, path, float(points.values[i]), (points.lat[i], points.lon[i]), (low, high), bad.size, near.sum())
        )


def _outside(
    field: str,
    path: Path,
    value: float,
    place: tuple[float, float],
    limits: tuple[float, float],
    bad: int,
    of: int,
    what: str = "values",
) -> str:
    units = products.FIELD_UNITS[field]
    unit = "as a pure number" if units == "1" else f"in {units}"
    return (
        f"{field} = {value:g} in {path.name} at {place[0]:g} N {place[1]:g} E must lie between {limits[0]:g} and {limits[1]:g} "
        f"({bad} of {of} {what} do not); give it {unit}"
    )


def check_range(field: str, path: Path, values: np.ndarray, domain: Domain) -> None:
    """Raise FieldError where a cell would get a value that cannot be: another unit runs through and looks like a result."""
    low, high = products.VALID[field]
    bad = np.flatnonzero((values < low) | (values > high))
    if bad.size:
        i = bad[0]
        of = int(np.isfinite(values).sum())
        raise FieldError(
            _outside(field, path, float(values[i]), (domain.lat[i], domain.lon[i]), (low, high), bad.size, of, "cells")
        )


class OnCells(NamedTuple):
    """A field of a file on the cells, NaN where it does not reach."""

    values: np.ndarray  # (cell,)
    cite: str
    licence: str
    lost: int = 0  # places of the file without a value
    note: str = ""  # what would surprise in the file


def on_cells(domain: Domain, field: str, path: Path) -> OnCells:
    """A field of a file on the cells. Raises FieldError, TableError, RasterError as ``replace_fields`` does."""
    if path.suffix.lower() in TABLES and (what := tables.kind(path)) in ("eurostat", "faostat"):
        by_country = countries.read_countries(path, field)
        values = np.array([by_country.get(str(c), np.nan) for c in domain.country])
        check_range(field, path, values, domain)
        return OnCells(values, f"{path.name} by country ({what})", "that of the table")
    points = read_field(path, field)
    values = cell_mean(points, domain.lat, domain.lon, domain.degrees)
    check_range(field, path, values, domain)
    check_points(field, path, points, domain)
    return OnCells(values, f"{points.product} ({path.name})", points.licence, points.lost, points.note)


def replace_fields(domain: Domain, files: dict[str, str], tell: Callable[[str], object] = sys.stderr.write) -> Domain:
    """The domain with the user's fields where their files reach; ``tell`` gets a line on what would surprise.

    Raises FieldError, TableError, RasterError when a file cannot be read, reaches no cell, or brings a value that cannot be.
    """
    for field, name in files.items():
        path = Path(name)
        if field not in products.FIELD_UNITS:
            raise FieldError(f"{field} is no field of a run; known are {', '.join(products.FIELD_UNITS)}")
        values, cite, licence, lost, note = on_cells(domain, field, path)
        reached = np.isfinite(values)
        if note:
            tell(f"calcisol: {field} of {path.name}: {note}\n")
        if not reached.any():
            raise FieldError(
                f"{path.name} gives {field} at none of the {len(domain)} cells; check coordinates and missing values "
                "(one gap in its series leaves a place out)"
            )
        old, here = domain.fields.get(field) or _unknown(field, len(domain)), f"{int(reached.sum())} of {len(domain)} cells"
        if not reached.all() or lost:
            gaps = f"; {lost} places of the file hold no value" if lost else ""
            kept = "is estimated" if field in products.HYDRAULIC else "stays as it was"
            rest = "" if reached.all() else f", elsewhere {field} {kept}"
            tell(f"calcisol: {field} of {path.name} reaches {here}{rest}{gaps}\n")
        made = replace(
            old,
            values=np.where(reached, values, old.values),
            units=products.FIELD_UNITS[field],
            provenance="real" if reached.all() else "estimated",
            source=cite if reached.all() else f"{cite}, {here}; elsewhere {old.source}",
            licence=licence,
        )
        domain = domain.with_fields(**{field: made})
        if field in ("mat", "rain") and path.suffix.lower() not in (*TABLES, *TIFFS):
            domain = _seasons(domain, path, field)
    if "caco3" in files or "calcareous_share" in files:
        share = domain["calcareous_share"]
        domain = domain.with_fields(area=replace(domain.fields["area"], values=domain["arable_area"] * share))
    return domain


def _unknown(field: str, cells: int) -> Field:
    """A field that is nowhere known yet; only those of products.OPTIONAL may stay so."""
    by = "estimated from texture" if field in products.HYDRAULIC else "the configuration"
    return Field(np.full(cells, np.nan), products.FIELD_UNITS[field], field, "estimated", by, "calcisol")


def _seasons(domain: Domain, path: Path, field: str) -> Domain:
    """Seasonal shape of rain, amplitude of temperature, where the file is a series over all months."""
    climate = read_series(path, field)
    if not np.isfinite(climate.months).any():
        return domain
    at = lambda values: cell_mean(replace(climate.annual, values=values), domain.lat, domain.lon, domain.degrees)  # noqa: E731
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
    if path.suffix.lower() in TABLES:
        found = _look_table(path)
    elif path.suffix.lower() in TIFFS:
        short = path.name.split("_", 1)[0]
        field = products.SOILGRIDS[short][0] if short in products.SOILGRIDS else path.stem
        known = field in products.FIELD_UNITS
        found = (
            [_line(field, "SoilGrids 2.0" if short in products.SOILGRIDS else "GeoTIFF", read_field(path, field).values)]
            if known
            else []
        )
    else:
        with open_files(path) as file:
            product = products.recognise(file, path)
        name = product.name if product else ""
        found = [_line(f, name, read_field(path, f).values) for f in (product.fields if product else ())]
    return [line for line, _ in found], [problem for _, problem in found if problem]


def _look_table(path: Path) -> list[tuple[str, str]]:
    what, fault, found = tables.kind(path), None, []
    by_country = what in ("eurostat", "faostat")
    wanted = tuple(countries.GNB) if by_country else tuple(hwsd.FIELDS if what == "hwsd2" else products.FIELD_UNITS)
    for field in wanted:
        note = ""
        try:
            if by_country:
                values = np.array(list(countries.read_countries(path, field).values()))
            else:
                points = tables.read_points(path, field)
                values, note = points.values, points.note
        except CalcisolError as error:
            fault = fault or (error if what != "points" or tables.has(path, field) else None)
            continue
        found.append(_line(field, what, values, note))
    if fault and (not found or what == "points"):
        raise fault
    return found


def _line(field: str, what: str, values: np.ndarray, told: str = "") -> tuple[str, str]:
    """Row of a field, and one sentence where no value of it can be used."""
    low, high = products.VALID[field]
    units, outside = products.FIELD_UNITS[field], int(((values < low) | (values > high)).sum())
    note = f"; {outside} of {values.size} outside {low:g} to {high:g}" if outside else ""
    note += f"; {told}" if told else ""
    span = f"{values.min():.4g} to {values.max():.4g}" if values.size else "no values"
    problem = "" if values.size else f"{field} holds no values: all are missing or no numbers; fill them"
    if outside and outside == values.size:
        problem = f"{field} holds {outside} of {values.size} values outside {low:g} to {high:g} ({span}); give it in {units}"
    return f"{field:16s} {units:16s} {what:40s} {span}{note}", problem
