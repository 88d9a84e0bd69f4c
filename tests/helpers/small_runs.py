"""Small runs and forcing files shared by the tests of the driver.

What:    a European run of a few columns and years, and a ten-line forcing file.
Use:     ``run_small(tmp_path, end_year=2022)`` -> folder of results; ``forcing_file(path, calendar="360_day")``.
"""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np
from calcisol.coupler.config import load_config
from calcisol.coupler.run import run_europe

FAST = {
    "data": "none",
    "coverage": 0.05,
    "spinup_years": 1,
    "start_year": 2020,
    "end_year": 2022,
    "uncertainty": 0,
    "chunk": 6,
    "workers": 1,
    "plots": False,
    "checkpoint_years": 1,
}


def small_config(out: Path, **changes):
    """Eighteen columns in three chunks, three years."""
    return load_config(None, out=str(out), **{**FAST, **changes})


def run_small(out: Path, resume: bool = False, **changes) -> Path:
    """Run it; returns the folder of results."""
    return run_europe(small_config(out, **changes), resume)


def variables(path: Path) -> dict[str, bytes]:
    """Name -> raw bytes of every variable of a NetCDF file."""
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        return {name: np.ascontiguousarray(v[:]).tobytes() for name, v in file.variables.items()}


def forcing_file(
    path: Path, calendar: str = "noleap", units: str = "days since 2001-01-01", steps: int = 3, columns: int = 2
) -> Path:
    """Monthly forcing of a few calcareous columns, five layers; the minimal file of examples/05_europe."""
    with netCDF4.Dataset(path, "w") as file:
        for name, size in (("time", steps), ("column", columns), ("soil_layer", 5)):
            file.createDimension(name, size)
        time = file.createVariable("time", "f8", ("time",))
        time.setncatts({"units": units, "calendar": calendar, "standard_name": "time"})
        time[:] = 30.0 * (np.arange(steps) + 1)

        def put(name, dims, value, unit, **attributes):
            variable = file.createVariable(name, "f8", dims)
            variable.setncatts({"units": unit, **attributes})
            variable[:] = value

        put("dz", ("column", "soil_layer"), 0.2, "m")
        put("caco3", ("soil_layer",), 10.0, "%")
        put("w_liq", ("time", "column", "soil_layer"), 50.0, "kg m-2")
        put("tsl", ("time", "column", "soil_layer"), 10.0, "degC", standard_name="soil_temperature")
        put("q_bot", ("time", "column"), 20.0, "mm/month")
        put("co2_src_total", ("time", "column"), 500.0, "g m-2 yr-1")
    return path
