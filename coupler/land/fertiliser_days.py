"""The days on which fields get nitrogen and lime, and the season of nitrogen that follows from them.

What:    ``season`` makes of the crops' dates the shares of a year's mineral nitrogen, manure, uptake and mineralisation by day;
         ``Season.over(first, last)`` the share of any step, as ``nitrogen.rates`` takes it; ``lime_share`` the same for lime.
Units:   days of the year from 0 (1 January), with fractions; shares of the year's amount. Shapes: (column, day).
Source:  mineral nitrogen of winter cereals in three dressings by stage: growth starts again at 200 degC days after 1 January
         (Arvalis; the T-sum of grassland advice in the Netherlands and Britain), the largest at an ear of 1 cm, the last kept
         for the last leaf (40, the rest, 40 kg N ha-1: Arvalis and Chambers of Agriculture, 2015-2025); rape in two, from the
         start of growth on (ADAS 2010). The others: at sowing and on young plants [assumption]. Manure: three fifths in spring,
         two fifths in early autumn, as in the monthly calendar of nitrogen.py [assumption].
Use:     ``year = season(cover, air, soil, parameters)``; ``rates(amounts, year.over(59, 66), nh4, no3, ...)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ArgumentError
from ..units import DAYS_PER_YEAR, SECONDS_PER_DAY
from .crop_calendar import DAYS, Cover, at, day_of, sums, warmth
from .crop_table import CROPS, FIRST_OF, Crop
from .nitrogen import MANURE_MONTHS, Periods, relative_rate
from .parameters import NitrogenParameters

Floats = NDArray[np.float64]
SPREAD = 15.0  # days over which the fields of a column get one dressing [assumption]
BEFORE_SOWING = 10.0  # days: manure is ploughed in before a crop is sown [assumption]
# manure in autumn: not after 15 October, when most closed periods of the Nitrates Directive (91/676/EEC) have begun [assumption]
LAST_MANURE = float(FIRST_OF[9] + 14)
SPRING_MANURE = float(MANURE_MONTHS[:6].sum() / MANURE_MONTHS.sum())  # share of the year's manure
LIME = (float(FIRST_OF[8]), float(FIRST_OF[9]))  # September, after the harvest [assumption]


@dataclass(frozen=True)
class Season:
    """Cumulative shares of a year's amounts at the edges of days, (column, day + 1); each ends at 1."""

    mineral: Floats
    manure: Floats
    uptake: Floats
    warm: Floats

    def over(self, first: float, last: float) -> Periods:
        """The step from day ``first`` to day ``last`` (0: 1 January, 0 h), which may lie in the next year.

        Raises ArgumentError where it does not last or is longer than a year.
        """
        days = last - first
        if not 0 < days <= DAYS_PER_YEAR:
            raise ArgumentError(f"step from day {first:g} to day {last:g} must last, and at most {DAYS_PER_YEAR:g} days")
        per_year = DAYS_PER_YEAR / days
        share = {name: (_until(table, last) - _until(table, first))[:, None] for name, table in vars(self).items()}
        return Periods(**{**share, "warm": share["warm"] * per_year}, seconds=days * SECONDS_PER_DAY, per_year=per_year)


def _until(table: Floats, day: float) -> Floats:
    """Cumulative share at a day, (column,); years follow one another."""
    years, within = divmod(day, DAYS_PER_YEAR)
    whole = min(int(within), DAYS - 1)
    part = within - whole
    return np.asarray(years + table[:, whole] + part * (table[:, whole + 1] - table[:, whole]))


def _box(day: Floats) -> Floats:
    """Cumulative share, (365 + 1, column), of what is given within SPREAD days around a day (column,), wrapped into one year."""
    edges = np.arange(-DAYS, 2 * DAYS + 1, dtype=np.float64)[:, None]
    given = np.clip((edges - day) / SPREAD + 0.5, 0.0, 1.0)
    step = np.diff(given, axis=0).reshape(3, DAYS, -1).sum(0)
    return sums(step)


def dressing_days(crop: Crop, sowing: Floats, flowering: Floats, air: Floats) -> list[tuple[Floats, float]]:
    """Day (column,) and share of the year's mineral nitrogen of each dressing, from two dates of the crop (column,)."""
    january = sums(warmth(air, 0.0))
    since_sowing = sums(warmth(air, 0.0) * (np.arange(DAYS)[:, None] >= sowing))
    made = []
    for counted, amount, share in crop.dressings:
        if counted == "sowing":
            day = sowing if amount == 0.0 else day_of(since_sowing, np.full_like(sowing, amount))
        else:
            day = day_of(january, np.full_like(sowing, amount) if counted == "january" else amount * at(january, flowering))
        made.append((day, share))
    return made


def mineral_share(cover: Cover, air: Floats) -> Floats:
    """Cumulative share of the year's mineral nitrogen, (365 + 1, column)."""
    total = np.zeros((DAYS + 1, air.shape[1]))
    for i, crop in enumerate(CROPS):
        for day, share in dressing_days(crop, cover.dates.sowing[i], cover.dates.flowering[i], air):
            total += cover.shares[:, i] * share * _box(day)
    return total


def manure_share(cover: Cover, air: Floats) -> Floats:
    """Cumulative share of the year's manure, (365 + 1, column): in spring on all crops, in autumn before winter crops."""
    growth = day_of(sums(warmth(air, 0.0)), np.full(air.shape[1], 200.0))
    spring, autumn = np.zeros((DAYS + 1, air.shape[1])), np.zeros((DAYS + 1, air.shape[1]))
    for i, crop in enumerate(CROPS):
        sowing, share = cover.dates.sowing[i], cover.shares[:, i]
        spring += share * _box(growth if crop.winter else sowing - BEFORE_SOWING)
        if crop.winter:
            autumn += share * _box(np.minimum(sowing - BEFORE_SOWING, LAST_MANURE))
    # a column without winter crops has none to plough manure in for
    winter = np.maximum(autumn[-1], 1e-12)
    later = (1.0 - SPRING_MANURE) * (autumn[-1] > 1e-9)
    return np.asarray((1.0 - later) * spring + later * autumn / winter)


def season(cover: Cover, air: Floats, soil: Floats, parameters: NitrogenParameters) -> Season:
    """Shares by day of a mean year.

    ``cover`` of ``crop_cover``; ``air`` and ``soil``, mean air and topsoil of each day [degC] (365, column).
    """
    warm = sums(relative_rate(np.asarray(soil), parameters))
    uptake = sums(np.diff((cover.shares.T[:, None, :] * cover.growth).sum(0), axis=0, prepend=0.0))
    made = (mineral_share(cover, air), manure_share(cover, air), uptake, warm)
    return Season(*(np.ascontiguousarray((table / table[-1]).T) for table in made))


def lime_share(first: float, last: float) -> float:
    """Share of a year's lime in the step from day ``first`` to day ``last``, which may lie in the next year."""

    def until(day: float) -> float:
        years, within = divmod(day, DAYS_PER_YEAR)
        return years + min(max((within - LIME[0]) / (LIME[1] - LIME[0]), 0.0), 1.0)

    return until(last) - until(first)
