"""Mock hosts: land models small enough for a test, compiled with the flags of those they imitate and the adapters that ship.

What:    ``build`` compiles one, ``Host.run`` runs it with the switch in the host's own form (calcisol.nml, run.def, arguments).
Hosts:   tests/bridge/hosts_mock/
Use:     ``host = build(BY_NAME["noahmp"], folder, bundle); results, printed = host.run(folder, 1, 48, feedback=False)``
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from .hosts import host_environment

MOCKS = Path(__file__).parents[1] / "bridge" / "hosts_mock"
NCOL = 7
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
LPJML_READS = {"pore_water": 1, "h2o": 2, "cacl2": 3}  # calcisol_lpjml_reads
BY_NAME = {kind.name: kind for kind in KINDS}


class Host:
    """A compiled mock host and the folder it runs in."""

    def __init__(self, kind: Kind, program: Path, bundle: Path) -> None:
        self.kind, self.program, self.bundle = kind, program, bundle

    def write_switch(self, folder: Path, **switch: object) -> None:
        """The choices in the host's own form: run.def and a map file (ORCHIDEE), calcisol.nml."""
        if self.kind.name == "orchidee":
            lines = [
                f"CALCISOL_{key.upper()} = {str(value)[0] if isinstance(value, bool) else value}" for key, value in switch.items()
            ]
            (folder / "run.def").write_text("\n".join([*lines, "CALCISOL_SOIL_FILE = map.nc"]) + "\n")
            (folder / "map.nc").touch()
            return
        text = {
            key: f"'{v}'" if isinstance(v, str) else f".{v}.".lower() if isinstance(v, bool) else v for key, v in switch.items()
        }
        (folder / "calcisol.nml").write_text("&calcisol_nml\n" + "".join(f"  {k} = {v}\n" for k, v in text.items()) + "/\n")

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
        **switch: object,
    ) -> tuple[dict[int, list[str]], str]:
        """Results by column and what was printed; the restart is written to ``folder/restart``.

        A step at every call, of which a short run has more, unless ``step`` says otherwise; None: what the adapter chooses.
        """
        folder.mkdir(exist_ok=True)
        arguments = [str(NCOL), str(first), str(last), restart, str(folder / "r"), str(folder / "o")]
        if self.kind.name == "lpjml":
            arguments += [
                str(self.bundle) if on else "-",
                str(LPJML_READS[switch.get("feedback_ph", "pore_water")] if feedback else 0),
                str(switch.get("thickest_layer", 0.0)),
            ]
        else:
            bundle = str(self.bundle) if on else ""
            chosen = {"bundle": bundle, "feedback": feedback, "tile_columns": 8, "check_every": 1, "log_every": 1, "step": 0.0}
            self.write_switch(folder, **{key: v for key, v in {**chosen, **switch}.items() if v is not None})
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


def sources(kind: Kind, program: Sequence[Path]) -> list[Path]:
    """What the host compiles: the module, its own modules, the adapter, the program."""
    from calcisol.coupler.hosts.sources import host_sources

    shipped = host_sources(kind.name)
    if kind.name == "lpjml":
        return [*(file for file in shipped if file.suffix == ".c"), *program]
    own = [MOCKS / "mock_land.F90", *sorted(MOCKS.glob(f"{kind.name}_modules*.F90"))]
    return [*own, *shipped, *program]


def build(
    kind: Kind,
    folder: Path,
    bundle: Path,
    package: str = "calcisol",
    mpi: bool = False,
    program: Sequence[Path] = (),
    flags: Sequence[str] | None = None,
) -> Host:
    """Compile a mock host and the adapter with the host's flags; a warning in an adapter is a defect."""
    from calcisol.coupler.library.install import fortran_source_dir

    if kind.name == "lpjml":
        compiler = "mpicc" if mpi else "gcc"
        program = program or [MOCKS / "lpjml" / "lpjml_like.c"]
        where = [f"-I{MOCKS / 'lpjml'}", f"-I{fortran_source_dir() / 'hosts'}"]
    else:
        compiler = "mpif90" if mpi else "gfortran"
        program = program or [MOCKS / f"{kind.name}_like.F90"]
        where = [f"-J{folder}"]
    for tool in (compiler, "pkg-config"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    link = ["pkg-config", "--cflags", "--libs", package]
    found = subprocess.run(link, env=host_environment(), capture_output=True, text=True, check=True).stdout.split()
    output = folder / f"{Path(program[-1]).stem}_{package}{'_mpi' * mpi}"
    words = [*(kind.flags if flags is None else flags), "-Wall", *where, *["-DMOCK_MPI"] * mpi]
    if mpi:  # MPI_Init of Open MPI 5.0.7 with UCX 1.18.1 (Debian 13) itself raises the invalid flag
        words = [word for word in words if word != TRAPS]
    command = [compiler, *words, *map(str, sources(kind, program)), "-o", str(output), *found, "-lm"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if not mpi:  # Open MPI's own headers are not ours
        assert done.stderr == "", done.stderr
    return Host(kind, output, bundle)
