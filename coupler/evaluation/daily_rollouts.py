"""One column, one grid, one kind of step, one water: simulated and true course.

What:    ``roll_out``; ``takes_thin_layers`` says of which columns thick layers are cut, by the rule of the European run.
Units:   those of daily_rollout.py. Source: land/thin_layers.py.
Use:     ``simulated, true, grid = roll_out(model, column, 12, "rule", "own")``; ``split=True`` with thick layers split inside
"""

from __future__ import annotations

from ..land import thin_layers
from ..library.model import Model
from ..library.pieces import pieces_of
from ..offline.layer_fold import LayerFold
from ..units import C_KG_PER_MOL
from .daily_file import DailyColumn
from .daily_grid import Grid, step_ends
from .daily_rollout import Course, reference, rollout
from .daily_water import given_water, own_water

WATERS = {"own": own_water, "given": given_water}


def takes_thin_layers(column: DailyColumn, grid: Grid, layers_split: str) -> bool:
    """Whether the thick layers of ``grid`` are cut: of all columns, of none, or where the European run would."""
    if layers_split != thin_layers.WHERE_NEEDED:
        return layers_split == thin_layers.ALL
    carbonate = column["pool_calcite"][column.start_day - 1] / column["dz"] * C_KG_PER_MOL
    thick = thin_layers.thick_from(grid.dz, pieces_of(grid.dz))
    return bool(thin_layers.needed(carbonate[None], column["dz"], thick, column.water_table)[0])


def roll_out(
    model: Model,
    column: DailyColumn,
    layers: int,
    step: str,
    water: str,
    split: bool = False,
    layers_split: str = thin_layers.NONE,
) -> tuple[Course, Course, Grid]:
    """Both courses, on the grid they are compared on. Raises CalcisolError.

    ``split``: thick layers are split inside, as ``pieces_of`` proposes. ``layers_split``: of which columns thick layers are cut
    where cells end, for their water and their step.
    """
    grid = stepped = Grid.of(column["dz"], layers)
    pieces = [1] * layers
    if takes_thin_layers(column, grid, layers_split):
        stepped, pieces = grid.thin(pieces_of(grid.dz))
    daily = WATERS[water](column, stepped)
    air = daily.air(stepped.mean(column["porosity"]), stepped.dz)
    every_day = thin_layers.days_needed(column["calcite_rate"], column.water_table)
    ends = step_ends(step, column.start_day, column.days, air, every_day)
    inside = pieces_of(grid.dz) if split else None
    simulated = rollout(model, column, stepped, daily, ends, step == "rule", inside)
    return simulated.of_layers(LayerFold(pieces, stepped.dz)), reference(column, grid, ends), grid
