"""Forcing whose every number is known, and how it comes out of a file again.

What:    ``truth`` are numbers that differ in every step, layer and place; ``dataset`` writes them in contract units;
         ``read_all`` reads a file through the reader, ``same`` compares with the truth.
Shapes:  truth: (step, soil_layer, place), layer 1 at the surface; places are 2 latitudes x 3 longitudes, row by row.
Use:     ``same(read_all(save(dataset(), tmp_path / "f.nc")), truth())``
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr
from calcisol.coupler.forcing.fault import ForcingError
from calcisol.coupler.forcing.forcing_file import ForcingFile

DZ = np.array([0.1, 0.2, 0.3, 0.4])
LAT, LON = np.array([50.25, 50.75]), np.array([-5.25, -4.75, -4.25])
STEPS, DAYS = 6, 30.0
LAYERED = ("w_liq", "t_soil")
EXACT = 1e-12  # a few multiplications in float64


def _numbers(shape: tuple[int, ...], low: float, high: float) -> np.ndarray:
    """Numbers from low to high, no two alike."""
    return np.linspace(low, high, int(np.prod(shape))).reshape(shape)


def truth(steps: int = STEPS) -> dict[str, np.ndarray]:
    """What the file says, in contract units."""
    layered, plain = (steps, 4, 6), (steps, 6)
    return {
        "w_liq": 1000.0 * DZ[:, None] * _numbers(layered, 0.2, 0.35),
        "t_soil": _numbers(layered, 275.0, 295.0),
        "q_bot": _numbers(plain, 1e-6, 2e-5),
        "co2_src_total": _numbers(plain, 1e-8, 3e-8),
        "dz": np.tile(DZ[:, None], (1, 6)),
        "caco3": np.tile(np.linspace(0.0, 0.12, 4)[:, None], (1, 6)),
        "dt": np.full(steps, DAYS * 86400.0),
    }


def dataset(steps: int = STEPS, bounds: bool = True, **time: str) -> xr.Dataset:
    """The truth on a regular grid, with depth as coordinate and time bounds."""
    t, made = truth(steps), xr.Dataset()
    edges = DAYS * np.arange(steps + 1)
    attributes = {"units": "days since 2001-01-01", "calendar": "standard", "standard_name": "time", "axis": "T", **time}
    made.coords["time"] = ("time", edges[1:], attributes)
    if bounds:
        made["time"].attrs["bounds"] = "time_bnds"
        made["time_bnds"] = (("time", "bnds"), np.stack([edges[:-1], edges[1:]], 1))
    bottom = np.cumsum(DZ)
    made.coords["depth"] = ("depth", bottom - DZ / 2, {"units": "m", "standard_name": "depth", "positive": "down", "axis": "Z"})
    made.coords["lat"] = ("lat", LAT, {"units": "degrees_north", "standard_name": "latitude"})
    made.coords["lon"] = ("lon", LON, {"units": "degrees_east", "standard_name": "longitude"})
    units = {"w_liq": "kg m-2", "t_soil": "K"}
    for name in LAYERED:
        made[name] = (("time", "depth", "lat", "lon"), t[name].reshape(steps, 4, 2, 3), {"units": units[name]})
    for name in ("q_bot", "co2_src_total"):
        made[name] = (("time", "lat", "lon"), t[name].reshape(steps, 2, 3), {"units": "kg m-2 s-1"})
    made["dz"] = ("depth", DZ, {"units": "m"})
    made["caco3"] = ("depth", np.linspace(0.0, 0.12, 4), {"units": "kg kg-1"})
    return made


def save(data: xr.Dataset, path: Path, **encoding: dict) -> Path:
    """Write a dataset, nothing left of the file it came from."""
    data = data.copy()
    for variable in data.variables.values():
        variable.encoding = {}
        for key in [k for k, v in variable.attrs.items() if v is None]:
            del variable.attrs[key]
    path.unlink(missing_ok=True)
    data.to_netcdf(path, encoding={"time": {"dtype": data["time"].dtype}, **encoding})
    return path


def read_all(path: Path) -> dict[str, np.ndarray]:
    """Everything the reader gives, as the truth has it: (step, soil_layer, place). Raises its errors, problems included."""
    with ForcingFile(path) as forcing:
        for problem in forcing.survey.problems:
            raise ForcingError(problem)
        steps = [forcing.step(i) for i in range(len(forcing.axis))]
        found = {n: np.stack([s[n] for s in steps]) for n in steps[0]}
        found = {n: np.moveaxis(a, -1, -2) if a.ndim == 3 else a for n, a in found.items()}
        found |= {n: a.T for n, a in forcing.static().items()}
        assert forcing.layout.lat is not None and forcing.layout.lon is not None
        places = np.stack([forcing.layout.lat[forcing.land], forcing.layout.lon[forcing.land]])
        return {**found, "dt": forcing.axis.dt, "places": places}


def same(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray], relative: float = EXACT) -> None:
    """Assert that each number is the one of the truth, at its step, layer and place, whatever the order of places."""
    north, east = (m.ravel() for m in np.meshgrid(LAT, LON, indexing="ij"))
    index = [
        int(np.flatnonzero((abs(north - a) < 1e-3) & (abs((east - o + 180) % 360 - 180) < 1e-3))[0]) for a, o in found["places"].T
    ]
    for name, values in wanted.items():
        expected = values if name == "dt" else values[..., index]
        np.testing.assert_allclose(found[name], expected, rtol=relative, atol=0, err_msg=name)
