"""A day of PhreeqcRM in soil water: what one cell and step of another chemistry costs, timed in the same run as the kernel.

What:    calcite by its kinetic law (Plummer, Wigley & Parkhurst 1978), an exchanger of 0.5 eq, CO2 at 0.01 atm, 12 degC, a day a
         step; Ca Mg K Na Cl C and nitrate as an inert ion. Every step starts from the solution of the first, its cations up to
         5 % more or less and anions to match: a solute without its charge would be a metal to PHREEQC, and no step converges.
         PhreeqcRM has no transport here, the step of calcisol has.
Units:   per kg of water; seconds of CPU time a cell.
Source:  PhreeqcRM 0.0.20 on the same system: 363-724 us on a quiet and a busy Zen 4 core (November 2026).
Use:     ``cells = PhreeqcCells(40); seconds = cells.time()``; phreeqc.dat: of phreeqpython, or PHREEQC_DATABASE
"""

from __future__ import annotations

import importlib.util
import os
import time
from pathlib import Path

import numpy as np

from ..errors import UnsupportedError

DAY = 86400.0  # s
DATABASE = "PHREEQC_DATABASE"  # environment variable: path of a phreeqc.dat
SCALED = 0.05  # largest relative change of the cations from step to step; 0.01-0.10 changes the time by less than 14 %
CATIONS = {"Ca": 2.0, "Mg": 2.0, "K": 1.0, "Na": 1.0}  # and their charges
ANIONS = ("Cl", "Ntr")
AREA = 1e2  # cm2 per kg of water; from 1e3 on PhreeqcRM does not converge over a day
SYSTEM = f"""SOLUTION_MASTER_SPECIES
Ntr Ntr- 0 62 62
SOLUTION_SPECIES
Ntr- = Ntr-
log_k 0
RATES
Soil_calcite
-start
10 index = SI("Calcite")
20 if (M <= 0 and index < 0) then goto 60
30 k = 10^(0.198 - 444 / TK) * ACT("H+") + 10^(2.84 - 2177 / TK) * ACT("CO2") + 10^(-5.86 - 317 / TK)
40 moles = PARM(1) * 1e-3 * k * (1 - 10^(2 / 3 * index)) * TIME
50 if (moles > M) then moles = M
60 SAVE moles
-end
SOLUTION 1
temp 12
units mmol/kgw
pH 7.3
Ca 2.5 charge
Mg 0.3
K 0.1
Na 0.3
Cl 0.5
Ntr 0.5
C(4) 5 CO2(g) -2
EXCHANGE 1
-equilibrate 1
X 0.5
EQUILIBRIUM_PHASES 1
CO2(g) -2 10
KINETICS 1
Soil_calcite
-formula CaCO3 1
-m 1
-m0 1
-parms {AREA:g}
-tol 1e-6
END
"""


def database() -> Path:
    """A phreeqc.dat. Raises UnsupportedError where there is none."""
    if os.environ.get(DATABASE):
        return Path(os.environ[DATABASE])
    found = importlib.util.find_spec("phreeqpython")
    if found is None or found.origin is None:
        raise UnsupportedError(f"no phreeqc.dat for PhreeqcRM; set {DATABASE} to one, or pip install phreeqpython")
    return Path(found.origin).with_name("database") / "phreeqc.dat"


class PhreeqcCells:
    """Cells of PhreeqcRM on one thread, ready to step."""

    def __init__(self, cells: int = 40) -> None:
        """Raises UnsupportedError where PhreeqcRM is not installed or refuses the system."""
        if importlib.util.find_spec("phreeqcrm") is None:
            raise UnsupportedError("PhreeqcRM is not installed; pip install phreeqcrm")
        import phreeqcrm

        self.cells = cells
        self.rng = np.random.default_rng(1)
        self.model = model = phreeqcrm.PhreeqcRM(cells, 1)
        model.SetErrorHandlerMode(1)
        model.SetUnitsSolution(2)  # mol/L
        for units in (model.SetUnitsPPassemblage, model.SetUnitsExchange, model.SetUnitsKinetics):
            units(0)  # mol per litre of representative volume
        model.SetComponentH2O(False)
        model.SetRepresentativeVolume([1.0] * cells)
        model.SetPorosity([1.0] * cells)
        model.SetSaturation([1.0] * cells)
        model.SetTemperature([12.0] * cells)
        self.must(model.LoadDatabase(str(database())), "load its database")
        self.must(model.RunString(True, True, True, SYSTEM), "read the system")
        model.FindComponents()
        one, none = [1] * cells, [-1] * cells
        self.must(model.InitialPhreeqc2Module(one + one + one + none * 3 + one), "fill its cells")
        model.SetTime(0.0)
        model.SetTimeStep(0.0)
        self.must(model.RunCells(), "equilibrate its cells")
        names = list(model.GetComponents())
        self.first = np.array(model.GetConcentrations()).reshape(len(names), cells)
        self.cations, self.anions = ([names.index(n) for n in group] for group in (CATIONS, ANIONS))
        charge = np.array(list(CATIONS.values())) @ self.first[self.cations]
        self.ratio = charge / self.first[self.anions].sum(0)  # relative change of anions that balances one of cations
        model.SetTimeStep(DAY)

    def must(self, code: int, what: str) -> None:
        if code != 0:
            raise UnsupportedError(f"PhreeqcRM could not {what}: {str(self.model.GetErrorString()).strip()[-300:]}")

    def time(self) -> float:
        """CPU seconds a cell of one step of a day."""
        change = self.rng.uniform(-SCALED, SCALED, self.cells)
        now = self.first.copy()
        now[self.cations] *= 1.0 + change
        now[self.anions] *= 1.0 + change * self.ratio
        self.must(self.model.SetConcentrations(now.reshape(-1).tolist()), "take concentrations")
        start = time.process_time()
        self.must(self.model.RunCells(), "run its cells")
        return (time.process_time() - start) / self.cells
