"""What a laboratory reads of a soil: pH of a suspension, another quantity than pH of pore water.

What:    one part of dry soil and five of solution (mass), shaken until calcite has done its work, under air at 25 degC.
Units:   pH. Shapes [2, layer, column]: in water, in 0.01 M CaCl2.
Source:  ISO 10390 (1:5, there by volume). A suspension in water takes the salt of its sample: at 1:2.5 it reads like 1 mM CaCl2
         (Edmeades et al. 1990, N. Z. J. Agric. Res. 33, 105-109, doi:10.1080/00288233.1990.10430667), at 1:5 like half of that
         [assumption]. Our pools hold less: nitrate is gone when soil is sampled. The two pH then differ by 0.55-0.6 at pH 5-7;
         measured at 1:2.5: 0.65-0.55 (Conyers & Davey 1988, Soil Sci. 145, 29-36).
Use:     ``water, cacl2 = step.laboratory_ph(static, state)``; no __future__ annotations here, TorchScript cannot read them
"""

import torch
from torch import Tensor

from ..chemistry.ions import all_but_calcium, calcium
from ..chemistry.records import ph_of
from ..contract.rows import state_rows, static_rows
from ..processes.aluminium import with_aluminium
from ..processes.calcite import CalciteRates, forming_above
from ..processes.soil import exchange_sites
from .pore_water import PoreWater
from .records import Amounts


class Laboratory(PoreWater):
    """The part of the step that makes laboratory pH."""

    def __init__(self, thermodynamics: str = "min3p", aluminium: str = "AlX3") -> None:
        super().__init__(thermodynamics, aluminium)
        self.solution_ratio: float = 5.0  # kg of solution per kg of soil
        self.salt_of_sample: float = 0.0005  # mol L-1 CaCl2 that a sample brings into water
        self.salt_of_method: float = 0.01  # mol L-1 CaCl2
        self.laboratory_air: float = 4.2e-4  # atm CO2

    @torch.jit.export
    def laboratory_ph(self, static: Tensor, state: Tensor) -> Tensor:
        """Suspension pH in water (with the salt of a sample) and in 0.01 M CaCl2 [2, layer, column].

        ``static`` [row, layer, column] as ``prepare`` returns it; ``state`` [slot, layer, column].
        """
        s = static_rows(static)
        x = state_rows(state)
        water = self.solution_ratio * s.bulk_density * s.dz
        t = torch.full_like(s.dz, 298.15)
        k = with_aluminium(self.equilibrium.constants(t), s)
        pools = torch.stack([x.ca, x.mg, x.k, x.na, x.nh4])
        sites = exchange_sites(s)
        plenty = torch.full_like(s.dz, 1e6)  # the suspension is shaken until calcite has done its work
        p_air = torch.full_like(s.dz, self.laboratory_air)
        guess = self.last_unknowns(x)
        readings = []
        for salt in [self.salt_of_sample, self.salt_of_method]:
            moles = salt * water
            added = torch.cat([(calcium(pools) + moles).unsqueeze(0), all_but_calcium(pools)])
            held = Amounts(added, x.no3 + x.cl + 2.0 * moles, x.so4, x.calcite)
            p = self.problem(held, CalciteRates(plenty, plenty, forming_above(s)), water, sites, p_air)
            readings.append(ph_of(self.cold_solve(p, k, water, t, guess).unknowns))
        return torch.stack(readings)
