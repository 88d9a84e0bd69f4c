"""Derivative of the final stock by each year's nitrogen from compiled rollouts: central differences, all years in one batch.

What:    a step with a gradient costs a thousand times a compiled one; moving one year's nitrogen up and down needs a rollout for
         each year and sign, and all depths come with it. ``final_stock`` is differentiable: what Captum calls.
Units:   stock kg C m-2 of the final year by band; nitrogen 1 = that of the world. Shapes [row, year], [row, band].
Source:  central differences; with ``STEP`` they agree with autograd to 0.1 % (tests; report: gradient against finite difference).
Use:     ``stock = final_stock(nitrogen, case)``; ``stock.sum().backward()``
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .rollouts import Engine, march
from .world import NITROGEN, World

STEP = 0.02  # of nitrogen: ten times what Newton's tolerance leaves in a stock, and still straight
ROWS = 3000  # rollouts side by side, about half a gigabyte of forcing


@dataclass(frozen=True)
class Case:
    """Columns whose nitrogen varies: rows of a batch are columns ``index`` of ``world``."""

    engine: Engine
    world: World
    state: Tensor  # [slot, layer, column]
    membership: Tensor  # [band, layer]

    def amounts(self, index: Tensor, nitrogen: Tensor) -> Tensor:
        """[group, row] at ``nitrogen`` [row] of columns ``index``."""
        base = self.world.amounts()[:, index]
        return torch.stack([nitrogen if g in NITROGEN else base[i] for i, g in enumerate(self.world.groups)])


def _year(case: Case, index: Tensor, nitrogen: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """(state, stock by layer) after a year of rows ``index`` at ``nitrogen`` [row]."""
    run = march(case.engine, case.world.take(index), case.amounts(index, nitrogen), state, 1)
    return run.state, run.sic[-1]


def stock_and_slopes(case: Case, index: Tensor, nitrogen: Tensor, slopes: bool) -> tuple[Tensor, Tensor]:
    """Final stock [row, band] at ``nitrogen`` [row, year] and, where asked for, its derivative [row, year, band]."""
    rows, years = nitrogen.shape
    now, moved = case.state[..., index], case.state[..., index[:0]]
    stock = moved_stock = torch.empty(0)
    for year in range(years):
        own = nitrogen[:, year]
        if slopes:  # the rows with an earlier year moved, then this year's: up, down; then the unmoved ones
            shifted = torch.cat([own.repeat(2 * year), own + STEP, own - STEP])
            batch = torch.cat([moved, now, now], -1)
            moved, moved_stock = _year(case, index.repeat(2 * (year + 1)), shifted, batch)
        now, stock = _year(case, index, own, now)
    final = (case.membership @ stock).T
    if not slopes:
        return final, final[:0]
    by_band = (case.membership @ moved_stock).T.reshape(years, 2, rows, -1)
    return final, ((by_band[:, 0] - by_band[:, 1]) / (2.0 * STEP)).transpose(0, 1)


class _FinalStock(torch.autograd.Function):
    """Compiled forward, central differences backward; equal rows (one a band of Captum's targets) are computed once."""

    @staticmethod
    def forward(ctx: Any, nitrogen: Tensor, index: Tensor, case: Case) -> Tensor:
        key, ctx.inverse = torch.unique(torch.cat([index[:, None].double(), nitrogen], 1), dim=0, return_inverse=True)
        many = max(1, ROWS // (2 * nitrogen.shape[1]))
        parts = [
            stock_and_slopes(case, key[a : a + many, 0].long(), key[a : a + many, 1:], ctx.needs_input_grad[0])
            for a in range(0, len(key), many)
        ]
        ctx.slopes = torch.cat([p[1] for p in parts])
        return torch.cat([p[0] for p in parts])[ctx.inverse]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        return (grads[0][:, None, :] * ctx.slopes[ctx.inverse]).sum(-1), None, None


def final_stock(nitrogen: Tensor, index: Tensor, case: Case) -> Tensor:
    """Final stock [row, band] of columns ``index`` [row] at yearly ``nitrogen`` [row, year]; differentiable by nitrogen."""
    return _FinalStock.apply(nitrogen, index, case)
