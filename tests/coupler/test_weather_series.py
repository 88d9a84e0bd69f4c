"""Generated weather against real daily series that nothing was fitted to: Brussels and six English counties.

What:    the generator gets the monthly means of each series; what follows from them is compared. Seven places, 30 years each:
         their own sampling error is 12 mm of drainage a place.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from calcisol.coupler.land.weather.generator import MonthlyClimate, generate
from helpers import real_weather as real

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not real.FOLDER.is_dir(), reason="needs CALCISOL_DATA (real daily series)"),
]
YEARS, COPIES = 100, 6  # a copy lies a hundredth of a degree on, where other numbers are drawn
RATIO = {  # generated over real, mean of the seven; the counties are means of an area, whose wet days are more and smaller
    "days with 1 mm": (0.88, 1.05), "mean length of wet spells": (0.9, 1.1), "95th percentile of wet days": (0.95, 1.2),
    "largest day of a year": (0.95, 1.2), "longest dry spell of a year": (0.88, 1.08), "sd of annual rain": (0.92, 1.08),
    "sd of monthly rain": (0.93, 1.07),
}  # fmt: skip
DRAINAGE = 5.0
"""mm a year of the mean over the seven places; monthly means spread evenly drain 55 mm less than the series do."""


@pytest.fixture(scope="module")
def series() -> list[real.Series]:
    return real.real_series()


@pytest.fixture(scope="module")
def made(series: list[real.Series]) -> tuple[np.ndarray, np.ndarray]:
    """Rain and evaporation, (year, day, place and copy)."""
    rain, pet, tas = (
        np.repeat([real.monthly(getattr(s, n), how) for s in series], COPIES, axis=0)
        for n, how in (("rain", "sum"), ("pet", "sum"), ("tas", "mean"))
    )
    lat, lon = np.repeat(list(real.PLACES.values()), COPIES, axis=0).T
    climate = MonthlyClimate(rain, tas, pet, lat + 0.01 * np.tile(np.arange(COPIES), len(series)), lon)
    years = [generate(climate, 2000 + y, seed=7, calendar="noleap") for y in range(YEARS)]
    return np.stack([w.precipitation for w in years]), np.stack([w.pet for w in years])


def of_place(values: np.ndarray, place: int) -> np.ndarray:
    """The copies of a place one after the other, (year, ...)."""
    return np.concatenate(np.moveaxis(values[..., place * COPIES : (place + 1) * COPIES], -1, 0))


@pytest.mark.parametrize("name", RATIO)
def test_rain_is_like_that_of_real_series(series: list[real.Series], made: tuple[np.ndarray, np.ndarray], name: str) -> None:
    statistic: Callable[[np.ndarray], float] = real.STATISTICS[name]
    ratio = [statistic(of_place(made[0], i)) / statistic(s.rain) for i, s in enumerate(series)]
    low, high = RATIO[name]
    assert low < np.mean(ratio) < high, np.round(ratio, 2)
    assert 0.75 < min(ratio) and max(ratio) < 1.35, np.round(ratio, 2)


def test_brussels_has_as_many_days_with_a_tenth_of_a_millimetre(
    series: list[real.Series], made: tuple[np.ndarray, np.ndarray]
) -> None:
    """The one gauge of the seven: a mean of an area hardly has dry days."""
    assert (of_place(made[0], 0) >= 0.1).mean() == pytest.approx((series[0].rain >= 0.1).mean(), rel=0.08)


def test_drainage_is_that_of_real_series(series: list[real.Series], made: tuple[np.ndarray, np.ndarray]) -> None:
    ours = real.drainage(*made)
    theirs = [real.drainage(s.rain[:, :, None], s.pet[:, :, None])[:, 0] for s in series]
    difference = np.array([of_place(ours, i).mean() - t.mean() for i, t in enumerate(theirs)])
    error = np.array([t.std(ddof=1) / np.sqrt(len(t)) for t in theirs])
    assert abs(difference.mean()) < DRAINAGE, difference
    assert (np.abs(difference) < 2 * error).all(), difference / error
    ratio = np.array([of_place(ours, i).std(ddof=1) / t.std(ddof=1) for i, t in enumerate(theirs)])
    assert 0.9 < ratio.mean() < 1.1, ratio
