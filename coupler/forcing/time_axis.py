"""The steps of a file: when each begins and ends, from bounds, else from the stamps where they leave no doubt.

What:    ``read_time`` gives a TimeAxis; steps must follow each other without a gap, an overlap or a step back.
Units:   s; dates of the file's own calendar. Shapes: (time,).
Source:  CF conventions 1.11, 4.4 (units, calendar) and 7.1 (bounds, which may have units of their own).
         Without bounds a stamp is the end of its step where all steps are equal, unless it is the noon of a day or lies in the
         middle or at the end of a month; monthly stamps mean their calendar month, but at 0:00 of a first day nobody can tell
         which month, so that bounds are asked for, unless equal steps are counted from the beginning of the first.
Use:     ``axis = read_time([dataset], "time"); axis.dt``
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

import cftime
import numpy as np
import xarray as xr

from ...emulator.contract import constants
from .axes import bounds_of
from .fault import ForcingError
from .missing import decode

STEP_SECONDS = (constants.DT_MIN, constants.DT_MAX)  # what the library takes: one minute to 31 days
MONTH_DAYS = (27.5, 31.5)  # stamps that far apart are months
MIDDLE, LAST = (14, 17), 28  # days of a month on which its mean is dated
SLACK = 1.0  # s: numbers of days in float64 and float32 are not exact


@dataclass(frozen=True)
class TimeAxis:
    """Steps of a file in its calendar."""

    dim: str
    begin: np.ndarray  # cftime dates
    end: np.ndarray
    units: str  # of the first file
    calendar: str
    bounded: bool
    stamps: np.ndarray  # as the file has them

    def __len__(self) -> int:
        return len(self.end)

    @cached_property
    def dt(self) -> np.ndarray:
        """Length of every step, s."""
        return np.array([(b - a).total_seconds() for a, b in zip(self.begin, self.end, strict=True)])

    @property
    def new_day(self) -> np.ndarray:
        """True for steps at whose end a day is over."""
        return np.array([(a.year, a.dayofyr) != (b.year, b.dayofyr) for a, b in zip(self.begin, self.end, strict=True)])

    def numbers(self, dates: np.ndarray) -> np.ndarray:
        """Dates in the units of the file."""
        return np.asarray(cftime.date2num(dates, self.units, self.calendar), np.float64)

    @cached_property
    def month_seconds(self) -> np.ndarray:
        """Seconds of the month of each step: the step itself where it is a month, else its calendar month."""
        days = self.dt / 86400.0
        of_calendar = np.array([_month_length(a + (b - a) / 2) for a, b in zip(self.begin, self.end, strict=True)])
        return np.where((days > MONTH_DAYS[0]) & (days < MONTH_DAYS[1]), self.dt, of_calendar)

    @cached_property
    def year_seconds(self) -> np.ndarray:
        """Seconds of the calendar year in which the middle of each step lies."""
        middle = [a + (b - a) / 2 for a, b in zip(self.begin, self.end, strict=True)]
        return np.array([(_first(m, m.year + 1, 1) - _first(m, m.year, 1)).total_seconds() for m in middle])


def _first(date: cftime.datetime, year: int, month: int) -> cftime.datetime:
    return cftime.datetime(year, month, 1, calendar=date.calendar, has_year_zero=date.has_year_zero)


def _month_start(date: cftime.datetime) -> cftime.datetime:
    return _first(date, date.year, date.month)


def _month_end(date: cftime.datetime) -> cftime.datetime:
    return _first(date, date.year + date.month // 12, date.month % 12 + 1)


def _month_length(date: cftime.datetime) -> float:
    return float((_month_end(date) - _month_start(date)).total_seconds())


def _said(date: cftime.datetime) -> str:
    return date.strftime("%Y-%m-%d") if (date.hour, date.minute, date.second) == (0, 0, 0) else date.strftime("%Y-%m-%d %H:%M:%S")


def clock(dataset: xr.Dataset, dim: str) -> tuple[str, str]:
    """Units and calendar of a time variable."""
    attributes = dataset[dim].attrs
    return str(attributes.get("units", "")), str(attributes.get("calendar", "standard")).lower()


def dates_of(variable: xr.DataArray, units: str, calendar: str) -> np.ndarray:
    """Dates of a variable of time, of its shape. Raises ForcingError where they cannot be read."""
    name = str(variable.name)
    try:
        values = decode(variable.values, variable.attrs)
    except TypeError as error:
        raise ForcingError(f"{name} holds no numbers but {error}; use CF units such as days since 2000-01-01") from None
    missing = int((~np.isfinite(values)).sum())
    if missing:
        raise ForcingError(f"{name} holds {missing} missing values of {values.size}; give every step its time")
    try:
        dates = np.asarray(cftime.num2date(values, units, calendar, only_use_cftime_datetimes=True), object)
    except (ValueError, TypeError, AttributeError, OverflowError, LookupError) as error:
        text = " ".join(str(error).split())
        raise ForcingError(
            f"{name} has units {units!r} and calendar {calendar!r}, which cannot be read ({text}); use CF units such as "
            "days since 2000-01-01"
        ) from None
    return dates


def _seconds(gaps: np.ndarray) -> np.ndarray:
    return np.array([g.total_seconds() for g in gaps], np.float64)


def _in_order(stamps: np.ndarray, dim: str) -> None:
    gaps = _seconds(stamps[1:] - stamps[:-1])
    back = np.flatnonzero(gaps <= 0)
    if back.size:
        i = int(back[0])
        raise ForcingError(
            f"{dim} goes back or stands still at value {i + 2} of {len(stamps)} ({_said(stamps[i + 1])} after "
            f"{_said(stamps[i])}); sort the steps and leave out those that come twice"
        )


def _from_bounds(stamps: np.ndarray, pairs: np.ndarray, name: str, dim: str) -> tuple[np.ndarray, np.ndarray]:
    begin, end = pairs[:, 0], pairs[:, 1]
    length = _seconds(end - begin)
    for i in np.flatnonzero(length <= 0)[:1]:
        how = "have length 0" if length[i] == 0 else "end before they begin"
        raise ForcingError(f"{name} of step {i + 1} {how} ({_said(begin[i])} to {_said(end[i])}); give each its begin and end")
    gap = _seconds(begin[1:] - end[:-1])
    for i in np.flatnonzero(np.abs(gap) > SLACK)[:1]:
        what = "leave out" if gap[i] > 0 else "count twice"
        hint = ""
        if gap[i] > 0 and abs(gap[i] - 86400) < SLACK:
            hint = "; as CDO's monmean writes them: `cdo settbounds,month in.nc out.nc` corrects that"
        elif (2 * length[:-1] <= gap).all():
            hint = "; as NCO's ncra writes them: `cdo settbounds,month in.nc out.nc` corrects that of months"
        raise ForcingError(
            f"{name} {what} {abs(gap[i]) / 86400:.4g} days between step {i + 1}, which ends {_said(end[i])}, and step {i + 2}, "
            f"which begins {_said(begin[i + 1])}{hint or '; give steps that follow each other'}"
        )
    # a stamp a little beside its step is careless, one beyond the next step another unit
    outside = (_seconds(begin - stamps) > length) | (_seconds(stamps - end) > length)
    for i in np.flatnonzero(outside)[:1]:
        raise ForcingError(
            f"{dim} of step {i + 1} ({_said(stamps[i])}) lies outside its bounds in {name} ({_said(begin[i])} to {_said(end[i])}"
            "); are their units or calendars those that are said?"
        )
    return np.concatenate([begin[:1], end[:-1]]), end


def _monthly(stamps: np.ndarray, gaps: np.ndarray) -> bool:
    """Whether each stamp lies in the month after that of the one before it."""
    count = [d.year * 12 + d.month for d in stamps]
    return bool(((gaps / 86400 > MONTH_DAYS[0]) & (gaps / 86400 < MONTH_DAYS[1])).all() and (np.diff(count) == 1).all())


def _within_month(stamp: cftime.datetime) -> bool:
    """Whether a stamp stands where no mean of a calendar month is dated: not at its beginning, middle or end."""
    return not (stamp == _month_start(stamp) or MIDDLE[0] <= stamp.day <= MIDDLE[1] or stamp.day >= LAST)


def _from_stamps(stamps: np.ndarray, dim: str, zero: cftime.datetime) -> tuple[np.ndarray, np.ndarray]:
    if len(stamps) == 1:
        raise ForcingError(f"{dim} has one value and no bounds, so the step is unknown; add a second step or time bounds")
    gaps = _seconds(stamps[1:] - stamps[:-1])
    usual = float(np.median(gaps))
    equal = (np.abs(gaps - usual) <= max(SLACK, 1e-6 * usual)).all()
    if equal and abs(usual - 86400.0) <= SLACK and (stamps[0].hour, stamps[0].minute) == (12, 0):
        noon = timedelta(hours=12)
        return stamps - noon, stamps + noon
    counted = equal and stamps[0] - timedelta(seconds=usual) == zero  # 30, 60, 90 days since the beginning: ends of steps
    if _monthly(stamps, gaps) and not counted and not (equal and all(_within_month(d) for d in stamps)):
        if any(d == _month_start(d) for d in stamps):
            raise ForcingError(
                f"{dim} stands at the first moment of each month without bounds ({_said(stamps[0])}), so it is not known whether "
                "the month before or after is meant; add bounds, e.g. `cdo settbounds,month`"
            )
        return np.array([_month_start(d) for d in stamps]), np.array([_month_end(d) for d in stamps])
    if equal:
        mean = (stamps[-1] - stamps[0]).total_seconds() / len(gaps)
        neat = timedelta(seconds=round(mean) if abs(mean - round(mean)) < 1e-3 else mean)
        return np.concatenate([[stamps[0] - neat], stamps[:-1]]), stamps
    i = int(np.flatnonzero(np.abs(gaps - usual) > max(SLACK, 1e-6 * usual))[0])
    if (stamps[i].month, stamps[i].day, stamps[i + 1].month, stamps[i + 1].day) == (2, 28, 3, 1):
        raise ForcingError(
            f"{dim} has no 29 February in {stamps[i].year}, in a calendar that has one; if no year has, say so, e.g. "
            "`cdo setcalendar,365_day`, else fill it"
        )
    raise ForcingError(
        f"{dim} goes on by {gaps[i] / 86400:.4g} days after step {i + 1} ({_said(stamps[i])}), elsewhere by {usual / 86400:.4g}: "
        "a step is missing or too many; fill it, or add time bounds where steps differ"
    )


def read_time(parts: list[xr.Dataset], dim: str) -> TimeAxis:
    """The steps of one file or of several that follow each other. Raises ForcingError, one sentence."""
    if not dim or any(dim not in part.variables for part in parts):
        raise ForcingError("the file has no variable time; add one with CF units such as days since 2000-01-01")
    units, calendar = clock(parts[0], dim)
    if "climatology" in parts[0][dim].attrs:
        raise ForcingError(f"{dim} is a climatology (mean of many years), which has no steps to go through; give a series")
    stamps, pairs = [], []
    for part in parts:
        own, bounds = clock(part, dim), bounds_of(part, dim)
        if not part[dim].size:
            raise ForcingError(f"{dim} has length 0; give at least one step")
        stamps.append(dates_of(part[dim], *own))
        if bounds:
            said = part[bounds].attrs
            if part[bounds].shape != (part[dim].size, 2):
                raise ForcingError(f"{bounds} has shape {part[bounds].shape}, not ({part[dim].size}, 2); give begin and end")
            with_own = str(said.get("units", own[0])), str(said.get("calendar", own[1])).lower()
            if with_own[1] != own[1]:
                raise ForcingError(f"{bounds} has the calendar {with_own[1]}, but {dim} {own[1]}; correct one of them")
            pairs.append(dates_of(part[bounds], *with_own))
    all_stamps = np.concatenate(stamps)
    _in_order(all_stamps, dim)
    if pairs and len(pairs) < len(parts):
        raise ForcingError(f"{dim} has bounds in some of the {len(parts)} files only; write them alike")
    if pairs:
        begin, end = _from_bounds(all_stamps, np.concatenate(pairs), bounds_of(parts[0], dim), dim)
    else:
        begin, end = _from_stamps(all_stamps, dim, dates_of(xr.DataArray(np.zeros(1), name=dim), units, calendar)[0])
    axis = TimeAxis(dim, begin, end, units, calendar, bool(pairs), all_stamps)
    bad = np.flatnonzero(~((axis.dt >= STEP_SECONDS[0]) & (axis.dt <= STEP_SECONDS[1])))
    if bad.size:
        long = f"{axis.dt[bad[0]]:g} s ({axis.dt[bad[0]] / 86400:.4g} days)"
        raise ForcingError(f"{dim}: step {bad[0] + 1} lasts {long}; the library takes steps of 60 s to 31 days")
    return axis
