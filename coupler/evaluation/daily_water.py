"""Water of a daily column on the layers of a land model: the reference's own, or the driver's from the same rain.

What:    ``given_water``, summed from the file; ``own_water``, the driver's soil water (land/soil_water) on the file's rain,
         potential evapotranspiration, leaf area and hydraulic parameters, from the first day on.
Units:   kg m-2 and kg m-2 a day.
Shapes:  (day, layer) and (day,).
Use:     ``water = own_water(column, grid)``; ``water.liquid[column.start_day - 1]`` is what a rollout begins with
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ArgumentError
from ..land.soil_water.run import EVAPORATING_DEPTH, Heads, Retention, SoilWater
from ..units import SECONDS_PER_DAY
from .daily_file import DailyColumn
from .daily_grid import Grid

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class DailyWater:
    """Every day of the file."""

    liquid: Floats  # at the end of the day
    sink: Floats  # roots and evaporation
    faces: Floats  # through the lower face of each layer, positive downward

    @property
    def drained(self) -> Floats:
        """Through the bottom (day,)."""
        return self.faces[:, -1]

    def shared_out(self, pieces: Sequence[int]) -> DailyWater:
        """The same in equal pieces of each layer: as wet as their layer, which is how split columns share water out."""
        liquid, sink = (np.repeat(x / np.asarray(pieces), pieces, axis=1) for x in (self.liquid, self.sink))
        return DailyWater(liquid, sink, np.repeat(self.faces, pieces, axis=1))

    def air(self, porosity: Floats, dz: Floats) -> Floats:
        """Air-filled porosity at the end of each day (day, layer)."""
        return porosity - self.liquid / (1000.0 * dz)


def given_water(column: DailyColumn, grid: Grid) -> DailyWater:
    """The water of the reference model; fluxes between layers from its budget, upward from the bottom."""
    liquid, sink = grid.total(column["w_liq"]), grid.total(column.w_sink) * SECONDS_PER_DAY
    leaving = sink + np.diff(liquid, axis=0, prepend=liquid[:1])
    below = np.cumsum(leaving[:, ::-1], axis=1)[:, ::-1] - leaving
    return DailyWater(liquid, sink, column["q_bot"][:, None] * SECONDS_PER_DAY + below)


def own_water(column: DailyColumn, grid: Grid) -> DailyWater:
    """The driver's own water, from day 0 on. Raises CalcisolError, also for a depth of evaporation it does not know."""
    soil_is = column.hydraulics
    if abs(soil_is.evaporation_depth - EVAPORATING_DEPTH) > 1e-6:
        raise ArgumentError(
            f"{column.name}: evaporation_depth_m is {soil_is.evaporation_depth:g}; the driver's soil water evaporates "
            f"from the top {EVAPORATING_DEPTH:g} m, so use --water given"
        )
    cells = column["dz"]
    centre = np.cumsum(cells) - cells / 2
    roots = np.where(centre < soil_is.root_depth, np.exp(-centre / soil_is.root_scale), 0.0)
    table = None if soil_is.bottom_head is None else np.array([centre[-1] - soil_is.bottom_head])
    soil = SoilWater(
        grid.dz,
        grid.mean(column["porosity"])[None],
        Retention(soil_is.residual, soil_is.alpha, soil_is.n, soil_is.k_sat),
        grid.mean(roots),
        table_depth=table,
        pond_limit=soil_is.pond_limit,
        heads=Heads(wilting=soil_is.wilting_suction, field=soil_is.field_suction, air_dry=soil_is.air_dry_suction),
    )
    soil.start(soil_is.start_suction)
    bare = np.exp(-soil_is.canopy_extinction * column["lai"])  # share of the demand that reaches the soil
    falling = column["rain"] + column.values.get("irrigation", 0.0)
    days = soil.run(falling[:, None], (column["pet"] * (1.0 - bare))[:, None], (column["pet"] * bare)[:, None])
    return DailyWater(days.water[:, 0], (days.uptake + days.evaporated)[:, 0], days.percolation[:, 0])
