"""Workers that die, commands that are killed, a Dask cluster: nothing lost, nothing repeated. A stand-in plays MIN3P."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import xarray as xr
from calcisol.emulator.min3p import store
from calcisol.emulator.min3p.member import Task, run_member
from calcisol.emulator.min3p.workers import DIED, cluster, local
from helpers.fake_min3p import install, told

from .test_database import STOCK

SEED, YEARS = 3, 1
PATIENCE = 240.0  # s; a busy machine takes half a minute to start Python with torch


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the stand-in says what it did; MIN3P_EXE and MIN3P_DB are set to it and to a small database."""
    (tmp_path / "stock").mkdir()
    for name, text in STOCK.items():
        (tmp_path / "stock" / name).write_text(text)
    install(tmp_path / "min3p", tmp_path / "log")
    monkeypatch.setenv("MIN3P_EXE", str(tmp_path / "min3p"))
    monkeypatch.setenv("MIN3P_DB", str(tmp_path / "stock"))
    return tmp_path / "log"


def tasks(folder: Path, count: int) -> list[Task]:
    (folder / "members").mkdir(parents=True)
    return [Task(folder, i, SEED, YEARS, 60.0) for i in range(count)]


def command(folder: Path, members: int, *words: str) -> list[str]:
    return [
        sys.executable, "-m", "calcisol.coupler.cli", "ensemble", "--out", str(folder), "--members", str(members),
        "--years", str(YEARS), "--seed", str(SEED), *words,
    ]  # fmt: skip


def states(folder: Path) -> dict[int, str]:
    return {r["index"]: r["state"] for r in store.records(folder)}


def test_stand_in_makes_a_member(log: Path, tmp_path: Path) -> None:
    record = run_member(tasks(tmp_path / "ens", 1)[0])
    assert record["state"] == "accepted", record["reason"]
    with xr.open_dataset(store.member_path(tmp_path / "ens", 0), decode_times=False) as member:
        assert member.sizes["time"] == 12 and float(member["pH"].mean()) == 7.0


def test_workers_that_die(log: Path, tmp_path: Path) -> None:
    """Killed once under member 1, each time under member 2: nothing is lost but member 2, kept as failed."""
    install(tmp_path / "min3p", log, kills={1: 1, 2: 99})
    found = {r["index"]: r["state"] for r in local(tasks(tmp_path / "ens", 5), 2)}
    assert found == states(tmp_path / "ens") == {i: "failed" if i == 2 else "accepted" for i in range(5)}
    record = store.records(tmp_path / "ens")[2]
    assert record["reason"] == DIED and "nitrogen" in record["parameters"]
    assert set(told(log, "end")) == {0, 1, 3, 4}


def test_killed_half_way_and_started_again(log: Path, tmp_path: Path) -> None:
    """kill -9 of the command: its workers end with it; the same command then runs what is missing, and only that."""
    install(tmp_path / "min3p", log, seconds=0.5)
    folder, members, workers = tmp_path / "ens", 8, 2
    with subprocess.Popen(command(folder, members, "--workers", str(workers)), stderr=subprocess.DEVNULL) as running:
        end = time.monotonic() + PATIENCE
        while not (folder / "members").is_dir() or len(states(folder)) < 3:
            assert time.monotonic() < end and running.poll() is None, "the command stored no member"
            time.sleep(0.05)
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    with store.lock(folder):  # free as soon as the workers have ended
        before = {p: p.stat().st_mtime_ns for p in (folder / "members").glob("m*.*") if p.suffix != ".part"}
        kept = states(folder)
        assert 3 <= len(kept) < members
    again = subprocess.run(command(folder, members), capture_output=True, text=True, timeout=PATIENCE)
    assert again.returncode == 0, again.stderr
    assert states(folder) == dict.fromkeys(range(members), "accepted")
    begun = told(log, "begin")
    assert all(begun.count(i) == 1 for i in kept)  # nothing repeated
    assert len(begun) <= members + workers  # but what was under way
    assert all(p.stat().st_mtime_ns == t for p, t in before.items() if int(p.stem[1:6]) in kept)
    with xr.open_dataset(folder / "learning.nc", decode_times=False) as learning:
        assert learning["member_id"].values.tolist() == list(range(members))


def test_dask_cluster(log: Path, tmp_path: Path) -> None:
    """The same command over a cluster; a worker of it dies under member 1. Started again, it has nothing left to do."""
    distributed = pytest.importorskip("distributed", reason="needs dask.distributed (pip install distributed)")
    install(tmp_path / "min3p", log, kills={1: 1})
    folder, members = tmp_path / "ens", 4
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, scheduler_port=0) as scheduler:
        for _ in range(2):
            words = command(folder, members, "--dask", scheduler.scheduler_address)
            made = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE)
            assert made.returncode == 0, made.stderr
    assert states(folder) == dict.fromkeys(range(members), "accepted")
    assert sorted(told(log, "end")) == list(range(members))
    assert told(log, "begin").count(1) == 2


def test_dask_without_scheduler(log: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="needs dask.distributed (pip install distributed)")
    import dask

    with pytest.raises(store.EnsembleError, match=r"--dask nowhere cannot be reached .*port"):
        list(cluster([], "nowhere"))
    nowhere = "tcp://127.0.0.1:1"
    with dask.config.set({"distributed.comm.timeouts.connect": "1s"}):
        with pytest.raises(store.EnsembleError, match=f"--dask {nowhere} cannot be reached"):
            list(cluster(tasks(tmp_path / "ens", 1), nowhere))
