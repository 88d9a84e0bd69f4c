"""Soils whose aluminium is not that of gibbsite: what the step and its laboratory do with ``si_gibbsite``."""

import pytest
import torch
from calcisol.emulator.step.step import Step
from helpers.tensors import MONTH, TABLE, YEAR, soil
from torch import Tensor

SI = TABLE.names("static").index("si_gibbsite")
BY_THIRDS = 0.04  # of pH: protons in the water count beside aluminium


def acid(columns: int) -> tuple[Tensor, Tensor, Tensor]:
    """Soil without calcite and with little of an exchanger that gets 1 mol m-2 a year of acid."""
    static, layer, column = soil(columns, 0.0)
    names = TABLE.names("static")
    static[names.index("ph0")], static[names.index("cec")] = 4.5, 0.01
    layer[TABLE.names("forcing", "layer").index("h_src"), 0] = 1.0 / YEAR
    return static, layer, column


@torch.no_grad()
def test_floor_of_ph_lies_a_third_of_the_index_lower() -> None:
    """Aluminium carries the acid away: its activity K 10^SI {H}^3 is what the acid asks for, so that pH moves by SI / 3."""
    static, layer, column = acid(3)
    static[SI] = torch.tensor([0.0, -0.6, -1.2], dtype=torch.float64)
    step = Step()
    static = step.prepare(static)
    state = step.initial_state(static, layer, column)
    for _ in range(12 * 10):
        state, _, _, _ = step(state, static, layer, column, torch.tensor(MONTH, dtype=torch.float64))
    ph = state[TABLE.names("state").index("ph")][0]
    assert 3.8 < ph[0] < 4.3
    assert (ph - ph[0]).tolist() == pytest.approx([0.0, -0.2, -0.4], abs=BY_THIRDS)
    read = step.laboratory_ph(static, state)[1, 0]
    assert (read - read[0]).tolist() == pytest.approx([0.0, -0.2, -0.4], abs=BY_THIRDS)


@torch.no_grad()
def test_calcareous_soil_does_not_notice() -> None:
    static, layer, column = soil(2, 0.1)
    static[SI, :, 1] = -1.0
    step = Step()
    static = step.prepare(static)
    state, _, _, _ = step(
        step.initial_state(static, layer, column), static, layer, column, torch.tensor(MONTH, dtype=torch.float64)
    )
    torch.testing.assert_close(state[..., 0], state[..., 1], rtol=1e-6, atol=1e-9)
