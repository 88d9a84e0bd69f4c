"""A core before training: its features scaled, and the ranges it is trained in.

What:    scaling and ranges come from single steps without network from states of the training columns, long and short, and from
         the recent climate of these columns. Untrained, its output is zero: the step is B0.
Units:   features as of step/features.py. Shapes: [feature, sample].
Use:     ``core = fit_core(config, sets)``; ``step = make_step(config, core)``
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..chemistry.stated import Stated
from ..contract.rows import column_rows, layer_rows, state_rows
from ..processes.recent_climate import drivers, running_mean, start
from ..processes.sources import add_sources, liming
from ..processes.water import face_fluxes
from ..step.chosen import chosen_step, parameters_of
from ..step.correction import Core, NoCore
from ..step.step import Step
from .closure_sets import CoarseSet
from .config import TrainingConfig
from .dataset import Ensemble
from .rollout import W_LIQ, WATER

RANGE_STEPS = (1800.0, 86400.0)
"""s; short steps whose features count for the training ranges, so that the core knows them."""


class FeatureRecorder(NoCore):
    """Stands in for the core and keeps the features it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Tensor] = []

    def forward(self, features: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
        """As B0."""
        self.seen.append(features.detach().flatten(1))
        return super().forward(features, share)


def make_step(config: TrainingConfig, core: Core | NoCore | None, stated: Stated | None = None) -> Step:
    """A step with the chemistry of ``config``, or with ``stated`` constants in its place."""
    return chosen_step(core, parameters_of(config.thermodynamics, config.aluminium, stated))


def fit_core(config: TrainingConfig, sets: list[Ensemble]) -> Core:
    """A fresh core; its scaling and ranges come from single B0 steps from states of the training columns, long and short."""
    recorder = FeatureRecorder()
    step = make_step(config, recorder, sets[0].constants)
    with torch.no_grad():
        for data in sets:
            layer, column = data.forcing_layer, data.forcing_column
            lengths = (*(data.dt / n for n in config.substeps), *RANGE_STEPS)
            for n in range(0, column.shape[0], 5):
                for seconds in (data.dt, lengths[n // 5 % len(lengths)]):
                    now = layer[n].clone()
                    before = data.state[n, WATER]
                    now[W_LIQ] = before + (layer[n, W_LIQ] - before) * (seconds / data.dt)
                    step(data.state[n], data.static, now, column[n], torch.tensor(seconds, dtype=torch.float64))
    core = Core(config.width, config.seed)
    samples = torch.cat(recorder.seen, 1)
    pick = torch.randperm(samples.shape[1], generator=torch.Generator().manual_seed(config.seed))[:400_000]
    core.fit_scaling(samples[:, pick])
    ranges = [climate_range(data) for data in sets]
    core.fit_past(torch.stack([low for low, _ in ranges]).amin(0), torch.stack([high for _, high in ranges]).amax(0))
    return core


def climate_range(data: Ensemble | CoarseSet) -> tuple[Tensor, Tensor]:
    """Least and most [3] of the recent climate of the columns of ``data`` over its whole length."""
    dt = torch.tensor(data.dt, dtype=torch.float64)
    memory = start(data.static[0])
    low, high = memory.amin((1, 2)), memory.amax((1, 2))
    for n in range(data.forcing_column.shape[0]):
        x, f, c = state_rows(data.state[n]), layer_rows(data.forcing_layer[n]), column_rows(data.forcing_column[n])
        q_lower, _ = face_fluxes(f.w_liq + f.w_ice, x.water, f.w_sink, f.q_lat, c.q_bot, f.q_if, dt)
        now = drivers(f.t_soil, q_lower, add_sources(x, f, c, dt).acid, liming(c, dt), dt)
        memory = running_mean(memory, now, dt)
        low, high = torch.minimum(low, memory.amin((1, 2))), torch.maximum(high, memory.amax((1, 2)))
    return low, high
