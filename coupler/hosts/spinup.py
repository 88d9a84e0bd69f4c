"""Spin-up help for hosts: an initial state that agrees with the survey, and faster steady state of the exchangeable pools.

What:    ``match_survey`` finds the pore-water pH (``ph0``) whose laboratory suspension has the pH of the survey: the two differ,
         by the carbon dioxide of the soil air and the salt of the suspension. ``survey_bases`` shares the bases out as surveys
         find them. ``accelerate`` repeats a cycle of the host's forcing and extrapolates the exchangeable cations along their
         drift; calcite stays as surveyed, it is a stock and not a steady state.
Shapes:  (column, soil_layer), (column,); forcing as ``Columns.step`` takes it. Units: emulator/contract/variables.toml.
Source:  Aitken's delta-squared per pool and layer: with drifts d1, d2 of two cycles the limit lies d2 / (1 - d2 / d1) ahead.
Note:    a jump creates or destroys matter, so budgets start after the spin-up; the report says how much.
Use:     ``ph0 = match_survey(model, soil, survey, forcing, "ph_cacl2")``; ``survey_bases(columns)``;
         ``report = accelerate(columns, cycle)``;
         ``columns.state()`` goes to the host's restart, slot by slot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ArgumentError
from ..land.exchanger import BASES, CHARGE
from ..library.columns import Columns
from ..library.model import Model

Floats = NDArray[np.float64]
Cycle = Sequence[tuple[float, Mapping[str, ArrayLike]]]
LABORATORY = ("ph_h2o", "ph_cacl2")
PORE_WATER = (3.0, 9.0)  # valid range of ph0
MOMENT = 60.0  # s, the shortest step: the state is initialised and has hardly changed
CATIONS = ("ca", "mg", "k", "na")
MOST_JUMP = 0.25  # relative change of a pool in one jump, up or down: the equilibrium solver still converges in the next step
NO_CALCITE = 1e-9  # mol m-2; round-off leaves 1e-16 in layers that have none
LEAST_POOL = 1e-9  # mol m-2; smaller pools are not extrapolated
CALM = 0.95  # a drift that shrinks more slowly than this from cycle to cycle is extrapolated at this ratio


def match_survey(
    model: Model,
    properties: Mapping[str, ArrayLike],
    survey: ArrayLike,
    forcing: Mapping[str, ArrayLike],
    kind: str = "ph_cacl2",
    tolerance: float = 0.01,
) -> Floats:
    """``ph0`` (column, soil_layer) whose ``kind`` of laboratory pH is ``survey``, within ``tolerance`` where it can be.

    ``forcing``: the host's mean water, temperature and respiration. Layers with calcite keep their survey value: there
    calcite and the soil air set the pH, and ``ph0`` is not read. Raises ArgumentError for an unknown ``kind``.
    """
    if kind not in LABORATORY:
        raise ArgumentError(f"{kind!r} is no laboratory pH; use {' or '.join(LABORATORY)}")

    def laboratory(ph0: Floats) -> Floats:
        with model.columns({**properties, "ph0": ph0}) as soil:
            soil.step(MOMENT, forcing, outputs=())
            return soil.laboratory_ph()[LABORATORY.index(kind)]

    with model.columns(properties) as soil:
        shape = (soil.ncol, soil.nlay)
    wanted = np.broadcast_to(np.asarray(survey, float), shape)
    low, high = np.full(shape, PORE_WATER[0]), np.full(shape, PORE_WATER[1])
    while np.max(high - low) > 0.5 * tolerance:  # laboratory pH rises with ph0: halve the interval
        middle = 0.5 * (low + high)
        above = laboratory(middle) > wanted
        high, low = np.where(above, middle, high), np.where(above, low, middle)
    calcite = np.broadcast_to(np.asarray(properties.get("caco3", 0.0), float), shape) > 0.0
    return np.where(calcite, wanted, 0.5 * (low + high))


def survey_bases(columns: Columns, shares: Mapping[str, ArrayLike] | None = None) -> None:
    """Share the bases of layers without calcite out as a survey found them, or as in most arable soils (land/exchanger.py).

    ``shares`` of the charge by cation of CATIONS, (column, soil_layer) or scalars that add up to 1. The library begins with
    those of arable soils, K only where there is permanent charge to hold it. The sum of their charge, and so pH, stays. To be
    called after the first step. Raises ArgumentError for shares that do not add up to 1.
    """
    given = BASES if shares is None else shares
    share = {name: np.asarray(given[name], float) for name in CATIONS}
    if not np.allclose(sum(share.values()), 1.0, atol=1e-6):
        raise ArgumentError(f"the shares of {', '.join(CATIONS)} add up to {np.max(sum(share.values())):g}; make them 1")
    state = columns.state()
    free = state["calcite"] <= NO_CALCITE
    held = sum(CHARGE[name] * state[name] for name in CATIONS)
    columns.set_state({name: np.where(free, share[name] * held / CHARGE[name], state[name]) for name in CATIONS})


@dataclass
class SpinUp:
    """What a spin-up did."""

    cycles: int = 0
    jumps: int = 0
    drift: list[float] = field(default_factory=list)  # per cycle: change of base cations relative to the pool, worst column
    added: dict[str, Floats] = field(default_factory=dict)  # mol m-2 created by the jumps, (column,)
    steady: bool = False


def accelerate(columns: Columns, cycle: Cycle, most_cycles: int = 100, tolerance: float = 1e-4) -> SpinUp:
    """Repeat ``cycle`` (steps of dt and forcing, such as the months of a mean year) until the base cations are steady.

    Steady: no column changes its sum of exchangeable and dissolved base cations by more than ``tolerance`` of it in a cycle.
    Two cycles run freely, then every pool jumps by at most MOST_JUMP; the last cycle is always a free one, never a jump.
    Raises ArgumentError for an empty cycle.
    """
    if not cycle:
        raise ArgumentError("the cycle of the spin-up is empty; give at least one (dt, forcing)")
    report = SpinUp(added={name: np.zeros(columns.ncol) for name in CATIONS})
    earlier: dict[str, Floats] | None = None
    free = 0
    before = None
    while report.cycles < most_cycles and not report.steady:
        for dt, forcing in cycle:
            columns.step(dt, forcing, outputs=())
        report.cycles += 1
        state = columns.state()
        if before is None:  # the first cycle initialises the state: there is nothing to compare with
            before = state
            continue
        drift = {name: state[name] - before[name] for name in CATIONS}
        held = sum(state[name].sum(1) for name in CATIONS)
        moved = sum(np.abs(drift[name]).sum(1) for name in CATIONS)
        report.drift.append(float(np.max(moved / held)))
        report.steady = report.drift[-1] < tolerance
        free += 1
        if free >= 2 and earlier is not None and not report.steady:
            state = _jump(columns, state, earlier, drift, report)
            free, earlier = 0, None
        else:
            earlier = drift
        before = state
    return report


def _jump(
    columns: Columns, state: dict[str, Floats], earlier: dict[str, Floats], drift: dict[str, Floats], report: SpinUp
) -> dict[str, Floats]:
    """Move the cations along their drift to where it would die out, and set that state."""
    ahead = dict(state)
    for name in CATIONS:
        with np.errstate(divide="ignore", invalid="ignore"):
            shrink = np.clip(np.nan_to_num(drift[name] / earlier[name], nan=0.0, posinf=CALM, neginf=0.0), 0.0, CALM)
        step = np.clip(drift[name] * shrink / (1.0 - shrink), -MOST_JUMP * state[name], MOST_JUMP * state[name])
        ahead[name] = state[name] + np.where(state[name] > LEAST_POOL, step, 0.0)
        report.added[name] += (ahead[name] - state[name]).sum(1)
    columns.set_state(ahead)
    report.jumps += 1
    return ahead
