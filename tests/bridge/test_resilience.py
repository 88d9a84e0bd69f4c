"""What must not bring a host down: hostile bundles, memory that runs out, careless callers, long runs, leaks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from calcisol.coupler import errors
from calcisol.coupler.library.capi import build_info
from calcisol.coupler.library.model import Model
from helpers.bad_bundles import hostile_bundles
from helpers.hosts import compile_host

HERE = Path(__file__).parent
STRICT = ("-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-pedantic")
Build = Callable[..., Path]
needs_kernel = pytest.mark.skipif(", native kernel" not in build_info(), reason="this build has no kernel for this processor")

# kB a process may gain over 100,000 steps or 1,000 openings: a leak of 8 bytes a step would be 780. Pages that a heap or a
# thread's arena happens to hold at the end are some tens.
GROWTH = 512
GROWTH_TORCH = 2048  # its allocator keeps blocks of some hundred kB; a leaked tensor of 8 columns a step would be 3 MB and more


def output_of(*command: object, limit: float = 300.0, **settings: str) -> str:
    done = subprocess.run(
        [str(c) for c in command], capture_output=True, text=True, check=False, timeout=limit, env={**os.environ, **settings}
    )
    assert done.returncode == 0, f"{done.returncode}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    assert done.stderr == "", done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "kind",
    [
        "size", "offset", "two directories", "shared bytes", "something behind", "compressed", "traversal", "double contract",
        "bomb", "deep contract",
    ],
)  # fmt: skip
def test_hostile_bundle_is_one_sentence(kind: str, toy: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """In this process: a crash would end the tests. Nothing is unpacked to disk, so names that lead elsewhere lead nowhere."""
    folder = tmp_path_factory.getbasetemp() / "hostile"
    if not folder.exists():
        folder.mkdir()
        made = hostile_bundles(toy, folder)
        (folder / "made.json").write_text(json.dumps({name: str(path) for name, path in made.items()}))
    path = json.loads((folder / "made.json").read_text())[kind]
    with pytest.raises(errors.BundleError) as caught:
        Model(path)
    assert path in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("package", "least", "name"),
    [("calcisol_stub", 1, "toy"), pytest.param("calcisol", 1, "shipped", marks=needs_kernel), ("calcisol", 2048, "toy")],
    ids=["stub", "native", "TorchScript"],
)
def test_every_allocation_may_fail(package: str, least: int, name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    host = compile_host("gcc", [HERE / "starve.c"], tmp_path / "starve", *STRICT, package=package)
    assert output_of(host, request.getfixturevalue(name), least).endswith(" 0 wrong\n")


@pytest.mark.parametrize(
    ("name", "most", "by"),
    [  # kB of address space more than torch itself holds, up to where all get through
        ("toy", 160_000, 8000),
        pytest.param("shipped", 240_000, 2000, marks=pytest.mark.slow),
    ],
)
def test_a_limit_of_address_space_is_told(name: str, most: int, by: int, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """A real limit, in child processes: memory that is missing inside torch is a status, not the end of the host."""
    host = compile_host("gcc", [HERE / "limit.c"], tmp_path / "limit", *STRICT)
    assert output_of(host, request.getfixturevalue(name), most, by, limit=1800.0).endswith("0 wrong\n")


@pytest.mark.parametrize(
    ("package", "calls"),
    [
        ("calcisol_stub", 100_000),
        ("calcisol", 10_000),
        pytest.param("calcisol_stub", 2_000_000, marks=pytest.mark.slow),
        pytest.param("calcisol", 100_000, marks=pytest.mark.slow),
    ],
)
def test_fuzz(package: str, calls: int, toy: Path, tmp_path: Path) -> None:
    """Seed 1 by default, CALCISOL_FUZZ_SEED for others; a failure repeats with the same seed."""
    host = compile_host("gcc", [HERE / "fuzz.c"], tmp_path / "fuzz", *STRICT, "-lm", package=package)
    seed = os.environ.get("CALCISOL_FUZZ_SEED", "1")
    assert output_of(host, toy, calls, seed, limit=1800.0).endswith(" 0 wrong\n")


@pytest.mark.parametrize(
    ("package", "steps", "rounds", "limit"),
    [
        ("calcisol_stub", 100_000, 1000, GROWTH),
        ("calcisol", 3_000, 20, GROWTH_TORCH),
        pytest.param("calcisol", 100_000, 300, GROWTH_TORCH, marks=pytest.mark.slow),
    ],
)
def test_memory_does_not_grow(package: str, steps: int, rounds: int, limit: int, toy: Path, tmp_path: Path) -> None:
    host = compile_host("gcc", [HERE / "grow.c"], tmp_path / "grow", *STRICT, package=package)
    by_steps, by_rounds = map(int, output_of(host, toy, steps, rounds, limit=1800.0).split())
    assert by_steps < limit
    assert by_rounds < limit


@pytest.mark.parametrize("program", ["example", "fuzz", "grow"])
def test_valgrind_is_silent(program: str, toy: Path, tmp_path: Path) -> None:
    """memcheck on the stub: no bad read or write, nothing undefined, nothing lost."""
    if shutil.which("valgrind") is None:
        pytest.skip("valgrind is not installed")
    sources = {"example": HERE.parents[1] / "examples/02_c_host/host.c", "fuzz": HERE / "fuzz.c", "grow": HERE / "grow.c"}
    arguments = {"example": ["x"], "fuzz": ["x", 3000, 5], "grow": ["x", 60, 2]}
    host = compile_host("gcc", [sources[program]], tmp_path / "host", *STRICT, "-lm", package="calcisol_stub")
    leaks = ("--leak-check=full", "--show-leak-kinds=all", "--errors-for-leak-kinds=all")
    memcheck = ("valgrind", "-q", *leaks, "--error-exitcode=99")
    output_of(*memcheck, host, *arguments[program])
