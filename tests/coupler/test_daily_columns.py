"""`calcisol evaluate --daily`: the format, the layers and steps, the scores; a made column that the library stepped itself."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from calcisol.coupler.cli import main
from calcisol.coupler.errors import ArgumentError
from calcisol.coupler.evaluation.daily_closure import closure, errors, table
from calcisol.coupler.evaluation.daily_file import DailyFileError, read_column
from calcisol.coupler.evaluation.daily_grid import Grid, layer_faces, step_ends
from calcisol.coupler.evaluation.daily_hydraulics import read_hydraulics
from calcisol.coupler.evaluation.daily_rollout import Course
from calcisol.coupler.evaluation.daily_rollouts import roll_out
from calcisol.coupler.evaluation.daily_scores import Conditions, relative, scores
from calcisol.coupler.evaluation.daily_water import own_water
from calcisol.coupler.library.model import Model
from helpers.daily_column import COLUMNS, DZ, made_column, written

CELLS = np.array([0.025] * 4 + [0.05] * 4 + [0.1] * 7 + [0.15] * 4)  # of the reference columns
SAME = 1e-7  # relative; a rollout over the cells and days it was made with, through float64 files
CLOSED = 1e-9  # kg m-2 a day; round-off of some hundred kg m-2
RETENTION = {"vg_residual_saturation": 0.15, "vg_alpha_per_m": 2.0, "vg_n": 1.41, "vg_k_sat_m_per_s": 1.25e-6}


@pytest.fixture(scope="module")
def made(shipped):
    return made_column(shipped)


def test_layers_of_the_driver():
    grid = Grid.of(CELLS, 12)
    np.testing.assert_array_equal(grid.member.sum(1), [2, 2, 1, 1, 2, 1, 1, 1, 2, 2, 2, 2])
    np.testing.assert_allclose(grid.dz, [0.05] * 4 + [0.1] * 4 + [0.2, 0.2, 0.3, 0.3])


@pytest.mark.parametrize("layers", range(1, 20))
def test_any_number_of_layers_keeps_every_cell(layers):
    grid = Grid.of(CELLS, layers)
    np.testing.assert_array_equal(grid.member.sum(0), 1.0)
    assert (grid.member.sum(1) >= 1).all() and grid.dz.sum() == pytest.approx(1.6)


def test_other_numbers_of_layers_grow_downward():
    dz = np.diff([0.0, *layer_faces(5, 2.0), 2.0])
    assert dz[0] == pytest.approx(0.1)
    np.testing.assert_allclose(dz[1:] / dz[:-1], dz[1] / dz[0])


def test_means_by_thickness_and_weight():
    grid = Grid.of(np.array([1.0, 3.0]), 1)
    assert grid.mean(np.array([2.0, 6.0]))[0] == 5.0  # (2 + 18) / 4
    assert grid.mean(np.array([2.0, 6.0]), np.array([3.0, 1.0]))[0] == 4.0  # (6 + 18) / 6
    assert grid.total(np.array([2.0, 6.0]))[0] == 8.0


def test_steps_of_the_rule():
    """A week; a day in a week in which a layer has little air; 30 days are four weeks, two of them of 8 days."""
    air = np.full((32, 2), 0.2)
    air[12:14, 1] = 0.01  # days 12 and 13
    np.testing.assert_array_equal(step_ends("rule", 2, 32, air), [2, 10, *range(11, 18), 24, 32])
    np.testing.assert_array_equal(step_ends("week", 2, 20, air), [2, 9, 16, 20])
    np.testing.assert_array_equal(step_ends("month", 20, 100, air), [20, 31, 59, 90, 100])
    np.testing.assert_array_equal(step_ends("day", 2, 5, air), [2, 3, 4, 5])


def course(change, leached, ph, drained=90.0):
    ends = np.array([365, 365 + 365, 365 + 730])
    return Course(drained, np.array(change), *leached, np.array(ph), ends, np.zeros((2, 2), np.int32))


def test_relative_errors():
    assert relative(-1.0, -2.0) == 0.5  # less rises: the sign is that of the difference
    assert relative(0.0, 0.0) == 0.0
    assert relative(1.0, 0.0) == float("inf")


def test_a_column_without_leaching_is_told(made, tmp_path):
    """JSON has no infinite number: an error of a reference of 0 is null there, and a miss."""
    made = made.copy(deep=True)
    made["leached_no3"][:] = 0.0
    written(made, tmp_path)
    assert main(["evaluate", "--daily", str(tmp_path), "--water", "given", "--layers", "4", "--out", str(tmp_path)]) == 1
    records = {r["quantity"]: r for r in json.loads((tmp_path / "daily.json").read_text())}
    assert records["NO3 leached"]["error"] is None and not records["NO3 leached"]["passed"]


def test_scores_by_hand():
    """Two layers of 1 and 3 m, two years."""
    true = course([-4.0, 2.0], (1.0, 2.0, 3.0), [[7.0, 8.0], [7.0, 8.0]], drained=100.0)
    ours = course([-4.0, 2.3], (1.06, 1.8, 3.9), [[7.1, 8.0], [7.0, 8.1]], drained=108.0)
    grid = Grid.of(np.array([1.0, 3.0]), 2)
    found = {s.quantity: s for s in scores(ours, true, grid, Conditions("c", 2, "day", "own", "bundle", False))}
    expected = {
        "drainage": (0.08, False),  # 54 against 50 mm a year: more than 3 mm and than 3 %
        "Ca leached": (0.06, True),
        "DIC leached": (-0.10, False),
        "NO3 leached": (0.30, False),
        "net change of SIC": (0.05, False),  # -1.7 against -2, of 6 that turn over
        "gain below the front": (0.15, False),
        "pH RMSE": (np.sqrt((0.01 * 1 / 4 + 0.01 * 3 / 4) / 2), False),
    }
    assert list(found) == list(expected)
    for name, (error, passed) in expected.items():
        assert found[name].error == pytest.approx(error), name
        assert found[name].passed is passed, name
    table = scores(ours, true, grid, Conditions("c", 2, "rule", "own", "bundle", True))
    assert table[0].passed and "10 mm" in table[0].target  # a water table


def test_what_layers_smear_out_by_hand(made, tmp_path):
    """Four cells as two layers: gain 30 % too large, loss right; the column turns its sign; the upper layer has a front."""
    values = made.copy(deep=True)
    values["pool_calcite"][:, 0] = 0.0
    column = read_column(written(values, tmp_path))
    grid = Grid.of(column["dz"], 2)
    true = course([-0.4, 0.5], (1.0, 2.0, 4.0), [[7.0, 8.0], [7.0, 8.0]])
    ours = course([-0.4, 0.65], (1.1, 2.0, 3.0), [[7.1, 8.0], [7.1, 8.2]])
    true, ours = (replace(c, ends=np.array([4, 8, 12])) for c in (true, ours))
    found = errors(ours, true, column, grid)
    expected = {
        "gain below the front": 0.3, "loss above": 0.0, "NO3 leached, draining": -0.25, "DIC leached": 0.0, "Ca leached": 0.1,
        "pH of layers": np.sqrt(0.04 / 2), "pH where a front stands": 0.1, "wrong signs": 0.0,
    }  # fmt: skip
    assert found == pytest.approx(expected)
    turned = errors(replace(ours, calcite_change=np.array([-0.7, 0.5])), true, column, grid)
    assert turned["wrong signs"] == 1.0


def test_table_of_competitors():
    """The bundle halves one error, leaves one: 0.75 of B0 in the median; targets are the bundle's to reach."""
    b0 = [{"DIC leached": 0.04, "Ca leached": 0.04}, {"DIC leached": -0.02, "Ca leached": 0.06}]
    bundle = [{"DIC leached": 0.02, "Ca leached": 0.04}, {"DIC leached": -0.01, "Ca leached": 0.06}]
    assert closure(b0, bundle) == pytest.approx(0.75)
    assert "bundle / B0 0.75, split / B0 1.00" in table({"B0": b0, "bundle": bundle, "split": b0})[0][-1]
    lines, passed = table({"B0": b0, "bundle": bundle})
    assert not passed and [line.split()[-1] for line in lines[1:]] == ["pass", "MISS", "MISS"]
    assert "0.75" in lines[-1]
    better = [{"DIC leached": 0.02, "Ca leached": 0.02}, {"DIC leached": 0.0, "Ca leached": 0.03}]
    assert table({"B0": b0, "bundle": better})[1]


def test_several_grids_stand_side_by_side(made, tmp_path, capsys):
    pytest.importorskip("torch")
    written(made, tmp_path)
    arguments = ["evaluate", "--daily", str(tmp_path), "--layers", "2", "4", "--step", "day", "week"]
    assert main([*arguments, "--out", str(tmp_path / "old")]) == 1
    assert capsys.readouterr().out.count("B0 median") == 4
    before = tmp_path / "old" / "daily.json"
    records = json.loads(before.read_text())
    assert {(r["layers"], r["step"], r["competitor"]) for r in records} == {
        (n, s, c) for n in (2, 4) for s in ("day", "week") for c in ("B0", "bundle", "split")
    }
    main([*arguments, "--before", str(before), "--out", str(tmp_path / "new")])
    assert capsys.readouterr().out.count("B0 before median") == 4
    assert main([*arguments, "--before", str(tmp_path / "made.nc")]) == 2
    assert "is no daily.json" in capsys.readouterr().err


def test_a_column_gives_itself_again(made, tmp_path, shipped):
    column = read_column(written(made, tmp_path))
    with Model(shipped) as model:
        ours, true, grid = roll_out(model, column, 4, "day", "given")
    np.testing.assert_allclose(grid.dz, DZ)
    for name in ("drained", "ca_leached", "dic_leached", "no3_leached", "calcite_change", "ph"):
        np.testing.assert_allclose(getattr(ours, name), getattr(true, name), rtol=SAME, err_msg=name)


def test_the_command_tells_a_miss(made, tmp_path, capsys):
    """10 % more nitrate leached in the file than in the rollout is within 20 %; 10 % more calcium is not within 7 %."""
    made = made.copy(deep=True)
    arguments = ["evaluate", "--daily", str(tmp_path), "--water", "given", "--layers", "4", "--out", str(tmp_path / "out")]
    written(made, tmp_path)
    assert main(arguments) == 0
    assert "MISS" not in capsys.readouterr().out
    made["leached_ca"] = made["leached_ca"] / 1.1
    made["leached_no3"] = made["leached_no3"] / 1.1
    for name in ("leached_ca", "leached_no3"):
        made[name].attrs["units"] = "mol m-2"
    written(made, tmp_path)
    assert main(arguments) == 1
    missed = [line for line in capsys.readouterr().out.splitlines() if "MISS" in line]
    assert [line.split()[0] for line in missed] == ["Ca", "Ca"] and "+10.0%" in missed[0]
    records = json.loads((tmp_path / "out" / "daily.json").read_text())
    assert [r["quantity"] for r in records if not r["passed"]] == ["Ca leached"]
    assert (tmp_path / "out" / "daily.csv").read_text().count("\n") == 1 + 7


def test_a_column_of_fewer_cells_than_the_driver_has_layers_takes_its_cells(made, tmp_path, capsys):
    """Every cell a layer; a number of layers that is asked for is taken by its word."""
    arguments = ["evaluate", "--daily", str(tmp_path), "--water", "given", "--out", str(tmp_path / "out")]
    written(made, tmp_path)
    assert main(arguments) == 0
    assert {r["layers"] for r in json.loads((tmp_path / "out" / "daily.json").read_text())} == {4}
    capsys.readouterr()
    assert main([*arguments, "--layers", "12"]) == 2
    assert "made has 4 cells; give --layers from 1 to 4" in capsys.readouterr().err


def test_sentences_say_what_numbers_say():
    texts = {
        "roots": "root density exp(-z / 0.3 m) down to 0.9 m; stress between field head 1 m and wilting head 160 m",
        "evaporation": "from the top 0.05 m, share of PET exp(-0.5 lai), limited by an air-dry head of 1500 m",
        "bottom": "fixed head 0 at the lowest node (water table)",
        "runoff": "none",
    }
    numbers = {
        "root_scale_m": 0.3, "root_depth_m": 0.9, "field_suction_m": 1.0, "wilting_suction_m": 160.0, "canopy_extinction": 0.5,
        "air_dry_suction_m": 1500.0, "bottom_head_m": 0.0, "pond_limit_m": np.inf,
    }  # fmt: skip
    assert read_hydraulics(RETENTION | texts, "a", DailyFileError) == read_hydraulics(RETENTION | numbers, "a", DailyFileError)


def test_own_water_closes(made, tmp_path):
    """Rain and irrigation of the file either stay, are taken or drain; on any layers."""
    given = made.copy(deep=True)
    given["irrigation"] = ("day", np.full(12, 2.0), {"units": "mm"})
    column = read_column(written(given, tmp_path))
    for layers in (2, 4):
        grid = Grid.of(column["dz"], layers)
        water = own_water(column, grid)
        assert water.liquid.shape == (12, layers)
        stored = np.diff(water.liquid.sum(axis=1))
        gained = (column["rain"] + 2.0 - water.sink.sum(axis=1) - water.drained)[1:]
        np.testing.assert_allclose(stored, gained, atol=CLOSED)


def test_own_water_with_a_table_at_the_lowest_node(made, tmp_path):
    """The lowest cell, whose node is at the table, fills; from a table far below it would drain."""
    column = read_column(written(made.assign_attrs(bottom="fixed head 0 at the lowest node (water table)"), tmp_path))
    grid = Grid.of(column["dz"], 4)
    last = own_water(column, grid).liquid[-1, -1]
    assert 0.9 * 470.0 * DZ[-1] < last <= 470.0 * DZ[-1] + 1e-6


def test_own_water_evaporates_from_its_own_depth(made, tmp_path):
    column = read_column(written(made.assign_attrs(evaporation_depth_m=0.1), tmp_path))
    with pytest.raises(ArgumentError, match=r"evaporation_depth_m is 0\.1; .* from the top 0\.05 m, so use --water given"):
        own_water(column, Grid.of(column["dz"], 4))


@pytest.mark.data
@pytest.mark.skipif(not COLUMNS.is_dir(), reason="needs daily columns of MIN3P (CALCISOL_DAILY)")
def test_min3p_column_on_its_own_water(shipped):
    """Loam, weather of Budapest, 19 cells, daily: pH within 0.016, SIC within 0.2 %, as measured when the column was made."""
    column = read_column(COLUMNS / "budapest_15.nc")
    with Model(shipped) as model:
        ours, true, grid = roll_out(model, column, 19, "day", "given")
    found = {s.quantity: s for s in scores(ours, true, grid, Conditions("b", 19, "day", "given", "bundle", False))}
    assert all(score.passed for score in found.values())
    assert found["pH RMSE"].value == pytest.approx(0.016, abs=0.002)
    assert abs(ours.calcite_change.sum() / true.calcite_change.sum() - 1) < 0.004
    assert found["gain below the front"].error == pytest.approx(0.02, abs=0.01)
    years = column.years
    own = own_water(column, Grid.of(column["dz"], 12)).drained[column.start_day :].sum() / years
    assert own == pytest.approx(true.drained / years, rel=0.03)
