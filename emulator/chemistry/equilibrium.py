"""Equilibrium of the soil solution: pH, exchanger and calcite from conserved totals at a given CO2 pressure.

What:    finds pH and the exchange potential of each site so that charge balances and every site is full; calcite reacts by
         an implicit linear rate law, which runs from no reaction (rate 0) to equilibrium (rate to infinity).
Units:   totals mol m-2 with water kg m-2; mol per kg of water inside. Shapes [row, layer, column], float64.
Source:  speciation.py has the species and their constants.
Method:  the unknowns are logarithms (ln of H+ activity; ln u of each site, u = equivalent fraction of Na / activity of Na) and
         the residuals logs of sums of exponentials, nearly linear: damped Newton steps converge from far away.
"""

import torch
from torch import Tensor

from ..contract.ordered import ordered_sum
from ..contract.turns import enter, leave, turns
from .ions import all_but_calcium, ammonium, calcium, divalent, magnesium, monovalent, potassium, sodium
from .records import Activity, Constants, Problem, Solution, Speciation, permanent_charge
from .speciation import SoilSolution


class Equilibrium(SoilSolution):
    """Solver for the species of ``SoilSolution``."""

    def __init__(self, thermodynamics: str = "min3p", aluminium: str = "AlX3") -> None:
        super().__init__(thermodynamics, aluminium)
        self.max_step: float = 1.5  # largest Newton step in a log unknown (0.65 pH): a cold start must not overshoot
        self.min_step: float = 0.005

    def newton(self, p: Problem, k: Constants, g: Activity, x: Tensor, so4_free: Tensor, limit: Tensor) -> list[Tensor]:
        """One turn of the search: unknowns [1 + site, ...], free sulphate and the largest step allowed next [layer, column]."""
        s = self.speciate(p, k, g, x, so4_free)
        shorter = (0.9 * limit).clamp(min=self.min_step)  # breaks the cycles of a long search between the two calcite branches
        return [self.step(p, s, x, limit), p.so4 * self.free_sulphate(k, g, s), shorter]

    def step(self, p: Problem, s: Speciation, x: Tensor, limit: Tensor) -> Tensor:
        """One damped Newton step from ``x`` [1 + site, ...], at most ``limit`` in any log unknown."""
        residual, jacobian = self.system(p, s)
        for i in range(self.n_sites + 1):  # gradients flow through the residual alone
            for j in range(self.n_sites + 1):
                jacobian[i][j] = jacobian[i][j].detach()
        move = torch.stack(self.eliminate(residual, jacobian))
        move = move * (limit / torch.maximum(move.abs().amax(0), limit))  # shorter, never another direction
        return x - torch.cat([move[-1:], move[:-1]])

    def system(self, p: Problem, s: Speciation) -> tuple[list[Tensor], list[list[Tensor]]]:
        """Residuals and Jacobian rows, as lists of [layer, column]; sites first, charge balance (ln h) last."""
        filling = s.bases + s.beta_h + s.beta_al
        positive, negative = self.charges(p, s)
        per_filling = 1.0 / filling
        residual = torch.log(filling).unbind(0)

        # d ln free / d ln h of Ca and Mg (pairs, calcite); the other cations do not feel h
        slope = s.pairs_hco3 + 2.0 * s.pairs_co3
        ca_rate = calcium(s.den) + s.back
        slope_ca, slope_mg = (calcium(slope) + 2.0 * s.back) / ca_rate, magnesium(slope) / magnesium(s.den)
        # what each ion gives up per relative change of its exchangeable part, shared by all pairs of sites
        share = s.affinity / torch.cat([ca_rate.unsqueeze(0), all_but_calcium(s.den)])
        sorbed = s.affinity * s.free
        give = sorbed * share
        give_2, give_na, give_1 = calcium(give) + magnesium(give), sodium(give), potassium(give) + ammonium(give)
        paired = s.pairs_hco3 * divalent(s.free)
        charge_ca, charge_mg = 2.0 * calcium(s.free) + calcium(paired), 2.0 * magnesium(s.free) + magnesium(paired)
        charge_2 = charge_ca * calcium(share) + charge_mg * magnesium(share)
        charge_na = sodium(s.free) * sodium(share)
        charge_1 = potassium(s.free) * potassium(share) + ammonium(s.free) * ammonium(share)
        twice = calcium(sorbed) + magnesium(sorbed)
        slopes = calcium(sorbed) * slope_ca + magnesium(sorbed) * slope_mg
        diagonal = s.u2 * twice + s.bases + s.beta_h + self.al_u * s.beta_al
        by_h = (s.u2 * slopes + s.beta_h + self.al_h * s.beta_al) * per_filling
        aluminium = s.na_order * s.beta_al * sodium(share)

        rows: list[list[Tensor]] = []
        for i in range(self.n_sites):
            row: list[Tensor] = []
            for j in range(self.n_sites):
                entry = -(s.u2[i] * give_2) * s.held2[j] - (s.u[i] * give_na + aluminium[i]) * s.held[j]
                if i == j:
                    entry = entry + diagonal[i]
                if i == 0 and j == 0:
                    entry = entry - permanent_charge(s.u) * give_1 * permanent_charge(s.held)
                row.append(entry * per_filling[i])
            row.append(by_h[i])
            rows.append(row)
        per_positive = 1.0 / positive
        row = []
        for j in range(self.n_sites):
            entry = charge_2 * s.held2[j] + charge_na * s.held[j]
            if j == 0:
                entry = entry + charge_1 * permanent_charge(s.held)
            row.append(-entry * per_positive)
        rise = charge_ca * slope_ca + charge_mg * slope_mg - calcium(paired) - magnesium(paired)
        rise = rise + s.hydrogen + 9.0 * s.al + 4.0 * s.aloh + s.aloh2
        row.append(rise * per_positive + (s.hco3 + 4.0 * s.co3 + s.hydroxide) / negative)
        rows.append(row)
        residuals: list[Tensor] = []
        for i in range(self.n_sites):
            residuals.append(residual[i])
        residuals.append(torch.log(positive * (1.0 / negative)))
        return residuals, rows

    def eliminate(self, right: list[Tensor], rows: list[list[Tensor]]) -> list[Tensor]:
        """Gauss elimination without pivoting (the diagonal dominates), cell by cell."""
        n = self.n_sites + 1
        for i in range(n):
            pivot = 1.0 / rows[i][i]
            for j in range(i + 1, n):
                factor = rows[j][i] * pivot
                for m in range(i + 1, n):
                    rows[j][m] = rows[j][m] - factor * rows[i][m]
                right[j] = right[j] - factor * right[i]
        solved = right[n - 1] / rows[n - 1][n - 1]
        x = [solved]
        for back in range(1, n):
            i = n - 1 - back
            value = right[i]
            for m in range(i + 1, n):
                value = value - rows[i][m] * x[m - i - 1]
            x.insert(0, value / rows[i][i])
        return x

    def pressure_response(self, p: Problem, s: Speciation) -> tuple[Tensor, Tensor, Tensor]:
        """d(dic), d(dic - ca_total) and d(dissolved Ca) by ln pCO2 [layer, column], the soil solution following in equilibrium.

        The second is what a layer stores: dissolved carbon less what calcite gives. Raising the pressure lowers pH, protons go
        to the exchanger and carbonate dissolves: the buffer can be ten times the dissolved CO2. Implicit-function theorem.
        """
        _, rows = self.system(p, s)
        ca_rate = calcium(s.den) + s.back
        pair_1, pair_2 = s.pairs_hco3 * divalent(s.free), s.pairs_co3 * divalent(s.free)
        by_p_ca = -(calcium(s.pairs_hco3) + calcium(s.pairs_co3) + s.back) / ca_rate
        by_p_mg = -(magnesium(s.pairs_hco3) + magnesium(s.pairs_co3)) / magnesium(s.den)
        sorbed = divalent(s.affinity) * divalent(s.free)
        filling = s.bases + s.beta_h + s.beta_al
        positive, negative = self.charges(p, s)
        right: list[Tensor] = []
        for i in range(self.n_sites):
            right.append(-s.u2[i] * (calcium(sorbed) * by_p_ca + magnesium(sorbed) * by_p_mg) / filling[i])
        rise = (2.0 * calcium(s.free) + calcium(pair_1)) * by_p_ca + (2.0 * magnesium(s.free) + magnesium(pair_1)) * by_p_mg
        rise = rise + calcium(pair_1) + magnesium(pair_1)
        right.append(-rise / positive + (s.hco3 + 2.0 * s.co3) / negative)
        move = self.eliminate(right, rows)
        by_h = move[self.n_sites]
        potentials = torch.stack(move[: self.n_sites])
        exchanged = ordered_sum(s.held2 * potentials, 0)
        ca_h = (calcium(s.pairs_hco3) + 2.0 * calcium(s.pairs_co3) + 2.0 * s.back) / ca_rate
        mg_h = (magnesium(s.pairs_hco3) + 2.0 * magnesium(s.pairs_co3)) / magnesium(s.den)
        ln_ca = by_p_ca + ca_h * by_h - calcium(s.affinity) / ca_rate * exchanged
        ln_mg = by_p_mg + mg_h * by_h - magnesium(s.affinity) / magnesium(s.den) * exchanged
        once, twice = 1.0 - by_h, 1.0 - 2.0 * by_h
        dic = s.co2 + s.hco3 * once + s.co3 * twice + calcium(pair_1) * (once + ln_ca) + calcium(pair_2) * (twice + ln_ca)
        dic = dic + magnesium(pair_1) * (once + ln_mg) + magnesium(pair_2) * (twice + ln_mg)
        ca_total = calcium(s.free) * calcium(s.den) * ln_ca + calcium(pair_1) * once + calcium(pair_2) * twice
        ca_total = ca_total + calcium(sorbed) * exchanged
        ca = calcium(s.free) * calcium(s.alpha) * ln_ca + calcium(pair_1) * once + calcium(pair_2) * twice
        return dic, dic - ca_total, ca

    def solution(self, p: Problem, x: Tensor, s: Speciation) -> Solution:
        """What the step needs of a speciation."""
        paired = (s.pairs_hco3 + s.pairs_co3) * divalent(s.free)
        in_hco3 = calcium(s.pairs_hco3) * calcium(s.free) + magnesium(s.pairs_hco3) * magnesium(s.free)
        filling = s.bases + s.beta_h + s.beta_al
        positive, negative = self.charges(p, s)
        strength = 0.5 * (
            4.0 * (calcium(s.free) + magnesium(s.free)) + potassium(s.free) + sodium(s.free) + ammonium(s.free) + in_hco3
            + s.hydrogen + 9.0 * s.al + p.anions + 4.0 * s.so4_free + s.hco3 + 4.0 * s.co3 + s.hydroxide
        )  # fmt: skip
        dic_response, storage_response, ca_response = self.pressure_response(p, s)
        return Solution(
            unknowns=x,
            dissolved=torch.cat([divalent(s.free) * s.alpha, monovalent(s.free)]),
            ca_total=calcium(s.free) * calcium(s.den),
            dic=s.co2 + s.hco3 + s.co3 + calcium(paired) + magnesium(paired),
            sulphate_share=s.so4_free / p.so4.clamp(min=1e-30),
            dic_response=dic_response,
            storage_response=storage_response,
            ca_response=ca_response,
            base_saturation=ordered_sum(p.cec * s.bases, 0) / ordered_sum(p.cec * filling, 0),
            saturation=s.per_ca * calcium(s.free),
            ionic_strength=strength,
            residual=ordered_sum(torch.log(filling).abs(), 0) + torch.log(positive / negative).abs(),
        )

    def sulphate_share(self, p: Problem, k: Constants, g: Activity, guess: Tensor) -> Tensor:
        """Share of the sulphate that is free at ``guess`` [layer, column]; what a solver call starts from."""
        return self.free_sulphate(k, g, self.speciate(p, k, g, guess, 0.8 * p.so4))

    def forward(self, p: Problem, k: Constants, g: Activity, guess: Tensor, sulphate_share: Tensor, iterations: int) -> Solution:
        """Solve all cells at once with a fixed number of Newton steps from ``guess`` [1 + site, layer, column].

        ``sulphate_share`` [layer, column] is the free share of sulphate to start with, from a solution or from the method of that
        name: it lags one Newton step behind.

        Gradients flow through the last step alone, with its Jacobian held: the implicit-function theorem at the root.
        """
        fixed = Problem(
            p.totals.detach(),
            p.anions.detach(),
            p.so4.detach(),
            p.cec.detach(),
            p.dissolving.detach(),
            p.forming.detach(),
            p.calcite.detach(),
            p.pco2.detach(),
        )
        x = guess.detach()
        so4_free = sulphate_share.detach() * fixed.so4
        limit = torch.full_like(so4_free, self.max_step)
        for _ in range(turns(iterations - 1)):
            x, so4_free, limit = enter([x, so4_free, limit], iterations - 1)
            x, so4_free, limit = leave(self.newton(fixed, k, g, x, so4_free, limit))
        # sulphate enters the charge balance as its free part: same value, but its gradient must not be lost with the search
        so4_free = so4_free + (so4_free / fixed.so4.clamp(min=1e-30)).detach() * (p.so4 - fixed.so4)
        x, so4_free, limit = enter([x, so4_free, limit], 1)
        x, so4_free, limit = leave(self.newton(p, k, g, x, so4_free, limit))
        return self.solution(p, x, self.speciate(p, k, g, x, so4_free))
