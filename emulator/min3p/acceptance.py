"""Which runs are accepted for training: every budget must close, protons must add up, nothing may be negative.

What:    residuals of each conserved total, of water, of charge and of the proton identity.
Units:   relative to throughput (sum of the absolute inputs, outputs and sources over the run), unless said.
Source:  proton identity per reaction: van Breemen et al. (1983, Plant Soil 75, 283-308), written out in ``PROTONS``.
Use:     ``verdict = accept(member); verdict.ok, verdict.reasons``
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from .database import PREFIX, REACTIONS
from .learning import POOLS

BALANCE_LIMIT = 1.0e-6
"""Ca, Mg, K, Na, N, Cl, S, C: with the decks' step tolerance and short last steps (``deck.EDGE``) 1e-9 to 5e-7 remains."""
CHARGE_LIMIT = 1.0e-6
"""Sum of z times the residuals, over all components."""
WATER_LIMIT = 1.0e-5
PROTON_LIMIT = 1.0e-2
"""A.1 identity, relative to the acid turned over."""
PH_RANGE = (2.5, 10.5)
PCO2_MAX = 0.5  # atm
LIMITS = {"charge": CHARGE_LIMIT, "water": WATER_LIMIT, "protons": PROTON_LIMIT, "pco2_max": PCO2_MAX}
"""Check -> limit; every other one is a balance and has BALANCE_LIMIT (see ``limit``)."""

MINERALS = {"calcite": {"ca+2": 1, "co3-2": 1}, "gypsum": {"ca+2": 1, "so4-2": 1}, "gibbsite(c)": {"al+3": 1, "h+1": -3}}
CHARGES = {"ca": 2, "mg": 2, "k": 1, "na": 1, "nh4": 1, "no3": -1, "cl": -1, "so4": -2, "dic": -2, "al": 3, "h": 1}
STRONG = {"ca": 2, "mg": 2, "k": 1, "na": 1, "nh4": 1, "no3": -1, "cl": -1, "so4": -2, "al": 3}
"""Ions whose charge sum is the alkalinity of a column; calcite and gypsum count with their own."""
# H+ set free per mole of reaction, from the text-book table of nitrogen transformations, not from the deck's stoichiometry
PROTONS = {
    "resp": 0.0, "an": 0.0, "urea": -2.0, "as": 0.0, "cn": 0.0, "man": -1.0, "min": -1.0, "lime": -2.0, "irr": -2.0, "kcl": 0.0,
    "nitr": 2.0, "uno3": -1.0, "unh4": 1.0, "den": -1.0, "ubc": 1.6, "weath": -2.0,
}  # fmt: skip


def limit(check: str) -> float:
    """Limit of a check by its name in a member's record."""
    return LIMITS.get(check, BALANCE_LIMIT)


@dataclass
class Verdict:
    """Outcome of the checks: name -> (value, limit)."""

    checks: dict[str, tuple[float, float]] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """True when no check failed."""
        return not self.reasons

    def add(self, name: str, value: float) -> None:
        """Record a check; a value that is not below its limit (NaN included) is a reason to refuse."""
        self.checks[name] = (float(value), limit(name))
        if not abs(value) < limit(name):
            self.reasons.append(f"{name} is {value:.2e}, limit {limit(name):.0e}")


def _sum(member: xr.Dataset, name: str) -> np.ndarray:
    return member[name].values if name in member else np.zeros(member.sizes["time"])


def _sources(member: xr.Dataset) -> dict[str, dict[str, float]]:
    """Reaction or mineral -> component -> mol per mol, for everything the member holds."""
    own = {PREFIX + n: dict(r.release) for n, r in REACTIONS.items()}
    known = {**MINERALS, **own, **json.loads(member.attrs.get("stoichiometry", "{}"))}
    return {name: known[name] for name in known if f"src_{name}" in member}


def residuals(member: xr.Dataset) -> dict[str, tuple[float, float]]:
    """Pool -> (residual of its budget over the whole run, throughput), mol m-2."""
    reactions = _sources(member)
    out = {}
    for pool, component in POOLS.items():
        total = member[f"pool_{pool}"].sum("layer").values.astype(float)
        released = [_sum(member, f"src_{r}") * s[component] for r, s in reactions.items() if component in s]
        flows = [_sum(member, f"flux_{f}_{component}") for f in ("in", "gasin")]
        flows += [-_sum(member, f"flux_{f}_{component}") for f in ("out", "gasout")]
        terms = [*released, *flows]
        residual = total[-1] - total[0] - sum(float(t[1:].sum()) for t in terms)
        out[pool] = (residual, sum(float(np.abs(t[1:]).sum()) for t in terms))
    return out


def proton_identity(member: xr.Dataset) -> tuple[float, float]:
    """(acid found missing from the alkalinity of the column, acid by the table), mol_c m-2 over the run.

    The first comes from concentrations, exchanger, minerals and leaching; the second from reaction extents and PROTONS.
    Al dissolved from gibbsite neutralises three protons.
    """
    start_end = 0.0
    boundary = 0.0
    for pool, z in STRONG.items():
        total = member[f"pool_{pool}"].sum("layer").values
        start_end += z * float(total[-1] - total[0])
        component = POOLS[pool]
        boundary += z * float((_sum(member, f"flux_out_{component}") - _sum(member, f"flux_in_{component}"))[1:].sum())
    calcite = 2.0 * float(_sum(member, "src_calcite")[1:].sum())
    measured = -(start_end - calcite + boundary)
    table = sum(z * float(_sum(member, f"src_{PREFIX}{n}")[1:].sum()) for n, z in PROTONS.items())
    return measured, table - 3.0 * float(_sum(member, "src_gibbsite(c)")[1:].sum())


def accept(member: xr.Dataset) -> Verdict:
    """All checks of one member (see the limits above). Needs the variables of ``learning.learning_member``."""
    verdict = Verdict()
    found = residuals(member)
    for pool in ("ca", "mg", "k", "na", "nh4", "no3", "cl", "so4", "dic"):
        residual, throughput = found[pool]
        verdict.add(f"balance_{pool}", residual / max(throughput, 1e-3))
    charge = sum(z * found[pool][0] for pool, z in CHARGES.items())
    verdict.add("charge", charge / max(sum(abs(z) * found[pool][1] for pool, z in CHARGES.items()), 1e-3))

    entering, leaving = (float(_sum(member, f"water_{w}")[1:].sum()) for w in ("in", "out"))
    stored = float((member["pool_water"][-1] - member["pool_water"][0]).sum()) * 1e-3
    verdict.add("water", (stored - entering + leaving) / max(entering, 1e-6))

    measured, table = proton_identity(member)
    turned = sum(abs(z) * float(np.abs(_sum(member, f"src_{PREFIX}{n}")).sum()) for n, z in PROTONS.items())
    verdict.add("protons", (measured - table) / max(turned, 1e-3))

    calcite = float(member["phi_calcite"].min())
    if not calcite >= 0.0:
        verdict.reasons.append(f"phi_calcite falls to {calcite:.2e}; minerals cannot be negative")
    ph = member["pH"].values[1:]
    if not (np.isfinite(ph).all() and ph.min() > PH_RANGE[0] and ph.max() < PH_RANGE[1]):
        verdict.reasons.append(f"pH runs from {np.nanmin(ph):.2f} to {np.nanmax(ph):.2f}, outside {PH_RANGE[0]} to {PH_RANGE[1]}")
    pressure = float(member["p_co2(g)"][1:].max())
    verdict.add("pco2_max", pressure)
    broken = [str(n) for n, v in member.data_vars.items() if v.dtype.kind == "f" and not np.isfinite(v.values).all()]
    if broken:
        verdict.reasons.append(f"{broken[0]} holds values that are not finite")
    return verdict
