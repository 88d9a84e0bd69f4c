"""Attribution in time against closed forms: additivity, completeness, worlds whose cause is known; gradient of the real step."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from calcisol.emulator.explain import gradients, shapley
from calcisol.emulator.explain.attribution import shapley_part
from calcisol.emulator.explain.rollouts import MONTH, Member, change, leap, roll, rollout, spin_up, start
from calcisol.emulator.explain.sanity import load_step, physical
from calcisol.emulator.explain.settings import NITROGEN_ON
from calcisol.emulator.explain.world import DRIVERS, NITROGEN, World
from helpers.tensors import TABLE, soil
from helpers.toy_world import Toy, ToyEngine, toy_world

pytest.importorskip("captum", reason="needs the extra `explain`")
ROUND_OFF = 1e-10  # of sums of float64 over some hundred steps
QUADRATURE = 1e-7  # relative: Captum holds the weights of its nodes in float32
WHOLE = 5e-4  # relative gap of the whole gradient and the finite difference: searches in float32; 1.9e-4 was found
MOLAR_MASS_C = 12.011e-3
YEARS = 3


def begin(step: Toy, world: World) -> torch.Tensor:
    return start(step, world, world.amounts())


def loads(world: World) -> tuple[np.ndarray, np.ndarray]:
    """Acid mol yr-1 and drainage m yr-1 of the toy's columns."""
    return world.covariates["mineral_n"] * 1e-3, world.covariates["drainage"] * 1e-3


def test_shapley_of_a_game_with_a_known_answer() -> None:
    """Glove game: one left (player 0), two right gloves; only pairs are worth 1. Known values 2/3, 1/6, 1/6."""
    values = np.array([float(s[0] and (s[1] or s[2])) for s in shapley.coalitions(3)])
    np.testing.assert_allclose(shapley.shapley(values, 3), [2 / 3, 1 / 6, 1 / 6], rtol=0, atol=1e-15)


def test_shapley_adds_up_for_any_values() -> None:
    values = np.random.default_rng(0).normal(size=(64, 5))
    np.testing.assert_allclose(shapley.shapley(values, 6).sum(0), values[-1] - values[0], rtol=0, atol=1e-13)
    with pytest.raises(ValueError, match="give all 64"):
        shapley.shapley(values[:-1], 6)


@pytest.mark.parametrize(("acid", "water", "both"), [(2.0, 0.0, 0.0), (0.0, 5.0, 0.0), (2.0, 5.0, 3.0)])
def test_drivers_get_what_they_cause(acid: float, water: float, both: float) -> None:
    """Loss = (a A + w Q + b A Q) T; drainage falls by 20 %: acid alone, climate alone, and both with their interaction halved."""
    world, step = toy_world(6), Toy(acid, water, both)
    values, total = shapley_part(Member(step), world, begin(step, world), YEARS)
    a, q = loads(world)
    expected = dict.fromkeys(DRIVERS, np.zeros(6))
    expected["n_acid"] = -(acid * a + 0.9 * both * a * q) * YEARS * MOLAR_MASS_C
    expected["drainage"] = (0.2 * water * q + 0.1 * both * a * q) * YEARS * MOLAR_MASS_C
    for k, driver in enumerate(DRIVERS):
        np.testing.assert_allclose(values[k], expected[driver], rtol=0, atol=ROUND_OFF)
    np.testing.assert_allclose(values.sum(0), total, rtol=0, atol=ROUND_OFF)


@pytest.mark.parametrize("compiled", [False, True])
def test_integrated_gradients_are_complete_and_name_the_year_and_depth(compiled: bool) -> None:
    """Carbonate that also relaxes forgets old acid: the share of year y is exp(-relax x age), in months; all from layer 1."""
    world, step = toy_world(4), Toy(acid=2.0, relax=0.3)
    member = Member(step, ToyEngine(step) if compiled else None)
    found = gradients.integrated_gradients(member, world, begin(step, world), YEARS, nodes=3)
    assert found.error.max() < QUADRATURE
    a, _ = loads(world)
    kept = (1.0 - 0.3 / 12.0) ** np.arange(12 * YEARS)[::-1]  # of the acid of each month, at the end
    expected = -2.0 * a[:, None] / 12.0 * kept.reshape(YEARS, 12).sum(1) * MOLAR_MASS_C
    np.testing.assert_allclose(found.share[:, :, 0], expected, rtol=QUADRATURE)
    assert np.abs(found.share[:, :, 1:]).max() == 0.0


def test_gradient_equals_finite_difference_where_the_law_is_smooth() -> None:
    world, step = toy_world(5), Toy(acid=2.0, water=1.0, both=3.0, relax=0.1)
    state = begin(step, world)
    slope = gradients.nitrogen_gradient(step, world, state, YEARS)
    up, down = (change(rollout(Member(step), world, world.amounts(n_acid=x, n_co2=x), state, YEARS)) for x in (1.1, 0.9))
    np.testing.assert_allclose(slope, (up - down).numpy() / 0.2, rtol=1e-9)


def test_a_path_with_a_kink_is_cut_until_it_adds_up() -> None:
    """Acid that takes all there is before the horizon: the effect stops growing part of the way along the path."""
    world, step = toy_world(4), Toy(acid=2.0)
    state = begin(step, world)
    state[0] = 0.6 * 2.0 * torch.as_tensor(loads(world)[0]) * YEARS  # gone at 0.6 of the nitrogen
    whole = gradients.integrated_gradients(Member(step), world, state, YEARS, nodes=8)
    np.testing.assert_allclose(whole.total, -state[0, 0].numpy() * MOLAR_MASS_C, rtol=1e-12)
    assert (whole.segments > 1).all() and whole.error.max() < 0.04  # one of 32 points lies on the wrong side of the kink
    assert whole.error.max() < gradients.integrated_gradients(Member(step), world, state, YEARS, nodes=2).error.max()


@pytest.mark.parametrize("load", [physical, load_step])
@pytest.mark.parametrize("name", ["dep_no3", "dep_so4", "co2_src_total"])
def test_gradient_of_the_step_is_its_finite_difference(name: str, load: Callable[[Path], Any], shipped: Path) -> None:
    """Through three months of real chemistry, without the network and with it. The step's own gradient misses up to 10 %."""
    step = load(shipped)
    static, layer, column = soil(4, torch.tensor([0.005, 0.02, 0.1, 0.3], dtype=torch.float64))
    static = step.prepare(static)
    row = TABLE.names("forcing", "column").index(name)
    size = 1e-9 if name != "co2_src_total" else 2e-9
    dt = torch.tensor(MONTH, dtype=torch.float64)
    with torch.no_grad():
        begun = step.initial_state(static, layer, column)
        for _ in range(6):
            begun = step(begun, static, layer, column, dt)[0]

    def loss(amount: torch.Tensor) -> torch.Tensor:
        now = torch.cat([column[:row], (column[row] + size * amount).unsqueeze(0), column[row + 1 :]])
        state = begun
        for _ in range(3):
            state = step(state, static, layer, now, dt)[0]
        return state[0].sum(0)

    amount = torch.ones(4, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(loss(amount).sum(), amount)
    with torch.no_grad():
        finite = (loss(amount + 0.1) - loss(amount - 0.1)) / 0.2
    torch.testing.assert_close(slope, finite, rtol=WHOLE, atol=0.0)


def test_gradient_holds_how_a_solution_answers_to_pressure(shipped: Path) -> None:
    """Calcite of the top layer after eight days, whose first pressure moves with nitrogen: 0.7-6 % off with responses held."""
    step = load_step(shipped)
    world = toy_world(3)
    world = replace(world, static=step.prepare(world.static))
    on = world.amounts(**NITROGEN_ON)
    begun = roll(step, world, on, start(step, world, on), 1).state
    dt = torch.tensor(8 * 86400.0, dtype=torch.float64)

    def calcite(amount: torch.Tensor) -> torch.Tensor:
        return step(begun, world.static, *world.forcing(0, on * amount), dt)[0][0, 0]

    def moved(by: float) -> torch.Tensor:  # with a gradient the root is found first, so that differences are smooth
        return calcite(torch.full((3,), 1.0 + by, dtype=torch.float64, requires_grad=True)).detach()

    amount = torch.ones(3, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(calcite(amount).sum(), amount)
    torch.testing.assert_close(slope, (moved(0.05) - moved(-0.05)) / 0.1, rtol=WHOLE, atol=0.0)


def test_chunks_and_checkpoints_change_nothing() -> None:
    world, step = toy_world(7), Toy(acid=2.0, water=1.0, relax=0.1)
    on, state = world.amounts(**dict.fromkeys(NITROGEN, 1.0)), begin(step, world)
    whole, parts, graded = roll(step, world, on, state, 2), rollout(Member(step), world, on, state, 2, chunk=3), None
    graded = roll(step, world, on, state, 2, gradient=True)
    assert torch.equal(whole.sic, parts.sic) and torch.equal(whole.sic, graded.sic) and torch.equal(whole.acid, parts.acid)


def test_millennia_by_leaps_are_those_of_all_steps() -> None:
    """A stock that relaxes over a century: leaps of 28 years against every month of 300 (explicit leaps: 5 % of the change)."""
    world, step = toy_world(6), Toy(water=3.0, relax=0.01)
    off, state = world.amounts(), begin(step, world)
    leapt, stepped = spin_up(Member(step), world, off, state, 300), rollout(Member(step), world, off, state, 300).state
    moved = (stepped - state)[0, 0]
    assert ((leapt - stepped)[0, 0].abs() < 0.05 * moved.abs()).all()


def test_what_an_empty_layer_cannot_give_comes_from_below() -> None:
    calcite = torch.tensor([[1.0], [5.0], [0.5]], dtype=torch.float64)
    rate = torch.tensor([[-0.1], [-0.05], [0.0]], dtype=torch.float64)
    after = leap(calcite, rate, 28.0)
    torch.testing.assert_close(after, torch.tensor([[0.0], [1.8], [0.5]], dtype=torch.float64))
    torch.testing.assert_close(after.sum(), (calcite + 28.0 * rate).sum())
