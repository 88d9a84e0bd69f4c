"""Which columns take thin layers: those in which a front or rising water is narrower than the layers asked for.

What:    ``needed`` says it of columns, at the start of a run; ``days_needed``, which of them step by the day all year.
Units:   carbonate kg C m-3, depth m, calcite_rate mol m-3 s-1. Shapes: (column, layer), (layer,) -> (column,).
Source:  against columns of MIN3P with daily weather (coupler/docs/daily_columns.md): on layers of 20 and 30 cm a decalcified top
         leaches 44 % too much nitrate and its pH is off by 0.06, a water table 40 % too little and 0.04; on thin ones 5 % and
         0.03. Free drainage through calcite that lasts loses nothing on thick ones.
Use:     ``needed(carbonate, dz, thick_from(dz, pieces))``, ``pieces`` as ``library.pieces.pieces_of(dz)`` proposes them
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
WHERE_NEEDED, ALL, NONE = "where_needed", "all", "none"
SPLITS = (WHERE_NEEDED, ALL, NONE)
FRONT = 0.1
"""Of the carbonate of its neighbour: with less than this share a layer is decalcified, and a front stands between the two."""
LASTING = 1.5
"""kg C m-2 of carbonate above the first thick layer: with less a front gets there within a century. Of 71 columns of Europe whose
front passes 20 cm between 1990 and 2100 it finds 54, and 21 of the 22 whose front passes 30 cm."""
SLOW = 1e-5
"""Rate of calcite below which it lags behind the water of a week; the contract's default is 2e-5."""


def thick_from(dz: Floats, pieces: Sequence[int]) -> float:
    """Depth [m] at which the first layer begins that would be cut into ``pieces``; infinite where none would."""
    cut = np.flatnonzero(np.asarray(pieces) > 1)
    return float(np.sum(np.asarray(dz)[: cut[0]])) if len(cut) else np.inf


def needed(carbonate: Floats, dz: Floats, thick: float, rising: bool = False) -> NDArray[np.bool_]:
    """Columns (column,) whose thick layers are cut: a front stands at the start or comes to stand in one, or water rises.

    ``carbonate`` (column, layer) of layers, or of the cells of a survey, ``dz``; ``thick`` of ``thick_from``; ``rising``: from a
    water table.
    """
    if np.isinf(thick) or rising:
        return np.full(len(carbonate), rising and np.isfinite(thick))
    return front_stands(carbonate) | front_comes(carbonate, dz, thick)


def front_stands(carbonate: Floats) -> NDArray[np.bool_]:
    """Columns in which a layer has less than FRONT of the carbonate of the one above or below."""
    upper, lower = carbonate[:, :-1], carbonate[:, 1:]
    return np.asarray((np.minimum(upper, lower) < FRONT * np.maximum(upper, lower)).any(1))


def front_comes(carbonate: Floats, dz: Floats, above: float) -> NDArray[np.bool_]:
    """Columns with carbonate, of which less than LASTING lies above the depth ``above`` [m]."""
    bottom = np.cumsum(dz)
    inside = np.clip(above - (bottom - dz), 0.0, dz)
    return np.asarray((carbonate @ inside < LASTING) & (carbonate > 0.0).any(1))


def days_needed(calcite_rate: Floats, rising: bool) -> bool:
    """Whether a column steps by the day all year: water rises from a table, or calcite (layer,) is SLOW."""
    return rising or bool(np.min(calcite_rate) < SLOW)
