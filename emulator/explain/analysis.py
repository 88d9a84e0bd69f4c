"""The whole analysis: does space-for-time substitution hold? From a world (and points) to numbers and arrays.

What:    three landscapes on the same soils and climates; temporal truth by rollouts; attribution by Shapley and integrated
         gradients; spatial models at the start; space-for-time forecasts against the truth; members, random weights, MIN3P.
Units:   SIC kg C m-2, upper 0.3 m for maps and forecasts, whole profile for nitrogen's response; amounts 1 = driver fully on.
Source:  emulator/docs/science.md, section 13.
Use:     ``results = analyse(Settings(world=path, bundles=(bundle,)), say)``
"""

from __future__ import annotations

import time

import numpy as np

from ..contract.errors import InputError
from . import reference_model
from .attribution import calcareous, drivers_part, path_part, temporal_part
from .forecasts import arm_part, attributions, sites_part
from .landscapes import ARMS, LEAST_PLACES, build_arms, laboratory_ph, points_survey
from .members import load_members, members_part
from .rollouts import Member, rollout
from .settings import SCENARIOS, Results, Say, Settings
from .world import read_world

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


def analyse(settings: Settings, say: Say = lambda text: None, members: dict[str, Member] | None = None) -> Results:
    """Everything. ``say`` is given a line as each stage begins and ends; ``members`` as of ``load_members`` (others for tests).

    Raises ValueError for fewer years or columns than the analysis can use.
    """
    if settings.years < 1:
        raise InputError(f"years = {settings.years} must be 1 or more")
    if settings.spin_up < 0 or settings.workers < 1:
        raise InputError(f"--spin-up {settings.spin_up} must be 0 or more and --workers {settings.workers} 1 or more")
    out, stages = Results(), Stages(say)
    numbers = out.numbers
    world = read_world(settings.world)
    if len(world) < LEAST_PLACES:
        raise InputError(f"the world has {len(world)} columns; spatial models need {LEAST_PLACES} or more")
    stages.begin("members", "bundles, the physical step")
    members = load_members(settings) if members is None else members
    name, member = next(iter(members.items()))
    numbers["about"] = {
        "world": world.about, "columns": len(world), "years": settings.years, "spin_up": settings.spin_up, "step": name,
        "compiled": member.engine is not None,
    }  # fmt: skip

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
    numbers["ph_shift"] = float(np.median(np.abs(ph_new - land.ph)[rich])) if rich.any() else float("nan")
    numbers["outside"] = float(runs["today"].outside.mean())

    stages.begin("Shapley", "every combination of drivers")
    numbers["shapley"] = drivers_part(member, land, settings, out)
    pick = calcareous(land, settings.gradient_columns)
    stages.begin("gradients", f"response of {len(pick)} columns to nitrogen, autograd and finite differences")
    numbers["temporal"] = temporal_part(member, land, runs, pick, settings, out)
    stages.begin("integrated gradients", "by year and depth")
    numbers["path"] = path_part(member, land, pick, settings, out)

    stages.begin("maps", "spatial models and what they predict")
    numbers["space"], numbers["verdict"], numbers["classes"] = {}, {}, {}
    for each in ARMS:
        if len(land.of(each)) >= LEAST_PLACES:
            arm_part(each, land, runs, ph_new, out)
    if settings.points is not None and settings.points.is_file():
        sites_part(points_survey(settings.points), out)
    numbers["attribution_rank"] = attributions(land, runs)

    stages.begin("other members", "other bundles, the physical step, random weights")
    numbers["members"] = members_part(members, world, land, pick, settings)
    if settings.min3p_folder is not None:
        stages.begin("MIN3P", f"{settings.min3p_columns} columns with and without nitrogen")
        pairs = reference_model.run_pairs(settings.min3p_folder, settings.min3p_columns, reference_model.YEARS, settings.workers)
        numbers["reference_model"] = {n: reference_model.judge(m.step, pairs).as_dict() for n, m in members.items()}
        numbers["reference_model_runs"] = {"years": pairs.years, "sha256": pairs.hashes}
    numbers["about"]["seconds"] = stages.end()
    numbers["about"]["stages"] = stages.seconds
    say(f"{numbers['about']['seconds']:6.0f} s  done")
    return out
