"""An input of the contract out of a forcing file, whatever it is made of, in the layers of the run.

What:    ``values``: as read.py reads it, or from the water budget of a land model; thin layers joined with their neighbours.
Shapes:  (time, column, soil_layer) or (time, column); static (column, soil_layer). All columns. Units: the contract's.
Source:  amounts of joined layers are added, contents and temperatures averaged by thickness, as adapters of land models do.
Use:     ``join_thin(forcing)`` once; ``values(forcing, source, slice(0, 12)).data``
"""

from __future__ import annotations

import numpy as np

from ...emulator.contract.variables import Variable
from . import land_model_water, read
from .names import Source
from .opened import OpenedFile
from .read import Values
from .vertical import joined


def join_thin(forcing: OpenedFile) -> None:
    """Decide which layers of a land model's file are joined. Raises ForcingError."""
    if forcing.terms and "dz" in forcing.sources:
        forcing.joined = joined(read.values(forcing, forcing.sources["dz"], None).data)
        if forcing.joined is not None:
            forcing.layers = int(forcing.joined[-1]) + 1


def values(forcing: OpenedFile, source: Source, steps: slice | None) -> Values:
    """Values of a source. Raises ForcingError where shape, unit or type are not those asked for."""
    v = source.variable
    if source.how == "land model" and steps is not None:
        data = land_model_water.values(forcing, v.name, steps)
        found = Values(data, np.zeros(data.shape, bool), data)
    else:
        found = read.values(forcing, source, steps)
    return found if forcing.joined is None or v.dims != "layer" else _join(forcing, v, found)


def _join(forcing: OpenedFile, v: Variable, found: Values) -> Values:
    """Values of joined layers."""
    assert forcing.joined is not None
    first = np.flatnonzero(np.diff(forcing.joined, prepend=-1))

    def add(x: np.ndarray) -> np.ndarray:
        return np.asarray(np.add.reduceat(x, first, axis=-1))

    codes = np.logical_or.reduceat(found.codes, first, axis=-1)
    marked = add(np.where(found.codes, found.raw, 0.0)) / np.maximum(add(found.codes.astype(float)), 1.0)
    if v.name == "q_if":  # through the lower face of the last of them
        data = found.data[..., np.append(first[1:], len(forcing.joined)) - 1]
    elif v.name == "dz" or "m-2" in v.units:
        data = add(found.data)
    else:
        dz = read.values(forcing, forcing.sources["dz"], None).data
        data = add(found.data * dz) / add(dz)
    return Values(data, codes, np.where(codes, marked, data))
