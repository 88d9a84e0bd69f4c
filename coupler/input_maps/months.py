"""The steps of a series of maps: which month each lies in, and how many days it stands for.

What:    ``read_steps`` reads time and its bounds; a mean of January stamped on the first of February is one of January where
         bounds say so, and is refused where nothing does.
Shapes:  (time,). Units: days; months 0 to 11, -1 where a step is longer than one.
Source:  CF conventions 1.11, 4.4 (calendars), 7.1 (bounds), 7.4 (climatological bounds). Bounds may have units of their own.
         CDO's monmean writes bounds from the first to the last day's stamp, one day short: a month counts its own days.
Use:     ``steps = read_steps(file, "time", path); steps.days``
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import cftime
import numpy as np
import xarray as xr

from ..errors import CalcisolError

MONTH = (27.5, 31.5)  # days between two steps of a monthly series
SHORT_MONTH = 26.5  # days between the bounds CDO writes for February
YEAR = (354.0, 366.5)
SLACK = 1e-6  # days; round-off of bounds in hours


class FieldError(CalcisolError):
    """A file gives no such field; the text says what it gives, or what is wrong and how to fix it."""


@dataclass(frozen=True)
class Steps:
    """Month, length and days of the month of each step; kind: hours, day, days, month, year, long or climatology."""

    month: np.ndarray
    days: np.ndarray
    kind: str
    whole: np.ndarray


def _monthly(dates: Sequence[Any]) -> Steps:
    """Steps of a month each, whatever day of it they are dated on."""
    days = np.array([float(d.daysinmonth) for d in dates])
    return Steps(np.array([d.month - 1 for d in dates]), days, "month", days)


def _longer(days: np.ndarray, kind: str) -> Steps:
    """Steps that lie in no single month."""
    return Steps(np.full(len(days), -1), days, kind, days)


def _shorter(dates: Sequence[Any], days: np.ndarray, typical: float) -> Steps:
    """Steps of a day or a few, or of hours."""
    kind = "day" if abs(typical - 1.0) < 0.01 else "hours" if typical < 1 else "days"
    return Steps(np.array([d.month - 1 for d in dates]), days, kind, np.array([float(d.daysinmonth) for d in dates]))


def _dates(values: np.ndarray, units: str, calendar: str, name: str, path: Path) -> np.ndarray:
    try:
        return np.atleast_1d(np.array(cftime.num2date(np.asarray(values, float), units, calendar), dtype=object))
    except (ValueError, TypeError, AttributeError, OverflowError, LookupError):
        raise FieldError(
            f"{name} of {path.name} has units {units!r} and calendar {calendar!r}, which cannot be read; use CF units such as "
            "days since 2000-01-01"
        ) from None


def _days(later: Any, earlier: Any) -> float:
    return float((later - earlier).total_seconds()) / 86400.0


def read_steps(file: xr.Dataset, name: str, path: Path) -> Steps:
    """Steps of the time axis ``name``. Raises FieldError where they cannot be read, overlap, or leave the month open."""
    time = file[name]
    if not time.size or (time.dtype.kind == "f" and not np.isfinite(time.values).all()):
        raise FieldError(f"{name} of {path.name} holds {'missing values' if time.size else 'no step'}; give every step its time")
    units, calendar = str(time.attrs.get("units", "")), str(time.attrs.get("calendar", "standard"))
    dates = _dates(time.values, units, calendar, name, path)
    climatology = str(time.attrs.get("climatology", ""))
    bounds = climatology or str(time.attrs.get("bounds", ""))
    bounds = bounds or next((b for b in (f"{name}_bnds", f"{name}_bounds") if b in file.variables), "")
    if bounds not in file.variables:
        return _labelled(dates, name, path)
    own = file[bounds]
    pairs = _dates(own.values, str(own.attrs.get("units", units)), str(own.attrs.get("calendar", calendar)), bounds, path)
    if pairs.size != 2 * len(dates):
        raise FieldError(f"{bounds} of {path.name} has shape {own.shape}, not two values a step; write ({name}, bnds)")
    pairs = pairs.reshape(-1, 2)
    begin, end = pairs.min(1), pairs.max(1)
    if climatology:
        return _climatology(begin)
    return _bounded(begin, end, bounds, path)


def _climatology(begin: np.ndarray) -> Steps:
    """Means of the same month of many years."""
    if len(begin) != 12:
        return _longer(np.full(len(begin), 365.0 / len(begin)), "climatology")
    return _monthly(list(begin))


def _bounded(begin: np.ndarray, end: np.ndarray, bounds: str, path: Path) -> Steps:
    length = np.array([_days(b, a) for a, b in zip(begin, end, strict=True)])
    if (length <= 0).any():
        raise FieldError(
            f"{bounds} of {path.name}: step {int(np.argmax(length <= 0)) + 1} has length 0; write when it begins and ends"
        )
    order = np.argsort([_days(a, begin[0]) for a in begin], kind="stable")
    for i, j in itertools.pairwise(order):
        if _days(end[i], begin[j]) > SLACK:
            raise FieldError(
                f"{bounds} of {path.name}: steps {i + 1} and {j + 1} overlap; keep one of them, or correct the bounds"
            )
    middle = [a + timedelta(days=n / 2) for a, n in zip(begin, length, strict=True)]
    typical = float(np.median(length))
    if SHORT_MONTH < typical <= MONTH[1]:
        return _monthly(middle)
    if typical > MONTH[1]:
        return _longer(length, "year" if YEAR[0] <= typical <= YEAR[1] else "long")
    return _shorter(middle, length, typical)


def _labelled(dates: np.ndarray, name: str, path: Path) -> Steps:
    """Steps without bounds, dated by their labels."""
    if len(dates) == 1:
        return _longer(np.array([np.nan]), "")
    gaps = np.array([_days(b, a) for a, b in itertools.pairwise(dates)])
    if (gaps <= 0).any():
        step = int(np.argmax(gaps <= 0)) + 2
        raise FieldError(f"{name} of {path.name} goes back or stands still at step {step}; sort the steps, or add bounds")
    typical = float(np.median(gaps))
    if MONTH[0] <= typical <= MONTH[1]:
        starts = all((d.day, d.hour, d.minute) == (1, 0, 0) for d in dates)
        if starts and dates[0].month != 1:
            raise FieldError(
                f"{name} of {path.name} is dated on the first of each month from {dates[0].strftime('%Y-%m-%d')}, which may be "
                f"the month that begins or the one that ends; add {name}_bnds"
            )
        return _monthly(list(dates))
    length = np.full(len(dates), typical)
    if typical > MONTH[1]:
        return _longer(length, "year" if YEAR[0] <= typical <= YEAR[1] else "long")
    return _shorter(list(dates), length, typical)
