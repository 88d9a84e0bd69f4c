"""Equilibrium of the soil solution: pH, exchanger and calcite from conserved totals at a given CO2 pressure.

What:    finds pH and the exchange potential of each site so that charge balances and every site is full; calcite reacts by
         an implicit linear rate law, which runs from no reaction (rate 0) to equilibrium (rate to infinity).
Units:   totals mol m-2 with water kg m-2; mol per kg of water inside. Shapes [row, layer, column], float64.
Source:  Gaines & Thomas (1953) exchange, extended Debye-Hueckel (Truesdell & Jones 1974), gibbsite as unlimited Al source.
Method:  the unknowns are logarithms (ln of H+ activity; ln u of each site, u = equivalent fraction of Na / activity of Na) and
         the residuals logs of sums of exponentials, nearly linear: damped Newton steps converge from far away.
"""

from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from ..ordered import ordered_sum
from .constants import CATIONS, CHARGE, EXCHANGE_LOG_K, ION_CHARGE, ION_SIZE, LN10, coefficients, temperature_basis

N_SITES = len(EXCHANGE_LOG_K)
IONS = tuple(ION_SIZE)


class Constants(NamedTuple):
    """Equilibrium constants [layer, column]; fields in the order of ``constants.REACTIONS``."""

    water: Tensor
    co2_solubility: Tensor
    carbonic_1: Tensor
    carbonic_2: Tensor
    calcite: Tensor
    cahco3: Tensor
    caco3_aq: Tensor
    mghco3: Tensor
    mgco3_aq: Tensor
    caso4_aq: Tensor
    mgso4_aq: Tensor
    gibbsite: Tensor
    aloh: Tensor
    aloh2: Tensor


class Activity(NamedTuple):
    """Activity coefficients: cations [5, layer, column], the others [layer, column]."""

    cations: Tensor
    h: Tensor
    oh: Tensor
    hco3: Tensor
    co3: Tensor
    so4: Tensor
    cahco3: Tensor
    al: Tensor
    aloh: Tensor


class Problem(NamedTuple):
    """What is given, per kg of water; [layer, column] unless said."""

    totals: Tensor  # [5, ...] Ca Mg K Na NH4, dissolved + exchangeable, without calcite
    anions: Tensor  # NO3 + Cl
    so4: Tensor
    cec: Tensor  # [site, ...] moles of charge
    kinetic: Tensor  # rate constant x surface x dt of calcite
    stock: Tensor  # calcite that may dissolve
    pco2: Tensor  # atm


class Speciation(NamedTuple):
    """All species at one guess, mol kg-1; [layer, column] unless said."""

    co2: Tensor
    hco3: Tensor
    co3: Tensor
    hydrogen: Tensor
    hydroxide: Tensor
    al: Tensor
    aloh: Tensor
    aloh2: Tensor
    pairs_hco3: Tensor  # [2, ...] CaHCO3 and MgHCO3 per mole of free Ca, Mg
    pairs_co3: Tensor  # [2, ...]
    alpha: Tensor  # [5, ...] dissolved per free ion
    held: Tensor  # [site, 5, ...] exchangeable moles of charge per mole of free ion
    den: Tensor  # [5, ...] total per free ion
    back: Tensor  # calcite that precipitates per mole of free Ca by the rate law, 0 where the stock limits
    per_ca: Tensor  # Omega of calcite per mole of free Ca
    free: Tensor  # [5, ...]
    beta: Tensor  # [site, 5, ...] equivalent fractions
    beta_h: Tensor  # [site, ...]
    beta_al: Tensor  # [site, ...]
    na_order: Tensor  # exponent of the Na activity in beta_al; 0 by the Gaines-Thomas law
    so4_free: Tensor


class Solution(NamedTuple):
    """Equilibrated soil solution; [layer, column] unless said."""

    unknowns: Tensor  # [1 + site, ...]: ln of H+ activity, ln u of each site
    dissolved: Tensor  # [5, ...] free + pairs, mol kg-1
    ca_total: Tensor  # dissolved + exchangeable calcium, mol kg-1 of water
    dic: Tensor  # dissolved inorganic carbon (without soil air), mol kg-1
    bicarbonate: Tensor  # HCO3 and its pairs, mol kg-1
    base_saturation: Tensor  # share of the CEC not held by H and Al
    saturation: Tensor  # Omega of calcite
    ionic_strength: Tensor  # mol kg-1
    residual: Tensor  # |ln (positive / negative charge)| + sum over sites of |ln filling|


class Equilibrium(nn.Module):
    """Solver; the thermodynamic set is held as a buffer, so that a bundle carries its own constants.

    ``aluminium_order`` 3 is the Gaines-Thomas law. MIN3P 2.6.2 sums only linear and quadratic terms of the site balance
    (sorbspc.F90) and so enters Al linearly, beta_Al = K a_Al beta_Na / a_Na^3: order 1 repeats that, for archives made with it.
    """

    LN10: Final[float] = LN10

    def __init__(self, thermodynamics: str = "min3p", aluminium_order: int = 3) -> None:
        super().__init__()
        if aluminium_order not in (1, 3):
            raise ValueError(f"aluminium_order is {aluminium_order}; use 3 (Gaines-Thomas) or 1 (as MIN3P 2.6.2 solves it)")
        self.aluminium_order: float = float(aluminium_order)
        self.n_sites: int = N_SITES
        self.max_step: float = 1.5  # largest Newton step in a log unknown (0.65 pH): a cold start must not overshoot
        self.least_sodium: float = 3e-5  # mol/kg, the least in the archives: below it the law of order 1 has no meaning
        self.min_step: float = 0.005
        self.register_buffer("log_k", coefficients(thermodynamics).view(-1, 6, 1, 1))
        self.register_buffer("charge", torch.tensor(CHARGE, dtype=torch.float64).view(-1, 1, 1))
        selectivity = torch.zeros(N_SITES, len(CATIONS), 1, 1, dtype=torch.float64)
        proton = torch.zeros(N_SITES, 1, 1, dtype=torch.float64)
        aluminium = torch.zeros(N_SITES, 1, 1, dtype=torch.float64)
        for s, site in enumerate(EXCHANGE_LOG_K.values()):
            for i, cation in enumerate(CATIONS):
                selectivity[s, i] = 10.0 ** site[cation] if cation in site else 0.0
            proton[s] = 10.0 ** site["h"]
            aluminium[s] = 10.0 ** site["al"] if "al" in site else 0.0
        self.register_buffer("selectivity", selectivity)
        self.register_buffer("proton_affinity", proton)
        self.register_buffer("aluminium_affinity", aluminium)
        self.register_buffer("ion_size", torch.tensor([ION_SIZE[i][0] for i in IONS], dtype=torch.float64).view(-1, 1, 1))
        self.register_buffer("ion_b", torch.tensor([ION_SIZE[i][1] for i in IONS], dtype=torch.float64).view(-1, 1, 1))
        self.register_buffer(
            "ion_charge2", torch.tensor([float(ION_CHARGE[i] ** 2) for i in IONS], dtype=torch.float64).view(-1, 1, 1)
        )

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
        one = torch.ones_like(h)
        alpha = torch.stack([1.0 + ca_1 + ca_2 + ca_3, 1.0 + mg_1 + mg_2 + mg_3, one, one, one])

        # exchanger: equivalents on each site per mole of free ion and kg of water
        u2 = u * u
        equivalents = self.selectivity * g.cations * torch.stack([u2, u2, u, u, u], dim=1)
        held = p.cec.unsqueeze(1) * equivalents
        den = alpha + ordered_sum(held / self.charge, 0)

        # calcite by an implicit linear rate law: xi = kinetic (1 - Omega), never more than there is
        per_ca = g_ca * a_co3 / k.calcite  # Omega per mole of free Ca
        back = p.kinetic * per_ca
        limited = (p.totals[0] + p.stock) / den[0]
        by_rate = (p.totals[0] + p.kinetic) / (den[0] + back)
        ca = torch.minimum(by_rate, limited)
        back = torch.where(by_rate < limited, back, torch.zeros_like(back))
        free = torch.cat([ca.unsqueeze(0), p.totals[1:] / den[1:]])

        beta = equivalents * free
        beta_al = self.aluminium_affinity * a_al * torch.exp(self.aluminium_order * x[1:])
        sodium = g.cations[3] * free[3]
        na_order = (sodium > self.least_sodium).to(sodium.dtype) * (self.aluminium_order - 3.0)
        if self.aluminium_order < 3.0:
            beta_al = beta_al * torch.pow(sodium.clamp(min=self.least_sodium), self.aluminium_order - 3.0)
        return Speciation(
            co2, a_hco3 / g.hco3, a_co3 / g.co3, h / g.h, k.water / (h * g.oh), a_al / g.al, k.aloh * a_al / (h * g.aloh),
            k.aloh2 * a_al / (h * h * g.cahco3), torch.stack([ca_1, mg_1]), torch.stack([ca_2, mg_2]), alpha, held, den, back,
            per_ca, free, beta, self.proton_affinity * h * u, beta_al, na_order, so4_free,
        )  # fmt: skip

    def system(self, p: Problem, s: Speciation) -> tuple[Tensor, Tensor]:
        """Residuals [1 + site, ...] and Jacobian [1 + site, 1 + site, ...]; sites first, charge balance (ln h) last."""
        filling = ordered_sum(s.beta, 1) + s.beta_h + s.beta_al
        free_2 = s.free[:2]
        paired = s.pairs_hco3 * free_2
        charge_of = torch.cat([self.charge[:2] * free_2 + paired, s.free[2:]])
        positive = ordered_sum(charge_of, 0) + s.hydrogen + 3.0 * s.al + 2.0 * s.aloh + s.aloh2
        negative = p.anions + 2.0 * s.so4_free + s.hco3 + 2.0 * s.co3 + s.hydroxide
        residual = torch.cat([torch.log(filling), torch.log(positive / negative).unsqueeze(0)])

        # d ln free / d ln h of Ca and Mg (pairs, calcite); the other cations do not feel h
        den_rate = torch.cat([(s.den[0] + s.back).unsqueeze(0), s.den[1:]])
        slope = s.pairs_hco3 + 2.0 * s.pairs_co3
        slope = torch.cat([(slope[0] + 2.0 * s.back).unsqueeze(0), slope[1:]]) / den_rate[:2]
        share = s.held / den_rate
        coupling = (-s.na_order * s.beta_al).unsqueeze(1) * share[:, 3].unsqueeze(0)
        for i in range(5):
            coupling = coupling - s.beta[:, i].unsqueeze(1) * share[:, i].unsqueeze(0)
        diagonal = ordered_sum(self.charge * s.beta, 1) + s.beta_h + self.aluminium_order * s.beta_al
        site_site = (coupling + torch.diag_embed(diagonal.permute(1, 2, 0)).permute(2, 3, 0, 1)) / filling.unsqueeze(1)
        site_h = (ordered_sum(s.beta[:, :2] * slope, 1) + s.beta_h + 3.0 * s.beta_al) / filling
        charge_site = -ordered_sum(charge_of * share, 1) / positive
        d_positive = ordered_sum(charge_of[:2] * slope - paired, 0) + s.hydrogen + 9.0 * s.al + 4.0 * s.aloh + s.aloh2
        charge_h = d_positive / positive + (s.hco3 + 4.0 * s.co3 + s.hydroxide) / negative
        jacobian = torch.cat(
            [
                torch.cat([site_site, site_h.unsqueeze(1)], dim=1),
                torch.cat([charge_site, charge_h.unsqueeze(0)], dim=0).unsqueeze(0),
            ]
        )
        return residual, jacobian

    def free_sulphate(self, p: Problem, k: Constants, g: Activity, s: Speciation) -> Tensor:
        """Free sulphate with the Ca and Mg of ``s``; one lag behind the Newton steps, the pairs are a small share."""
        bound = k.caso4_aq * g.cations[0] * s.free[0] + k.mgso4_aq * g.cations[1] * s.free[1]
        return p.so4 / (1.0 + g.so4 * bound)

    def solution(self, p: Problem, x: Tensor, s: Speciation) -> Solution:
        """What the step needs of a speciation."""
        pairs_1, pairs_2 = ordered_sum(s.pairs_hco3 * s.free[:2], 0), ordered_sum(s.pairs_co3 * s.free[:2], 0)
        bases = ordered_sum(s.beta, 1)
        filling = bases + s.beta_h + s.beta_al
        positive = ordered_sum(self.charge * s.free, 0) + pairs_1 + s.hydrogen + 3.0 * s.al + 2.0 * s.aloh + s.aloh2
        negative = p.anions + 2.0 * s.so4_free + s.hco3 + 2.0 * s.co3 + s.hydroxide
        strength = 0.5 * (
            ordered_sum(self.charge * self.charge * s.free, 0) + pairs_1 + s.hydrogen + 9.0 * s.al + p.anions
            + 4.0 * s.so4_free + s.hco3 + 4.0 * s.co3 + s.hydroxide
        )  # fmt: skip
        return Solution(
            unknowns=x,
            dissolved=s.free * s.alpha,
            ca_total=s.free[0] * s.den[0],
            dic=s.co2 + s.hco3 + s.co3 + pairs_1 + pairs_2,
            bicarbonate=s.hco3 + pairs_1,
            base_saturation=ordered_sum(p.cec * bases, 0) / ordered_sum(p.cec * filling, 0),
            saturation=s.per_ca * s.free[0],
            ionic_strength=strength,
            residual=ordered_sum(torch.log(filling).abs(), 0) + torch.log(positive / negative).abs(),
        )

    def newton(self, residual: Tensor, jacobian: Tensor, x: Tensor, limit: float) -> Tensor:
        """One damped Newton step; Gauss-Jordan on the small dense system of every cell (the diagonal dominates)."""
        n = self.n_sites + 1
        system = torch.cat([jacobian, residual.unsqueeze(1)], dim=1)
        for i in range(n):
            pivot = system[i] / system[i, i]
            system = system - system[:, i].unsqueeze(1) * pivot.unsqueeze(0)
            system = torch.cat([system[:i], pivot.unsqueeze(0), system[i + 1 :]])
        step = system[:, n]
        step = step * (limit / step.abs().amax(0).clamp(min=limit))  # shorter, never another direction
        return x - torch.cat([step[n - 1 :], step[: n - 1]])

    def forward(self, p: Problem, k: Constants, g: Activity, guess: Tensor, iterations: int) -> Solution:
        """Solve all cells at once with a fixed number of Newton steps from ``guess`` [1 + site, layer, column].

        Gradients flow through the last step alone, with its Jacobian held: the implicit-function theorem at the root.
        """
        fixed = Problem(
            p.totals.detach(),
            p.anions.detach(),
            p.so4.detach(),
            p.cec.detach(),
            p.kinetic.detach(),
            p.stock.detach(),
            p.pco2.detach(),
        )
        x = guess.detach()
        so4_free = 0.8 * fixed.so4
        limit = self.max_step
        for _ in range(iterations - 1):
            s = self.speciate(fixed, k, g, x, so4_free)
            residual, jacobian = self.system(fixed, s)
            x = self.newton(residual, jacobian, x, limit)
            so4_free = self.free_sulphate(fixed, k, g, s)
            limit = max(0.9 * limit, self.min_step)  # breaks the cycles of a long search between the two calcite branches
        s = self.speciate(p, k, g, x, so4_free)
        residual, jacobian = self.system(p, s)
        x = self.newton(residual, jacobian.detach(), x, limit)
        so4_free = self.free_sulphate(p, k, g, s)
        return self.solution(p, x, self.speciate(p, k, g, x, so4_free))
