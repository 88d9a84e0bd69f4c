"""Equilibrium with a complete gradient: sulphate pairs included, which the solver of the step lags by one iteration.

What:    same values without a gradient; with one, the root is found first and ``ROUNDS`` more Newton steps carry the gradient.
Why:     the step's gradient flows through one Newton step, with free sulphate and the Jacobian held: pairs of sulphate with the
         calcium that changes are missed, 0.5-4 % of nitrogen's gradient, and each further round divides what is missed by ten;
         so is the change of a solution's response to CO2 pressure, a tenth of the first pressure's gradient, which the network
         reads: up to 10 % of nitrogen's over two years [measured].
Units:   as chemistry/equilibrium.py, whose species and Newton step these are. Shapes [row, layer, column].
Source:  gradient of a fixed point through its last iterations (Christianson 1994, doi:10.1080/10556789408805572).
Use:     ``step = with_whole_gradient(Step(core))``
"""

import torch
from torch import Tensor

from ..chemistry.equilibrium import Equilibrium
from ..chemistry.records import Activity, Constants, Problem, Solution, Speciation
from ..step.step import Step

ROUNDS = 3  # gradient within 0.1 % of the finite difference; 1: 2 %, 2: overshoots to 4 % (the lag alternates)


class WholeGradient(Equilibrium):
    """``Equilibrium`` for explaining: slower by half where a gradient is asked for, the same where none is."""

    def forward(
        self,
        p: Problem,
        k: Constants,
        g: Activity,
        guess: Tensor,
        sulphate_share: Tensor,
        iterations: int,
        quick: bool = False,
        rough: bool = False,
    ) -> Solution:
        """As ``Equilibrium.forward``; the solution is also further into the root by ``ROUNDS`` Newton steps with a
        gradient, in float64."""
        if not torch.is_grad_enabled():
            return super().forward(p, k, g, guess, sulphate_share, iterations, quick, rough)
        with torch.no_grad():
            found = super().forward(p, k, g, guess, sulphate_share, iterations)
        a, so4_free = found.activities, found.sulphate_share * p.so4
        limit = torch.full_like(so4_free, self.max_step)
        for _ in range(ROUNDS - 1):
            a, so4_free, _ = self.turn(p, k, g, a, so4_free, limit)
        return self.last_turn(p, k, g, a, so4_free, False)

    def held_jacobian(self, p: Problem, s: Speciation) -> list[list[Tensor]]:
        """With its gradient: how a solution answers to pressure and anions, its inverse, is part of the step."""
        return self.jacobian(p, s)


def with_whole_gradient(step: Step) -> Step:
    """The same step, whose equilibrium now passes its whole gradient; its constants and values stay as they are."""
    whole = WholeGradient.__new__(WholeGradient)
    whole.__dict__.update(step.equilibrium.__dict__)
    step.equilibrium = whole
    return step
