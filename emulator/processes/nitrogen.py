"""Nitrogen in the soil solution: nitrification, mineralisation, uptake, denitrification, or a host's own pools.

What:    moves the amounts of one step between the pools of NH4 and NO3; sinks are demands, limited to what the pool holds.
Units:   pools mol m-2, rates kgN m-2 s-1. Shapes [layer, column]; deposition [column] enters layer 1.
Source:  proton balance of van Breemen, Mulder & Driscoll (1983, Plant Soil 75, 283-308): it follows from
         the charge that the ions leave behind (sources.py).
Use:     ``n = nitrogen(s, f, c, dt)``
"""

from typing import NamedTuple

import torch
from torch import Tensor

from ..contract.constants import MOLAR_MASS_N
from ..contract.ordered import ordered_sum
from ..contract.rows import ColumnForcing, LayerForcing, State
from .soil import in_top_layer

MAX_POOL_FRACTION = 0.98
"""A sink takes at most this share of a pool in one step."""


class Nitrogen(NamedTuple):
    """Pools of nitrogen after the step's transformations, and what was really taken."""

    nh4: Tensor  # [layer, column] mol m-2
    no3: Tensor
    nh4_met: Tensor  # [layer, column] share of the demand that was met, at most 1
    no3_met: Tensor
    nh4_taken: Tensor  # [layer, column] mol m-2 by plants and microbes
    no3_taken: Tensor  # [layer, column] mol m-2 by plants and denitrifiers
    per_kg: Tensor  # mol m-2 per kgN m-2 s-1 in this step
    replaced: Tensor  # [column] mol m-2 that the host's own pools hold more than ours did


def nitrogen(
    s: State,
    f: LayerForcing,
    c: ColumnForcing,
    dt: Tensor,
    molar_mass_n: float = MOLAR_MASS_N,
    max_pool_fraction: float = MAX_POOL_FRACTION,
) -> Nitrogen:
    """Pools after a step of ``dt`` [s]; NaN in ``f.nh4`` and ``f.no3`` where the host has no pools of its own."""
    per_kg = dt / molar_mass_n
    own_nh4 = torch.where(torch.isnan(f.nh4), s.nh4, f.nh4 / molar_mass_n)
    own_no3 = torch.where(torch.isnan(f.no3), s.no3, f.no3 / molar_mass_n)
    replaced = ordered_sum(own_nh4 - s.nh4 + own_no3 - s.no3, 0)

    nh4 = own_nh4 + in_top_layer(dt * c.dep_nh4, own_nh4) + per_kg * f.n_min.clamp(min=0.0)
    nh4_wanted = per_kg * (f.n_nit + f.n_up_nh4 + (-f.n_min).clamp(min=0.0))
    nh4_met = (max_pool_fraction * nh4 / nh4_wanted.clamp(min=1e-30)).clamp(max=1.0)
    nitrified = nh4_met * per_kg * f.n_nit
    nh4_taken = nh4_met * per_kg * (f.n_up_nh4 + (-f.n_min).clamp(min=0.0))
    nh4 = nh4 - nitrified - nh4_taken
    no3 = own_no3 + in_top_layer(dt * c.dep_no3, own_no3) + nitrified
    no3_wanted = per_kg * (f.n_up_no3 + f.n_den)
    no3_met = (max_pool_fraction * no3 / no3_wanted.clamp(min=1e-30)).clamp(max=1.0)
    no3_taken = no3_met * no3_wanted
    return Nitrogen(nh4, no3 - no3_taken, nh4_met, no3_met, nh4_taken, no3_taken, per_kg, replaced)


def taken(n: Nitrogen, f: LayerForcing) -> Tensor:
    """Nitrogen that left the soil solution for good [column], mol m-2.

    What the host's own pools add counts as a negative sink; mineralisation is an input of its own.
    """
    return ordered_sum(n.nh4_taken + n.no3_taken - n.per_kg * (-f.n_min).clamp(min=0.0), 0) - n.replaced
