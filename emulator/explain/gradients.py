"""Gradients through the rollout: the local response to nitrogen, and which year's nitrogen dissolved carbonate at which depth.

What:    autograd of the final stock over the amount of nitrogen; integrated gradients (Captum) along the path without -> with it,
         whose derivatives are compiled differences where there is an engine (yearly.py) and autograd where there is none.
Units:   kg C m-2 per unit amount (amount 1 = the nitrogen of the world). Shapes [column], [column, year, band].
Source:  Sundararajan et al. (2017, integrated gradients; completeness: attributions sum to f(x) - f(0)); Captum.
         The step's Newton decoder passes its gradient by the implicit function theorem, whole by whole_gradient.py.
Use:     ``slope = nitrogen_gradient(step, world, state, years)``; ``by_year = integrated_gradients(...)``
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from .rollouts import Member, change, roll, rollout
from .world import NITROGEN, World
from .yearly import Case, final_stock

BANDS = (0.25, 0.75)  # m: lower edges of the upper two of three depth bands, plough layer, root zone, below
ROWS = 384  # (column, band, segment, node) in one backward pass; narrower costs as much for less
SEGMENTS = (1, 2, 4)  # pieces the path is cut into, one after the other, for columns whose shares do not add up yet
COMPLETE = 0.01  # completeness error from which a column counts as done [issue 7]


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
    slopes = []
    for a in range(0, len(world), ROWS):
        index = torch.arange(a, min(a + ROWS, len(world)))
        part = world.take(index)
        amount = torch.ones(len(part), dtype=torch.float64, requires_grad=True)
        run = roll(step, part, _amounts(part, amount.expand(years, -1)), state[..., index], years, gradient=True)
        # columns never see each other: the gradient of the sum holds each column's own
        (slope,) = torch.autograd.grad(run.sic[-1].sum(), amount)
        slopes.append(slope.numpy())
    return np.concatenate(slopes)


@dataclass(frozen=True)
class ByYear:
    """Integrated gradients of the nitrogen path."""

    share: np.ndarray  # [column, year, band] kg C m-2
    total: np.ndarray  # [column] f(with) - f(without), from two plain rollouts
    error: np.ndarray  # [column] |sum of shares - total| / |total|
    segments: np.ndarray  # [column] pieces of the path that were needed


def _path(member: Member, world: World, state: Tensor, years: int, nodes: int, segments: int) -> np.ndarray:
    """Integrated gradients [column, year, band] along 0 -> 1 in equal ``segments`` of ``nodes`` Gauss-Legendre points each.

    Attributions of pieces of one straight path add up; all columns, bands and pieces are rows of one batch.
    """
    from captum.attr import IntegratedGradients

    membership, n = bands(world), len(world)

    def stock(nitrogen: Tensor, index: Tensor) -> Tensor:
        """[row, band] final stock of rows that are columns ``index`` with yearly nitrogen [row, year]."""
        if member.engine is not None:
            return final_stock(nitrogen, index, Case(member.engine, world, state, membership))
        part = world.take(index)
        run = roll(member.step, part, _amounts(part, nitrogen.T), state[..., index], years, gradient=True)
        return (membership @ run.sic[-1]).T

    piece, band, column = (torch.as_tensor(x).flatten() for x in np.indices((segments, 3, n)))
    low = (piece / segments).to(torch.float64)[:, None].expand(-1, years)
    batch = ROWS if member.engine is None else nodes * len(column)  # compiled, a batch is cut where it is stepped
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Captum warns about internal batches smaller than the number of rows
        share = IntegratedGradients(stock).attribute(
            low + 1.0 / segments, low, target=band, additional_forward_args=(column,), n_steps=nodes, method="gausslegendre",
            internal_batch_size=max(batch, len(column)),
        )  # fmt: skip
    return share.detach().numpy().reshape(segments, 3, n, years).sum(0).transpose(1, 2, 0)


def integrated_gradients(member: Member, world: World, state: Tensor, years: int, nodes: int = 8) -> ByYear:
    """Attribute the effect of nitrogen on the stock to the year it was applied and the depth that lost it.

    The total that the shares must add up to is that of the emulator as shipped, from two plain rollouts. Where they miss it by
    more than ``COMPLETE`` (calcite that runs out makes a kink in the path) the path is cut finer.
    """
    with_n, without = (
        change(rollout(member, world, world.amounts(**dict.fromkeys(NITROGEN, x)), state, years)).numpy() for x in (1.0, 0.0)
    )
    total = with_n - without
    scale = np.maximum(np.abs(total), 1e-3 * np.abs(total).max() + 1e-30)
    share, error = np.zeros((len(world), years, 3)), np.full(len(world), np.inf)
    needed = np.zeros(len(world), int)
    for segments in SEGMENTS:
        left = np.flatnonzero(error > COMPLETE)
        if not len(left):
            break
        found = _path(member, world.take(left), state[..., torch.as_tensor(left)], years, nodes, segments)
        missed = np.abs(found.sum((1, 2)) - total[left]) / scale[left]
        better = missed < error[left]
        share[left[better]], error[left[better]], needed[left[better]] = found[better], missed[better], segments
    return ByYear(share, total, error, needed)
