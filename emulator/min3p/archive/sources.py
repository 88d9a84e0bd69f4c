"""What a reaction is, from what it releases: the forcing of the contract whose stoichiometry it has.

What:    ``classify`` proposes a word of ``mapping.SOURCES``, ``misfit`` says why one cannot stand for a reaction, ``forcing_of``
         how much of each forcing a mole of it stands for.
Source:  proton balance of nitrogen: van Breemen et al. (1983, Plant Soil 75, 283-308); ratios of weathering and harvest as in
         variables.toml.
Use:     ``classify("x-nitr", {"nh4+1": -1, "no3-1": 1, "h+1": 2})`` is "nitrification"
"""

from __future__ import annotations

from collections.abc import Mapping as Table

from .mapping import LEFT_OUT

POOL_OF = {
    "ca+2": "ca", "mg+2": "mg", "k+1": "k", "na+1": "na", "nh4+1": "nh4", "no3-1": "no3", "cl-1": "cl", "so4-2": "so4",
    "co3-2": "dic", "h+1": "charge balance", "al+3": "gibbsite",
}  # fmt: skip
"""Components of MIN3P's database and the pools they are by their nature."""
CHARGES = {"ca": 2, "mg": 2, "k": 1, "na": 1, "nh4": 1, "no3": -1, "cl": -1, "so4": -2}
BASES = ("ca", "mg", "k", "na")
FITS = {
    "respiration": {"dic": 1.0}, "organic matter": {"dic": 1.0, "nh4": 1.0}, "nitrification": {"nh4": -1.0, "no3": 1.0},
    "mineralisation": {"nh4": 1.0}, "ammonium uptake": {"nh4": -1.0}, "nitrate uptake": {"no3": -1.0},
    "denitrification": {"no3": -1.0},
}  # fmt: skip
"""Pools that each word moves, all of them and no other, with their signs."""
SIGNS = {"base cation uptake": -1.0, "weathering": 1.0, "surface": 1.0}
"""Words that move any of the base cations, or anything, in one direction."""
SILENT = ("h2o", "o2(aq)", "h+1", "hco3-", "h4sio4", "e-1", "ch2o")
"""Components that say nothing of which process it is."""


def by_pool(releases: Table[str, float], pools: Table[str, str]) -> dict[str, float]:
    """mol of each pool that a mole of a reaction releases; what is no pool is left out."""
    found: dict[str, float] = {}
    for component, amount in releases.items():
        pool = pools.get(component, "")
        if pool in CHARGES or pool == "dic":
            found[pool] = found.get(pool, 0.0) + amount
    return found


def classify(name: str, releases: Table[str, float], pools: Table[str, str] = POOL_OF) -> str:
    """The word of ``mapping.SOURCES`` that fits; LEFT_OUT where none does."""
    moved = {p: a for p, a in by_pool(releases, pools).items() if abs(a) > 1e-12}
    foreign = [c for c in releases if c not in SILENT and pools.get(c, LEFT_OUT) == LEFT_OUT]
    bases = [moved.get(b, 0.0) for b in BASES]
    only = set(moved)
    if foreign or not moved:
        return LEFT_OUT
    if only == {"dic"}:
        return "respiration" if moved["dic"] > 0.0 else LEFT_OUT
    if only == {"dic", "nh4"} and moved["dic"] > 3.0 * moved["nh4"] > 0.0:  # organic matter has more carbon than nitrogen
        return "organic matter"
    if only == {"nh4", "no3"} and moved["nh4"] < 0.0 < moved["no3"]:
        return "nitrification"
    if only == {"no3"} and moved["no3"] < 0.0:
        return "denitrification" if "den" in name.lower() else "nitrate uptake"
    if only == {"nh4"}:
        return "mineralisation" if moved["nh4"] > 0.0 else "ammonium uptake"
    if only <= set(BASES) and max(bases) <= 0.0:
        return "base cation uptake"
    if only <= set(BASES) and min(bases) >= 0.0:
        return "weathering"
    return "surface" if all(a > 0.0 for a in moved.values()) else LEFT_OUT


def misfit(name: str, word: str, moved: Table[str, float]) -> str:
    """Why a source that moves these pools cannot be ``word``: what its forcing does not carry would be lost. "" where it can."""
    found = {pool: amount for pool, amount in moved.items() if abs(amount) > 1e-12}
    signs = FITS.get(word) or dict.fromkeys(found if word == "surface" else BASES, SIGNS[word])
    fits = found and all(found[pool] * signs.get(pool, 0.0) > 0.0 for pool in found)
    if fits and (word not in FITS or set(found) == set(signs)):
        return ""
    stands = "gives" if word == "surface" else f"{'gives' if word == 'weathering' else 'takes'} base cations and nothing else"
    if word in FITS:
        parts = [f"{'gives' if sign > 0.0 else 'takes'} {pool}" for pool, sign in signs.items()]
        stands = f"{' and '.join(parts)} and nothing else"
    told = ", ".join(f"{amount:+g} {pool}" for pool, amount in found.items()) or "no pool of the map"
    return f"{name!r} cannot be {word!r}, which {stands}: a mole of it moves {told}"


def charge_of_bases(moved: Table[str, float]) -> float:
    """mol_c of base cations that a mole of a reaction releases."""
    return sum(CHARGES[b] * moved.get(b, 0.0) for b in BASES)


def forcing_of(word: str, moved: Table[str, float]) -> dict[str, float]:
    """Canonical reaction of the learning file -> mol of it per mole of the source. "surface" is booked by ion, not here.

    ``x-ubc`` moves 1.6 and ``x-weath`` 2 mol_c per mole (training/learning_set.py).
    """
    if word == "respiration":
        return {"x-resp": moved["dic"]}
    if word == "organic matter":
        return {"x-resp": moved["dic"], "x-min": moved["nh4"]}
    if word == "nitrification":
        return {"x-nitr": -moved["nh4"]}
    if word == "mineralisation":
        return {"x-min": moved["nh4"]}
    if word == "ammonium uptake":
        return {"x-unh4": -moved["nh4"]}
    if word in ("nitrate uptake", "denitrification"):
        return {"x-uno3" if word == "nitrate uptake" else "x-den": -moved["no3"]}
    if word == "base cation uptake":
        return {"x-ubc": -charge_of_bases(moved) / 1.6}
    if word == "weathering":
        return {"x-weath": charge_of_bases(moved) / 2.0}
    return {}
