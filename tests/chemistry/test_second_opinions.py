"""The rows of emulator/docs/second_opinions.md, each where its package (phreeqc, phreeqpython, phreeqcrm) is installed."""

from __future__ import annotations

import importlib.util
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.sources import ROOT

from .test_equilibrium import calcite_water

PAGE = (ROOT / "emulator" / "docs" / "second_opinions.md").read_text(encoding="utf-8")
ROWS = [
    (name.strip(), package.split()[0], float(ph), float(ca))
    for names, package, ph, ca in re.findall(r"^\| ([\w., ]+\.dat) \| (\w+ [\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", PAGE, re.M)
    for name in names.split(",")
]
PRINTED = 6e-4  # the page prints three digits
CALCITE = """SOLUTION 1
 temp 5
 units mmol/kgw
 pH 7 charge
EQUILIBRIUM_PHASES 1
 Calcite 0 10
 CO2(g) -2 10
SELECTED_OUTPUT 1
 -reset false
 -high_precision true
USER_PUNCH 1
 -headings ph ca pair
 10 PUNCH -LA("H+"), TOT("Ca"), MOL("CaHCO3+")
END
"""
NITROGEN = """SOLUTION 1
 temp 10
 units mmol/kgw
 pH 7 charge
 N(-3) 1
 N(5) 1
EQUILIBRIUM_PHASES 1
 CO2(g) -2 10
SELECTED_OUTPUT 1
 -reset false
USER_PUNCH 1
 -headings ammonium gas
 10 PUNCH TOT("N(-3)"), TOT("N(0)")
END
"""


def installed(package: str, edition: str) -> None:
    """Skip where another edition, or none, is there."""
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed (pip install {package}=={edition})")
    if version(package) != edition:
        pytest.skip(f"{package} is {version(package)}; the page is of {edition}")


def database(package: str, name: str) -> Path:
    """A database file of a package."""
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / ("databases" if package == "phreeqc" else "database") / name


def answer(path: Path, text: str) -> dict[str, Any]:
    """Last row of the selected output of a run with a database."""
    import phreeqc

    engine = phreeqc.Phreeqc()
    assert engine.LoadDatabase(str(path)) == 0
    assert engine.RunString(text) == 0, engine.GetErrorString()
    return {name: column[-1] for name, column in engine.GetSelectedOutput().items()}


def test_the_page_names_twelve_databases() -> None:
    assert len(ROWS) >= 12
    assert max(ph for *_, ph, _ in ROWS) - min(ph for *_, ph, _ in ROWS) == pytest.approx(0.09, abs=0.005)
    assert max(ca for *_, ca in ROWS) / min(ca for *_, ca in ROWS) - 1.0 == pytest.approx(0.12, abs=0.005)


@pytest.mark.parametrize(("name", "package", "ph", "ca"), ROWS)
def test_calcite_water_of_each_database(name: str, package: str, ph: float, ca: float) -> None:
    installed("phreeqc", "1.1.1")
    if package == "phreeqpython":
        installed("phreeqpython", "1.6.2")
    found = answer(database(package, name), CALCITE)
    assert found["ph"] == pytest.approx(ph, abs=PRINTED)
    assert 1e3 * found["ca"] == pytest.approx(ca, abs=PRINTED)


def test_ours_is_the_row_of_the_page() -> None:
    """Against phreeqpython's phreeqc.dat: the ion sizes are MIN3P's, hence not to the last digit."""
    one = torch.ones(1, 1, dtype=torch.float64)
    ph, ca, _ = calcite_water("phreeqc", 278.15 * one, 1e-2 * one, 0.0 * one)
    stated = re.search(r'set "phreeqc"\*\* \| \| ([\d.]+) \| ([\d.]+)', PAGE)
    assert stated is not None
    assert float(ph) == pytest.approx(float(stated[1]), abs=PRINTED)
    assert 1e3 * float(ca) == pytest.approx(float(stated[2]), abs=PRINTED)


def test_two_files_of_one_name() -> None:
    installed("phreeqc", "1.1.1")
    installed("phreeqpython", "1.6.2")
    pairs = [1e3 * answer(database(package, "phreeqc.dat"), CALCITE)["pair"] for package in ("phreeqc", "phreeqpython")]
    assert pairs == pytest.approx([0.0111, 0.0584], abs=1e-4)


@pytest.mark.parametrize(("package", "edition"), [("phreeqc", "1.1.1"), ("phreeqpython", "1.6.2")])
def test_protons_are_not_exchanged(package: str, edition: str) -> None:
    installed(package, edition)
    lines = [line.strip() for line in database(package, "phreeqc.dat").read_text(errors="replace").splitlines()]
    assert [line for line in lines if re.search(r"H\+ \+ X- = HX", line)]
    assert not [line for line in lines if re.match(r"H\+ \+ X- = HX", line)]


def test_ammonium_and_nitrate_become_nitrogen() -> None:
    installed("phreeqc", "1.1.1")
    found = answer(database("phreeqc", "phreeqc.dat"), NITROGEN)
    assert found["ammonium"] == pytest.approx(0.0, abs=1e-9)
    assert found["gas"] == pytest.approx(1.6e-3, rel=1e-3)


def test_porosity_of_phreeqcrm() -> None:
    installed("phreeqcrm", "0.0.20")
    import phreeqcrm

    assert list(phreeqcrm.PhreeqcRM(2, 1).GetPorosity()) == [0.1, 0.1]


def test_total_carbon_of_phreeqpython() -> None:
    installed("phreeqpython", "1.6.2")
    import phreeqpython

    solution = phreeqpython.PhreeqPython().add_solution_simple({"CaCO3": 0.0}, temperature=10)
    solution.equalize(["Calcite", "CO2(g)"], [0, -2])
    assert solution.total("C") == pytest.approx(2.67, abs=5e-3)
    assert solution.total_element("C") == pytest.approx(4.78, abs=5e-3)
