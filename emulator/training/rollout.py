"""Free rollouts: the step driven by forcing alone, from the first state on.

Shapes:  as in ``dataset.Ensemble``; results [time, ...] with the member last. No gradient.
Use:     ``result = rollout(step, ensemble)``
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..contract.variables import load_table
from .dataset import Ensemble

_TABLE = load_table()
WATER = _TABLE.names("state").index("water")
W_LIQ, W_ICE = (_TABLE.names("forcing", "layer").index(n) for n in ("w_liq", "w_ice"))
PH_TOP = _TABLE.names("output", "column").index("ph_top")


@dataclass(frozen=True)
class Rollout:
    """The step's response to an ensemble's forcing."""

    state: Tensor  # [time + 1, slot, layer, member]
    column: Tensor  # [time, output, member]
    flag: Tensor  # [time, layer, member]


Roll = Callable[[Ensemble], Rollout]
"""A step that is given, over an ensemble: ``functools.partial(rollout, step)``, or the compiled library's."""


def substeps_for(step: nn.Module, dt: float) -> int:
    """Equal steps a time ``dt`` [s] is cut into so that none exceeds the step's ``longest``; the library does the same."""
    return max(1, math.ceil(dt / float(getattr(step, "longest", dt)) - 1e-9))


def cut_step(
    step: nn.Module, state: Tensor, static: Tensor, layer: Tensor, column: Tensor, seconds: float, parts: int
) -> tuple[Tensor, Tensor, Tensor]:
    """One interval of ``seconds`` in ``parts`` equal steps, water linear within: state at its end, column outputs, flags.

    Rates are means over the interval, ``ph_top`` is that of its end, flags are of all parts together. For hosts
    ``fortran_bridge/src/engine/subcycle.cpp`` does the same.
    """
    dt = torch.tensor(seconds / parts, dtype=torch.float64)
    before = (state[WATER] - layer[W_ICE]).clamp(min=0.0)  # liquid: the ice there is now was there before
    outputs: list[Tensor] = []
    seen = torch.zeros(())
    for i in range(parts):
        liquid = before + (layer[W_LIQ] - before) * ((i + 1) / parts)
        now = torch.cat([layer[:W_LIQ], liquid.unsqueeze(0), layer[W_LIQ + 1 :]])
        state, _, out, flag = step(state, static, now, column, dt)
        outputs.append(out)
        seen = flag if i == 0 else seen | flag
    mean = torch.stack(outputs).mean(0)
    return state, torch.cat([mean[:PH_TOP], outputs[-1][PH_TOP : PH_TOP + 1], mean[PH_TOP + 1 :]]), seen


def rollout(step: nn.Module, data: Ensemble, substeps: int | None = None) -> Rollout:
    """Run the whole length of ``data`` with ``substeps`` equal steps per interval; without as few as the step allows."""
    parts = substeps or substeps_for(step, data.dt)
    state = data.state[0]
    states, columns, flags = [state], [], []
    with torch.no_grad():
        for layer, column in zip(data.forcing_layer, data.forcing_column, strict=True):
            state, out, flag = cut_step(step, state, data.static, layer, column, data.dt, parts)
            states.append(state)
            columns.append(out)
            flags.append(flag)
    return Rollout(torch.stack(states), torch.stack(columns), torch.stack(flags))
