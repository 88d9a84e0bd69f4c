"""One column, one grid, one kind of step, one water: simulated and true course.

Use:     ``simulated, true, grid = roll_out(model, column, 12, "rule", "own")``
"""

from __future__ import annotations

from ..library.model import Model
from .daily_file import DailyColumn
from .daily_grid import Grid, step_ends
from .daily_rollout import Course, reference, rollout
from .daily_water import given_water, own_water

WATERS = {"own": own_water, "given": given_water}


def roll_out(model: Model, column: DailyColumn, layers: int, step: str, water: str) -> tuple[Course, Course, Grid]:
    """Both courses, on the grid they are compared on. Raises CalcisolError."""
    grid = Grid.of(column["dz"], layers)
    daily = WATERS[water](column, grid)
    ends = step_ends(step, column.start_day, column.days, daily.air(grid.mean(column["porosity"]), grid.dz))
    return rollout(model, column, grid, daily, ends, mean_water=step == "rule"), reference(column, grid, ends), grid
