"""Weather by the day: rain, potential evapotranspiration and air temperature, with each day's place in its calendar.

What:    ``DailyWeather`` holds whole or part years of some columns; months and years are cut out of it.
Units:   kg m-2 (= mm) a day, degC. Shapes (day, column); of the calendar (day,). Months 0 to 11, days of the year from 1.
Source:  CF conventions 1.11, 4.4.1 (calendars).
Use:     ``weather.of_year(1990).precipitation``; ``weather.precipitation[weather.month == 0]``
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import cftime
import numpy as np
from numpy.typing import NDArray

from ...errors import ArgumentError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MONTH_DAYS = {
    365: np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]),
    366: np.array([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]),
    360: np.full(12, 30),
}
WEATHER = ("precipitation", "pet", "tas")
CALENDARS = ("standard", "gregorian", "proleptic_gregorian", "julian", "noleap", "365_day", "all_leap", "366_day", "360_day")


def days_in(year: int, calendar: str = "standard") -> int:
    """Days of a year: 365 or 366, in the calendar 360_day 360. Raises ArgumentError for a calendar that is none of CF's."""
    if calendar not in CALENDARS:
        raise ArgumentError(f"calendar = {calendar!r} is not known; use one of {', '.join(CALENDARS)}")
    if calendar == "360_day":
        return 360
    return 366 if cftime.is_leap_year(year, calendar) else 365


@dataclass(frozen=True)
class DailyWeather:
    """Weather of some days and columns. Raises ArgumentError where shapes differ or a value cannot be.

    ``precipitation`` and ``pet`` kg m-2 a day, ``tas`` degC, each (day, column) float64; ``year``, ``day_of_year`` (from 1) and
    ``days_in_year`` (360, 365 or 366) of each day.
    """

    precipitation: Floats
    pet: Floats
    tas: Floats
    year: Ints
    day_of_year: Ints
    days_in_year: Ints
    calendar: str = "standard"

    def __post_init__(self) -> None:
        shape = np.shape(self.precipitation)
        for name in WEATHER:
            values = getattr(self, name)
            if values.ndim != 2 or values.shape != shape:
                raise ArgumentError(f"{name} has shape {values.shape}, not (day, column) = {shape}")
            low = -np.inf if name == "tas" else 0.0
            if not (np.isfinite(values) & (values >= low)).all():
                raise ArgumentError(f"{name} holds a value that is {'no number' if name == 'tas' else 'negative or no number'}")
        for name in ("year", "day_of_year", "days_in_year"):
            if getattr(self, name).shape != shape[:1]:
                raise ArgumentError(f"{name} has shape {getattr(self, name).shape}, not (day,) = {shape[:1]}")

    def __len__(self) -> int:
        """Number of days."""
        return len(self.year)

    @property
    def columns(self) -> int:
        """Number of columns."""
        return int(self.precipitation.shape[1])

    @cached_property
    def month(self) -> Ints:
        """Month of each day, 0 to 11, (day,)."""
        made = np.zeros(len(self), dtype=np.int64)
        for length in np.unique(self.days_in_year):
            last = np.cumsum(MONTH_DAYS[int(length)])  # day of the year each month ends with
            here = self.days_in_year == length
            made[here] = np.searchsorted(last, self.day_of_year[here])
        return made

    @cached_property
    def years(self) -> list[int]:
        """Years that occur, in order."""
        return [int(y) for y in np.unique(self.year)]

    def months(self) -> list[slice]:
        """The days of each month in turn: consecutive days of the same month."""
        change = np.flatnonzero(np.diff(self.year * 12 + self.month)) + 1
        edges = [0, *change.tolist(), len(self)]
        return [slice(a, b) for a, b in itertools.pairwise(edges) if b > a]

    def of_days(self, days: slice | NDArray[np.bool_]) -> DailyWeather:
        """The same with some days."""
        made = {f.name: getattr(self, f.name)[days] for f in fields(self) if f.name != "calendar"}
        return DailyWeather(**made, calendar=self.calendar)

    def of_year(self, year: int) -> DailyWeather:
        """The days of one year. Raises ArgumentError where it is not held whole."""
        here = self.year == year
        if not here.any() or here.sum() != self.days_in_year[here][0]:
            held = f"{self.years[0]} to {self.years[-1]}" if self.years else "no year"
            raise ArgumentError(f"the weather holds {int(here.sum())} days of {year} (years: {held}); give whole years")
        return self.of_days(here)

    def of_columns(self, index: slice | NDArray[np.int64] | NDArray[np.bool_]) -> DailyWeather:
        """The same with some columns."""
        made = {name: getattr(self, name)[:, index] for name in WEATHER}
        days = {name: getattr(self, name) for name in ("year", "day_of_year", "days_in_year")}
        return DailyWeather(**made, **days, calendar=self.calendar)


def joined(parts: Sequence[DailyWeather]) -> DailyWeather:
    """Weather of several stretches of days, one after the other; the columns are the same. Raises ArgumentError."""
    if len({p.calendar for p in parts}) != 1:
        raise ArgumentError(f"weather of the calendars {', '.join(sorted({p.calendar for p in parts}))} cannot be joined")
    made = {f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(parts[0]) if f.name != "calendar"}
    return DailyWeather(**made, calendar=parts[0].calendar)
