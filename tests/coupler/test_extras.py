"""Without torch: what a host and a European run need works; what needs more says which extra to install, before any work.

What:    the installed package copied to where the library finds no torch beside it, and Python none in any interpreter that a
         command starts, worker processes included (a ``sitecustomize``).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from calcisol.coupler.library.capi import build_info
from calcisol.coupler.library.install import PACKAGE
from calcisol.emulator.contract import extras
from helpers.bad_bundles import edit_contract, rewrite, sealed
from helpers.small_runs import forcing_file

BLOCKED = ("torch", "matplotlib", "captum", "sklearn", "scipy", "shap", "distributed")
PROJECT = Path(__file__).parents[2] / "pyproject.toml"
LEARN, EXPLAIN, DASK, PLOTS = (f'pip install "calcisol[{name}]"' for name in ("learn", "explain", "distributed", "plots"))
SMALL = "coverage = 0.001\nspinup_years = 0\nstart_year = 2020\nend_year = 2020\nuncertainty = 0\nscenarios = ['baseline']\n"

needs_kernel = pytest.mark.skipif(", native kernel" not in build_info(), reason="this build has no kernel for this processor")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to put on PYTHONPATH: calcisol, and none of the packages of the extras."""
    folder = tmp_path_factory.mktemp("bare")
    shutil.copytree(PACKAGE, folder / "calcisol")
    lines = ["import sys", *(f"sys.modules[{name!r}] = None" for name in BLOCKED)]
    (folder / "sitecustomize.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def place(tmp_path: Path, shipped: Path) -> Path:
    """Small inputs, and a bundle of another step than the library's own."""
    other = rewrite(shipped, tmp_path / "other.calcisol", edit_contract(lambda c: c.update(step_graph="0" * 64)))
    sealed(other).with_suffix(".unsealed").unlink()
    (tmp_path / "small.toml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "forced.toml").write_text('forcing = "forcing.nc"\n', encoding="utf-8")
    forcing_file(tmp_path / "forcing.nc")
    return tmp_path


def calcisol(bare: Path, place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command line in ``place``."""
    command = [sys.executable, "-m", "calcisol.coupler.cli", *words]
    environment = {k: v for k, v in os.environ.items() if k != "LD_LIBRARY_PATH"} | {"PYTHONPATH": str(bare)}
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=place, env=environment)


@needs_kernel
@pytest.mark.parametrize(
    "words",
    [
        "describe",
        "config",
        "check forcing.nc",
        "run forced.toml --out forced",
        "run small.toml --data none --out europe --no-plots --workers 2",
        "bench --columns 4 --layers 3 --rounds 1",
        "compile {shipped}",
        *(f"{name} --help" for name in ("train", "evaluate", "export", "explain")),
    ],
)
def test_works_without(bare: Path, place: Path, shipped: Path, words: str) -> None:
    done = calcisol(bare, place, *words.format(shipped=shipped).split())
    assert done.returncode == 0, done.stderr
    assert "calcisol[" not in done.stderr


@needs_kernel
def test_the_table_of_times_has_an_empty_column(bare: Path, place: Path) -> None:
    done = calcisol(bare, place, "bench", "--columns", "4", "--layers", "3", "--rounds", "1")
    assert re.search(r"\| 4 \| [\d,]+ \| [\d,]+ \| - \| - \| - \|", done.stdout), done.stdout


@pytest.mark.parametrize(
    ("words", "what", "package", "extra"),
    [
        ("train --out trained", "calcisol train", "torch", LEARN),
        ("export --run trained --bundle mine.calcisol", "calcisol export", "torch", LEARN),
        ("evaluate --data ensemble.nc --out evaluated", "calcisol evaluate", "torch", LEARN),
        ("ensemble --help", "calcisol ensemble", "torch", LEARN),
        ("explain --out explained", "calcisol explain", "torch", EXPLAIN),
        ("compile other.calcisol", "TorchScript", "torch", LEARN),
        ("bench --device emulated", "calcisol bench --device", "torch", LEARN),
        ("bench --bundle other.calcisol --columns 1", "TorchScript", "torch", LEARN),
        ("run small.toml --data none --out dask --no-plots --dask tcp://localhost:1", "--dask", "distributed", DASK),
        ("run small.toml --data none --out drawn", "the report of calcisol run (--no-plots leaves it out)", "matplotlib", PLOTS),
    ],
)
def test_says_what_to_install(bare: Path, place: Path, words: str, what: str, package: str, extra: str) -> None:
    before = {p.name for p in place.iterdir()}
    done = calcisol(bare, place, *words.split())
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    assert what in last and f"{package}, which is not installed; run `{extra}`" in last, last
    assert {p.name for p in place.iterdir()} - before <= {"dask"}, "work was begun"


def test_any_import_that_fails_is_told() -> None:
    told = extras.missing_extra(ModuleNotFoundError("No module named 'sklearn.tree'", name="sklearn.tree"))
    assert told is not None and str(told) == f"this command needs sklearn, which is not installed; run `{EXPLAIN}`"
    assert extras.missing_extra(ModuleNotFoundError("No module named 'numpy'", name="numpy")) is None


def test_extras_are_those_of_the_package() -> None:
    """Every package a sentence names comes with that extra, and none with calcisol itself."""
    distribution = {"sklearn": "scikit-learn", "scipy": "scikit-learn"}  # scikit-learn brings scipy
    required = metadata.requires("calcisol") or []
    bare = {re.split(r"[^\w-]", line)[0] for line in required if "extra ==" not in line}
    assert not bare & {distribution.get(p, p) for packages in extras.EXTRAS.values() for p in packages}, bare
    declared = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for extra, packages in extras.EXTRAS.items():
        text = " ".join(declared[extra] + (declared["learn"] if "calcisol[learn]" in declared[extra] else []))
        for package in packages:
            assert distribution.get(package, package) in text, (extra, package)
