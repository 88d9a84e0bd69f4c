"""Does the spread of an ensemble of cores cover its error as often as it says?

What:    for the change of SIC and the mean pH of the last year of each layer: mean and standard deviation over the members,
         scaled by one number per quantity and level so that the validation columns are covered as often as nominal (split
         conformal); coverage is then measured on the test columns. Unscaled it would be that of the networks alone: they share
         the physics, and with it most of the error.
Units:   coverage 0..1; mol m-2 and pH inside.
Source:  split conformal prediction with a local scale: Lei et al. (2018, JASA 113, 1094-1111).
Use:     ``print(report(rolls, sets))``
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..training.dataset import Ensemble
from ..training.rollout import Roll

LEVELS = (0.5, 0.8, 0.9)
TARGET = 0.20
"""Largest |coverage / nominal - 1|."""
FLOOR = {"change of SIC": 0.01, "pH of the last year": 0.003}
"""Least standard deviation (mol m-2; pH): the precision of MIN3P's output."""
MONTHS = 12


@dataclass(frozen=True)
class Sample:
    """Errors and spreads of one quantity [case]."""

    error: np.ndarray
    spread: np.ndarray


def samples(rolls: list[Roll], sets: list[Ensemble], part: str) -> dict[str, Sample]:
    """By quantity: |mean - MIN3P| and the standard deviation over members, of the columns of ``part``."""
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {name: [] for name in FLOOR}
    for data in (d for d in (s.part(part) for s in sets) if len(d.members)):
        states = torch.stack([roll(data).state for roll in rolls])
        change = (states[:, -1, 0] - states[:, 0, 0]).sum(1)
        ph = states[:, -MONTHS:, 12].mean(1).flatten(1)
        true_change = (data.state[-1, 0] - data.state[0, 0]).sum(0)
        true_ph = data.ph[-MONTHS:].mean(0).flatten()
        for name, ours, true in zip(FLOOR, (change, ph), (true_change, true_ph), strict=True):
            found[name].append(((ours.mean(0) - true).abs().numpy(), ours.std(0).numpy()))
    return {name: Sample(*(np.concatenate(x) for x in zip(*pieces, strict=True))) for name, pieces in found.items()}


def coverage(name: str, fit: Sample, test: Sample) -> dict[float, float]:
    """Coverage of ``test`` by level, with the scale that gives ``fit`` its nominal one."""
    floor = FLOOR[name]
    ratio, seen = (s.error / np.maximum(s.spread, floor) for s in (fit, test))
    return {level: float((seen <= np.quantile(ratio, level)).mean()) for level in LEVELS}


def report(rolls: list[Roll], sets: list[Ensemble]) -> str:
    """Markdown table; the rank correlation tells whether a wide spread marks a large error at all."""
    fit, test = samples(rolls, sets, "validation"), samples(rolls, sets, "test")
    lines = [f"| spread of {len(rolls)} members | nominal | covered | target | |", "|---|---|---|---|---|"]
    for name in FLOOR:
        for level, covered in coverage(name, fit[name], test[name]).items():
            verdict = "pass" if abs(covered / level - 1.0) <= TARGET else "miss"
            lines.append(f"| {name} | {level:.0%} | {covered:.0%} | within {TARGET:.0%} of nominal | {verdict} |")
        rank = _ranks(test[name].spread), _ranks(test[name].error)
        lines.append(f"| its rank correlation of spread and error | | {np.corrcoef(*rank)[0, 1]:.2f} | | |")
    return "\n".join(lines)


def _ranks(x: np.ndarray) -> np.ndarray:
    return np.argsort(np.argsort(x)).astype(float)
