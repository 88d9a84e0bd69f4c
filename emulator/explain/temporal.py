"""Temporal truth: what nitrogen and its acid do to the carbonate of a place, from paired rollouts of the same column.

What:    central finite difference and autograd of the same derivative; loss per mole of acid and per kg of nitrogen; years until
         the carbonate of the upper 0.3 m is gone. Sensitivity is per acid load, never per pH, which calcite buffers.
Units:   kg C m-2 per unit amount, mol CaCO3 per mol_c, kg C per kg N, years. Shapes [column].
Source:  emulator/docs/science.md, 13.2; one mole of acid dissolves 1/3 to 1/2 mol of calcite in an open system (section 9).
Use:     ``truth = nitrogen_response(member, world, state, years, runs, window=5)``
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from ..contract.constants import MOLAR_MASS_C
from .gradients import nitrogen_gradient
from .rollouts import Member, Run, change, rollout, weights
from .world import World

STEP = 0.1  # share of the nitrogen by which the finite difference goes up and down
GONE = 0.01  # share of the first stock below which carbonate counts as gone
LONGEST = 1e5  # years; beyond it "never" within any horizon that matters
HECTARE = 1e4  # m2


@dataclass(frozen=True)
class Response:
    """Response of each column to its mineral nitrogen over the horizon."""

    finite: np.ndarray  # kg C m-2 per unit amount, over the first years
    autograd: np.ndarray
    per_mole: np.ndarray  # mol CaCO3 lost more per mol_c of acid, nitrogen's acid alone
    per_kg: np.ndarray  # kg C lost more per kg N (acid and CO2 of growth); NaN without nitrogen
    gone_with: np.ndarray  # years until the topsoil has lost its carbonate, NaN where there is none
    gone_without: np.ndarray


def depletion(run: Run, static: Tensor) -> np.ndarray:
    """Years until less than ``GONE`` of the topsoil's carbonate is left; within the run by its record, later by its last rate."""
    stock = (run.sic * weights(static)).sum(1).numpy()  # [year + 1, column]
    years = len(stock) - 1
    below = stock <= GONE * stock[0]
    rate = np.maximum((stock[-6] - stock[-1]) / 5.0 if years >= 5 else (stock[0] - stock[-1]) / years, 1e-12)
    later = years + (stock[-1] - GONE * stock[0]) / rate
    when = np.where(below.any(0), below.argmax(0).astype(float), np.minimum(later, LONGEST))
    return np.where(stock[0] > 0.0, when, np.nan)


def nitrogen_response(member: Member, world: World, state: Tensor, years: int, runs: dict[str, Run], window: int) -> Response:
    """All responses; ``runs`` of today, no_n (neither nitrogen driver) and acid (its acid alone) over ``years`` are at hand.

    The derivative is that over the first ``window`` years: a gradient costs a thousand times a plain step.
    """
    with_n, without, acid_only = runs["today"], runs["no_n"], runs["acid"]
    up, down = (rollout(member, world, world.amounts(n_acid=1.0 + s, n_co2=1.0 + s), state, window) for s in (STEP, -STEP))
    finite = (change(up) - change(down)).numpy() / (2.0 * STEP)
    slopes = nitrogen_gradient(member.step, world, state, window)
    acid = (acid_only.acid - without.acid).numpy()
    more = (change(without) - change(acid_only)).numpy()
    kilograms = world.covariates["mineral_n"] / HECTARE * years
    with np.errstate(divide="ignore", invalid="ignore"):
        per_mole = np.where(np.abs(acid) > 1e-6, more / MOLAR_MASS_C / acid, np.nan)
        per_kg = np.where(kilograms > 0.0, (change(without) - change(with_n)).numpy() / kilograms, np.nan)
    gone = (depletion(run, world.static) for run in (with_n, without))
    return Response(finite, slopes, per_mole, per_kg, *gone)


def agreement(response: Response) -> dict[str, float]:
    """Finite difference against autograd: median and 90th percentile of the relative gap, share of columns within 10 %."""
    scale = np.maximum(np.abs(response.finite), 1e-3 * np.abs(response.finite).max() + 1e-30)
    gap = np.abs(response.autograd - response.finite) / scale
    return {"median": float(np.median(gap)), "p90": float(np.quantile(gap, 0.9)), "within_10": float((gap <= 0.1).mean())}
