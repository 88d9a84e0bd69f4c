"""Records of the soil-solution solver: what is given, what is looked up, what comes out.

Units:   mol per kg of water and activities; CO2 pressure in atm. Shapes [layer, column], or [row, layer, column] where said.
Use:     ``Problem(totals, anions, so4, cec, dissolving, forming, forming_above, calcite, pco2)``; no __future__ annotations
"""

from typing import NamedTuple

import torch
from torch import Tensor

from .constants import LN10


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


def constant_rows(k: Tensor) -> Constants:
    """Unpack [reaction, layer, column]."""
    r = k.unbind(0)
    return Constants(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13])


def activity_rows(g: Tensor) -> Activity:
    """Unpack [ion, layer, column], ions in the order of ``constants.ION_SIZE``."""
    return Activity(g[0:5], g[5], g[6], g[7], g[8], g[9], g[10], g[11], g[12])


def ln_h(unknowns: Tensor) -> Tensor:
    """ln of the H+ activity [layer, column] from the unknowns of the solver [1 + site, layer, column]."""
    return unknowns[0]


def single_ph(activities: Tensor, ln10: float = LN10) -> Tensor:
    """pH [layer, column] in float32, from the unknowns of the solver as they are, not as logs."""
    return torch.log(activities[0].float()) * (-1.0 / ln10)


def ph_of(unknowns: Tensor, ln10: float = LN10) -> Tensor:
    """pH [layer, column] from the unknowns of the solver."""
    return -ln_h(unknowns) / ln10


def potentials(unknowns: Tensor) -> Tensor:
    """Exchange potentials, ln u of each site [site, layer, column], from the unknowns of the solver."""
    return unknowns[1:]


def permanent_charge(sites: Tensor) -> Tensor:
    """The site of permanent charge [layer, column], of a tensor with a row per site: the only one that takes K, NH4 and Al."""
    return sites[0]


class Problem(NamedTuple):
    """What is given, per kg of water; [layer, column] unless said."""

    totals: Tensor  # [5, ...] Ca Mg K Na NH4, dissolved + exchangeable, without calcite
    anions: Tensor  # NO3 + Cl
    so4: Tensor
    cec: Tensor  # [site, ...] moles of charge
    dissolving: Tensor  # rate constant x surface x dt of calcite where it dissolves
    forming: Tensor  # the same where it forms
    forming_above: Tensor  # saturation ratio above which it forms, at least 1
    calcite: Tensor  # that may dissolve
    pco2: Tensor  # atm


class Speciation(NamedTuple):
    """All species at one guess, mol kg-1; [layer, column] unless said. "affinity": selectivity x activity coefficient."""

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
    alpha: Tensor  # [2, ...] dissolved per free Ca, Mg; the monovalent ions form no pairs
    u: Tensor  # [site, ...] exchange potentials
    u2: Tensor  # [site, ...] their squares
    held: Tensor  # [site, ...] CEC x u
    held2: Tensor  # [site, ...] CEC x u^2
    affinity: Tensor  # [5, ...]
    den: Tensor  # [5, ...] total per free ion
    back: Tensor  # calcite that precipitates per mole of free Ca by the rate law, 0 where the pool of calcite limits
    per_ca: Tensor  # Omega of calcite per mole of free Ca
    free: Tensor  # [5, ...]
    bases: Tensor  # [site, ...] equivalent fraction of the base cations
    beta_h: Tensor  # [site, ...]
    beta_al: Tensor  # [site, ...]
    na_order: Tensor  # exponent of the Na activity in beta_al; 0 by the Gaines-Thomas law
    so4_free: Tensor


class Change(NamedTuple):
    """What a small change of the unknowns brings [layer, column], mol kg-1 unless said."""

    dic: Tensor
    ca_total: Tensor  # dissolved + exchangeable calcium
    ca: Tensor  # dissolved
    dissolved: Tensor  # [5, ...] of each cation, relative to what is dissolved
    ln_saturation: Tensor  # of ln Omega of calcite
    strength: Tensor  # of the ionic strength


class Solution(NamedTuple):
    """Equilibrated soil solution; [layer, column] unless said."""

    unknowns: Tensor  # [1 + site, ...]: ln of H+ activity, ln u of each site
    activities: Tensor  # [1 + site, ...]: H+ activity, u of each site
    dissolved: Tensor  # [5, ...] free + pairs, mol kg-1
    ca_total: Tensor  # dissolved + exchangeable calcium, mol kg-1 of water
    dic: Tensor  # dissolved inorganic carbon (without soil air), mol kg-1
    sulphate_share: Tensor  # free share of the sulphate
    by_pressure: Tensor  # [1 + site, ...] d unknowns / d ln pCO2
    dic_response: Tensor  # d dic / d ln pCO2 with everything else following, mol kg-1
    ca_response: Tensor  # d dissolved Ca / d ln pCO2, likewise
    storage_response: Tensor  # the same less the carbon that calcite gives: what gas must bring
    by_anions: Tensor  # [1 + site, ...] d unknowns / d ln of the negative charge
    dissolved_by_anions: Tensor  # [5, ...] d ln dissolved / d ln of the negative charge
    negative: Tensor  # negative charge, mol_c kg-1
    base_saturation: Tensor  # share of the CEC not held by H and Al
    saturation: Tensor  # Omega of calcite
    ionic_strength: Tensor  # mol kg-1
    last_move: Tensor  # largest change of an unknown (in logs) in the last turn of the search
    left: Tensor  # estimate of the error of the unknowns (in logs) after it
