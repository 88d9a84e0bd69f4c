"""The first state of a plot: such that its suspension reads what the survey read, with the bases that the survey found.

What:    ``begin`` spins a column without dressings (pore water, soil air), then fills the exchanger of each layer.
Rules:   bases not surveyed: their sum so that the pH comes out, shares of land/exchanger.py; surveyed without a capacity: they
         stay, and the capacity is the one at which the pH comes out; with a capacity: both stay, and the share of proton sites
         makes the pH. Where none within CAPACITIES or VARIABLE does, the nearest is kept and ``Start.off`` says what is missing.
Micas:   the library's exchanger takes potassium on its permanent charge alone and lets go in ten years what soils keep for
         centuries between layers of mica. Potassium and sodium beyond what a soil without dressings keeps in the simulation are
         held aside (``Start.aside``): part of every reading, never exchanged.
Units:   mol_c kg-1; shapes (layer,).
Use:     ``soil, ground, start = begin(site, ground, drivers, model)``
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..land import exchanger
from ..units import MONTH_SECONDS
from . import suspension
from .profile import Ground
from .site import CATIONS, Site

TRIED = 61
SHARES = (0.01, 1.10)  # of the capacity that bases may fill
CAPACITIES = (0.5, 2.5)  # times the capacity by texture
VARIABLE = (0.3, 0.95)
SPIN_YEARS = 6  # without dressings, so that pore water, soil air and the potassium that stays are those of the field
LOOSE = ("k", "na")  # ions that are held aside where they would not stay


@dataclass(frozen=True)
class Start:
    """What the first state was made of, (layer,)."""

    ph: np.ndarray  # read
    off: np.ndarray  # against the survey
    bases: dict[str, np.ndarray]
    capacity: np.ndarray
    rule: list[str]
    aside: dict[str, np.ndarray]  # of LOOSE, within ``bases``


def _ions(total: np.ndarray, ground: Ground, known: np.ndarray, stays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Bases by ion [mol_c kg-1] of sums ``total`` (layer, any): surveyed or usual shares; no more of LOOSE than stays."""
    made = {}
    for ion in LOOSE:
        most = np.where(known[:, None], np.nan_to_num(ground.bases[ion])[:, None], exchanger.BASES[ion] * total)
        made[ion] = np.minimum(most, stays[ion][:, None])
    surveyed = np.nan_to_num(ground.bases["ca"]) + np.nan_to_num(ground.bases["mg"])
    usual = exchanger.BASES["ca"] / (exchanger.BASES["ca"] + exchanger.BASES["mg"])
    calcium = np.where(known, np.nan_to_num(ground.bases["ca"]) / np.maximum(surveyed, 1e-12), usual)[:, None]
    rest = np.maximum(total - made["k"] - made["na"], 0.0)
    return {"ca": calcium * rest, "mg": (1.0 - calcium) * rest, **made}


def _candidates(ground: Ground, known: np.ndarray, stays: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bases, capacity and share of proton sites to try, (layer, TRIED)."""
    one = np.ones(TRIED)
    bases = ground.capacity[:, None] * np.linspace(*SHARES, TRIED)
    surveyed = {ion: np.nan_to_num(ground.bases[ion]) for ion in CATIONS}
    aside = sum(np.maximum(surveyed[ion] - stays[ion], 0.0) for ion in LOOSE) * known
    total = sum(surveyed.values()) - aside
    capacity, variable = (ground.capacity - aside * ground.measured)[:, None] * one, ground.variable[:, None] * one
    wide = np.maximum(ground.capacity[:, None] * np.linspace(*CAPACITIES, TRIED), 0.0)
    bases = np.where(known[:, None], total[:, None] * one, bases)
    capacity = np.where((known & ~ground.measured)[:, None], wide, capacity)
    variable = np.where((known & ground.measured)[:, None], np.linspace(*VARIABLE, TRIED) * np.ones((len(known), 1)), variable)
    return bases, capacity, variable


def fill(site: Site, ground: Ground, state: dict[str, np.ndarray], model: Any) -> tuple[Ground, Start]:
    """Capacity, share of proton sites and bases of each layer; ``state`` (1, layer) brings the anions and guesses.

    Where the capacity of some layers follows from their bases, that of the others is corrected by the same factor: the clay of a
    profile is much the same.
    """
    made, start = _filled(site, ground, state, model)
    by_bases = np.array(["capacity by pH" in rule for rule in start.rule])
    guessed = ~by_bases & ~ground.measured
    if not by_bases.any() or not guessed.any():
        return made, start
    factor = float(np.average(start.capacity[by_bases] / ground.capacity[by_bases], weights=ground.mass[by_bases]))
    corrected = replace(ground, capacity=np.where(guessed, ground.capacity * factor, ground.capacity))
    return _filled(site, corrected, state, model)


def _filled(site: Site, ground: Ground, state: dict[str, np.ndarray], model: Any) -> tuple[Ground, Start]:
    known = np.all([~np.isnan(ground.bases[ion]) for ion in ("ca", "mg")], axis=0)
    stays = {ion: state[ion][0] / ground.mass for ion in LOOSE}
    bases, capacity, variable = _candidates(ground, known, stays)
    layers = len(ground.dz)
    pools = {ion: (x / exchanger.CHARGE[ion]).ravel() for ion, x in _ions(bases, ground, known, stays).items()}
    per_kg = {k: np.repeat(state[k][0] / ground.mass, TRIED) for k in ("nh4", "no3", "cl", "so4")}
    guess = {k: np.repeat(state[k][0], TRIED) for k in suspension.GUESSES}
    read = suspension.read(
        model, {**pools, **per_kg}, capacity.ravel(), variable.ravel(), guess, site.soil.ratio, np.repeat(ground.aluminium, TRIED)
    )
    ph = read[1 if site.soil.cacl2 else 0].reshape(layers, TRIED)
    chosen = np.empty((4, layers))
    for i in range(layers):
        row = ph[i] if ph[i, -1] > ph[i, 0] else ph[i, ::-1]
        tried = [x[i] if ph[i, -1] > ph[i, 0] else x[i, ::-1] for x in (bases, capacity, variable)]
        row = np.maximum.accumulate(row)
        chosen[:3, i] = [np.interp(ground.ph[i], row, x) for x in tried]
        chosen[3, i] = np.clip(ground.ph[i], row[0], row[-1])
    rule = ["bases as surveyed, " + ("share of proton sites" if m else "capacity") + " by pH" if k else "bases by pH"
            for k, m in zip(known, ground.measured, strict=True)]  # fmt: skip
    made = replace(ground, capacity=chosen[1], variable=chosen[2])
    held = {ion: x[:, 0] for ion, x in _ions(chosen[0][:, None], ground, known, stays).items()}
    of = {ion: np.where(known, np.nan_to_num(ground.bases[ion]), exchanger.BASES[ion] * chosen[0]) for ion in LOOSE}
    aside = {ion: np.maximum(of[ion] - held[ion], 0.0) for ion in LOOSE}
    found = {ion: held[ion] + aside.get(ion, 0.0) for ion in CATIONS}
    return made, Start(chosen[3], chosen[3] - ground.ph, found, chosen[1] + sum(aside.values()) * known, rule, aside)


def begin(site: Site, ground: Ground, drivers: Any, model: Any) -> tuple[Any, Ground, Start]:
    """Columns ready to step, one a treatment, their soil as it starts, and what that was made of."""
    n = len(site.treatments)
    soil = model.columns(ground.static(n))
    state = {k: np.zeros((n, len(ground.dz))) for k in ("nh4", "no3")}
    for _ in range(SPIN_YEARS):
        for month in range(12):
            soil.step(MONTH_SECONDS, drivers.forcing(site.years[0], month, state, True), ())
            state = soil.state()
    soil.close()
    made, start = fill(site, ground, {k: v[:1] for k, v in state.items()}, model)
    soil = model.columns(made.static(n))
    charge = exchanger.CHARGE
    limed = ground.caco3 > 0  # calcite keeps the exchanger full: as the library starts it
    loose = {ion: start.bases[ion] - start.aside.get(ion, 0.0) for ion in CATIONS}
    held = {ion: np.where(limed, state[ion], loose[ion] / charge[ion] * ground.mass) for ion in CATIONS}
    soil.set_state({**state, **held})
    return soil, made, start
