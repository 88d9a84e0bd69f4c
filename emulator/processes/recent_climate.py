"""Recent climate of a layer: running means of its drivers over two years, so that a changed climate shows as one.

What:    temperature, water through the lower face and alkalinity brought by the sources, as exponential means. They decide
         nothing but whether a cell lies within the climate of the training: one warm month is a summer, two warm years are not.
Units:   K, kg m-2 s-1, mol m-2 s-1 (moles of charge, positive for bases; this layer and all above). Shapes [3, layer, column].
Source:  first-order memory, implicit in time: m <- m + (now - m) dt / (SPAN + dt), nearly the same for any length of step.
Use:     ``climate = running_mean(climate, drivers(t, q_lower, acid, lime, dt), dt)``
"""

import torch
from torch import Tensor

from ..contract.rows import State

PAST = ("t_past", "q_past", "alk_past")
"""State slots of the running means."""
SPAN = 2.0 * 365.0 * 86400.0
"""s; two years: 1 K is left of a seasonal amplitude of 12 K, and 1 % of the start after nine years."""
START = (283.15, 6.0e-6, 0.0)
"""Before anything is known: 10 degC, 190 mm a year, neither acid nor base."""


def start(like: Tensor, values: tuple[float, float, float] = START) -> Tensor:
    """Running means of a column nothing is known of [3, layer, column]."""
    t, q, alk = values
    return torch.stack([torch.full_like(like, t), torch.full_like(like, q), torch.full_like(like, alk)])


def drivers(t: Tensor, q_lower: Tensor, acid: Tensor, lime: Tensor, dt: Tensor) -> Tensor:
    """Drivers of this step [3, layer, column]; ``acid`` [layer, column] and ``lime`` [column] in mol_c and mol CaCO3 m-2."""
    from_above = torch.cat([(2.0 * lime - acid[0]).unsqueeze(0), -acid[1:]])
    return torch.stack([t, q_lower, torch.cumsum(from_above, 0) / dt])


def running_mean(past: Tensor, now: Tensor, dt: Tensor, span: float = SPAN) -> Tensor:
    """The running means [3, layer, column] after a step of ``dt`` [s] with the drivers ``now``."""
    return past + (now - past) * (dt / (span + dt))


def climate_of(x: State) -> Tensor:
    """The running means [3, layer, column] of a state."""
    return torch.stack([x.t_past, x.q_past, x.alk_past])
