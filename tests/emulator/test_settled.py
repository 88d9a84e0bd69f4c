"""What a fixed number of turns and passes leaves open: the meaning of the flag "residual", the step beside a converged one."""

import math

import pytest
import torch
from calcisol.emulator.chemistry.equilibrium import Equilibrium, Problem
from calcisol.emulator.step.outputs import TOLERANCE
from calcisol.emulator.step.step import Step
from helpers.tensors import TABLE, random_forcing, soil
from torch import Tensor

from ..chemistry.test_equilibrium import soil_problem

PH = 1e-4
"""What 99 of 100 answers without the flag are off by at most, in pH: the meaning of the flag (``outputs.TOLERANCE``)."""
WORST = 5e-4
"""In any of them; found 3.1e-4."""
DAY = 86400.0


def neighbour(problem: Problem, off: float) -> Problem:
    """As after a step: solutes, CO2 and calcite changed by up to ``off`` (in ln), what the exchanger holds by a thirtieth."""
    generator = torch.Generator().manual_seed(3)

    def shaken(x: Tensor, most: float) -> Tensor:
        return x * torch.exp(torch.empty_like(x).uniform_(-most, most, generator=generator))

    moved = {name: shaken(getattr(problem, name), off) for name in ("anions", "so4", "pco2", "calcite")}
    return problem._replace(totals=shaken(problem.totals, off / 30.0), **moved)


@pytest.mark.parametrize("off", [0.003, 0.03, 0.3])
def test_without_the_flag_ph_is_that_of_the_converged_solution(off: float) -> None:
    """Searches of one, two and three turns from the solution of a neighbouring problem, against sixty turns."""
    solver = Equilibrium("min3p")
    problem, t = soil_problem(4000)
    k, g = solver.constants(t), solver.activity(torch.full_like(t, 0.01), t)
    guess = torch.exp(torch.stack([torch.full_like(t, -15.0)] + [torch.full_like(t, 2.0)] * 3))
    old = solver(problem, k, g, guess, torch.full_like(t, 0.8), 60)
    new = neighbour(problem, off)
    root = solver(new, k, g, old.activities, old.sulphate_share, 60)
    flagged = []
    for turns in (1, 2, 3):
        found = solver(new, k, g, old.activities, old.sulphate_share, turns)
        error = (found.unknowns - root.unknowns)[0].abs() / math.log(10.0)
        passed = found.left <= TOLERANCE
        flagged.append(int((~passed).sum()))
        if passed.sum() > 100:
            assert float(error[passed].quantile(0.99)) < PH
            assert float(error[passed].max()) < WORST
    assert flagged == sorted(flagged, reverse=True)
    assert (flagged[0] > 2000) == (off > 0.01), "a single turn from far away is told, one from near by is let pass"


def weather(seed: int, layer: Tensor, column: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """``random_forcing`` with a ``share`` of its jumps of water: as they are, most of a soil is turned over in a step."""
    f, c = random_forcing(seed, layer, column)
    water = TABLE.names("forcing", "layer").index("w_liq")
    f[water] = layer[water] + share * (f[water] - layer[water])
    return f, c


@torch.no_grad()
@pytest.mark.parametrize(("share", "middle", "most"), [(0.05, 2e-5, 5e-3), (0.2, 2e-4, 1.0)])
def test_steps_come_near_the_converged_one(share: float, middle: float, most: float) -> None:
    """Days from the same states; ten passes of ten turns are taken for the converged solution. Where water jumps, a front moves
    by a layer or does not: there, single cells differ, the others as without."""
    step, reference = Step(), Step()
    reference.first, reference.passes, reference.polish, reference.last = 8, 10, 10, 8
    static, layer, column = soil(48)
    static = step.prepare(static)
    state = step.initial_state(static, layer, column)
    dt = torch.tensor(DAY, dtype=torch.float64)
    errors = []
    for n in range(5):
        given = (state, static, *weather(n, layer, column, share), dt)
        found = step(*given)
        converged = reference(*given)
        errors.append((found[0] - converged[0])[TABLE.index("state", "ph")].abs())
        state = found[0]
    error = torch.stack(errors)
    assert float(error.median()) < middle
    assert float(error.max()) < most
