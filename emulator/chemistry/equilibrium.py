"""Equilibrium of the soil solution: pH, exchanger and calcite from conserved totals at a given CO2 pressure.

What:    finds pH and the exchange potential of each site so that charge balances and every site is full; calcite reacts by
         an implicit linear rate law, which runs from no reaction (rate 0) to equilibrium (rate to infinity).
Units:   totals mol m-2 with water kg m-2; mol per kg of water inside. Shapes [row, layer, column], float64.
Source:  speciation.py has the species and their constants, balance.py the balances and their derivatives.
Method:  damped Newton steps in the logarithms of the unknowns (H+ activity; u of each site, u = equivalent fraction of Na /
         activity of Na), in which logs of sums of exponentials are nearly linear. What is carried are the unknowns themselves:
         exp(m) and ln(r) of a step are their rational approximations (2 + m) / (2 - m) and 2 (r - 1) / (r + 1), third order
         near the root and bounded far from it. The last turn of a search takes its species along to first order, so that
         none has to be made again: an error e in the unknowns leaves about e^2 in all that is returned. So the turns before
         it may be in float32 (``quick``), and where a millionth will do all of it (``rough``; single.py).
"""

import torch
from torch import Tensor

from ..contract.ordered import ordered_sum
from ..contract.turns import enter, leave, turns
from .balance import Balance
from .ions import ammonium, calcium, divalent, magnesium, monovalent, potassium, sodium
from .records import Activity, Constants, Problem, Solution, Speciation
from .single import in_double, rounded, rounded_activity, rounded_constants, rounded_species

MOST_LOST, MOST_GAINED = -0.6, 2.0
"""Bounds of a relative change to first order: an amount stays positive, and finite, however far the root is."""


def raised(x: Tensor, ln_change: Tensor) -> Tensor:
    """``x`` times exp(``ln_change``), by the rational approximation; changes below 2."""
    return x * ((2.0 + ln_change) / (2.0 - ln_change))


def ln_ratio(a: Tensor, b: Tensor) -> Tensor:
    """ln(a / b) by the rational approximation, within 1."""
    return (2.0 * (a - b) / (a + b)).clamp(-1.0, 1.0)


def detached(p: Problem) -> Problem:
    """A problem without gradient."""
    return Problem(
        p.totals.detach(),
        p.anions.detach(),
        p.so4.detach(),
        p.cec.detach(),
        p.dissolving.detach(),
        p.forming.detach(),
        p.forming_above.detach(),
        p.calcite.detach(),
        p.pco2.detach(),
    )


class Equilibrium(Balance):
    """Solver for the species of ``SoilSolution``."""

    def __init__(self, thermodynamics: str = "min3p", aluminium: str = "AlX3") -> None:
        super().__init__(thermodynamics, aluminium)
        self.max_step: float = 1.5  # largest Newton step in a log unknown (0.65 pH): a cold start must not overshoot
        self.min_step: float = 0.005
        self.curvature: float = 25.0  # error of ln h over the square of the last move: 99 of 100 random soils are below
        self.past_kink: float = 1e-3  # of Omega, by which a step goes beyond a kink of the rate law of calcite
        self.most_lost: float = MOST_LOST
        self.most_gained: float = MOST_GAINED

    def turn(self, p: Problem, k: Constants, g: Activity, a: Tensor, so4_free: Tensor, limit: Tensor) -> list[Tensor]:
        """One turn of the search: unknowns [1 + site, ...], free sulphate and the largest step allowed next [layer, column]."""
        s = self.speciate(p, k, g, a, so4_free)
        move = torch.stack(self.eliminate([self.imbalances(p, s)], self.held_jacobian(p, s))[0])
        change = -move * self.shortening(move, limit)
        change = change * self.up_to_kink(p, s, change)
        shorter = (0.9 * limit).clamp(min=self.min_step)  # breaks the cycles of a long search between the two calcite branches
        return [raised(a, torch.cat([change[-1:], change[:-1]])), s.so4_free, shorter]

    def up_to_kink(self, p: Problem, s: Speciation, change: Tensor) -> Tensor:
        """Share of ``change`` [site + 1, ...] at which calcite begins or ceases to dissolve or form [layer, column]; 1: none.

        Where calcite rests between two saturations its rate law has two kinks, and a Newton step from one side says little of the
        other: without a stop the search runs to and fro across them. ln Omega moves almost linearly; its logarithm by Pade [2/2].
        """
        per_den = 1.0 / calcium(s.den)
        omega = s.per_ca * calcium(p.totals) * per_den  # of the water before calcite reacts
        by_u, by_h = change[: self.n_sites], change[self.n_sites]
        paired = calcium(s.pairs_hco3) + 2.0 * calcium(s.pairs_co3)
        rise = (paired * by_h - calcium(s.affinity) * ordered_sum(s.held2 * by_u, 0)) * per_den - 2.0 * by_h  # of ln omega
        rises, above, one = rise > 0.0, p.forming_above, torch.ones_like(omega)
        kink = torch.where(
            rises,
            torch.where(omega > 1.0, above, one) * (1.0 + self.past_kink),
            torch.where(omega > above, above, one) * (1.0 - self.past_kink),
        )
        k2, r2 = kink * kink, omega * omega
        share = 3.0 * (k2 - r2) / ((k2 + 4.0 * kink * omega + r2) * rise)
        ahead = torch.where(rises, omega <= above, omega > 1.0) & (p.forming_above > 1.0)
        stops = ahead & (share > 0.0) & (share < 1.0)  # none where nothing changes
        return torch.where(stops, share, torch.ones_like(share)).detach()

    def held_jacobian(self, p: Problem, s: Speciation) -> list[list[Tensor]]:
        """The Jacobian without gradient: gradients flow through the imbalances alone."""
        rows: list[list[Tensor]] = []
        for row in self.jacobian(p, s):
            held: list[Tensor] = []
            for entry in row:
                held.append(entry.detach())
            rows.append(held)
        return rows

    def eliminated_in_single(self, p: Problem, s: Speciation, rights: list[list[Tensor]]) -> list[list[Tensor]]:
        """Solutions for ``rights`` in float64 by a Jacobian in float32: what digits it lacks are a share of the last move."""
        rows = self.held_jacobian(rounded(p), rounded_species(s))
        short: list[list[Tensor]] = []
        for right in rights:
            entries: list[Tensor] = []
            for entry in right:
                entries.append(entry.float())
            short.append(entries)
        out: list[list[Tensor]] = []
        for found in self.eliminate(short, rows):
            entries = []
            for entry in found:
                entries.append(entry.double())
            out.append(entries)
        return out

    def shortening(self, move: Tensor, limit: Tensor) -> Tensor:
        """Factor [layer, column] that keeps every unknown of ``move`` within ``limit``: shorter, never another direction."""
        return limit / torch.maximum(move.abs().amax(0), limit)

    def last_turn(self, p: Problem, k: Constants, g: Activity, a: Tensor, so4_free: Tensor, quick: bool) -> Solution:
        """The last turn of a search from ``a`` [1 + site, ...]: one Newton step, and all that follows from it to first order.

        The same elimination gives how the solution answers to CO2 pressure and to anions. ``quick``: it is done in float32.
        """
        s = self.speciate(p, k, g, a, so4_free)
        zero = torch.zeros_like(so4_free)
        anions: list[Tensor] = []
        for _ in range(self.n_sites):
            anions.append(zero)
        anions.append(torch.ones_like(so4_free))
        rights = [self.imbalances(p, s), self.by_pressure(p, s), anions]
        moves = self.eliminated_in_single(p, s, rights) if quick else self.eliminate(rights, self.held_jacobian(p, s))
        move = torch.stack(moves[0])
        asked = -move * self.shortening(move, torch.full_like(so4_free, self.max_step))
        stop = self.up_to_kink(p, s, asked)
        change = asked * stop
        after = raised(a, torch.cat([change[-1:], change[:-1]]))
        steps: list[Tensor] = []
        for i in range(self.n_sites + 1):
            steps.append(change[i])
        followed = self.follow(s, steps, 0.0)
        response = self.follow(s, moves[1], 1.0)
        by_pressure, by_anions = torch.stack(moves[1]), torch.stack(moves[2])
        pairs = (s.pairs_hco3 + s.pairs_co3) * divalent(s.free)
        dissolved = torch.cat([divalent(s.free) * s.alpha, monovalent(s.free)])
        _, negative = self.charges(p, s)
        return Solution(
            unknowns=torch.log(after),
            activities=after,
            dissolved=dissolved * (1.0 + followed.dissolved.clamp(self.most_lost, self.most_gained)),
            ca_total=self.taken_along(calcium(s.free) * calcium(s.den), followed.ca_total),
            dic=self.taken_along(s.co2 + s.hco3 + s.co3 + calcium(pairs) + magnesium(pairs), followed.dic),
            sulphate_share=self.free_sulphate(k, g, s.free),
            by_pressure=torch.cat([by_pressure[-1:], by_pressure[:-1]]),
            dic_response=response.dic,
            storage_response=response.dic - response.ca_total,
            ca_response=response.ca,
            by_anions=torch.cat([by_anions[-1:], by_anions[:-1]]),
            dissolved_by_anions=self.follow(s, moves[2], 0.0).dissolved,
            negative=negative,
            base_saturation=self.base_saturation(p, s, change),
            saturation=s.per_ca * calcium(s.free) * (1.0 + followed.ln_saturation.clamp(self.most_lost, self.most_gained)),
            ionic_strength=self.taken_along(self.strength(p, s), followed.strength),
            last_move=asked.abs().amax(0),
            left=torch.where(stop < 1.0, asked.abs().amax(0), self.left(p, s, change.abs().amax(0), followed.ln_saturation)),
        )

    def taken_along(self, amount: Tensor, change: Tensor) -> Tensor:
        """``amount`` after its ``change`` to first order, both [layer, column]."""
        return amount + torch.maximum(torch.minimum(change, self.most_gained * amount), self.most_lost * amount)

    def left(self, p: Problem, s: Speciation, move: Tensor, ln_saturation: Tensor) -> Tensor:
        """What a turn that moved the unknowns by ``move`` leaves of the error, about, in ln units; all [layer, column].

        ``curvature`` times the square of the move; all of it where calcite began or ceased to dissolve, to form or to run out.
        """
        before = s.per_ca * calcium(s.free)
        after = before * (1.0 + ln_saturation.clamp(self.most_lost, self.most_gained))
        rate = torch.where(before > 1.0, p.forming, p.dissolving)
        turned = ((before > 1.0) != (after > 1.0)) | ((before > p.forming_above) != (after > p.forming_above))
        turned = turned | ((rate * (1.0 - before) < p.calcite) != (rate * (1.0 - after) < p.calcite))
        return torch.where(turned, move, self.curvature * move * move)

    def base_saturation(self, p: Problem, s: Speciation, change: Tensor) -> Tensor:
        """Share of the CEC left to bases [layer, column]; ``change`` [row, ...] of ln u, site by site, and of ln h."""
        h, v = change[-1:], change[:-1]
        acid = s.beta_h * (1.0 + h + v) + s.beta_al * (1.0 + self.al_h * h + self.al_u * v)
        return (1.0 - ordered_sum(p.cec * acid, 0) / ordered_sum(p.cec, 0)).clamp(0.0, 1.0)

    def strength(self, p: Problem, s: Speciation) -> Tensor:
        """Ionic strength [layer, column], mol kg-1."""
        in_hco3 = calcium(s.pairs_hco3) * calcium(s.free) + magnesium(s.pairs_hco3) * magnesium(s.free)
        return 0.5 * (
            4.0 * (calcium(s.free) + magnesium(s.free)) + potassium(s.free) + sodium(s.free) + ammonium(s.free) + in_hco3
            + s.hydrogen + 9.0 * s.al + p.anions + 4.0 * s.so4_free + s.hco3 + 4.0 * s.co3 + s.hydroxide
        )  # fmt: skip

    def sulphate_share(self, p: Problem, k: Constants, g: Activity, guess: Tensor) -> Tensor:
        """Share of the sulphate that is free at ``guess`` [layer, column]; what a solver call starts from."""
        return self.free_sulphate(k, g, self.speciate(p, k, g, guess, 0.8 * p.so4).free)

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
        """Solve all cells at once with a fixed number of Newton steps from ``guess`` [1 + site, layer, column]: H+ activity, u.

        ``sulphate_share`` [layer, column] is the free share of sulphate to start with, from a solution or from the method of that
        name: it lags one Newton step behind. ``quick``: the search is in float32, and ends in float64; ``rough``: it ends in
        float32 too, which leaves a millionth.

        Gradients flow through the last step alone, with its Jacobian held: the implicit-function theorem at the root.
        """
        if rough:
            p32, k32, g32 = rounded(p), rounded_constants(k), rounded_activity(g)
            a, so4_free = self.search(p32, k32, g32, guess.float(), sulphate_share.float(), iterations)
            return in_double(self.last_turn(p32, k32, g32, a, so4_free, False))
        if quick:
            p32, k32, g32 = rounded(detached(p)), rounded_constants(k), rounded_activity(g)
            a, so4_free = self.search(p32, k32, g32, guess.float(), sulphate_share.float(), iterations)
            return self.last_turn(p, k, g, a.double(), so4_free.double() + self.nothing(p, so4_free.double()), True)
        a, so4_free = self.search(p, k, g, guess, sulphate_share, iterations)
        return self.last_turn(p, k, g, a, so4_free, False)

    def search(
        self, p: Problem, k: Constants, g: Activity, guess: Tensor, sulphate_share: Tensor, iterations: int
    ) -> tuple[Tensor, Tensor]:
        """All turns but the last: unknowns [1 + site, layer, column], without gradient, and free sulphate."""
        fixed = detached(p)
        a = guess.detach()
        so4_free = sulphate_share.detach() * fixed.so4
        limit = torch.full_like(so4_free, self.max_step)
        for _ in range(turns(iterations - 1)):
            a, so4_free, limit = enter([a, so4_free, limit], iterations - 1)
            a, so4_free, limit = leave(self.turn(fixed, k, g, a, so4_free, limit))
        return a, so4_free + self.nothing(p, so4_free)

    def nothing(self, p: Problem, so4_free: Tensor) -> Tensor:
        """0, with the gradient of ``so4_free``: sulphate enters the charge balance as its free part, which a search makes."""
        return (so4_free / p.so4.clamp(min=1e-30)).detach() * (p.so4 - p.so4.detach())
