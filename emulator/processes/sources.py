"""What enters and leaves the soil solution besides water flow: nitrogen, deposition, weathering, harvest, lime.

What:    adds the amounts of one step to the conserved pools; sinks are demands, limited to what the pool holds.
Protons: never a pool. Each reaction moves ions and the charge they leave behind is acid or alkalinity, so the proton balance of
         nitrification (+2), uptake of NO3 (-1) and NH4 (+1), denitrification (-1), mineralisation (-1) follows by itself.
Units:   pools mol m-2, rates as in variables.toml. Shapes [layer, column]; column forcing [column] enters layer 1.
Source:  proton balance of van Breemen, Mulder & Driscoll (1983, Plant Soil 75, 283-308); ratios of
         harvest and weathering as in variables.toml (bc_up, weath).
Use:     ``sourced = add_sources(state_rows(state), f, c, dt)``
"""

from typing import NamedTuple

import torch
from torch import Tensor

from ..chemistry.ions import ammonium, calcium, chloride, magnesium, monovalent_anions, nitrate, potassium, sodium, sulphate
from ..contract.constants import MOLAR_MASS_CACO3
from ..contract.ordered import ordered_sum
from ..contract.rows import ColumnForcing, LayerForcing, State
from .nitrogen import MAX_POOL_FRACTION, nitrogen, taken
from .soil import in_top_layer

HARVEST = (0.375 / 2.0, 0.125 / 2.0, 0.5)
"""mol Ca, Mg, K per mol_c of harvested base cations."""
WEATHERING = (0.15, 0.15, 0.2, 0.2)
"""mol Ca, Mg, K, Na per mol_c weathered."""


class Ions(NamedTuple):
    """Pools of the ions that are not nitrogen [layer, column], mol m-2."""

    ca: Tensor
    mg: Tensor
    k: Tensor
    na: Tensor
    cl: Tensor
    so4: Tensor


class Sourced(NamedTuple):
    """Pools after the sources, and what was really taken."""

    calcite: Tensor  # [layer, column] mol m-2
    pools: Tensor  # [8, layer, column] mol m-2, rows in the order of ``constants.POOLS``
    n_sink: Tensor  # [column] mol m-2
    ca_sink: Tensor  # [column] mol m-2
    acid: Tensor  # [layer, column] mol_c m-2 net acid of the step
    limited: Tensor  # [layer, column] bool: a demand exceeded its pool
    anions: Tensor  # [layer, column] mol m-2 NO3 + Cl


def alkalinity(pools: Tensor) -> Tensor:
    """Charge of the strong ions [layer, column], mol_c m-2: what carbonate, exchanger protons and aluminium must balance."""
    divalent = 2.0 * (calcium(pools) + magnesium(pools) - sulphate(pools))
    return divalent + potassium(pools) + sodium(pools) + ammonium(pools) - nitrate(pools) - chloride(pools)


def liming(c: ColumnForcing, dt: Tensor, molar_mass: float = MOLAR_MASS_CACO3) -> Tensor:
    """Calcium carbonate spread in the step [column], mol m-2."""
    return dt * c.lime / molar_mass


def deposition_and_weathering(
    s: State, f: LayerForcing, c: ColumnForcing, dt: Tensor, ratios: tuple[float, float, float, float] = WEATHERING
) -> Ions:
    """Pools with deposition, silicate weathering and the acid or base of ``h_src``, which goes with Cl or Na."""
    per_ca, per_mg, per_k, per_na = ratios
    weathered = dt * f.weath
    ca = s.ca + in_top_layer(dt * c.dep_ca, s.ca) + per_ca * weathered
    mg = s.mg + in_top_layer(dt * c.dep_mg, s.mg) + per_mg * weathered
    k = s.k + in_top_layer(dt * c.dep_k, s.k) + per_k * weathered
    h_src = dt * f.h_src
    na = s.na + in_top_layer(dt * c.dep_na, s.na) + per_na * weathered + (-h_src).clamp(min=0.0)
    cl = s.cl + in_top_layer(dt * c.dep_cl, s.cl) + h_src.clamp(min=0.0)
    so4 = s.so4 + in_top_layer(dt * c.dep_so4, s.so4)
    return Ions(ca, mg, k, na, cl, so4)


def harvest(
    x: Ions,
    f: LayerForcing,
    dt: Tensor,
    ratios: tuple[float, float, float] = HARVEST,
    max_pool_fraction: float = MAX_POOL_FRACTION,
) -> tuple[Ions, Tensor, Tensor]:
    """Pools without the base cations of the harvest, those cations [mol_c m-2], and what could be met per unit of demand."""
    per_ca, per_mg, per_k = ratios
    wanted = (dt * f.bc_up).clamp(min=1e-30)
    met = torch.minimum(torch.minimum(x.ca / per_ca, x.mg / per_mg), x.k / per_k) * (max_pool_fraction / wanted)
    harvested = met.clamp(max=1.0) * dt * f.bc_up
    left = Ions(x.ca - per_ca * harvested, x.mg - per_mg * harvested, x.k - per_k * harvested, x.na, x.cl, x.so4)
    return left, harvested, met


def harvested_calcium(harvested: Tensor, ratio: float = HARVEST[0]) -> Tensor:
    """Calcium that leaves with the harvest [column], mol m-2, from its base cations [layer, column], mol_c m-2."""
    return ratio * ordered_sum(harvested, 0)


def add_sources(s: State, f: LayerForcing, c: ColumnForcing, dt: Tensor) -> Sourced:
    """Pools after the sources and sinks of a step of ``dt`` [s], before anything moves or reacts.

    A new source or sink is a function of the pools in a file of its own, called here.
    """
    before = alkalinity(torch.stack([s.ca, s.mg, s.k, s.na, s.nh4, s.no3, s.cl, s.so4]))
    n = nitrogen(s, f, c, dt)
    ions = deposition_and_weathering(s, f, c, dt)
    ions, harvested, harvest_met = harvest(ions, f, dt)
    pools = torch.stack([ions.ca, ions.mg, ions.k, ions.na, n.nh4, n.no3, ions.cl, ions.so4])
    return Sourced(
        calcite=s.calcite + in_top_layer(liming(c, dt), s.calcite),
        pools=pools,
        n_sink=taken(n, f),
        ca_sink=harvested_calcium(harvested),
        acid=before - alkalinity(pools),
        limited=(n.nh4_met < 1.0) | (n.no3_met < 1.0) | (harvest_met < 1.0),
        anions=monovalent_anions(pools),
    )
