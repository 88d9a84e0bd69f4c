"""What two inputs of a file say together: water that fits into its layer, clay and sand that leave room for silt.

What:    one sentence where they contradict each other, "" where they do not; each number alone may lie in its valid range.
Shapes:  (column, soil_layer), land only. Units: m, kg m-2, kg kg-1.
Source:  a layer of 0.1 m holds at most 100 kg m-2 of water; more is that of a whole column, or of another unit.
Use:     ``too_full("w_liq", peak, dz)``; ``too_much("clay", clay, "sand", sand)``
"""

from __future__ import annotations

import numpy as np

from ...emulator.contract import constants

ROUNDED = 0.02  # share by which sums of rounded or packed numbers, and layers of rounded thickness, may be off


def too_full(name: str, water: np.ndarray, dz: np.ndarray) -> str:
    """``water``: the most of any step; ``dz``: thickness of the layers."""
    room = constants.WATER_DENSITY * dz
    over = np.argwhere((water > (1.0 + ROUNDED) * room) & (room > 0.0))  # without thickness: dz is told
    if not over.size:
        return ""
    column, layer = map(int, over[0])
    return (
        f"{name} holds {water[column, layer]:.4g} kg m-2 in layer {layer + 1} of {dz[column, layer]:g} m, more than its volume "
        f"({room[column, layer]:.4g} kg m-2); give the water of each layer by itself, or correct its unit or dz"
    )


def too_much(a: str, share_a: np.ndarray, b: str, share_b: np.ndarray) -> str:
    """Two shares of one mass that add up to more than it."""
    total = share_a + share_b
    over = np.argwhere(total > 1.0 + ROUNDED)
    if not over.size:
        return ""
    column, layer = map(int, over[0])
    return (
        f"{a} and {b} add up to {total[column, layer]:.4g} in layer {layer + 1}; as shares of the fine earth they hold at most 1"
    )
