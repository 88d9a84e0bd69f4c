"""Columns with weather from run folder to daily file: the reader on small tables, the probe, stopping and going on."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from calcisol.coupler.evaluation.daily_file import read_column, read_folder
from calcisol.emulator.min3p import ensemble, runner, simulate
from calcisol.emulator.min3p.deck import COMPONENTS
from calcisol.emulator.min3p.learning import RunError
from calcisol.emulator.min3p.store import records
from calcisol.emulator.min3p.weather.command import sha256
from calcisol.emulator.min3p.weather.days import FOLLOWED, DayBook
from calcisol.emulator.min3p.weather.design import build
from calcisol.emulator.min3p.weather.member import WeatherTask
from calcisol.emulator.min3p.weather.parameters import draw
from calcisol.emulator.min3p.weather.probe import check
from calcisol.emulator.min3p.weather.tail import WIDTH, Tail, numbers
from helpers.fake_weather import BARE, ROOTS, install

from .test_database import STOCK

# ------------------------------------------------------------------------------------------------ growing tables
TITLES = 'title = "dataset soil"\nvariables = "time", "a", "b"\nzone t = "T_j"\n'


def line(*values: float) -> str:
    return "".join(f"{v:{WIDTH}.16E}".replace("E+", "E+0").replace("E-", "E-0") for v in values) + "\n"


def test_a_growing_table(tmp_path: Path) -> None:
    """Read in pieces that end anywhere; a half line waits for its rest."""
    path, text = tmp_path / "soil_1.gbp", TITLES + line(1.0, -2.5e-3, 3.0) + line(2.0, 4e10, -5.0)
    tail = Tail(path)
    tail.read()  # not there yet
    for part in (text[:40], text[40 : len(TITLES) + 100], text[len(TITLES) + 100 :]):
        with open(path, "a") as stream:
            stream.write(part)
        tail.read()
    assert tail.names == ["time", "a", "b"]
    np.testing.assert_array_equal(tail.rows, [[1.0, -2.5e-3, 3.0], [2.0, 4e10, -5.0]])
    assert path.stat().st_size == len(text)  # its writer's place in the file is kept


@pytest.mark.parametrize("text", [b" 1.0 -2.0\n", b" 1.0E+000-2.0E+000\n", b" 0.1D+001 -.2E+001\n"])
def test_numbers_of_any_width(text: bytes) -> None:
    np.testing.assert_array_equal(numbers(text, 2), [[1.0, -2.0]])


def test_no_table(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("a\nb\nc\n1 2\n")
    with pytest.raises(RunError, match="names no columns"):
        Tail(tmp_path / "x").read()


# ------------------------------------------------------------------------------------------------ days
def write_steps(folder: Path, times: list[float], root: list[list[float]]) -> None:
    """Two cells; ``root`` [cell from the surface][step] is what roots take, m a day. Cumulated influx is the time."""

    def table(name: str, columns: tuple[str, ...], rows: list[tuple[float, ...]]) -> None:
        head = ", ".join(f'"{c}"' for c in ("time", *columns))
        (folder / f"soil_{name}").write_text(f'title = "x"\nvariables = {head}\nzone t = "x"\n' + "".join(line(*r) for r in rows))

    for layer, rates in enumerate(root):
        cell = len(root) - layer
        table(
            f"{cell}.gbp",
            ("theta_a", "rootwat", "evapo", "temp"),
            [(t, 0.2, r, 0.0, t) for t, r in zip(times, rates, strict=True)],
        )
        table(f"{cell}.gbt", COMPONENTS, [(t, *[0.5 + layer] * len(COMPONENTS)) for t in times])
        table(f"{cell}.gbm", ("pH", "ionic strength"), [(t, t, 0.0) for t in times])
        table(f"{cell}.gbg", ("co2(g)",), [(t, 0.01) for t in times])
        table(f"{cell}.gbv", ("calcite",), [(t, 0.1 - 0.001 * t) for t in times])
        table(f"{cell}.gbb", ("na-x(na)",), [(t, 1.0) for t in times])
    titles = [f"total mass {w} [mol/elapsed time]" for w in ("influx", "outflux", "influx (gas phase)", "outflux (gas phase)")]
    for i, component in enumerate(COMPONENTS, 1):
        if component in FOLLOWED:
            table(f"{i}.mac", tuple(titles), [(t, t, 2.0 * t, 0.0, 0.0) for t in times])
    table("o.mvc", ("inflow", "outflow", "storage", "root"), [(t, 3.0, 1.0, 0.0, 0.0) for t in times])


def test_days_of_a_run(tmp_path: Path) -> None:
    """Steps end at 0.25, 1, 1.5, 1.75 and 2 d; a rate holds over the step that ends at its row."""
    times = [0.25, 1.0, 1.5, 1.75, 2.0]
    book = DayBook(tmp_path, 2, passive=0.5)
    write_steps(tmp_path, times, [[1e-3, 2e-3, 4e-3, 0.0, 8e-3], [0.0] * 5])
    book.follow()
    days = book.finish(2)
    upper = [0.25 * 1e-3 + 0.75 * 2e-3, 0.5 * 4e-3 + 0.25 * 8e-3]
    np.testing.assert_allclose(days["transpiration"], [[upper[0], 0.0], [upper[1], 0.0]])
    np.testing.assert_allclose(days["passive no3-1"][:, 0], [0.5 * 0.5e3 * u for u in upper])  # half of 0.5 mol/L
    np.testing.assert_allclose(days["gbm pH"], [[1.0, 1.0], [2.0, 2.0]])  # at the end of the day
    np.testing.assert_allclose(days["temperature"][0], 0.25 * 0.25 + 0.75 * 1.0)  # mean over it
    np.testing.assert_allclose(days["in ca+2"], [1.0, 1.0])
    np.testing.assert_allclose(days["out ca+2"], [2.0, 2.0])
    np.testing.assert_allclose(days["water in"], [3.0, 3.0])
    np.testing.assert_allclose(book.start["gbv calcite"], 0.1 - 0.00025)


def test_days_are_taken_as_they_come(tmp_path: Path) -> None:
    times, rates = [0.5, 1.0, 1.5, 2.0], [[1e-3, 2e-3, 3e-3, 4e-3], [0.0] * 4]
    for name in ("whole", "grown"):
        (tmp_path / name).mkdir()
    whole, grown = (DayBook(tmp_path / name, 2, passive=0.0) for name in ("whole", "grown"))
    write_steps(tmp_path / "whole", times, rates)
    for count in (1, 3, 4):  # each look finds the files longer, at other places
        write_steps(tmp_path / "grown", times[:count], [r[:count] for r in rates])
        grown.follow()
        assert len(grown.days) == count // 2
    one, other = whole.finish(2), grown.finish(2)
    for name, values in one.items():
        np.testing.assert_array_equal(other[name], values, err_msg=name)


def test_a_run_that_stopped(tmp_path: Path) -> None:
    book = DayBook(tmp_path, 1, passive=0.0)
    write_steps(tmp_path, [0.5, 1.0, 1.4], [[0.0] * 3])
    with pytest.raises(RunError, match="hold 1 of 2 days; the run stopped early"):
        book.finish(2)


# ------------------------------------------------------------------------------------------------ a stand-in for MIN3P
@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """MIN3P_EXE and MIN3P_DB are the stand-in and a small database; where it says which runs it made."""
    (tmp_path / "stock").mkdir()
    for name, text in STOCK.items():
        (tmp_path / "stock" / name).write_text(text)
    monkeypatch.setenv("MIN3P_EXE", str(install(tmp_path / "min3p", tmp_path / "log")))
    monkeypatch.setenv("MIN3P_DB", str(tmp_path / "stock"))
    monkeypatch.setattr(simulate, "local", lambda tasks, workers: (task.run() for task in tasks))  # processes: test_workers
    return tmp_path / "log"


def command(folder: Path, *words: str) -> int:
    parser = argparse.ArgumentParser()
    ensemble.add_arguments(parser)
    return ensemble.run(parser.parse_args(["--weather", "--out", str(folder), "--years", "2", *words]))


def test_the_probe(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    check(runner.executable(), runner.stock_database())
    for kind, said in (("no roots", "has no root uptake"), ("no evaporation", "has no evaporation from the soil")):
        install(tmp_path / "min3p", log, kind)
        assert command(tmp_path / "ens") == 2
        told = capsys.readouterr().err
        assert said in told and "which --weather needs; see 'A MIN3P with roots'" in told and told.count("\n") == 1
        assert not (tmp_path / "ens").exists()
    (tmp_path / "min3p").write_text("#!/bin/sh\nexit 0\n")
    assert command(tmp_path / "ens") == 2
    assert "ends a small column with 'no log'" in capsys.readouterr().err


def test_one_column(log: Path, tmp_path: Path) -> None:
    """What the file must say of a column in which nothing but water moves; the coupler reads it."""
    (tmp_path / "members").mkdir()
    record = WeatherTask(tmp_path, 2, seed=1, years=2, wall_limit=60.0).run()
    assert record["state"] == "accepted", record["reason"]
    drawn = build(draw(1, 1, start=2)[0], 2)
    column = read_column(tmp_path / "w00002.nc")
    assert column.start_day == 365 and column.days == 730 and column.hydraulics.bottom_head is None
    dz = drawn.soil.thickness
    np.testing.assert_allclose(column["w_liq"][5], 0.25 * dz * 1e3, rtol=1e-6)
    np.testing.assert_allclose(column["transpiration"][7, :4] * 86400.0, [ROOTS * 1e3] * 3 + [0.0], rtol=1e-6)
    np.testing.assert_allclose(column["evaporation"][7, :2] * 86400.0, [BARE * 1e3, 0.0], rtol=1e-6)
    drained = drawn.soil.drainage * 1e3 - 3.0 * ROOTS * 1e3 - BARE * 1e3
    np.testing.assert_allclose(column["q_bot"] * 86400.0, drained, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(column["pool_calcite"][0], (1e-2 - 1e-7) * dz / (100.0894e-3 / 2.71e3), rtol=1e-6)
    # 1 mmol/L in the water; 1 meq/100 g of calcium on each of three sites, printed with the shares of the lowest cell
    share, low = drawn.soil.cec_variable, drawn.soil.cec_variable[-1]
    on_sites = ((1.0 - share) / (1.0 - low) + 2.0 * share / low) * drawn.soil.bulk_density * dz * 1e-2 * 0.5
    np.testing.assert_allclose(column["pool_ca"][0], 1e-3 * 250.0 * dz + on_sites, rtol=1e-6)
    sodium = (1.0 - share) / (1.0 - low)
    np.testing.assert_allclose(column["site_1"][0], np.log(sodium / (7.0 * sodium * 1e-3)), rtol=1e-6)
    assert column["leached_ca"].max() == 0.0 and column["rain"] == pytest.approx(drawn.weather.rain, rel=1e-6)
    assert column["irrigation"].sum() == 0.0 and not (tmp_path / "scratch" / "w00002").exists()
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_column_with_a_gap_is_refused(log: Path, tmp_path: Path) -> None:
    program = (tmp_path / "min3p").read_text().replace("(t, q, q - taken", "(t, q, 0.5 * q")
    (tmp_path / "min3p").write_text(program)
    (tmp_path / "members").mkdir()
    record = WeatherTask(tmp_path, 2, seed=1, years=2, wall_limit=60.0).run()
    assert record["state"] == "refused" and "balance of water is open by" in record["reason"]
    assert not list(tmp_path.glob("*.nc"))


def test_goes_on_and_gives_the_same_files(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    whole, again = tmp_path / "whole", tmp_path / "again"
    assert command(whole, "--only", "1-3") == 0
    assert command(again, "--only", "1,2") == 0
    (again / "members" / "m00002.json").unlink()  # as if it had been killed under way
    (again / "w00002.nc.999.part").write_text("half")
    log.unlink()
    assert command(again, "--only", "1-3") == 0
    runs = [name.split("-")[0] for name in log.read_text().split() if name.startswith("w")]
    assert runs == ["w00002", "w00003"]
    assert [sha256(whole / f"w{i:05d}.nc") for i in (1, 2, 3)] == [sha256(again / f"w{i:05d}.nc") for i in (1, 2, 3)]
    assert (whole / "manifest.json").read_text() == (again / "manifest.json").read_text()
    said = json.loads((whole / "manifest.json").read_text())
    assert said["files"]["w00002.nc"] == sha256(whole / "w00002.nc") and said["min3p_sha256"] == sha256(tmp_path / "min3p")
    assert (said["seed"], said["years"], said["columns"], said["failed"]) == (1, 2, 3, 0)
    assert [c.name for c in read_folder(whole)] == ["w00001", "w00002", "w00003"]
    assert f"next: calcisol evaluate --daily {whole}" in capsys.readouterr().out


def test_failures_are_named(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    program = (tmp_path / "min3p").read_text()
    stop = 'if os.path.basename(os.getcwd()).startswith("w00002"):\n    sys.exit(0)\n'
    (tmp_path / "min3p").write_text(program.replace("cells = int(", stop + "cells = int("))
    assert command(tmp_path / "ens", "--only", "1,2") == 0
    said = json.loads((tmp_path / "ens" / "manifest.json").read_text())
    assert said["failures"] == {"2": "failed: there is no log file"} and said["failed"] == 1
    assert "1 failed or refused" in capsys.readouterr().out
    install(tmp_path / "min3p", log)  # another MIN3P: not the same ensemble
    assert command(tmp_path / "ens", "--members", "3") == 2
    assert "was started with min3p_sha256" in capsys.readouterr().err


def test_weather_of_the_user(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("rain,pet\n" + "".join(f"{3.0 + math.sin(d)},1.0\n" for d in range(365)))
    words = ["--out", str(tmp_path / "ens"), "--years", "2", "--only", "1"]
    parser = argparse.ArgumentParser()
    ensemble.add_arguments(parser)
    assert ensemble.run(parser.parse_args(["--weather", str(file), *words])) == 0
    with xr.open_dataset(tmp_path / "ens" / "w00001.nc") as data:
        np.testing.assert_allclose(data["rain"][365:], data["rain"][:365])
        assert float(data["rain"][0]) == 3.0
    file.write_text(file.read_text().replace("3.0,1.0", "4.0,1.0"))
    assert ensemble.run(parser.parse_args(["--weather", str(file), *words])) == 2
    assert "was started with weather" in capsys.readouterr().err
    assert [r["state"] for r in records(tmp_path / "ens")] == ["accepted"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--twin", "no_nitrogen"), "--twin does not go with --weather"),
        (("--collect",), "--collect does not go with --weather"),
        (("--years", "1"), "--years 1 must be 2 or more"),
        (("--years", "0"), "--years 0 must be 2 or more"),
        (("--years", "400"), "--years 400 is more than 100"),
        (("--wall-limit", "0"), "--wall-limit 0 must lie above 0 s"),
    ],
)
def test_options_that_do_not_go(
    words: tuple[str, ...], said: str, log: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert command(tmp_path / "ens", *words) == 2
    assert said in capsys.readouterr().err and not (tmp_path / "ens").exists()


def test_without_min3p(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.delenv("MIN3P_EXE", raising=False)
    assert command(tmp_path / "ens") == 2
    assert "MIN3P_EXE is not set" in capsys.readouterr().err and not (tmp_path / "ens").exists()


# ------------------------------------------------------------------------------------------------ the user's MIN3P
@pytest.mark.slow
def test_with_the_users_min3p(min3p: None, tmp_path: Path) -> None:
    """Two years of a column with a decalcified top and irrigation: budgets close, roots and soil lose what the file says."""
    try:
        check(runner.executable(), runner.stock_database())
    except runner.RunnerError as error:
        pytest.skip(str(error))
    (tmp_path / "members").mkdir()
    record = WeatherTask(tmp_path, 1, seed=1, years=2, wall_limit=900.0).run()
    assert record["state"] == "accepted", record["reason"]
    assert max(abs(v) for v in record["checks"].values()) < 1e-4
    column = read_column(tmp_path / "w00001.nc")
    taken = column.w_sink.sum(1) * 86400.0
    assert 0.4 < taken.sum() / column["pet"].sum() < 1.0 and column["evaporation"][:, 2:].max() == 0.0
    assert np.corrcoef(taken, column["pet"])[0, 1] > 0.7
