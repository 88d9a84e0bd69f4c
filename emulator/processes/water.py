"""Water between layers: interface fluxes rebuilt bottom-up from the host's water budget.

What:    no surveyed land model holds inter-layer fluxes reliably; all hold layer water, sinks and bottom drainage.
Units:   kg m-2 and kg m-2 s-1, positive downward. Shapes [layer, column]; q_bot [column].
Source:  continuity; liquid + ice, because freezing moves no solute.
Use:     ``q_lower, q_top = face_fluxes(...)``
"""

from __future__ import annotations

import torch
from torch import Tensor


def face_fluxes(
    water_new: Tensor, water_old: Tensor, sink: Tensor, q_lat: Tensor, q_bot: Tensor, q_given: Tensor, dt: Tensor
) -> tuple[Tensor, Tensor]:
    """Flux through the lower face of every layer [layer, column] and through the surface [column].

    ``q_given`` holds the host's own fluxes, NaN where it has none.
    """
    leaving = (water_new - water_old) / dt + sink + q_lat
    below = torch.flip(torch.cumsum(torch.flip(leaving, [0]), 0), [0]) - leaving
    rebuilt = q_bot.unsqueeze(0) + below
    q_lower = torch.where(torch.isnan(q_given), rebuilt, q_given)
    return q_lower, q_lower[0] + leaving[0]
