"""Pedogenic carbonate that forms only above a saturation index: what the step does with ``si_pedogenic``."""

import pytest
import torch
from calcisol.emulator.step.correction import Core
from calcisol.emulator.step.step import Step
from helpers.tensors import TABLE, YEAR, pack, soil
from torch import Tensor

DAY = torch.tensor(86400.0, dtype=torch.float64)
SI = TABLE.names("static").index("si_pedogenic")
FLAGGED = 2 + 4  # outside the training, the physical step alone
NEAR = 0.03  # of the index: a day's implicit rate law leaves Omega a little above where it would end


def hard_irrigation(columns: int) -> tuple[Tensor, Tensor, Tensor]:
    """Calcareous soil given 500 mm a year of water of 5 mmol Ca(HCO3)2 per kg, most of which it evaporates."""
    static, layer, _ = soil(columns, 0.1)
    layer[TABLE.names("forcing", "layer").index("w_sink"), 0] = 450.0 / YEAR
    salts = {"dep_ca": 2.5 / YEAR, "dep_dic": 5.0 / YEAR}
    return static, layer, pack("forcing", "column", static.shape[1], columns, q_bot=50.0 / YEAR, **salts)


def run(step: Step, static: Tensor, layer: Tensor, column: Tensor, days: int) -> tuple[Tensor, Tensor, Tensor]:
    """First and last state, saturation index [layer, column] at the end."""
    static = step.prepare(static)
    first = state = step.initial_state(static, layer, column)
    for _ in range(days):
        state, out, _, _ = step(state, static, layer, column, DAY)
    return first, state, out[TABLE.names("output", "layer").index("si_calcite")]


@torch.no_grad()
def test_water_concentrates_to_the_index_before_carbonate_forms() -> None:
    static, layer, column = hard_irrigation(4)
    static[SI] = torch.tensor([0.0, 0.3, 0.6, 1.2], dtype=torch.float64)
    first, last, index = run(Step(), static, layer, column, 400)
    gained = (last[0] - first[0]).sum(0)
    assert (gained[1:] < gained[:-1]).all(), "the higher the index, the less forms"
    assert (index <= static[SI] + NEAR).all() and (index > -NEAR).all()
    torch.testing.assert_close(index[0, :3], static[SI, 0, :3], rtol=0.0, atol=NEAR)  # the layer that takes the irrigation


@torch.no_grad()
def test_the_network_does_not_answer_where_carbonate_waits() -> None:
    static, layer, column = hard_irrigation(2)
    static[SI, :, 1] = 0.2
    step = Step(Core(8))
    static = step.prepare(static)
    _, _, _, flag = step(step.initial_state(static, layer, column), static, layer, column, DAY)
    assert ((flag[:, 0] & FLAGGED) == 0).all() and ((flag[:, 1] & FLAGGED) == FLAGGED).all()


def test_gradient_by_the_index_is_the_difference_quotient() -> None:
    static, layer, column = hard_irrigation(1)
    step = Step()
    with torch.no_grad():
        static[SI] = 0.3
        _, state, _ = run(step, static, layer, column, 60)
    static = step.prepare(static)

    def calcite(si: Tensor) -> Tensor:
        rows = torch.cat([static[:SI], si.expand_as(static[:1]), static[SI + 1 :]])
        return step(state, rows, layer, column, DAY)[0][0, 0, 0]

    si = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(calcite(si), si)
    with torch.no_grad():
        quotient = (calcite(si + 1e-3) - calcite(si - 1e-3)) / 2e-3
    assert gradient < 0.0
    assert float(gradient) == pytest.approx(float(quotient), rel=0.05)  # gradients stop at the passes of coupling: a few percent
