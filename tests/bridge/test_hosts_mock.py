"""Mock hosts with the conventions of ORCHIDEE, CTSM, Noah-MP and LPJmL, linked through the adapters that ship.

What:    budgets every step, a host untouched when pH is not fed back, bits over ranks, threads and a restart, the stub.
Hosts:   hosts_mock/; each is compiled with the flags of the model it imitates and writes its results as hexadecimal words:
         four of its own (ammonium, water, ice, drainage), pH, change of the carbon flux.
Note:    MPI tests need mpirun and mpif90, and skip without them.
"""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from calcisol.coupler.library.install import fflags, fortran_source_dir, libs
from helpers.mock_hosts import BY_NAME, MOCKS, NCOL, Host, build

# of the throughput of one step; float64 over one step leaves 1e-13, a wrong term 1e-3 (coupler/offline/budget.py)
CLOSURE = 1e-10
A_DAY = 0.1  # in pH of the first layer, of a day against half-hours; seen: 0.03 (hosts/README.md, a step a day)
ROUND_OFF = 1e-9  # of the infiltration; what the host's own kind rounds is left out by calcisol_water
RANKED = 12  # steps of the tests over ranks: the bits differ at the first step or never


@pytest.fixture(scope="module")
def host_of(tmp_path_factory: pytest.TempPathFactory, shipped: Path) -> Callable[..., Host]:
    """``host_of(name, package, mpi)``: each host is compiled once."""
    built: dict[tuple[str, str, bool], Host] = {}

    def get(name: str, package: str = "calcisol", mpi: bool = False) -> Host:
        key = (name, package, mpi)
        if key not in built:
            built[key] = build(BY_NAME[name], tmp_path_factory.mktemp(name), shipped, package, mpi)
        return built[key]

    return get


def worst(printed: str) -> list[float]:
    """The largest residuals a run reports, of all its ranks and threads."""
    lines = [line.split()[1:] for line in printed.splitlines() if line.startswith("worst")]
    return [float(word) for line in lines for word in line]


@pytest.mark.parametrize("name", BY_NAME)
def test_budgets_close_and_feedback_is_a_choice(name: str, host_of: Callable[..., Host], tmp_path: Path) -> None:
    host = host_of(name)
    off, silent = host.run(tmp_path / "off", 1, host.kind.short, on=False)
    watched, printed = host.run(tmp_path / "watched", 1, host.kind.short, feedback=False)
    coupled, _ = host.run(tmp_path / "coupled", 1, host.kind.short)
    assert silent == ""
    assert worst(printed)
    assert max(worst(printed)) < CLOSURE
    assert len(off) == NCOL
    for column, words in off.items():
        assert watched[column][:4] == words[:4], f"column {column}: the host changed although pH is not fed back"
    changed = [column for column, words in off.items() if coupled[column][0] != words[0]]
    lakes = 1 if name == "lpjml" else 0
    assert len(changed) == (0 if name == "noahmp" else NCOL - lakes)  # Noah-MP has no formula that reads pH


@pytest.mark.parametrize(("name", "tiles"), [("orchidee", False), ("orchidee", True), ("ctsm", None), ("noahmp", None)])
def test_soil_takes_in_what_the_host_lets_infiltrate(
    name: str, tiles: bool | None, host_of: Callable[..., Host], tmp_path: Path
) -> None:
    """Rain, rivers, irrigation of one tile, water that waits above the soil, dew, frost, snow that goes: the log says it."""
    more = {} if tiles is None else {"tiles": tiles}
    summer = 8000  # ORCHIDEE's frost at nodes is no exact sum of the mock's layers
    _, printed = host_of(name).run(tmp_path / "run", summer, summer + 5 * 48, **more)
    missed, into = re.findall(r"water missed (\S+) of (\S+) mm", printed)[-1]
    assert float(into) > 5.0
    assert float(missed) < ROUND_OFF * float(into)


@pytest.mark.parametrize("name", BY_NAME)
def test_restart_in_the_files_of_the_host_gives_the_same_bits(name: str, host_of: Callable[..., Host], tmp_path: Path) -> None:
    host = host_of(name)
    last, half = host.kind.short, host.kind.short // 2 + 3
    whole, _ = host.run(tmp_path / "whole", 1, last)
    host.run(tmp_path / "first", 1, half)
    second, printed = host.run(tmp_path / "second", half + 1, last, restart=str(tmp_path / "first" / "restart"))
    assert second == whole
    assert (tmp_path / "second" / "restart").read_text() == (tmp_path / "whole" / "restart").read_text()
    assert max(worst(printed)) < CLOSURE


def test_tiles_as_columns_close_and_restart_in_the_files_of_the_host(host_of: Callable[..., Host], tmp_path: Path) -> None:
    host = host_of("orchidee")
    whole, printed = host.run(tmp_path / "whole", 1, RANKED, tiles=True)
    assert max(worst(printed)) < CLOSURE
    off, _ = host.run(tmp_path / "off", 1, RANKED, on=False)
    watched, _ = host.run(tmp_path / "watched", 1, RANKED, tiles=True, feedback=False)
    assert all(watched[column][:4] == words[:4] for column, words in off.items())
    host.run(tmp_path / "half", 1, 5, tiles=True)
    again, _ = host.run(tmp_path / "again", 6, RANKED, restart=str(tmp_path / "half" / "restart"), tiles=True)
    assert again == whole


@pytest.mark.parametrize("name", BY_NAME)
def test_thick_layers_split_inside_close_and_restart(name: str, host_of: Callable[..., Host], tmp_path: Path) -> None:
    """The state of the pieces is in restart variables of the host's own shape; another split is refused, not begun anew."""
    host = host_of(name)
    whole, printed = host.run(tmp_path / "whole", 1, RANKED, thickest_layer=0.05)
    plain, _ = host.run(tmp_path / "plain", 1, RANKED)
    assert max(worst(printed)) < CLOSURE
    assert whole != plain
    host.run(tmp_path / "half", 1, 5, thickest_layer=0.05)
    half = str(tmp_path / "half" / "restart")
    again, _ = host.run(tmp_path / "again", 6, RANKED, restart=half, thickest_layer=0.05)
    assert again == whole
    for restart, now in (
        (half, {}),
        (half, {"thickest_layer": 0.08}),
        (str(tmp_path / "plain" / "restart"), {"thickest_layer": 0.05}),
    ):
        with pytest.raises(AssertionError, match="thickest_layer"):
            host.run(tmp_path / "other", 6, RANKED, restart=restart, **now)
    if name != "lpjml":  # which has no file of choices
        with pytest.raises(AssertionError, match=r"thickest_layer: with pieces of 0\.001 m .* give 0\.\d+ m or more"):
            host.run(tmp_path / "other", 1, 2, thickest_layer=0.001)


def test_tiles_split_inside_close_and_restart(host_of: Callable[..., Host], tmp_path: Path) -> None:
    host = host_of("orchidee")
    whole, printed = host.run(tmp_path / "whole", 1, RANKED, tiles=True, thickest_layer=0.05)
    assert max(worst(printed)) < CLOSURE
    host.run(tmp_path / "half", 1, 5, tiles=True, thickest_layer=0.05)
    half = str(tmp_path / "half" / "restart")
    assert host.run(tmp_path / "again", 6, RANKED, restart=half, tiles=True, thickest_layer=0.05)[0] == whole


def test_noahmp_in_double_precision_keeps_its_bits_over_a_restart(shipped: Path, tmp_path: Path) -> None:
    """-DDOUBLE_PREC: one restart variable of the host's kind holds what takes three of real(4)."""
    kind = BY_NAME["noahmp"]
    host = build(kind, tmp_path, shipped, flags=(*kind.flags, "-DDOUBLE_PREC"))
    whole, printed = host.run(tmp_path / "whole", 1, RANKED)
    assert max(worst(printed)) < CLOSURE
    host.run(tmp_path / "half", 1, 5)
    again, _ = host.run(tmp_path / "again", 6, RANKED, restart=str(tmp_path / "half" / "restart"))
    assert again == whole


@pytest.mark.parametrize("name", BY_NAME)
def test_ranks_give_the_same_bits(name: str, host_of: Callable[..., Host], tmp_path: Path) -> None:
    if shutil.which("mpirun") is None:
        pytest.skip("mpirun is not installed (Debian: openmpi-bin, libopenmpi-dev)")
    alone, host = host_of(name), host_of(name, mpi=True)
    last, half = RANKED, RANKED // 2
    one, _ = alone.run(tmp_path / "one", 1, last)
    for ranks in (2, 4):
        many, _ = host.run(tmp_path / f"ranks{ranks}", 1, last, ranks=ranks)
        assert many == one
    host.run(tmp_path / "half", 1, half, ranks=2)  # a restart written by two ranks is read by four
    again, _ = host.run(tmp_path / "again", half + 1, last, ranks=4, restart=str(tmp_path / "half" / "restart"))
    assert again == one


@pytest.mark.parametrize("name", ["orchidee", "ctsm", "lpjml"])
def test_a_host_may_read_the_ph_of_a_suspension(name: str, host_of: Callable[..., Host], tmp_path: Path) -> None:
    """Formulas fitted to laboratory pH get it: with calcite and carbon dioxide another one than that of pore water."""
    host = host_of(name)
    pore, _ = host.run(tmp_path / "pore", 1, RANKED)
    for which in ("h2o", "cacl2"):
        read, _ = host.run(tmp_path / which, 1, RANKED, feedback_ph=which)
        changed = [column for column, words in pore.items() if read[column][0] != words[0]]
        assert len(changed) == NCOL - (name == "lpjml")  # a lake
        host.run(tmp_path / f"half_{which}", 1, 5, feedback_ph=which)
        half = str(tmp_path / f"half_{which}" / "restart")
        again, _ = host.run(tmp_path / f"again_{which}", 6, RANKED, restart=half, feedback_ph=which)
        assert again == read


def test_threadprivate_soils_give_the_bits_of_one_thread(host_of: Callable[..., Host], tmp_path: Path) -> None:
    host = host_of("orchidee")
    one, _ = host.run(tmp_path / "one", 1, RANKED)
    two, printed = host.run(tmp_path / "two", 1, RANKED, threads=2)
    assert two == one
    assert printed.count("worst") == 2


@pytest.mark.parametrize("name", ["orchidee", "lpjml"])
def test_the_stub_links_and_leaves_the_survey_ph(name: str, host_of: Callable[..., Host], tmp_path: Path) -> None:
    host = host_of(name, package="calcisol_stub")
    off, _ = host.run(tmp_path / "off", 1, 5, on=False)
    on, _ = host.run(tmp_path / "on", 1, 5)
    assert on == off


def test_a_wrong_switch_is_one_sentence(host_of: Callable[..., Host], tmp_path: Path) -> None:
    host = host_of("ctsm")
    (tmp_path / "calcisol.nml").write_text("&calcisol_nml\n  budnle = 'x'\n/\n")
    command = [str(host.program), "3", "1", "2", "-", "-", str(tmp_path / "o")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "calcisol.nml" in done.stdout
    (tmp_path / "calcisol.nml").write_text("&calcisol_nml\n  bundle = 'nothing.calcisol'\n/\n")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "nothing.calcisol" in done.stdout


def test_thin_layers_are_joined_and_nothing_is_lost(tmp_path: Path) -> None:
    source = fortran_source_dir()
    files = [source / "hosts" / f"calcisol_{name}.f90" for name in ("fit", "merge")] + [MOCKS / "merge.f90"]
    command = ["gfortran", "-fcheck=all", "-Wall", "-Werror", f"-J{tmp_path}", fflags(), *map(str, files), *libs().split()]
    subprocess.run([*command, "-o", str(tmp_path / "merge")], check=True)
    printed = subprocess.run([str(tmp_path / "merge")], capture_output=True, text=True, check=True).stdout
    rows = {line.split()[0]: [float(word) for word in line.split()[1:]] for line in printed.splitlines()}
    apart = [0.00195 * 2.0**k for k in range(10)]  # ORCHIDEE's distances between nodes: layers of 1, 3, 6, 12, 23 mm ... 0.5 m
    dz = [0.5 * (a + b) for a, b in zip([0.0, *apart], [*apart, 0.0], strict=True)]
    assert rows["layer"] == [1, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8]
    assert rows["dz"] == pytest.approx([sum(dz[:4]), *dz[4:]], rel=1e-14)
    assert rows["water"] == [10.0] * 4 + [5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]
    assert rows["missing"] == [-9999.0] * 4 + [5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]
    mean = 280.0 + sum(a * b for a, b in zip(dz[:4], (1, 2, 3, 4), strict=True)) / sum(dz[:4])
    assert rows["t"] == pytest.approx([mean] * 4 + [280.0 + k for k in range(5, 12)], rel=1e-14)
    assert rows["bottom"] == [1, 2, 2]


@pytest.mark.slow
@pytest.mark.parametrize("name", BY_NAME)
def test_a_year_closes(name: str, host_of: Callable[..., Host], tmp_path: Path) -> None:
    host = host_of(name)
    _, printed = host.run(tmp_path / "year", 1, host.kind.year)
    assert max(worst(printed)) < CLOSURE


@pytest.mark.parametrize("name", ["orchidee", "ctsm", "noahmp"])
def test_a_step_a_day_closes_and_restarts_within_the_day(name: str, host_of: Callable[..., Host], tmp_path: Path) -> None:
    """What the adapters choose: the same bits over a restart at noon and at midnight."""
    host = host_of(name)
    last, noon, midnight = 5 * 48, 2 * 48 + 24, 3 * 48
    whole, printed = host.run(tmp_path / "whole", 1, last, step=None, check_every=3)
    assert max(worst(printed)) < CLOSURE
    assert "calcisol step 5 " in printed
    for at in (noon, midnight):
        folder = tmp_path / f"first{at}"
        host.run(folder, 1, at, step=None)
        second, _ = host.run(tmp_path / f"second{at}", at + 1, last, restart=str(folder / "restart"), step=86400.0)
        assert second == whole
    if shutil.which("mpirun"):  # nine processes for seven columns: two without land, which know of no noon
        noon_restart = str(tmp_path / f"first{noon}" / "restart")
        many, _ = host_of(name, mpi=True).run(tmp_path / "many", noon + 1, last, ranks=9, restart=noon_restart, step=None)
        assert many == whole
    often, _ = host.run(tmp_path / "often", 1, last)
    for column, words in whole.items():
        ph, daily = (struct.unpack(">d", bytes.fromhex(words[4]))[0] for words in (often[column], words))
        assert abs(ph - daily) < A_DAY
