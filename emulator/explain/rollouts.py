"""Rollouts of a world through any step (bundle, physical step, toy), with a gradient where one is asked for.

What:    years of monthly steps at given amounts of the drivers; the yearly stocks, the acid added and the pH that results.
         With a gradient each month is one checkpoint: memory stays that of a few steps, each is computed twice. Without one,
         compiled code steps where the caller has handed it in: a column in some ten microseconds instead of tens of milliseconds.
Units:   sic kg C m-2, acid mol_c m-2 summed over the rollout, pH of pore water. Shapes [year + 1, layer, column], [column].
Source:  step contract (emulator/step/step.py): ``step(state, static, layer, column, dt) -> state, layers, columns, flags``.
Use:     ``run = rollout(member, world, world.amounts(n_acid=1.0), state, years=30)``; ``change(run)``
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ..contract.constants import MOLAR_MASS_C
from ..contract.variables import load_table
from ..training.rollout import cut_step, substeps_for
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


Arrays = dict[str, np.ndarray]


class Engine(Protocol):
    """Compiled steps of one bundle, handed in by the caller: this package knows no library (ARCHITECTURE.md, arrows)."""

    def march(self, static: np.ndarray, state: np.ndarray, months: list[tuple[np.ndarray, np.ndarray]], years: int) -> Arrays:
        """``years`` times the twelve ``months`` of (layer, column) forcing, rows in the order of the contract, no gradient.

        Returns calcite [year + 1, layer, column] mol m-2, acid [column] mol_c m-2, ph [layer, column] (mean of the last year's
        month ends), state [slot, layer, column], outside [column] (share of cell-months outside the training ranges).
        """
        ...

    def laboratory_ph(self, static: np.ndarray, state: np.ndarray) -> np.ndarray:
        """Suspension pH in water [layer, column]."""
        ...


@dataclass(frozen=True)
class Member:
    """One emulator: its step, which has gradients, and compiled code of the same step where there is some."""

    step: nn.Module
    engine: Engine | None = None


def weights(static: Tensor, depth: float = TOPSOIL) -> Tensor:
    """Share of each layer that lies above ``depth`` [layer, column]."""
    dz = static[0]
    return ((depth - (torch.cumsum(dz, 0) - dz)) / dz).clamp(0.0, 1.0)


def change(run: Run, static: Tensor | None = None, depth: float = TOPSOIL) -> Tensor:
    """Change of solid inorganic carbon [column] kg C m-2; of the whole profile, or with ``static`` above ``depth``."""
    moved = run.sic[-1] - run.sic[0]
    return moved.sum(0) if static is None else (moved * weights(static, depth)).sum(0)


def _month(step: nn.Module, world: World, month: int, amounts: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    parts = substeps_for(step, MONTH)  # a network trained at shorter steps is given shorter steps, as everywhere
    top = weights(world.static) * world.static[0]
    layer, column = world.forcing(month, amounts)
    state, out, flag = cut_step(step, state, world.static, layer, column, MONTH, parts)
    ph = (state[12] * top).sum(0) / top.sum(0)
    return state, out[_ACID] * MONTH, ph, ((flag & _OUTSIDE) != 0).double().mean(0)


def roll(step: nn.Module, world: World, amounts: Tensor, state: Tensor, years: int, gradient: bool = False) -> Run:
    """All columns in one batch. ``amounts`` [group, column] for all years, or [year, group, column]."""
    by_year = amounts if amounts.dim() == 3 else amounts.expand(years, *amounts.shape)
    stocks, ph = [state[0]], torch.zeros(len(world), dtype=torch.float64)
    acid, outside = torch.zeros_like(ph), torch.zeros_like(ph)
    with torch.set_grad_enabled(gradient):
        for year in range(years):
            for month in range(12):
                now = (step, world, month, by_year[year], state)
                state, came, left, out = checkpoint(_month, *now, use_reentrant=False) if gradient else _month(*now)
                acid, outside = acid + came, outside + out
                if year == years - 1:
                    ph = ph + left / 12.0
            stocks.append(state[0])
        return Run(MOLAR_MASS_C * torch.stack(stocks), acid, ph, state, outside / (12.0 * years))


_PARTS = ("sic", "acid", "ph", "state", "outside")


def join(runs: Iterable[Run]) -> Run:
    """Runs of parts of the columns, side by side."""
    parts = list(runs)
    return Run(*(torch.cat([getattr(p, n) for p in parts], -1) for n in _PARTS))


def cut(run: Run, index: Tensor) -> Run:
    """Some columns of a run."""
    return Run(*(getattr(run, n)[..., index] for n in _PARTS))


def march(engine: Engine, world: World, amounts: Tensor, state: Tensor, years: int) -> Run:
    """As ``roll`` by compiled code. ``amounts`` [group, column]."""
    months = [tuple(x.numpy() for x in world.forcing(month, amounts)) for month in range(12)]
    found = engine.march(world.static.numpy(), state.numpy(), months, years)  # type: ignore[arg-type]
    calcite, acid, ph, end, outside = (torch.from_numpy(found[n]) for n in ("calcite", "acid", "ph", "state", "outside"))
    top = weights(world.static) * world.static[0]
    return Run(MOLAR_MASS_C * calcite, acid, (ph * top).sum(0) / top.sum(0), end, outside)


def rollout(member: Member, world: World, amounts: Tensor, state: Tensor, years: int, chunk: int = CHUNK) -> Run:
    """As ``roll`` without gradient: compiled, or in chunks of columns; columns never see each other."""
    if member.engine is not None:
        return march(member.engine, world, amounts, state, years)
    cuts = [torch.arange(a, min(a + chunk, len(world))) for a in range(0, len(world), chunk)]
    return join(roll(member.step, world.take(i), amounts[..., i], state[..., i], years) for i in cuts)


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


def spin_up(member: Member, world: World, amounts: Tensor, state: Tensor, years: int, stride: int = 30) -> Tensor:
    """State after millennia: two years are stepped, the calcite loss of the second carried on to fill ``stride`` years.

    Projective integration (Gear & Kevrekidis 2003, doi:10.1137/S1064827501388157): everything but calcite forgets within years.
    """
    for _ in range(max(1, years // stride)):
        run = rollout(member, world, amounts, state, 2)
        state = run.state.clone()
        rate = (run.sic[-1] - run.sic[-2]) / MOLAR_MASS_C
        state[0] = leap(state[0], rate, float(stride - 2))
    return state
