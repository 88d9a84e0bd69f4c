"""Pieces that thick layers are split into inside, so that water and solutes move through them.

What:    ``pieces_of`` proposes how many for layers of some thickness; ``Columns`` takes them, and soil by layer or by piece.
Units:   m.
Source:  what it does to accuracy: emulator/docs/results_log.md; the rule: "Thick layers" in fortran_bridge/include/calcisol.h.
Use:     ``columns = model.columns({"dz": dz}, pieces=pieces_of(dz))``
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ...emulator.contract.constants import LIMIT_TOLERANCE, MAX_LAYERS
from ..errors import ArgumentError
from .arrays import as_array

GROWTH = 0.1
"""Pieces may be thicker by this part of the depth at which their layer begins: what moves has spread on its way down."""


def pieces_of(dz: ArrayLike, thickest: float = 0.05) -> list[int]:
    """Pieces of each layer: the fewest no thicker than ``thickest`` [m] and a tenth of the depth at which the layer begins.

    ``dz`` [m]: (soil_layer,) or (column, soil_layer), of which the thickest column counts. A column costs what its pieces do.
    Raises ArgumentError where they are more than the 60 layers of a column, with a ``thickest`` that is enough.
    """
    thick = np.atleast_2d(np.asarray(dz, dtype=np.float64))
    if not (thickest > 0.0 and np.isfinite(thick).all()):
        raise ArgumentError(f"thickest = {thickest} and dz = {thick.tolist()} must be lengths in m")
    pieces = _counted(thick, thickest)
    if sum(pieces) > MAX_LAYERS:
        enough = thickest
        while sum(_counted(thick, enough)) > MAX_LAYERS and enough < thick.max():
            enough *= 1.1
        raise ArgumentError(
            f"with thickest = {thickest:g} m the layers have {sum(pieces)} pieces, more than the {MAX_LAYERS} layers of a "
            f"column; give {np.ceil(enough * 1000) / 1000:g} m or more"
        )
    return pieces


def _counted(thick: np.ndarray, thickest: float) -> list[int]:
    """Pieces of each layer; a float32 thickness may be a little above what it means."""
    most = thickest + GROWTH * (np.cumsum(thick, axis=1) - thick)
    return [max(1, int(n)) for n in np.ceil(thick / most * (1.0 - LIMIT_TOLERANCE)).max(axis=0)]


def checked_pieces(pieces: Sequence[int], nlay: int | None) -> list[int]:
    """The pieces as whole numbers, one a layer. Raises ArgumentError; the library checks what they amount to."""
    numbers = np.asarray(pieces)
    if numbers.ndim != 1 or not numbers.size or numbers.dtype.kind not in "iu" or nlay not in (None, len(numbers)):
        raise ArgumentError(f"pieces = {pieces} must be whole numbers, one for each layer")
    if numbers.min() < 1 or numbers.sum() > MAX_LAYERS:
        raise ArgumentError(f"pieces = {pieces} must be 1 or more of each layer, and at most {MAX_LAYERS} in all")
    return [int(n) for n in numbers]


def by_piece(properties: Mapping[str, ArrayLike], pieces: Sequence[int]) -> dict[str, ArrayLike]:
    """Soil of the pieces, (column, state layer), (state layer,) or scalar, from such or from that of the layers.

    The pieces of a layer are alike and of equal thickness. Raises ArgumentError for a number of layers that is neither.
    """
    found: dict[str, ArrayLike] = {}
    for name, value in properties.items():
        array = as_array(name, value)
        layers = array.shape[-1] if array.ndim else 1
        if layers not in (1, len(pieces), sum(pieces)):
            raise ArgumentError(f"{name} has {layers} layers; give {len(pieces)} layers or {sum(pieces)} pieces")
        if layers == sum(pieces) or (layers == 1 and name != "dz"):
            found[name] = array
            continue
        array = np.broadcast_to(array, (*array.shape[:-1], len(pieces)))
        found[name] = np.repeat(array / np.asarray(pieces) if name == "dz" else array, pieces, axis=-1)
    return found
