"""Forcing files of the user: CF NetCDF in any usual layout, checked, converted, read in blocks of steps.

What:    ``inspect`` says of every contract variable what the file holds; ``Forcing`` gives static soil and one step at a time.
Shapes:  file: time, soil layer and places in any order and layout (layout.py); inside: (column, soil_layer), land only.
Units:   whatever units.py can convert; times in any CF calendar; rates are means over the step that ends at ``time``.
Source:  variables are found by standard_name first, then by name, then by the names other projects use (DESIGN.md 4);
         dt from time bounds, else from differences. Several files (a pattern with *) are one, chunk by chunk (Dask).
Use:     ``with Forcing(path) as f: f.static(); dt, values = f.step(0)``; raises ForcingError, one sentence.
"""

from __future__ import annotations

import glob
import itertools
from dataclasses import dataclass
from pathlib import Path

import cftime
import numpy as np
import xarray as xr

from ..emulator.variables import Variable, load_table
from . import layout
from .errors import CalcisolError
from .units import UnitError, convert

SENTINELS = (-9999.0, -999.0, 1e20, 999999.0, 1e36, 9.96921e36)  # -999: seen in station files
WATER = ("w_liq", "w_ice")
STEP_SECONDS = (60.0, 2678400.0)  # what the library takes: one minute to 31 days
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


@dataclass(frozen=True)
class Finding:
    """What a file holds of one contract variable."""

    variable: Variable
    found: str  # name in the file, "" where absent
    status: str  # given | converted | default | derived | missing | wrong unit | wrong shape
    note: str = ""
    problem: str = ""  # one sentence where the file cannot run

    def line(self) -> str:
        """One row of ``calcisol check``."""
        return f"{self.variable.name:16s} {self.variable.units:12s} {self.status:12s} {self.found:16s} {self.note}".rstrip()


def open_files(path: Path) -> xr.Dataset:
    """A NetCDF file, or several by a pattern with * as one, lazily. Raises ForcingError."""
    files = sorted(glob.glob(str(path))) if "*" in str(path) else [str(path)]
    if not files or not Path(files[0]).is_file():
        raise ForcingError(f"forcing {path} does not exist; give the path of a NetCDF file")
    try:
        if len(files) > 1:
            return xr.open_mfdataset(files, decode_times=False, combine="by_coords", data_vars="minimal", chunks={})
        return xr.open_dataset(files[0], decode_times=False, decode_timedelta=False)
    except (OSError, ValueError) as error:
        text = str(error).splitlines()[0]
        raise ForcingError(f"forcing {path} is no NetCDF file that can be read ({text}); write it again") from None


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
            raise ForcingError(f"{variable.name} {error}; reshape it") from None
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
        if not self.time or self.time not in self.file.variables:
            raise ForcingError(
                f"forcing {self.path.name} has no variable time; add one with CF units such as days since 2000-01-01"
            )
        time = self.file[self.time]
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
                f"time has units {units!r} and calendar {calendar!r}, which cannot be read ({error}); use CF units"
            ) from None
        if not dt.size:
            raise ForcingError("time has one value and no bounds, so the step is unknown; add a second step or time bounds")
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


def faults(variable: Variable, values: np.ndarray) -> tuple[str, str]:
    """(note, problem) of a variable's values: NaN, sentinels and negative water are problems, values out of range a note."""
    nan = int(np.isnan(values).sum())
    if nan:
        return "", f"{variable.name} holds {nan} missing values (NaN or fill) of {values.size}; fill them or set active = 0 there"
    infinite = int(np.isinf(values).sum())
    if infinite:
        return "", f"{variable.name} holds {infinite} infinite values; remove them"
    for sentinel in SENTINELS:
        count = int(np.isclose(values, sentinel, rtol=1e-6, atol=0).sum())
        if count:
            return (
                "",
                f"{variable.name} holds {count} times {sentinel:g}, a code for missing data; declare it as _FillValue or fill it",
            )
    if variable.name in WATER and values.min() < 0:
        return "", f"{variable.name} is negative ({values.min():g} {variable.units}); water amounts must be 0 or more"
    span = f"{values.min():.4g} to {values.max():.4g}"
    if variable.valid is not None:
        low, high = variable.valid
        outside = int(((values < low) | (values > high)).sum())
        if outside:
            return f"{outside} of {values.size} values outside {low:g} to {high:g} will be clipped ({span})", ""
    return span, ""


def blocks(forcing: Forcing, variable: Variable) -> list[slice | None]:
    """Pieces of the time axis small enough to hold at once; [None] for static properties."""
    if variable.role == "static":
        return [None]
    total = forcing.file.sizes[forcing.time]
    count = max(1, int(BLOCK_BYTES / (8.0 * len(forcing.layout) * max(1, forcing.layers))))
    return [slice(a, min(a + count, total)) for a in range(0, total, count)]


def look(forcing: Forcing, v: Variable) -> Finding:
    """What the file holds of one variable that it has, read block by block."""
    name = forcing.names[v.name]
    units = str(forcing.file[name].attrs.get("units", ""))
    ends: list[np.ndarray] = []
    note = problem = ""
    try:
        for piece in blocks(forcing, v):
            values = forcing.read(v, piece)
            note, problem = faults(v, values)
            if problem:
                break
            inside = np.ones(values.shape, bool) if v.valid is None else (values >= v.valid[0]) & (values <= v.valid[1])
            ends.append(np.array([values.min(), values.max(), (~inside).sum(), values.size]))
    except ForcingError as error:
        return Finding(v, name, "wrong shape" if "has dims" in str(error) else "wrong unit", "", str(error))
    if ends and not problem and len(ends) > 1:
        table = np.array(ends)
        span, outside = f"{table[:, 0].min():.4g} to {table[:, 1].max():.4g}", int(table[:, 2].sum())
        note = span
        if outside and v.valid is not None:
            note = (
                f"{outside} of {int(table[:, 3].sum())} values outside {v.valid[0]:g} to {v.valid[1]:g} will be clipped ({span})"
            )
    status = "given" if units in ("", v.units) else "converted"
    origin = f"from {units}; " if status == "converted" else ""
    return Finding(v, name, status, origin + note + ("" if units else "; no units given, taken as is"), problem)


def inspect(path: Path) -> list[Finding]:
    """What a file holds of every input of the contract. Raises ForcingError where the file itself cannot be read."""
    findings = []
    with Forcing(path) as forcing:
        forcing.times()
        for v in [v for v in load_table().variables if v.role in ("static", "forcing")]:
            if v.name in forcing.names:
                findings.append(look(forcing, v))
            elif v.default == "required":
                text = f"{v.name} [{v.units}] is missing; add it ({v.long_name})"
                findings.append(Finding(v, "", "missing", "", text))
            else:
                note = v.note or "" if v.default == "derived" else f"{v.default:g}"
                findings.append(Finding(v, "", "derived" if v.default == "derived" else "default", note))
    return findings


def describe(path: Path) -> str:
    """One line on the layout of a file, for ``calcisol check``."""
    with Forcing(path) as forcing:
        dt, time = forcing.times(), forcing.file[forcing.time]
        calendar = str(time.attrs.get("calendar", "standard"))
        length = f"{dt.min() / 86400:.3g}" if dt.min() == dt.max() else f"{dt.min() / 86400:.3g} to {dt.max() / 86400:.3g}"
        return (
            f"{path.name}: {layout.KINDS[forcing.layout.kind]}, {forcing.ncol} of {len(forcing.layout)} columns hold values, "
            f"{forcing.layers} layers, {len(dt)} steps of {length} days, calendar {calendar}"
        )
