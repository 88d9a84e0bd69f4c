"""Checks of a step that need no reference model: the same forcing in other steps, the same soil in other layers, N against no N.

What:    change of SIC over two years at a day, a week, a month; over five years on 6, 13 and 26 layers; and, where an archive of
         twins is given (`calcisol ensemble --twin no_nitrogen`), the difference of two runs of MIN3P against that of the step.
Units:   shares (1 = 100 %) of the change of SIC.
Note:    an hour, and ten and a thousand years, run in the compiled library: tests/emulator/test_century.py.
Use:     ``errors = step_lengths(step)``; ``errors = twin_errors(step, full, twins)``
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ..contract.variables import load_table
from ..training.dataset import Ensemble
from ..training.rollout import Roll, cut_step, substeps_for

YEAR = 365.0 * 86400.0
MONTH = YEAR / 12.0
CACO3 = (0.01, 0.03, 0.1, 0.2, 0.4, 0.6)  # kg kg-1; below 1 % the plough layer runs empty and depth of mixing decides
STEP_LENGTHS, LAYERINGS, TWINS = 0.02, 0.05, 0.10
LEAST_DIFFERENCE = 1e-3  # mol m-2: twins of columns without calcite do not differ
SUBSTEPS = {"day": 30, "week": 4, "month": 1}


@dataclass(frozen=True)
class Weather:
    """A year that repeats: wet and cold winters, fertiliser in April; loam of 1.56 m."""

    static: Tensor
    dz: Tensor

    def month(self, n: int) -> tuple[Tensor, Tensor]:
        """Layer and column forcing of month ``n``; water at its end."""
        phase = math.cos(2.0 * math.pi * (n % 12) / 12.0)
        layer: dict[str, float | Tensor] = {"w_liq": self.dz * (260.0 + 40.0 * phase), "t_soil": 283.0 - 7.0 * phase}
        column: dict[str, float | Tensor] = {
            "q_bot": (200.0 + 120.0 * phase) / YEAR, "co2_src_total": (0.6 - 0.35 * phase) / YEAR,
            "dep_no3": (6.0 if n % 12 == 3 else 0.2) / YEAR, "dep_ca": 0.02 / YEAR,
        }  # fmt: skip
        return _block("forcing", "layer", layer, self.dz.shape), _block("forcing", "column", column, self.dz.shape[-1:])


def _block(role: str, dims: str, given: dict[str, float | Tensor], shape: torch.Size) -> Tensor:
    values = [torch.as_tensor(given.get(v.name, v.fill), dtype=torch.float64) for v in load_table().select(role, dims)]
    return torch.stack([v.expand(shape) for v in values])


def _soil(step: nn.Module, layers: int) -> Weather:
    dz = torch.full((layers, len(CACO3)), 1.56 / layers, dtype=torch.float64)
    caco3 = torch.tensor(CACO3, dtype=torch.float64).expand(dz.shape)
    static = _block("static", "layer", {"dz": dz, "clay": 0.2, "caco3": caco3}, dz.shape)
    return Weather(step.prepare(static), dz)  # type: ignore[operator]


def change(step: nn.Module, layers: int, years: int, parts: int) -> Tensor:
    """Change of calcite [column], mol m-2, with ``parts`` steps a month."""
    world = _soil(step, layers)
    with torch.no_grad():
        state = step.initial_state(world.static, *world.month(-1))  # type: ignore[operator]
        begin = state[0].sum(0)
        for n in range(12 * years):
            state, _, _ = cut_step(step, state, world.static, *world.month(n), MONTH, parts)
    return state[0].sum(0) - begin


def step_lengths(step: nn.Module, years: int = 2) -> dict[str, float]:
    """Largest difference from daily steps, by length of the step; a step longer than the step's longest is cut as everywhere."""
    least = substeps_for(step, MONTH)
    result = {name: change(step, 10, years, max(parts, least)) for name, parts in SUBSTEPS.items()}
    return {name: float((value / result["day"] - 1.0).abs().max()) for name, value in result.items() if name != "day"}


def layerings(step: nn.Module, years: int = 5) -> dict[int, float]:
    """Largest difference from 13 layers, on 6 and 26."""
    parts = substeps_for(step, MONTH)
    result = {n: change(step, n, years, parts) for n in (6, 13, 26)}
    return {n: float((result[n] / result[13] - 1.0).abs().max()) for n in (6, 26)}


def twin_errors(roll: Roll, sets: list[Ensemble], twins: list[Ensemble]) -> dict[int, tuple[float, float, float]]:
    """By member: difference of the change of calcite N minus no N in MIN3P, in the step [mol m-2], and relative error."""
    own = _changes(roll, sets, {int(m) for d in twins for m in d.members})
    other = _changes(roll, twins, set(own))
    rows = {}
    for member in sorted(other):
        true, ours = own[member][0] - other[member][0], own[member][1] - other[member][1]
        rows[member] = (true, ours, abs(ours - true) / max(abs(true), LEAST_DIFFERENCE))
    return rows


def _changes(roll: Roll, sets: list[Ensemble], members: set[int]) -> dict[int, tuple[float, float]]:
    """By member: change of calcite in MIN3P and in the step, mol m-2."""
    found = {}
    for whole in sets:
        data = whole.select(np.flatnonzero(np.isin(whole.members, sorted(members))))
        if not len(data.members):
            continue
        result = roll(data)
        for i, member in enumerate(data.members):
            true = float((data.state[-1, 0, :, i] - data.state[0, 0, :, i]).sum())
            found[int(member)] = true, float((result.state[-1, 0, :, i] - result.state[0, 0, :, i]).sum())
    return found


def report(step: nn.Module, roll: Roll, sets: list[Ensemble], twins: list[Ensemble] | None) -> str:
    """Markdown rows: quantity, measured, target, verdict."""

    def row(name: str, value: float, target: float) -> str:
        return f"| {name} | {value:.2%} | {target:.0%} | {'pass' if value <= target else 'miss'} |"

    lengths, layers = step_lengths(step), layerings(step)
    lines = ["| other targets | measured | target | |", "|---|---|---|---|"]
    lines += [row(f"change of SIC over two years at steps of a {n}, against a day", v, STEP_LENGTHS) for n, v in lengths.items()]
    lines += [row(f"change of SIC over five years on {n} layers, against 13", v, LAYERINGS) for n, v in layers.items()]
    if twins:
        errors = [e for _, _, e in twin_errors(roll, sets, twins).values()]
        lines.append(row(f"difference between N scenarios, median of {len(errors)} columns", float(np.median(errors)), TWINS))
        lines.append(f"| its worst | {max(errors):.1%} | | |")
    return "\n".join(lines)
