"""Species of the soil solution and its exchanger at given unknowns: pairs, carbonates, aluminium, exchangeable cations, calcite.

What:    constants by temperature, activities by ionic strength, and every species at a pH and the exchange potentials of the
         sites; equilibrium.py finds the unknowns that balance them. Calcite reacts by an implicit linear rate law.
Units:   totals mol m-2 with water kg m-2; mol per kg of water inside. Shapes [row, layer, column], float64.
Source:  Gaines & Thomas (1953) exchange, extended Debye-Hueckel (Truesdell & Jones 1974), gibbsite as unlimited Al source.
Use:     ``s = self.speciate(p, self.constants(t), self.activity(strength, t), a, so4_free)``, as Equilibrium does
"""

from typing import Final

import torch
from torch import Tensor, nn

from ..contract.ordered import ordered_sum
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
from .ions import all_but_calcium, ammonium, calcium, divalent, magnesium, potassium, sodium
from .records import Activity, Constants, Problem, Speciation, activity_rows, constant_rows, permanent_charge

N_SITES = len(EXCHANGE_LOG_K)
IONS = tuple(ION_SIZE)
FIRST_SITE_ONLY = ("k", "nh4")  # ions that the variable-charge sites do not take


class SoilSolution(nn.Module):
    """The species; the thermodynamic set is held as a buffer, so that a bundle carries its own constants.

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
        self.strongest: float = 20.0  # mol/kg
        self.least_sodium: float = 3e-5  # mol/kg, the least in the archives: below it "AlX3-linear" has no meaning
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
        return constant_rows(torch.exp(self.LN10 * log_k))

    def activity(self, ionic_strength: Tensor, t: Tensor) -> Activity:
        """Activity coefficients; A and B after Truesdell & Jones (1974), 0-50 degC, ionic strength up to about 0.5.

        In the precision of ``ionic_strength``: the law is good to a hundredth. A brine stronger than ``strongest``, far outside
        of the law, has the coefficients of that strength.
        """
        tc = (t - 273.15).to(ionic_strength.dtype)
        strength, like = ionic_strength.clamp(max=self.strongest), ionic_strength.dtype
        a = 0.4883 + 7.4149e-4 * tc + 1.843e-6 * tc * tc
        b = 0.3241 + 1.6e-4 * tc
        root = torch.sqrt(strength)
        log_gamma = -a * self.ion_charge2.to(like) * root / (1.0 + b * self.ion_size.to(like) * root)
        log_gamma = log_gamma + self.ion_b.to(like) * strength
        return activity_rows(torch.exp(self.LN10 * log_gamma).double())

    def capacity(self, held: Tensor, held2: Tensor) -> Tensor:
        """Exchangeable moles [5, ...] per unit of affinity x free ion, from CEC x u and CEC x u^2 of each site.

        Sites share their selectivity for bases, so the sums over sites and over ions separate.
        """
        twice = 0.5 * ordered_sum(held2, 0)
        return torch.stack([twice, twice, permanent_charge(held), ordered_sum(held, 0), permanent_charge(held)])

    def bases(self, u: Tensor, u2: Tensor, sorbed: Tensor) -> Tensor:
        """Equivalent fraction of the base cations on each site, from ``sorbed`` = affinity x free ion [5, ...]."""
        everywhere = u2 * (calcium(sorbed) + magnesium(sorbed)) + u * sodium(sorbed)
        # K and NH4 sit on the first site alone
        return torch.cat([everywhere[:1] + u[:1] * (potassium(sorbed) + ammonium(sorbed)), everywhere[1:]])

    def aluminium(self, u: Tensor, h: Tensor, a_al: Tensor, k_aloh: Tensor, a_na: Tensor) -> Tensor:
        """Equivalent fraction of aluminium on each site at exchange potentials ``u``; ``a_na``: activity of Na."""
        activity = a_al if self.al_h == 3.0 else k_aloh * a_al / h
        power = u
        for _ in range(int(self.al_u) - 1):
            power = power * u
        fraction = self.al_affinity * activity * power
        if self.al_na > 0.0:
            fraction = fraction * torch.pow(a_na.clamp(min=self.least_sodium), -self.al_na)
        return self.first_site.to(h.dtype) * fraction

    def speciate(self, p: Problem, k: Constants, g: Activity, a: Tensor, so4_free: Tensor) -> Speciation:
        """Every species at H+ activity and u of each site ``a`` [1 + site, ...]; ``so4_free``: free sulphate that pairs."""
        h, u = a[0], a[1:]
        co2 = k.co2_solubility * p.pco2
        a_hco3 = k.carbonic_1 * co2 / h
        a_co3 = k.carbonic_2 * a_hco3 / h
        a_al = k.gibbsite * h * h * h

        # pairs per mole of free Ca and Mg
        g_ca, g_mg = calcium(g.cations), magnesium(g.cations)
        ca_1, ca_2 = k.cahco3 * g_ca * a_hco3 / g.cahco3, k.caco3_aq * g_ca * a_co3
        mg_1, mg_2 = k.mghco3 * g_mg * a_hco3 / g.cahco3, k.mgco3_aq * g_mg * a_co3
        ca_3, mg_3 = k.caso4_aq * g_ca * g.so4 * so4_free, k.mgso4_aq * g_mg * g.so4 * so4_free
        alpha = torch.stack([1.0 + ca_1 + ca_2 + ca_3, 1.0 + mg_1 + mg_2 + mg_3])

        u2 = u * u
        held, held2 = p.cec * u, p.cec * u2
        affinity = self.selectivity.to(h.dtype) * g.cations
        one = torch.ones_like(h)
        den = torch.cat([alpha, torch.stack([one, one, one])]) + affinity * self.capacity(held, held2)

        # calcite by an implicit linear rate law: dissolves rate (1 - Omega), never more than there is; above the ratio
        # forming_above it forms rate (Omega / forming_above - 1); between the two it rests
        per_ca = g_ca * a_co3 / k.calcite  # Omega per mole of free Ca
        unreacted = per_ca * calcium(p.totals)  # Omega x den of the water before calcite reacts
        forms = unreacted > p.forming_above * calcium(den)
        rests = torch.where(unreacted > calcium(den), torch.zeros_like(per_ca), p.dissolving)
        rate = torch.where(forms, p.forming, rests)
        back = rate * torch.where(forms, per_ca / p.forming_above, per_ca)
        limited = (calcium(p.totals) + p.calcite) / calcium(den)
        by_rate = (calcium(p.totals) + rate) / (calcium(den) + back)
        ca = torch.minimum(by_rate, limited)
        back = torch.where(by_rate < limited, back, torch.zeros_like(back))
        free = torch.cat([ca.unsqueeze(0), all_but_calcium(p.totals) / all_but_calcium(den)])

        bases = self.bases(u, u2, affinity * free)
        a_na = sodium(g.cations) * sodium(free)
        na_order = (a_na > self.least_sodium).to(a_na.dtype) * -self.al_na
        beta_al = self.aluminium(u, h, a_al, k.aloh, a_na)
        return Speciation(
            co2, a_hco3 / g.hco3, a_co3 / g.co3, h / g.h, k.water / (h * g.oh), a_al / g.al, k.aloh * a_al / (h * g.aloh),
            k.aloh2 * a_al / (h * h * g.cahco3), torch.stack([ca_1, mg_1]), torch.stack([ca_2, mg_2]), alpha, u, u2, held, held2,
            affinity, den, back, per_ca, free, bases, self.proton_affinity.to(h.dtype) * h * u, beta_al, na_order,
            p.so4 * self.free_sulphate(k, g, free),
        )  # fmt: skip

    def charges(self, p: Problem, s: Speciation) -> tuple[Tensor, Tensor]:
        """Positive and negative charge of the dissolved ions."""
        paired = (2.0 + s.pairs_hco3) * divalent(s.free)
        bases = calcium(paired) + magnesium(paired) + potassium(s.free) + sodium(s.free) + ammonium(s.free)
        positive = bases + s.hydrogen + 3.0 * s.al + 2.0 * s.aloh + s.aloh2
        return positive, p.anions + 2.0 * s.so4_free + s.hco3 + 2.0 * s.co3 + s.hydroxide

    def free_sulphate(self, k: Constants, g: Activity, free: Tensor) -> Tensor:
        """Free share of sulphate beside the ``free`` cations [5, ...]; its pairs lag one turn behind, and are a small share."""
        bound = k.caso4_aq * calcium(g.cations) * calcium(free) + k.mgso4_aq * magnesium(g.cations) * magnesium(free)
        return 1.0 / (1.0 + g.so4 * bound)
