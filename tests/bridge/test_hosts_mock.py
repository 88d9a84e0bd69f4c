"""Mock hosts with the conventions of ORCHIDEE, CTSM, Noah-MP and LPJmL, linked through the adapters that ship.

What:    budgets every step, a host untouched when pH is not fed back, bits over ranks, threads and a restart, the stub.
Hosts:   hosts_mock/; each is compiled with the flags of the model it imitates and writes its results as hexadecimal words:
         four of its own (ammonium, water, ice, drainage), pH, change of the carbon flux.
Note:    MPI tests need mpirun and mpif90, and skip without them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from calcisol.coupler.library.install import fortran_source_dir, fortran_sources
from helpers.hosts import host_environment

MOCKS = Path(__file__).parent / "hosts_mock"
# of the throughput of one step; float64 over one step leaves 1e-13, a wrong term 1e-3 (coupler/offline/budget.py)
CLOSURE = 1e-10
NCOL = 7
RANKED = 12  # steps of the tests over ranks: the bits differ at the first step or never
TRAPS = "-ffpe-trap=invalid,zero,overflow"


@dataclass(frozen=True)
class Kind:
    """A host: flags it is compiled with, steps of a short run and of a year."""

    name: str
    flags: tuple[str, ...]
    short: int
    year: int


KINDS = [
    Kind("orchidee", ("-O1", "-fdefault-real-8", TRAPS, "-fopenmp", "-fcheck=all", "-pedantic"), 48, 17520),
    Kind("ctsm", ("-O1", "-fconvert=big-endian", "-ffree-line-length-none", TRAPS, "-fopenmp", "-fcheck=all"), 48, 17520),
    Kind("noahmp", ("-g", "-fconvert=big-endian", "-fbounds-check", "-fno-range-check", "-fallow-argument-mismatch"), 48, 17520),
    Kind("lpjml", ("-std=gnu11", "-O2", "-Wextra", "-Werror"), 48, 365),
]
BY_NAME = {kind.name: kind for kind in KINDS}


class Host:
    """A compiled mock host and the folder it runs in."""

    def __init__(self, kind: Kind, program: Path, bundle: Path) -> None:
        self.kind, self.program, self.bundle = kind, program, bundle

    def run(
        self,
        folder: Path,
        first: int,
        last: int,
        *,
        on: bool = True,
        feedback: bool = True,
        restart: str = "-",
        ranks: int = 0,
        threads: int = 1,
    ) -> tuple[dict[int, list[str]], str]:
        """Results by column and what was printed; the restart is written to ``folder/restart``."""
        folder.mkdir(exist_ok=True)
        arguments = [str(NCOL), str(first), str(last), restart, str(folder / "r"), str(folder / "o")]
        if self.kind.name == "lpjml":
            arguments += [str(self.bundle) if on else "-", str(int(feedback))]
        else:
            (folder / "calcisol.nml").write_text(
                f"&calcisol_nml\n  bundle = '{self.bundle if on else ''}'\n  feedback = .{str(feedback).lower()}.\n"
                "  tile_columns = 8\n/\n"
            )
        start = ["mpirun", "--oversubscribe", "-n", str(ranks)] if ranks else []
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": str(threads),
            "OMPI_ALLOW_RUN_AS_ROOT": "1",
            "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
        }
        done = subprocess.run(
            [*start, str(self.program), *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        parts = sorted(folder.glob("r.*"), key=lambda p: int(p.suffix[1:]))
        (folder / "restart").write_text("".join(p.read_text() for p in parts))
        lines = [line.split() for p in folder.glob("o.*") for line in p.read_text().splitlines()]
        return {int(line[0]): line[1:] for line in lines}, done.stdout


def build(kind: Kind, folder: Path, bundle: Path, package: str = "calcisol", mpi: bool = False) -> Host:
    """Compile a mock host and the adapter with the host's flags."""

    source = fortran_source_dir()
    adapters = source / "hosts"
    if kind.name == "lpjml":
        compiler = "mpicc" if mpi else "gcc"
        files = [MOCKS / "lpjml" / "lpjml_like.c", adapters / "calcisol_soil.c", adapters / "calcisol_lpjml.c"]
        flags = [f"-I{MOCKS / 'lpjml'}", f"-I{adapters}"]
    else:
        compiler = "mpif90" if mpi else "gfortran"
        files = fortran_sources()
        files += [adapters / f"calcisol_{name}.f90" for name in ("balance", "fit", "merge", "nodes", "switch", "land", kind.name)]
        files += [MOCKS / "mock_land.F90", MOCKS / f"{kind.name}_like.F90"]
        flags = [f"-J{folder}"]
    for tool in (compiler, "pkg-config"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    link = ["pkg-config", "--cflags", "--libs", package]
    found = subprocess.run(link, env=host_environment(), capture_output=True, text=True, check=True).stdout.split()
    program = folder / f"{kind.name}_{package}{'_mpi' * mpi}"
    flags += ["-DMOCK_MPI"] * mpi
    command = [compiler, *kind.flags, "-Wall", *flags, *map(str, files), "-o", str(program), *found, "-lm"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if not mpi:  # a warning in an adapter is a defect; Open MPI's own headers are not ours
        assert done.stderr == "", done.stderr
    return Host(kind, program, bundle)


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
    command = ["gfortran", "-fcheck=all", "-Wall", "-Werror", f"-J{tmp_path}", *map(str, files), "-o", str(tmp_path / "merge")]
    subprocess.run(command, check=True)
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
