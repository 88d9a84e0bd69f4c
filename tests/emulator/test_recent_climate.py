"""Recent climate of a layer: closed form of a steady year, the same for any step, and what it switches off."""

import pytest
import torch
from calcisol.emulator.contract.variables import load_table
from calcisol.emulator.processes.recent_climate import PAST, SPAN, START, drivers, running_mean, start
from calcisol.emulator.step.correction import Core
from calcisol.emulator.step.step import Step
from helpers.ensembles import tiny_ensemble

DAY = 86400.0
STEPS = 0.015
"""Relative, of a memory in steps of a month against the closed form: half of month / SPAN, to first order 1.2 %."""

SLOTS = [load_table().names("state").index(name) for name in PAST]


def after(seconds: float, steps: int) -> torch.Tensor:
    """Memory of a step change to 1 in ``steps`` steps."""
    past, one = torch.zeros((3, 1, 1), dtype=torch.float64), torch.ones((3, 1, 1), dtype=torch.float64)
    for _ in range(steps):
        past = running_mean(past, one, torch.tensor(seconds, dtype=torch.float64))
    return past


def test_memory_of_a_step_change() -> None:
    """1 - exp(-t / SPAN), and nearly so with steps of a month."""
    exact = 1.0 - torch.exp(torch.tensor(-720.0 * DAY / SPAN, dtype=torch.float64))
    assert float(after(0.01 * DAY, 72000)[0, 0, 0]) == pytest.approx(float(exact), rel=1e-5)
    assert float(after(30.0 * DAY, 24)[0, 0, 0]) == pytest.approx(float(exact), rel=STEPS)


def test_drivers_by_hand() -> None:
    """Lime counts twice its moles as base, acid against it, and both for every layer below."""
    acid = torch.tensor([[1.0], [0.5]], dtype=torch.float64)
    t, q = torch.full_like(acid, 280.0), torch.full_like(acid, 1e-5)
    lime = torch.tensor([2.0], dtype=torch.float64)
    now = drivers(t, q, acid, lime, torch.tensor(10.0, dtype=torch.float64))
    assert now[2, :, 0].tolist() == pytest.approx([0.3, 0.25])
    assert now[0, 0, 0] == 280.0 and now[1, 1, 0] == 1e-5


def test_a_first_state_knows_nothing_yet() -> None:
    data = tiny_ensemble()
    state = Step().initial_state(data.static, data.forcing_layer[0], data.forcing_column[0])
    for slot, value in zip(SLOTS, START, strict=True):
        assert (state[slot] == value).all()


@pytest.mark.parametrize("row", range(3))
def test_a_past_nobody_trained_on_is_flagged_and_answered_by_the_physics(row: int) -> None:
    """Out of the range of one driver: the flag says so, and the step is the one without network, bit for bit."""
    data = tiny_ensemble()
    core = Core()
    with torch.no_grad():
        core.output.bias.fill_(0.3)
    core.fit_past(torch.tensor([-1e9] * 3), torch.tensor([1e9] * 3))
    inputs = (data.static, data.forcing_layer[0], data.forcing_column[0], torch.tensor(DAY, dtype=torch.float64))
    with torch.no_grad():
        known = Step(core)(data.state[0], *inputs)
        core.past_high[row] = start(data.static[0])[row].min() - 0.05 * abs(START[row]) - 1e-9
        unknown, physics = Step(core)(data.state[0], *inputs), Step()(data.state[0], *inputs)
    assert ((known[3] & 6) == 0).all() and ((unknown[3] & 6) == 6).all()
    assert torch.equal(unknown[0], physics[0]) and not torch.equal(known[0], physics[0])
