"""The output families of a run as a stream of pieces: parts of named arrays that a caller stores where it likes.

What:    profiles and fields go to their place in space (layers from the top), tables over time come block by block.
Shapes:  ``Piece.values`` continues its variable along the first dimension at ``start``.
Units:   from the run itself (``Run.unit``), never guessed.
Use:     ``for piece in spatial_pieces(run, "gst", grids, times, notes): ...``
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from .folder import SPATIAL, TRANSIENT, OutputFile, Run
from .tables import Zone, iter_zones, read_table

_ENTITY = re.compile(r"\bfor (?:component |mineral )?(\S+)")


@dataclass(frozen=True)
class Piece:
    """Part of one variable: ``values`` go to ``start`` along the first dimension."""

    name: str
    dims: tuple[str, ...]
    start: int
    values: np.ndarray
    units: str


@dataclass(frozen=True)
class Grid:
    """Where the rows of a profile or field belong: ``dims`` and ``shape`` of space, ``order`` of the rows, coordinates."""

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    order: np.ndarray
    coords: Mapping[str, tuple[tuple[str, ...], np.ndarray]]


def _grid(names: list[str], rows: np.ndarray, face: bool, extra: str = "") -> Grid:
    """Geometry from the x, y, z columns: a column, a regular field, or a cloud of points.

    ``extra`` marks the names of a second geometry within the same run.
    """
    axes = {a: rows[:, names.index(a)] for a in "xyz"}
    values = {a: np.unique(v) for a, v in axes.items()}
    long = [a for a in "zyx" if len(values[a]) > 1]
    if len(long) <= 1:
        along = long[0] if long else "z"
        label = (("face" if face else "layer") if along == "z" else along + ("_face" if face else "")) + extra
        order = np.argsort(-axes[along] if along == "z" else axes[along], kind="stable")
        coords = {("z_face" if face else "z") + extra if along == "z" else label: ((label,), axes[along][order])}
        return Grid((label,), (len(order),), order, coords)
    shape = tuple(len(values[a]) for a in long)
    suffix = ("_face" if face else "") + extra
    if int(np.prod(shape)) == len(rows):
        order = np.lexsort([-axes[a] if a == "z" else axes[a] for a in reversed(long)])
        coords = {a + suffix: ((a + suffix,), values[a][::-1] if a == "z" else values[a]) for a in long}
        return Grid(tuple(a + suffix for a in long), shape, order, coords)
    label = "point" + suffix
    return Grid((label,), (len(rows),), np.arange(len(rows)), {f"{a}_{label}": ((label,), axes[a]) for a in "xyz"})


def _tidy(name: str) -> str:
    """Name without its bracketed unit, spaces and slashes (a slash means a group in netCDF)."""
    return re.sub(r"\s+", "_", re.sub(r"\s*\[[^\]]*\]\s*", "", name)).replace("/", "-").strip("_")


def _label(prefix: str, name: str) -> str:
    return f"{prefix}_{_tidy(name)}" if prefix else _tidy(name)


def _columns(zone: Zone, count: int) -> list[str]:
    """Column names; numbered ones for a file without a header."""
    return zone.names if len(zone.names) == count else [f"column_{i + 1}" for i in range(count)]


def spatial_pieces(run: Run, family: str, grids: dict[str, Grid], times: dict[int, float], notes: list[str]) -> Iterator[Piece]:
    for file in run.families[family]:
        number = file.index or 0
        zone, rows = _read(file, notes)
        if not len(rows):
            continue
        names = _columns(zone, rows.shape[1])
        if zone.time is not None:
            times.setdefault(number, zone.time)
        key = "face" if family == "vel" else "cell"
        if not {"x", "y", "z"} <= set(names):
            notes.append(f"{file.path.name} has no x, y, z columns (no header): its rows stay in file order")
            grid = Grid((f"row_{family}",), (len(rows),), np.arange(len(rows)), {})
        else:
            extra = ""
            if key in grids and len(grids[key].order) != len(rows):  # a file cut short, or a family of another geometry
                extra = f"_{len(rows)}"
            if key + extra not in grids:
                grids[key + extra] = _grid(names, rows, family == "vel", extra)
            grid = grids[key + extra]
        for i, name in enumerate(names):
            if name not in ("x", "y", "z"):
                values = rows[grid.order, i].reshape(1, *grid.shape)
                yield Piece(_label(SPATIAL[family], name), ("output", *grid.dims), number, values, run.unit(family, i, name))


def series_pieces(run: Run, family: str, notes: list[str]) -> Iterator[Piece]:
    """Files that are tables over time: one variable per column, entity and (for cells) place."""
    step = f"step_{family}"
    transient = family in TRANSIENT
    for position, file in enumerate(run.families[family]):
        start = 0
        try:
            for zone, rows in iter_zones(file.path):
                names = _columns(zone, rows.shape[1])
                entity = _entity(zone, file, family)
                for i, name in enumerate(names):
                    clock = i == 0 and (name.lower().startswith("time") or name.startswith("column_"))
                    if clock and position:
                        continue  # steps are the same for all files of a family
                    if clock:
                        label = f"time_{family}"
                    elif transient:
                        label = f"gb_{_label(TRANSIENT[family], name)}"
                    else:
                        label = "_".join(x for x in (family, entity, _tidy(name)) if x)
                    if transient and not clock:
                        where = file.index if file.index is not None else position + 1
                        yield Piece(f"{label}@{where}", (step,), start, rows[:, i], run.unit(family, i, name))
                    else:
                        yield Piece(
                            label, (step,), start, rows[:, i], run.unit(family, i, name) if not clock else _time_unit(run, name)
                        )
                start += len(rows)
                if zone.cut_short:
                    notes.append(f"{file.path.name} ends in the middle of a line; that line was left out")
        except ValueError as error:
            notes.append(str(error))


def _time_unit(run: Run, name: str) -> str:
    found = re.search(r"\[([^\]]+)\]", name)
    return found[1] if found else (run.time_unit or "unknown")


def _entity(zone: Zone, file: OutputFile, family: str) -> str:
    """Component, gas or mineral a budget file is about, from its zone title; its number where the title is silent."""
    if family in TRANSIENT or file.index is None:
        return ""
    found = _ENTITY.search(zone.title)
    entity = found[1].strip(",") if found else str(file.index)
    return f"{entity}_face{file.face}" if file.face is not None else entity


def _read(file: OutputFile, notes: list[str]) -> tuple[Zone, np.ndarray]:
    try:
        zone, rows = read_table(file.path)
    except ValueError as error:
        notes.append(str(error))
        return Zone(file.path), np.empty((0, 0))
    if zone.cut_short:
        notes.append(f"{file.path.name} ends in the middle of a line; that line was left out")
    return zone, rows
