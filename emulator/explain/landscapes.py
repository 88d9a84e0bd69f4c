"""The three landscapes at the start, and what a mapper knows of them.

What:    the same soils and climates with three origins of carbonate: emergent (left by millennia of leaching), inherited (of the
         rock, drawn without regard to climate), survey (of the nearest surveyed site). Each after years of today's husbandry.
Units:   SIC kg C m-2 and CaCO3 % of dry soil in the upper 0.3 m; pH of the laboratory. Shapes [column].
Source:  emulator/docs/science.md, 13.1: emergent is the best case of the substitution, inherited its worst.
Use:     ``world, arm, state = build_arms(member, world, settings)``; ``survey = survey_of(world, sic, ph)``
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from ..contract.constants import MOLAR_MASS_C, MOLAR_MASS_CACO3
from ..contract.rows import static_rows
from . import space
from .rollouts import TOPSOIL, Member, rollout, spin_up, start, weights
from .settings import NITROGEN_ON, Settings
from .world import World

ARMS = ("emergent", "inherited", "survey")
PARENT = 0.10  # kg kg-1 carbonate of the parent material of the emergent arm, loess-like [assumption]
LITHOLOGY = (0.25, 0.001, 0.5)  # inherited arm: share without carbonate; log-uniform from, to (kg kg-1)
LEAST_PLACES = 30  # fewer cannot carry a spatial model
PREDICTORS = ("drainage", "mat", "aridity", "mineral_n", "husbandry_n", "clay", "soc", "ph")


@dataclass(frozen=True)
class Landscapes:
    """All columns of all arms side by side at the start (t0)."""

    world: World
    arm: np.ndarray  # [column] name
    state: Tensor  # [slot, layer, column]
    sic: np.ndarray  # [column]
    caco3: np.ndarray
    ph: np.ndarray

    def of(self, arm: str) -> np.ndarray:
        """Positions of the columns of an arm."""
        return np.flatnonzero(self.arm == arm)

    def survey(self, index: np.ndarray) -> space.Survey:
        """What a mapper knows of some columns."""
        return survey_of(self.world.take(index), self.sic[index], self.ph[index])


def lithology(n: int, seed: int) -> np.ndarray:
    """Carbonate [column] kg kg-1 of the inherited arm, without regard to anything else."""
    rng = np.random.default_rng(seed)
    none, low, high = LITHOLOGY
    drawn = np.exp(rng.uniform(np.log(low), np.log(high), n))
    return np.where(rng.random(n) < none, 0.0, drawn)


def build_arms(member: Member, world: World, settings: Settings) -> Landscapes:
    """The landscapes as ``member`` makes them."""
    n = len(world)
    surveyed = world.covariates.get("caco3_survey", np.full(n, np.nan))
    parts = [
        ("emergent", np.arange(n), np.full(n, PARENT)),
        ("inherited", np.arange(n), lithology(n, settings.seed)),
        ("survey", np.flatnonzero(np.isfinite(surveyed)), surveyed[np.isfinite(surveyed)] / 100.0),
    ]
    index = np.concatenate([p[1] for p in parts])
    arm = np.concatenate([np.full(len(p[1]), p[0]) for p in parts])
    both = world.take(index).with_caco3(np.concatenate([p[2] for p in parts]))
    both = replace(both, static=member.step.prepare(both.static))  # type: ignore[operator]
    natural = both.amounts(husbandry=0.0)
    state = start(member.step, both, natural)
    old = torch.as_tensor(np.flatnonzero(arm == "emergent"))
    if settings.spin_up > 0 and len(old):
        state[..., old] = spin_up(member, both.take(old), natural[:, old], state[..., old], settings.spin_up)
    state = rollout(member, both, both.amounts(**NITROGEN_ON), state, settings.present).state
    return Landscapes(both, arm, state, topsoil_sic(both, state), caco3_percent(both, state), laboratory_ph(member, both, state))


def topsoil_sic(world: World, state: Tensor) -> np.ndarray:
    """Stock above 0.3 m [column] kg C m-2."""
    return (MOLAR_MASS_C * state[0] * weights(world.static)).sum(0).numpy()


def caco3_percent(world: World, state: Tensor) -> np.ndarray:
    """Carbonate above 0.3 m, % of dry soil [column]."""
    s = static_rows(world.static)
    top = weights(world.static)
    mass = (s.bulk_density * s.dz * top).sum(0)
    return (100.0 * MOLAR_MASS_CACO3 * (state[0] * top).sum(0) / mass).numpy()


def laboratory_ph(member: Member, world: World, state: Tensor) -> np.ndarray:
    """Laboratory pH in water of the plough layer [column]: what a map would hold; pore-water pH is another quantity.

    A step without a laboratory (a toy) answers with its own pH.
    """
    if member.engine is not None:
        return member.engine.laboratory_ph(world.static.numpy(), state.numpy())[0]
    laboratory = getattr(member.step, "laboratory_ph", None)
    if laboratory is None:
        return state[12, 0].numpy()
    with torch.no_grad():
        return laboratory(world.static, state)[0, 0].numpy()


def survey_of(world: World, sic: np.ndarray, ph: np.ndarray) -> space.Survey:
    """What a mapper knows of these columns."""
    x = np.stack([ph if name == "ph" else world.covariates[name] for name in PREDICTORS], 1)
    return space.Survey(x, PREDICTORS, sic, world.blocks())


def points_survey(path: Path) -> space.Survey:
    """The surveyed sites as a Survey."""
    with xr.open_dataset(path) as data:
        values = {str(n): v.values.astype(float) for n, v in data.data_vars.items()}
    sic = values["caco3"] / 100.0 * values["bulk_density"] * TOPSOIL * MOLAR_MASS_C / MOLAR_MASS_CACO3
    x = np.stack([values["ph_survey"] if name == "ph" else values[name] for name in PREDICTORS], 1)
    keys = np.stack([np.floor(values["lat"] / 2.0), np.floor(values["lon"] / 2.0)], 1)
    return space.Survey(x, PREDICTORS, sic, np.unique(keys, axis=0, return_inverse=True)[1].ravel())
