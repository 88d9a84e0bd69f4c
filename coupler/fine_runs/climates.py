"""Weather of drawn columns, day by day: three climates of Europe, made wetter, drier and warmer by chance.

What:    ``draw_weather``: rain with wet spells and wet years, evaporation demand, leaf area, temperature, irrigation in summer.
Units:   mm a day, degC, leaf area index. Shapes (day,); years of 365 days.
Source:  monthly normals of Seville, Paris and Budapest, rounded; gamma amounts of wet days, first-order persistence (Richardson
         1981, Water Resour. Res. 17, 182-190). What is drawn around them is our choice: wide rather than likely.
Use:     ``weather = draw_weather(np.random.default_rng(1), years=5)``
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rng = np.random.Generator
MONTH_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
PERSISTENCE, SHAPE = 0.35, 0.75  # of wet days; of the gamma distribution of their amounts
MOST_RAIN = 60.0  # mm a day
DRY, GIVEN = 60.0, (20.0, 40.0)  # mm of deficit at which a field is irrigated, mm given


@dataclass(frozen=True)
class Climate:
    """Normals by month, and the crop: leaf area and nitrogen by day of year, growing season (first, last day)."""

    rain: tuple[float, ...]  # mm a month
    pet: tuple[float, ...]  # mm a month
    wet: tuple[float, ...]  # share of days with rain
    warmth: float
    amplitude: float
    leaves: tuple[tuple[int, float], ...]
    fertiliser: tuple[tuple[int, float], ...]  # first of five days, share of the year's nitrogen
    growth: tuple[int, int]


CLIMATES = (
    Climate((65, 55, 40, 55, 30, 10, 2, 5, 25, 65, 90, 108), (40, 55, 90, 110, 150, 185, 215, 195, 135, 90, 50, 35),
            (.27, .26, .2, .24, .16, .07, .015, .03, .1, .22, .28, .3), 18.8, 9.0,
            ((0, 2.0), (60, 3.5), (95, 4.0), (125, 3.0), (155, .2), (310, .2), (365, 2.0)), ((40, .5), (75, .5)), (320, 150)),
    Climate((50, 44, 48, 48, 62, 54, 58, 50, 52, 60, 54, 60), (12, 20, 45, 70, 100, 115, 120, 105, 65, 32, 13, 9),
            (.5, .45, .45, .42, .44, .38, .35, .33, .36, .45, .5, .5), 12.0, 8.0,
            ((0, .6), (75, 1.5), (130, 5.0), (170, 4.0), (200, .3), (300, .3), (365, .6)), ((55, .35), (85, .35), (115, .3)),
            (60, 195)),
    Climate((35, 30, 32, 40, 62, 65, 55, 55, 45, 40, 52, 39), (12, 22, 52, 90, 130, 150, 162, 140, 75, 40, 14, 8),
            (.36, .33, .3, .32, .38, .37, .3, .27, .26, .27, .38, .4), 11.5, 11.5,
            ((0, .1), (115, .1), (150, 1.5), (185, 4.0), (235, 3.5), (265, .3), (365, .1)), ((110, .5), (150, .5)), (130, 250)),
)  # fmt: skip


@dataclass(frozen=True)
class Weather:
    """Every day of the run."""

    climate: Climate
    rain: Floats
    irrigation: Floats
    pet: Floats
    leaves: Floats
    warmth: Floats  # mean of the year
    moisture: Floats  # of the topsoil, from 0 to 1, for what organisms do
    growth: Floats  # of the crop, from 0 to 1

    @property
    def day_of_year(self) -> NDArray[np.int64]:
        """From 0."""
        return np.asarray(np.arange(len(self.rain)) % 365)


def draw_weather(rng: Rng, years: int) -> Weather:
    """Weather of one column."""
    climate = CLIMATES[rng.integers(len(CLIMATES))]
    days = np.arange(365 * years)
    day, year = days % 365, days // 365
    rain = np.minimum(_rain(rng, climate, years) * rng.uniform(0.7, 1.5), MOST_RAIN)
    middle = np.concatenate([[-15.0], np.cumsum(MONTH_DAYS) - MONTH_DAYS / 2, [380.0]])
    pet = np.array(climate.pet) / MONTH_DAYS
    pet = np.interp(day + 0.5, middle, np.concatenate([pet[-1:], pet, pet[:1]]))
    pet = pet * np.where(rain > 1.0, 0.7, 1.12) * np.clip(rng.normal(1.0, 0.15, days.size), 0.4, 1.6) * rng.uniform(0.8, 1.15)
    leaves = np.interp(day, *np.array(climate.leaves).T)
    irrigation = _irrigation(rng, rain, pet, leaves) if rng.random() < 0.2 else np.zeros(days.size)
    first, last = climate.growth
    grown = ((day - first) % 365) / ((last - first) % 365)
    return Weather(
        climate,
        rain,
        irrigation,
        pet,
        leaves,
        climate.warmth + rng.uniform(-2.0, 2.0) + rng.normal(0.0, 0.6, years)[year],
        _moisture(rain + irrigation, pet),
        np.where(grown < 1.0, np.sin(np.pi * np.clip(grown, 0.0, 1.0)) ** 2, 0.0),
    )


def _rain(rng: Rng, climate: Climate, years: int) -> Floats:
    month = np.tile(np.repeat(np.arange(12), MONTH_DAYS), years)
    wetness = np.repeat(np.clip(rng.gamma(16.0, 1 / 16.0, years), 0.5, 1.8), 365)
    chance = np.array(climate.wet)[month]
    amount = rng.gamma(SHAPE, 1.0 / SHAPE, month.size) * np.array(climate.rain)[month] / MONTH_DAYS[month] / chance * wetness
    draw, wet, rains = rng.random(month.size), False, np.zeros(month.size, dtype=bool)
    for i, share in enumerate(chance):
        wet = bool(draw[i] < share + PERSISTENCE * ((1.0 - share) if wet else -share))
        rains[i] = wet
    return np.where(rains, amount, 0.0)


def _irrigation(rng: Rng, rain: Floats, pet: Floats, leaves: Floats) -> Floats:
    given, deficit = np.zeros(rain.size), 0.0
    for i in range(rain.size):
        deficit = max(deficit + pet[i] - rain[i], 0.0)
        if deficit > DRY and leaves[i] > 1.0:
            given[i], deficit = rng.uniform(*GIVEN), 0.0
    return given


def _moisture(falling: Floats, pet: Floats) -> Floats:
    """A bucket of 160 mm; half full is moist enough."""
    stored, moist = 100.0, np.empty(falling.size)
    for i in range(falling.size):
        stored = min(stored + falling[i], 160.0)
        stored = max(stored - pet[i] * min(1.0, stored / 80.0), 0.0)
        moist[i] = min(1.0, 0.15 + stored / 90.0)
    return moist
