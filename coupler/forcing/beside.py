"""Files that hold other variables of the same places, and of the same steps or of none: one variable each, or a soil map.

What:    ``beside`` puts the variables of one file into another; places and steps must be the same, whatever their order and
         their units of time.
Shapes:  a file without time has one value for all steps. Units: as the files have them.
Source:  ISIMIP and CMIP archives keep one variable in a file; land models write soil and history apart.
Use:     ``part = beside(part, other, ("history.nc", "soil.nc"))``; raises ValueError with what does not fit
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from .axes import bounds_names, bounds_of, coordinate, time_dim
from .fault import ForcingError
from .joined import ROUNDING, place_order
from .time_axis import clock, dates_of


def _step(series: Sequence[xr.Dataset], time: str) -> float:
    """Seconds from the first stamp of a series of files to the next; of one step alone those of its bounds, inf without any."""
    dates = np.concatenate([dates_of(part[time], *clock(part, time)) for part in series[:2]])
    if len(dates) < 2 and (bounds := bounds_of(series[0], time)):
        dates = dates_of(series[0][bounds], *clock(series[0], time)).ravel()
    return abs(float((dates[1] - dates[0]).total_seconds())) if len(dates) > 1 else np.inf


def _same_steps(first: xr.Dataset, other: xr.Dataset, files: tuple[str, str], series: Sequence[xr.Dataset]) -> xr.Dataset:
    """``other`` with the time of ``first``. Raises ValueError where its steps are others."""
    time, own = time_dim(first), time_dim(other)
    if not own or own not in other.variables:
        return other
    if not time or time not in first.variables:
        raise ValueError(f"{files[1]} has steps and {files[0]} none; name the file with steps first")
    if first.sizes[time] != other.sizes[own]:
        raise ValueError(f"{files[0]} has {first.sizes[time]} steps, but {files[1]} {other.sizes[own]}")
    try:
        a, b = dates_of(first[time], *clock(first, time)), dates_of(other[own], *clock(other, own))
        gap = max((abs((x - y).total_seconds()) for x, y in zip(a, b, strict=True)), default=0.0)
        step = _step([first] if len(a) > 1 else series, time)
    except (ForcingError, ValueError, TypeError) as error:
        raise ValueError(f"time of {files[1]} is not that of {files[0]} ({error})") from None
    if gap > 0.5 * step:
        raise ValueError(f"time of {files[1]} is not that of {files[0]} ({b[0]} and {a[0]} in the first step)")
    left = [n for n in (own, bounds_of(other, own)) if n]
    return other.drop_vars(left).rename({own: time}) if own != time else other.drop_vars(left)


def _same_places(first: xr.Dataset, other: xr.Dataset, files: tuple[str, str]) -> xr.Dataset:
    """``other`` with its dimensions in the order of ``first``."""
    for dim in [d for d in other.dims if d in first.dims]:
        if first.sizes[dim] != other.sizes[dim]:
            raise ValueError(f"{dim} has length {first.sizes[dim]} in {files[0]}, but {other.sizes[dim]} in {files[1]}")
        if dim in first.variables and dim in other.variables:
            order = place_order(str(dim), other[dim], first[dim], files)
            other = other if order is None else other.isel({dim: order})
    for kind in ("latitude", "longitude"):
        a, b = coordinate(first, kind), coordinate(other, kind)
        if a is not None and b is not None and a.dims == b.dims and a.ndim > 1:
            off = np.abs(np.asarray(a.values, float) - np.asarray(b.values, float))
            if not (np.minimum(off % 360.0, 360.0 - off % 360.0) <= ROUNDING).all():
                raise ValueError(f"{kind} differs between {files[0]} and {files[1]}")
    return other


def beside(first: xr.Dataset, other: xr.Dataset, files: tuple[str, str], series: Sequence[xr.Dataset] = ()) -> xr.Dataset:
    """``first`` and the variables of ``other``; ``series``: the files along time that ``first`` is of. Raises ValueError."""
    other = _same_places(first, _same_steps(first, other, files, series or [first]), files)
    skip = {str(d) for d in first.dims} | bounds_names(first)
    made = {}
    for name, variable in ((str(n), v) for n, v in other.variables.items() if str(n) not in skip):
        if name not in first.variables:
            made[name] = variable
        elif variable.dims != first[name].dims or not np.array_equal(variable.values, first[name].values, equal_nan=True):
            places = [a.name for a in (coordinate(first, "latitude"), coordinate(first, "longitude")) if a is not None]
            if name not in places:
                raise ValueError(f"{name} is in {files[0]} and in {files[1]}; leave one of them out")
    return first.assign(made)
