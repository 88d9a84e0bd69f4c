"""One input of a weather file by the day: units, missing values, hours made into days, at the places asked for.

What:    ``Series.year`` gives one calendar year at chosen cells; a day that the file does not hold whole is an error that
         names it.
Shapes:  (step, place) and (day, place). Units: of inputs.INPUTS; fluxes by the day, kg m-2 and (radiation) MJ m-2.
Source:  files are opened, laid out, decoded and dated by coupler/forcing. A daily stamp without bounds names its own day (E-OBS,
         ISIMIP3, daily statistics of ERA5); an hourly one ends its hour for amounts (ERA5) and is a moment for the rest.
Use:     ``Series(open_parts(path), "precipitation", "pr", path).year(1990, cells)``
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...land.weather.days import MONTH_DAYS, Floats, Ints, days_in
from ...units import Conversion, UnitError, conversion
from .. import cell_methods, layout, rates
from ..axes import time_dim
from ..fault import ForcingError
from ..missing import coded, decode
from ..open_files import BLOCK_BYTES, steps_of
from ..time_axis import TimeAxis, read_time
from . import accumulated
from .inputs import INPUTS, WATER

DAY = 86400.0  # s
SLACK = 1.0  # s
TINY = 0.01  # kg m-2 or MJ m-2 a step: rounding of packed files may leave that much less than nothing
MEGA = 1e-6
LATENT = 2.45e6
"""J kg-1, of evaporation (FAO-56: Allen et al. 1998, annex 3): potential evaporation as the energy it takes."""
WAYS = {  # input -> unit a file may have, whether it is the amount of a step, factor to kg m-2 or MJ m-2
    "precipitation": (("kg m-2 s-1", False, 1.0), ("kg m-2", True, 1.0)),
    "pet": (
        ("kg m-2 s-1", False, 1.0), ("kg m-2", True, 1.0), ("W m-2", False, 1.0 / LATENT), ("J m-2", True, 1.0 / LATENT),
    ),
    "radiation": (("W m-2", False, MEGA), ("J m-2", True, MEGA)),
}  # fmt: skip


class Series:
    """One variable of one or more files that follow each other. Raises ForcingError, one sentence."""

    def __init__(self, parts: list[xr.Dataset], name: str, variable: str, path: Path) -> None:
        self.parts, self.name, self.variable, self.path = parts, name, variable, path
        self.what = f"{variable} in {path.name}"
        self.wanted = INPUTS[name]
        self.time = time_dim(parts[0])
        self.axis: TimeAxis = read_time(parts, self.time)
        try:
            self.layout = layout.find(parts[0])
        except ValueError as error:
            raise ForcingError(f"{self.what}: {error}; write plain lat and lon") from None
        if self.layout.lat is None or self.layout.lon is None:
            raise ForcingError(f"{path.name} has no latitude and longitude; add them with their standard names")
        self.lat, self.lon = self.layout.lat, self.layout.lon
        if (self.axis.dt > DAY + SLACK).any():
            raise ForcingError(f"{self.what} has steps of {self.axis.dt.max() / DAY:.3g} days; give weather by the day or hour")
        self.daily = bool((np.abs(self.axis.dt - DAY) < SLACK).all())
        self.counted: bool | None = None  # amounts count from midnight on
        self._convert, self._amounts, self._factor = self._conversion()

    def _conversion(self) -> tuple[Conversion, bool, float]:
        """To the unit wanted, whether values are amounts of their step, and what they are multiplied by. Raises ForcingError."""
        first = self.parts[0][self.variable]
        units, method = str(first.attrs.get("units", "")).strip(), cell_methods.time_method(first, self.time)
        counts = "water" if self.name in WATER else ""
        if not units:
            raise ForcingError(f"{self.what} has no units; write them, e.g. units = {self.wanted.units!r}")
        if method in rates.REFUSED and method != self.wanted.method:
            raise ForcingError(f"{self.what} is the {method.replace('_', ' ')} of each step; give its mean, or the amount")
        if method == "sum":
            self.counted = False
        failure = None
        for unit, amounts, factor in WAYS.get(self.name, ((self.wanted.units, False, 1.0),)):
            try:
                found = conversion(units, unit, counts)
            except UnitError as error:
                failure = failure or error
                continue
            averaged = amounts and rates.AVERAGED.search(str(self.parts[0].attrs.get("history", "")))
            if averaged:
                raise ForcingError(
                    f"{self.what} is an amount ({units}), but the file's history says {averaged[0]}, so that it may be a mean "
                    f"of amounts; give {self.wanted.units}, or sums of days"
                )
            return found, amounts, factor
        raise ForcingError(f"{self.what}: {failure}")

    @cached_property
    def _keys(self) -> Ints:
        """Day of each step as year * 1000 + day of the year, (step,)."""
        axis = self.axis
        named = not axis.bounded and (self.daily or not self.wanted.flux)
        dates = axis.stamps if named else axis.begin + (axis.end - axis.begin) / 2
        return np.array([d.year * 1000 + d.dayofyr for d in dates], dtype=np.int64)

    @cached_property
    def _whole(self) -> Ints:
        """Keys of the days that the file holds whole."""
        days, place = np.unique(self._keys, return_inverse=True)
        held = np.bincount(place, weights=self.axis.dt)
        return np.asarray(days[np.abs(held - DAY) < SLACK])

    @cached_property
    def years(self) -> set[int]:
        """Years that the file holds whole."""
        year, count = np.unique(self._whole // 1000, return_counts=True)
        return {int(y) for y, n in zip(year, count, strict=True) if n == days_in(int(y), self.axis.calendar)}

    @cached_property
    def usable(self) -> NDArray[np.bool_]:
        """Cells that hold a value at the first step, (cell,)."""
        return np.isfinite(self._raw(self.parts[0], slice(0, 1), None)[0])

    def _raw(self, part: xr.Dataset, steps: slice, cells: Ints | None) -> Floats:
        """Values as the file means them, (step, cell), NaN where missing."""
        array = part[self.variable].isel({self.time: steps})
        try:
            values = self.layout.stack(array, (self.time,)).values
        except ValueError as error:
            raise ForcingError(f"{self.what} {error}") from None
        except (OSError, RuntimeError) as error:
            raise ForcingError(f"{self.what} cannot be read ({error}); copy the file again") from None
        values = decode(values if cells is None else values[:, cells], part[self.variable].attrs)
        return np.where(coded(values, part[self.variable].attrs), np.nan, values)

    def steps(self, year: int, cells: Ints) -> tuple[Floats, Ints]:
        """Values of the steps of a year, (step, place), amounts where the input is a flux, and the day of each.

        Raises ForcingError.
        """
        self._check(year)
        here = np.flatnonzero(self._keys // 1000 == year)
        begin, end = int(here[0]), int(here[-1]) + 1
        size = max(1, int(BLOCK_BYTES / 8 / max(1, len(self.layout))))
        blocks = []
        for at in range(begin, end, size):
            for part, own in steps_of(self.parts, self.time, slice(at, min(at + size, end))):
                blocks.append(self._raw(part, own, cells))
        raw = np.concatenate(blocks)
        gone = np.argwhere(np.isnan(raw))
        if gone.size:
            step, place = gone[0]
            where = f"{self.lat[cells[place]]:g} N {self.lon[cells[place]]:g} E"
            raise ForcingError(f"{self.what} is missing on {self._date(int(self._keys[begin + step]))} at {where}; fill it")
        length = self.axis.dt[begin:end, None]
        values = self._converted(raw, slice(begin, end))
        if self.wanted.flux:
            values = values if self._amounts else values * length
            values = values * self._factor
            values = np.where((values < 0) & (values > -TINY), 0.0, values)
        return values, self._keys[begin:end]

    def _converted(self, raw: Floats, steps: slice) -> Floats:
        """In the unit wanted; rates per month or year by the calendar's own lengths."""
        if not self._convert.per:
            return np.asarray(self._convert(raw))
        month, year = self.axis.month_seconds[steps, None], self.axis.year_seconds[steps, None]
        return np.asarray(self._convert(raw, month=month, year=year))

    def year(self, year: int, cells: Ints) -> Floats:
        """The days of a year, (day, place). Raises ForcingError."""
        values, keys = self.steps(year, cells)
        return self.of_days(values, keys)

    def of_days(self, values: Floats, keys: Ints, method: str = "") -> Floats:
        """Days made of steps: sums of amounts, else means, or the ``method`` maximum or minimum. Raises ForcingError."""
        starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
        method = method or self.wanted.method
        if self.daily:
            made = values
        elif self.wanted.flux:
            made = accumulated.of_days(values, keys, self._is_counted(values, keys))
        elif method:
            made = (np.maximum if method == "maximum" else np.minimum).reduceat(values, starts, axis=0)
        else:
            made = np.add.reduceat(values, starts, axis=0) / np.diff([*starts, len(keys)])[:, None]
        low, high = self.wanted.limits
        bad = np.argwhere((made < low) | (made > high))
        if bad.size:
            day, place = bad[0]
            raise ForcingError(
                f"{self.what} comes to {made[day, place]:g} on {self._date(int(keys[starts[day]]))}, outside {low:g} to {high:g} "
                f"for {self.name} by the day; are its units those that are said?"
            )
        return np.asarray(made)

    def _is_counted(self, values: Floats, keys: Ints) -> bool:
        if self.counted is None and self._amounts and values.any():
            self.counted = accumulated.since_midnight(values, keys)
            if self.counted is None:
                raise ForcingError(
                    f"{self.what} holds amounts, and the numbers do not tell whether they are of each step (ERA5) or count from "
                    'midnight on (ERA5-Land); write cell_methods = "time: sum" where each is the amount of its own step'
                )
        return bool(self.counted)

    def _check(self, year: int) -> None:
        """Raise ForcingError, naming the first day, where a year is not held whole."""
        length = days_in(year, self.axis.calendar)
        wanted = year * 1000 + np.arange(1, length + 1)
        lacks = wanted[~np.isin(wanted, self._whole)]
        if lacks.size:
            part = np.isin(lacks[0], self._keys)
            hint = "; an amount stamped 0:00 belongs to the day before" if part and not self.daily and self.wanted.flux else ""
            how = "holds a part of" if part else "lacks"
            many = f" and {len(lacks) - 1} further days of {year}" if len(lacks) > 1 else ""
            day = self._date(int(lacks[0]))
            raise ForcingError(f"{self.what} {how} {day}{many}{hint}; add what is missing, or leave {year} out")

    def _date(self, key: int) -> str:
        year, day = divmod(key, 1000)
        months = np.cumsum(MONTH_DAYS[days_in(year, self.axis.calendar)])
        month = int(np.searchsorted(months, day))
        return f"{year}-{month + 1:02d}-{day - (int(months[month - 1]) if month else 0):02d}"
