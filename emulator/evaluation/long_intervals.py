"""Intervals longer than the library takes at once: cut into equal parts before it, put together again after it.

What:    water is linear within an interval, everything else constant, as the step cuts its own (training/rollout.py).
Shapes:  as in ``training.dataset.Ensemble`` and ``training.rollout.Rollout``.
Use:     ``parts = parts_for(data.dt)``; ``result = joined(replay(cut(data, parts)), parts)``
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch

from ..contract.constants import DT_MAX
from ..training.dataset import Ensemble
from ..training.rollout import PH_TOP, W_ICE, W_LIQ, WATER, Rollout


def parts_for(seconds: float) -> int:
    """Equal parts of an interval, none longer than a call may be."""
    return max(1, math.ceil(seconds / DT_MAX - 1e-9))


def cut(data: Ensemble, parts: int) -> Ensemble:
    """The forcing of an ensemble with each interval in ``parts``; states are left as they are."""
    layer = data.forcing_layer.repeat_interleave(parts, 0)
    before = (data.state[:-1, WATER] - data.forcing_layer[:, W_ICE]).clamp(min=0.0)
    # what the rollout holds at the start of an interval is what its forcing said at the end of the one before
    before[1:] = data.forcing_layer[:-1, W_LIQ]
    after = data.forcing_layer[:, W_LIQ]
    share = (torch.arange(layer.shape[0]) % parts + 1).to(layer.dtype) / parts
    start, end = before.repeat_interleave(parts, 0), after.repeat_interleave(parts, 0)
    layer[:, W_LIQ] = start + (end - start) * share[:, None, None]
    return replace(data, forcing_layer=layer, forcing_column=data.forcing_column.repeat_interleave(parts, 0), dt=data.dt / parts)


def joined(result: Rollout, parts: int) -> Rollout:
    """States at the ends of the whole intervals, rates as means over them, flags of all parts together."""
    column = result.column.unflatten(0, (-1, parts))
    mean = column.mean(1)
    mean[:, PH_TOP] = column[:, -1, PH_TOP]
    flags = result.flag.unflatten(0, (-1, parts))
    seen = flags[:, 0]
    for i in range(1, parts):
        seen = seen | flags[:, i]
    return Rollout(result.state[::parts], mean, seen)
