"""`calcisol evaluate --daily` in columns whose thick layers are split inside."""

from __future__ import annotations

import numpy as np
import pytest
from calcisol.coupler.cli import main
from calcisol.coupler.evaluation.daily_closure import errors
from calcisol.coupler.evaluation.daily_file import read_column
from calcisol.coupler.evaluation.daily_grid import Grid
from calcisol.coupler.evaluation.daily_rollout import Course
from calcisol.coupler.evaluation.daily_rollouts import roll_out, takes_thin_layers
from calcisol.coupler.evaluation.daily_water import DailyWater
from calcisol.coupler.library.model import Model
from calcisol.coupler.offline.layer_fold import LayerFold
from helpers.daily_column import COLUMNS, made_column

CELLS = np.array([0.1, 0.2, 0.1])


def test_pieces_by_hand():
    """Layers of 0.3 and 0.1 m; the first in two pieces of 0.15 m, so that the second cell lies in both."""
    layers = Grid(CELLS, np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
    pieces = layers.split([2, 1])
    np.testing.assert_allclose(pieces.member, [[1.0, 0.25, 0.0], [0.0, 0.75, 0.0], [0.0, 0.0, 1.0]], atol=1e-12)
    np.testing.assert_allclose(pieces.dz, [0.15, 0.15, 0.1])
    np.testing.assert_allclose(pieces.total(np.array([4.0, 8.0, 1.0])), [6.0, 6.0, 1.0])


def test_pieces_are_as_wet_as_their_layer():
    water = DailyWater(np.array([[60.0, 20.0]]), np.array([[2.0, 0.0]]), np.array([[3.0, 1.0]])).shared_out([2, 1])
    np.testing.assert_array_equal(water.liquid, [[30.0, 30.0, 20.0]])
    np.testing.assert_array_equal(water.sink, [[1.0, 1.0, 0.0]])
    np.testing.assert_array_equal(water.drained, [1.0])


@pytest.mark.data
@pytest.mark.skipif(not COLUMNS.is_dir(), reason="needs daily columns of MIN3P (CALCISOL_DAILY)")
def test_min3p_column_with_a_front(shipped):
    """A decalcified top of 0.3 m, its front inside the second of four layers, by the week.

    Splitting finds the front, the sign of the change of SIC and the nitrate that rises again: the targets of daily_closure.py
    with half as much again, for the weather of one column.
    """
    column = read_column(COLUMNS / "decal_15.nc")
    found = {}
    with Model(shipped) as model:
        for split in (False, True):
            ours, true, grid = roll_out(model, column, 4, "week", "given", split)
            found[split] = errors(ours, true, column, grid)
    assert found[False]["pH where a front stands"] > 0.8 and found[False]["wrong signs"] > 0
    assert found[True]["pH where a front stands"] < 0.15 and found[True]["wrong signs"] == 0
    assert abs(found[True]["NO3 leached, rising water"]) < 0.15 < abs(found[False]["NO3 leached, rising water"])


def test_thin_layers_end_where_cells_end():
    """0.6 m of which the lower 0.4 m would be cut in three: a cell of 0.2 m stays whole, and knows no more than it knew."""
    layers = Grid(np.array([0.1, 0.1, 0.2, 0.1, 0.1]), np.array([[1.0, 1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0, 1.0]]))
    thin, pieces = layers.thin([2, 3])
    assert pieces == [2, 3] and (thin.member == np.eye(5)).all()
    few, pieces = layers.thin([1, 2])
    assert pieces == [1, 2]
    np.testing.assert_allclose(few.dz, [0.2, 0.2, 0.2])
    same, pieces = layers.thin([1, 1])
    assert pieces == [1, 1] and (same.member == layers.member).all()


def test_a_course_of_thin_layers_as_that_of_layers():
    ph, flags = np.array([[6.0, 7.0, 8.0]]), np.array([[1, 2, 4]], dtype=np.int32)
    thin = Course(5.0, np.array([1.0, -2.0, 4.0]), 1.0, 2.0, 3.0, ph, np.array([365, 366]), flags)
    found = thin.of_layers(LayerFold([1, 2], [0.1, 0.1, 0.3]))
    np.testing.assert_array_equal(found.calcite_change, [1.0, 2.0])
    np.testing.assert_allclose(found.ph, [[6.0, 7.75]])
    assert found.flags.tolist() == [[1, 6]] and found.drained == 5.0


def test_the_rule_of_the_european_run_decides(shipped, tmp_path, capsys):
    """The made column drains freely through 15 % of carbonate; with a decalcified top it takes thin layers."""
    made = made_column(shipped)
    made.to_netcdf(tmp_path / "made.nc")
    column = read_column(tmp_path / "made.nc")
    grid = Grid.of(column["dz"], 4)
    content = column["pool_calcite"][column.start_day - 1]
    assert not takes_thin_layers(column, grid, "none") and takes_thin_layers(column, grid, "all")
    assert not takes_thin_layers(column, grid, "where_needed")
    content[: len(content) // 2] = 0.0
    assert takes_thin_layers(column, grid, "where_needed")
    for words in (["--split", "--layers-split", "all"], ["--step", "day", "week", "--layers-split", "all"]):
        assert main(["evaluate", "--daily", str(tmp_path), "--out", str(tmp_path), "--layers", "4", *words]) == 2
        assert "--layers-split" in capsys.readouterr().err
