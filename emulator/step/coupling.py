"""Transport, equilibrium and carbon dioxide, repeated until they agree: implicit coupling in a fixed number of passes.

What:    water leaves a layer with the composition of the end of the step, and the pressure of CO2 is that at which the carbon of
         every layer adds up. Calcium moves with the calcite that can follow it within the step.
Units:   pools mol m-2, water kg m-2, flows kg m-2 s-1, pressures atm. Shapes [layer, column], [8, layer, column] for the ions.
Source:  sequential iteration of transport and reaction (Yeh & Tripathi 1989, Water Resour. Res. 25, 93-108);
         each process cites its own.
Use:     ``balanced = self.couple(env, sourced, rates, air, still, dispersion, factors)``; no __future__ annotations (TorchScript)
"""

from typing import NamedTuple

import torch
from torch import Tensor

from ..chemistry.equilibrium import Solution, ln_ratio, raised
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

MOST = 2.0
"""Factor by which a pass may change the pressure of CO2 where calcite rests: its response to pressure jumps at either saturation,
and a search that has not settled there would throw the pressure to its bounds, from where it does not come back [measured]."""


def flow(env: Environment, air: SoilAir, dispersion: Tensor, factors: Tensor) -> Flow:
    """What moves ions and gas in this step, with the ``factors`` [factor, layer, column] of the learned core."""
    mobility = mobilities(factors)
    down = env.q_lower.clamp(min=0.0) + dispersion
    up = torch.cat([((-env.q_lower).clamp(min=0.0) + dispersion)[:-1], torch.zeros_like(dispersion[:1])])
    from_below = torch.cat([torch.zeros_like(dispersion[:-1]), (-env.q_bot).clamp(min=0.0).unsqueeze(0)])
    return Flow(mobility, dispersion, down, up, from_below, air.conductance * conductance_factor(factors))


def dissolved_share(dissolved: Tensor, pools: Tensor, passive: Tensor, water: Tensor) -> Tensor:
    """Dissolved part of each pool per kg of water [8, layer, column].

    ``dissolved`` [5, layer, column] mol kg-1 beside ``pools`` [8, layer, column]; ``passive`` [3, layer, column]: of anions.
    """
    return torch.cat([torch.minimum(dissolved / cations(pools).clamp(min=1e-30), 1.0 / water), passive])


def at_pressure(b: Solution, ln_change: Tensor) -> Tensor:
    """Dissolved cations [5, layer, column] of ``b`` after a change of ln pCO2: calcium follows."""
    change = (b.ca_response / calcium(b.dissolved) * ln_change).clamp(-1.0, 1.0)
    return torch.cat([raised(calcium_alone(b.dissolved), change), all_but_calcium(b.dissolved)])


def moved_by(activities: Tensor, slopes: Tensor, change: Tensor, most: float = 1.5) -> Tensor:
    """``activities`` after a ``change`` [layer, column] of what their logs answer to with ``slopes``, both [1 + site, ...]."""
    return raised(activities, (slopes * change).clamp(-most, most))


def anion_change(b: Solution, before: Tensor, after: Tensor, water: Tensor) -> Tensor:
    """Change of ln (negative charge) of ``b`` [layer, column] where pools of anions [3, ...] go from ``before`` to ``after``."""
    nitrate, chloride, sulphate = (after - before).unbind(0)
    charge = b.negative + (nitrate + chloride + 2.0 * b.sulphate_share * sulphate) / water
    return ln_ratio(charge.clamp(min=1e-9), b.negative)


def balanced_pressure(
    env: Environment, air: SoilAir, moving: Flow, b: Solution, pools: Tensor, calcite: Tensor, p: Tensor
) -> Tensor:
    """CO2 pressure [layer, column] at which the carbon of every layer adds up, from the solution ``b`` at the pressure ``p``."""
    reacting = torch.minimum(env.water * b.ca_total - calcium(pools), calcite)
    excess = air.carbon + reacting - env.water * b.dic - air.capacity * p + env.dt * (moving.from_below - env.q_lat) * b.dic
    capacity = air.capacity + env.water * b.storage_response / p
    carbon = CarriedCarbon(moving.down, moving.up, b.dic, b.dic_response / p)
    return pressure_with_water(p, excess, capacity, moving.conductance, carbon, air.p_air, env.dt)


def held_back(p_new: Tensor, p_then: Tensor, rates: CalciteRates, most: float = MOST) -> Tensor:
    """The pressure ``p_new`` [layer, column], within a factor ``most`` of ``p_then`` where calcite may rest."""
    within = torch.minimum(torch.maximum(p_new, p_then / most), p_then * most)
    return torch.where(rates.forming_above > 1.0, within, p_new)


class Start(NamedTuple):
    """Where the passes begin."""

    guess: Tensor  # [1 + site, layer, column] activity of H+ and u of each site
    dissolved: Tensor  # [5, layer, column] mol kg-1


class Coupling(PoreWater):
    """The part of the step that couples transport, equilibrium and carbon dioxide."""

    def __init__(self, thermodynamics: str = "min3p", aluminium: str = "AlX3") -> None:
        super().__init__(thermodynamics, aluminium)
        self.first: int = 2  # Newton steps before transport
        self.passes: int = 3  # of transport, equilibrium and CO2 pressure
        self.polish: int = 2  # Newton steps in each pass
        self.last: int = 1  # Newton steps at the end

    def still_water(self, x: State, sourced: Sourced, rates: CalciteRates, env: Environment) -> Solution:
        """Pore water after the sources as it would be without transport, at the CO2 pressure of the last step."""
        guess = torch.exp(self.last_unknowns(x).float()).double()
        gamma = self.equilibrium.activity(x.ionic_strength.float(), env.t)
        held = Amounts(cations(sourced.pools), sourced.anions, sulphate(sourced.pools), sourced.calcite)
        p = self.problem(held, rates, env.water, env.sites, x.pco2)
        sulphate_share = self.equilibrium.sulphate_share(p, env.constants, gamma, guess)
        return self.equilibrium(p, env.constants, gamma, guess, sulphate_share, self.first, rough=True)

    def start(self, env: Environment, air: SoilAir, still: Solution, total: Tensor, passive: Tensor, moving: Flow) -> Start:
        """Pore water, to first order, at the first pressure and with the anions of the end.

        Anions move alike in every pass, so that where they end is known: ``total`` [8, layer, column] are the pools before,
        ``passive`` [3, layer, column] the share of anions per kg of water.
        """
        before, mobility = anions(total), anions(moving.mobility)
        ended, _ = transport(before, passive, env.q_lower, env.q_lat, moving.dispersion, mobility, env.dt)
        ln_negative = anion_change(still, before, ended, env.water)
        guess = moved_by(still.activities, still.by_pressure, ln_ratio(air.p_first, air.p_old))
        changed = (still.dissolved_by_anions * ln_negative).clamp(-0.7, 2.0)
        return Start(moved_by(guess, still.by_anions, ln_negative), still.dissolved * (1.0 + changed))

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
        factor = calcite_factor(factors)
        rates = CalciteRates(rates.dissolving * factor, rates.forming * factor, rates.forming_above)
        follows = torch.minimum(calcite, rates.dissolving)
        total = torch.cat([calcium_alone(pools) + follows.unsqueeze(0), all_but_calcium(pools)])
        passive = (1.0 / water).expand_as(anions(pools))
        moving = flow(env, air, dispersion, factors)
        gamma = self.equilibrium.activity(still.ionic_strength.float(), env.t)
        guess, dissolved = self.start(env, air, still, total, passive, moving)
        p_new, after, moved, b, leached = air.p_first, total, pools, still, calcium(pools)
        for n in range(self.passes):
            share = dissolved_share(dissolved, after, passive, water)
            after, leached = transport(total, share, env.q_lower, env.q_lat, dispersion, moving.mobility, env.dt)
            moved = torch.cat([calcium_alone(pools) + (calcium_alone(after) - calcium_alone(total)), all_but_calcium(after)])
            p = self.problem(amounts(moved, calcite), rates, water, env.sites, p_new)
            b = self.equilibrium(p, k, gamma, guess, b.sulphate_share, self.polish, quick=True, rough=n < self.passes - 1)
            p_then = p_new
            p_new = held_back(balanced_pressure(env, air, moving, b, moved, calcite, p_then), p_then, rates)
            ln_p = ln_ratio(p_new, p_then)
            guess, dissolved = moved_by(b.activities, b.by_pressure, ln_p), at_pressure(b, ln_p)
        p = self.problem(amounts(moved, calcite), rates, water, env.sites, p_new)
        b = self.equilibrium(p, k, gamma, guess, b.sulphate_share, self.last, quick=True)
        reacted = torch.minimum(water * b.ca_total - calcium(moved), calcite)
        return Balanced(b, moved, calcite - reacted, reacted, water * b.dic + air.capacity * p_new, p_new, leached)
