"""What is generated from the contract says the same in every language: seen from outside, through a compiler and the command."""

from __future__ import annotations

from pathlib import Path

import pytest
from calcisol.coupler.cli import main
from calcisol.coupler.library.install import fortran_sources
from calcisol.emulator.contract.constants import load_constants
from calcisol.emulator.contract.variables import ROLES, load_table
from helpers.hosts import compile_host, run

PUBLIC = {name: float(constant.value) for name, constant in load_constants().items() if constant.public}


def printed(text: str) -> dict[str, float]:
    return {name: float(value) for name, value in (line.split() for line in text.splitlines())}


def test_c_has_the_public_constants(tmp_path: Path) -> None:
    lines = [f'  printf("{name} %.17g\\n", (double)CALCISOL_{name.upper()});' for name in PUBLIC]
    hidden = [f"#ifdef CALCISOL_{name.upper()}\n#error {name}\n#endif" for name in load_constants() if name not in PUBLIC]
    source = tmp_path / "constants.c"
    head = ["#include <calcisol.h>", "#include <stdio.h>", *hidden, "int main(void) {"]
    source.write_text("\n".join([*head, *lines, "  return 0;", "}", ""]))
    assert printed(run(compile_host("gcc", [source], tmp_path / "constants_c", "-std=c11", "-pedantic"))) == PUBLIC


@pytest.mark.parametrize("kinds", [(), ("-fdefault-real-8",)])
def test_fortran_has_the_public_constants(kinds: tuple[str, ...], tmp_path: Path) -> None:
    """Also where the host's flags change the default kind: the numbers have their own."""
    lines = [f"  print '(a,1x,es25.17)', '{name}', real(calcisol_{name}, c_double)" for name in PUBLIC]
    source = tmp_path / "constants.f90"
    head = ["program constants", "  use calcisol", "  use, intrinsic :: iso_c_binding, only: c_double", "  implicit none"]
    source.write_text("\n".join([*head, *lines, "end program constants", ""]))
    host = compile_host("gfortran", [*fortran_sources(), source], tmp_path / "constants_f", f"-J{tmp_path}", *kinds)
    assert printed(run(host)) == PUBLIC


def test_the_page_holds_every_variable_constant_and_host(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", "--variables"]) == 0
    page = capsys.readouterr().out
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    table = load_table()
    for name in [n for role in (*ROLES, "state") for n in table.names(role)] + list(load_constants()):
        assert any(row.startswith(f"| `{name}` |") for row in rows), name
    water = next(row for row in rows if row.startswith("| `w_liq` |")).split(" | ")
    assert water[1:6] == ["kg m-2", "column, soil_layer", "0 to 5000", "required", "liquid_water_content_of_soil_layer"]
    assert "ORCHIDEE: mcl_layh [m3 m-3]" in water[7] and "CTSM: h2osoi_liq_col [kg m-2]" in water[7]
    for block in page.split("\n\n"):
        if block.startswith("|"):
            assert len({line.replace("\\|", "").count("|") for line in block.splitlines()}) == 1, block[:100]
