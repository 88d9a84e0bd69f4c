"""The whole analysis: does space stand for time? From a world (and points) to numbers and arrays.

What:    three arms on the same soils and climates: emergent (carbonate left by millennia of leaching), inherited (carbonate of
         the rock, drawn without regard to climate), survey (carbonate of the nearest surveyed site). Temporal truth by rollouts,
         attribution by Shapley and integrated gradients, spatial models at the start, space-for-time forecasts against the truth.
Units:   SIC kg C m-2, upper 0.3 m for maps and forecasts, whole profile for nitrogen's response; amounts 1 = driver fully on.
Source:  science notes E.
Use:     ``results = analyse(Settings(world=path), say)``
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn

from ..chemistry.constants import MOLAR_MASS_C, MOLAR_MASS_CACO3
from ..rows import static_rows
from . import compare, gradients, sanity, shapley, space, teacher, temporal
from .rollouts import TOPSOIL, Run, change, rollout, spin_up, start, weights
from .world import DRIVERS, World, read_world

ARMS = ("emergent", "inherited", "survey")
PARENT = 0.10  # kg kg-1 carbonate of the parent material of the emergent arm, loess-like [assumption]
LITHOLOGY = (0.25, 0.001, 0.5)  # inherited arm: share without carbonate; log-uniform from, to (kg kg-1)
LEAST_PLACES = 30  # fewer cannot carry a spatial model
PREDICTORS = ("drainage", "mat", "aridity", "mineral_n", "husbandry_n", "clay", "soc", "ph")
NITROGEN_ON = {"n_acid": 1.0, "n_co2": 1.0}
SCENARIOS: dict[str, dict[str, float]] = {
    "today": NITROGEN_ON,
    "no_n": {},
    "acid": {"n_acid": 1.0},
    "n_minus_20": {"n_acid": 0.8, "n_co2": 0.8},
    "n_plus_10": {"n_acid": 1.1, "n_co2": 1.1},
    "drainage": {**NITROGEN_ON, "drainage": 1.0},
    "temperature": {**NITROGEN_ON, "temperature": 1.0},
}


@dataclass(frozen=True)
class Settings:
    """What to analyse and how much of it."""

    world: Path
    points: Path | None = None
    bundles: tuple[Path, ...] = ()  # the first is explained, all are members
    physical: bool = False  # explain the physical step (B0) instead of a bundle
    years: int = 20
    spin_up: int = 3000
    present: int = 10  # years of today's husbandry before the start
    shapley_columns: int = 32
    gradient_columns: int = 48
    path_columns: int = 12
    nodes: int = 8
    seed: int = 0
    min3p_folder: Path | None = None  # where MIN3P runs are kept; None: do not ask MIN3P
    min3p_columns: int = 20


@dataclass
class Results:
    """Numbers for JSON and the report, arrays for the figures."""

    numbers: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)


Say = Callable[[str], None]


def lithology(n: int, seed: int) -> np.ndarray:
    """Carbonate [column] kg kg-1 of the inherited arm, without regard to anything else."""
    rng = np.random.default_rng(seed)
    none, low, high = LITHOLOGY
    drawn = np.exp(rng.uniform(np.log(low), np.log(high), n))
    return np.where(rng.random(n) < none, 0.0, drawn)


def build_arms(step: nn.Module, world: World, settings: Settings) -> tuple[World, np.ndarray, Tensor]:
    """All columns of all arms side by side, the arm of each, and their state at the start (t0)."""
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
    both = replace(both, static=step.prepare(both.static))  # type: ignore[operator]
    natural = both.amounts(husbandry=0.0)
    state = start(step, both, natural)
    old = torch.as_tensor(np.flatnonzero(arm == "emergent"))
    if settings.spin_up > 0 and len(old):
        state[..., old] = spin_up(step, both.take(old), natural[:, old], state[..., old], settings.spin_up)
    state = rollout(step, both, both.amounts(**NITROGEN_ON), state, settings.present).state
    return both, arm, state


def topsoil_sic(world: World, state: Tensor) -> np.ndarray:
    """Stock above 0.3 m [column] kg C m-2."""
    return (MOLAR_MASS_C * state[0] * weights(world.static)).sum(0).numpy()


def caco3_percent(world: World, state: Tensor) -> np.ndarray:
    """Carbonate above 0.3 m, % of dry soil [column]."""
    s = static_rows(world.static)
    top = weights(world.static)
    mass = (s.bulk_density * s.dz * top).sum(0)
    return (100.0 * MOLAR_MASS_CACO3 * (state[0] * top).sum(0) / mass).numpy()


def survey_ph(step: nn.Module, world: World, state: Tensor) -> np.ndarray:
    """Laboratory pH in water of the plough layer [column]: what a map would hold; pore-water pH is another quantity.

    A step without a laboratory (a toy) answers with its own pH.
    """
    laboratory = getattr(step, "laboratory_ph", None)
    if laboratory is None:
        return state[12, 0].numpy()
    with torch.no_grad():
        return laboratory(world.static, state)[0, 0].numpy()


def survey_of(world: World, sic: np.ndarray, ph: np.ndarray) -> space.Survey:
    """What a mapper knows of these columns."""
    x = np.stack([ph if name == "ph" else world.covariates[name] for name in PREDICTORS], 1)
    return space.Survey(x, PREDICTORS, sic, world.blocks())


def spatial_part(survey: space.Survey) -> dict[str, Any]:
    """Skill on unseen blocks and importance of groups, with and without pH."""
    out: dict[str, Any] = {"places": len(survey.sic), "calcareous": float((survey.sic > space.PRESENT).mean())}
    for name, known in (("with_ph", survey), ("without_ph", survey.without("ph"))):
        out[name] = {kind: space.cross_validated(kind, known) for kind in space.MODELS}
        out[f"importance_{name}"] = space.importance("trees", known)
    return out


def forecasts(
    survey: space.Survey, world: World, runs: dict[str, Run], ph_new: np.ndarray
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """(foretold by trees [place], happened [place]) of each question put to space and to time, plus OLS under ``... (ols)``.

    Drivers are put to a model without pH (pH is a consequence); letting pH change is put to the model with it.
    """
    known = survey.without("ph")
    c = world.covariates
    static = world.static
    base = change(runs["today"], static).numpy()

    def gap(name: str) -> np.ndarray:
        return change(runs[name], static).numpy() - base

    asked = {
        "nitrogen": (known, {"mineral_n": np.zeros(len(base))}, gap("no_n")),
        "drainage": (known, {"drainage": c["drainage"] + c["drainage_change"]}, gap("drainage")),
        "temperature": (known, {"mat": c["mat"] + c["warming"]}, gap("temperature")),
        "pH": (survey, {"ph": ph_new}, base),
    }
    out: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for kind, mark in (("trees", ""), ("ols", " (ols)")):
        for name, (know, new, happened) in asked.items():
            model = space.fit(kind, know)
            out[name + mark] = (model.predict(space.shifted(know, **new)) - model.predict(know.x), happened)
    return out


def shapley_part(step: nn.Module, world: World, state: Tensor, years: int) -> tuple[np.ndarray, np.ndarray]:
    """(Shapley value [driver, column], total [column]) of the change of the whole profile, kg C m-2."""
    sets = shapley.coalitions(len(DRIVERS))
    n, copies = len(world), torch.arange(len(world)).repeat(len(sets))
    amounts = torch.cat([world.amounts(**dict(zip(DRIVERS, s.astype(float), strict=True))) for s in sets], 1)
    run = rollout(step, world.take(copies), amounts, state[..., copies], years)
    values = change(run).numpy().reshape(len(sets), n)
    return shapley.shapley(values, len(DRIVERS)), values[-1] - values[0]


def points_survey(path: Path) -> space.Survey:
    """The surveyed sites as a Survey."""
    with xr.open_dataset(path) as data:
        values = {str(n): v.values.astype(float) for n, v in data.data_vars.items()}
    sic = values["caco3"] / 100.0 * values["bulk_density"] * TOPSOIL * MOLAR_MASS_C / MOLAR_MASS_CACO3
    x = np.stack([values["ph_survey"] if name == "ph" else values[name] for name in PREDICTORS], 1)
    keys = np.stack([np.floor(values["lat"] / 2.0), np.floor(values["lon"] / 2.0)], 1)
    return space.Survey(x, PREDICTORS, sic, np.unique(keys, axis=0, return_inverse=True)[1].ravel())


def load_steps(settings: Settings) -> dict[str, nn.Module]:
    """The explained step first, then the other members, the physical step (B0) last or, where it is explained, alone."""
    b0 = sanity.physical(settings.bundles[0])
    if settings.physical:
        return {"B0": b0}
    return {**{p.stem: sanity.load_step(p) for p in settings.bundles}, "B0": b0}


def analyse(settings: Settings, say: Say = lambda text: None, steps: dict[str, nn.Module] | None = None) -> Results:
    """Everything. ``say`` hears one line per part; ``steps`` as of ``load_steps`` (others for tests)."""
    began = time.monotonic()
    out = Results()
    numbers = out.numbers
    if settings.years < 1:
        raise ValueError(f"years = {settings.years} must be 1 or more")
    world = read_world(settings.world)
    if len(world) < LEAST_PLACES:
        raise ValueError(f"the world has {len(world)} columns; spatial models need {LEAST_PLACES} or more")
    steps = load_steps(settings) if steps is None else steps
    name, step = next(iter(steps.items()))
    numbers["about"] = {
        "world": world.about, "columns": len(world), "years": settings.years, "spin_up": settings.spin_up, "step": name,
    }  # fmt: skip

    def part(text: str) -> None:
        say(f"{time.monotonic() - began:6.0f} s  {text}")

    part(f"columns of three arms, {settings.spin_up} years of leaching in the emergent one")
    both, arm, state = build_arms(step, world, settings)
    caco3, sic, ph = caco3_percent(both, state), topsoil_sic(both, state), survey_ph(step, both, state)
    part(f"{len(SCENARIOS)} scenarios of {len(both)} columns, {settings.years} years")
    runs = {name: rollout(step, both, both.amounts(**on), state, settings.years) for name, on in SCENARIOS.items()}
    ph_new = survey_ph(step, both, runs["today"].state)
    out.arrays |= {"arm": arm, "caco3": caco3, "sic": sic, "ph": ph, "ph_new": ph_new, "lat": both.lat, "lon": both.lon}
    out.arrays["aridity"] = both.covariates["aridity"]
    rich = caco3 > 1.0
    numbers["ph_shift"] = float(np.median(np.abs(ph_new - ph)[rich])) if rich.any() else float("nan")
    numbers["outside"] = float(runs["today"].outside.mean())

    part("response to nitrogen: finite differences and gradients")
    pick = _spread(np.flatnonzero((arm == "inherited") & (caco3 > 0.1)), settings.gradient_columns)
    numbers["temporal"] = temporal_part(step, both, state, runs, pick, settings, out)

    part("exact Shapley values")
    chosen = _spread(np.flatnonzero((arm == "inherited") & (caco3 > 0.1)), settings.shapley_columns)
    values, total = shapley_part(step, both.take(chosen), state[..., torch.as_tensor(chosen)], settings.years)
    out.arrays |= {"shapley": values, "shapley_caco3": caco3[chosen], "shapley_total": total}
    numbers["shapley"] = {
        "mean": dict(zip(DRIVERS, values.mean(1).tolist(), strict=True)),
        "total": float(total.mean()),
        "gap": float(np.abs(values.sum(0) - total).max()),
    }

    part("integrated gradients by year and depth")
    path = _spread(pick, settings.path_columns)
    by_year = gradients.integrated_gradients(
        step, both.take(path), state[..., torch.as_tensor(path)], settings.years, settings.nodes
    )
    out.arrays["by_year"] = by_year.share
    numbers["path"] = {
        "completeness_median": float(np.median(by_year.error)), "completeness_max": float(by_year.error.max()),
        "within_1": float((by_year.error <= 0.01).mean()), "columns": len(path),
        "bands": by_year.share.sum(1).mean(0).tolist(),
    }  # fmt: skip

    part("spatial models and what they foretell")
    numbers["space"], numbers["verdict"], numbers["classes"] = {}, {}, {}
    for each in ARMS:
        here = np.flatnonzero(arm == each)
        if len(here) >= LEAST_PLACES:
            arm_part(each, here, both, runs, survey_of(both.take(here), sic[here], ph[here]), ph_new[here], caco3[here], out)
    if settings.points is not None and settings.points.is_file():
        sites = points_survey(settings.points)
        numbers["space"]["sites"] = spatial_part(sites)
        for predictor in ("ph", "mineral_n", "drainage"):
            model = space.fit("trees", sites if predictor == "ph" else sites.without("ph"))
            know = sites if predictor == "ph" else sites.without("ph")
            edges, effect = space.ale(model, know, predictor)
            out.arrays[f"ale_{predictor}_x"], out.arrays[f"ale_{predictor}_y"] = edges, effect
    attributions(both, arm, runs, survey_of(both, sic, ph), out)

    part("members, random weights" + (", MIN3P" if settings.min3p_folder else ""))
    numbers["members"] = members_part(steps, both, state, pick, settings.years)
    if settings.min3p_folder is not None:
        numbers["teacher"] = {
            n: teacher.ask(s, settings.min3p_folder, settings.min3p_columns).as_dict() for n, s in steps.items()
        }
    numbers["about"]["seconds"] = time.monotonic() - began
    part("done")
    return out


def _spread(positions: np.ndarray, count: int) -> np.ndarray:
    """At most ``count`` of the positions, evenly spread."""
    if len(positions) <= count:
        return positions
    return positions[np.linspace(0, len(positions) - 1, count).round().astype(int)]


def temporal_part(
    step: nn.Module, both: World, state: Tensor, runs: dict[str, Run], pick: np.ndarray, settings: Settings, out: Results
) -> dict[str, Any]:
    """Numbers of the response to nitrogen of the picked columns."""
    i = torch.as_tensor(pick)

    def cut(run: Run) -> Run:
        return Run(run.sic[..., i], run.acid[i], run.ph[i], run.state[..., i], run.outside[i])

    response = temporal.nitrogen_response(
        step, both.take(pick), state[..., i], settings.years, cut(runs["today"]), cut(runs["no_n"]), cut(runs["acid"])
    )
    out.arrays |= {
        "finite": response.finite, "autograd": response.autograd, "per_mole": response.per_mole, "per_kg": response.per_kg,
        "gone_with": response.gone_with, "gone_without": response.gone_without, "pick": pick,
    }  # fmt: skip
    fell = np.nanquantile(response.per_mole, [0.05, 0.5, 0.95]).tolist()
    kg = np.nanquantile(response.per_kg, [0.05, 0.5, 0.95]).tolist()
    sooner = (response.gone_without - response.gone_with) / response.gone_without
    mean = {n: float(change(cut(r)).mean()) for n, r in runs.items()}
    return {
        "agreement": temporal.agreement(response), "per_mole": fell, "per_kg": kg, "columns": len(pick), "mean_change": mean,
        "gone_with": float(np.nanmedian(response.gone_with)), "gone_without": float(np.nanmedian(response.gone_without)),
        "sooner": float(np.nanmedian(sooner)),
    }  # fmt: skip


def arm_part(
    name: str,
    here: np.ndarray,
    both: World,
    runs: dict[str, Run],
    survey: space.Survey,
    ph_new: np.ndarray,
    caco3: np.ndarray,
    out: Results,
) -> None:
    """Spatial models and verdicts of one arm, into ``out``."""
    i = torch.as_tensor(here)
    part = both.take(here)
    own = {n: Run(r.sic[..., i], r.acid[i], r.ph[i], r.state[..., i], r.outside[i]) for n, r in runs.items()}
    out.numbers["space"][name] = spatial_part(survey)
    told = forecasts(survey, part, own, ph_new)
    out.numbers["verdict"][name] = {q: compare.compare(f, h, survey.block).as_dict() for q, (f, h) in told.items()}
    classes: dict[str, Any] = {}
    for question in ("nitrogen", "drainage", "pH"):
        f, h = told[question]
        classes[question] = {
            kind: {k: v.as_dict() for k, v in compare.by_class(f, h, survey.block, value, edges).items()}
            for kind, value, edges in (
                ("carbonate", caco3, compare.CARBONATE), ("aridity", part.covariates["aridity"], compare.ARIDITY),
            )
        }  # fmt: skip
        out.arrays[f"foretold_{name}_{question}"], out.arrays[f"happened_{name}_{question}"] = f, h
    out.numbers["classes"][name] = classes


def attributions(both: World, arm: np.ndarray, runs: dict[str, Run], survey: space.Survey, out: Results) -> None:
    """Rank correlation over columns of |TreeSHAP| of a driver in space with the size of its effect in time, by arm."""
    base = change(runs["today"], both.static).numpy()
    effects = {
        "nitrogen": change(runs["no_n"], both.static).numpy() - base,
        "drainage": change(runs["drainage"], both.static).numpy() - base,
        "temperature": change(runs["temperature"], both.static).numpy() - base,
    }
    predictor = {"nitrogen": "mineral_n", "drainage": "drainage", "temperature": "mat"}
    result: dict[str, dict[str, float]] = {}
    for name in ARMS:
        here = np.flatnonzero(arm == name)
        if len(here) < LEAST_PLACES:
            continue
        known = survey.take(here).without("ph")
        values = space.tree_shap(space.TwoPart().fit(known.x, known.sic), known)
        result[name] = {
            q: compare.spearman(np.abs(values[:, known.names.index(p)]), np.abs(effects[q][here])) for q, p in predictor.items()
        }
    out.numbers["attribution_rank"] = result


def members_part(steps: dict[str, nn.Module], both: World, state: Tensor, pick: np.ndarray, years: int) -> dict[str, Any]:
    """Effect of nitrogen by every member; ranks against the first; what shuffled weights leave of it."""
    part, first = both.take(pick), state[..., torch.as_tensor(pick)]

    def effect(model: nn.Module) -> np.ndarray:
        with_n, without = (rollout(model, part, part.amounts(**on), first, years) for on in (NITROGEN_ON, {}))
        return (change(with_n) - change(without)).numpy()

    effects = {n: effect(m) for n, m in steps.items()}
    explained, b0 = next(iter(effects.values())), list(effects.values())[-1]
    out: dict[str, Any] = {
        "tau": sanity.rank_stability(effects),
        "mean": {n: float(e.mean()) for n, e in effects.items()},
    }
    random = [sanity.shuffled(next(iter(steps.values())), seed) for seed in (1, 2, 3)]
    found = [effect(r) for r in random if r is not None]
    if found:
        out["random"] = sanity.what_weights_carry(explained, b0, found)
    return out
