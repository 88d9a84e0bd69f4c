"""Potential evapotranspiration of a day: FAO-56 Penman-Monteith where its inputs are there, else Oudin's formula.

What:    ``oudin`` needs temperature alone; ``penman_monteith`` (package pyet, `pip install "calcisol[weather]"`) temperature,
         humidity or dew point, radiation and wind.
Units:   kg m-2 (= mm) a day. Shapes (day, column).
Source:  Oudin et al. 2005, doi:10.1016/j.jhydrol.2004.08.026, with FAO-56 radiation (equations 21-25); Allen et al. 1998, FAO
         Irrigation and Drainage Paper 56, equations 6 (evapotranspiration), 14 (vapour pressure), 47 (wind at 2 m), as in pyet
         (Vremec et al. 2024, doi:10.5194/gmd-17-7083-2024).
Use:     ``oudin(tas, lat, day_of_year, days_in_year)``
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ....emulator.contract.extras import need
from ..climate import radiation
from .days import Floats, Ints

LATENT_HEAT = 2.45  # MJ kg-1, FAO-56 chapter 1
WIND_2M = 4.87 / np.log(67.8 * 10.0 - 5.42)  # of the wind at 10 m, FAO-56 equation 47
MJ_DAY = 86400e-6  # MJ m-2 a day in a W m-2
PENMAN = ("radiation", "wind")  # and humidity or dew_point


def _day_of_365(day_of_year: Ints, days_in_year: Ints) -> Floats:
    """Place in a year of 365 days, of days of any calendar."""
    return day_of_year * (365.0 / days_in_year)


def oudin(tas: Floats, lat: Floats, day_of_year: Ints, days_in_year: Ints) -> Floats:
    """Re / (latent heat) (T + 5) / 100, none below -5 degC; Re: extraterrestrial radiation [MJ m-2 a day]."""
    sun = radiation(lat, _day_of_365(day_of_year, days_in_year)).T
    return sun / LATENT_HEAT * np.maximum(tas + 5.0, 0.0) / 100.0


def penman_monteith(given: dict[str, Floats], lat: Floats, altitude: Floats, day_of_year: Ints, days_in_year: Ints) -> Floats:
    """FAO-56 reference evapotranspiration of a short grass.

    ``given``: tas degC, radiation MJ m-2 a day, wind m s-1 at 10 m, humidity 0-1 or dew_point degC; tasmax, tasmin degC and
    pressure Pa where there. ``lat`` degrees, ``altitude`` m, (column,). Raises MissingExtra without pyet.
    """
    need("evapotranspiration after FAO-56", "weather")
    import pandas
    import pyet
    import xarray as xr

    # pyet takes dates of the standard calendar; all it needs of them is the day of the year
    dates = pandas.Timestamp(2001, 1, 1) + pandas.to_timedelta(np.rint(_day_of_365(day_of_year, days_in_year)) - 1, unit="D")

    def series(values: Floats) -> Any:
        return xr.DataArray(values, dims=("time", "column"), coords={"time": dates})

    dew = given.get("dew_point")
    vapour = 0.6108 * np.exp(17.27 * dew / (dew + 237.3)) if dew is not None else None
    optional = {"tmax": given.get("tasmax"), "tmin": given.get("tasmin"), "ea": vapour}
    if vapour is None:
        optional["rh"] = np.minimum(100.0 * given["humidity"], 100.0)
    if "pressure" in given:
        optional["pressure"] = given["pressure"] / 1000.0
    made = pyet.pm_fao56(
        series(given["tas"]),
        series(given["wind"] * WIND_2M),
        rs=series(given["radiation"]),
        elevation=xr.DataArray(np.asarray(altitude, float), dims="column"),
        lat=xr.DataArray(np.radians(lat), dims="column"),
        **{k: series(v) for k, v in optional.items() if v is not None},
    )
    return np.ascontiguousarray(made.transpose("time", "column").values)
