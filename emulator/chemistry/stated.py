"""Constants of one step, stated number by number: those of an archive in place of a shipped set, and what differs between two.

What:    log10 K by temperature, exchange constants of the three sites, ion sizes and the law of aluminium, as plain numbers that
         a learning file and the contract of a bundle can carry; ``install`` puts them into the buffers of a soil solution.
Units:   mol per kg of water, atm; log10 K(T) in the analytic form of ``constants``, T in kelvin. Angstrom for ion sizes.
Source:  whoever states them: ``source`` says who.
Use:     ``stated = of_set("phreeqc", "AlOHX2"); install(step.equilibrium, stated); differences(stated, other)``
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch

from ..contract.errors import InputError
from .constants import ALUMINIUM_LAWS, CATIONS, EXCHANGE_LOG_K, ION_SIZE, REACTIONS, coefficients
from .speciation import SoilSolution

ABSENT = -40.0
"""log10 K of a pair or a mineral that does not exist: below anything that a float64 balance of a soil resolves."""
T_SHOWN = 283.15
"""K at which constants are compared: a European soil."""
SAME_LOG_K, SAME_SIZE = 5e-4, 5e-3
"""Differences below these are printing: databases state four digits of log K, two of an ion's size."""
_NONE = [ABSENT, 0.0, 0.0, 0.0, 0.0, 0.0]


@dataclass(frozen=True)
class Stated:
    """The constants of a soil solution."""

    source: str
    log_k: dict[str, list[float]]  # reaction -> six coefficients
    selectivity: dict[str, float]  # cation -> log10 K against Na, shared by the sites
    protons: list[float]  # log10 K of H against Na, a site each
    ion_size: dict[str, list[float]]  # ion -> [size in angstrom, linear term]
    aluminium: str  # a name of ALUMINIUM_LAWS
    aluminium_log_k: float

    @property
    def has_aluminium(self) -> bool:
        """Whether a hydroxide supplies any."""
        return log_k_at(self.log_k["gibbsite"], T_SHOWN) > 0.5 * ABSENT

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers, for a file."""
        return asdict(self)


def from_dict(raw: dict[str, Any]) -> Stated:
    """From a file. Raises InputError naming what is missing or no number."""
    missing = [f.name for f in fields(Stated) if f.name not in raw]
    if missing:
        raise InputError(f"stated constants lack {missing[0]}; make the learning file again with `calcisol learn`")
    stated = Stated(**{f.name: raw[f.name] for f in fields(Stated)})
    lacking = [r for r in REACTIONS if len(stated.log_k.get(r, [])) != 6] + [c for c in CATIONS if c not in stated.selectivity]
    if lacking or len(stated.protons) != len(EXCHANGE_LOG_K) or stated.aluminium not in ALUMINIUM_LAWS:
        what = lacking[0] if lacking else f"three sites and an aluminium law of {', '.join(ALUMINIUM_LAWS)}"
        raise InputError(f"stated constants lack {what}; make the learning file again with `calcisol learn`")
    return stated


def of_set(thermodynamics: str, aluminium: str) -> Stated:
    """A shipped set in the same form."""
    rows = coefficients(thermodynamics)
    sites = list(EXCHANGE_LOG_K.values())
    return Stated(
        source=f"calcisol set {thermodynamics!r}, aluminium {aluminium}",
        log_k={name: rows[i].tolist() for i, name in enumerate(REACTIONS)},
        selectivity={c: sites[0][c] for c in CATIONS}, protons=[site["h"] for site in sites],
        ion_size={ion: list(values) for ion, values in ION_SIZE.items()},
        aluminium=aluminium, aluminium_log_k=ALUMINIUM_LAWS[aluminium][0],
    )  # fmt: skip


def of_contract(parameters: dict[str, Any]) -> Stated:
    """The constants a bundle says it has (``parameters`` of its contract)."""
    if "constants" in parameters:
        return from_dict(parameters["constants"])
    return of_set(parameters["thermodynamics"], parameters["aluminium"])


def install(solution: SoilSolution, stated: Stated) -> None:
    """Put the constants into the buffers of a soil solution. Its aluminium law must have been chosen when it was made."""

    def column(values: list[float]) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.float64).view(-1, 1, 1)

    with torch.no_grad():
        rows = [stated.log_k[reaction] for reaction in REACTIONS]
        solution.log_k.copy_(torch.tensor(rows, dtype=torch.float64).view(-1, 6, 1, 1))
        solution.selectivity.copy_(column([10.0 ** stated.selectivity[c] for c in CATIONS]))
        solution.proton_affinity.copy_(column([10.0**k for k in stated.protons]))
        solution.ion_size.copy_(column([stated.ion_size[ion][0] for ion in ION_SIZE]))
        solution.ion_b.copy_(column([stated.ion_size[ion][1] for ion in ION_SIZE]))
    solution.al_affinity = 10.0**stated.aluminium_log_k


def log_k_at(row: list[float], kelvin: float) -> float:
    """log10 K at a temperature."""
    a, b, c, d, e, f = row
    return a + b * kelvin + c / kelvin + d * math.log10(kelvin) + e / kelvin**2 + f * kelvin**2


def van_t_hoff(log_k25: float, enthalpy: float) -> list[float]:
    """Row of a constant enthalpy [kcal/mol] from log10 K at 25 degC, with MIN3P's gas constant."""
    slope = enthalpy / (1.987e-3 * math.log(10.0))
    return [log_k25 + slope / 298.15, 0.0, -slope, 0.0, 0.0, 0.0]


def combined(*parts: tuple[float, list[float]]) -> list[float]:
    """Sum of rows, each times its factor."""
    return [sum(factor * row[i] for factor, row in parts) for i in range(6)]


def absent() -> list[float]:
    """Row of a reaction that does not take place."""
    return list(_NONE)


def _shown(row: list[float]) -> str:
    value = log_k_at(row, T_SHOWN)
    return "absent" if value < 0.5 * ABSENT else f"{value:.3f}"


def differences(ours: Stated, theirs: Stated) -> list[tuple[str, str, str]]:
    """(constant, ours, theirs) of everything that differs; log10 K at 10 degC."""
    rows = []
    for reaction in REACTIONS:
        a, b = (log_k_at(s.log_k[reaction], T_SHOWN) for s in (ours, theirs))
        if abs(a - b) > SAME_LOG_K and max(a, b) > 0.5 * ABSENT:
            rows.append((f"log K {reaction}, 10 degC", _shown(ours.log_k[reaction]), _shown(theirs.log_k[reaction])))
    for ion in CATIONS:
        if abs(ours.selectivity[ion] - theirs.selectivity[ion]) > SAME_LOG_K:
            rows.append((f"log K exchange {ion}/Na", f"{ours.selectivity[ion]:.4g}", f"{theirs.selectivity[ion]:.4g}"))
    for site, (a, b) in enumerate(zip(ours.protons, theirs.protons, strict=True), 1):
        if abs(a - b) > SAME_LOG_K:
            rows.append((f"log K exchange H/Na, site {site}", f"{a:.4g}", f"{b:.4g}"))
    if (ours.aluminium, round(ours.aluminium_log_k, 3)) != (theirs.aluminium, round(theirs.aluminium_log_k, 3)):
        laws = [f"{s.aluminium}, log K {s.aluminium_log_k:.3g}" for s in (ours, theirs)]
        if ours.has_aluminium or theirs.has_aluminium:
            rows.append(("exchange law of Al", laws[0], laws[1]))
    for ion in ION_SIZE:
        mine, other = ours.ion_size[ion], theirs.ion_size[ion]
        if max(abs(x - y) for x, y in zip(mine, other, strict=True)) > SAME_SIZE:
            rows.append((f"ion size and b, {ion}", f"{mine[0]:.3g} {mine[1]:.3g}", f"{other[0]:.3g} {other[1]:.3g}"))
    return rows


def table(rows: list[tuple[str, str, str]], heads: tuple[str, str] = ("bundle", "archive")) -> str:
    """The differences as a Markdown table."""
    lines = [f"| constant | {heads[0]} | {heads[1]} |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {a} | {b} | {c} |" for a, b, c in rows)])
