"""Weather from files: each product's conventions, written from numbers that are known; what is missing is named."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from calcisol.coupler.errors import CalcisolError
from calcisol.coupler.forcing.fault import ForcingError
from calcisol.coupler.forcing.weather.read_daily import DailyFiles
from calcisol.coupler.land.weather import evaporation
from calcisol.coupler.land.weather.days import days_in
from helpers.weather_files import (
    DAY,
    LAT,
    LON,
    PLACES,
    ROUNDED,
    cordex,
    era5,
    grid,
    hourly,
    isimip,
    picked,
    rain_and_warmth,
    truth,
    write,
)


@pytest.mark.parametrize(("calendar", "days"), [("proleptic_gregorian", 365), ("365_day", 365), ("360_day", 360)])
def test_isimip(tmp_path: Path, calendar: str, days: int) -> None:
    paths, rain, warm = rain_and_warmth(tmp_path, days, calendar)
    with DailyFiles(paths, *PLACES) as files:
        assert files.years == [2001] and files.pet == "oudin"
        made = files.year(2001)
    assert len(made) == days == days_in(2001, calendar) and made.day_of_year[-1] == days
    np.testing.assert_allclose(made.precipitation, picked(rain), rtol=ROUNDED)
    np.testing.assert_allclose(made.tas, picked(warm), atol=2e-5)  # float32 of 280 K
    lat, lengths = PLACES[0], np.full(days, days)
    np.testing.assert_allclose(made.pet, evaporation.oudin(picked(warm), lat, np.arange(1, days + 1), lengths), atol=1e-5)


def test_leap_days_are_kept(tmp_path: Path) -> None:
    rain, warm = truth(731), truth(731, 5.0, 20.0)
    data = grid(731, "standard", "days since 1999-01-01")
    data["pr"] = (("time", "lat", "lon"), rain / DAY, {"units": "kg m-2 s-1"})
    data["tas"] = (("time", "lat", "lon"), warm + 273.15, {"units": "K"})
    with DailyFiles([write(data, tmp_path / "both.nc")], *PLACES) as files:
        assert files.years == [1999, 2000]
        made = files.year(2000)
    assert len(made) == 366 and (made.month == 1).sum() == 29
    np.testing.assert_allclose(made.precipitation[59], picked(rain)[365 + 59], rtol=1e-12)  # the 29th of February


def test_eobs(tmp_path: Path) -> None:
    """Packed integers, days stamped at their beginning, mm without cell_methods, the mean temperature absent."""
    rain, low = np.round(truth(365), 1), np.round(truth(365, -5.0, 10.0, seed=5), 2)
    data = grid(365, "standard", "days since 2001-01-01 00:00").rename({"lat": "latitude", "lon": "longitude"})
    for name, values, unit in (("rr", rain, "mm"), ("tn", low, "Celsius"), ("tx", low + 8.0, "Celsius")):
        data[name] = (("time", "latitude", "longitude"), values, {"units": unit})
    packed = {n: {"dtype": "i2", "scale_factor": s, "_FillValue": -9999} for n, s in (("rr", 0.1), ("tn", 0.01), ("tx", 0.01))}
    with DailyFiles([write(data, tmp_path / "eobs.nc", **packed)], *PLACES) as files:
        made = files.year(2001)
    np.testing.assert_allclose(made.precipitation, picked(rain), atol=1e-9)
    np.testing.assert_allclose(made.tas, picked(low) + 4.0, atol=1e-9)


@pytest.mark.parametrize("land", [False, True])
def test_hours_of_era5_and_era5_land(tmp_path: Path, land: bool) -> None:
    path, rain, warm = era5(tmp_path, since_midnight=land)
    with DailyFiles([path], *PLACES) as files:
        made = files.year(2001)
    np.testing.assert_allclose(made.precipitation, picked(rain), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(made.tas, picked(warm), atol=1e-9)


def test_hour_that_the_last_day_lacks_is_told(tmp_path: Path) -> None:
    path, *_ = era5(tmp_path, since_midnight=False, hours=365 * 24)
    with DailyFiles([path], *PLACES) as files:
        assert files.years == []
        with pytest.raises(
            ForcingError, match=r"tp in era5\.nc holds a part of 2001-12-31; an amount stamped 0:00 belongs to the day before"
        ):
            files.year(2001)


@pytest.mark.parametrize("land", [False, True])
def test_rounding_of_packed_files_is_no_fall(tmp_path: Path, land: bool) -> None:
    """Two bytes a number, up to 0.2 m: steps of 3e-6 m, and days of drizzle that go up and down by them."""
    path, rain, _ = era5(tmp_path, since_midnight=land)
    with xr.open_dataset(path, decode_times=False) as data:
        one = data.load()
    noise = 3e-6 * np.random.default_rng(1).integers(-1, 2, one["tp"].shape)
    one["tp"] = one["tp"].copy(data=one["tp"].values + noise)
    with DailyFiles([write(one, tmp_path / "noisy.nc")], *PLACES) as files:
        made = files.year(2001)
    np.testing.assert_allclose(made.precipitation, picked(rain), atol=0.072)  # 24 steps of 0.003 mm


def test_amounts_that_could_be_either_are_refused(tmp_path: Path) -> None:
    path, *_ = era5(tmp_path, since_midnight=False)
    with xr.open_dataset(path, decode_times=False) as data:
        one = data.load()
    one["tp"][:] = 0.0
    one["tp"][24 * 40 : 24 * 40 + 3] = 1e-3  # three hours of rain on one day, until midnight
    one["tp"][24 * 40 - 2 : 24 * 40 + 1] = [[[1e-3]], [[2e-3]], [[3e-3]]]
    one["tp"][24 * 40 + 1 : 24 * 40 + 3] = 0.0
    with (
        DailyFiles([write(one, tmp_path / "dry.nc")], *PLACES) as files,
        pytest.raises(ForcingError, match="do not tell whether"),
    ):
        files.year(2001)


def test_cordex(tmp_path: Path) -> None:
    path, rain, warm = cordex(tmp_path)
    with DailyFiles([path], *PLACES) as files:
        made = files.year(2001)
        assert files.calendar == "360_day"
    np.testing.assert_allclose(made.precipitation, picked(rain), rtol=1e-9)  # the same cells are nearest
    np.testing.assert_allclose(made.tas, picked(warm), atol=1e-9)


def test_years_may_lie_in_files_of_their_own(tmp_path: Path) -> None:
    paths, rain, _ = rain_and_warmth(tmp_path)
    for path in paths:
        with xr.open_dataset(path, decode_times=False, mask_and_scale=False) as data:
            later = data.load()
        later["time"] = ("time", np.arange(365), {**later["time"].attrs, "units": "days since 2002-01-01"})
        write(later, tmp_path / path.name.replace("2001", "2002"))
    with DailyFiles([tmp_path / "pr_*.nc", tmp_path / "tas_*.nc"], *PLACES) as files:
        assert files.years == [2001, 2002]
        np.testing.assert_allclose(files.year(2002).precipitation, picked(rain), rtol=ROUNDED)


def test_penman_monteith_of_the_book(tmp_path: Path) -> None:
    """FAO-56, example 18: Uccle, 6 July: 3.9 mm (3.88 with the numbers of its table)."""
    pytest.importorskip("pyet")
    given = {"tasmax": 21.5, "tasmin": 12.3, "tas": 16.9, "radiation": 22.07, "wind": 10.0 / 3.6}
    vapour = 1.409  # kPa
    given["dew_point"] = (116.91 + 237.3 * np.log(vapour)) / (16.78 - np.log(vapour))  # FAO-56 equation 3-11
    one = {name: np.full((1, 1), value) for name, value in given.items()}
    made = evaporation.penman_monteith(one, np.array([50.8]), np.array([100.0]), np.array([187]), np.array([365]))
    assert made[0, 0] == pytest.approx(3.88, abs=0.02)


def test_penman_monteith_of_a_file_takes_its_units(tmp_path: Path) -> None:
    """W m-2, %, m s-1 at 10 m: every day of a constant July is example 18 but for the humidity, which is that of the mean."""
    pytest.importorskip("pyet")
    flat = np.ones((365, 3, 2))
    fields = {
        "pr": (flat / DAY, "kg m-2 s-1"), "tas": (16.9 * flat + 273.15, "K"), "tasmax": (21.5 * flat + 273.15, "K"),
        "tasmin": (12.3 * flat + 273.15, "K"), "hurs": (70.55 * flat, "%"), "rsds": (22.07e6 / DAY * flat, "W m-2"),
        "sfcwind": (10 / 3.6 * flat, "m s-1"),
    }  # fmt: skip
    paths = [isimip(tmp_path, name, values, units, "") for name, (values, units) in fields.items()]
    with DailyFiles(paths, *PLACES, altitude=np.array([100.0, 100.0])) as files:
        assert files.pet == "penman-monteith"
        made = files.year(2001)
    # mean saturation pressure 1.997 kPa x 0.7055 = 1.409 kPa, at 51 N on the 6th of July
    assert made.pet[186, 0] == pytest.approx(3.88, abs=0.03)
    with pytest.raises(CalcisolError, match="altitude of the places is needed"), DailyFiles(paths, *PLACES) as files:
        files.year(2001)


def test_penman_monteith_of_hours(tmp_path: Path) -> None:
    """ERA5-Land: example 18 as a wave of temperature, dew point, sun since midnight, and a wind that turns from hour to hour."""
    pytest.importorskip("pyet")
    hours = 365 * 24 + 1
    flat, hour = np.ones((hours, 3, 2)), np.arange(hours)[:, None, None]
    since_midnight = np.where(hour % 24 == 0, 24, hour % 24) / 24.0
    wind = 10.0 / 3.6
    fields = {
        "tp": (1e-3 * since_midnight * flat, "m"), "t2m": (290.05 + 4.6 * np.sin(np.pi * hour / 12.0) * flat, "K"),
        "d2m": (285.21 * flat, "K"), "ssrd": (22.07e6 * since_midnight * flat, "J m**-2"), "sp": (1.001e5 * flat, "Pa"),
        "u10": (0.6 * wind * (-1.0) ** hour * flat, "m s**-1"), "v10": (-0.8 * wind * flat, "m s**-1"),
    }  # fmt: skip
    with DailyFiles([write(hourly(hours, fields), tmp_path / "land.nc")], *PLACES, altitude=np.full(2, 100.0)) as files:
        made = files.year(2001)
    np.testing.assert_allclose(made.precipitation, 1.0, rtol=1e-9)
    assert made.pet[186, 0] == pytest.approx(3.88, abs=0.03)
    assert made.tas[186, 0] == pytest.approx(16.9)


def test_oudin_by_hand() -> None:
    """FAO-56 example 8: 32.2 MJ m-2 on the 3rd of September at 20 S; at 20 degC 32.2 / 2.45 x 25 / 100 mm."""
    made = evaporation.oudin(np.array([[20.0], [-6.0]]), np.array([-20.0]), np.array([246, 246]), np.array([365, 365]))
    assert made[0, 0] == pytest.approx(32.2 / 2.45 * 0.25, abs=0.01)
    assert made[1, 0] == 0.0


def test_years_without_their_leap_day_are_told_from_a_gap(tmp_path: Path) -> None:
    data = grid(731, "standard", "days since 1999-01-01")
    data["pr"] = (("time", "lat", "lon"), truth(731) / DAY, {"units": "kg m-2 s-1"})
    data["tas"] = (("time", "lat", "lon"), truth(731, 5.0, 20.0) + 273.15, {"units": "K"})
    path = write(without(data, 365 + 59), tmp_path / "no_leap_day.nc")
    with pytest.raises(ForcingError, match="no 29 February in 2000, in a calendar that has one; if no year has, say so"):
        DailyFiles([path], *PLACES)


def without(data: xr.Dataset, day: int) -> xr.Dataset:
    return data.isel(time=np.delete(np.arange(data.sizes["time"]), day))


FAULTS = {
    "a day is left out": (lambda d: without(d, 63), "step is missing"),
    "rain is energy": (lambda d: d.assign(pr=d["pr"].assign_attrs(units="W m-2")), "'W m-2' .* cannot become 'kg m-2 s-1'"),
    "a day comes twice": (lambda d: d.isel(time=np.insert(np.arange(365), 63, 63)), "2001-03-05"),
    "the last days are left out": (lambda d: d.isel(time=slice(0, 360)), r"lacks 2001-12-27 and 4 further days of 2001"),
    "a value is missing": (lambda d: d.where(d["time"] != 63), r"is missing on 2001-03-05 at 50.75 N 4.75 E; fill it"),
    "a code is not declared": (lambda d: d.where(d["time"] != 63, -999.0), "is missing on 2001-03-05"),
    "rain is negative": (lambda d: d.where(d["time"] != 63, -1.0), "comes to -86400 on 2001-03-05"),
    "rain is in metres": (lambda d: d.assign(pr=d["pr"].assign_attrs(units="m s-1") + 1e-3), "are its units"),
    "no units": (lambda d: d.assign(pr=d["pr"].assign_attrs(units="")), "pr in bad.nc has no units"),
    "the unit is no rain": (lambda d: d.assign(pr=d["pr"].assign_attrs(units="K")), "'K'"),
    "the year's maximum": (lambda d: d.assign(pr=d["pr"].assign_attrs(cell_methods="time: maximum")), "maximum of each step"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_named(tmp_path: Path, fault: str) -> None:
    change, words = FAULTS[fault]
    data = grid(365, "standard")
    data["pr"] = (("time", "lat", "lon"), truth(365) / DAY, {"units": "kg m-2 s-1"})
    data["tas"] = (("time", "lat", "lon"), truth(365, 0.0, 20.0) + 273.15, {"units": "K"})
    attributes = {n: dict(data[n].attrs) for n in data.variables}
    bad = change(data[["pr"]])
    for name in ("time", "lat", "lon"):
        bad[name].attrs = attributes[name]
    if "units" not in bad["pr"].attrs and "K" not in fault:
        bad["pr"].attrs = attributes["pr"]
    paths = [write(bad, tmp_path / "bad.nc"), write(data[["tas"]], tmp_path / "tas.nc")]
    with pytest.raises(CalcisolError, match=words) as caught, DailyFiles(paths, *PLACES) as files:
        files.year(2001)
    assert "\n" not in str(caught.value)


def test_files_that_do_not_fit_are_named(tmp_path: Path) -> None:
    paths, *_ = rain_and_warmth(tmp_path)
    for given, words in (
        (paths[:1], "tas is in none of the weather files (they hold precipitation)"),
        ([*paths, paths[0]], "precipitation is in pr_2001.nc and in pr_2001.nc"),
    ):
        with pytest.raises(ForcingError, match=re.escape(words)):
            DailyFiles(given, *PLACES)
    other = isimip(tmp_path / "..", "tas", truth(365, 0.0, 20.0) + 273.15, "K", "air_temperature", "365_day")
    with pytest.raises(ForcingError, match=r"has the calendar standard, but tas in tas_2001\.nc noleap"):
        DailyFiles([paths[0], other], *PLACES)
    with pytest.raises(CalcisolError, match='pet = "penman-monteith" needs humidity or dew point and wind and radiation'):
        DailyFiles(paths, *PLACES, pet="penman-monteith")
    with (
        DailyFiles(paths, np.array([60.0]), np.array([4.75])) as files,
        pytest.raises(CalcisolError, match="no value within 80 km of 60 N"),
    ):
        files.year(2001)


def test_a_place_on_the_sea_takes_the_nearest_land(tmp_path: Path) -> None:
    paths, rain, _ = rain_and_warmth(tmp_path)
    with DailyFiles(paths, np.array([LAT[2]]), np.array([LON[1]])) as files:
        made = files.year(2001)
    np.testing.assert_allclose(made.precipitation[:, 0], rain[:, 2, 0], rtol=ROUNDED)  # 35 km west, against 56 km north


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("kg m-2 s-1", 1.0 / DAY), ("mm day-1", 1.0), ("W m-2", 2.45e6 / DAY), ("MJ m-2 day-1", 2.45), ("J m-2", 2.45e6)],
)
def test_evaporation_that_is_given_is_taken(tmp_path: Path, unit: str, factor: float) -> None:
    """As water, or as the energy it takes: 2.45 MJ kg-1 (FAO-56)."""
    paths, *_ = rain_and_warmth(tmp_path)
    pet = truth(365, 0.5, 6.0, seed=11)
    paths.append(isimip(tmp_path, "evspsblpot", pet * factor, unit, "water_potential_evaporation_flux"))
    with DailyFiles(paths, *PLACES) as files:
        assert files.pet == "given"
        np.testing.assert_allclose(files.year(2001).pet, picked(pet), rtol=ROUNDED)
