"""Pore water of a layer, for the step, the first state and the laboratory alike: amounts per m2 to a solved equilibrium.

What:    the equilibrium (chemistry/equilibrium.py), the numbers that go with it, a solve from nowhere, and the soil air above.
Units:   amounts mol m-2, water kg m-2, pressures atm, temperature K. Shapes [layer, column] or [row, layer, column].
Source:  constants as in contract/constants.toml and chemistry/constants.py.
Use:     a base class: TorchScript compiles methods of a module, not functions that are given one. No __future__ annotations.
"""

import torch
from torch import Tensor, nn

from ..chemistry.constants import LN10, MOLAR_VOLUME_CALCITE
from ..chemistry.equilibrium import Constants, Equilibrium, Problem, Solution
from ..contract import constants
from ..contract.ordered import ordered_sum
from ..contract.rows import ColumnForcing, LayerForcing, Static


class PoreWater(nn.Module):
    """What every part of the step knows of the soil solution."""

    def __init__(self, thermodynamics: str = "min3p", aluminium: str = "AlX3") -> None:
        super().__init__()
        self.equilibrium = Equilibrium(thermodynamics, aluminium)
        self.cold: int = 60  # Newton steps from nowhere
        self.d_gas: float = 1.6e-5  # m2 s-1, CO2 in air near 10 degC (as the MIN3P decks)
        # numbers as attributes: TorchScript compiles no module-level values
        self.gas_constant: float = constants.GAS_CONSTANT_ATM
        self.ln10: float = LN10
        self.molar_mass_c: float = constants.MOLAR_MASS_C
        self.molar_mass_n: float = constants.MOLAR_MASS_N
        self.molar_mass_caco3: float = constants.MOLAR_MASS_CACO3
        self.molar_volume_calcite: float = MOLAR_VOLUME_CALCITE
        self.pa_per_atm: float = constants.PA_PER_ATM

    def problem(
        self,
        cations: Tensor,
        anions: Tensor,
        so4: Tensor,
        water: Tensor,
        sites: Tensor,
        kinetic: Tensor,
        forming: Tensor,
        stock: Tensor,
        pco2: Tensor,
    ) -> Problem:
        """Amounts per m2 to amounts per kg of water."""
        w = 1.0 / water
        return Problem(cations * w, anions * w, so4 * w, sites * w, kinetic * w, forming * w, stock * w, pco2)

    def cold_solve(
        self,
        cations: Tensor,
        anions: Tensor,
        so4: Tensor,
        water: Tensor,
        sites: Tensor,
        k: Constants,
        t: Tensor,
        pco2: Tensor,
        kinetic: Tensor,
        stock: Tensor,
        guess: Tensor,
    ) -> Solution:
        """Solve without a good start: many Newton steps, ionic strength iterated."""
        p = self.problem(cations, anions, so4, water, sites, kinetic, kinetic, stock, pco2)
        gamma = self.equilibrium.activity(torch.full_like(water, 0.005), t)
        solution = self.equilibrium(p, k, gamma, guess, torch.full_like(water, 0.8), self.cold)
        for _ in range(3):
            gamma = self.equilibrium.activity(solution.ionic_strength, t)
            solution = self.equilibrium(p, k, gamma, solution.unknowns, solution.sulphate_share, self.cold // 4)
        return solution

    def gas_capacity(self, air: Tensor, dz: Tensor, t: Tensor) -> Tensor:
        """mol m-2 of CO2 in soil air per atm."""
        return air * dz / (self.gas_constant * t)

    def respiration(self, f: LayerForcing, c: ColumnForcing, s: Static) -> Tensor:
        """CO2 production per layer [layer, column], mol m-2 s-1; a column total is split by exp(-z / 0.3 m)."""
        bottom = torch.cumsum(s.dz, 0)
        weight = torch.exp(-(bottom - s.dz) / 0.3) - torch.exp(-bottom / 0.3)
        return (f.co2_src + c.co2_src_total * weight / ordered_sum(weight, 0)) / self.molar_mass_c
