"""Pieces that thick layers are split into inside, so that water and solutes move through them.

What:    ``pieces_of`` proposes how many for layers of some thickness; ``Columns`` takes them, and soil by layer or by piece.
Units:   m.
Source:  what it does to accuracy: emulator/docs/results_log.md; the rule: "Thick layers" in fortran_bridge/include/calcisol.h.
Use:     ``columns = model.columns({"dz": dz}, pieces=pieces_of(dz))``
"""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...emulator.contract.constants import LIMIT_TOLERANCE, MAX_LAYERS, MISSING_FROM
from ...emulator.contract.variables import load_table
from ..errors import ArgumentError
from . import capi
from .arrays import as_array

LEAST = next(v.valid[0] for v in load_table().select("static") if v.name == "dz" and v.valid)
"""m; thickness below which the library clips."""
THICKEST = 0.05
"""m, plus a tenth of the depth: pieces as thin as the cells of the reference model."""


def pieces_of(dz: ArrayLike, thickest: float = THICKEST) -> list[int]:
    """Pieces of each layer: the fewest no thicker than ``thickest`` [m] plus a tenth of the depth where the layer begins.

    ``dz`` [m]: (soil_layer,), or (column, soil_layer) of which each complete column counts, but for no piece to be thinner than
    the library steps (5 mm); ``thickest`` 0 splits none. A column costs what its pieces do. Raises ArgumentError for what is no
    thickness, and where pieces are more than the 60 layers of a column, with a ``thickest`` that is enough.
    """
    lib, ffi = capi.library()
    thick = as_array("dz", dz).astype(np.float64)
    if thick.ndim not in (1, 2):
        raise ArgumentError(f"dz has shape {thick.shape}, not (soil_layer,) or (column, soil_layer)")
    if thick.ndim == 2:
        thick = np.unique(thick[((thick > 0.0) & (thick < MISSING_FROM)).all(axis=1)], axis=0)
    thick = np.atleast_2d(thick)
    if isinstance(thickest, bool) or not isinstance(thickest, numbers.Real):
        raise ArgumentError(f"thickest = {thickest!r} must be a number, in m")
    found = ffi.new("int32_t[]", thick.shape[1])
    pieces = np.ones(thick.shape[1], dtype=np.int32)
    for row in thick:
        capi.check(lib.calcisol_pieces_of(len(row), ffi.new("double[]", row.tolist()), thickest, found))
        pieces = np.maximum(pieces, list(found))
    if len(thick):
        pieces = np.minimum(pieces, np.maximum(thick.min(axis=0) / LEAST * (1.0 + LIMIT_TOLERANCE), 1.0)).astype(np.int32)
    return checked_pieces(pieces, None)


def of_layers(values: NDArray[Any], pieces: Sequence[int], how: np.ufunc = np.add) -> NDArray[Any]:
    """Values of pieces (..., state layer) as those of the layers (..., soil_layer): sums, or what else ``how`` makes."""
    return np.asarray(how.reduceat(values, np.cumsum([0, *pieces[:-1]]), axis=-1))


def checked_pieces(pieces: ArrayLike, nlay: int | None) -> list[int]:
    """The pieces as whole numbers, one a layer. Raises ArgumentError; the library checks what they amount to."""
    given = np.asarray(pieces)
    if given.ndim != 1 or not given.size or given.dtype.kind not in "iu" or nlay not in (None, len(given)):
        raise ArgumentError(f"pieces = {given.tolist()} must be whole numbers, one for each layer")
    if given.min() < 1 or given.sum() > MAX_LAYERS:
        raise ArgumentError(f"pieces = {given.tolist()} must be 1 or more of each layer, and at most {MAX_LAYERS} in all")
    return [int(n) for n in given]


def by_piece(properties: Mapping[str, ArrayLike], pieces: Sequence[int]) -> tuple[Mapping[str, ArrayLike], bool]:
    """Soil as the library takes it, of the layers, or, where any property is given by piece, of the pieces; and which it is.

    In the latter case the pieces of a layer share what is given of the layer. Raises ArgumentError for a number of layers that
    is neither.
    """
    arrays = {name: as_array(name, value) for name, value in properties.items()}
    layers_of = {name: array.shape[-1] if array.ndim else 1 for name, array in arrays.items()}
    for name, layers in layers_of.items():
        if layers not in (1, len(pieces), sum(pieces)):
            raise ArgumentError(f"{name} has {layers} layers; give {len(pieces)} layers or {sum(pieces)} pieces")
    if all(layers in (1, len(pieces)) for layers in layers_of.values()):
        return properties, False
    for name, layers in layers_of.items():
        if layers == sum(pieces) or (layers == 1 and name != "dz"):
            continue
        array = np.broadcast_to(arrays[name], (*arrays[name].shape[:-1], len(pieces)))
        arrays[name] = np.repeat(array / np.asarray(pieces) if name == "dz" else array, pieces, axis=-1)
    return arrays, True
