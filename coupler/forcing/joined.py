"""Several NetCDF files as one along time: a file a year, as models and archives write them.

What:    ``join`` opens them lazily; times of every file are counted as in the first, whose reference date may be another.
Source:  xarray would take the numbers of each file as they are: another unit, or another reference date, would go unseen.
Use:     ``join(sorted(glob.glob("year_*.nc")))``; raises ValueError with one sentence where the files do not fit.
"""

from __future__ import annotations

from pathlib import Path

import cftime
import numpy as np
import xarray as xr

from .layout import time_dim


class _Alike:
    """Holds every file against the first; called by xarray with each, in order."""

    def __init__(self) -> None:
        self.first = ""
        self.units: dict[str, str] = {}  # of each series of the first file
        self.clock = ("", "")  # its units and calendar of time

    def __call__(self, data: xr.Dataset) -> xr.Dataset:
        time, file = time_dim(data), Path(str(data.encoding.get("source", ""))).name
        bounds = str(data[time].attrs.get("bounds", "")) if time in data.variables else ""
        units = {str(n): str(v.attrs.get("units", "")) for n, v in data.data_vars.items() if time in v.dims and n != bounds}
        clock = (str(data[time].attrs.get("units", "")), _calendar(data[time])) if time in data.variables else ("", "")
        if not self.first:
            self.first, self.units, self.clock = file, units, clock
            return data
        for name in sorted(set(self.units) ^ set(units)):
            has, lacks = (self.first, file) if name in self.units else (file, self.first)
            raise ValueError(f"{name} is in {has}, but not in {lacks}")
        for name, unit in units.items():
            if unit != self.units[name]:
                raise ValueError(f"{name} is in {self.units[name]!r} in {self.first}, but in {unit!r} in {file}")
        if clock[1] != self.clock[1]:
            raise ValueError(f"time has the calendar {self.clock[1]} in {self.first}, but {clock[1]} in {file}")
        if clock[0] != self.clock[0]:
            for name in {time, bounds} & set(map(str, data.variables)):
                dates = cftime.num2date(np.asarray(data[name].values, float), *clock)
                data = data.assign({name: (data[name].dims, cftime.date2num(dates, *self.clock).astype(float), data[name].attrs)})
            data[time].attrs["units"] = self.clock[0]
        return data


def _calendar(time: xr.DataArray) -> str:
    return str(time.attrs.get("calendar", "standard"))


def join(files: list[str]) -> xr.Dataset:
    """The files as one dataset, ordered by their times."""
    return xr.open_mfdataset(
        files,
        preprocess=_Alike(),
        decode_times=False,
        combine="by_coords",
        data_vars="minimal",
        coords="minimal",
        compat="override",
        chunks={},
    )
