"""Run folders: ours and foreign ones, whole, partial and failed."""

from __future__ import annotations

import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from calcisol.emulator.min3p.reader import ReadError, convert, open_run, report
from calcisol.emulator.min3p.runner import status

from .conftest import RUNS

PRINTED = 1e-6  # relative: float32 of numbers that are printed with more digits


def test_status_of_runs(good: Path) -> None:
    assert status(good).ok
    assert status(good).version.startswith("2.6.")
    failed = status(RUNS / "failed")
    assert (failed.state, failed.reason) == ("failed", "maximum number of iterations exceeded")


def test_abnormal_exit_is_not_normal(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("#Version     : 2.6.2.880\n abnormal exit in routine outputrt\n")
    assert status(tmp_path).state == "failed"


def test_log_that_stops_is_partial(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("#Version     : 2.6.2.880\n timestep: 12 time: 3.0 days\n")
    assert status(tmp_path).state == "partial"
    assert "timestep: 12" in status(tmp_path).reason


def test_layers_times_and_units(good: Path) -> None:
    data = open_run(good)
    assert data.sizes["layer"] == 3 and data.sizes["output"] == 4
    np.testing.assert_allclose(data["z"], [0.875, 0.6, 0.225])  # elevation of the centres, from the top
    np.testing.assert_allclose(data["time"], np.arange(4) * 365.0 / 12.0, rtol=1e-5)
    assert data["time"].attrs["units"] == "days"
    stated = {
        "tot_ca+2": "moles/l h2o",
        "p_co2(g)": "atm",
        "sorb_ca-x(na)": "meq/100g",
        "mac_ca+2_total_mass_outflux": "mol/elapsed time",
    }
    assert {name: data[name].attrs["units"] for name in stated} == stated
    assert data.attrs["state"] == "finished"
    # CO2 rises with depth in a respiring soil: the order of layers is not only a label
    assert (np.diff(data["p_co2(g)"][-1]) > 0.0).all()


def test_only_some_families(good: Path) -> None:
    assert set(open_run(good, families=["gsg"]).data_vars) == {"p_co2(g)", "p_p_t_o_t"}


def test_without_a_file_list_units_are_unknown(good: Path, tmp_path: Path) -> None:
    shutil.copytree(good, tmp_path / "run")
    (tmp_path / "run" / "soil_o.fls").unlink()
    data = open_run(tmp_path / "run")
    assert data["tot_ca+2"].attrs["units"] == "unknown"
    assert data["mac_ca+2_total_mass_outflux"].attrs["units"] == "mol/elapsed time"  # the column's own title says so
    assert "units of" in data.attrs["missing"]


def test_partial_run_opens_and_says_so(good: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(good, run)
    (run / "soil_3.gsb").unlink()
    for path in run.glob("soil_*.mac"):
        path.unlink()
    text = (run / "soil_3.gst").read_text()
    (run / "soil_3.gst").write_text(text[: len(text) - 40])
    (run / "soil.log").write_text("#Version     : 2.6.2.880\n timestep 3\n")
    data = open_run(run)
    assert data.attrs["state"] == "partial"
    assert "soil_3.gst ends in the middle of a line" in data.attrs["notes"]
    assert "component budgets (.mac)" in data.attrs["missing"]
    assert np.isnan(data["sorb_ca-x(na)"][3]).all() and np.isfinite(data["sorb_ca-x(na)"][2]).all()


def test_failed_run_without_output(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="holds no MIN3P output"):
        open_run(RUNS / "failed")


def test_convert_equals_open(good: Path, tmp_path: Path) -> None:
    convert(good, tmp_path / "run.nc")
    data = open_run(good)
    with xr.open_dataset(tmp_path / "run.nc", decode_times=False) as stored:
        for name in data.data_vars:
            np.testing.assert_array_equal(stored[name].values, data[name].values, err_msg=str(name))
            assert stored[name].attrs["units"] == data[name].attrs["units"]
        np.testing.assert_allclose(stored["time"], data["time"])


def foreign(folder: Path, rows: int = 0) -> Path:
    """A 2-D field with components of its own, a cell file and a budget, of somebody else's run."""
    folder.mkdir()
    (folder / "root.dat").write_text("mine\n")
    for k, time in ((1, 0.5), (2, 1.0)):
        lines = ['title = "dataset mine"', 'variables = "x", "y", "z","fe+2","uo2+2"']
        lines.append(f'zone t = "T_j, T =   {time:.6E} years", i =   3, j =  1, k =   2, f=point')
        lines += [f" {x}.0 0.0 {z}.0 {100 * k + 10 * z + x} {-x}" for z in (0, 1) for x in (0, 1, 2)]
        (folder / f"mine_{k}.gst").write_text("\n".join(lines) + "\n")
    cell = ['title = "dataset mine"', 'variables = "time","fe+2"', 'zone t = "T_j, volume =   5", f=point']
    (folder / "mine_5.gbt").write_text("\n".join([*cell, *(f" {i}.0E+000 {i}.5E+000" for i in range(max(rows, 3)))]) + "\n")
    budget = ['title = "dataset mine"', 'variables = "time [years]", "mass influx [mol/y]"']
    budget.append('zone t = "mass balance for component fe+2 - reactive transport", f=point')
    (folder / "mine_1.mac").write_text("\n".join([*budget, " 0.5 2.0", " 1.0 **********"]) + "\n")
    return folder


def test_foreign_run(tmp_path: Path) -> None:
    data = open_run(foreign(tmp_path / "archive"))
    assert data["tot_fe+2"].dims == ("output", "z", "x")
    np.testing.assert_array_equal(data["tot_fe+2"][1], [[110, 111, 112], [100, 101, 102]])  # highest z first
    np.testing.assert_array_equal(data["z"], [1.0, 0.0])
    np.testing.assert_array_equal(data["time"], [np.nan, 0.5, 1.0])
    assert data["time"].attrs["units"] == "years"
    assert data["tot_fe+2"].attrs["units"] == "unknown"
    assert data["mac_fe+2_mass_influx"].attrs["units"] == "mol/y"
    assert np.isnan(data["mac_fe+2_mass_influx"][1])
    np.testing.assert_array_equal(data["gb_tot_fe+2"][:, 0], [0.5, 1.5, 2.5])
    assert "another geometry" in data.attrs["missing"]
    assert data.attrs["state"] == "no log"


def test_archive_report(good: Path, tmp_path: Path) -> None:
    foreign(tmp_path / "archive")
    shutil.copytree(good, tmp_path / "ours")
    rows = {row["stem"]: row for row in report(tmp_path)}
    assert set(rows) == {"mine", "soil"}
    assert rows["soil"]["missing"] == "" or rows["soil"]["missing"].startswith("units of")
    assert "minerals (.gsv)" in rows["mine"]["missing"]


def test_stem_that_is_not_there(good: Path) -> None:
    with pytest.raises(ReadError, match="holds no run 'other'; it holds soil"):
        open_run(good, stem="other")


def test_convert_streams(tmp_path: Path) -> None:
    rows = 200_000
    folder = foreign(tmp_path / "archive", rows)
    size = (folder / "mine_5.gbt").stat().st_size
    tracemalloc.start()
    convert(folder, tmp_path / "run.nc", families=["gbt"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    assert [row["stem"] for row in report(folder)] == ["mine"]
    surveyed = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    with xr.open_dataset(tmp_path / "run.nc", decode_times=False) as stored:
        assert stored.sizes["step_gbt"] == rows
    # a block of 4096 rows as text and numbers takes 2 MB whatever the file's size
    assert max(peak, surveyed) < 3_000_000 < size
