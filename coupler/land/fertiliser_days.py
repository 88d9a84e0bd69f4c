"""The days on which fields get nitrogen and lime, and the season of nitrogen that follows from them.

What:    ``season`` makes of the crops' dates the shares of a year's mineral nitrogen, manure, uptake and mineralisation by day;
         ``Season.over(first, last)`` the share of any step, as ``nitrogen.plan_over`` takes it; ``lime_share`` the same for lime.
Units:   days of the year from 0 (1 January), with fractions; shares of the year's amount. Shapes: (column, day).
Source:  mineral nitrogen of winter cereals in three dressings by stage: growth starts again at 200 degC days after 1 January
         (Arvalis; the T-sum of grassland advice in the Netherlands and Britain), the largest at an ear of 1 cm, the last kept
         for the last leaf (40, the rest, 40 kg N ha-1: Arvalis and Chambers of Agriculture, 2015-2025); rape in two, from the
         start of growth on (ADAS 2010). The others: at sowing and on young plants [assumption]. Manure: three fifths in spring,
         two fifths in early autumn, as in the monthly calendar of nitrogen.py [assumption].
Use:     ``year = season(cover, air, soil, parameters)``; ``plan_over(amounts, year.over(59, 66), parameters)``.
"""

from __future__ import annotations

from collections.abc import Sequence
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
        return self.between([first, last])

    def between(self, edges: Sequence[float]) -> Periods:
        """The steps from each of these days to the next, (column, step). Raises ArgumentError as ``over``."""
        days = np.diff(edges)
        for first, last, length in zip(edges[:-1], edges[1:], days, strict=True):
            if not 0 < length <= DAYS_PER_YEAR:
                raise ArgumentError(f"step from day {first:g} to day {last:g} must last, and at most {DAYS_PER_YEAR:g} days")
        per_year = DAYS_PER_YEAR / days
        share = {name: np.diff(np.stack([_until(table, edge) for edge in edges], 1)) for name, table in vars(self).items()}
        return Periods(**{**share, "warm": share["warm"] * per_year}, seconds=days * SECONDS_PER_DAY, per_year=per_year)


def _until(table: Floats, day: float) -> Floats:
    """Cumulative share at a day, (column,); years follow one another."""
    years, within = divmod(day, DAYS_PER_YEAR)
    whole = min(int(within), DAYS - 1)
    part = within - whole
    return np.asarray(years + table[:, whole] + part * (table[:, whole + 1] - table[:, whole]))


def _give(rate: Floats, day: Floats, share: Floats) -> None:
    """Add to a rate by day (365, column) a share (column,) given within SPREAD days around a day (column,), whatever the year."""
    first, columns = np.floor(day - SPREAD / 2), np.arange(len(day))
    for i in range(int(SPREAD) + 2):
        begin = first + i
        overlap = np.minimum(begin + 1, day + SPREAD / 2) - np.maximum(begin, day - SPREAD / 2)
        rate[begin.astype(int) % DAYS, columns] += share * np.maximum(overlap, 0.0) / SPREAD


def dressing_days(crop: Crop, sowing: Floats, flowering: Floats, january: Floats) -> list[tuple[Floats, float]]:
    """Day (column,) and share of the year's mineral nitrogen of each dressing.

    From two dates of the crop (column,) and warmth above 0 degC since 1 January, (365 + 1, column).
    """
    made = []
    for counted, amount, share in crop.dressings:
        if counted == "sowing":
            day = sowing if amount == 0.0 else day_of(january, at(january, sowing) + amount)
        else:
            day = day_of(january, np.full_like(sowing, amount) if counted == "january" else amount * at(january, flowering))
        made.append((day, share))
    return made


def mineral_rate(cover: Cover, january: Floats) -> Floats:
    """Share of the year's mineral nitrogen on each day, (365, column)."""
    rate = np.zeros((DAYS, january.shape[1]))
    for i, crop in enumerate(CROPS):
        for day, share in dressing_days(crop, cover.dates.sowing[i], cover.dates.flowering[i], january):
            _give(rate, day, cover.shares[:, i] * share)
    return rate


def manure_rate(cover: Cover, january: Floats) -> Floats:
    """Share of the year's manure on each day, (365, column): in spring on all crops, in autumn before winter crops are sown."""
    rate = np.zeros((DAYS, january.shape[1]))
    winter = sum(cover.shares[:, i] for i, crop in enumerate(CROPS) if crop.winter)
    # a column without winter crops has none to plough manure in for
    later = np.where(winter > 1e-9, 1.0 - SPRING_MANURE, 0.0)
    growth = day_of(january, np.full(january.shape[1], 200.0))
    for i, crop in enumerate(CROPS):
        sowing, share = cover.dates.sowing[i], cover.shares[:, i]
        _give(rate, growth if crop.winter else sowing - BEFORE_SOWING, (1.0 - later) * share)
        if crop.winter:
            _give(rate, np.minimum(sowing - BEFORE_SOWING, LAST_MANURE), later * share / np.maximum(winter, 1e-9))
    return rate


def season(cover: Cover, air: Floats, soil: Floats, parameters: NitrogenParameters) -> Season:
    """Shares by day of a mean year.

    ``cover`` of ``crop_cover``; ``air`` and ``soil``, mean air and topsoil of each day [degC] (365, column).
    """
    january = sums(warmth(air, 0.0))
    growth = (cover.shares.T[:, None, :] * cover.growth).sum(0)
    uptake = np.concatenate([np.zeros_like(growth[:1]), growth])
    made = (
        sums(mineral_rate(cover, january)),
        sums(manure_rate(cover, january)),
        uptake,
        sums(relative_rate(np.asarray(soil), parameters)),
    )
    return Season(*(np.ascontiguousarray((table / table[-1]).T) for table in made))


def lime_share(first: float, last: float) -> float:
    """Share of a year's lime in the step from day ``first`` to day ``last``, which may lie in the next year."""

    def until(day: float) -> float:
        years, within = divmod(day, DAYS_PER_YEAR)
        return years + min(max((within - LIME[0]) / (LIME[1] - LIME[0]), 0.0), 1.0)

    return until(last) - until(first)
