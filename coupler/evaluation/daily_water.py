"""Water of a daily column on the layers of a land model: the reference's own, or the driver's from the same rain.

What:    ``given_water``, summed from the file; ``own_water``, the driver's soil water (land/soil_water) on the file's rain,
         potential evapotranspiration, leaf area and hydraulic parameters, from the first day on.
Units:   kg m-2 and kg m-2 a day.
Shapes:  (day, layer) and (day,).
Use:     ``water = own_water(column, grid)``; ``water.liquid[column.start_day - 1]`` is what a rollout begins with
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UnsupportedError
from ..units import SECONDS_PER_DAY
from .daily_file import DailyColumn
from .daily_grid import Grid

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class DailyWater:
    """Every day of the file."""

    liquid: Floats  # at the end of the day
    sink: Floats  # roots and evaporation
    drained: Floats  # through the bottom, positive downward

    def air(self, porosity: Floats, dz: Floats) -> Floats:
        """Air-filled porosity at the end of each day (day, layer)."""
        return porosity - self.liquid / (1000.0 * dz)


def given_water(column: DailyColumn, grid: Grid) -> DailyWater:
    """The water of the reference model."""
    return DailyWater(grid.total(column["w_liq"]), grid.total(column.w_sink) * SECONDS_PER_DAY, column["q_bot"] * SECONDS_PER_DAY)


def own_water(column: DailyColumn, grid: Grid) -> DailyWater:
    """The driver's own water. Raises CalcisolError."""
    raise UnsupportedError("--water own: this version has no daily soil water; use --water given")
