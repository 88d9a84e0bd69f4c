"""Any MIN3P run folder as one xarray Dataset, or streamed into a netCDF file without ever holding it.

What:    every family of output (profiles, cells, budgets, faces), whatever its components, minerals and geometry; says what is
         missing for training and never invents a unit.
Shapes:  profiles (output, layer) for a vertical column, layer 1 at the top; (output, z, y, x) without the axes of length one for
         fields; faces (output, face); cells (step_<family>, cell_<family>); budgets (step_<family>).
Units:   as the run's own file list or column titles state them, else "unknown".
Use:     ``ds = open_run(folder)``; ``convert(folder, "run.nc")`` for a big one; ``report(folder)`` for an archive.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import xarray as xr

from ..contract.errors import InputError
from .folder import BALANCE, FAMILIES, SPATIAL, TRANSIENT, Run, find_runs, list_runs
from .pieces import Grid, Piece, series_pieces, spatial_pieces
from .tables import iter_zones

TRAINING_NEEDS = {
    "totals of dissolved components (.gst)": ("tot_ca+2", "tot_co3-2", "tot_h+1"),
    "pH and temperature (.gsm)": ("pH", "temperature"),
    "soil air (.gsg)": ("p_co2(g)",),
    "minerals (.gsv)": ("phi_calcite",),
    "exchangeable ions (.gsb)": ("sorb_",),
    "water content (.gsp)": ("theta_a",),
    "component budgets (.mac)": ("mac_ca+2", "mac_co3-2"),
    "water budget (.mvc)": ("mvc_",),
}
"""What a learning member is made of: description -> variables (or the beginnings of their names)."""
CHUNK = 1024
"""Steps per chunk of a converted table."""


class ReadError(InputError):
    """A folder cannot be read as a run; the text names the file and the fault."""


def _choose(folder: Path, stem: str | None) -> Run:
    runs = list_runs(folder) if folder.is_dir() else []
    if not runs:
        raise ReadError(f"{folder} holds no MIN3P output; known families are {', '.join(sorted(FAMILIES))}")
    if stem is None:
        return max(runs, key=lambda r: sum(map(len, r.families.values())))
    for run in runs:
        if run.stem == stem:
            return run
    raise ReadError(f"{folder} holds no run {stem!r}; it holds {', '.join(r.stem for r in runs)}")


class _Reading:
    """One pass over a run: pieces, and what was learnt on the way."""

    def __init__(self, run: Run, families: Iterable[str] | None) -> None:
        self.run = run
        wanted = set(families) if families is not None else set(run.families)
        self.families = [f for f in run.families if f in wanted]
        self.grids: dict[str, Grid] = {}
        self.times: dict[int, float] = {}
        self.notes: list[str] = []

    def pieces(self) -> Iterator[Piece]:
        for family in self.families:
            if family in SPATIAL:
                yield from spatial_pieces(self.run, family, self.grids, self.times, self.notes)
            elif family in TRANSIENT or family in BALANCE:
                yield from series_pieces(self.run, family, self.notes)

    def time(self, count: int) -> np.ndarray:
        """Time of each output; the start is that of the deck, unknown outputs are NaN."""
        out = np.full(count, np.nan)
        for number, value in self.times.items():
            out[number] = value
        if count and np.isnan(out[0]) and self.run.start_time is not None:
            out[0] = self.run.start_time
        return out

    def attributes(self) -> dict[str, str]:
        state = self.run.status
        return {
            "source": str(self.run.folder.name), "stem": self.run.stem, "state": state.state, "reason": state.reason,
            "min3p_version": state.version or "unknown", "notes": "; ".join(self.notes),
        }  # fmt: skip

    def time_unit(self) -> str:
        """Unit in the zone titles (that of the deck's time-step block)."""
        for family in self.families:
            if family in SPATIAL:
                for file in self.run.families[family]:
                    for zone, _ in iter_zones(file.path, block_rows=1):
                        if zone.time_unit:
                            return zone.time_unit
                        break
        return self.run.time_unit or "unknown"


# ------------------------------------------------------------------------------------------------ public
def open_run(
    folder: Path | str, families: Iterable[str] | None = None, stem: str | None = None, dtype: str = "float32"
) -> xr.Dataset:
    """Dataset of one run. Partial and failed runs open too: attribute ``state`` says so, ``missing`` what training would lack.

    ``families`` limits what is read (extensions), ``stem`` picks one of several runs in a folder.
    Raises ReadError when the folder holds no output or no run of that stem.
    """
    reading = _Reading(_choose(Path(folder), stem), families)
    parts: dict[str, list[Piece]] = {}
    for piece in reading.pieces():
        parts.setdefault(piece.name, []).append(
            Piece(piece.name, piece.dims, piece.start, piece.values.astype(dtype), piece.units)
        )
    outputs = max((p.start + len(p.values) for ps in parts.values() for p in ps if p.dims[0] == "output"), default=0)
    lengths: dict[str, int] = {"output": outputs}
    for pieces in parts.values():
        dim = pieces[0].dims[0]
        lengths[dim] = max(lengths.get(dim, 0), max(p.start + len(p.values) for p in pieces))
    data = {}
    for name, pieces in parts.items():
        first = pieces[0]
        whole = np.full((lengths[first.dims[0]], *first.values.shape[1:]), np.nan, dtype=dtype)
        for piece in pieces:
            if piece.dims == first.dims:
                whole[piece.start : piece.start + len(piece.values)] = piece.values
            else:
                reading.notes.append(f"{name} changes its shape at output {piece.start}; that output was left out")
        data[name] = (first.dims, whole, {"units": first.units})
    out = xr.Dataset(_stack_cells(data))
    for grid in reading.grids.values():
        for name, (dims, values) in grid.coords.items():
            if all(d in out.dims for d in dims):
                out = out.assign_coords({name: (dims, values)})
    if outputs:
        out = out.assign_coords(time=("output", reading.time(outputs), {"units": reading.time_unit()}))
    out.attrs.update(reading.attributes(), missing="; ".join(missing_for_training(out)))
    return out


def _stack_cells(data: dict[str, tuple]) -> dict[str, tuple]:
    """Variables ``name@cell`` of the transient families as one (step, cell) each."""
    out = {n: v for n, v in data.items() if "@" not in n}
    groups: dict[str, dict[int, tuple]] = {}
    for name, value in data.items():
        if "@" in name:
            base, cell = name.rsplit("@", 1)
            groups.setdefault(base, {})[int(cell)] = value
    for base, cells in groups.items():
        family = cells[min(cells)][0][0].removeprefix("step_")
        label = f"cell_{family}"
        out[base] = ((f"step_{family}", label), np.stack([cells[c][1] for c in sorted(cells)], axis=1), cells[min(cells)][2])
        out.setdefault(label, ((label,), np.array(sorted(cells)), {"units": "1"}))
    return out


def convert(
    folder: Path | str, target: Path | str, families: Iterable[str] | None = None, stem: str | None = None
) -> dict[str, str]:
    """Stream a run into a netCDF file, a block of rows at a time; returns its attributes. Raises ReadError as ``open_run``.

    Cells of the transient families stay variables of their own (``gb_tot_ca+2@3``), because their files come one after another.
    """
    from netCDF4 import Dataset

    reading = _Reading(_choose(Path(folder), stem), families)
    with Dataset(target, "w") as out:
        for piece in reading.pieces():
            if piece.name not in out.variables:
                for i, dim in enumerate(piece.dims):
                    if dim not in out.dimensions:
                        out.createDimension(dim, None if i == 0 else piece.values.shape[i])
                chunk = (CHUNK if len(piece.dims) == 1 else 32, *piece.values.shape[1:])
                made = out.createVariable(
                    piece.name, "f4", piece.dims, zlib=True, complevel=1, chunksizes=chunk, fill_value=np.nan
                )
                made.units = piece.units
            variable = out[piece.name]
            if piece.dims == variable.dimensions:
                variable[piece.start : piece.start + len(piece.values)] = piece.values
            else:
                reading.notes.append(f"{piece.name} changes its shape at output {piece.start}; that output was left out")
        if "output" in out.dimensions:
            time = out.createVariable("time", "f8", ("output",))
            time.units = reading.time_unit()
            time[:] = reading.time(len(out.dimensions["output"]))
        for grid in reading.grids.values():
            for name, (dims, values) in grid.coords.items():
                if all(d in out.dimensions for d in dims):
                    out.createVariable(name, "f8", dims)[:] = values
        attributes = reading.attributes()
        out.setncatts(attributes)
    return attributes


def missing_for_training(data: xr.Dataset) -> list[str]:
    """What a learning member would need and this run does not hold, in words."""
    units = {str(n): str(v.attrs.get("units", "")) for n, v in data.data_vars.items()}
    return _missing(units, {str(d) for d in data.sizes})


def _missing(units: dict[str, str], dims: set[str]) -> list[str]:
    """The same from the units by variable and the dimensions alone."""
    out = [what for what, needs in TRAINING_NEEDS.items() if not all(any(n.startswith(need) for n in units) for need in needs)]
    if not {"output", "layer"} <= dims:
        out.append("a vertical column (this run has another geometry)")
    unknown = sorted(n for n, unit in units.items() if unit == "unknown")
    if unknown:
        out.append(f"units of {len(unknown)} variables ({', '.join(unknown[:3])}{', ...' if len(unknown) > 3 else ''})")
    return out


def report(root: Path | str) -> Iterator[dict[str, str]]:
    """One line per run below ``root``: folder, stem, state, families, what is missing. Streams: no run is held in memory."""
    for run in find_runs(Path(root)):
        row = {"folder": str(run.folder), "stem": run.stem, "state": run.status.state, "families": " ".join(sorted(run.families))}
        reading = _Reading(run, None)
        units: dict[str, str] = {}
        dims: set[str] = set()
        try:
            for piece in reading.pieces():
                units[piece.name.split("@")[0]] = piece.units
                dims.update(piece.dims)
            row.update(missing="; ".join(_missing(units, dims)), notes="; ".join(reading.notes))
        except ValueError as error:
            row.update(missing="everything", notes=str(error))
        yield row
