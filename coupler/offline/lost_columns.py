"""Columns that no step can be computed of any more, though their inputs are in range, and what in their state says why.

What:    weeks that no soil sees (8.6 m of water rising through the bottom every day) concentrate salt until the pore water
         is stronger than any brine; the library then keeps the last state of the column, as long as that goes on.
Units:   mol kg-1 of water for the ionic strength; shapes (column, soil_layer).
Source:  the step's activity coefficients hold to about 1 mol kg-1 (sea water has 0.7); constants.toml (strongest_brine).
Use:     ``lost = Lost(ncol); lost.add(i, flags); lost.lines(columns.state(), count)``
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...emulator.contract.constants import BRINE
from ...emulator.contract.variables import load_table

MOST = 3  # columns told one by one


class Lost:
    """Since which step each column is invalid; -1: it is not."""

    def __init__(self, ncol: int) -> None:
        self.since = np.full(ncol, -1, np.int64)
        self.bit = next(1 << f.bit for f in load_table().flags if f.name == "invalid")

    def add(self, step: int, flags: np.ndarray) -> None:
        """Take in the flags (column, soil_layer) of a step; a column that is computed again has recovered."""
        invalid = ((flags & self.bit) != 0).any(1)
        self.since[~invalid] = -1
        self.since[invalid & (self.since < 0)] = step

    def lines(self, state: Mapping[str, np.ndarray], steps: int) -> list[str]:
        """What to say at the end of a run; [] where every column was computed to the last step."""
        lost = np.flatnonzero(self.since >= 0)
        said = [
            f"column {c + 1} is invalid from step {self.since[c] + 1} of {steps} to the last: {why(state, c)}"
            for c in lost[:MOST].tolist()
        ]
        return said + ([f"and {len(lost) - MOST} other columns"] if len(lost) > MOST else [])


def why(state: Mapping[str, np.ndarray], column: int) -> str:
    """What in the state of a column keeps it from being stepped."""
    strength = np.asarray(state["ionic_strength"][column])
    if strength.max(initial=0.0) > BRINE:
        layer = int(strength.argmax())
        return (
            f"its pore water has become a brine that cannot be solved (ionic strength {strength[layer]:.3g} mol kg-1 in layer "
            f"{layer + 1}; sea water has 0.7); its state is that of the last step that could be, begin it again with less water "
            "rising or evaporating"
        )
    for name, values in state.items():
        if not np.isfinite(values[column]).all():
            return f"its state {name} is not finite; begin it again"
    return "its inputs are in range, its state cannot be solved and is that of the last step that could be; begin it again"
