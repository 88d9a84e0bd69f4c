"""Free rollouts: the step driven by forcing alone, from the first state on.

Shapes:  as in ``dataset.Ensemble``; results [time, ...] with the member last. No gradient.
Use:     ``result = rollout(step, ensemble)``
"""

from __future__ import annotations

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


def rollout(step: nn.Module, data: Ensemble, substeps: int = 1) -> Rollout:
    """Run the whole length of ``data`` with ``substeps`` equal steps per interval (water linear within it)."""
    dt = torch.tensor(data.dt / substeps, dtype=torch.float64)
    state = data.state[0]
    states, columns, flags = [state], [], []
    with torch.no_grad():
        for n in range(data.forcing_column.shape[0]):
            layer, column = data.forcing_layer[n], data.forcing_column[n]
            before = state[10].clone()
            outputs = []
            for i in range(substeps):
                now = layer.clone()
                now[0] = before + (layer[0] - before) * ((i + 1) / substeps)
                state, _, out, flag = step(state, data.static, now, column, dt)
                outputs.append(out)
            states.append(state)
            columns.append(torch.stack(outputs).mean(0))
            flags.append(flag)
    return Rollout(torch.stack(states), torch.stack(columns), torch.stack(flags))
