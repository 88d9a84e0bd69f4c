"""Files of WRF and Noah-MP: dates as letters in ``Times``, places that are written again at every step.

What:    ``as_cf`` gives such a file a time coordinate of numbers, and places without a time dimension where they do not move.
Shapes:  Times (Time, DateStrLen), "2001-01-01_00:00:00"; XLAT and XLONG (Time, south_north, west_east).
Source:  WRF user's guide, v4, output files: a stamp is the moment of writing, the end of its step.
Use:     ``data = as_cf(data, "wrfout.nc")``; other files come back as they are. Raises ForcingError for letters that are no date.
"""

from __future__ import annotations

import re

import cftime
import numpy as np
import xarray as xr

from .fault import ForcingError

NAME, SINCE, CALENDAR = "Times", "seconds since 1900-01-01 00:00:00", "standard"
PLACES = {"XLAT": "degrees_north", "XLONG": "degrees_east"}
STAMP = re.compile(r"(\d{4})-(\d\d)-(\d\d)[_T ](\d\d):(\d\d):(\d\d)")


def _seconds(text: str, file: str) -> float:
    match = STAMP.fullmatch(text.strip("\0 "))
    try:
        date = cftime.datetime(*map(int, match.groups()), calendar=CALENDAR) if match else None
    except ValueError:
        date = None
    if date is None:
        raise ForcingError(f"{NAME} of {file} holds {text!r}, which is no date; write e.g. 2001-01-31_00:00:00")
    return float(cftime.date2num(date, SINCE, CALENDAR))


def as_cf(data: xr.Dataset, file: str) -> xr.Dataset:
    """The file with a time coordinate made of ``Times`` where it has none of its own."""
    if NAME not in data.variables or data[NAME].ndim != 1 or data[NAME].dtype.kind not in "SU":
        return data
    (dim,) = map(str, data[NAME].dims)
    if dim in data.variables:
        return data
    texts = [t.decode("ascii", "replace") if isinstance(t, bytes) else str(t) for t in data[NAME].values]
    stamps = np.array([_seconds(t, file) for t in texts], np.float64)
    made = data.drop_vars(NAME).assign_coords({dim: (dim, stamps, {"units": SINCE, "calendar": CALENDAR, "axis": "T"})})
    for name, units in PLACES.items():
        if name in made.variables and dim in made[name].dims and made.sizes[dim]:
            first = made[name].isel({dim: 0}, drop=True)
            if (made[name] == first).all():
                made = made.drop_vars(name).assign_coords({name: first.assign_attrs({"units": units, **first.attrs})})
    return made
