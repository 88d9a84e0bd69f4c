"""Transport, equilibrium and carbon dioxide, repeated until they agree: implicit coupling in a fixed number of passes.

What:    water leaves a layer with the composition of the end of the step, and the pressure of CO2 is that at which the carbon of
         every layer adds up. Calcium moves with the calcite that can follow it within the step.
Units:   pools mol m-2, water kg m-2, flows kg m-2 s-1, pressures atm. Shapes [layer, column], [8, layer, column] for the ions.
Source:  sequential iteration of transport and reaction (Yeh & Tripathi 1989, Water Resour. Res. 25, 93-108);
         each process cites its own.
Use:     ``balanced = self.couple(env, sourced, rates, air, still, dispersion, factors)``; no __future__ annotations (TorchScript)
"""

import torch
from torch import Tensor

from ..chemistry.equilibrium import Solution
from ..chemistry.ions import all_but_calcium, anions, calcium, calcium_alone, cations, sulphate
from ..contract.rows import State
from ..processes.calcite import CalciteRates
from ..processes.gas import CarriedCarbon, pressure_with_water
from ..processes.sources import Sourced
from ..processes.transport import transport
from .pore_water import PoreWater
from .records import (
    Amounts,
    Balanced,
    Environment,
    Flow,
    SoilAir,
    amounts,
    calcite_factor,
    conductance_factor,
    mobilities,
)


def flow(env: Environment, air: SoilAir, dispersion: Tensor, factors: Tensor) -> Flow:
    """What moves ions and gas in this step, with the ``factors`` [factor, layer, column] of the learned core."""
    mobility = mobilities(factors)
    down = env.q_lower.clamp(min=0.0) + dispersion
    up = torch.cat([((-env.q_lower).clamp(min=0.0) + dispersion)[:-1], torch.zeros_like(dispersion[:1])])
    from_below = torch.cat([torch.zeros_like(dispersion[:-1]), (-env.q_bot).clamp(min=0.0).unsqueeze(0)])
    return Flow(mobility, dispersion, down, up, from_below, air.conductance * conductance_factor(factors))


def dissolved_share(b: Solution, pools: Tensor, passive: Tensor, water: Tensor, p_new: Tensor, p_then: Tensor) -> Tensor:
    """Dissolved part of each pool per kg of water [8, layer, column], that of calcium at the pressure ``p_new``.

    ``b`` was solved at ``p_then`` with ``pools`` [8, layer, column]; ``passive`` [3, layer, column]: the share of anions.
    """
    calcium_now = calcium_alone(b.dissolved) * torch.exp(
        (b.ca_response / calcium(b.dissolved) * torch.log(p_new / p_then)).clamp(-1.0, 1.0)
    )
    dissolved = torch.cat([calcium_now, all_but_calcium(b.dissolved)])
    share = torch.cat([dissolved / cations(pools).clamp(min=1e-30), passive])
    return torch.minimum(share, 1.0 / water)


def balanced_pressure(
    env: Environment, air: SoilAir, moving: Flow, b: Solution, pools: Tensor, calcite: Tensor, p: Tensor
) -> Tensor:
    """CO2 pressure [layer, column] at which the carbon of every layer adds up, from the solution ``b`` at the pressure ``p``."""
    reacting = torch.minimum(env.water * b.ca_total - calcium(pools), calcite)
    excess = air.carbon + reacting - env.water * b.dic - air.capacity * p + env.dt * (moving.from_below - env.q_lat) * b.dic
    capacity = air.capacity + env.water * b.storage_response / p
    carbon = CarriedCarbon(moving.down, moving.up, b.dic, b.dic_response / p)
    return pressure_with_water(p, excess, capacity, moving.conductance, carbon, air.p_air, env.dt)


class Coupling(PoreWater):
    """The part of the step that couples transport, equilibrium and carbon dioxide."""

    def __init__(self, thermodynamics: str = "min3p", aluminium: str = "AlX3") -> None:
        super().__init__(thermodynamics, aluminium)
        self.first: int = 2  # Newton steps before transport
        self.passes: int = 3  # of transport, equilibrium and CO2 pressure
        self.polish: int = 3  # Newton steps in each pass
        self.last: int = 2  # Newton steps at the end

    def still_water(self, x: State, sourced: Sourced, rates: CalciteRates, env: Environment) -> Solution:
        """Pore water after the sources as it would be without transport, at the CO2 pressure of the last step."""
        guess = self.last_unknowns(x)
        gamma = self.equilibrium.activity(x.ionic_strength, env.t)
        held = Amounts(cations(sourced.pools), sourced.anions, sulphate(sourced.pools), sourced.calcite)
        p = self.problem(held, rates, env.water, env.sites, x.pco2)
        sulphate_share = self.equilibrium.sulphate_share(p, env.constants, gamma, guess)
        return self.equilibrium(p, env.constants, gamma, guess, sulphate_share, self.first)

    def couple(
        self,
        env: Environment,
        sourced: Sourced,
        rates: CalciteRates,
        air: SoilAir,
        still: Solution,
        dispersion: Tensor,
        factors: Tensor,
    ) -> Balanced:
        """The column at the end of the step; ``dispersion`` [layer, column], ``factors`` [factor, layer, column] of the core."""
        pools, calcite, water, k = sourced.pools, sourced.calcite, env.water, env.constants
        rates = CalciteRates(rates.dissolving * calcite_factor(factors), rates.forming * calcite_factor(factors))
        follows = torch.minimum(calcite, rates.dissolving)
        total = torch.cat([calcium_alone(pools) + follows.unsqueeze(0), all_but_calcium(pools)])
        passive = (1.0 / water).expand_as(anions(pools))
        moving = flow(env, air, dispersion, factors)
        gamma = self.equilibrium.activity(still.ionic_strength, env.t)
        p_new, p_then, after, moved, b, leached = air.p_first, air.p_first, total, pools, still, calcium(pools)
        for _ in range(self.passes):
            share = dissolved_share(b, after, passive, water, p_new, p_then)  # in the first pass p_new = p_then
            after, leached = transport(total, share, env.q_lower, env.q_lat, dispersion, moving.mobility, env.dt)
            moved = torch.cat([calcium_alone(pools) + (calcium_alone(after) - calcium_alone(total)), all_but_calcium(after)])
            p = self.problem(amounts(moved, calcite), rates, water, env.sites, p_new)
            b = self.equilibrium(p, k, gamma, b.unknowns, b.sulphate_share, self.polish)
            p_then = p_new
            p_new = balanced_pressure(env, air, moving, b, moved, calcite, p_then)
        p = self.problem(amounts(moved, calcite), rates, water, env.sites, p_new)
        b = self.equilibrium(p, k, gamma, b.unknowns, b.sulphate_share, self.last)
        dissolved = torch.minimum(water * b.ca_total - calcium(moved), calcite)
        left = calcite - dissolved
        return Balanced(b, moved, left, dissolved, water * b.dic + air.capacity * p_new, p_new, leached)
