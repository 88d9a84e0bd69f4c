"""Small weather files in the conventions of the products, written from numbers that are known.

Shapes:  truth (day, 3 latitudes, 2 longitudes); functions return the path, rain [mm] and temperature [degC] of the days.
Use:     ``paths, rain, warm = rain_and_warmth(tmp_path)``; ``picked(rain)`` are the days at PLACES
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

LAT, LON = np.array([51.25, 50.75, 50.25]), np.array([4.25, 4.75])
SEA = (2, 1)
PLACES = np.array([50.75, 51.3]), np.array([4.75, 4.2])  # on a centre, and beside the first cell
CELLS = [(1, 1), (0, 0)]
ROUNDED = 1e-6  # float32 of files, relative
DAY = 86400.0


def truth(days: int, low: float = 0.0, high: float = 30.0, seed: int = 3) -> np.ndarray:
    """Numbers of days on the grid, every other day about 0 where rain is meant."""
    made = np.random.default_rng(seed).uniform(low, high, (days, 3, 2))
    made[::2] *= 1.0 if low else 0.0
    return made


def grid(days: int, calendar: str, first: str = "days since 2001-01-01", half: float = 0.0) -> xr.Dataset:
    data = xr.Dataset(
        coords={"time": ("time", np.arange(days) + half, {"units": first, "calendar": calendar, "standard_name": "time"})}
    )
    data.coords["lat"] = ("lat", LAT, {"units": "degrees_north", "standard_name": "latitude"})
    data.coords["lon"] = ("lon", LON, {"units": "degrees_east", "standard_name": "longitude"})
    return data


def write(data: xr.Dataset, path: Path, **encoding: dict) -> Path:
    data.to_netcdf(path, encoding={n: {"_FillValue": None} for n in data.coords} | encoding)
    return path


def isimip(folder: Path, name: str, values: np.ndarray, units: str, standard: str, calendar: str = "proleptic_gregorian") -> Path:
    """A file a variable, float32, kg m-2 s-1 and K, 1e20 over the sea."""
    data = grid(len(values), calendar)
    held = values.astype("f4")
    held[:, SEA[0], SEA[1]] = 1e20
    data[name] = (("time", "lat", "lon"), held, {"units": units, "standard_name": standard, "missing_value": np.float32(1e20)})
    return write(data, folder / f"{name}_2001.nc", **{name: {"_FillValue": np.float32(1e20)}})


def picked(values: np.ndarray) -> np.ndarray:
    return np.stack([values[:, i, j] for i, j in CELLS], axis=1)


def rain_and_warmth(
    folder: Path, days: int = 365, calendar: str = "proleptic_gregorian"
) -> tuple[list[Path], np.ndarray, np.ndarray]:
    rain, warm = truth(days), truth(days, -10.0, 25.0, seed=4)
    paths = [
        isimip(folder, "pr", rain / DAY, "kg m-2 s-1", "precipitation_flux", calendar),
        isimip(folder, "tas", warm + 273.15, "K", "air_temperature", calendar),
    ]
    return paths, rain, warm


def hourly(hours: int, fields: dict[str, tuple[np.ndarray, str]]) -> xr.Dataset:
    """Fields (hour, ...) with their units as the Climate Data Store writes them, the first stamped 0:00 of 1 January 2001."""
    seconds = 978_307_200 + 3600 * np.arange(hours, dtype=np.int64)
    attributes = {"units": "seconds since 1970-01-01", "calendar": "proleptic_gregorian", "standard_name": "time"}
    data = xr.Dataset(coords={"valid_time": ("valid_time", seconds, attributes), "number": ((), 0)})
    data.coords["latitude"], data.coords["longitude"] = ("latitude", LAT), ("longitude", LON)
    data.coords["expver"] = ("valid_time", np.full(hours, "0001"))
    for name, (values, units) in fields.items():
        data[name] = (("valid_time", "latitude", "longitude"), values[:hours], {"units": units, "GRIB_stepType": "accum"})
    return data


def era5(folder: Path, *, since_midnight: bool, hours: int = 365 * 24 + 1) -> tuple[Path, np.ndarray, np.ndarray]:
    """Hourly tp [m] and t2m, stamped from 0:00 of the first day to 0:00 after the last; days' rain and mean warmth."""
    rng = np.random.default_rng(7)
    shape = (365 * 24, 3, 2)
    rain = np.where(rng.random(shape) < 0.2, rng.exponential(1e-3, shape), 0.0)  # of the hour that begins then
    warm = 283.0 + rng.normal(0, 3, (365 * 24 + 1, 3, 2))
    by_day = rain.reshape(365, 24, 3, 2)
    held = np.concatenate([np.zeros((1, 3, 2)), (by_day.cumsum(1) if since_midnight else by_day).reshape(-1, 3, 2)])
    path = write(hourly(hours, {"tp": (held, "m"), "t2m": (warm, "K")}), folder / "era5.nc")
    return path, 1000.0 * by_day.sum(1), warm[:-1].reshape(365, 24, 3, 2).mean(1) - 273.15


def cordex(folder: Path) -> tuple[Path, np.ndarray, np.ndarray]:
    """A rotated pole: rows of the grid are no lines of latitude. Noon stamps, bounds, 360 days."""
    rain, warm = truth(360), truth(360, 0.0, 20.0, seed=9)
    lat = np.array([[51.3, 51.1], [50.9, 50.75], [50.3, 50.2]])
    lon = np.array([[4.2, 4.9], [4.1, 4.8], [4.0, 4.7]])
    data = xr.Dataset(
        coords={
            "time": (
                "time",
                np.arange(360) + 0.5,
                {"units": "days since 2001-01-01", "calendar": "360_day", "bounds": "time_bnds"},
            )
        }
    )
    data["time_bnds"] = (("time", "bnds"), np.stack([np.arange(360.0), np.arange(360.0) + 1], 1))
    for name, values in (("rlat", [1.0, 0.5, 0.0]), ("rlon", [-3.0, -2.5])):
        data.coords[name] = (
            name,
            values,
            {"standard_name": f"grid_{'lat' if name == 'rlat' else 'long'}itude", "units": "degrees"},
        )
    data["lat"] = (("rlat", "rlon"), lat, {"standard_name": "latitude", "units": "degrees_north"})
    data["lon"] = (("rlat", "rlon"), lon, {"standard_name": "longitude", "units": "degrees_east"})
    data["rotated_pole"] = ((), 0, {"grid_mapping_name": "rotated_latitude_longitude"})
    dims, more = (
        ("time", "rlat", "rlon"),
        {"grid_mapping": "rotated_pole", "coordinates": "lat lon", "cell_methods": "time: mean"},
    )
    data["pr"] = (dims, rain / DAY, {"units": "kg m-2 s-1", **more})
    data["tas"] = (dims, warm + 273.15, {"units": "K", **more})
    return write(data, folder / "cordex.nc"), rain, warm
