"""From the numbers of a file to an input of the contract: unpacked, made of its parts, in layers from the surface, converted.

What:    ``values`` of one source and some steps; also where a code for missing data stands that nobody declared.
Shapes:  (time, column, soil_layer) or (time, column); static (column, soil_layer). All columns, sea included.
Units:   the contract's.
Use:     ``read.values(forcing, source, slice(0, 12)).data``
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import xarray as xr

from ...emulator.contract import constants
from ...emulator.contract.variables import Variable
from ..units import UnitError, conversion
from . import rates
from .fault import ForcingError
from .land_model_terms import BY_PLANT, PLANTS
from .missing import PACKING, coded, decode
from .names import Source
from .open_files import BLOCK_BYTES, decoded, steps_of
from .opened import OpenedFile
from .water_phases import BY_VOLUME

EVERYWHERE = ("co2_atm", "p_surf")  # of the air: one series may serve all places
KEPT_BYTES = 2.0 * BLOCK_BYTES  # of the latest variables read: sinks, drainage, faces and budget of a land model are of the same
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
    if name in BY_PLANT and (plants := [d for d in PLANTS if d in variable.dims]):
        variable = decoded(variable).sum(plants, min_count=1, keep_attrs=True)
    if v.name == "t_soil" and forcing.depth not in variable.dims:
        variable = _at_layers(forcing, variable)
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
        values = decode(stacked.values, variable.attrs)
    except (TypeError, ValueError) as error:
        raise ForcingError(f"{v.name} ({name}) holds no numbers but {error}; give numbers in {v.units}") from None
    except (OSError, RuntimeError) as error:
        raise ForcingError(f"{v.name} ({name}) of {forcing.path.name} cannot be read ({error}); copy the file again") from None
    return _shape(forcing, stacked, values, source)


def _at_layers(forcing: OpenedFile, variable: xr.DataArray) -> xr.DataArray:
    """Temperature of an axis of its own, as ORCHIDEE and CLM have one, at the middles of the layers; constant beyond its ends."""
    own = [d for d in variable.dims if d not in (forcing.time, *forcing.layout.dims) and variable.sizes[d] > 1]
    if len(own) != 1 or own[0] not in forcing.file.variables or not forcing.depth:
        return variable
    axis = forcing.file[own[0]]
    try:
        depth = conversion(str(axis.attrs.get("units", "")), "m", "")(np.asarray(axis.values, np.float64))
    except UnitError:
        return variable
    middle = forcing.soil.centre
    if middle is None:
        if "dz" not in forcing.sources:
            return variable
        dz = values(forcing, forcing.sources["dz"], None).data.mean(0)
        middle = np.cumsum(dz) - dz / 2
    order = np.argsort(depth)
    weights = np.stack([np.interp(middle, depth[order], row) for row in np.eye(len(depth))[:, order]], axis=1)
    known = decoded(variable).transpose(..., own[0])
    dims = (*known.dims[:-1], forcing.depth)
    attributes = {k: a for k, a in variable.attrs.items() if k not in PACKING}
    return xr.DataArray(np.asarray(known.values, np.float64) @ weights.T, dims=dims, attrs=attributes, name=variable.name)


def _shape(forcing: OpenedFile, stacked: xr.Variable, values: np.ndarray, source: Source) -> np.ndarray:
    """Column before layer; broadcast for static properties given once."""
    v, count = source.variable, len(forcing.layout)
    if "column" not in stacked.dims:
        alike = v.role == "static" or v.name in EVERYWHERE
        values = np.repeat(values[..., None], count, axis=-1) if alike else values[..., None]
    if v.dims == "layer" and forcing.depth in stacked.dims:
        values = np.moveaxis(values, -2, -1)
    elif v.dims == "layer" and (v.role == "static" or forcing.soil.count == 1):
        values = np.repeat(values[..., None], forcing.soil.count, axis=-1)
    return values


def whole(forcing: OpenedFile, name: str, source: Source, steps: slice | None) -> np.ndarray:
    """One variable over some steps, across files; unpacked, in its own unit. To be read only: the latest are kept."""
    key = (name, source.variable.name, *((steps.start, steps.stop) if steps is not None else ()))
    found = forcing.latest.pop(key, None)
    if found is None:
        found = _across(forcing, name, source, steps)
        found.setflags(write=False)
    forcing.latest[key] = found
    while sum(values.nbytes for values in forcing.latest.values()) > KEPT_BYTES:
        del forcing.latest[next(iter(forcing.latest))]
    return found


def _across(forcing: OpenedFile, name: str, source: Source, steps: slice | None) -> np.ndarray:
    if steps is None or forcing.time not in forcing.file[name].dims:
        return _raw(forcing, name, source, forcing.file, steps)
    pieces = [_raw(forcing, name, source, part, own) for part, own in steps_of(forcing.parts, forcing.time, steps)]
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def converted(
    forcing: OpenedFile,
    name: str,
    v: Variable,
    raw: np.ndarray,
    steps: slice | None,
    share: bool = False,
    counts: str | None = None,
) -> np.ndarray:
    """Numbers of a variable of the file in the unit of ``v`` (or as shares of 1). Raises ForcingError."""
    if name in BY_VOLUME and v.units == "kg m-2":
        return raw * _water_of_volume(forcing, name)
    try:
        made = rates.conversion_of(forcing.file, name, v, forcing.time, share, counts)
    except UnitError as error:
        raise ForcingError(f"{v.name}: {error}") from None
    lengths = {k: np.reshape(x, (-1, *([1] * (raw.ndim - 1)))) if np.ndim(x) else x for k, x in forcing.lengths(steps).items()}
    return np.array(made(raw, **lengths), np.float64)


def _water_of_volume(forcing: OpenedFile, name: str) -> np.ndarray:
    """kg m-2 of a layer full of water, in the unit of a share of its volume, (column, soil_layer)."""
    units = re.sub(r"[{}]", "", str(forcing.file[name].attrs.get("units", "")))
    try:
        factor = float(conversion(units or "1", "1", "")(np.ones(1))[0])
    except UnitError as error:
        raise ForcingError(f"{name}: {error}") from None
    if "dz" not in forcing.sources:
        raise ForcingError(f"{name} is a share of volume, and dz [m] is missing; add it (thickness of the soil layer)")
    return factor * constants.WATER_DENSITY * values(forcing, forcing.sources["dz"], None).data


def values(forcing: OpenedFile, source: Source, steps: slice | None) -> Values:
    """Values of a source. Raises ForcingError where shape, unit or type are not those asked for."""
    if source.how == "bounds":
        assert forcing.soil.thickness is not None
        data = np.tile(forcing.soil.thickness, (len(forcing.layout), 1))
        return Values(data, np.zeros(data.shape, bool), data)
    first, *second = source.names
    raw = whole(forcing, first, source, steps)
    codes = coded(raw, forcing.file[first].attrs)
    data = converted(forcing, first, source.variable, raw, steps)
    for name in second:
        other = whole(forcing, name, source, steps)
        codes |= coded(other, forcing.file[name].attrs)
        part = converted(forcing, name, source.variable, other, steps, source.how not in ("difference", "sum"))
        if source.how == "sum":
            data = data + part
            continue
        if source.how == "difference":
            rest = data - part
            data = np.where((rest < 0) & (rest >= -ROUNDED * np.abs(data)), 0.0, rest)
        else:
            data = data * (part if source.how == "share" else 1.0 - part)
    return Values(data, codes, raw)
