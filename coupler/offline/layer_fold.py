"""Outputs of thin layers as those of the thick ones that they make up.

What:    ``LayerFold``: amounts are summed, the rest is the mean by thickness, flags are put together, as columns that the
         library splits do ("Thick layers" in fortran_bridge/include/calcisol.h).
Shapes:  (..., thin layer) -> (..., soil_layer).
Use:     ``fold = LayerFold((1, 2), [0.1, 0.1, 0.1]); fold.outputs({"sic": sic, "flag": flag})``
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from ..library.columns import variables_of
from ..library.pieces import of_layers

Arrays = dict[str, np.ndarray]


@cache
def _amounts() -> frozenset[str]:
    """Outputs by layer that are amounts per m2 of it."""
    return frozenset(v.name for v in variables_of("output") if v.units.endswith("m-2"))


class LayerFold:
    """``pieces`` thin layers in each layer; ``dz`` (thin layer,) m."""

    def __init__(self, pieces: Sequence[int], dz: ArrayLike) -> None:
        self._pieces = pieces
        self._dz = np.asarray(dz, dtype=np.float64)
        self._thickness = self.total(self._dz)

    def total(self, values: np.ndarray) -> np.ndarray:
        """Sums."""
        return of_layers(values, self._pieces)

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Means by thickness."""
        return np.asarray(self.total(values * self._dz) / self._thickness)

    def flags(self, bits: np.ndarray) -> np.ndarray:
        """Flags put together."""
        return of_layers(bits, self._pieces, np.bitwise_or)

    def outputs(self, out: Arrays) -> Arrays:
        """The outputs of a step and its "flag"; those of the column stay."""
        made = {}
        for name, values in out.items():
            if values.ndim == 1:
                made[name] = values
            elif name == "flag":
                made[name] = self.flags(values)
            else:
                made[name] = self.total(values) if name in _amounts() else self.mean(values)
        return made
