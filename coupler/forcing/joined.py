"""Several NetCDF files as one along time: a file a year, as models and archives write them.

What:    ``align`` orders files by time and holds each against the first: the same variables, units, calendar, soil and places.
         Places in another order, longitudes 360 degrees apart and rounded coordinates are taken as the first file has them.
Source:  xarray would take the numbers of each file as they are, fill or drop the cells that one of them lacks, and keep the soil
         of the first.
Use:     ``parts = align(datasets, names)``; raises ValueError with what does not fit
"""

from __future__ import annotations

import cftime
import numpy as np
import xarray as xr

from .axes import bounds_names, bounds_of, time_dim
from .missing import decode

ROUNDING = 1e-4  # degrees and metres: float32 keeps 50.1 as 50.09999847


def _calendar(data: xr.Dataset, time: str) -> str:
    said = str(data[time].attrs.get("calendar", "standard")).lower()
    return "standard" if said == "gregorian" else said


def _first_date(data: xr.Dataset, time: str, name: str) -> cftime.datetime:
    if time not in data.variables or not data[time].size:
        raise ValueError(f"{name} has no time, or one of length 0")
    attributes = data[time].attrs
    try:
        values = decode(data[time].values.ravel()[:1], attributes)
        if np.isnan(values[0]):
            raise ValueError("its first value is missing")
        return cftime.num2date(values[0], str(attributes.get("units", "")), _calendar(data, time), only_use_cftime_datetimes=True)
    except (ValueError, TypeError, AttributeError, OverflowError, LookupError) as error:
        raise ValueError(f"time of {name} cannot be read: {' '.join(str(error).split())}") from None


def place_order(name: str, mine: xr.DataArray, first: xr.DataArray, files: tuple[str, str]) -> np.ndarray | None:
    """Positions that put ``mine`` in the order of ``first``; None where it is already. Raises ValueError."""
    a, b = np.asarray(first.values), np.asarray(mine.values)
    if a.size != b.size:
        raise ValueError(f"{name} has {a.size} values in {files[0]}, but {b.size} in {files[1]}")
    if a.dtype.kind not in "fiu" or b.dtype.kind not in "fiu":
        if not np.array_equal(a, b):
            raise ValueError(f"{name} differs between {files[0]} and {files[1]}")
        return None
    a, b = a.astype(float), b.astype(float)
    spare = ROUNDING * max(1.0, float(np.abs(a).max(initial=0.0)) / 360.0)
    if (np.abs(a - b) <= spare).all():
        return None
    if "lon" in name.lower() or str(first.attrs.get("standard_name")) == "longitude" or "east" in str(first.attrs.get("units")):
        a, b = (np.round(x, 4) % 360.0 for x in (a, b))
    order = np.empty(a.size, int)
    order[np.argsort(a, kind="stable")] = np.argsort(b, kind="stable")
    off = np.flatnonzero(np.abs(b[order] - a) > spare)
    if off.size:
        raise ValueError(f"{name} holds {first.values[off[0]]:g} in {files[0]}, but not in {files[1]}")
    return None if (order == np.arange(a.size)).all() else order


def _same_places(data: xr.Dataset, first: xr.Dataset, time: str, files: tuple[str, str]) -> xr.Dataset:
    """``data`` with its dimensions in the order of ``first``."""
    for dim in [d for d in first.dims if d != time]:
        if dim not in data.dims or data.sizes[dim] != first.sizes[dim]:
            raise ValueError(f"{dim} has length {first.sizes[dim]} in {files[0]}, but {data.sizes.get(dim, 0)} in {files[1]}")
        if dim in first.variables and dim in data.variables:
            order = place_order(str(dim), data[dim], first[dim], files)
            if order is not None:
                data = data.isel({dim: order})
            if not np.array_equal(data.variables[dim].values, first.variables[dim].values):  # rounded, or 360 degrees apart
                data = data.assign_coords({dim: first[dim]})
        elif dim in first.variables or dim in data.variables:
            has = files[0] if dim in first.variables else files[1]
            raise ValueError(f"{dim} has a coordinate in {has} only")
    return data


def _values(variable: xr.Variable) -> np.ndarray:
    return decode(variable.values, variable.attrs) if variable.dtype.kind in "fiu" else np.asarray(variable.values)


def _same_soil(data: xr.Dataset, first: xr.Dataset, time: str, files: tuple[str, str]) -> None:
    """Raise ValueError where what does not change in time differs: soil, and the places given as variables."""
    for name in [n for n, v in first.variables.items() if time not in v.dims and n not in first.dims]:
        if name not in data.variables:  # bounds of places or depths
            raise ValueError(f"{name} is in {files[0]}, but not in {files[1]}")
        a, b = _values(first.variables[name]), _values(data.variables[name].transpose(*first.variables[name].dims))
        if a.dtype.kind not in "fiu":
            continue
        units = str(first.variables[name].attrs.get("units", ""))
        spare = ROUNDING if units.startswith("degree") else 1e-6 * np.nanmax(np.abs(a), initial=0)
        gap = np.abs(a - b)
        if units.startswith("degrees_e"):
            gap = np.minimum(gap % 360.0, 360.0 - gap % 360.0)
        if (np.isnan(a) != np.isnan(b)).any() or (gap > spare).any():
            raise ValueError(f"{name} differs between {files[0]} and {files[1]}; what does not change in time must be the same")


def _alike(data: xr.Dataset, first: xr.Dataset, time: str, files: tuple[str, str]) -> xr.Dataset:
    """``data``, in the order of ``first``. Raises ValueError where the two do not fit."""
    skip = bounds_names(first) | bounds_names(data) | {time}
    mine, other = ({str(n) for n in d.variables} - skip for d in (first, data))
    for name in sorted(mine ^ other):
        has, lacks = files if name in mine else files[::-1]
        raise ValueError(f"{name} is in {has}, but not in {lacks}")
    if bool(bounds_of(first, time)) != bool(bounds_of(data, time)):
        has, lacks = files if bounds_of(first, time) else files[::-1]
        raise ValueError(f"{time} has bounds in {has}, but not in {lacks}")
    for name in sorted(mine):
        for key in ("units", "cell_methods", "positive", "standard_name"):
            a, b = (str(d.variables[name].attrs.get(key, "")) for d in (first, data))
            if a != b:
                what = f"is in {a!r} in" if key == "units" else f"has the {key} {a!r} in"
                raise ValueError(f"{name} {what} {files[0]}, but {'in ' if key == 'units' else ''}{b!r} in {files[1]}")
        mine_dims, its_dims = data.variables[name].dims, first.variables[name].dims
        if set(mine_dims) != set(its_dims):
            raise ValueError(f"{name} has dims {its_dims} in {files[0]}, but {mine_dims} in {files[1]}")
    a, b = _calendar(first, time), _calendar(data, time)
    if a != b:
        raise ValueError(f"time has the calendar {a} in {files[0]}, but {b} in {files[1]}")
    data = _same_places(data, first, time, files)
    _same_soil(data, first, time, files)
    return data


def align(parts: list[xr.Dataset], names: list[str]) -> list[xr.Dataset]:
    """Files in order of their first times, each as the first has its places. Raises ValueError where they do not fit."""
    time = time_dim(parts[0])
    if not time:
        raise ValueError(f"{names[0]} has no time")
    for part, name in zip(parts, names, strict=True):
        if time not in part.dims:
            raise ValueError(f"{name} has no {time}")
        if _calendar(part, time) != _calendar(parts[0], time):
            raise ValueError(
                f"time has the calendar {_calendar(parts[0], time)} in {names[0]}, but {_calendar(part, time)} in {name}"
            )
    order = sorted(range(len(parts)), key=lambda i: _first_date(parts[i], time, names[i]))
    first, name = parts[order[0]], names[order[0]]
    return [first, *(_alike(parts[i], first, time, (name, names[i])) for i in order[1:])]


def join(parts: list[xr.Dataset]) -> xr.Dataset:
    """Aligned and decoded files as one dataset; times count as in the first, whatever each counts from."""
    time = time_dim(parts[0])
    units, calendar = str(parts[0][time].attrs.get("units", "")), _calendar(parts[0], time)
    made = [parts[0]]
    for part in parts[1:]:
        own, changed = str(part[time].attrs.get("units", "")), {}
        for name in {time, bounds_of(part, time)} - {""}:
            if own != units:
                dates = cftime.num2date(np.asarray(part[name].values, float), own, calendar)
                numbers = np.asarray(cftime.date2num(dates, units, calendar), float)
                changed[name] = (part[name].dims, numbers, {**part[name].attrs, "units": units})
        made.append(part.assign(changed))
    return xr.concat(made, dim=time, data_vars="minimal", coords="minimal", compat="override", join="override")
