"""Shared by the MIN3P tests: the run folder in the repository, its learning member, and the user's MIN3P where there is one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import xarray as xr
from calcisol.emulator.min3p.archive.inventory import describe
from calcisol.emulator.min3p.archive.proposal import propose
from calcisol.emulator.min3p.archive.scan import one_run
from calcisol.emulator.min3p.learning import learning_member
from helpers.foreign_archive import THREE, unpack
from helpers.small_column import small_column

RUNS = Path(__file__).with_name("runs")


@pytest.fixture(scope="session")
def good() -> Path:
    """Three months of small_column, as MIN3P wrote them."""
    return RUNS / "good"


@pytest.fixture
def member(good: Path) -> xr.Dataset:
    """Learning member of that run."""
    return learning_member(good, small_column())


@pytest.fixture(scope="session")
def min3p() -> None:
    """Skip unless MIN3P_EXE and MIN3P_DB name the user's MIN3P."""
    missing = [name for name in ("MIN3P_EXE", "MIN3P_DB") if not os.environ.get(name)]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not set: needs the user's MIN3P (github.com/min3p-ubc/min3p)")


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs of somebody else's archive, not to be changed."""
    return unpack(tmp_path_factory.mktemp("archive"), THREE)


@pytest.fixture
def runs(pristine: Path, tmp_path: Path) -> Path:
    """Three runs to damage."""
    return Path(shutil.copytree(pristine, tmp_path / "runs"))


@pytest.fixture(scope="session")
def proposal(pristine: Path) -> str:
    """The map that is proposed for them."""
    return propose([describe(one_run(pristine / "lys_01", "lys"))], "runs")
