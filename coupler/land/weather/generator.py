"""Weather by the day made from a monthly climatology: a seeded stochastic generator.

What:    ``generate`` makes one calendar year of some columns. Its numbers depend on seed, member, place and year alone: not on
         the columns that share the call, nor on the years made before, so that a run can be stopped, resumed and shared out.
Units:   mm, degC; shapes (column, 12) in, (day, column) out.
Source:  Richardson 1981, doi:10.1029/WR017i001p00182, for its parts (wet days as a chain, amounts, temperature and evaporation
         that know of them), on monthly totals that vary from year to year; relations: statistics.py, coupler/docs/weather.md.
Use:     ``weather = generate(climate, 1990, seed=0, member=0)``; means over years are those of ``climate``
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...errors import ArgumentError
from . import rain, statistics
from .days import MONTH_DAYS, DailyWeather, Floats, Ints, days_in
from .random_numbers import normal, uniform
from .seasons import daily, daily_rates, month_sums

LONGEST = 366  # days; numbers are laid out for it, so that a leap year changes nothing before the 29th of February
START, YEAR, DAYS = 24, 25, 32  # where numbers of the first day, year and days stand in a row; those of months come first
LEAST_PET = 0.05  # of its mean, the least evaporation of a day


@dataclass(frozen=True, eq=False)
class MonthlyClimate:
    """Climatology of some columns. ``rain`` and ``pet`` mm a month, ``temperature`` degC, each (column, 12), January first;
    ``lat`` and ``lon`` degrees (column,). Copies are kept: what one climatology makes of a year is found once for all years.
    Raises ArgumentError where a shape or value cannot be.
    """

    rain: Floats
    temperature: Floats
    pet: Floats
    lat: Floats
    lon: Floats
    _seasons: dict[int, _Season] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        columns = len(self.lat)
        for name in ("rain", "temperature", "pet", "lat", "lon"):
            values, shape = getattr(self, name), (columns,) if name in ("lat", "lon") else (columns, 12)
            if np.shape(values) != shape:
                raise ArgumentError(f"{name} of the climatology has shape {np.shape(values)}, not {shape}")
            low = 0.0 if name in ("rain", "pet") else -np.inf
            if not (np.isfinite(values) & (values >= low)).all():
                raise ArgumentError(f"{name} of the climatology holds a value that is no number{' or negative' * (low == 0)}")
            kept = np.array(values, dtype=np.float64)
            kept.flags.writeable = False
            object.__setattr__(self, name, kept)

    def season(self, length: int) -> _Season:
        """What it makes of every year of that many days."""
        if length not in self._seasons:
            self._seasons[length] = _season(self, length)
        return self._seasons[length]


@dataclass(frozen=True)
class _Season:
    """What a climatology makes of every year of one length."""

    month: Ints  # (day,)
    share: Floats  # of wet days (column, 12)
    variation: Floats  # of rain (column, 12)
    tas: Floats  # (day, column)
    tas_sd: Floats  # (12, column)
    wet_warmth: Floats  # (12, column)
    pet: Floats  # (day, column)
    pet_wet: Floats  # (12, column)


def _season(climate: MonthlyClimate, length: int) -> _Season:
    month = np.repeat(np.arange(12), MONTH_DAYS[length])
    share = statistics.wet_share(climate.rain, climate.temperature, climate.lat, climate.lon)
    return _Season(
        month=month,
        share=share,
        variation=statistics.variation(climate.rain, climate.temperature, share),
        tas=daily(climate.temperature, length),
        tas_sd=statistics.temperature_sd(climate.temperature).T,
        wet_warmth=statistics.wet_warmth(climate.temperature).T,
        pet=daily_rates(climate.pet, length),
        pet_wet=statistics.pet_wet(climate.pet).T,
    )


def _autoregressive(noise: Floats, memory: float) -> Floats:
    """Series along the first axis with unit variance and the correlation ``memory`` from step to step."""
    made = noise.copy()
    fresh = np.sqrt(1.0 - memory * memory)
    for step in range(1, len(made)):
        made[step] = memory * made[step - 1] + fresh * noise[step]
    return made


def generate(climate: MonthlyClimate, year: int, seed: int = 0, member: int = 0, calendar: str = "standard") -> DailyWeather:
    """Weather of the calendar year ``year``, (day, column).

    ``seed`` and ``member`` choose among equally likely weathers. ``calendar``: one of CF's. Raises ArgumentError.
    """
    length = days_in(year, calendar)
    season = climate.season(length)
    month, share = season.month, season.share
    numbers = uniform(seed, member, climate.lat, climate.lon, year, DAYS + 3 * LONGEST)
    occurs, amount, warm = (
        np.ascontiguousarray(numbers[:, DAYS + k * LONGEST : DAYS + (k + 1) * LONGEST][:, :length].T) for k in range(3)
    )
    of_rain, of_pet = normal(numbers[:, 0:12].T, numbers[:, 12:24].T)
    of_rain = _autoregressive(of_rain, statistics.MONTH_MEMORY)
    of_year = statistics.YEAR_SD * normal(numbers[:, YEAR], numbers[:, YEAR + 1])[0]

    total, ratio = rain.totals(climate.rain, season.variation, of_rain.T)
    wet = rain.wet_days(statistics.wet_share_of(share, ratio, season.variation), occurs, numbers[:, START], length)
    wet = rain.with_one_wet_day(wet, total, occurs, length)
    drizzle = rain.light(wet, total, share, amount, length)
    fallen = drizzle + rain.amounts(wet, total - month_sums(drizzle, length).T, amount, length)

    surplus = wet - share.T[month]  # of wet days: 0 in the mean
    noise = _autoregressive(_daily_normal(warm, length), statistics.DAY_MEMORY)
    tas = season.tas + season.tas_sd[month] * noise + of_year + season.wet_warmth[month] * surplus
    by_month = 1.0 + statistics.PET_RAIN * of_rain + statistics.PET_MONTH * of_pet
    relative = by_month[month] + statistics.PET_DAY * noise - season.pet_wet[month] * surplus
    pet = season.pet * np.maximum(relative, LEAST_PET)
    days = np.arange(1, length + 1)
    return DailyWeather(fallen, pet, tas, np.full(length, year), days, np.full(length, length), calendar)


def _daily_normal(chance: Floats, length: int) -> Floats:
    """Standard normal numbers of the days, (day, column), two from each pair of uniform ones."""
    even = chance[: length // 2 * 2]
    first, second = normal(even[0::2], even[1::2])
    made = np.empty_like(chance)
    made[0 : len(even) : 2], made[1 : len(even) : 2] = first, second
    if length % 2:  # the last day has no partner: its half of a pair with the day before
        made[-1] = normal(chance[-1], chance[-2])[0]
    return made
