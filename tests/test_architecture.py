"""The architecture, read from the imports: one direction between parts, no circle between rooms or inside them, torch an extra.

What:    variables.toml <- emulator -> bundle <- fortran_bridge -> coupler -> examples. The coupler knows of the emulator what
         a bundle promises (``contract``) and the entry of its commands (``commands``); everything else goes through the bundle.
Also:    sizes of files and functions: test_sizes.py; files that are named: test_mentions.py.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import pytest
from helpers.hosts import run
from helpers.small_runs import FAST, forcing_file
from helpers.sources import ROOT, circles, imports, module_name, python_files, room

PARTS = ("emulator", "coupler")
SEEN = """
try:
    import torch
except ImportError as error:
    print(error)
"""


def edges(start: str, end: str) -> set[tuple[str, str]]:
    """Imports of modules of one part, or room, by modules of another."""

    def within(module: str, part: str) -> bool:
        return module == part or module.startswith(f"{part}.")

    graph = imports(*PARTS, "fortran_bridge")
    return {(a, b) for a, others in graph.items() for b in others if within(a, start) and within(b, end)}


def test_circles_are_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize("part", PARTS)
def test_modules_import_each_other_in_one_direction(part: str) -> None:
    graph = imports(part)
    assert len(graph) > 20
    assert sum(map(len, graph.values())) > 30
    assert circles(graph) == []


@pytest.mark.parametrize("part", PARTS)
def test_rooms_import_each_other_in_one_direction(part: str) -> None:
    rooms: dict[str, set[str]] = {}
    for module, others in imports(part).items():
        rooms.setdefault(room(module), set()).update(room(other) for other in others if room(other) != room(module))
    assert circles(rooms) == []


def test_every_module_of_the_coupler_can_be_imported_first() -> None:
    """As in a worker that unpickles a task: imports made at run time, of which the graph knows nothing, close no circle."""
    elsewhere = ("make_tables", "_namespace")  # not installed, or under another name
    modules = [f"calcisol.{name}" for name in imports("coupler") if not name.endswith(elsewhere)]
    program = """
import importlib, sys
for name in sys.argv[1:]:
    for old in [m for m in sys.modules if m.split(".")[0] == "calcisol" and not m.endswith("_cffi")]:
        del sys.modules[old]
    importlib.import_module(name)
"""
    run(sys.executable, "-c", program, *modules)


def test_the_emulator_knows_no_land_model() -> None:
    assert edges("emulator", "coupler") == set()


def test_the_coupler_knows_a_bundle_and_not_how_it_was_learnt() -> None:
    crossing = edges("coupler", "emulator")
    assert crossing
    assert crossing == edges("coupler", "emulator.contract") | edges("coupler", "emulator.commands")


def test_the_contract_rests_on_nothing() -> None:
    """variables.toml and the format of a bundle come first."""
    assert edges("emulator.contract", "emulator") == edges("emulator.contract", "emulator.contract")


def test_the_generators_of_the_bridge_read_the_emulator_alone() -> None:
    assert edges("fortran_bridge", "emulator")
    assert edges("fortran_bridge", "coupler") == set()
    assert edges("coupler", "fortran_bridge") == edges("emulator", "fortran_bridge") == set()


def test_nothing_imports_the_examples_or_the_tests() -> None:
    for path in python_files(*PARTS, "fortran_bridge"):
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            source = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [source]
            assert not {name.split(".")[0] for name in names} & {"tests", "examples", "helpers"}, module_name(path)


@pytest.fixture
def without_torch(tmp_path: Path) -> dict[str, str]:
    """Settings under which ``import torch`` fails, in child processes too."""
    (tmp_path / "shadow" / "torch").mkdir(parents=True)
    (tmp_path / "shadow" / "torch" / "__init__.py").write_text("raise ImportError('torch is not there')\n")
    return {"PYTHONPATH": str(tmp_path / "shadow")}


def calcisol(folder: Path, environment: dict[str, str], *words: str) -> str:
    """What the command prints, started as a user starts it."""
    program = "import sys; from calcisol.coupler.cli import main; sys.exit(main(sys.argv[1:]))"
    return run(sys.executable, "-c", program, *words, cwd=folder, **environment)


def test_hosts_and_european_runs_need_no_torch(shipped: Path, without_torch: dict[str, str], tmp_path: Path) -> None:
    assert "torch is not there" in run(sys.executable, "-c", SEEN, cwd=tmp_path, **without_torch)
    run(sys.executable, "-c", "import calcisol; calcisol.Model", cwd=tmp_path, **without_torch)
    assert "default" in calcisol(tmp_path, without_torch, "describe")
    assert "forcing.nc" in calcisol(tmp_path, without_torch, "check", str(forcing_file(tmp_path / "forcing.nc")))
    lines = [f"{key} = {json.dumps(value)}" for key, value in {**FAST, "scenarios": ["baseline"], "end_year": 2020}.items()]
    (tmp_path / "europe.toml").write_text("\n".join(lines))
    calcisol(tmp_path, without_torch, "run", "europe.toml", "--out", "europe", "--workers", "2")
    assert (tmp_path / "europe" / "baseline.nc").is_file()
    (tmp_path / "site.toml").write_text('forcing = "forcing.nc"\n')
    calcisol(tmp_path, without_torch, "run", "site.toml", "--out", "site")
    assert list((tmp_path / "site").glob("*.nc"))
