"""Carbon dioxide in soil air: implicit diffusion to the surface, and water that carries dissolved carbon between the layers.

What:    pressure profile at the end of the step from sources, storage (soil air, water, bicarbonate), diffusion and flow.
Units:   pressure atm, conductance mol m-2 s-1 atm-1, amounts mol m-2, water kg m-2 s-1. Shapes [layer, column]; the pressure in
         the air above [column].
Source:  effective diffusivity D theta_g^2 / porosity^(2/3) (Millington & Quirk 1960, Trans. 7th Int. Congr. Soil Sci. 1, 97-106;
         the option millington-2 of MIN3P).
Use:     ``p = pressure(p_old, excess, capacity, conductance, p_air, dt)``
"""

from typing import NamedTuple

import torch
from torch import Tensor

from ..contract.constants import GAS_CONSTANT_ATM, PA_PER_ATM
from ..contract.rows import ColumnForcing
from .power import power
from .tridiagonal import solve

D_GAS = 1.6e-5
"""m2 s-1; CO2 in air near 10 degC, as in the MIN3P decks."""
MAX_PRESSURE = 0.35
"""atm; a bound no soil reaches: respiration would have run out of oxygen (0.21 atm in air). Assumed; in irrigated lysimeters
0.16 atm was often exceeded (16 kPa; Robbins 1986, Agron. J. 78, 151-158)."""


class CarriedCarbon(NamedTuple):
    """Dissolved carbon that moves with water between layers [layer, column]."""

    down: Tensor  # kg m-2 s-1 leaving each layer through its lower face
    up: Tensor  # kg m-2 s-1 entering it there; last row zero
    dissolved: Tensor  # mol kg-1 at the pressure before
    slope: Tensor  # mol kg-1 atm-1, its derivative by pressure


def pressure_above(c: ColumnForcing, pa_per_atm: float = PA_PER_ATM) -> Tensor:
    """CO2 pressure above the soil [column], atm."""
    return c.co2_atm * c.p_surf / pa_per_atm


def gas_capacity(air: Tensor, dz: Tensor, t: Tensor, gas_constant: float = GAS_CONSTANT_ATM) -> Tensor:
    """CO2 in the soil air of a layer per atm [layer, column], mol m-2 atm-1; ``air`` m3 m-3, ``t`` K."""
    return air * dz / (gas_constant * t)


def conductance(
    dz: Tensor, theta_gas: Tensor, porosity: Tensor, t: Tensor, d_gas: float = D_GAS, gas_constant: float = GAS_CONSTANT_ATM
) -> Tensor:
    """Conductance from each layer to the one above (row 0: to the air) [layer, column], half layers in series."""
    diffusivity = d_gas * theta_gas * theta_gas / power(porosity, 2.0 / 3.0)
    half = 0.5 * dz / diffusivity
    resistance = torch.cat([half[:1], half[:-1] + half[1:]])
    return 1.0 / (resistance * gas_constant * t)


def pressure(
    p_old: Tensor, excess: Tensor, capacity: Tensor, upward: Tensor, p_air: Tensor, dt: Tensor, highest: float = MAX_PRESSURE
) -> Tensor:
    """Pressure at the end of the step [layer, column], diffusion alone moving the gas.

    ``excess`` [mol m-2]: carbon there was plus all that came less what is stored at ``p_old``; ``capacity``: what a layer
    stores per atm; ``upward`` the conductances. Solves capacity (p - p_old) = excess - dt div(flux).
    """
    zero = torch.zeros_like(upward)
    return pressure_with_water(p_old, excess, capacity, upward, CarriedCarbon(zero, zero, zero, zero), p_air, dt, highest)


def pressure_with_water(
    p_old: Tensor,
    excess: Tensor,
    capacity: Tensor,
    upward: Tensor,
    carbon: CarriedCarbon,
    p_air: Tensor,
    dt: Tensor,
    highest: float = MAX_PRESSURE,
) -> Tensor:
    """As ``pressure``, with water that carries dissolved carbon between the layers, implicit like the gas."""
    exchange = dt * upward
    zero = torch.zeros_like(exchange[:1])
    below = torch.cat([exchange[1:], zero])
    leaving, rising = dt * carbon.down, dt * carbon.up
    entering = torch.cat([zero, leaving[:-1]])  # from above, with the concentration of the layer above
    risen = torch.cat([zero, rising[:-1]])  # to the layer above, with the own concentration
    lost = leaving + risen
    slope, dissolved = carbon.slope, carbon.dissolved
    diagonal = capacity + exchange + below + lost * slope
    above_c, below_c = torch.cat([zero, dissolved[:-1]]), torch.cat([dissolved[1:], zero])
    carried = entering * above_c + rising * below_c - lost * dissolved
    above_p = torch.cat([p_air.unsqueeze(0), p_old[:-1]])
    below_p = torch.cat([p_old[1:], p_old[-1:]])
    right = excess + carried + exchange * (above_p - p_old) + below * (below_p - p_old)
    lower = torch.cat([zero, -exchange[1:] - entering[1:] * slope[:-1]])
    upper = torch.cat([-exchange[1:] - rising[:-1] * slope[1:], zero])
    p = p_old + solve(lower, diagonal, upper, right)
    return torch.minimum(torch.maximum(p, 0.5 * p_air.unsqueeze(0)), torch.full_like(p, highest))
