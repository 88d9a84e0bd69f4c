"""The emulators that are set side by side: the explained one, other bundles, the physical step, one with random weights.

What:    reads bundles into members (step with gradients, compiled engine where the caller opens one) and compares them: rank of
         nitrogen's effect, forecasts against rollouts on landscapes of each member's own making, random weights.
Units:   effects kg C m-2 [column].
Source:  emulator/docs/science.md, 13.7. An engine runs a bundle, so other weights go into a bundle first (``with_weights``).
Use:     ``members = load_members(settings)``; ``numbers = members_part(members, land, pick, settings)``
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ..training.scripted import physical_weights, with_weights
from . import sanity
from .forecasts import of_member
from .landscapes import Landscapes
from .rollouts import Engine, Member, change, rollout
from .settings import NITROGEN_ON, OpenEngine, Settings
from .world import World

SHUFFLES = (1, 2, 3)  # seeds


def _engine(settings: Settings, bundle: bytes) -> Engine | None:
    opener: OpenEngine | None = settings.open_engine
    return None if opener is None else opener(bundle)


def load_members(settings: Settings) -> dict[str, Member]:
    """The explained member first, then the other bundles, the physical step (B0) last or, where it is explained, alone."""
    first = settings.bundles[0]
    b0 = Member(sanity.physical(first), None if settings.open_engine is None else _physical_engine(settings, first))
    if settings.physical:
        return {"B0": b0}
    members: dict[str, Member] = {}
    for path in settings.bundles:
        name = path.stem if path.stem not in members else f"{path.parent.name}/{path.stem}"
        members[name] = Member(sanity.load_step(path), _engine(settings, path.read_bytes()))
    return {**members, "B0": b0}


def _physical_engine(settings: Settings, bundle: Path) -> Engine | None:
    weights = physical_weights(bundle)
    return _engine(settings, with_weights(bundle, weights)) if weights else None


def shuffled(member: Member, seed: int, settings: Settings) -> Member | None:
    """The member with shuffled weight matrices; None where it has no weights."""
    step: nn.Module | None = sanity.shuffled(member.step, seed)
    if step is None:
        return None
    if member.engine is None or settings.physical:
        return Member(step)
    weights = {k: v for k, v in step.state_dict().items() if k.startswith("core.")}
    return Member(step, _engine(settings, with_weights(settings.bundles[0], weights)))


def effect(member: Member, world: World, state: torch.Tensor, years: int) -> np.ndarray:
    """Effect of nitrogen on the whole profile [column]."""
    with_n, without = (rollout(member, world, world.amounts(**on), state, years) for on in (NITROGEN_ON, {}))
    return (change(with_n) - change(without)).numpy()


def members_part(
    members: dict[str, Member], world: World, land: Landscapes, pick: np.ndarray, settings: Settings
) -> dict[str, Any]:
    """Effect of nitrogen by every member and its ranks; verdicts of the others; what shuffled weights leave."""
    part, state = land.world.take(pick), land.state[..., torch.as_tensor(pick)]
    effects = {n: effect(m, part, state, settings.years) for n, m in members.items()}
    first = next(iter(members.values()))
    out: dict[str, Any] = {
        "tau": sanity.rank_stability(effects),
        "mean": {n: float(e.mean()) for n, e in effects.items()},
        "verdict": {n: of_member(m, world, settings) for n, m in list(members.items())[1:]},
    }
    random = [shuffled(first, seed, settings) for seed in SHUFFLES]
    found = [effect(r, part, state, settings.years) for r in random if r is not None]
    if found:
        explained, b0 = next(iter(effects.values())), list(effects.values())[-1]
        out["random"] = sanity.what_weights_carry(explained, b0, found)
    return out
