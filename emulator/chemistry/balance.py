"""What a guess at the soil solution leaves unbalanced, how that changes with the unknowns, and what follows from a change.

What:    imbalance of each exchange site and of charge, their Jacobian, the linear system, and the first-order change of dissolved
         carbon and cations with pH, exchange potentials and CO2 pressure.
Units:   mol per kg of water; imbalances and changes of unknowns are natural logs. Shapes [layer, column], or [row, ...].
Source:  speciation.py has the species; the changes are derivatives of its formulas (implicit-function theorem).
Use:     a base class of ``equilibrium.Equilibrium``; no __future__ annotations here, TorchScript cannot read them
"""

import torch
from torch import Tensor

from ..contract.ordered import ordered_sum
from .ions import all_but_calcium, ammonium, calcium, divalent, magnesium, monovalent, potassium, sodium
from .records import Change, Problem, Speciation, permanent_charge
from .speciation import SoilSolution


class Balance(SoilSolution):
    """Balances of the species of ``SoilSolution``."""

    def imbalances(self, p: Problem, s: Speciation) -> list[Tensor]:
        """ln (filling) of each site, ln (positive / negative charge), each as 2 (a - b) / (a + b): sites first, charge last.

        The same to third order near the root, bounded far from it, and without a logarithm.
        """
        filling = s.bases + s.beta_h + s.beta_al
        positive, negative = self.charges(p, s)
        out: list[Tensor] = []
        for i in range(self.n_sites):
            out.append(2.0 * (filling[i] - 1.0) / (filling[i] + 1.0))
        out.append(2.0 * (positive - negative) / (positive + negative))
        return out

    def jacobian(self, p: Problem, s: Speciation) -> list[list[Tensor]]:
        """Derivatives of ln (filling) and of ln (positive / negative charge) by ln u of each site and, last, by ln h: by rows."""
        filling = s.bases + s.beta_h + s.beta_al
        positive, negative = self.charges(p, s)
        per_filling = 1.0 / filling

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
        return rows

    def eliminate(self, rights: list[list[Tensor]], rows: list[list[Tensor]]) -> list[list[Tensor]]:
        """Solutions for each of ``rights``; Gauss elimination without pivoting (the diagonal dominates), cell by cell."""
        n = self.n_sites + 1
        for i in range(n):
            pivot = 1.0 / rows[i][i]
            for j in range(i + 1, n):
                factor = rows[j][i] * pivot
                for m in range(i + 1, n):
                    rows[j][m] = rows[j][m] - factor * rows[i][m]
                for right in rights:
                    right[j] = right[j] - factor * right[i]
        out: list[list[Tensor]] = []
        for right in rights:
            x = [right[n - 1] / rows[n - 1][n - 1]]
            for back in range(1, n):
                i = n - 1 - back
                value = right[i]
                for m in range(i + 1, n):
                    value = value - rows[i][m] * x[m - i - 1]
                x.insert(0, value / rows[i][i])
            out.append(x)
        return out

    def by_pressure(self, p: Problem, s: Speciation) -> list[Tensor]:
        """Derivatives of the imbalances by ln pCO2, with their sign turned; the unknowns as they are. Order of ``imbalances``."""
        filling = s.bases + s.beta_h + s.beta_al
        positive, negative = self.charges(p, s)
        sorbed, pair = divalent(s.affinity) * divalent(s.free), s.pairs_hco3 * divalent(s.free)
        ca = -(calcium(s.pairs_hco3) + calcium(s.pairs_co3) + s.back) / (calcium(s.den) + s.back)
        mg = -(magnesium(s.pairs_hco3) + magnesium(s.pairs_co3)) / magnesium(s.den)
        out: list[Tensor] = []
        for i in range(self.n_sites):
            out.append(-s.u2[i] * (calcium(sorbed) * ca + magnesium(sorbed) * mg) / filling[i])
        rise = (2.0 * calcium(s.free) + calcium(pair)) * ca + (2.0 * magnesium(s.free) + magnesium(pair)) * mg
        rise = rise + calcium(pair) + magnesium(pair)
        out.append(-rise / positive + (s.hco3 + 2.0 * s.co3) / negative)
        return out

    def follow(self, s: Speciation, changed: list[Tensor], by_p: float) -> Change:
        """What follows, to first order, from changes of ln u of each site and, last, of ln h; and of ln pCO2 where ``by_p`` is 1.

        Conserved totals stay; calcite reacts by its rate law.
        """
        h, v = changed[self.n_sites], torch.stack(changed[: self.n_sites])
        pair_1, pair_2 = s.pairs_hco3 * divalent(s.free), s.pairs_co3 * divalent(s.free)
        once, twice = by_p - h, by_p - 2.0 * h  # of the activities of HCO3 and CO3
        ca_rate = calcium(s.den) + s.back
        exchanged = ordered_sum(s.held2 * v, 0)
        in_pairs = s.pairs_hco3 * once + s.pairs_co3 * twice
        ln_ca = -(calcium(in_pairs) + s.back * twice + calcium(s.affinity) * exchanged) / ca_rate
        ln_mg = -(magnesium(in_pairs) + magnesium(s.affinity) * exchanged) / magnesium(s.den)
        dic = s.co2 * by_p + s.hco3 * once + s.co3 * twice
        dic = dic + calcium(pair_1) * (once + ln_ca) + calcium(pair_2) * (twice + ln_ca)
        dic = dic + magnesium(pair_1) * (once + ln_mg) + magnesium(pair_2) * (twice + ln_mg)
        made = pair_1 * once + pair_2 * twice
        ca = calcium(s.free) * calcium(s.alpha) * ln_ca + calcium(made)
        mg = magnesium(s.free) * magnesium(s.alpha) * ln_mg + magnesium(made)
        ca_total = calcium(s.free) * calcium(s.den) * ln_ca + calcium(made) + calcium(s.affinity) * calcium(s.free) * exchanged
        permanent, everywhere = permanent_charge(s.held) * v[0], ordered_sum(s.held * v, 0)
        alone = -monovalent(s.affinity) / monovalent(s.den) * torch.stack([permanent, everywhere, permanent])
        both = torch.stack([ca / (calcium(s.free) * calcium(s.alpha)), mg / (magnesium(s.free) * magnesium(s.alpha))])
        charged = 4.0 * (calcium(s.free) * ln_ca + magnesium(s.free) * ln_mg) + ordered_sum(monovalent(s.free) * alone, 0)
        charged = charged + calcium(pair_1) * (once + ln_ca) + magnesium(pair_1) * (once + ln_mg)
        charged = charged + (s.hydrogen - s.hydroxide + 27.0 * s.al) * h + s.hco3 * once + 4.0 * s.co3 * twice
        return Change(dic, ca_total, ca, torch.cat([both, alone]), ln_ca + twice, 0.5 * charged)
