"""Run a forcing file of the user's own: every column, every step, outputs to NetCDF, budgets checked.

What:    the same time loop as Europe without Europe: forcing in, contract outputs out.
Shapes:  output dims time, column, soil_layer; on a grid only its land columns, gathered as CF has it. Units: the contract's.
Source:  DESIGN.md 4 for the identities that are checked.
Use:     ``run_forcing(config)`` with ``forcing = "file.nc"`` in the configuration -> path of the output.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import netCDF4
import numpy as np

from ..emulator.contract.variables import load_table
from .config import RunConfig
from .forcing.check import inspect
from .forcing.files import Forcing, ForcingError
from .offline import budget
from .offline.chunks import open_model, progress_line
from .units import SECONDS_PER_YEAR


def _create(path: Path, forcing: Forcing, version: str) -> netCDF4.Dataset:
    file = netCDF4.Dataset(path, "w")
    source = forcing.file[forcing.time]
    for name, size in (("time", None), ("column", forcing.ncol), ("soil_layer", forcing.layers)):
        file.createDimension(name, size)
    time = file.createVariable("time", "f8", ("time",))
    time.setncatts(
        {
            "standard_name": "time",
            "long_name": "end of the step",
            "units": source.attrs["units"],
            "calendar": source.attrs.get("calendar", "standard"),
            "axis": "T",
        }
    )
    file.setncatts(
        {
            "Conventions": "CF-1.11",
            "title": "calcisol",
            "source": f"calcisol {version}",
            "history": f"calcisol run of {forcing.path.name}",
        }
    )
    places = _places(file, forcing)
    for v in load_table().select("output"):
        dims = ("time", "column", "soil_layer") if v.dims == "layer" else ("time", "column")
        variable = file.createVariable(v.name, "f8", dims, zlib=True, complevel=1, fill_value=9.969209968386869e36)
        attributes = {"units": v.units, "long_name": v.long_name, "standard_name": v.standard_name, "coordinates": places}
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


def _places(file: netCDF4.Dataset, forcing: Forcing) -> str:
    """Where the columns are: lat and lon, and on a grid the list of cells that were run (CF compression by gathering)."""
    place = forcing.layout
    if place.lat is None or place.lon is None:
        return ""
    for name, values, units, standard in (
        ("lat", place.lat, "degrees_north", "latitude"),
        ("lon", place.lon, "degrees_east", "longitude"),
    ):
        variable = file.createVariable(f"column_{name}", "f8", ("column",))
        variable.setncatts({"standard_name": standard, "long_name": standard, "units": units})
        variable[:] = values[forcing.land]
    if place.kind in ("regular", "rotated", "compressed") and len(place.grid) == 2:
        for name, size in zip(place.grid, place.shape, strict=True):
            file.createDimension(name, size)
        for name, axis in place.axes.items():
            if set(map(str, axis.dims)) <= set(place.grid):
                variable = file.createVariable(name, "f8", tuple(map(str, axis.dims)))
                variable.setncatts({k: v for k, v in axis.attrs.items() if k not in ("bounds", "_FillValue")})
                variable[:] = np.asarray(axis.values, float)
        gathered = file.createVariable("column", "i4", ("column",))
        gathered.setncatts({"compress": " ".join(place.grid), "long_name": "place in the grid, counted from 0"})
        gathered[:] = forcing.land if place.cell is None else place.cell[forcing.land]
    return "column_lat column_lon"


def run_forcing(config: RunConfig) -> Path:
    """Run ``config.forcing``. Raises ForcingError on the first problem ``calcisol check`` would report."""
    from .run import version

    path = Path(config.forcing)
    for finding in inspect(path):
        if finding.problem:
            raise ForcingError(finding.problem)
        if "will be clipped" in finding.note:
            sys.stderr.write(f"calcisol: {finding.variable.name}: {finding.note}\n")
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"{path.stem.replace('*', '')}_calcisol.nc"
    temporary = target.with_name(target.name + ".part")
    whole = budget.Budget()
    with Forcing(path) as forcing, open_model(config) as model:
        dts = forcing.times()
        columns = model.columns(forcing.static())
        result: dict[str, np.ndarray] = {}
        always = np.ones(forcing.ncol, bool)  # active in every step: a budget over a gap cannot be drawn up
        progress_line(0, len(dts), "steps")
        with _create(temporary, forcing, version()) as file:
            for i, dt in enumerate(dts):
                values = forcing.step(i)
                always &= np.asarray(values.get("active", 1.0)) != 0
                result = columns.step(float(dt), values)
                file["time"][i] = float(forcing.file[forcing.time][i])
                for name, array in result.items():
                    file[name][i] = array
                if i:
                    whole.add(float(dt), values, result)
                else:
                    whole.open(budget.stocks(result, columns.state()))
                progress_line(i + 1, len(dts), "steps")
        if len(dts) > 1:
            whole.close(budget.stocks(result, columns.state()))
            where = always & np.isfinite(whole.last["carbon"])
            if not where.all():
                print(f"budgets of {where.sum()} of {len(where)} columns; the others were not stepped all along (active, flag)")
            if where.any():
                live = budget.restrict(whole, where)
                print("\n".join(budget.table(live, None, float(dts[1:].sum()) / SECONDS_PER_YEAR)))
                budget.check(live, path.name)
    os.replace(temporary, target)
    print(f"output: {target}")
    return target
