"""Rollouts of a world through any step (bundle, physical step, toy), with a gradient where one is asked for.

What:    years of monthly steps at given amounts of the drivers; the yearly stocks, the acid that came and the pH it left.
         With a gradient each year is one checkpoint: memory stays that of twelve steps, the year is computed twice.
Units:   sic kg C m-2, acid mol_c m-2 summed over the rollout, pH of pore water. Shapes [year + 1, layer, column], [column].
Source:  step contract (emulator/step.py): ``step(state, static, layer, column, dt) -> state, layers, columns, flags``.
Use:     ``run = rollout(step, world, world.amounts(n_acid=1.0), state, years=30)``; ``change(run)``
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ..chemistry.constants import MOLAR_MASS_C
from ..rollout import cut_step, substeps_for
from ..variables import load_table
from .world import World

MONTH = 365.0 / 12.0 * 86400.0  # s
TOPSOIL = 0.3  # m, the layer maps and surveys speak of
CHUNK = 384  # columns a step sees at once: more is slower (cache), fewer too (overhead)
_OUT = load_table().names("output", "column")
_ACID, _LOSS = _OUT.index("acid_load"), _OUT.index("calcite_loss")
_OUTSIDE = 2  # bit of the flag: outside the ranges the network was trained on


@dataclass(frozen=True)
class Run:
    """One scenario of every column."""

    sic: Tensor  # [year + 1, layer, column]
    acid: Tensor  # [column] mol_c m-2
    ph: Tensor  # [column] pore water 0-0.3 m, mean of the last year
    state: Tensor  # [slot, layer, column] at the end
    outside: Tensor  # [column] share of cell-steps outside the training ranges


def weights(static: Tensor, depth: float = TOPSOIL) -> Tensor:
    """Share of each layer that lies above ``depth`` [layer, column]."""
    dz = static[0]
    return ((depth - (torch.cumsum(dz, 0) - dz)) / dz).clamp(0.0, 1.0)


def change(run: Run, static: Tensor | None = None, depth: float = TOPSOIL) -> Tensor:
    """Change of solid inorganic carbon [column] kg C m-2; of the whole profile, or with ``static`` above ``depth``."""
    moved = run.sic[-1] - run.sic[0]
    return moved.sum(0) if static is None else (moved * weights(static, depth)).sum(0)


def _year(step: nn.Module, world: World, amounts: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    parts = substeps_for(step, MONTH)  # a network trained at shorter steps is given shorter steps, as everywhere
    top = weights(world.static) * world.static[0]
    acid = ph = outside = torch.zeros(len(world), dtype=torch.float64)
    for month in range(12):
        layer, column = world.forcing(month, amounts)
        state, out, flag = cut_step(step, state, world.static, layer, column, MONTH, parts)
        acid = acid + out[_ACID] * MONTH
        ph = ph + (state[12] * top).sum(0) / top.sum(0) / 12.0
        outside = outside + ((flag & _OUTSIDE) != 0).double().mean(0) / 12.0
    return state, acid, ph, outside


def roll(step: nn.Module, world: World, amounts: Tensor, state: Tensor, years: int, gradient: bool = False) -> Run:
    """All columns in one batch. ``amounts`` [group, column] for all years, or [year, group, column]."""
    by_year = amounts if amounts.dim() == 3 else amounts.expand(years, *amounts.shape)
    stocks, acids, outsides = [state[0]], [], []
    ph = torch.zeros(len(world), dtype=torch.float64)
    with torch.set_grad_enabled(gradient):
        for year in range(years):
            if gradient:
                state, acid, ph, outside = checkpoint(_year, step, world, by_year[year], state, use_reentrant=False)
            else:
                state, acid, ph, outside = _year(step, world, by_year[year], state)
            stocks.append(state[0])
            acids.append(acid)
            outsides.append(outside)
        return Run(MOLAR_MASS_C * torch.stack(stocks), sum(acids), ph, state, torch.stack(outsides).mean(0))


def join(runs: Iterable[Run]) -> Run:
    """Runs of parts of the columns, side by side."""
    parts = list(runs)
    names = ("sic", "acid", "ph", "state", "outside")
    return Run(*(torch.cat([getattr(p, n) for p in parts], -1) for n in names))


def rollout(step: nn.Module, world: World, amounts: Tensor, state: Tensor, years: int, chunk: int = CHUNK) -> Run:
    """As ``roll`` without gradient, in chunks of columns; columns never see each other."""
    cuts = [torch.arange(a, min(a + chunk, len(world))) for a in range(0, len(world), chunk)]
    return join(roll(step, world.take(i), amounts[..., i], state[..., i], years) for i in cuts)


def start(step: nn.Module, world: World, amounts: Tensor) -> Tensor:
    """First state of every column in equilibrium with the first month."""
    layer, column = world.forcing(0, amounts)
    with torch.no_grad():
        return step.initial_state(world.static, layer, column)  # type: ignore[operator]


def leap(calcite: Tensor, rate: Tensor, years: float) -> Tensor:
    """Calcite [layer, column] after ``years`` at ``rate`` per year; what a layer cannot give is taken from the one below."""
    carry = torch.zeros_like(calcite[0])
    after = []
    for wanted in (calcite + rate * years).unbind(0):
        now = wanted + carry
        carry = now.clamp(max=0.0)
        after.append(now.clamp(min=0.0))
    return torch.stack(after)


def spin_up(step: nn.Module, world: World, amounts: Tensor, state: Tensor, years: int, stride: int = 30) -> Tensor:
    """State after millennia: two years are stepped, the calcite loss of the second carried on to fill ``stride`` years.

    Projective integration (Gear & Kevrekidis 2003, doi:10.1137/S1064827501388157): everything but calcite forgets within years.
    """
    for _ in range(max(1, years // stride)):
        run = rollout(step, world, amounts, state, 2)
        state = run.state.clone()
        rate = (run.sic[-1] - run.sic[-2]) / MOLAR_MASS_C
        state[0] = leap(state[0], rate, float(stride - 2))
    return state
