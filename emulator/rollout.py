"""Free rollouts: the step driven by forcing alone, from the first state on.

Shapes:  as in ``dataset.Ensemble``; results [time, ...] with the member last. No gradient.
Use:     ``result = rollout(step, ensemble)``
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .dataset import Ensemble


@dataclass(frozen=True)
class Rollout:
    """What the step made of an ensemble's forcing."""

    state: Tensor  # [time + 1, slot, layer, member]
    column: Tensor  # [time, output, member]
    flag: Tensor  # [time, layer, member]


def substeps_for(step: nn.Module, dt: float) -> int:
    """Equal steps a time ``dt`` [s] is cut into so that none exceeds the step's ``longest``; the library does the same."""
    return max(1, math.ceil(dt / float(getattr(step, "longest", dt)) - 1e-9))


def rollout(step: nn.Module, data: Ensemble, substeps: int | None = None) -> Rollout:
    """Run the whole length of ``data`` with ``substeps`` equal steps per interval, water linear within it.

    Without ``substeps`` as few as the step allows.
    """
    substeps = substeps or substeps_for(step, data.dt)
    dt = torch.tensor(data.dt / substeps, dtype=torch.float64)
    state = data.state[0]
    states, columns, flags = [state], [], []
    with torch.no_grad():
        for n in range(data.forcing_column.shape[0]):
            layer, column = data.forcing_layer[n], data.forcing_column[n]
            before = (state[10] - layer[1]).clamp(min=0.0)  # liquid: the ice there is now was there before
            outputs = []
            seen = torch.zeros(0)
            for i in range(substeps):
                now = layer.clone()
                now[0] = before + (layer[0] - before) * ((i + 1) / substeps)
                state, _, out, flag = step(state, data.static, now, column, dt)
                outputs.append(out)
                seen = flag if i == 0 else seen | flag
            states.append(state)
            columns.append(torch.stack(outputs).mean(0))
            flags.append(seen)
    return Rollout(torch.stack(states), torch.stack(columns), torch.stack(flags))
