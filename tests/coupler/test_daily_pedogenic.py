"""`calcisol evaluate --daily` on a column whose pedogenic carbonate forms only above a saturation index."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from calcisol.coupler.evaluation.daily_closure import errors
from calcisol.coupler.evaluation.daily_file import read_column
from calcisol.coupler.evaluation.daily_rollouts import roll_out
from calcisol.coupler.library.model import Model
from helpers.daily_column import COLUMNS

CELLS = 19  # of the reference column


@pytest.mark.data
@pytest.mark.skipif(not COLUMNS.is_dir(), reason="needs daily columns of MIN3P (CALCISOL_DAILY)")
def test_min3p_column_whose_carbonate_waits(shipped):
    """Pedogenic calcite that forms only above an index of 0.4, by the week: told so, the step halves its errors."""
    column = read_column(COLUMNS / "pedinh_15.nc")
    told = replace(column, values={**column.values, "si_pedogenic": np.full(CELLS, 0.4)})
    found = {}
    with Model(shipped) as model:
        for name, one in (("not told", column), ("told", told)):
            ours, true, grid = roll_out(model, one, CELLS, "week", "given")
            found[name] = errors(ours, true, one, grid)
    for quantity in ("pH of layers", "DIC leached", "Ca leached"):
        assert abs(found["told"][quantity]) < 0.55 * abs(found["not told"][quantity]), quantity
    assert found["told"]["pH of layers"] < 0.08
    assert abs(found["told"]["DIC leached"]) < 0.02
