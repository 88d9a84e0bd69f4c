"""Records of the solver rounded to float32, and its solution back in float64.

What:    a search for pH needs no more digits than the turn that ends it leaves in error: turns in float32 cost half of what they
         do in float64, on processors and on devices. What is conserved is never rounded: pools, fluxes and budgets are float64.
Units:   as in records.py. Shapes as given.
Use:     ``p, k, g = rounded(p), rounded_constants(k), rounded_activity(g)``; no __future__ annotations (TorchScript)
"""

import torch

from .records import Activity, Constants, Problem, Solution, Speciation, constant_rows


def rounded(p: Problem) -> Problem:
    """A problem in float32."""
    return Problem(
        p.totals.float(),
        p.anions.float(),
        p.so4.float(),
        p.cec.float(),
        p.dissolving.float(),
        p.forming.float(),
        p.forming_above.float(),
        p.calcite.float(),
        p.pco2.float(),
    )


def rounded_constants(k: Constants) -> Constants:
    """Equilibrium constants in float32."""
    return constant_rows(torch.stack(k).float())


def rounded_activity(g: Activity) -> Activity:
    """Activity coefficients in float32."""
    return Activity(
        g.cations.float(),
        g.h.float(),
        g.oh.float(),
        g.hco3.float(),
        g.co3.float(),
        g.so4.float(),
        g.cahco3.float(),
        g.al.float(),
        g.aloh.float(),
    )


def rounded_species(s: Speciation) -> Speciation:
    """Species in float32."""
    return Speciation(
        s.co2.float(),
        s.hco3.float(),
        s.co3.float(),
        s.hydrogen.float(),
        s.hydroxide.float(),
        s.al.float(),
        s.aloh.float(),
        s.aloh2.float(),
        s.pairs_hco3.float(),
        s.pairs_co3.float(),
        s.alpha.float(),
        s.u.float(),
        s.u2.float(),
        s.held.float(),
        s.held2.float(),
        s.affinity.float(),
        s.den.float(),
        s.back.float(),
        s.per_ca.float(),
        s.free.float(),
        s.bases.float(),
        s.beta_h.float(),
        s.beta_al.float(),
        s.na_order.float(),
        s.so4_free.float(),
    )


def in_double(x: Solution) -> Solution:
    """A solution found in float32, as float64."""
    return Solution(
        torch.log(x.activities.double()),
        x.activities.double(),
        x.dissolved.double(),
        x.ca_total.double(),
        x.dic.double(),
        x.sulphate_share.double(),
        x.by_pressure.double(),
        x.dic_response.double(),
        x.ca_response.double(),
        x.storage_response.double(),
        x.by_anions.double(),
        x.dissolved_by_anions.double(),
        x.negative.double(),
        x.base_saturation.double(),
        x.saturation.double(),
        x.ionic_strength.double(),
        x.last_move.double(),
        x.left.double(),
    )
