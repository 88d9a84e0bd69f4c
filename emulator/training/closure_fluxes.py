"""What the factors of the core should have been: fluxes of a fine run beside those that coarse layers would give.

What:    from the true states of both ends of a step, grouped to coarse layers: each ion's flux through every face by its budget,
         the coarse formula with the concentrations of the end, and the same for carbon dioxide.
         A factor of the core is asked for where the two differ; no rollout is needed to learn it.
Units:   mol m-2 per step, downward positive; gas upward through the upper face. Shapes [layer, column], [8, layer, column].
Source:  budgets of processes/transport.py and processes/gas.py, read backwards.
Use:     ``flux = fluxes(step, data, n)``; ``rows_of([flux, ...])`` (closure_loss.py)
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ..chemistry.equilibrium import Solution
from ..chemistry.ions import anions, monovalent_anions
from ..contract.rows import column_rows, layer_rows, state_rows, static_rows
from ..contract.variables import load_table
from ..processes.calcite import CalciteRates, calcite_rates
from ..processes.sources import Sourced, add_sources, liming
from ..processes.transport import dispersion_conductance
from ..step.features import features
from ..step.records import Environment, SoilAir
from ..step.soil_air import soil_air
from ..step.step import Step
from .closure_sets import CoarseSet
from .rollout import W_LIQ, WATER

IONS = ("ca", "mg", "k", "na", "nh4", "no3", "cl", "so4")
_SLOTS = load_table().names("state")
ROWS = [_SLOTS.index(ion) for ion in IONS]
SETTLED = 20  # Newton turns for the composition of the end


class Told(NamedTuple):
    """What a step knows before anything moves."""

    features: Tensor  # [feature, layer, column]
    env: Environment
    sourced: Sourced
    rates: CalciteRates
    air: SoilAir
    dispersion: Tensor


class Fluxes(NamedTuple):
    """Of one step."""

    features: Tensor  # [feature, layer, column]
    advected: Tensor  # [8, layer, column] through the lower face, by the coarse formula
    dispersed: Tensor  # [8, layer, column]
    true: Tensor  # [8, layer, column] by the budget of the fine run
    diffused: Tensor  # CO2 to the layer above by the coarse formula
    true_gas: Tensor


def told(step: Step, data: CoarseSet, state: Tensor, layer: Tensor, column: Tensor, seconds: float) -> Told:
    """The first half of ``Step.forward``."""
    dt = torch.tensor(seconds, dtype=torch.float64)
    s, f, c, x = static_rows(data.static), layer_rows(layer), column_rows(column), state_rows(state)
    env = step.environment(s, f, c, x, dt)
    sourced = add_sources(x, f, c, dt)
    rates = calcite_rates(s, sourced.calcite, dt)
    still = step.still_water(x, sourced, rates, env)
    air = soil_air(s, f, c, x, env, sourced, still)
    dispersion = dispersion_conductance(s, env.water, env.q_lower)
    supply = dt * c.dep_ca + liming(c, dt)
    return Told(
        torch.stack(features(s, env, sourced, rates, still, air, dispersion, supply)), env, sourced, rates, air, dispersion
    )


def shorter(data: CoarseSet, n: int, seconds: float) -> tuple[Tensor, Tensor, Tensor]:
    """State and forcing of a step of ``seconds`` at the beginning of step ``n``, water on its way."""
    layer = data.forcing_layer[n].clone()
    layer[W_LIQ] = data.state[n, WATER] + (layer[W_LIQ] - data.state[n, WATER]) * (seconds / data.dt)
    return data.state[n], layer, data.forcing_column[n]


def fluxes(step: Step, data: CoarseSet, n: int) -> Fluxes:
    """Those of step ``n``."""
    before, after = data.state[n], state_rows(data.state[n + 1])
    t = told(step, data, before, data.forcing_layer[n], data.forcing_column[n], data.dt)
    end = _composition(step, t, data.state[n + 1])
    pools = data.state[n + 1, ROWS]
    concentration = torch.cat([end.dissolved, anions(pools) / t.env.water])
    below = torch.cat([concentration[:, 1:], concentration[:, -1:]], 1)
    q = t.env.q_lower
    left = t.sourced.pools - pools
    reacted = t.sourced.calcite - after.calcite
    left = torch.cat([left[:1] + reacted, left[1:]])
    dissolved = (after.dic - t.air.capacity * after.pco2) / t.env.water
    above = torch.cat([t.air.p_air.unsqueeze(0), after.pco2[:-1]])
    return Fluxes(
        features=t.features,
        advected=q * torch.where(q >= 0.0, concentration, below) * data.dt,
        dispersed=t.dispersion * (concentration - below) * data.dt,
        true=left.cumsum(1),
        diffused=t.air.conductance * (after.pco2 - above) * data.dt,
        true_gas=_gas(t, dissolved, t.air.carbon + reacted - after.dic, data.leached[n, 1], data.dt),
    )


def _composition(step: Step, t: Told, state: Tensor) -> Solution:
    """Pore water of the true end as a coarse layer has it, its calcite at work: what flows in a rollout is this."""
    x, pools = state_rows(state), state[ROWS]
    held = t.sourced._replace(pools=pools, anions=monovalent_anions(pools), calcite=x.calcite)
    usual, step.first = step.first, SETTLED
    try:
        return step.still_water(x, held, t.rates, t.env)
    finally:
        step.first = usual


def _gas(t: Told, dissolved: Tensor, left: Tensor, leached: Tensor, seconds: float) -> Tensor:
    """Carbon that left upward through each upper face as gas: all that left, less what water carried across."""
    upward = left.flip(0).cumsum(0).flip(0) - leached
    none = torch.zeros_like(dissolved[:1])
    q = torch.cat([none, t.env.q_lower[:-1]])
    above = torch.cat([dissolved[:1], dissolved[:-1]])
    carried = q * torch.where(q >= 0.0, above, dissolved) * seconds
    dispersed = torch.cat([none, t.dispersion[:-1] * (dissolved[:-1] - dissolved[1:]) * seconds])
    return upward + carried + dispersed
