"""What a file says of the values of a step: their sum, mean, last value.

What:    ``time_method`` reads the CF attribute cell_methods.
Source:  CF conventions 1.11, 7.3.
Use:     ``time_method(dataset["tp"], "time")`` -> "sum"
"""

from __future__ import annotations

import re

import xarray as xr

A_STEP = "/timestep"  # RAINRATE of HRLDAS: an amount of each step


def time_method(variable: xr.DataArray, time: str) -> str:
    """The method of ``cell_methods`` over time: "sum", "mean", "point", ..., "" where nothing is said."""
    said = re.sub(r"\([^)]*\)", "", str(variable.attrs.get("cell_methods", "")))
    methods = re.findall(r"((?:[\w]+\s*:\s*)+)(\w+)", said)
    of_time = [m for names, m in methods if {time, "time"} & {n.strip() for n in names.split(":")}]
    return of_time[-1] if of_time else ""
