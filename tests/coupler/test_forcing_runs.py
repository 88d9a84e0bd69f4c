"""Runs of forcing files: what is written, read by the tools of the field; stopped, killed and full disks; two at a time."""

import shutil
import signal
import subprocess
import sys
import time

import netCDF4
import numpy as np
import pytest
import xarray as xr
from calcisol.coupler import run_forcing
from calcisol.coupler.cli import main
from calcisol.coupler.forcing.forcing_file import ForcingFile
from calcisol.coupler.library.model import Model
from helpers.forcing_data import DZ, dataset, save
from helpers.small_runs import variables


def config_of(tmp_path, data, name="f.nc", text=""):
    save(data, tmp_path / name)
    path = tmp_path / "run.toml"
    path.write_text(f'forcing = "{name}"\nout = "{tmp_path / "out"}"\n{text}', encoding="utf-8")  # beside the configuration
    return path, tmp_path / "out" / f"{name[:-3]}_calcisol.nc"


def command(path, *options):
    return [sys.executable, "-m", "calcisol.coupler.cli", "run", str(path), *options]


@pytest.fixture
def result(tmp_path, shipped):
    config, out = config_of(tmp_path, dataset())
    assert main(["run", str(config)]) == 0
    return out


def test_every_number_is_that_of_the_library(result, tmp_path):
    """The same steps through the library, without the driver."""
    wanted = []
    with ForcingFile(tmp_path / "f.nc") as forcing, Model(None) as model:
        columns = model.columns(forcing.static())
        for i, dt in enumerate(forcing.axis.dt):
            wanted.append(
                columns.step(dt, forcing.step(i)) | dict(zip(("ph_h2o", "ph_cacl2"), columns.laboratory_ph(), strict=True))
            )
    with xr.open_dataset(result, decode_times=False) as file:
        for name in wanted[0]:
            mine = file[name].transpose("time", "column", ...).values
            np.testing.assert_array_equal(mine, np.stack([w[name] for w in wanted]), err_msg=name)
        assert 5.5 < float(file["ph_cacl2"].min()) and float((file["ph_h2o"] - file["ph_cacl2"]).min()) > 0  # salt lowers pH


def test_times_bounds_methods_and_depth_follow_cf(result):
    with xr.open_dataset(result, decode_times=False) as file:
        assert (
            file["time"].values.tolist() == [30.0, 60.0, 90.0, 120.0, 150.0, 180.0]
            and file["time"].long_name == "end of the step"
        )
        assert file["time_bnds"].values.tolist() == [[30.0 * i, 30.0 * (i + 1)] for i in range(6)]
        assert file["soil_layer"].values == pytest.approx(np.cumsum(DZ) - DZ / 2) and file["soil_layer"].positive == "down"
        for name in file.data_vars:
            if "time" in file[name].dims and name not in ("flag", "time_bnds"):
                rate = file[name].units.endswith("s-1")
                assert file[name].cell_methods == ("time: mean" if rate else "time: point"), name
        assert {"ph_h2o", "ph_cacl2", "flag"} <= set(file.data_vars)


def test_laboratory_ph_once_a_day(tmp_path, shipped):
    """Six-hourly steps from 2001-01-01: days end with steps 4 and 8."""
    data = dataset(9, bounds=False)
    data = data.assign_coords(time=("time", np.arange(1, 10) * 6.0, {**data["time"].attrs, "units": "hours since 2001-01-01"}))
    config, out = config_of(tmp_path, data)
    assert main(["run", str(config)]) == 0
    with xr.open_dataset(out) as file:
        assert np.isfinite(file["ph_h2o"].values).all((1, 2)).tolist() == [i in (3, 7) for i in range(9)]
        assert np.isfinite(file["ph"].values).all()


def test_mid_month_stamps_come_out_as_ends(tmp_path, shipped):
    data = dataset(3, bounds=False)
    data = data.assign_coords(time=("time", [15.0, 45.0, 74.0], dict(data["time"].attrs)))
    config, out = config_of(tmp_path, data)
    assert main(["run", str(config)]) == 0
    with xr.open_dataset(out, decode_times=False) as file:
        assert file["time"].values.tolist() == [31.0, 59.0, 90.0]


@pytest.mark.parametrize("varies", [False, True])
@pytest.mark.parametrize("columns", [3, 4])  # four layers: columns x layers must not be taken for a map
def test_cdo_and_nco_read_every_variable(tmp_path, shipped, varies, columns):
    if not shutil.which("cdo") or not shutil.which("ncks"):
        pytest.skip("needs cdo and nco (apt-get install cdo nco)")
    data = dataset().stack(column=("lat", "lon"), create_index=False).isel(column=slice(0, columns)).drop_vars(["lat", "lon"])
    if varies:
        data["dz"] = (("column", "depth"), DZ * (1 + 0.1 * np.arange(columns)[:, None]), {"units": "m"})
        data = data.drop_vars("depth").rename(depth="soil_layer")
    config, out = config_of(tmp_path, data)
    assert main(["run", str(config)]) == 0
    done = subprocess.run(["cdo", "-s", "sinfon", str(out)], capture_output=True, text=True, check=True)
    rows = {line.split(":")[-1].strip(): line.split() for line in done.stdout.splitlines() if " : " in line}
    with netCDF4.Dataset(out) as file:
        for name, variable in file.variables.items():
            if variable.dimensions[0] == "time" and len(variable.dimensions) > 1 and name != "time_bnds":
                levels = 4 if "soil_layer" in variable.dimensions else 1
                assert rows[name][rows[name].index("instant") + 1] == str(levels), name
                assert rows[name][rows[name].index("instant") + 3] == str(columns), name
    assert "Bounds = true" in done.stdout and "skipped" not in done.stdout + done.stderr
    subprocess.run(["ncks", "-O", str(out), str(tmp_path / "copy.nc")], check=True)
    assert variables(tmp_path / "copy.nc")["ph"] == variables(out)["ph"]


def test_grid_keeps_its_coordinates(result):
    import calcisol.coupler.report.accessor  # noqa: F401

    with xr.open_dataset(result) as file:
        grid = file.calcisol.grid("ph")
        assert grid.dims == ("time", "soil_layer", "lat", "lon")
        assert grid["lat"].values.tolist() == [50.25, 50.75] and grid["lon"].values.tolist() == [-5.25, -4.75, -4.25]
        assert grid["soil_layer"].values == pytest.approx(np.cumsum(DZ) - DZ / 2) and grid["time"].size == 6
        assert file.calcisol.depth("sic", 0.0, 0.3).dims == ("time", "column")


def test_a_killed_run_goes_on_with_the_same_bits(tmp_path, shipped, capsys, monkeypatch):
    config, out = config_of(tmp_path, dataset(12))
    assert main(["run", str(config)]) == 0
    whole = variables(out)
    out.unlink()
    monkeypatch.setattr("calcisol.coupler.offline.parts.BLOCK_SECONDS", 0.0)  # a checkpoint each step
    step, calls = run_forcing._Loop.step, []

    def dies(self, *arguments):
        calls.append(1)
        if len(calls) == 6:
            raise MemoryError
        return step(self, *arguments)

    monkeypatch.setattr(run_forcing._Loop, "step", dies)
    assert main(["run", str(config)]) == 2 and not out.exists()
    assert main(["run", str(config)]) == 2  # what is there is not this start's to delete
    assert "holds the work of an earlier run of this configuration; continue it with --resume" in capsys.readouterr().err
    assert main(["run", str(config), "--resume"]) == 0
    assert "goes on after step 5" in capsys.readouterr().err and len(calls) == 6 + 7
    assert variables(out) == whole and not (tmp_path / "out" / ".work").exists()


def test_resume_without_work_begins_and_a_changed_file_is_another_run(tmp_path, shipped, capsys):
    config, out = config_of(tmp_path, dataset())
    assert main(["run", str(config), "--resume"]) == 0 and out.is_file()
    assert "nothing of this run is there to go on from" in capsys.readouterr().err


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL])
def test_stopped_from_outside(tmp_path, shipped, sent):
    """Batch systems send SIGTERM: what is done is kept and last week's result stays; after a kill what was written."""
    config, out = config_of(tmp_path, dataset(400))
    assert subprocess.run(command(config), capture_output=True, check=True).returncode == 0
    whole, before = variables(out), out.stat().st_mtime_ns
    run = subprocess.Popen(command(config), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    for line in run.stderr:
        if " steps," in line:
            break
    run.send_signal(sent)
    _, error = run.communicate(timeout=120)
    if run.returncode == 0:
        pytest.skip("the run was over before the signal came")
    assert run.returncode == {signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGKILL: -9}[sent]
    assert out.stat().st_mtime_ns == before and variables(out) == whole
    assert not list(out.parent.glob(".*.part")) and "Traceback" not in error
    if sent != signal.SIGKILL:
        assert "stopped; continue with the same command and --resume" in error
        assert list((out.parent / ".work").glob("forcing_*/last.npz"))
    again = subprocess.run(command(config, "--resume"), capture_output=True, text=True)
    assert again.returncode == 0 and variables(out) == whole
    assert sent == signal.SIGKILL or "goes on after step" in again.stderr


def test_two_runs_into_one_folder(tmp_path, shipped):
    """The second is refused in one sentence; the first and what was there before come to no harm."""
    config, out = config_of(tmp_path, dataset(300))
    first = subprocess.Popen(command(config), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    lock = out.parent / ".calcisol.lock"
    for _ in range(600):
        if lock.is_file() and lock.read_text(encoding="utf-8"):
            break
        time.sleep(0.05)
    second = subprocess.run(command(config), capture_output=True, text=True)
    first.communicate(timeout=120)
    assert first.returncode == 0
    if second.returncode:  # else the first was over when the second came
        assert second.returncode == 2 and second.stderr.count("\n") == 1
        assert f"is in use by another run (process {first.pid} on" in second.stderr
    with xr.open_dataset(out) as file:
        assert file.sizes["time"] == 300


def test_a_full_disk_is_one_sentence_and_the_run_goes_on(tmp_path, shipped):
    config, out = config_of(tmp_path, dataset(200))
    limit = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000)); from calcisol.coupler.cli import main; "
    )
    full = subprocess.run([sys.executable, "-c", limit + "sys.exit(main(sys.argv[1:]))", *command(config)[3:]],
                          capture_output=True, text=True)  # fmt: skip
    assert full.returncode == 2 and not out.exists()
    last = full.stderr.strip().splitlines()[-1]
    assert "cannot be written: the disk is full or over its quota; free some space" in last and "--resume" in last
    assert subprocess.run(command(config, "--resume"), capture_output=True).returncode == 0 and out.is_file()


def test_paths_count_from_the_folder_of_the_configuration(tmp_path, shipped, capsys, monkeypatch):
    (tmp_path / "a").mkdir()
    config, out = config_of(tmp_path / "a", dataset())
    monkeypatch.chdir(tmp_path)
    assert main(["run", "a/run.toml"]) == 0 and out.is_file()
    shutil.move(tmp_path / "a" / "f.nc", tmp_path / "f.nc")
    assert main(["run", str(config)]) == 2
    assert f"forcing = 'f.nc' counts from the folder of {config}" in capsys.readouterr().err


def test_the_library_nitrifies_where_asked(tmp_path, shipped, capsys):
    """First order, 0.03 a day at 10 degC; what was there at first is gone after four months."""
    data = dataset(12)
    data["t_soil"][:] = 283.15
    data["dep_nh4"] = (("time", "lat", "lon"), np.full((12, 2, 3), 1e-7), {"units": "mol m-2 s-1"})
    config, out = config_of(tmp_path, data)
    assert main(["check", str(tmp_path / "f.nc")]) == 2 and main(["run", str(config)]) == 2
    assert main(["check", str(tmp_path / "f.nc"), "--nitrify"]) == 0
    config.write_text(config.read_text(encoding="utf-8") + "nitrify = true\n", encoding="utf-8")
    assert main(["run", str(config)]) == 0
    with xr.open_dataset(out) as file:
        share = 1 - np.exp(-0.03 * 30)  # of the pool, nitrified in a step of 30 days
        brought = 1e-7 * 30 * 86400
        pool, acid = 0.0, []
        for _ in range(12):
            made = (pool + brought) * share
            pool += brought - made
            acid.append(2 * made / (30 * 86400))  # two protons each; the deposition of ammonium itself takes one away
        assert file["acid_load"].values[4:, 0] == pytest.approx(np.array(acid)[4:] - 1e-7, rel=0.02)
        assert file.attrs["comment"].startswith("nitrification by the library")


def test_the_last_words_are_the_flags(tmp_path, shipped, capsys):
    data = dataset()
    data["caco3"][0] = 1.0  # above 0.95
    lime = np.zeros((6, 2, 3))
    lime[2, 0, 1] = 2e-3  # above 1e-3
    data["lime"] = (("time", "lat", "lon"), lime, {"units": "kg m-2 s-1"})
    config, _ = config_of(tmp_path, data)
    assert main(["run", str(config)]) == 0
    error = capsys.readouterr().err
    last = error[error.index("flags of f.nc") :]
    assert "clipped: an input outside its valid range" in last
    assert "lime: 1 of 36 values outside 0 to 0.001 will be clipped" in last
    assert "caco3: 6 of 24 values outside 0 to 0.95 will be clipped" in last


def rising(days: int) -> xr.Dataset:
    """Forty days of which in ``days`` 8.6 m of water rise through the bottom of the sixth column."""
    data = dataset(40)
    data = data.assign_coords(time=("time", data["time"].values / 30.0, dict(data["time"].attrs)))
    data["time_bnds"] = data["time_bnds"] / 30.0
    data["w_liq"][:] = 300.0 * DZ[:, None, None]
    data["t_soil"][:] = 283.15
    data["co2_src_total"][:] = 1.6e-8
    data["q_bot"][:] = 8e-6
    data["q_bot"][:days, 1, 2] = -0.1
    return data


def test_a_column_that_is_lost_for_a_while_has_no_budget(tmp_path, shipped, capsys):
    config, out = config_of(tmp_path, rising(30))
    assert main(["run", str(config)]) == 0
    text = capsys.readouterr()
    assert "budgets of 5 of 6 columns" in text.out and "nan" not in text.out
    assert "columns and steps invalid" in text.err and "to the last" not in text.err
    with xr.open_dataset(out) as file:
        gone = np.isnan(file["ph"].values[:, 0, 5])
        assert gone[29] and not gone[30:].any() and not gone[:5].any()


def test_a_column_that_is_lost_says_why(tmp_path, shipped, capsys):
    """8.6 m of water a day rising through the bottom: why the column cannot be stepped any more is told."""
    config, out = config_of(tmp_path, rising(40))
    assert main(["run", str(config)]) == 0
    text = capsys.readouterr()
    assert "column 6 is invalid from step" in text.err and "of 40 to the last: its pore water has become a brine" in text.err
    assert "column 6 cannot be stepped: its pore water has become a brine (ionic strength" in text.err  # the library's own note
    assert "check its inputs" not in text.err
    assert "budgets of 5 of 6 columns" in text.out
    with xr.open_dataset(out) as file:
        assert np.isnan(file["ph"].values[-1, :, 5]).all() and np.isfinite(file["ph"].values[:, :, :5]).all()
