"""What enters and leaves the soil solution besides water flow: nitrogen, deposition, harvest, weathering, lime.

What:    adds the amounts of one step to the conserved pools; sinks are demands, limited to what the pool holds.
Protons: never a pool. Each reaction moves ions and the charge they leave behind is acid or alkalinity, so the proton balance of
         nitrification (+2), uptake of NO3 (-1) and NH4 (+1), denitrification (-1), mineralisation (-1) follows by itself.
Units:   pools mol m-2, rates as in variables.toml. Shapes [layer, column]; column forcing [column] enters layer 1.
Source:  proton balance of van Breemen et al. (1983); harvest and weathering ratios as in the MIN3P decks (variables.toml).
"""

from typing import NamedTuple

import torch
from torch import Tensor

from ..contract.constants import MOLAR_MASS_CACO3, MOLAR_MASS_N
from ..contract.ordered import ordered_sum
from ..contract.rows import ColumnForcing, LayerForcing, State

HARVEST = (0.375 / 2.0, 0.125 / 2.0, 0.5)  # mol Ca, Mg, K per mol_c of harvested base cations
WEATHERING = (0.15, 0.15, 0.2, 0.2)  # mol Ca, Mg, K, Na per mol_c weathered
LEAVE = 0.98  # a sink takes at most this share of a pool in one step


class Sourced(NamedTuple):
    """Pools after the sources, and what was really taken."""

    calcite: Tensor
    pools: Tensor  # [8, layer, column] Ca Mg K Na NH4 NO3 Cl SO4
    n_sink: Tensor  # [column] mol m-2
    ca_sink: Tensor  # [column] mol m-2
    acid: Tensor  # [layer, column] mol_c m-2 net acid of the step
    limited: Tensor  # [layer, column] bool: a demand exceeded its pool


def top(x: Tensor, like: Tensor) -> Tensor:
    """Column amount placed in layer 1."""
    return torch.cat([x.unsqueeze(0), torch.zeros_like(like[1:])])


def alkalinity(pools: Tensor) -> Tensor:
    """Charge of the strong ions [layer, column], mol_c m-2: what carbonate, exchanger protons and aluminium must balance."""
    return 2.0 * (pools[0] + pools[1] - pools[7]) + pools[2] + pools[3] + pools[4] - pools[5] - pools[6]


def add_sources(
    s: State,
    f: LayerForcing,
    c: ColumnForcing,
    dt: Tensor,
    harvest: tuple[float, float, float] = HARVEST,
    weathering: tuple[float, float, float, float] = WEATHERING,
    leave: float = LEAVE,
    molar_mass_n: float = MOLAR_MASS_N,
    molar_mass_caco3: float = MOLAR_MASS_CACO3,
) -> Sourced:
    """Pools after one step's sources and sinks, before anything moves or reacts."""
    before = alkalinity(torch.stack([s.ca, s.mg, s.k, s.na, s.nh4, s.no3, s.cl, s.so4]))
    per_kg_n = dt / molar_mass_n
    own_nh4 = torch.where(torch.isnan(f.nh4), s.nh4, f.nh4 / molar_mass_n)
    own_no3 = torch.where(torch.isnan(f.no3), s.no3, f.no3 / molar_mass_n)
    replaced = ordered_sum(own_nh4 - s.nh4 + own_no3 - s.no3, 0)

    nh4 = own_nh4 + top(dt * c.dep_nh4, own_nh4) + per_kg_n * f.n_min.clamp(min=0.0)
    nh4_wanted = per_kg_n * (f.n_nit + f.n_up_nh4 + (-f.n_min).clamp(min=0.0))
    nh4_met = (leave * nh4 / nh4_wanted.clamp(min=1e-30)).clamp(max=1.0)
    nitrified = nh4_met * per_kg_n * f.n_nit
    nh4_taken = nh4_met * per_kg_n * (f.n_up_nh4 + (-f.n_min).clamp(min=0.0))
    nh4 = nh4 - nitrified - nh4_taken
    no3 = own_no3 + top(dt * c.dep_no3, own_no3) + nitrified
    no3_wanted = per_kg_n * (f.n_up_no3 + f.n_den)
    no3_met = (leave * no3 / no3_wanted.clamp(min=1e-30)).clamp(max=1.0)
    no3_taken = no3_met * no3_wanted
    no3 = no3 - no3_taken

    weathered = dt * f.weath
    ca = s.ca + top(dt * c.dep_ca, s.ca) + weathering[0] * weathered
    mg = s.mg + top(dt * c.dep_mg, s.mg) + weathering[1] * weathered
    k = s.k + top(dt * c.dep_k, s.k) + weathering[2] * weathered
    h_src = dt * f.h_src
    na = s.na + top(dt * c.dep_na, s.na) + weathering[3] * weathered + (-h_src).clamp(min=0.0)
    cl = s.cl + top(dt * c.dep_cl, s.cl) + h_src.clamp(min=0.0)
    so4 = s.so4 + top(dt * c.dep_so4, s.so4)
    wanted = (dt * f.bc_up).clamp(min=1e-30)
    bc_met = torch.minimum(torch.minimum(ca / harvest[0], mg / harvest[1]), k / harvest[2]) * (leave / wanted)
    harvested = bc_met.clamp(max=1.0) * dt * f.bc_up
    ca, mg, k = ca - harvest[0] * harvested, mg - harvest[1] * harvested, k - harvest[2] * harvested

    pools = torch.stack([ca, mg, k, na, nh4, no3, cl, so4])
    return Sourced(
        calcite=s.calcite + top(dt * c.lime / molar_mass_caco3, s.calcite),
        pools=pools,
        # what the host's own pools add counts as a negative sink; mineralisation is an input of its own
        n_sink=ordered_sum(nh4_taken + no3_taken - per_kg_n * (-f.n_min).clamp(min=0.0), 0) - replaced,
        ca_sink=harvest[0] * ordered_sum(harvested, 0),
        acid=before - alkalinity(pools),
        limited=(nh4_met < 1.0) | (no3_met < 1.0) | (bc_met < 1.0),
    )
