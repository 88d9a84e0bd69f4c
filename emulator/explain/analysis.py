"""The whole analysis: does space-for-time substitution hold? From a world (and points) to numbers and arrays.

What:    three landscapes on the same soils and climates; temporal truth by rollouts; attribution by Shapley and integrated
         gradients; spatial models at the start; space-for-time forecasts against the truth; members, random weights, MIN3P.
Units:   SIC kg C m-2, upper 0.3 m for maps and forecasts, whole profile for nitrogen's response; amounts 1 = driver fully on.
Source:  emulator/docs/science.md, section 13.
Use:     ``results = analyse(Settings(world=path, bundles=(bundle,)), say)``
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from ..contract.errors import InputError
from . import reference_model
from .attribution import calcareous, drivers_part, path_part, temporal_part
from .forecasts import arm_part, attributions, sites_part
from .landscapes import ARMS, LEAST_PLACES, Landscapes, build_arms, laboratory_ph, points_survey
from .members import load_members, members_part
from .rollouts import Member, Run, rollout
from .settings import SCENARIOS, Results, Say, Settings
from .world import World, read_world

Runs = dict[str, Run]  # by scenario
RICH = 1.0  # % CaCO3 above which calcite buffers pH


class Stages:
    """Says when a stage begins and keeps how long each took."""

    def __init__(self, say: Say) -> None:
        self.say, self.began, self.seconds = say, time.monotonic(), dict[str, float]()
        self._name, self._since = "", self.began

    def begin(self, name: str, text: str = "") -> None:
        """The stage before is over, ``name`` begins."""
        now = time.monotonic()
        if self._name:
            self.seconds[self._name] = now - self._since
            self.say(f"{now - self.began:6.0f} s  {self._name} took {now - self._since:.0f} s")
        self._name, self._since = name, now
        if name:
            self.say(f"{now - self.began:6.0f} s  {name}{': ' + text if text else ''}")

    def end(self) -> float:
        """All stages are over; seconds since the first."""
        self.begin("")
        return time.monotonic() - self.began


def checked_world(settings: Settings) -> World:
    """The world to analyse. Raises InputError for fewer years or columns than the analysis can use."""
    if settings.years < 1:
        raise InputError(f"years = {settings.years} must be 1 or more")
    if settings.spin_up < 0 or settings.workers < 1:
        raise InputError(f"--spin-up {settings.spin_up} must be 0 or more and --workers {settings.workers} 1 or more")
    world = read_world(settings.world)
    if len(world) < LEAST_PLACES:
        raise InputError(f"the world has {len(world)} columns; spatial models need {LEAST_PLACES} or more")
    return world


def landscapes_part(member: Member, world: World, settings: Settings, stages: Stages, out: Results) -> tuple[Landscapes, Runs]:
    """The three landscapes, every scenario rolled out on them, and the maps of both."""
    stages.begin("landscapes", f"three kinds of carbonate, {settings.spin_up} years of leaching in the first")
    land = build_arms(member, world, settings)
    stages.begin("scenarios", f"{len(SCENARIOS)} of {len(land.world)} columns, {settings.years} years")
    runs = {n: rollout(member, land.world, land.world.amounts(**on), land.state, settings.years) for n, on in SCENARIOS.items()}
    ph_new = laboratory_ph(member, land.world, runs["today"].state)
    out.arrays |= {
        "arm": land.arm, "caco3": land.caco3, "sic": land.sic, "ph": land.ph, "ph_new": ph_new, "lat": land.world.lat,
        "lon": land.world.lon, "aridity": land.world.covariates["aridity"],
    }  # fmt: skip
    rich = land.caco3 > RICH
    out.numbers["ph_shift"] = float(np.median(np.abs(ph_new - land.ph)[rich])) if rich.any() else float("nan")
    out.numbers["outside"] = float(runs["today"].outside.mean())
    return land, runs


def attribution_parts(
    member: Member, land: Landscapes, runs: Runs, pick: np.ndarray, settings: Settings, stages: Stages, out: Results
) -> None:
    """What drives the change in time: Shapley values, gradients, integrated gradients of the columns ``pick``."""
    stages.begin("Shapley", "every combination of drivers")
    out.numbers["shapley"] = drivers_part(member, land, settings, out)
    stages.begin("gradients", f"response of {len(pick)} columns to nitrogen, autograd and finite differences")
    out.numbers["temporal"] = temporal_part(member, land, runs, pick, settings, out)
    stages.begin("integrated gradients", "by year and depth")
    out.numbers["path"] = path_part(member, land, pick, settings, out)


def maps_part(land: Landscapes, runs: Runs, settings: Settings, out: Results) -> None:
    """Spatial models of each landscape and of the samples, what they predict, and what happens."""
    numbers = out.numbers
    numbers["space"], numbers["verdict"], numbers["classes"] = {}, {}, {}
    for each in ARMS:
        if len(land.of(each)) >= LEAST_PLACES:
            arm_part(each, land, runs, out.arrays["ph_new"], out)
    if settings.points is not None and settings.points.is_file():
        sites_part(points_survey(settings.points), out)
    numbers["attribution_rank"] = attributions(land, runs)


def min3p_part(folder: Path, members: dict[str, Member], settings: Settings, out: Results) -> None:
    """Every member beside MIN3P: pairs of runs with and without nitrogen, kept in ``folder``."""
    pairs = reference_model.run_pairs(folder, settings.min3p_columns, reference_model.YEARS, settings.workers)
    out.numbers["reference_model"] = {n: reference_model.judge(m.step, pairs).as_dict() for n, m in members.items()}
    out.numbers["reference_model_runs"] = {"years": pairs.years, "sha256": pairs.hashes}


def analyse(settings: Settings, say: Say = lambda text: None, members: dict[str, Member] | None = None) -> Results:
    """Everything. ``say`` is given a line as each stage begins and ends; ``members`` as of ``load_members`` (others for tests).

    Raises InputError (a ValueError) for fewer years or columns than the analysis can use.
    """
    world = checked_world(settings)
    out, stages = Results(), Stages(say)
    stages.begin("members", "bundles, the physical step")
    members = load_members(settings) if members is None else members
    name, member = next(iter(members.items()))
    about = out.numbers["about"] = {
        "world": world.about, "columns": len(world), "years": settings.years, "spin_up": settings.spin_up, "step": name,
        "compiled": member.engine is not None,
    }  # fmt: skip
    land, runs = landscapes_part(member, world, settings, stages, out)
    pick = calcareous(land, settings.gradient_columns)
    attribution_parts(member, land, runs, pick, settings, stages, out)
    stages.begin("maps", "spatial models and what they predict")
    maps_part(land, runs, settings, out)
    stages.begin("other members", "other bundles, the physical step, random weights")
    out.numbers["members"] = members_part(members, world, land, pick, settings)
    if settings.min3p_folder is not None:
        stages.begin("MIN3P", f"{settings.min3p_columns} columns with and without nitrogen")
        min3p_part(settings.min3p_folder, members, settings, out)
    about["seconds"] = stages.end()
    about["stages"] = stages.seconds
    say(f"{about['seconds']:6.0f} s  done")
    return out
