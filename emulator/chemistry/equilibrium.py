"""Equilibrium of the soil solution: pH, exchanger and calcite from conserved totals at a given CO2 pressure.

What:    finds pH and the exchange potential of each site so that charge balances and every site is full; calcite reacts by
         an implicit linear rate law, which runs from no reaction (rate 0) to equilibrium (rate to infinity).
Units:   totals mol m-2 with water kg m-2; mol per kg of water inside. Shapes [row, layer, column], float64.
Source:  Gaines & Thomas (1953) exchange, extended Debye-Hueckel (Truesdell & Jones 1974), gibbsite as unlimited Al source.
Method:  the unknowns are logarithms (ln of H+ activity; ln u of each site, u = equivalent fraction of Na / activity of Na) and
         the residuals logs of sums of exponentials, nearly linear: damped Newton steps converge from far away.
"""

from typing import Final

import torch
from torch import Tensor, nn

from ..ordered import ordered_sum
from .constants import (
    ALUMINIUM_LAWS,
    CATIONS,
    CHARGE,
    EXCHANGE_LOG_K,
    ION_CHARGE,
    ION_SIZE,
    LN10,
    coefficients,
    temperature_basis,
)
from .records import Activity, Constants, Problem, Solution, Speciation

N_SITES = len(EXCHANGE_LOG_K)
IONS = tuple(ION_SIZE)
FIRST_SITE_ONLY = ("k", "nh4")  # ions that the variable-charge sites do not take


class Equilibrium(nn.Module):
    """Solver; the thermodynamic set is held as a buffer, so that a bundle carries its own constants.

    ``aluminium`` names the law of exchangeable Al (``constants.ALUMINIUM_LAWS``). "AlX3" is Gaines-Thomas; MIN3P 2.6.2 sums only
    linear and quadratic terms of the site balance (sorbspc.F90) and so enters Al linearly: "AlX3-linear" repeats that.
    """

    LN10: Final[float] = LN10
    log_k: Tensor
    charge: Tensor
    selectivity: Tensor
    proton_affinity: Tensor
    first_site: Tensor
    ion_size: Tensor
    ion_b: Tensor
    ion_charge2: Tensor

    def __init__(self, thermodynamics: str = "min3p", aluminium: str = "AlX3") -> None:
        super().__init__()
        if aluminium not in ALUMINIUM_LAWS:
            raise ValueError(f"aluminium law {aluminium!r} is unknown; choose one of {', '.join(ALUMINIUM_LAWS)}")
        log_k, self.al_u, self.al_na, self.al_h = ALUMINIUM_LAWS[aluminium]
        self.al_affinity: float = 10.0**log_k
        self.n_sites: int = N_SITES
        self.max_step: float = 1.5  # largest Newton step in a log unknown (0.65 pH): a cold start must not overshoot
        self.least_sodium: float = 3e-5  # mol/kg, the least in the archives: below it "AlX3-linear" has no meaning
        self.min_step: float = 0.005
        self.register_buffer("log_k", coefficients(thermodynamics).view(-1, 6, 1, 1))
        for name, site in EXCHANGE_LOG_K.items():
            expected = {c: k for c, k in EXCHANGE_LOG_K["site_1"].items() if c in CATIONS}
            if name != "site_1":
                expected = {c: k for c, k in expected.items() if c not in FIRST_SITE_ONLY}
            if {c: k for c, k in site.items() if c in CATIONS} != expected:
                raise ValueError(f"{name}: sites must share their selectivity for bases and differ in H and Al alone")

        def column(values: list[float]) -> Tensor:
            return torch.tensor(values, dtype=torch.float64).view(-1, 1, 1)

        self.register_buffer("charge", column(list(CHARGE)))
        sites = list(EXCHANGE_LOG_K.values())
        self.register_buffer("selectivity", column([10.0 ** sites[0][c] for c in CATIONS]))
        self.register_buffer("proton_affinity", column([10.0 ** site["h"] for site in sites]))
        self.register_buffer("first_site", column([1.0, 0.0, 0.0]))
        self.register_buffer("ion_size", column([ION_SIZE[i][0] for i in IONS]))
        self.register_buffer("ion_b", column([ION_SIZE[i][1] for i in IONS]))
        self.register_buffer("ion_charge2", column([float(ION_CHARGE[i] ** 2) for i in IONS]))

    def constants(self, t: Tensor) -> Constants:
        """Equilibrium constants at temperature ``t`` [K]."""
        basis = temperature_basis(t).unbind(0)
        log_k = self.log_k[:, 0] + self.log_k[:, 1] * basis[1]  # no matrix product: its bits depend on a cell's neighbours
        for i in range(2, 6):
            log_k = log_k + self.log_k[:, i] * basis[i]
        k = torch.exp(self.LN10 * log_k).unbind(0)
        return Constants(k[0], k[1], k[2], k[3], k[4], k[5], k[6], k[7], k[8], k[9], k[10], k[11], k[12], k[13])

    def activity(self, ionic_strength: Tensor, t: Tensor) -> Activity:
        """Activity coefficients; A and B after Truesdell & Jones (1974), 0-50 degC, ionic strength up to about 0.5."""
        tc = t - 273.15
        a = 0.4883 + 7.4149e-4 * tc + 1.843e-6 * tc * tc
        b = 0.3241 + 1.6e-4 * tc
        root = torch.sqrt(ionic_strength)
        log_gamma = -a * self.ion_charge2 * root / (1.0 + b * self.ion_size * root) + self.ion_b * ionic_strength
        g = torch.exp(self.LN10 * log_gamma)
        return Activity(g[0:5], g[5], g[6], g[7], g[8], g[9], g[10], g[11], g[12])

    def capacity(self, held: Tensor, held2: Tensor) -> Tensor:
        """Exchangeable moles [5, ...] per unit of affinity x free ion, from CEC x u and CEC x u^2 of each site.

        Sites share their selectivity for bases, so the sums over sites and over ions separate.
        """
        divalent = 0.5 * ordered_sum(held2, 0)
        return torch.stack([divalent, divalent, held[0], ordered_sum(held, 0), held[0]])

    def bases(self, u: Tensor, u2: Tensor, sorbed: Tensor) -> Tensor:
        """Equivalent fraction of the base cations on each site, from ``sorbed`` = affinity x free ion [5, ...]."""
        everywhere = u2 * (sorbed[0] + sorbed[1]) + u * sorbed[3]
        return torch.cat([everywhere[:1] + u[:1] * (sorbed[2] + sorbed[4]), everywhere[1:]])

    def aluminium(self, v: Tensor, h: Tensor, a_al: Tensor, k_aloh: Tensor, sodium: Tensor) -> Tensor:
        """Equivalent fraction of aluminium on each site at exchange potentials ``v`` = ln u; ``sodium`` an activity."""
        activity = a_al if self.al_h == 3.0 else k_aloh * a_al / h
        fraction = self.al_affinity * activity * torch.exp(self.al_u * v)
        if self.al_na > 0.0:
            fraction = fraction * torch.pow(sodium.clamp(min=self.least_sodium), -self.al_na)
        return self.first_site * fraction

    def speciate(self, p: Problem, k: Constants, g: Activity, x: Tensor, so4_free: Tensor) -> Speciation:
        """Every species at the unknowns ``x`` [1 + site, ...], with ``so4_free`` as the free sulphate."""
        h = torch.exp(x[0])
        u = torch.exp(x[1:])
        co2 = k.co2_solubility * p.pco2
        a_hco3 = k.carbonic_1 * co2 / h
        a_co3 = k.carbonic_2 * a_hco3 / h
        a_al = k.gibbsite * h * h * h

        # pairs per mole of free Ca and Mg
        g_ca, g_mg = g.cations[0], g.cations[1]
        ca_1, ca_2 = k.cahco3 * g_ca * a_hco3 / g.cahco3, k.caco3_aq * g_ca * a_co3
        mg_1, mg_2 = k.mghco3 * g_mg * a_hco3 / g.cahco3, k.mgco3_aq * g_mg * a_co3
        ca_3, mg_3 = k.caso4_aq * g_ca * g.so4 * so4_free, k.mgso4_aq * g_mg * g.so4 * so4_free
        alpha = torch.stack([1.0 + ca_1 + ca_2 + ca_3, 1.0 + mg_1 + mg_2 + mg_3])

        u2 = u * u
        held, held2 = p.cec * u, p.cec * u2
        affinity = self.selectivity * g.cations
        one = torch.ones_like(h)
        den = torch.cat([alpha, torch.stack([one, one, one])]) + affinity * self.capacity(held, held2)

        # calcite by an implicit linear rate law: xi = kinetic (1 - Omega), never more than there is
        per_ca = g_ca * a_co3 / k.calcite  # Omega per mole of free Ca
        rate = torch.where(per_ca * p.totals[0] > den[0], p.forming, p.kinetic)  # Omega of the unreacted water
        back = rate * per_ca
        limited = (p.totals[0] + p.stock) / den[0]
        by_rate = (p.totals[0] + rate) / (den[0] + back)
        ca = torch.minimum(by_rate, limited)
        back = torch.where(by_rate < limited, back, torch.zeros_like(back))
        free = torch.cat([ca.unsqueeze(0), p.totals[1:] / den[1:]])

        bases = self.bases(u, u2, affinity * free)
        sodium = g.cations[3] * free[3]
        na_order = (sodium > self.least_sodium).to(sodium.dtype) * -self.al_na
        beta_al = self.aluminium(x[1:], h, a_al, k.aloh, sodium)
        return Speciation(
            co2, a_hco3 / g.hco3, a_co3 / g.co3, h / g.h, k.water / (h * g.oh), a_al / g.al, k.aloh * a_al / (h * g.aloh),
            k.aloh2 * a_al / (h * h * g.cahco3), torch.stack([ca_1, mg_1]), torch.stack([ca_2, mg_2]), alpha, u, u2, held, held2,
            affinity, den, back, per_ca, free, bases, self.proton_affinity * h * u, beta_al, na_order, so4_free,
        )  # fmt: skip

    def charges(self, p: Problem, s: Speciation) -> tuple[Tensor, Tensor]:
        """Positive and negative charge of the dissolved ions."""
        divalent = (2.0 + s.pairs_hco3) * s.free[:2]
        bases = divalent[0] + divalent[1] + s.free[2] + s.free[3] + s.free[4]
        positive = bases + s.hydrogen + 3.0 * s.al + 2.0 * s.aloh + s.aloh2
        return positive, p.anions + 2.0 * s.so4_free + s.hco3 + 2.0 * s.co3 + s.hydroxide

    def step(self, p: Problem, s: Speciation, x: Tensor, limit: float) -> Tensor:
        """One damped Newton step from ``x`` [1 + site, ...], at most ``limit`` in any log unknown."""
        residual, jacobian = self.system(p, s)
        for i in range(self.n_sites + 1):  # gradients flow through the residual alone
            for j in range(self.n_sites + 1):
                jacobian[i][j] = jacobian[i][j].detach()
        move = torch.stack(self.eliminate(residual, jacobian))
        move = move * (limit / move.abs().amax(0).clamp(min=limit))  # shorter, never another direction
        return x - torch.cat([move[-1:], move[:-1]])

    def system(self, p: Problem, s: Speciation) -> tuple[list[Tensor], list[list[Tensor]]]:
        """Residuals and Jacobian rows, as lists of [layer, column]; sites first, charge balance (ln h) last."""
        filling = s.bases + s.beta_h + s.beta_al
        positive, negative = self.charges(p, s)
        per_filling = 1.0 / filling
        residual = torch.log(filling).unbind(0)

        # d ln free / d ln h of Ca and Mg (pairs, calcite); the other cations do not feel h
        slope = s.pairs_hco3 + 2.0 * s.pairs_co3
        ca_rate = s.den[0] + s.back
        slope_ca, slope_mg = (slope[0] + 2.0 * s.back) / ca_rate, slope[1] / s.den[1]
        # what each ion gives up per relative change of its exchangeable part, shared by all pairs of sites
        share = s.affinity / torch.cat([ca_rate.unsqueeze(0), s.den[1:]])
        sorbed = s.affinity * s.free
        give = sorbed * share
        give_2, give_na, give_1 = give[0] + give[1], give[3], give[2] + give[4]
        paired = s.pairs_hco3 * s.free[:2]
        charge_ca, charge_mg = 2.0 * s.free[0] + paired[0], 2.0 * s.free[1] + paired[1]
        charge_2 = charge_ca * share[0] + charge_mg * share[1]
        charge_na, charge_1 = s.free[3] * share[3], s.free[2] * share[2] + s.free[4] * share[4]
        divalent, slopes = sorbed[0] + sorbed[1], sorbed[0] * slope_ca + sorbed[1] * slope_mg
        diagonal = s.u2 * divalent + s.bases + s.beta_h + self.al_u * s.beta_al
        by_h = (s.u2 * slopes + s.beta_h + self.al_h * s.beta_al) * per_filling
        aluminium = s.na_order * s.beta_al * share[3]

        rows: list[list[Tensor]] = []
        for i in range(self.n_sites):
            row: list[Tensor] = []
            for j in range(self.n_sites):
                entry = -(s.u2[i] * give_2) * s.held2[j] - (s.u[i] * give_na + aluminium[i]) * s.held[j]
                if i == j:
                    entry = entry + diagonal[i]
                if i == 0 and j == 0:
                    entry = entry - s.u[0] * give_1 * s.held[0]
                row.append(entry * per_filling[i])
            row.append(by_h[i])
            rows.append(row)
        per_positive = 1.0 / positive
        row = []
        for j in range(self.n_sites):
            entry = charge_2 * s.held2[j] + charge_na * s.held[j]
            if j == 0:
                entry = entry + charge_1 * s.held[0]
            row.append(-entry * per_positive)
        rise = (
            charge_ca * slope_ca + charge_mg * slope_mg - paired[0] - paired[1] + s.hydrogen + 9.0 * s.al + 4.0 * s.aloh + s.aloh2
        )
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

    def free_sulphate(self, k: Constants, g: Activity, s: Speciation) -> Tensor:
        """Free share of sulphate with the Ca and Mg of ``s``; one lag behind the Newton steps, the pairs are a small share."""
        bound = k.caso4_aq * g.cations[0] * s.free[0] + k.mgso4_aq * g.cations[1] * s.free[1]
        return 1.0 / (1.0 + g.so4 * bound)

    def pressure_response(self, p: Problem, s: Speciation) -> tuple[Tensor, Tensor, Tensor]:
        """d(dic), d(dic - ca_total) and d(dissolved Ca) by ln pCO2 [layer, column], the soil solution following in equilibrium.

        The second is what a layer stores: dissolved carbon less what calcite gives. Raising the pressure lowers pH, protons go
        to the exchanger and carbonate dissolves: the buffer can be ten times the dissolved CO2. Implicit-function theorem.
        """
        _, rows = self.system(p, s)
        ca_rate = s.den[0] + s.back
        pair_1, pair_2 = s.pairs_hco3 * s.free[:2], s.pairs_co3 * s.free[:2]
        by_p_ca = -(s.pairs_hco3[0] + s.pairs_co3[0] + s.back) / ca_rate
        by_p_mg = -(s.pairs_hco3[1] + s.pairs_co3[1]) / s.den[1]
        sorbed = s.affinity[:2] * s.free[:2]
        filling = s.bases + s.beta_h + s.beta_al
        positive, negative = self.charges(p, s)
        right: list[Tensor] = []
        for i in range(self.n_sites):
            right.append(-s.u2[i] * (sorbed[0] * by_p_ca + sorbed[1] * by_p_mg) / filling[i])
        rise = (2.0 * s.free[0] + pair_1[0]) * by_p_ca + (2.0 * s.free[1] + pair_1[1]) * by_p_mg + pair_1[0] + pair_1[1]
        right.append(-rise / positive + (s.hco3 + 2.0 * s.co3) / negative)
        move = self.eliminate(right, rows)
        by_h = move[self.n_sites]
        potentials = torch.stack(move[: self.n_sites])
        exchanged = ordered_sum(s.held2 * potentials, 0)
        ca_h = (s.pairs_hco3[0] + 2.0 * s.pairs_co3[0] + 2.0 * s.back) / ca_rate
        mg_h = (s.pairs_hco3[1] + 2.0 * s.pairs_co3[1]) / s.den[1]
        ln_ca = by_p_ca + ca_h * by_h - s.affinity[0] / ca_rate * exchanged
        ln_mg = by_p_mg + mg_h * by_h - s.affinity[1] / s.den[1] * exchanged
        once, twice = 1.0 - by_h, 1.0 - 2.0 * by_h
        dic = s.co2 + s.hco3 * once + s.co3 * twice + pair_1[0] * (once + ln_ca) + pair_2[0] * (twice + ln_ca)
        dic = dic + pair_1[1] * (once + ln_mg) + pair_2[1] * (twice + ln_mg)
        ca_total = s.free[0] * s.den[0] * ln_ca + pair_1[0] * once + pair_2[0] * twice + sorbed[0] * exchanged
        ca = s.free[0] * s.alpha[0] * ln_ca + pair_1[0] * once + pair_2[0] * twice
        return dic, dic - ca_total, ca

    def solution(self, p: Problem, x: Tensor, s: Speciation) -> Solution:
        """What the step needs of a speciation."""
        paired = (s.pairs_hco3 + s.pairs_co3) * s.free[:2]
        in_hco3 = s.pairs_hco3[0] * s.free[0] + s.pairs_hco3[1] * s.free[1]
        filling = s.bases + s.beta_h + s.beta_al
        positive, negative = self.charges(p, s)
        strength = 0.5 * (
            4.0 * (s.free[0] + s.free[1]) + s.free[2] + s.free[3] + s.free[4] + in_hco3 + s.hydrogen + 9.0 * s.al + p.anions
            + 4.0 * s.so4_free + s.hco3 + 4.0 * s.co3 + s.hydroxide
        )  # fmt: skip
        dic_response, storage_response, ca_response = self.pressure_response(p, s)
        return Solution(
            unknowns=x,
            dissolved=torch.cat([s.free[:2] * s.alpha, s.free[2:]]),
            ca_total=s.free[0] * s.den[0],
            dic=s.co2 + s.hco3 + s.co3 + paired[0] + paired[1],
            sulphate_share=s.so4_free / p.so4.clamp(min=1e-30),
            dic_response=dic_response,
            storage_response=storage_response,
            ca_response=ca_response,
            base_saturation=ordered_sum(p.cec * s.bases, 0) / ordered_sum(p.cec * filling, 0),
            saturation=s.per_ca * s.free[0],
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
            p.kinetic.detach(),
            p.forming.detach(),
            p.stock.detach(),
            p.pco2.detach(),
        )
        x = guess.detach()
        so4_free = sulphate_share.detach() * fixed.so4
        limit = self.max_step
        for _ in range(iterations - 1):
            s = self.speciate(fixed, k, g, x, so4_free)
            x = self.step(fixed, s, x, limit)
            so4_free = fixed.so4 * self.free_sulphate(k, g, s)
            limit = max(0.9 * limit, self.min_step)  # breaks the cycles of a long search between the two calcite branches
        # sulphate enters the charge balance as its free part: same value, but its gradient must not be lost with the search
        so4_free = so4_free + (so4_free / fixed.so4.clamp(min=1e-30)).detach() * (p.so4 - fixed.so4)
        s = self.speciate(p, k, g, x, so4_free)
        x = self.step(p, s, x, limit)
        so4_free = p.so4 * self.free_sulphate(k, g, s)
        return self.solution(p, x, self.speciate(p, k, g, x, so4_free))
