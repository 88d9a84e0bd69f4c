"""From the numbers of a file to an input of the contract: unpacked, made of its parts, in layers from the surface, converted.

What:    ``values`` of one source and some steps; also where a code for missing data stands that nobody declared.
Shapes:  (time, column, soil_layer) or (time, column); static (column, soil_layer). All columns, sea included.
Units:   the contract's.
Use:     ``read.values(forcing, source, slice(0, 12)).data``
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from ..units import UnitError
from . import rates
from .fault import ForcingError
from .missing import coded, decode
from .names import Source
from .open_files import steps_of
from .opened import OpenedFile

EVERYWHERE = ("co2_atm", "p_surf")  # of the air: one series may serve all places
ROUNDED = 1e-4  # a total and its part, both rounded or packed, may differ by that share of the total when all is of one phase


@dataclass(frozen=True)
class Values:
    """Numbers in contract units, NaN where missing; ``codes`` marks codes that were not declared, as the file has them."""

    data: np.ndarray
    codes: np.ndarray
    raw: np.ndarray  # in the file's unit, unpacked


def _raw(forcing: OpenedFile, name: str, source: Source, part: xr.Dataset, steps: slice | None) -> np.ndarray:
    """One variable of one file as (time, layer, column), without what it lacks; unpacked. Raises ForcingError."""
    variable, v = part[name], source.variable
    have = ", ".join(map(str, variable.dims))
    if steps is not None and forcing.time in variable.dims:
        variable = variable.isel({forcing.time: steps})
    if forcing.soil.order is not None and forcing.depth in variable.dims:
        variable = variable.isel({forcing.depth: forcing.soil.order})
    try:
        stacked = forcing.layout.stack(variable, (forcing.time, forcing.depth) if v.role == "forcing" else (forcing.depth,))
    except ValueError as error:
        raise ForcingError(f"{v.name} {error}") from None
    wanted = ([forcing.time] if v.role == "forcing" else []) + ([forcing.depth] if v.dims == "layer" else [])
    wanted = [w for w in wanted if w] + (["column"] if forcing.layout.dims else [])
    # static properties may be the same for all columns, as (soil_layer,)
    enough = set(stacked.dims) <= set(wanted) if v.role == "static" else set(stacked.dims) == set(wanted)
    if v.name in EVERYWHERE:
        enough = enough or stacked.dims == (forcing.time,)
    if not enough:
        want = ", ".join(w for w in wanted if w)
        raise ForcingError(f"{v.name} has dims ({have}), not ({want}); reshape it")
    try:
        values = decode(stacked.values, part[name].attrs)
    except (TypeError, ValueError) as error:
        raise ForcingError(f"{v.name} ({name}) holds no numbers but {error}; give numbers in {v.units}") from None
    except (OSError, RuntimeError) as error:
        raise ForcingError(f"{v.name} ({name}) of {forcing.path.name} cannot be read ({error}); copy the file again") from None
    return _shape(forcing, stacked, values, source)


def _shape(forcing: OpenedFile, stacked: xr.Variable, values: np.ndarray, source: Source) -> np.ndarray:
    """Column before layer; broadcast for static properties given once."""
    v, count = source.variable, len(forcing.layout)
    if "column" not in stacked.dims:
        alike = v.role == "static" or v.name in EVERYWHERE
        values = np.repeat(values[..., None], count, axis=-1) if alike else values[..., None]
    if v.dims == "layer" and forcing.depth in stacked.dims:
        values = np.moveaxis(values, -2, -1)
    elif v.dims == "layer" and (v.role == "static" or forcing.layers == 1):
        values = np.repeat(values[..., None], forcing.layers, axis=-1)
    return values


def _whole(forcing: OpenedFile, name: str, source: Source, steps: slice | None) -> np.ndarray:
    """One variable over some steps, across files; unpacked, in its own unit."""
    if steps is None or forcing.time not in forcing.file[name].dims:
        return _raw(forcing, name, source, forcing.file, steps)
    pieces = [_raw(forcing, name, source, part, own) for part, own in steps_of(forcing.parts, forcing.time, steps)]
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def _convert(forcing: OpenedFile, name: str, source: Source, raw: np.ndarray, steps: slice | None, share: bool) -> np.ndarray:
    try:
        made = rates.conversion_of(forcing.file, name, source.variable, forcing.time, share)
    except UnitError as error:
        raise ForcingError(f"{source.variable.name}: {error}") from None
    lengths = {k: np.reshape(x, (-1, *([1] * (raw.ndim - 1)))) if np.ndim(x) else x for k, x in forcing.lengths(steps).items()}
    return np.array(made(raw, **lengths), np.float64)


def values(forcing: OpenedFile, source: Source, steps: slice | None) -> Values:
    """Values of a source. Raises ForcingError where shape, unit or type are not those asked for."""
    if source.how == "bounds":
        assert forcing.soil.thickness is not None
        data = np.tile(forcing.soil.thickness, (len(forcing.layout), 1))
        return Values(data, np.zeros(data.shape, bool), data)
    first, *second = source.names
    raw = _whole(forcing, first, source, steps)
    codes = coded(raw, forcing.file[first].attrs)
    data = _convert(forcing, first, source, raw, steps, False)
    for name in second:
        other = _whole(forcing, name, source, steps)
        codes |= coded(other, forcing.file[name].attrs)
        part = _convert(forcing, name, source, other, steps, source.how != "difference")
        if source.how == "difference":
            rest = data - part
            data = np.where((rest < 0) & (rest >= -ROUNDED * np.abs(data)), 0.0, rest)
        else:
            data = data * (part if source.how == "share" else 1.0 - part)
    return Values(data, codes, raw)
