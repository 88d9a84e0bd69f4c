"""Many runs: going on where it stopped, keeping failures, one file and its card. MIN3P itself is replaced by stored output."""

from __future__ import annotations

import argparse
import json
import stat
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from calcisol.emulator.min3p import ensemble, runner, simulate, store
from calcisol.emulator.min3p.collect import collect
from calcisol.emulator.min3p.database import STOCK_FILES
from calcisol.emulator.min3p.member import Task
from calcisol.emulator.min3p.sampling import draw

SEED, YEARS = 3, 40


def options(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    ensemble.add_arguments(parser)
    return parser.parse_args(words)


def store_member(folder: Path, index: int, member: xr.Dataset, state: str = "accepted", reason: str = "") -> dict:
    """A record (and data) as run_member leaves them."""
    record = {
        "index": index, "seed": SEED, "years": YEARS, "state": state, "reason": reason, "wall_s": 1.5,
        "min3p_version": "2.6.2.880",
        "database_sha256": "0" * 64, "checks": {"balance_ca": 1e-8},
        "parameters": {**draw(1, SEED, start=index)[0].values, "grid": "plough"},
    }  # fmt: skip
    (folder / "members").mkdir(parents=True, exist_ok=True)
    if state == "accepted":
        member.to_netcdf(store.member_path(folder, index))
    store.write_text(store.record_path(folder, index), json.dumps(record))
    return record


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An executable that does nothing, and a database folder, so that the set-up checks pass."""
    path = tmp_path / "min3p"
    path.write_text("#!/bin/sh\nexit 0\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "db").mkdir()
    for name in STOCK_FILES:
        (tmp_path / "db" / name).touch()
    monkeypatch.setenv("MIN3P_EXE", str(path))
    monkeypatch.setenv("MIN3P_DB", str(tmp_path / "db"))
    return path


@pytest.fixture
def ran(program: Path, member: xr.Dataset, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Members are stored without running anything; the list says which were asked for. Member 2 fails, member 4 breaks off."""
    asked: list[int] = []

    def fake(task: Task) -> dict:
        folder, index = task.folder, task.index
        if index == 4 and 4 not in asked:
            asked.append(index)
            raise KeyboardInterrupt
        asked.append(index)
        return store_member(folder, index, member, *(("failed", "no further time step reduction possible") if index == 2 else ()))

    def local(tasks: list[Task], workers: int):
        for task in tasks:
            yield fake(task)

    monkeypatch.setattr(simulate, "local", local)
    return asked


def test_goes_on_where_it_stopped(ran: list[int], tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    words = ("--out", str(tmp_path / "ens"), "--members", "6", "--seed", str(SEED), "--years", str(YEARS))
    assert ensemble.run(options(*words)) == 130  # stopped by hand at member 4
    assert "continues from here" in capsys.readouterr().err
    assert ensemble.run(options(*words)) == 0
    assert ran == [0, 1, 2, 3, 4, 4, 5]  # nothing twice but what was not finished
    assert [r["state"] for r in store.records(tmp_path / "ens")] == ["accepted"] * 2 + ["failed"] + ["accepted"] * 3
    ran.clear()
    assert ensemble.run(options(*words, "--retry")) == 0
    assert ran == [2]


def test_learning_file_and_manifest(tmp_path: Path, member: xr.Dataset) -> None:
    folder = tmp_path / "ens"
    store.Plan(SEED, YEARS, {"x": 1.0}).check_or_write(folder)
    shallow = member.isel(layer=slice(0, 2)).drop_vars(["lsrc_x-an", "src_x-an"])
    store_member(folder, 0, member)
    store_member(folder, 1, shallow)
    store_member(folder, 2, member, "refused", "balance_ca is 2.00e-06, limit 1e-06")
    manifest = collect(folder, folder / "learning.nc")
    assert (manifest["members"], manifest["member_ids"], manifest["refused"], manifest["failed"]) == (2, [0, 1], 1, 0)
    with xr.open_dataset(folder / "learning.nc", decode_times=False) as data:
        assert dict(data.sizes) | {"parameter": 0} == {"member": 2, "time": 3, "layer": 3, "vgpar": 4, "parameter": 0}
        np.testing.assert_array_equal(data["n_layer"], [3, 2])
        np.testing.assert_array_equal(data["pool_ca"][0], member["pool_ca"])  # float64 is kept
        assert np.isnan(data["pH"][1, :, 2]).all() and np.isfinite(data["pH"][1, :, :2]).all()
        assert float(data["lsrc_x-an"][1, :, :2].sum()) == 0.0 and float(data["src_x-an"][1].sum()) == 0.0
        assert "2" in json.loads(data.attrs["failed"])
    import hashlib

    assert manifest["sha256"] == hashlib.sha256((folder / "learning.nc").read_bytes()).hexdigest()
    assert json.loads((folder / "learning.manifest.json").read_text()) == manifest


@pytest.mark.filterwarnings("error:constrained_layout")
def test_data_card(tmp_path: Path, member: xr.Dataset, capsys: pytest.CaptureFixture) -> None:
    folder = tmp_path / "ens"
    store.Plan(SEED, YEARS, {"x": 1.0}).check_or_write(folder)
    store_member(folder, 0, member)
    store_member(folder, 1, member, "failed", "not finished within the wall limit of 900 s")
    assert ensemble.run(options("--out", str(folder), "--report")) == 0
    card = (folder / "datacard.md").read_text()
    assert "2 MIN3P runs of 40 years" in card and "50.0 % lost" in card
    assert "wall limit of 900 s" in card and "| `caco3` | % | 0 to 60 |" in card
    assert "| balance_ca | 1.0e-08 | 1.0e-08 | 0 | 1e-06 |" in card  # one accepted run: median and largest are its own
    assert str(folder / "datacard.md") in capsys.readouterr().out


def test_two_plans_do_not_mix(tmp_path: Path, ran: list[int], capsys: pytest.CaptureFixture) -> None:
    store.Plan(SEED, YEARS, {"x": 1.0, "ya": 3.2, "yb": 4.6}).check_or_write(tmp_path / "ens")
    assert ensemble.run(options("--out", str(tmp_path / "ens"), "--seed", "9")) == 2
    assert f"seed = {SEED}, not 9" in capsys.readouterr().err
    assert ran == []


@pytest.mark.parametrize("name", ["MIN3P_EXE", "MIN3P_DB"])
def test_without_min3p(
    name: str, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.delenv(name)
    assert ensemble.run(options("--out", str(tmp_path / "ens"))) == 2
    assert f"{name} is not set" in capsys.readouterr().err
    monkeypatch.setenv(name, str(tmp_path / "nowhere"))
    assert ensemble.run(options("--out", str(tmp_path / "ens"))) == 2
    assert "nowhere is no" in capsys.readouterr().err
    assert not (tmp_path / "ens").exists()


def test_years_out_of_range(program: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert ensemble.run(options("--out", str(tmp_path / "ens"), "--years", "90")) == 2
    assert "--years 90 is outside 1 to 83" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--members", "0"), "--members 0 must be 1 or more"),
        (("--members", "-3"), "--members -3 must be 1 or more"),
        (("--seed", "-1"), "--seed -1 must be 0 or more"),
        (("--workers", "-4"), "--workers -4 must be 1 or more"),
        (("--wall-limit", "0"), "--wall-limit 0 must lie above 0 s"),
        (("--dask", "nowhere"), "--dask nowhere cannot be reached"),
    ],
)
def test_numbers_that_mean_nothing(
    words: tuple[str, ...], said: str, program: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert ensemble.run(options("--out", str(tmp_path / "ens"), *words)) == 2
    assert said in capsys.readouterr().err


def test_a_database_without_its_files(program: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "db" / "gases.dbs").unlink()
    assert ensemble.run(options("--out", str(tmp_path / "ens"))) == 2
    assert "lacks gases.dbs; give the folder" in capsys.readouterr().err and not (tmp_path / "ens").exists()


def test_nothing_to_collect(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert ensemble.run(options("--out", str(tmp_path), "--collect")) == 2
    assert "holds no accepted member" in capsys.readouterr().err


def test_silent_program_is_a_failure(program: Path, tmp_path: Path) -> None:
    """Exit code 0 means nothing: without a log there was no run."""
    run = tmp_path / "run"
    run.mkdir()
    assert runner.run(run, program, 10.0).status.state == "no log"


def test_wall_limit(program: Path, tmp_path: Path) -> None:
    program.write_text("#!/bin/sh\necho '#Version     : 2.6.2.880' > soil.log\nexec sleep 60\n")
    run = tmp_path / "run"
    run.mkdir()
    result = runner.run(run, program, 0.5)
    assert result.status.reason == "not finished within the wall limit of 0 s" or "wall limit" in result.status.reason
    assert result.wall_s < 10.0


def test_unknown_version(program: Path, tmp_path: Path) -> None:
    program.write_text("#!/bin/sh\necho '#Version     : 1.9' > soil.log\n")
    run = tmp_path / "run"
    run.mkdir()
    with pytest.raises(runner.RunnerError, match=r"version 1\.9 was not checked"):
        runner.run(run, program, 10.0)


def test_help_has_an_example() -> None:
    parser = argparse.ArgumentParser()
    ensemble.add_arguments(parser)
    assert "example: " in parser.format_help()


def test_twin_has_a_folder_of_its_own(ran: list[int], tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """A twin of the members of a file: seed and years come from it, the plan names the twin, members without N are left out."""
    base = tmp_path / "learning.nc"
    plan = {"seed": SEED, "years": YEARS}
    xr.Dataset(attrs={"format": store.FORMAT, "plan": json.dumps(plan)}).to_netcdf(base)
    points = draw(24, SEED)
    bare = next(p.index for p in points if p.values["nitrogen"] == 0.0)
    words = ("--twin", "no_nitrogen", "--of", str(base), "--only", f"5,7,{bare}")
    assert ensemble.run(options("--out", str(tmp_path / "twin"), *words)) == 0
    assert ran == [5, 7]
    assert f"left out: members {bare}" in capsys.readouterr().err
    plan = store.read_plan(tmp_path / "twin")
    assert (plan["twin"], plan["seed"], plan["years"]) == ("no_nitrogen", SEED, YEARS)
    assert json.loads((tmp_path / "twin" / "learning.manifest.json").read_text())["twin"] == "no_nitrogen"
    assert ensemble.run(options("--out", str(tmp_path / "twin"), "--of", str(base), "--only", "5")) == 2
    assert "twin = 'no_nitrogen', not None" in capsys.readouterr().err
    assert ensemble.run(options("--out", str(tmp_path / "twin"), *words, "--years", "3")) == 2
    assert "--years 3 is not that of" in capsys.readouterr().err


def test_plan_from_before_there_were_twins(tmp_path: Path) -> None:
    plan = store.Plan(SEED, YEARS, {"x": 1.0})
    store.write_text(
        tmp_path / "plan.json", json.dumps({"seed": SEED, "years": YEARS, "sites": {"x": 1.0}, "format": store.FORMAT})
    )
    plan.check_or_write(tmp_path)


def test_one_command_at_a_time(tmp_path: Path) -> None:
    with store.lock(tmp_path), pytest.raises(store.EnsembleError, match="another calcisol ensemble is at work"):
        with store.lock(tmp_path, patience=0.0):
            pass
    with store.lock(tmp_path, patience=0.0):
        pass
