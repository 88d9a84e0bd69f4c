"""Compiled rollouts of `calcisol explain`: the same numbers as the step in Python, whatever the threads and the weights."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from calcisol.coupler.errors import StateError
from calcisol.coupler.explain_engine.march import March, open_march
from calcisol.emulator.explain import sanity
from calcisol.emulator.explain.gradients import _amounts, bands
from calcisol.emulator.explain.landscapes import laboratory_ph
from calcisol.emulator.explain.members import load_members, shuffled, with_weights
from calcisol.emulator.explain.rollouts import Member, Run, roll, rollout, start
from calcisol.emulator.explain.settings import NITROGEN_ON, Settings
from calcisol.emulator.explain.world import World
from calcisol.emulator.explain.yearly import Case, final_stock
from helpers.toy_world import toy_world

SAME = 1e-6  # relative: native kernel and Python sum in another order, searches in float32; 1e-7 was found
SLOPE = 3e-3  # relative gap of compiled differences and autograd: Newton's tolerance in both
COLUMNS = 3


@pytest.fixture(scope="module")
def settings(shipped: Path) -> Settings:
    """The shipped bundle with compiled steps; skips where the library has no kernel of it."""
    if open_march(shipped.read_bytes()) is None:
        pytest.skip("the library has no native kernel of the shipped bundle")
    return Settings(Path("none"), bundles=(shipped,), open_engine=lambda bundle: open_march(bundle, 2))


def soils(member: Member) -> tuple[World, torch.Tensor, torch.Tensor]:
    """Real chemistry on the toy's soils: world, amounts, first state."""
    world = toy_world(COLUMNS)
    world = replace(world, static=member.step.prepare(world.static))
    amounts = world.amounts(**NITROGEN_ON)
    return world, amounts, start(member.step, world, amounts)


def alike(a: Run, b: Run) -> None:
    for name in ("sic", "acid", "ph", "outside"):
        torch.testing.assert_close(getattr(a, name), getattr(b, name), rtol=SAME, atol=1e-12)
    torch.testing.assert_close(a.state, b.state, rtol=1e1 * SAME, atol=1e-9)  # traces of ions: relative to little; 5e-6


@pytest.mark.parametrize("which", ["first", "B0", "shuffled"])
def test_compiled_years_are_those_of_the_step(settings: Settings, which: str) -> None:
    """The explained bundle; the physical step, run as a bundle with a silent network; random weights put into a bundle."""
    members = load_members(settings)
    member = next(iter(members.values())) if which != "B0" else members["B0"]
    if which == "shuffled":
        member = shuffled(member, 1, settings) or pytest.fail("the shipped bundle has weights")
    assert member.engine is not None
    world, amounts, state = soils(member)
    compiled = rollout(member, world, amounts, state, 1)
    alike(compiled, rollout(Member(member.step), world, amounts, state, 1))
    np.testing.assert_allclose(
        laboratory_ph(member, world, compiled.state), laboratory_ph(Member(member.step), world, compiled.state), rtol=0, atol=1e-4
    )


def test_threads_change_no_bit_and_a_column_without_numbers_is_named(settings: Settings, shipped: Path) -> None:
    member = Member(sanity.load_step(shipped), open_march(shipped.read_bytes(), 1))
    world, amounts, state = soils(member)
    one, three = (
        rollout(member, world, amounts, state, 2),
        rollout(Member(member.step, March(shipped.read_bytes(), 3)), world, amounts, state, 2),
    )
    assert torch.equal(one.state, three.state) and torch.equal(one.sic, three.sic) and torch.equal(one.acid, three.acid)
    world.column[2, 0, 1] = float("nan")
    with pytest.raises(StateError, match="cannot be stepped"):
        rollout(member, world, amounts, state, 1)


def test_a_bundle_with_its_own_weights_is_the_same_bundle(shipped: Path) -> None:
    again = with_weights(shipped, {})
    with_again, own = (March(b).native for b in (again, shipped.read_bytes()))
    assert with_again == own


@pytest.mark.slow
def test_compiled_slopes_of_each_year_are_autograd_s(settings: Settings) -> None:
    """Two years, three bands: what a moved year does to the final stock; Captum's rows for each band are computed once."""
    member = next(iter(load_members(settings).values()))
    world, _, state = soils(member)
    case = Case(member.engine, world, state, bands(world))  # type: ignore[arg-type]
    index, nitrogen = torch.tensor([0, 1, 0]), torch.tensor([[1.0, 0.5], [0.3, 0.3], [1.0, 0.5]], dtype=torch.float64)

    def slopes(stock: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
        n = nitrogen.clone().requires_grad_()
        return torch.stack([torch.autograd.grad(stock(n)[:, band].sum(), n)[0] for band in range(3)])

    def by_step(n: torch.Tensor) -> torch.Tensor:
        part = world.take(index)
        return (bands(world) @ roll(member.step, part, _amounts(part, n.T), state[..., index], 2, gradient=True).sic[-1]).T

    mine, own = slopes(lambda n: final_stock(n, index, case)), slopes(by_step)
    assert torch.equal(mine[:, 0], mine[:, 2])
    torch.testing.assert_close(mine, own, rtol=SLOPE, atol=SLOPE * float(own.abs().max()))
