"""Do the attributions describe the emulator? Other members, the physical step, and randomised weights.

What:    the step of a bundle in this version's code; the same with its weights shuffled; how stable the ranks of an effect are.
         Physics carries most of an effect and no weight can destroy it. So the test looks at what the network adds (effect minus
         that of the physical step): with shuffled weights nothing of it may be left.
Units:   effects kg C m-2 [column]; correlations without unit.
Source:  Adebayo et al. (2018, sanity checks for saliency maps: randomised weights must destroy an attribution).
Use:     ``step = load_step(path); other = shuffled(step, seed=1); rank_stability(effects)``
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ..contract.bundle import read_contract
from ..step.chosen import chosen_step
from ..step.correction import Core
from ..step.step import Step
from ..training.scripted import load_scripted
from .compare import spearman
from .whole_gradient import with_whole_gradient

SAME = 1e-9  # relative difference of a state that float32 sums in another order may leave


def load_step(path: Path) -> nn.Module:
    """The step of a bundle: its network in this version's code where that gives the same state, else the scripted step itself.

    Scripted code keeps the gradient of the version that exported it, and eager code starts without a minute of compilation.
    """
    scripted: Any = load_scripted(path)
    chosen = read_contract(path)["parameters"]
    try:
        core = Core(scripted.core.input.weight.shape[0])
        core.load_state_dict(scripted.core.state_dict())
        eager = with_whole_gradient(chosen_step(core, chosen).eval())
        return eager if _alike(scripted, eager) else scripted
    except (AttributeError, KeyError, RuntimeError):  # a bundle of another make: its own code is the only one
        return scripted


def physical(path: Path) -> Step:
    """The physical step (B0) with the constants of a bundle."""
    chosen = read_contract(path)["parameters"]
    return with_whole_gradient(chosen_step(None, chosen))


def _alike(a: nn.Module, b: nn.Module) -> bool:
    """Same state after three months of a plain soil."""
    from ..contract.variables import load_table

    table = load_table()

    def rows(role: str, dims: str, shape: tuple[int, ...], **values: float) -> torch.Tensor:
        fills = [values.get(v.name, v.fill) for v in table.select(role, dims)]
        return torch.tensor(fills, dtype=torch.float64).view(-1, *(1 for _ in shape)).expand(-1, *shape).contiguous()

    static = rows("static", "layer", (4, 3), dz=0.25, caco3=0.05)
    layer = rows("forcing", "layer", (4, 3), w_liq=75.0, t_soil=283.0)
    column = rows("forcing", "column", (3,), q_bot=1e-5, co2_src_total=2e-8, dep_no3=1e-8, dep_na=1e-9)
    ends = []
    with torch.no_grad(), torch.jit.optimized_execution(False):  # a few steps are not worth a minute of compilation
        for step in (a, b):
            soil = step.prepare(static)  # type: ignore[operator]
            state = step.initial_state(soil, layer, column)  # type: ignore[operator]
            for _ in range(3):
                state = step(state, soil, layer, column, torch.tensor(30.0 * 86400.0, dtype=torch.float64))[0]
            ends.append(state)
    return bool(((ends[0] - ends[1]).abs() <= SAME * ends[0].abs() + 1e-12).all())


def shuffled(step: nn.Module, seed: int = 0) -> nn.Module | None:
    """A copy with the entries of every weight matrix in random order; None where the step has no weights."""
    other = copy.deepcopy(step)
    generator = torch.Generator().manual_seed(seed)
    changed = False
    with torch.no_grad():
        for weight in other.parameters():
            if weight.dim() > 1:
                flat = weight.flatten()
                weight.copy_(flat[torch.randperm(flat.numel(), generator=generator)].view_as(weight))
                changed = True
    return other if changed else None


def rank_stability(effects: dict[str, np.ndarray]) -> dict[str, float]:
    """Kendall's tau of each member's effect [column] with the first's."""
    from scipy.stats import kendalltau

    first = next(iter(effects.values()))
    return {name: float(kendalltau(first, e).statistic) for name, e in effects.items()}


def what_weights_carry(bundle: np.ndarray, b0: np.ndarray, random: list[np.ndarray]) -> dict[str, float]:
    """Rank correlations with the bundle's: of the part the network adds, and of the whole effect, under random weights."""
    part = bundle - b0
    return {
        "network_share": float(np.abs(part).sum() / np.abs(bundle).sum()),
        "part": float(np.mean([spearman(r - b0, part) for r in random])),
        "whole": float(np.mean([spearman(r, bundle) for r in random])),
    }
