"""Carbon dioxide in soil air: implicit diffusion to the surface.

What:    pressure profile at the end of the step from sources, storage (soil air, water, bicarbonate) and diffusion.
Units:   pressure atm, conductance mol m-2 s-1 atm-1, amounts mol m-2. Shapes [layer, column]; co2_atm [column] atm.
Source:  effective diffusivity D theta_g^2 / porosity^(2/3) (Millington & Quirk 1960; MIN3P option millington-2).
Use:     ``p = pressure(p_old, excess, capacity, conductance, co2_atm, dt)``
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..contract.constants import GAS_CONSTANT_ATM
from .tridiagonal import solve

MAX_PRESSURE = 0.35  # atm; beyond it respiration would have run out of oxygen (science.md A.5)


def conductance(
    dz: Tensor, theta_gas: Tensor, porosity: Tensor, t: Tensor, d_gas: float, gas_constant: float = GAS_CONSTANT_ATM
) -> Tensor:
    """Conductance from each layer to the one above (row 0: to the air), half layers in series."""
    diffusivity = d_gas * theta_gas * theta_gas / torch.pow(porosity, 2.0 / 3.0)
    half = 0.5 * dz / diffusivity
    resistance = torch.cat([half[:1], half[:-1] + half[1:]])
    return 1.0 / (resistance * gas_constant * t)


def pressure(
    p_old: Tensor,
    excess: Tensor,
    capacity: Tensor,
    upward: Tensor,
    co2_atm: Tensor,
    dt: Tensor,
    highest: float = MAX_PRESSURE,
) -> Tensor:
    """Pressure at the end of the step, diffusion alone moving the gas.

    ``excess`` [mol m-2]: carbon there was plus all that came less what is stored at ``p_old``; ``capacity``: what a layer
    stores per atm; ``upward`` the conductances. Solves capacity (p - p_old) = excess - dt div(flux).
    """
    zero = torch.zeros_like(upward)
    return pressure_with_water(p_old, excess, capacity, upward, zero, zero, zero, zero, co2_atm, dt, highest)


def pressure_with_water(
    p_old: Tensor,
    excess: Tensor,
    capacity: Tensor,
    upward: Tensor,
    down: Tensor,
    up: Tensor,
    dissolved: Tensor,
    slope: Tensor,
    co2_atm: Tensor,
    dt: Tensor,
    highest: float = MAX_PRESSURE,
) -> Tensor:
    """As ``pressure``, with water that carries dissolved carbon between the layers, implicit like the gas.

    ``down`` leaves each layer through its lower face and ``up`` enters it there (``up`` of the last row: zero) [kg m-2 s-1];
    ``dissolved`` is the concentration at ``p_old`` [mol kg-1], ``slope`` its derivative by pressure.
    """
    exchange = dt * upward
    zero = torch.zeros_like(exchange[:1])
    below = torch.cat([exchange[1:], zero])
    leaving, rising = dt * down, dt * up
    entering = torch.cat([zero, leaving[:-1]])  # from above, with the concentration of the layer above
    risen = torch.cat([zero, rising[:-1]])  # to the layer above, with the own concentration
    lost = leaving + risen
    diagonal = capacity + exchange + below + lost * slope
    above_c, below_c = torch.cat([zero, dissolved[:-1]]), torch.cat([dissolved[1:], zero])
    carried = entering * above_c + rising * below_c - lost * dissolved
    above_p = torch.cat([co2_atm.unsqueeze(0), p_old[:-1]])
    below_p = torch.cat([p_old[1:], p_old[-1:]])
    right = excess + carried + exchange * (above_p - p_old) + below * (below_p - p_old)
    lower = torch.cat([zero, -exchange[1:] - entering[1:] * slope[:-1]])
    upper = torch.cat([-exchange[1:] - rising[:-1] * slope[1:], zero])
    p = p_old + solve(lower, diagonal, upper, right)
    return torch.minimum(torch.maximum(p, 0.5 * co2_atm.unsqueeze(0)), torch.full_like(p, highest))
