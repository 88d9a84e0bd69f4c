"""One column, one grid, one kind of step, one water: simulated and true course.

Use:     ``simulated, true, grid = roll_out(model, column, 12, "rule", "own")``; ``split=True`` with thick layers split inside
"""

from __future__ import annotations

from ..library.model import Model
from ..library.pieces import pieces_of
from .daily_file import DailyColumn
from .daily_grid import Grid, step_ends
from .daily_rollout import Course, reference, rollout
from .daily_water import given_water, own_water

WATERS = {"own": own_water, "given": given_water}


def roll_out(
    model: Model, column: DailyColumn, layers: int, step: str, water: str, split: bool = False
) -> tuple[Course, Course, Grid]:
    """Both courses, on the grid they are compared on. Raises CalcisolError.

    ``split``: thick layers are split inside, as ``pieces_of`` proposes.
    """
    grid = Grid.of(column["dz"], layers)
    daily = WATERS[water](column, grid)
    ends = step_ends(step, column.start_day, column.days, daily.air(grid.mean(column["porosity"]), grid.dz))
    pieces = pieces_of(grid.dz) if split else None
    return rollout(model, column, grid, daily, ends, step == "rule", pieces), reference(column, grid, ends), grid
