"""CF-1.11 NetCDF of a run of a forcing file: every step, with time bounds, layers as depth and the places of the file.

What:    ``write`` makes the file from the blocks of a run. Dims time, soil_layer, column: CDO wants layers before places.
         On a grid only its land columns, gathered (CF 8.2); ``dataset.calcisol.grid`` puts them back.
Units:   the contract's; time is the end of each step, rates are means over its bounds, states stand at its end.
Source:  CF conventions 1.11, 4.3 (depth), 7.1 (bounds), 7.3 (cell_methods), 8.2 (gathering).
Use:     ``write(path, forcing, dz, blocks, version)``
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

from ...emulator.contract.variables import Variable, load_table
from ..forcing.forcing_file import ForcingFile

FILL = 9.969209968386869e36  # netCDF default for double


def outputs() -> list[Variable]:
    """What is written: outputs and laboratory pH of the contract."""
    return [v for v in load_table().variables if v.role in ("output", "diagnostic")]


def _time(file: netCDF4.Dataset, forcing: ForcingFile) -> None:
    axis = forcing.axis
    time = file.createVariable("time", "f8", ("time",))
    time.setncatts(
        {
            "standard_name": "time",
            "long_name": "end of the step",
            "units": axis.units,
            "calendar": axis.calendar,
            "axis": "T",
            "bounds": "time_bnds",
        }
    )
    time[:] = axis.numbers(axis.end)
    bounds = file.createVariable("time_bnds", "f8", ("time", "bnds"))
    bounds[:] = np.stack([axis.numbers(axis.begin), axis.numbers(axis.end)], 1)


def _layers(file: netCDF4.Dataset, dz: np.ndarray, places: str) -> None:
    """The layers as depth where all columns have the same, else by number with their thickness beside."""
    layer = file.createVariable("soil_layer", "f8", ("soil_layer",))
    common = {"axis": "Z", "positive": "down"}
    if (dz == dz[0]).all():
        edge = np.concatenate([[0.0], np.cumsum(dz[0])])
        layer.setncatts(
            {
                "standard_name": "depth",
                "long_name": "depth of the layer centre",
                "units": "m",
                **common,
                "bounds": "soil_layer_bnds",
            }
        )
        layer[:] = (edge[1:] + edge[:-1]) / 2
        file.createVariable("soil_layer_bnds", "f8", ("soil_layer", "bnds"))[:] = np.stack([edge[:-1], edge[1:]], 1)
        return
    layer.setncatts({"standard_name": "model_level_number", "long_name": "soil layer from the surface", "units": "1", **common})
    layer[:] = np.arange(1, dz.shape[1] + 1)
    thickness = file.createVariable("layer_thickness", "f8", ("soil_layer", "column"))
    thickness.setncatts({"standard_name": "cell_thickness", "long_name": "thickness of the soil layer", "units": "m"})
    if places:
        thickness.coordinates = places
    thickness[:] = dz.T


def _places(file: netCDF4.Dataset, forcing: ForcingFile) -> str:
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
                variable.setncatts({k: v for k, v in axis.attrs.items() if k not in ("bounds", "_FillValue", "missing_value")})
                variable[:] = np.asarray(axis.values, float)
        gathered = file.createVariable("column", "i4", ("column",))
        gathered.setncatts({"compress": " ".join(place.grid), "long_name": "place in the grid, counted from 0"})
        gathered[:] = forcing.land if place.cell is None else place.cell[forcing.land]
    return "column_lat column_lon"


def _variables(file: netCDF4.Dataset, places: str) -> None:
    for v in outputs():
        dims = ("time", "soil_layer", "column") if v.dims == "layer" else ("time", "column")
        variable = file.createVariable(v.name, "f8", dims, zlib=True, complevel=1, fill_value=FILL)
        attributes = {
            "units": v.units,
            "long_name": v.long_name,
            "standard_name": v.standard_name,
            "comment": "; ".join(filter(None, (v.note, "at the end of each day" if v.role == "diagnostic" else ""))),
            "coordinates": places,
            "cell_methods": "time: mean" if v.units.endswith("s-1") else "time: point",
        }
        variable.setncatts({k: a for k, a in attributes.items() if a})
    flag = file.createVariable("flag", "i4", ("time", "soil_layer", "column"), zlib=True, complevel=1, fill_value=-1)
    flags = load_table().flags
    about = {
        "standard_name": "status_flag",
        "long_name": "what the emulator reports of the cell",
        "flag_masks": np.array([1 << f.bit for f in flags], "i4"),
        "flag_meanings": " ".join(f.name for f in flags),
        "coordinates": places,
    }
    flag.setncatts({k: a for k, a in about.items() if not isinstance(a, str) or a})


def _water_budget(file: netCDF4.Dataset, forcing: ForcingFile, places: str) -> None:
    """How well the water of a land model's output closes, by column."""
    water = forcing.survey.water
    if water is None:
        return
    what = "water that the budget of the forcing file does not place"
    for name, values, units, long_name in (
        ("water_residual", water.residual / water.years, "kg m-2 year-1", what),
        ("water_residual_share", water.share, "1", f"{what}, as a share of what falls or leaves"),
    ):
        variable = file.createVariable(name, "f8", ("column",), fill_value=FILL)
        told = {"units": units, "long_name": long_name, "comment": forcing.survey.budget[0], "coordinates": places}
        variable.setncatts({k: v for k, v in told.items() if v})
        here = values[forcing.land]
        variable[:] = np.where(np.isfinite(here), here, FILL)


def write(
    path: Path, forcing: ForcingFile, dz: np.ndarray, blocks: Iterable[tuple[int, dict[str, np.ndarray]]], version: str, note: str
) -> None:
    """Write the file. ``dz`` (column, soil_layer) m; ``blocks``: number of the first step, and its outputs by name."""
    with netCDF4.Dataset(path, "w") as file:
        sizes: dict[str, Any] = {"time": None, "soil_layer": forcing.layers, "column": forcing.ncol, "bnds": 2}
        for name, size in sizes.items():
            file.createDimension(name, size)
        file.setncatts(
            {
                "Conventions": "CF-1.11",
                "title": "soil pH and inorganic carbon of a forcing file",
                "source": f"calcisol {version}",
                "history": f"calcisol run of {forcing.path.name}",
            }
        )
        if note:
            file.comment = note
        places = _places(file, forcing)
        _time(file, forcing)
        _layers(file, dz, places)
        _variables(file, places)
        _water_budget(file, forcing, places)
        for begin, arrays in blocks:
            for name, values in arrays.items():
                values = np.moveaxis(values, -1, -2) if values.ndim == 3 else values
                if values.dtype.kind == "f":
                    values = np.where(np.isfinite(values), values, FILL)
                file[name][begin : begin + len(values)] = values
