"""Movement of dissolved ions: implicit upwind advection and dispersion of conserved pools, in flux form.

What:    each pool (dissolved + exchangeable, for Ca also the calcite that can follow within the step) moves at its dissolved
         share, held over the step; backward Euler gives positive pools for any step, the flux form conserves them exactly.
Units:   pools mol m-2, share kg-1 m2 (dissolved mol per kg of water / pool), water fluxes kg m-2 s-1.
Shapes:  [species, layer, column]; water fluxes [layer, column].
Source:  tortuosity of Millington & Quirk (1961, Trans. Faraday Soc. 57, 1200-1207, doi:10.1039/TF9615701200).
Use:     ``pool, leached = transport(pool, share, q_lower, q_lat, dispersion, mobility, dt)``
"""

import torch
from torch import Tensor

from ..contract.ordered import ordered_sum
from ..contract.rows import Static
from .power import power
from .tridiagonal import solve

D_AQUEOUS = 1.0e-9
"""m2 s-1; ions in water, as in the MIN3P decks."""


def dispersion_conductance(s: Static, water: Tensor, q_lower: Tensor, d_aqueous: float = D_AQUEOUS) -> Tensor:
    """Exchange of water between neighbours [layer, column], kg m-2 s-1, last row zero.

    Mechanical dispersion dispersivity x |q| plus molecular diffusion through the water of the pores.
    """
    theta = water / (1000.0 * s.dz)
    diffusive = 1000.0 * d_aqueous * power(theta, 10.0 / 3.0) / (s.porosity * s.porosity)
    distance = 0.5 * (s.dz[:-1] + s.dz[1:])
    inner = 0.5 * (s.dispersivity[:-1] + s.dispersivity[1:]) * q_lower[:-1].abs() + 0.5 * (diffusive[:-1] + diffusive[1:])
    return torch.cat([inner / distance, torch.zeros_like(s.dz[:1])])


def transport(
    pool: Tensor, share: Tensor, q_lower: Tensor, q_lat: Tensor, dispersion: Tensor, mobility: Tensor, dt: Tensor
) -> tuple[Tensor, Tensor]:
    """New pools [species, layer, column] and what left the column over the step [species, column], mol m-2.

    ``mobility`` multiplies the advective flux through each lower face (1 = passive). Water rising through the
    bottom carries the concentration of the lowest layer.
    """
    down = q_lower.clamp(min=0.0) * mobility + dispersion
    up = (-q_lower).clamp(min=0.0) * mobility + dispersion
    zero = torch.zeros_like(down[:, :1])
    rising = torch.cat([torch.zeros_like(up[:, :-1]), up[:, -1:]], dim=1)  # through the bottom
    inflow = rising * (share * pool)
    up = torch.cat([up[:, :-1], zero], dim=1)
    up_above = torch.cat([zero, up[:, :-1]], dim=1)

    carried = dt * share
    sinking, climbing = carried * down, carried * up_above  # to the layer below and to the one above
    diagonal = 1.0 + sinking + climbing + carried * q_lat
    lower = torch.cat([zero, -sinking[:, :-1]], dim=1)
    upper = torch.cat([-climbing[:, 1:], zero], dim=1)
    implicit = solve(lower, diagonal, upper, pool + dt * inflow)

    concentration = share * implicit
    below = torch.cat([concentration[:, 1:], zero], dim=1)
    flux = down * concentration - up * below - inflow
    lateral = q_lat * concentration
    moved = pool - dt * (flux - torch.cat([zero, flux[:, :-1]], dim=1) + lateral)
    return moved, dt * (flux[:, -1] + ordered_sum(lateral, 1))
