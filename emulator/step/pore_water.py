"""Pore water of a layer, for the step, the first state and the laboratory alike: amounts per m2 to a solved equilibrium.

What:    the equilibrium (chemistry/equilibrium.py), what it is given, where its search starts, and a solve from nowhere.
Units:   amounts mol m-2, water kg m-2, pressures atm, temperature K. Shapes [layer, column] or [row, layer, column].
Source:  constants as in contract/constants.toml and chemistry/constants.py.
Use:     a base class: TorchScript compiles methods of a module, not functions that are given one. No __future__ annotations.
"""

import torch
from torch import Tensor, nn

from ..chemistry.constants import LN10
from ..chemistry.equilibrium import Constants, Equilibrium, Problem, Solution
from ..contract.rows import State
from ..processes.calcite import CalciteRates
from .records import Amounts


class PoreWater(nn.Module):
    """What every part of the step knows of the soil solution."""

    def __init__(self, thermodynamics: str = "min3p", aluminium: str = "AlX3") -> None:
        super().__init__()
        self.equilibrium = Equilibrium(thermodynamics, aluminium)
        self.cold: int = 60  # Newton steps from nowhere
        self.ln10: float = LN10  # as an attribute: TorchScript compiles no module-level values

    def problem(self, held: Amounts, rates: CalciteRates, water: Tensor, sites: Tensor, pco2: Tensor) -> Problem:
        """Amounts per m2 to amounts per kg of water."""
        w = 1.0 / water
        return Problem(
            held.cations * w,
            held.anions * w,
            held.so4 * w,
            sites * w,
            rates.dissolving * w,
            rates.forming * w,
            rates.forming_above,
            held.calcite * w,
            pco2,
        )

    def last_unknowns(self, x: State) -> Tensor:
        """Unknowns of the solver [1 + site, layer, column] at the end of the last step, where the next search starts."""
        return torch.stack([-self.ln10 * x.ph, x.site_1, x.site_2, x.site_3])

    def cold_solve(self, p: Problem, k: Constants, water: Tensor, t: Tensor, guess: Tensor) -> Solution:
        """Solve without a good start: many Newton steps, ionic strength iterated.

        ``water`` [layer, column] kg m-2 gives the shape alone, ``t`` in K, ``guess`` [1 + site, layer, column] in logs.
        """
        gamma = self.equilibrium.activity(torch.full_like(water, 0.005), t)
        solution = self.equilibrium(p, k, gamma, torch.exp(guess), torch.full_like(water, 0.8), self.cold)
        for _ in range(3):
            gamma = self.equilibrium.activity(solution.ionic_strength, t)
            solution = self.equilibrium(p, k, gamma, solution.activities, solution.sulphate_share, self.cold // 4)
        return solution
