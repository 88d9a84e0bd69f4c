"""Bits over MPI: 1, 2, 4 and 8 ranks, columns in blocks and in turn, a rank without land, a restart with other ranks."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from helpers.hosts import host_environment

HERE = Path(__file__).parent
MPIRUN = ("mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for tool in ("mpicc", "mpirun", "pkg-config"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed (apt: openmpi-bin libopenmpi-dev)")
    if "Open MPI" not in subprocess.run(["mpirun", "--version"], capture_output=True, text=True, check=False).stdout:
        pytest.skip("mpirun is not that of Open MPI, whose options this test knows")
    path = tmp_path_factory.mktemp("mpi") / "ranks"
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "calcisol"], env=host_environment(), capture_output=True, text=True, check=True
    ).stdout.split()
    subprocess.run(["mpicc", "-std=c11", "-O1", "-Wall", str(HERE / "ranks.c"), "-o", str(path), *flags], check=True)
    return path


def step(host: Path, ranks: int, dealt: str, first: int, last: int, start: str | Path, result: Path, bundle: Path) -> bytes:
    environment = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    command = [*MPIRUN, "-n", ranks, host, bundle, dealt, first, last, start, result]
    done = subprocess.run([str(c) for c in command], env=environment, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return result.read_bytes()


def test_bits_do_not_depend_on_ranks(host: Path, shipped: Path, tmp_path: Path) -> None:
    """Monthly steps of calcareous columns, where the network of the shipped bundle answers."""
    whole = step(host, 1, "block", 1, 4, "-", tmp_path / "whole", shipped)
    values = np.frombuffer(whole, dtype=np.float64).reshape(37, -1)
    assert np.isfinite(values).all()
    assert len(np.unique(values[:, -10])) == 37  # every column has a pH of its own
    for ranks, dealt in ((2, "cyclic"), (4, "block"), (8, "cyclic")):
        assert step(host, ranks, dealt, 1, 4, "-", tmp_path / f"{ranks}{dealt}", shipped) == whole, f"{ranks} ranks, {dealt}"
    step(host, 4, "cyclic", 1, 2, "-", tmp_path / "half", shipped)
    assert step(host, 2, "block", 3, 4, tmp_path / "half", tmp_path / "again", shipped) == whole, "restart with other ranks"
