"""Gradients through the rollout: the local response to nitrogen, and which year's nitrogen took carbonate from which depth.

What:    autograd of the final stock over the amount of nitrogen; integrated gradients (Captum) along the path without -> with it.
Units:   kg C m-2 per unit amount (amount 1 = the nitrogen of the world). Shapes [column], [column, year, band].
Source:  Sundararajan et al. (2017, integrated gradients; completeness: attributions sum to f(x) - f(0)); Captum.
         The step's Newton decoder passes gradients by the implicit function theorem (chemistry/equilibrium.py).
Use:     ``slope = nitrogen_gradient(step, world, state, years)``; ``by_year = integrated_gradients(...)``
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from .rollouts import roll
from .world import NITROGEN, World

BANDS = (0.25, 0.75)  # m: lower edges of the upper two of three depth bands, plough layer, root zone, below
BATCH = 128  # rows (column x node) per backward pass


def _amounts(world: World, nitrogen: Tensor) -> Tensor:
    """[year, group, column] with ``nitrogen`` [year, column] as the amount of both nitrogen drivers."""
    base = world.amounts().expand(nitrogen.shape[0], -1, -1)
    rows = [nitrogen if g in NITROGEN else base[:, i] for i, g in enumerate(world.groups)]
    return torch.stack(rows, 1)


def bands(world: World) -> Tensor:
    """Which band each layer belongs to, as weights [band, layer]; by the depth of its centre in the first column."""
    dz = world.static[0, :, 0]
    centre = torch.cumsum(dz, 0) - 0.5 * dz
    number = (centre > BANDS[0]).long() + (centre > BANDS[1]).long()
    return torch.nn.functional.one_hot(number, 3).T.to(torch.float64)


def nitrogen_gradient(step: nn.Module, world: World, state: Tensor, years: int) -> np.ndarray:
    """d(stock after ``years``) / d(amount of nitrogen) at amount 1, whole profile [column]."""
    amount = torch.ones(len(world), dtype=torch.float64, requires_grad=True)
    run = roll(step, world, _amounts(world, amount.expand(years, -1)), state, years, gradient=True)
    # columns never see each other: the gradient of the sum holds each column's own
    (slope,) = torch.autograd.grad(run.sic[-1].sum(), amount)
    return slope.numpy()


@dataclass(frozen=True)
class ByYear:
    """Integrated gradients of the nitrogen path."""

    share: np.ndarray  # [column, year, band] kg C m-2
    total: np.ndarray  # [column] f(with) - f(without), from two plain rollouts
    error: np.ndarray  # [column] |sum of shares - total| / |total|


def integrated_gradients(step: nn.Module, world: World, state: Tensor, years: int, nodes: int = 8) -> ByYear:
    """Attribute the effect of nitrogen on the stock to the year it was applied and the depth that lost it."""
    from captum.attr import IntegratedGradients

    membership = bands(world)

    def stock(nitrogen: Tensor, index: Tensor) -> Tensor:
        """[row, band] final stock of rows that are columns ``index`` with yearly nitrogen [row, year]."""
        part = world.take(index)
        run = roll(step, part, _amounts(part, nitrogen.T), state[..., index], years, gradient=torch.is_grad_enabled())
        return (membership @ run.sic[-1]).T

    n = len(world)
    with_n, without = torch.ones(n, years, dtype=torch.float64), torch.zeros(n, years, dtype=torch.float64)
    index = torch.arange(n)
    method = IntegratedGradients(stock)
    shares = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Captum warns about internal batches smaller than the number of columns
        for band in range(3):
            shares.append(
                method.attribute(
                    with_n, without, target=band, additional_forward_args=(index,), n_steps=nodes, method="gausslegendre",
                    internal_batch_size=max(BATCH, n),
                ).detach().numpy()
            )  # fmt: skip
    with torch.no_grad():
        total = (stock(with_n, index) - stock(without, index)).sum(1).numpy()
    share = np.stack(shares, -1)
    scale = np.maximum(np.abs(total), 1e-3 * np.abs(total).max() + 1e-30)
    return ByYear(share, total, np.abs(share.sum((1, 2)) - total) / scale)
