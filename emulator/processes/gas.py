"""Carbon dioxide in soil air: implicit diffusion to the surface.

What:    pressure profile at the end of the step from sources, storage (soil air, water, bicarbonate) and diffusion.
Units:   pressure atm, conductance mol m-2 s-1 atm-1, amounts mol m-2. Shapes [layer, column]; co2_atm [column] atm.
Source:  effective diffusivity D theta_g^2 / porosity^(2/3) (Millington & Quirk 1960; MIN3P option millington-2).
Use:     ``p = pressure(p_old, storage, capacity, source, conductance, co2_atm, dt)``
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..chemistry.constants import GAS_CONSTANT
from .tridiagonal import solve

MAX_PRESSURE = 0.35  # atm; beyond it respiration would have run out of oxygen (science.md A.5)


def conductance(
    dz: Tensor, theta_gas: Tensor, porosity: Tensor, t: Tensor, d_gas: float, gas_constant: float = GAS_CONSTANT
) -> Tensor:
    """Conductance from each layer to the one above (row 0: to the air), half layers in series."""
    diffusivity = d_gas * theta_gas * theta_gas / torch.pow(porosity, 2.0 / 3.0)
    half = 0.5 * dz / diffusivity
    resistance = torch.cat([half[:1], half[:-1] + half[1:]])
    return 1.0 / (resistance * gas_constant * t)


def pressure(
    p_old: Tensor,
    storage: Tensor,
    capacity: Tensor,
    source: Tensor,
    upward: Tensor,
    co2_atm: Tensor,
    dt: Tensor,
    highest: float = MAX_PRESSURE,
) -> Tensor:
    """Pressure at the end of the step.

    Carbon left after the step: storage (at ``p_old``) + capacity (p - p_old) = source - dt div(flux), where ``source``
    [mol m-2] is the carbon there was plus all that came; ``upward`` the conductances.
    """
    exchange = dt * upward
    zero = torch.zeros_like(exchange[:1])
    below = torch.cat([exchange[1:], zero])
    diagonal = capacity + exchange + below
    right = source - storage + capacity * p_old
    right = torch.cat([right[:1] + exchange[:1] * co2_atm.unsqueeze(0), right[1:]])
    lower = torch.cat([zero, -exchange[1:]])
    upper = torch.cat([-exchange[1:], zero])
    p = solve(lower, diagonal, upper, right)
    return torch.minimum(torch.maximum(p, 0.5 * co2_atm.unsqueeze(0)), torch.full_like(p, highest))
