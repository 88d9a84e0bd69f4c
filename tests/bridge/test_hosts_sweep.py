"""No argument of an adapter can bring its host down: every array spoiled in every way, in a debug build that traps.

What:    hosts_mock/*_sweep.F90 give each array quiet and signalling NaN, infinity and 1e36, leave it out, make it empty or too
         long: before the start, on, after the end, and started twice. A bad value leaves the other columns stepped; an array
         that is not as it should be is one sentence that names it. Options without respiration or a closed water budget,
         surveys out of range and maps without a single value are refused when the adapter starts.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.hosts import run
from helpers.mock_hosts import BY_NAME, MOCKS, TRAPS, build

DEBUG = ("-O0", "-g", "-fcheck=all", TRAPS)


@pytest.mark.parametrize("flags", [DEBUG, ("-O2", TRAPS)], ids=["debug", "optimised"])
@pytest.mark.parametrize("name", ["orchidee", "ctsm", "noahmp"])
def test_every_array_spoiled_in_every_way(name: str, flags: tuple[str, ...], shipped: Path, tmp_path: Path) -> None:
    host = build(BY_NAME[name], tmp_path, shipped, program=[MOCKS / "sweep_tools.F90", MOCKS / f"{name}_sweep.F90"], flags=flags)
    host.write_switch(tmp_path, bundle=str(shipped), feedback=True, tile_columns=8, step=0.0)
    assert run(host.program, cwd=tmp_path).endswith(" calls, 0 wrong\n")


def test_every_number_of_the_host_in_c_spoiled_in_every_way(shipped: Path, tmp_path: Path) -> None:
    flags = ("-std=gnu11", "-O0", "-g", "-Wextra", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize=float-cast-overflow")
    host = build(BY_NAME["lpjml"], tmp_path, shipped, program=[MOCKS / "lpjml" / "lpjml_sweep.c"], flags=flags)
    assert run(host.program, shipped, ASAN_OPTIONS="detect_leaks=1").endswith(" calls, 0 wrong\n")


@pytest.mark.parametrize("name", ["situations", "choices", "files"])
def test_situations_in_which_a_number_went_wrong_without_a_word(name: str, shipped: Path, tmp_path: Path) -> None:
    """Aquifers, water past the fluxes, hosts that never step, glaciers, respiration, other maps, nests, choices, restarts."""
    program = [MOCKS / "sweep_tools.F90", MOCKS / "noahmp_rest.F90", MOCKS / f"noahmp_{name}.F90"]
    host = build(BY_NAME["noahmp"], tmp_path, shipped, program=program, flags=DEBUG)
    assert run(host.program, shipped, cwd=tmp_path).endswith(" checks, 0 wrong\n")


def test_tiles_of_orchidee_as_columns(shipped: Path, tmp_path: Path) -> None:
    """Alike they are the mean of the point; what a point holds moves with its ground, in mid-day too; restarts by tile."""
    program = [MOCKS / "sweep_tools.F90", MOCKS / "orchidee_tiles.F90"]
    host = build(BY_NAME["orchidee"], tmp_path, shipped, program=program, flags=DEBUG)
    assert run(host.program, shipped, cwd=tmp_path).endswith(" calls, 0 wrong\n")
