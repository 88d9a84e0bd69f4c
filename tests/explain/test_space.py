"""The spatial side on landscapes with a known cause, and the whole way from world to report."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from calcisol.emulator.explain import compare, sanity, space
from calcisol.emulator.explain.analysis import analyse
from calcisol.emulator.explain.forecasts import forecasts
from calcisol.emulator.explain.landscapes import survey_of, topsoil_sic
from calcisol.emulator.explain.report import write as write_report
from calcisol.emulator.explain.rollouts import Member, rollout, start
from calcisol.emulator.explain.settings import NITROGEN_ON, Settings
from calcisol.emulator.explain.world import WorldError, read_world
from calcisol.emulator.step.step import Step
from helpers.toy_world import Toy, toy_world, write

for library in ("captum", "sklearn", "shap"):
    pytest.importorskip(library, reason="needs the extra `explain`")

YEARS = 5
SCENARIOS: dict[str, dict[str, float]] = {
    "today": NITROGEN_ON, "no_n": {}, "drainage": {**NITROGEN_ON, "drainage": 1.0}, "temperature": NITROGEN_ON,
}  # fmt: skip


def landscape(step: Toy, history: int, columns: int = 80) -> tuple[space.Survey, dict[str, compare.Verdict]]:
    """A toy world after ``history`` years of today's forcing, its survey, and OLS forecasts against the next YEARS."""
    world = toy_world(columns)
    state = rollout(Member(step), world, world.amounts(**NITROGEN_ON), start(step, world, world.amounts()), history).state
    runs = {n: rollout(Member(step), world, world.amounts(**on), state, YEARS) for n, on in SCENARIOS.items()}
    survey = survey_of(world, topsoil_sic(world, state), state[12, 0].numpy())
    told = forecasts(survey, world, runs, runs["today"].state[12, 0].numpy())
    return survey, {q: compare.compare(*told[f"{q} (ols)"], survey.block) for q in ("nitrogen", "drainage")}


def test_climate_as_the_only_cause_is_found_and_stands_for_time() -> None:
    """Carbonate that follows drainage within months: space is time for drainage, and nitrogen does nothing in either."""
    survey, verdict = landscape(Toy(relax=3.0), history=5)
    importance = space.importance("trees", survey.without("ph"))
    assert importance["climate"] > 0.3 > 0.05 > abs(importance["nitrogen"])
    assert verdict["drainage"].ratio == pytest.approx(1.0, abs=0.02)  # linear law, linear model; relaxation left: exp(-15)
    assert verdict["drainage"].skill > 0.95 and verdict["drainage"].signs == 1.0
    assert verdict["nitrogen"].simulated == 0.0


def test_acid_as_the_only_cause_is_found_and_the_map_tells_its_history() -> None:
    """Loss a A T: the map's slope is that of the history, so predicted / simulated = history / horizon."""
    survey, verdict = landscape(Toy(acid=20.0), history=15)
    importance = space.importance("trees", survey.without("ph"))
    assert importance["nitrogen"] > 0.3 > 0.05 > abs(importance["climate"])
    assert verdict["nitrogen"].ratio == pytest.approx(15 / YEARS, rel=1e-6)
    assert verdict["nitrogen"].ratio_low <= 15 / YEARS <= verdict["nitrogen"].ratio_high + 1e-9


def test_blocks_stay_together_and_noise_has_no_skill() -> None:
    world = toy_world(80)
    noise = space.Survey(
        np.random.default_rng(1).normal(size=(80, 3)), ("mat", "clay", "ph"), np.random.default_rng(2).random(80), world.blocks()
    )
    for train, test in space.folds(noise):
        assert not set(noise.block[train]) & set(noise.block[test])
    assert all(space.cross_validated(kind, noise) < 0.1 for kind in space.MODELS)


def test_accumulated_effect_of_a_line_is_the_line() -> None:
    world = toy_world(80)
    survey = survey_of(world, 3.0 * world.covariates["clay"] + world.covariates["mat"], np.full(80, 7.0))
    edges, effect = space.ale(space.fit("ols", survey.without("ph")), survey.without("ph"), "clay")
    np.testing.assert_allclose(np.diff(effect), 3.0 * np.diff(edges), rtol=1e-8)


def test_shuffled_weights_move_the_network_and_leave_physics() -> None:
    from calcisol.emulator.step.correction import Core

    core = Core(16, seed=3)
    with torch.no_grad():
        core.output.weight.normal_(0.0, 0.3, generator=torch.Generator().manual_seed(1))
    step = Step(core)
    other = sanity.shuffled(step, seed=1)
    assert other is not None and not torch.equal(other.core.output.weight, core.output.weight)
    assert torch.equal(other.core.output.weight.sort().values.sum(), other.core.output.weight.sort().values.sum())
    assert sanity.shuffled(Step()) is None
    rng = np.random.default_rng(0)
    b0, part, noise = -rng.uniform(1.0, 2.0, 200), rng.normal(0.0, 0.05, 200), rng.normal(0.0, 0.05, 200)
    carried = sanity.what_weights_carry(b0 + part, b0, [b0 + noise])
    assert abs(carried["part"]) < 0.2 and carried["whole"] > 0.9


def test_the_step_of_a_bundle_is_the_same_in_this_version_s_code(shipped: Path) -> None:
    scripted = sanity.load_scripted(shipped)
    assert sanity._alike(scripted, sanity.load_step(shipped))


def test_a_world_that_lacks_something_is_named(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="does not exist"):
        read_world(tmp_path / "none.nc")
    world = toy_world(5)
    del world.covariates["aridity"]
    with pytest.raises(WorldError, match="lacks the covariate aridity"):
        read_world(write(world, tmp_path / "world.nc"))
    with pytest.raises(WorldError, match="driver 'rain' is unknown"):
        world.amounts(rain=1.0)


def test_from_world_to_report(tmp_path: Path) -> None:
    """Everything on a toy: numbers that are known appear in results and page."""
    toys = {"toy": Member(Toy(acid=2.0, water=3.0)), "B0": Member(Toy(acid=1.5, water=3.0))}
    path = write(toy_world(32), tmp_path / "world.nc")
    settings = Settings(path, years=2, spin_up=30, present=1, shapley_columns=2, gradient_columns=6, path_columns=2, nodes=2)
    heard: list[str] = []
    results = analyse(settings, heard.append, members=toys)
    assert results.numbers["temporal"]["per_mole"][1] == pytest.approx(2.0, rel=1e-6)
    assert results.numbers["temporal"]["agreement"]["within_10"] == 1.0
    assert results.numbers["path"]["within_1"] == 1.0 and results.numbers["shapley"]["gap"] < 1e-9
    page = write_report(tmp_path / "out", results).read_text(encoding="utf-8")
    assert "dissolves 2.00 mol of calcite" in page and page.count("<img") == 5
    assert not re.search(r"\bnan\b", re.sub(r'base64,[^"]*', "", page))
    assert json.loads((tmp_path / "out" / "results.json").read_text())["about"]["columns"] == 32
    assert heard[-1].endswith("done")
    with pytest.raises(ValueError, match="years = 0"):
        analyse(Settings(path, years=0), members=toys)
