"""A second opinion without MIN3P: PhreeqcRM on calcite waters, and the titration of a calcareous soil (docs/science.md 4).

What:    PhreeqcRM (USGS, pip phreeqcrm) with phreeqc.dat; the exchanger of A.4 has four proton sites of equal size.
Source:  tables B.1 and A.4, computed with phreeqpython; inputs as in its section 14.
"""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from ..reference.phreeqc_calcite import CALCITE_OPEN
from .test_database import CA, DIC, PH, calcite_water

phreeqcrm = pytest.importorskip("phreeqcrm", reason="needs PhreeqcRM (pip install phreeqcrm)")
phreeqpython = pytest.importorskip(
    "phreeqpython", reason="needs phreeqc.dat, which phreeqpython brings (pip install phreeqpython)"
)

DATABASE = Path(phreeqpython.__file__).with_name("database") / "phreeqc.dat"
TITRATION_PH = 0.05  # given with the fixture: spread between versions of the database
# cumulative strong acid [mmol/kg soil] -> pH; four equal sites, log K_H 2.5, 3.5, 4.5, 5.5
TITRATION = {26: 7.16, 66: 7.15, 74: 7.10, 82: 6.67, 98: 6.20, 114: 5.75, 130: 5.32, 150: 4.81, 180: 4.36, 210: 4.22, 240: 4.16}
SITES = {"Xa": 2.5, "Xb": 3.5, "Xc": 4.5, "Xd": 5.5}
# Gaines-Thomas log K against Na; gamma as phreeqc.dat
IONS = (
    ("Na+", "Na", 1, 0.0, "4.08 0.082"), ("K+", "K", 1, 0.7, "3.5 0.015"), ("Ca+2", "Ca", 2, 0.8, "5.0 0.165"),
    ("Mg+2", "Mg", 2, 0.6, "5.5 0.2"), ("Al+3", "Al", 3, 0.41, "9.0 0"),
)  # fmt: skip


PUNCH = """SELECTED_OUTPUT 1
-reset false
-user_punch true
USER_PUNCH 1
-headings ph ca dic
-start
10 PUNCH -LA("H+"), TOT("Ca") * 1e3, TOT("C(4)") * 1e3
-end
"""


def module(cells: int, text: str) -> phreeqcrm.PhreeqcRM:
    """A PhreeqcRM with ``text`` run in all its instances; one litre of volume per cell, amounts per cell."""
    model = phreeqcrm.PhreeqcRM(cells, 1)
    model.SetErrorHandlerMode(1)
    model.SetUnitsSolution(2)  # mol/L
    model.SetUnitsPPassemblage(0)
    model.SetUnitsExchange(0)  # mol per litre of volume
    model.SetComponentH2O(False)
    model.SetRepresentativeVolume([1.0] * cells)
    model.SetSelectedOutputOn(True)
    assert model.LoadDatabase(str(DATABASE)) == 0
    assert model.RunString(True, True, True, PUNCH + text) == 0
    model.FindComponents()
    return model


def results(model: phreeqcrm.PhreeqcRM, cells: int) -> list[tuple[float, float, float]]:
    """pH, Ca and DIC [mmol/kgw] of each cell after a step."""
    assert model.RunCells() == 0
    model.SetCurrentSelectedOutputUserNumber(1)
    flat = list(model.GetSelectedOutput())
    return [(flat[i], flat[cells + i], flat[2 * cells + i]) for i in range(cells)]


def test_calcite_waters() -> None:
    """PhreeqcRM reproduces the table, and the constants of the repaired MIN3P database agree with it."""
    cases = [(pco2, *row) for pco2, rows in CALCITE_OPEN.items() for row in rows]
    text = "".join(
        f"SOLUTION {i}\ntemp {celsius}\nEQUILIBRIUM_PHASES {i}\nCalcite 0 10\nCO2(g) {math.log10(pco2):.6f} 10\nEND\n"
        for i, (pco2, celsius, *_) in enumerate(cases)
    )
    model = module(len(cases), text)
    numbers = list(range(len(cases)))
    absent = [-1] * len(cases)
    model.SetTemperature([float(c[1]) for c in cases])
    model.SetPorosity([1.0] * len(cases))
    model.SetSaturation([1.0] * len(cases))
    assert model.InitialPhreeqc2Module(numbers + numbers + absent * 5) == 0
    model.SetTime(0.0)
    model.SetTimeStep(0.0)
    for (pco2, celsius, ph, ca, dic), found in zip(cases, results(model, len(cases)), strict=True):
        assert found == (pytest.approx(ph, abs=0.005), pytest.approx(ca, rel=0.005), pytest.approx(dic, rel=0.005))
        own = calcite_water(pco2, celsius)
        assert own == (pytest.approx(found[0], abs=PH), pytest.approx(found[1], rel=CA), pytest.approx(found[2], rel=DIC))


def exchanger() -> str:
    """Definition of the four sites and of gibbsite."""
    lines = ["EXCHANGE_MASTER_SPECIES"] + [f"{s} {s}-" for s in SITES] + ["EXCHANGE_SPECIES"]
    for site, proton in SITES.items():
        lines += [f"{site}- = {site}-", "log_k 0", f"H+ + {site}- = H{site}", f"log_k {proton}", "-gamma 9.0 0"]
        for ion, name, charge, log_k, gamma in IONS:
            count = str(charge) if charge > 1 else ""
            lines += [f"{ion} + {count}{site}- = {name}{site}{count}", f"log_k {log_k}", f"-gamma {gamma}"]
    lines += ["PHASES", "Gibbs", "Al(OH)3 + 3 H+ = Al+3 + 3 H2O", "log_k 8.5", "delta_h -22.8 kcal", "END"]
    return "\n".join(lines) + "\n"


def test_titration() -> None:
    """1 kg soil, 150 mmol_c of sites, 50 mmol calcite, leached with 8 mM nitric acid: plateau, ramp, aluminium plateau."""
    sites = "\n".join(f"{s} 0.0375" for s in SITES)
    text = (
        exchanger()
        + f"""SOLUTION 1
temp 10
units mmol/kgw
pH 7.5
Ca 2
Mg 0.2
K 0.1
Na 0.3
Cl 0.5
C 5 CO2(g) -2
EXCHANGE 1
-equilibrate 1
{sites}
EQUILIBRIUM_PHASES 1
Calcite 0 0.05
CO2(g) -2 10
Gibbs 0 1
END
SOLUTION 2
temp 10
units mmol/kgw
pH 2.1 charge
N(5) 8
C 0.02 CO2(g) -3.4
END
"""
    )
    model = module(1, text)
    model.SetTemperature([10.0])
    model.SetPorosity([0.25])
    model.SetSaturation([1.0])
    assert model.InitialPhreeqc2Module([1, 1, 1, -1, -1, -1, -1]) == 0
    model.SetTime(0.0)
    model.SetTimeStep(0.0)
    results(model, 1)
    rain = list(model.InitialPhreeqc2Concentrations([2]))
    for step in range(1, 121):
        assert model.SetConcentrations(rain) == 0
        ph = results(model, 1)[0][0]
        if 2 * step in TITRATION:
            assert ph == pytest.approx(TITRATION[2 * step], abs=TITRATION_PH), f"{2 * step} mmol acid per kg"
