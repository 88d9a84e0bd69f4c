"""Soil properties: what the host leaves out, the exchange sites, and the water and air of a layer.

What:    completes "derived" static rows; capacity of the exchange sites; water that reacts and air that is left.
Units:   as in variables.toml. Shapes [row, layer, column] or [layer, column], float64.
Source:  pedotransfer notes in variables.toml.
Use:     ``static = complete(static)``; ``sites = exchange_sites(static_rows(static))``
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..contract.constants import PARTICLE_DENSITY
from ..contract.rows import Static, static_rows

MIN_WATER = 0.02  # volume fraction; a drier layer reacts as if it held this much (thin films)


def layer_centre(dz: Tensor) -> Tensor:
    """Depth of the layer centres [layer, column], m."""
    return torch.cumsum(dz, 0) - 0.5 * dz


def complete(static: Tensor, particle_density: float = PARTICLE_DENSITY) -> Tensor:
    """Static rows with every NaN replaced by its derivation (notes in variables.toml)."""
    s = static_rows(static)
    porosity = torch.where(torch.isnan(s.porosity), 1.0 - s.bulk_density / particle_density, s.porosity)
    cec = torch.where(torch.isnan(s.cec), 0.50 * s.clay + 2.0 * s.soc, s.cec).clamp(0.002, 2.0)
    share = (0.3 * torch.exp(-layer_centre(s.dz) / 0.5)).clamp(min=0.02)
    variable = torch.where(torch.isnan(s.cec_variable), share, s.cec_variable)
    return torch.stack(
        [s.dz, s.clay, s.sand, s.soc, s.bulk_density, porosity.clamp(0.05, 0.95), cec, variable, s.base_saturation, s.caco3,
         s.ph0, s.calcite_rate, s.dispersivity, s.si_pedogenic, s.si_gibbsite]
    )  # fmt: skip


def exchange_sites(s: Static) -> Tensor:
    """Moles of charge of each exchange site [site, layer, column], mol_c m-2: one permanent, two variable."""
    total = s.cec * s.bulk_density * s.dz
    variable = 0.5 * total * s.cec_variable
    return torch.stack([total * (1.0 - s.cec_variable), variable, variable])


def reactive_water(liquid: Tensor, dz: Tensor, minimum: float = MIN_WATER) -> Tensor:
    """Water the chemistry sees, kg m-2: liquid water, at least ``MIN_WATER`` of the volume."""
    return torch.maximum(liquid, 1000.0 * minimum * dz)


def air_fraction(porosity: Tensor, liquid: Tensor, ice: Tensor, dz: Tensor) -> Tensor:
    """Air-filled pore volume per soil volume; at least 0.001, so that a flooded layer still exchanges through water."""
    return (porosity - (liquid + ice / 0.917) / (1000.0 * dz)).clamp(min=0.001)


def in_top_layer(x: Tensor, like: Tensor) -> Tensor:
    """Column amount [column] placed in layer 1 [layer, column]."""
    return torch.cat([x.unsqueeze(0), torch.zeros_like(like[1:])])
