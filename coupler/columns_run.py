"""Run a forcing file of the user's own: every column, every step, outputs to NetCDF, budgets checked.

What:    the same time loop as Europe without Europe: forcing in, contract outputs out.
Shapes:  output dims time, column, soil_layer. Units: the contract's.
Source:  DESIGN.md 4 for the identities that are checked.
Use:     ``run_forcing(config)`` with ``forcing = "file.nc"`` in the configuration -> path of the output.
"""

from __future__ import annotations

import os
from pathlib import Path

import netCDF4
import numpy as np

from ..emulator.variables import load_table
from . import budget
from .config import RunConfig
from .forcing import Forcing, ForcingError, inspect
from .offline import open_model, progress_line
from .units import SECONDS_PER_YEAR


def _create(path: Path, forcing: Forcing, version: str) -> netCDF4.Dataset:
    file = netCDF4.Dataset(path, "w")
    source = forcing.file.variables["time"]
    for name, size in (("time", None), ("column", forcing.ncol), ("soil_layer", forcing.layers)):
        file.createDimension(name, size)
    time = file.createVariable("time", "f8", ("time",))
    time.setncatts(
        {"standard_name": "time", "units": source.units, "calendar": getattr(source, "calendar", "standard"), "axis": "T"}
    )
    file.setncatts(
        {
            "Conventions": "CF-1.11",
            "title": "calcisol",
            "source": f"calcisol {version}",
            "history": f"calcisol run of {forcing.path.name}",
        }
    )
    for v in load_table().select("output"):
        dims = ("time", "column", "soil_layer") if v.dims == "layer" else ("time", "column")
        variable = file.createVariable(v.name, "f8", dims, zlib=True, complevel=1, fill_value=9.969209968386869e36)
        attributes = {"units": v.units, "long_name": v.long_name, "standard_name": v.standard_name}
        variable.setncatts({k: a for k, a in attributes.items() if a})
    flag = file.createVariable("flag", "i4", ("time", "column", "soil_layer"), zlib=True, complevel=1)
    flags = load_table().flags
    flag.setncatts(
        {
            "standard_name": "status_flag",
            "long_name": "what the emulator reports of the cell",
            "flag_masks": np.array([1 << f.bit for f in flags], "i4"),
            "flag_meanings": " ".join(f.name for f in flags),
        }
    )
    return file


def run_forcing(config: RunConfig) -> Path:
    """Run ``config.forcing``. Raises ForcingError on the first problem ``calcisol check`` would report."""
    from .run import version

    path = Path(config.forcing)
    for finding in inspect(path):
        if finding.problem:
            raise ForcingError(finding.problem)
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"{path.stem}_calcisol.nc"
    temporary = target.with_name(target.name + ".part")
    whole = budget.Budget()
    with Forcing(path) as forcing, open_model(config) as model:
        dts = forcing.times()
        columns = model.columns(forcing.static())
        result: dict[str, np.ndarray] = {}
        progress_line(0, len(dts), "steps")
        with _create(temporary, forcing, version()) as file:
            for i, dt in enumerate(dts):
                values = forcing.step(i)
                result = columns.step(float(dt), values)
                file["time"][i] = forcing.file.variables["time"][i]
                for name, array in result.items():
                    file[name][i] = array
                if i:
                    whole.add(float(dt), values, result)
                else:
                    whole.open(budget.stocks(result, columns.state()))
                progress_line(i + 1, len(dts), "steps")
        if len(dts) > 1:
            whole.close(budget.stocks(result, columns.state()))
            live = budget.restrict(whole, np.isfinite(whole.last["carbon"]))
            print("\n".join(budget.table(live, None, float(dts[1:].sum()) / SECONDS_PER_YEAR)))
            budget.check(live, path.name)
    os.replace(temporary, target)
    print(f"output: {target}")
    return target
