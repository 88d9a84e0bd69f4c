"""Forcing files of the user: CF NetCDF in any usual layout, checked, converted, read in blocks of steps.

What:    ``Forcing`` gives static soil and one step at a time; check.py says what a file holds and what is wrong with it.
Shapes:  file: time, soil layer and places in any order and layout (layout.py); inside: (column, soil_layer), land only.
Units:   whatever units.py can convert; times in any CF calendar; rates are means over the step that ends at ``time``.
Source:  variables are found by standard_name first, then by name, then by the names other projects use (DESIGN.md 4);
         dt from time bounds, else from differences. Several files (a pattern with *) are one, chunk by chunk (Dask).
Use:     ``with Forcing(path) as f: f.static(); dt, values = f.step(0)``; raises ForcingError, one sentence.
"""

from __future__ import annotations

import glob
import itertools
from pathlib import Path

import cftime
import numpy as np
import xarray as xr

from ...emulator.contract import constants
from ...emulator.contract.variables import Variable, load_table
from ..errors import CalcisolError
from ..units import UnitError, convert
from . import layout
from .joined import join

STEP_SECONDS = (constants.DT_MIN, constants.DT_MAX)  # what the library takes: one minute to 31 days
BLOCK_BYTES = 64e6  # steps of one variable are read together up to this size: memory stays bounded, files are unpacked once
# names without a CF standard name that CMIP, ALMA and ORCHIDEE history files use: (contract, name in the file)
ALIASES = {
    "w_liq": ("mrsll", "mrlsl", "mrsol", "SoilMoist"),
    "w_ice": ("mrsfl",),
    "t_soil": ("tsl", "SoilTemp", "ptn"),
    "q_bot": ("drainage", "Qsb", "mrrob"),
    "p_surf": ("ps", "PSurf"),
    "co2_src_total": ("hetero_resp", "rh", "HeteroResp"),
    "co2_atm": ("CO2air", "co2"),
}


class ForcingError(CalcisolError):
    """The forcing file cannot be used; the text names the variable, the fault and the mend."""


def open_files(path: Path) -> xr.Dataset:
    """A NetCDF file, or several by a pattern with * as one, lazily. Raises ForcingError."""
    files = sorted(glob.glob(str(path))) if "*" in str(path) else [str(path)]
    if not files or not Path(files[0]).is_file():
        if path.is_dir():
            raise ForcingError(f'{path} is a folder; name one file, or several by a pattern, e.g. "{path}/year_*.nc"')
        raise ForcingError(f"{path} does not exist; give the path of a NetCDF file")
    try:
        if len(files) > 1:
            return join(files)
        return xr.open_dataset(files[0], decode_times=False, decode_timedelta=False)
    except (OSError, ValueError) as error:
        text = str(error).splitlines()[0]
        text = "no netCDF at all" if "engine" in text else text  # xarray lists the packages it could ask
        if len(files) > 1:
            raise ForcingError(f"the {len(files)} files of {path} cannot be joined ({text}); write them alike") from None
        raise ForcingError(f"{path} is no NetCDF file that can be read ({text}); write it again") from None


class Forcing:
    """An open forcing file. ``land`` holds the positions of the columns that are run, ``ncol`` their number."""

    def __init__(self, path: Path) -> None:
        """Open, find variables and layout. Raises ForcingError when the file cannot be read or its layout not understood."""
        self.path = path
        self.file = open_files(path)
        try:
            self.layout = layout.find(self.file)
        except ValueError as error:
            raise ForcingError(f"forcing {path.name}: {error}; write plain lat and lon") from None
        self.time, self.depth = layout.time_dim(self.file), layout.depth_dim(self.file)
        self.names = self._find()
        self.layers = self.file.sizes[self.depth] if self.depth else 1
        self.land = np.arange(len(self.layout))
        self._blocks: dict[str, tuple[int, np.ndarray]] = {}
        if self.layout.kind in ("regular", "rotated", "compressed"):
            self.land = self._find_land()
        self.ncol = len(self.land)
        self._check_places()

    def _check_places(self) -> None:
        """Raise ForcingError where the columns that run lie nowhere on the Earth."""
        if not self.ncol:
            raise ForcingError(f"forcing {self.path.name} holds no column; its places have length 0")
        for name, values, limit in (("lat", self.layout.lat, 90.0), ("lon", self.layout.lon, 360.0)):
            if values is None or len(values) != len(self.layout):
                continue
            here = values[self.land]
            bad = here[~(np.abs(here) <= limit)]
            if bad.size:
                hint = "are lat and lon swapped" if name == "lat" and np.isfinite(bad[0]) else "is it filled"
                raise ForcingError(f"{name} = {bad[0]:g} in {self.path.name} must lie between -{limit:g} and {limit:g}; {hint}?")

    def _find(self) -> dict[str, str]:
        """Contract name -> name in the file."""
        found = {}
        by_standard: dict[str, list[str]] = {}
        for name, variable in self.file.variables.items():
            by_standard.setdefault(str(variable.attrs.get("standard_name", "")), []).append(str(name))
        for v in [v for v in load_table().variables if v.role in ("static", "forcing")]:
            same = by_standard.get(v.standard_name or "-", [])
            if len(same) == 1:
                found[v.name] = same[0]
            elif v.name in self.file.variables:
                found[v.name] = v.name
            else:
                other = next((a for a in ALIASES.get(v.name, ()) if a in self.file.data_vars), None)
                if other:
                    found[v.name] = other
        return found

    def _find_land(self) -> np.ndarray:
        """Columns of a grid that hold values of every required variable; the others are sea."""
        here = np.ones(len(self.layout), bool)
        for v in load_table().variables:
            if v.name in self.names and v.default == "required" and v.role in ("static", "forcing"):
                raw = self._lazy(v)
                if "column" in raw.dims:
                    first = raw.isel({self.time: 0}) if self.time in raw.dims else raw
                    values = np.asarray(first.values, float)
                    here &= np.isfinite(values.reshape(-1, values.shape[-1])).any(0)
        if not here.any():
            raise ForcingError(f"forcing {self.path.name} holds no column with values of all required variables; fill some")
        return np.flatnonzero(here)

    def _lazy(self, variable: Variable) -> xr.DataArray:
        raw = self.file[self.names[variable.name]]
        try:
            stacked = self.layout.stack(raw, (self.time, self.depth) if variable.role == "forcing" else (self.depth,))
        except ValueError as error:
            raise ForcingError(f"{variable.name} {error}") from None
        wanted = ([self.time] if variable.role == "forcing" else []) + ([self.depth] if variable.dims == "layer" else [])
        wanted += ["column"] if self.layout.dims else []
        # static properties may be the same for all columns, as (soil_layer,)
        enough = set(stacked.dims) <= set(wanted) if variable.role == "static" else set(stacked.dims) == set(wanted)
        if not enough:
            have, want = ", ".join(map(str, raw.dims)), ", ".join(w for w in wanted if w)
            raise ForcingError(f"{variable.name} has dims ({have}), not ({want}); reshape it")
        return stacked

    def read(self, variable: Variable, step: int | slice | None = None) -> np.ndarray:
        """Values in contract units, (column, soil_layer) or (column,); steps first unless ``step`` is one number.

        Raises ForcingError (shape) and UnitError.
        """
        raw = self._lazy(variable)
        if step is not None and self.time in raw.dims:
            raw = raw.isel({self.time: step if isinstance(step, slice) else slice(step, step + 1)})
        values = np.asarray(raw.values, np.float64)
        if "column" in raw.dims:
            values = values[..., self.land]
        elif variable.role == "static":
            values = np.broadcast_to(values[..., None], (*values.shape, self.ncol))
        else:
            values = values[..., None]
        if variable.dims == "layer" and self.depth in raw.dims:
            values = np.moveaxis(values, -2, -1)  # (…, layer, column) -> (…, column, layer)
        elif variable.dims == "layer":
            values = values[..., None]
        if variable.role == "static" and variable.dims != "layer":
            values = values[:, None]
        try:
            values = convert(values, str(self.file[self.names[variable.name]].attrs.get("units", variable.units)), variable.units)
        except UnitError as error:
            raise ForcingError(f"{variable.name}: {error}") from None
        if variable.role == "static":
            return np.ascontiguousarray(np.broadcast_to(values, (self.ncol, self.layers)))
        return values[0] if isinstance(step, int) else values

    def times(self) -> np.ndarray:
        """Length of every step [s], (time,). Raises ForcingError where it is not 60 s to 31 days."""
        if not self.names:
            raise ForcingError(f"{self.path.name} holds no variable that is known; `calcisol describe` lists names and units")
        if not self.time or self.time not in self.file.variables:
            raise ForcingError(
                f"forcing {self.path.name} has no variable time; add one with CF units such as days since 2000-01-01"
            )
        time = self.file[self.time]
        missing = int((~np.isfinite(np.asarray(time.values, float))).sum()) if time.dtype.kind in "fiu" else 0
        if missing or not time.size:
            what = f"{missing} missing values of {time.size}" if time.size else "no value"
            raise ForcingError(f"time holds {what}; give every step its time")
        units, calendar = str(time.attrs.get("units", "")), str(time.attrs.get("calendar", "standard"))
        bounds = str(time.attrs.get("bounds", ""))
        date = lambda values: np.array(cftime.num2date(np.asarray(values, float), units, calendar), dtype=object)  # noqa: E731
        try:
            if bounds in self.file.variables:
                dt = np.array([(b - a).total_seconds() for a, b in np.atleast_2d(date(self.file[bounds].values))])
            else:
                dt = np.array([(b - a).total_seconds() for a, b in itertools.pairwise(np.atleast_1d(date(time.values)))])
                dt = np.concatenate([dt[:1], dt]) if dt.size else dt
        except (ValueError, TypeError, AttributeError) as error:
            raise ForcingError(
                f"time has units {units!r} and calendar {calendar!r}, which cannot be read ({error}); use CF units "
                "such as days since 2000-01-01"
            ) from None
        if not dt.size:
            raise ForcingError("time has one value and no bounds, so the step is unknown; add a second step or time bounds")
        back = np.flatnonzero(dt <= 0)
        if back.size:
            raise ForcingError(f"time goes back or stands still at value {max(back[0], 1) + 1} of {len(dt)}; sort the steps")
        bad = np.flatnonzero(~((dt >= STEP_SECONDS[0]) & (dt <= STEP_SECONDS[1])))
        if bad.size:
            raise ForcingError(f"time: step {bad[0] + 1} lasts {dt[bad[0]]:g} s; the library takes steps of 60 s to 31 days")
        return dt

    def static(self) -> dict[str, np.ndarray]:
        """All static properties the file holds, (column, soil_layer)."""
        return {v.name: self.read(v) for v in load_table().select("static") if v.name in self.names}

    def step(self, i: int) -> dict[str, np.ndarray]:
        """Forcing of step ``i`` by contract name; steps are read in blocks."""
        found = {}
        for v in [v for v in load_table().select("forcing") if v.name in self.names]:
            begin, block = self._blocks.get(v.name, (0, np.empty(0)))
            if not begin <= i < begin + len(block):
                size = 8.0 * len(self.layout) * (self.layers if v.dims == "layer" else 1)
                begin, count = i, max(1, int(BLOCK_BYTES / size))
                block = self.read(v, slice(begin, begin + count))
                self._blocks[v.name] = (begin, block)
            found[v.name] = block[i - begin]
        return found

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def __enter__(self) -> Forcing:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
