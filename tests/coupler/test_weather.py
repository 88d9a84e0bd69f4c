"""Weather made from a monthly climatology: means kept, the same bits whatever else is made, and the statistics of real series."""

from __future__ import annotations

import re

import numpy as np
import pytest
from calcisol.coupler.errors import ArgumentError
from calcisol.coupler.land.weather.days import MONTH_DAYS, DailyWeather, days_in, joined
from calcisol.coupler.land.weather.generator import MonthlyClimate, generate
from calcisol.coupler.land.weather.seasons import daily, daily_rates, month_sums

CLIMATES = {  # latitude, longitude, mm a month, degC, mm a month: a wet coast, a plain of the interior, a dry summer
    "oceanic": (52.0, 0.0, [55, 42, 44, 44, 52, 53, 56, 58, 54, 64, 62, 58],
                [4.1, 4.3, 6.2, 8.5, 11.7, 14.7, 16.9, 16.8, 14.3, 10.9, 7.1, 4.7],
                [16, 22, 44, 70, 98, 110, 115, 98, 62, 36, 18, 13]),
    "continental": (47.5, 19.0, [37, 29, 30, 42, 62, 63, 45, 49, 40, 39, 53, 43],
                    [-0.4, 1.6, 6.1, 12.0, 16.6, 19.7, 21.5, 21.2, 16.9, 11.8, 5.4, 0.5],
                    [12, 20, 50, 84, 116, 130, 142, 124, 76, 40, 16, 10]),
    "mediterranean": (37.4, -6.0, [66, 50, 36, 54, 31, 10, 2, 5, 27, 68, 91, 99],
                      [10.9, 12.5, 15.6, 17.3, 20.7, 25.1, 28.2, 27.9, 25.0, 20.2, 15.1, 11.9],
                      [46, 58, 96, 120, 162, 196, 222, 200, 138, 88, 52, 38]),
}  # fmt: skip
YEARS = 400


def climate(names: tuple[str, ...] = tuple(CLIMATES), copies: int = 1) -> MonthlyClimate:
    rows = [CLIMATES[n] for n in names for _ in range(copies)]
    lat, lon = np.array([r[0] for r in rows]) + 0.5 * (np.arange(len(rows)) % copies), np.array([r[1] for r in rows])
    rain, temperature, pet = (np.array([r[k] for r in rows], float) for k in (2, 3, 4))
    return MonthlyClimate(rain, temperature, pet, lat, lon)


@pytest.fixture(scope="module")
def long() -> tuple[MonthlyClimate, DailyWeather]:
    """Many years, as many columns of one year: each climate at 100 places, four years."""
    made = climate(copies=YEARS // 4)
    return made, joined([generate(made, year, seed=1, calendar="noleap") for year in (1990, 1991, 1992, 1993)])


def by_month(values: np.ndarray, weather: DailyWeather, how: str) -> np.ndarray:
    """Mean sum (or mean) of each month over years and places, (climate, 12)."""
    made = np.zeros((3, 12))
    for month in range(12):
        block = values[weather.month == month].reshape(4, -1, 3, YEARS // 4)
        made[:, month] = (block.sum(1) if how == "sum" else block.mean(1)).mean((0, 2))
    return made


def test_months_keep_their_means(long: tuple[MonthlyClimate, DailyWeather]) -> None:
    """Within four standard errors of 400 years: a month of rain varies by its own mean at most, but for dry summers."""
    given, weather = long
    want = {n: getattr(given, n).reshape(3, YEARS // 4, 12)[:, 0] for n in ("rain", "temperature", "pet")}
    rain = by_month(weather.precipitation, weather, "sum")
    assert (np.abs(rain - want["rain"]) < 4 * 1.2 * np.maximum(want["rain"], 8.0) / np.sqrt(YEARS)).all(), rain - want["rain"]
    assert np.abs(rain.sum(1) / want["rain"].sum(1) - 1).max() < 0.04
    assert np.abs(by_month(weather.tas, weather, "mean") - want["temperature"]).max() < 4 * 2.5 / np.sqrt(YEARS)
    np.testing.assert_allclose(by_month(weather.pet, weather, "sum"), want["pet"], rtol=0.03)


def test_nothing_is_negative_and_days_are_wet_or_dry(long: tuple[MonthlyClimate, DailyWeather]) -> None:
    weather = long[1]
    assert weather.precipitation.min() == 0.0 and weather.pet.min() > 0.0
    assert 0.02 < (weather.precipitation > 0).mean() < 0.98
    assert weather.precipitation.max() < 400.0  # mm a day


@pytest.mark.parametrize("columns", [[0], [2, 0], [1, 2, 0, 1, 2, 0, 1]])
def test_a_column_is_the_same_in_any_company(columns: list[int]) -> None:
    whole = climate(copies=5)
    fields = {n: getattr(whole, n) for n in ("rain", "temperature", "pet", "lat", "lon")}
    some = MonthlyClimate(**{n: v[columns] for n, v in fields.items()})
    a, b = generate(whole, 2001, seed=5, member=2), generate(some, 2001, seed=5, member=2)
    for name in ("precipitation", "pet", "tas"):
        assert np.ascontiguousarray(getattr(a, name)[:, columns]).tobytes() == getattr(b, name).tobytes(), name


def test_years_may_be_made_in_any_order() -> None:
    forward = {y: generate(climate(), y) for y in (2000, 2001, 2002)}
    for year in (2002, 2000, 2001):
        assert generate(climate(), year).precipitation.tobytes() == forward[year].precipitation.tobytes()


def changes(weather: DailyWeather) -> np.ndarray:
    """Of temperature from day to day, (column, day): without the season that all weathers share."""
    return np.diff(weather.tas, axis=0).T


def test_seeds_members_years_and_places_differ() -> None:
    base = changes(generate(climate(), 2001))
    for other in (generate(climate(), 2001, seed=1), generate(climate(), 2001, member=1), generate(climate(), 2003)):
        assert np.abs(np.corrcoef(base, changes(other))[:3, 3:]).max() < 0.25
    near = generate(climate(("oceanic",), copies=2), 2001)
    assert abs(np.corrcoef(changes(near))[0, 1]) < 0.25
    assert abs(np.corrcoef(near.precipitation.T)[0, 1]) < 0.25


def test_longitudes_of_either_convention_are_the_same_place() -> None:
    one = climate(("mediterranean",))
    east = MonthlyClimate(one.rain, one.temperature, one.pet, one.lat, one.lon + 360.0)
    assert generate(one, 2001).tas.tobytes() == generate(east, 2001).tas.tobytes()


def test_a_climate_is_a_copy_of_what_it_was_given() -> None:
    rows = np.array(CLIMATES["oceanic"][2:5], float)[:, None]
    given = MonthlyClimate(*rows, np.array([52.0]), np.array([0.0]))
    before = generate(given, 2001)
    rows *= 2.0
    assert generate(given, 2001).pet.tobytes() == before.pet.tobytes()


def test_a_changed_climate_keeps_its_chances() -> None:
    """A scenario with more rain has the same wet days, all of them wetter, and the same noise of temperature."""
    one = climate(("oceanic",))
    warm = MonthlyClimate(one.rain, one.temperature + 2.0, one.pet, one.lat, one.lon)
    a, b = generate(one, 2001), generate(warm, 2001)
    assert np.corrcoef(a.precipitation[:, 0], b.precipitation[:, 0])[0, 1] > 0.9
    assert np.corrcoef(a.tas[:, 0], b.tas[:, 0])[0, 1] > 0.99


@pytest.mark.parametrize(("calendar", "length"), [("standard", 366), ("noleap", 365), ("360_day", 360)])
def test_calendars_are_kept(calendar: str, length: int) -> None:
    weather = generate(climate(), 2000, calendar=calendar)
    assert len(weather) == length == days_in(2000, calendar)
    assert np.bincount(weather.month).tolist() == MONTH_DAYS[length].tolist()
    assert [m.stop - m.start for m in weather.months()] == MONTH_DAYS[length].tolist()
    january = generate(climate(), 2000, calendar="noleap").precipitation[:31]  # what comes before a 29th of February
    assert length == 360 or weather.precipitation[:31].tobytes() == january.tobytes()


@pytest.mark.parametrize("length", [360, 365, 366])
def test_days_of_a_season_keep_the_means_of_its_months(length: int) -> None:
    means = np.array([CLIMATES["continental"][3], CLIMATES["mediterranean"][3]], float)
    made = daily(means, length)
    np.testing.assert_allclose(month_sums(made, length).T / MONTH_DAYS[length], means, atol=1e-10)
    assert np.abs(np.diff(made, axis=0)).max() < 0.5  # degC from day to day: no steps between months
    sums = np.array([[0.0, 0, 0, 5, 60, 100, 110, 80, 20, 0, 0, 0]])
    rates = daily_rates(sums, length)
    assert rates.min() >= 0.0
    np.testing.assert_allclose(month_sums(rates, length).T, sums, atol=1e-10)


def test_weather_is_cut_and_joined() -> None:
    years = [generate(climate(), y) for y in (1999, 2000)]
    both = joined(years)
    assert both.years == [1999, 2000] and len(both) == 365 + 366
    assert both.of_year(2000).tas.tobytes() == years[1].tas.tobytes()
    assert both.of_columns(np.array([2])).columns == 1
    with pytest.raises(ArgumentError, match="the weather holds 0 days of 1998"):
        both.of_year(1998)
    with pytest.raises(ArgumentError, match="30 days of 2000"):
        both.of_days(slice(365, 395)).of_year(2000)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rain": np.full((1, 12), -1.0)}, "rain of the climatology holds a value that is no number or negative"),
        ({"temperature": np.full((1, 12), np.nan)}, "temperature of the climatology holds a value that is no number"),
        ({"pet": np.ones((1, 11))}, "pet of the climatology has shape (1, 11), not (1, 12)"),
    ],
)
def test_climates_that_cannot_be_are_refused_by_name(change: dict, words: str) -> None:
    one = climate(("oceanic",))
    fields = {n: getattr(one, n) for n in ("rain", "temperature", "pet", "lat", "lon")} | change
    with pytest.raises(ArgumentError, match=re.escape(words)):
        MonthlyClimate(**fields)


def test_arguments_that_cannot_be_are_refused_by_name() -> None:
    with pytest.raises(ArgumentError, match="seed = -1"):
        generate(climate(), 2000, seed=-1)
    with pytest.raises(ArgumentError, match="calendar = 'lunar'"):
        generate(climate(), 2000, calendar="lunar")
