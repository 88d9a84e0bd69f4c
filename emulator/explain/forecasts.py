"""Forecasts read from a map, compared with what the same driver does in the same columns.

What:    a spatial model of each landscape at the start; one predictor is given its future value; the change predicted is compared
         with the change in the rollout, by landscape, driver, class of carbonate and of aridity, and by member.
Units:   changes of SIC kg C m-2 in the upper 0.3 m. Shapes [place].
Source:  emulator/docs/science.md, 13.3-13.4; drivers are put to a model without pH (a consequence), pH to one that has it.
Use:     ``told = forecasts(survey, world, runs, ph_new)``; ``verdicts(told, block)``
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from . import compare, space
from .landscapes import ARMS, LEAST_PLACES, Landscapes, build_arms, laboratory_ph
from .rollouts import Member, Run, change, cut, rollout
from .settings import ASKED, SCENARIOS, Results, Settings
from .world import World

QUESTIONS = ("nitrogen", "drainage", "temperature", "pH")
BY_CLASS = ("nitrogen", "drainage", "pH")
Told = dict[str, tuple[np.ndarray, np.ndarray]]


def spatial_part(survey: space.Survey) -> dict[str, Any]:
    """Skill on unseen blocks and importance of groups, with and without pH."""
    out: dict[str, Any] = {"places": len(survey.sic), "calcareous": float((survey.sic > space.PRESENT).mean())}
    for name, known in (("with_ph", survey), ("without_ph", survey.without("ph"))):
        out[name] = {kind: space.cross_validated(kind, known) for kind in space.MODELS}
        out[f"importance_{name}"] = space.importance("trees", known)
    return out


def forecasts(
    survey: space.Survey, world: World, runs: dict[str, Run], ph_new: np.ndarray, kinds: tuple[str, ...] = ("trees", "ols")
) -> Told:
    """(predicted [place], simulated [place]) of each question; by trees under its name, by others under ``name (kind)``."""
    known = survey.without("ph")
    c, static = world.covariates, world.static
    base = change(runs["today"], static).numpy()

    def gap(name: str) -> np.ndarray:
        return change(runs[name], static).numpy() - base

    asked = {
        "nitrogen": (known, {"mineral_n": np.zeros(len(base))}, gap("no_n")),
        "drainage": (known, {"drainage": c["drainage"] + c["drainage_change"]}, gap("drainage")),
        "temperature": (known, {"mat": c["mat"] + c["warming"]}, gap("temperature")),
        "pH": (survey, {"ph": ph_new}, base),
    }
    out: Told = {}
    for kind in kinds:
        models = {know.names: space.fit(kind, know) for know in (known, survey)}
        for name, (know, new, simulated) in asked.items():
            model = models[know.names]
            predicted = model.predict(space.shifted(know, **new)) - model.predict(know.x)
            out[name if kind == "trees" else f"{name} ({kind})"] = (predicted, simulated)
    return out


def arm_part(name: str, land: Landscapes, runs: dict[str, Run], ph_new: np.ndarray, out: Results) -> None:
    """Spatial models and verdicts of one arm, into ``out``."""
    here = land.of(name)
    part, survey = land.world.take(here), land.survey(here)
    own = {n: cut(r, torch.as_tensor(here)) for n, r in runs.items()}
    out.numbers["space"][name] = spatial_part(survey)
    told = forecasts(survey, part, own, ph_new[here])
    out.numbers["verdict"][name] = {q: compare.compare(f, h, survey.block).as_dict() for q, (f, h) in told.items()}
    kinds = (
        ("carbonate", land.caco3[here], compare.CARBONATE), ("aridity", part.covariates["aridity"], compare.ARIDITY),
    )  # fmt: skip
    out.numbers["classes"][name] = {}
    for question in BY_CLASS:
        f, h = told[question]
        out.numbers["classes"][name][question] = {
            kind: {k: v.as_dict() for k, v in compare.by_class(f, h, survey.block, value, edges).items()}
            for kind, value, edges in kinds
        }
        out.arrays[f"predicted_{name}_{question}"], out.arrays[f"simulated_{name}_{question}"] = f, h


def sites_part(sites: space.Survey, out: Results) -> None:
    """Spatial models of the real sites, and the accumulated effect of what is asked about, into ``out``."""
    out.numbers["space"]["sites"] = spatial_part(sites)
    for predictor in ("ph", "mineral_n", "drainage"):
        known = sites if predictor == "ph" else sites.without("ph")
        edges, effect = space.ale(space.fit("trees", known), known, predictor)
        out.arrays[f"ale_{predictor}_x"], out.arrays[f"ale_{predictor}_y"] = edges, effect


def attributions(land: Landscapes, runs: dict[str, Run]) -> dict[str, dict[str, float]]:
    """Rank correlation over columns of |TreeSHAP| of a driver in space with the size of its effect in time, by arm."""
    static = land.world.static
    base = change(runs["today"], static).numpy()
    effect = {n: change(runs[n], static).numpy() - base for n in ("no_n", "drainage", "temperature")}
    asked = {"nitrogen": ("mineral_n", "no_n"), "drainage": ("drainage", "drainage"), "temperature": ("mat", "temperature")}
    result: dict[str, dict[str, float]] = {}
    for name in ARMS:
        here = land.of(name)
        if len(here) >= LEAST_PLACES:
            known = land.survey(here).without("ph")
            values = space.tree_shap(space.TwoPart().fit(known.x, known.sic), known)
            result[name] = {
                q: compare.spearman(np.abs(values[:, known.names.index(p)]), np.abs(effect[s][here]))
                for q, (p, s) in asked.items()
            }
    return result


def of_member(member: Member, world: World, settings: Settings) -> dict[str, dict[str, dict[str, float]]]:
    """Verdicts of another member on landscapes of its own making: {arm: {question: ratio, skill, signs}}, trees only."""
    land = build_arms(member, world, settings)
    runs = {n: rollout(member, land.world, land.world.amounts(**SCENARIOS[n]), land.state, settings.years) for n in ASKED}
    ph_new = laboratory_ph(member, land.world, runs["today"].state)
    out = {}
    for name in ARMS:
        here = land.of(name)
        if len(here) >= LEAST_PLACES:
            survey = land.survey(here)
            own = {n: cut(r, torch.as_tensor(here)) for n, r in runs.items()}
            told = forecasts(survey, land.world.take(here), own, ph_new[here], kinds=("trees",))
            out[name] = {q: compare.brief(f, h) for q, (f, h) in told.items()}
    return out
