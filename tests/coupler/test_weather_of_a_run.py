"""The European run on weather from files: its years repeat; what has none whole is refused."""

import dataclasses

import netCDF4
import numpy as np
import pytest
from calcisol.coupler.config import ConfigError, RunConfig
from calcisol.coupler.europe.daily import DailyEurope
from calcisol.coupler.europe.load import load_domain
from calcisol.coupler.europe.soil_and_inputs import BASELINE
from calcisol.coupler.forcing.fault import ForcingError

CONFIG = RunConfig(data="none")
ROUND = 1e-12


@pytest.fixture(scope="module")
def domain():
    return load_domain(CONFIG).subset(slice(0, None, 90))


def weather_file(path, some, days):
    """Rain and 10 degC of some columns, from 1 January 2001 on; the rain (day, column) in mm."""
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("time", days)
        file.createDimension("place", 3)
        time = file.createVariable("time", "f8", ("time",))
        time.setncatts({"units": "days since 2001-01-01", "calendar": "noleap", "standard_name": "time"})
        time[:] = np.arange(days) + 0.5
        for name, values, unit, standard in (
            ("lat", some.lat, "degrees_north", "latitude"),
            ("lon", some.lon, "degrees_east", "longitude"),
        ):
            variable = file.createVariable(name, "f8", ("place",))
            variable.setncatts({"units": unit, "standard_name": standard})
            variable[:] = values
        wet = np.random.default_rng(3).gamma(0.5, 5.0, (days, 3))
        for name, values, unit, standard in (
            ("pr", wet, "mm day-1", "lwe_precipitation_rate"),
            ("tas", np.full((days, 3), 10.0), "degC", "air_temperature"),
        ):
            variable = file.createVariable(name, "f8", ("time", "place"))
            variable.setncatts({"units": unit, "standard_name": standard, "coordinates": "lat lon"})
            variable[:] = values
    return wet


def test_weather_of_files_repeats_its_years(tmp_path, domain):
    """Two years of rain and warmth in a file stand for every year of the run."""
    path, some = tmp_path / "weather.nc", domain.subset(slice(0, 3))
    wet = weather_file(path, some, 730)
    europe = DailyEurope(some, dataclasses.replace(CONFIG, weather_files=(str(path),)))
    first, second, again = (europe.climates.live(BASELINE, y, y) for y in (1990, 1991, 1992))
    assert sorted([first.rain.sum(), second.rain.sum()]) == pytest.approx(sorted([wet[:365].sum(), wet[365:].sum()]))
    assert (first.rain == again.rain).all() and first.air == pytest.approx(10.0, rel=ROUND)


def test_weather_of_files_without_a_whole_year_is_refused(tmp_path, domain):
    path, some = tmp_path / "weather.nc", domain.subset(slice(0, 3))
    weather_file(path, some, 360)
    europe = DailyEurope(some, dataclasses.replace(CONFIG, weather_files=(str(path),)))
    with pytest.raises(ForcingError, match=r"weather_files hold no year whole \(weather.nc\); give years from 1 January"):
        europe.climates.live(BASELINE, 1990, 1990)


def test_weather_files_and_a_mean_year_are_refused_together():
    with pytest.raises(ConfigError, match='weather_files bring the weather of each day, and weather is "monthly"'):
        RunConfig(weather="monthly", weather_files=("pr.nc",))
