"""Which variable of a file gives which input of the contract.

What:    ``find_sources``: by the contract's own name, by CF standard name, by the names that other projects use. Where two
         variables could be meant, the file is refused, naming both.
Source:  CF standard names (v93); CMIP6 and CMIP5 tables, ALMA 3, ISIMIP3, LS3MIP, ORCHIDEE, CLM and Noah-MP output.
Use:     ``sources = find_sources(dataset, depth="depth")``; ``sources["w_liq"].names``
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import xarray as xr

from ...emulator.contract.variables import Variable, load_table
from ..units import UnitError, conversion, known
from . import water_phases
from .fault import ForcingError
from .land_model_terms import FROM_SOIL, Term, find_terms

# names without a CF standard name: (contract, names in the file); those of water are in water_phases.py
ALIASES = {
    "dz": ("DZS",),
    "t_soil": ("tsl", "SoilTemp", "ptn", "TSOI", "STC", "SOIL_T", "TSLB"),
    "q_bot": ("drainage", "Qsb", "mrrob", "qsb", "QDRAI"),
    "p_surf": ("ps", "PSurf", "PBOT", "sp"),
    "co2_src_total": ("hetero_resp", "rh", "HeteroResp", "HR"),
    "co2_atm": ("CO2air", "co2"),
}
# short names that also mean something else: taken only where their unit fits, e.g. rh [%] is relative humidity
AMBIGUOUS = ("rh", "co2", "sp", "ps", "HR", "STC")
WATER = ("w_liq", "w_ice", "w_sink", "q_lat", "q_if", "q_bot")
_COUNTED = {
    "co2_src": "C", "co2_src_total": "C", "lime": "CaCO3", "dep_ca": "Ca", "dep_mg": "Mg", "dep_k": "K", "dep_na": "Na",
    "dep_nh4": "N", "dep_no3": "N", "dep_cl": "Cl", "dep_so4": "S", "dep_dic": "C", "n_nit": "N", "n_min": "N", "n_up_nh4": "N",
    "n_up_no3": "N", "n_den": "N", "nh4": "N", "no3": "N",
}  # fmt: skip
TEXTURE = ("clay", "sand", "soc", "caco3", "bulk_density")


def substance(variable: Variable) -> str:
    """What an input counts, for its units: "water", "C", "N", ... or "" for none."""
    return "water" if variable.name in WATER else _COUNTED.get(variable.name, "")


def target(variable: Variable) -> str:
    """The unit wanted of a file; pH is a number of its own, of which there is no percentage."""
    return "pH" if variable.name == "ph0" else variable.units


@dataclass(frozen=True)
class Source:
    """How one input comes out of a file: the variable of that name, or what ``how`` makes of two."""

    variable: Variable
    names: tuple[str, ...]
    how: str = "plain"  # plain | difference | share | rest | sum | bounds (dz from those of the layers) | land model (its water)
    note: str = ""

    @property
    def found(self) -> str:
        """What the report of ``calcisol check`` says it was made of."""
        first, *more = self.names
        sign = {"difference": " - ", "share": " x ", "rest": " x (1 - ", "sum": " + ", "land model": " + "}.get(self.how, "")
        return first + "".join(sign + n for n in more) + (")" if self.how == "rest" else "")


@cache
def inputs() -> tuple[Variable, ...]:
    """Every input of the contract, static first."""
    return tuple(v for v in load_table().variables if v.role in ("static", "forcing"))


def input_named(name: str) -> Variable:
    """One input of the contract."""
    return next(v for v in inputs() if v.name == name)


def _fits(dataset: xr.Dataset, name: str, v: Variable) -> bool:
    """Whether a variable with an ambiguous name has a unit of this input. Raises ForcingError for one that nobody knows."""
    units = str(dataset[name].attrs.get("units", ""))
    said = " ".join(str(dataset[name].attrs.get(k, "")) for k in ("standard_name", "long_name")).lower()
    if "humidity" in said:
        return False
    try:
        conversion(units or v.units, target(v), substance(v), True)
    except UnitError as error:
        if known(units):
            return False
        raise ForcingError(f"{v.name} could be {name}, but its {error}; or leave {name} out") from None
    return bool(units) or v.dims == "column"


def _one_of(v: Variable, found: list[str], dataset: xr.Dataset, depth: str, what: str) -> str:
    """The one candidate, or the one with the right dimensions. Raises ForcingError where there are two."""
    layered = [n for n in found if (depth in dataset[n].dims) == (v.dims == "layer")]
    if len(layered) == 1:
        return layered[0]
    listed = " and ".join(found) if len(found) == 2 else ", ".join(found)
    raise ForcingError(f"{v.name} could be {listed} ({what}); call the right one {v.name}, or leave the others out")


def find_sources(dataset: xr.Dataset, depth: str) -> dict[str, Source]:
    """Contract name -> Source, of what the file has. Raises ForcingError where two variables could be meant."""
    found: dict[str, Source] = {}
    by_standard: dict[str, list[str]] = {}
    for name, variable in dataset.variables.items():
        by_standard.setdefault(str(variable.attrs.get("standard_name", "")), []).append(str(name))
    for v in inputs():
        if v.name in dataset.variables:
            found[v.name] = Source(v, (v.name,))
            continue
        if v.name in ("w_liq", "w_ice"):
            continue
        same = by_standard.get(v.standard_name or "-", [])
        other = [a for a in ALIASES.get(v.name, ()) if a in dataset.data_vars and (a not in AMBIGUOUS or _fits(dataset, a, v))]
        if len(same) == 1:
            found[v.name] = Source(v, (same[0],))
        elif same:
            found[v.name] = Source(v, (_one_of(v, same, dataset, depth, f"both have the standard name {v.standard_name}"),))
        elif other:
            name = other[0] if len(other) == 1 else _one_of(v, other, dataset, depth, "names of other projects")
            found[v.name] = Source(v, (name,))
    for v in inputs():
        if v.name in ("w_liq", "w_ice") and v.name not in found:
            made = water_phases.find(dataset, v.name, by_standard)
            if made is not None:
                found[v.name] = Source(v, made.names, made.how, made.note)
    if not {"co2_src", "co2_src_total"} & set(found) and "CO2" in _unit(dataset, "NEE") and "NPP" in dataset.data_vars:
        # Noah-MP: what heterotrophs respire is what NEE holds beside NPP
        found["co2_src_total"] = Source(input_named("co2_src_total"), ("NEE", "NPP"), "sum")
    return found


def _unit(dataset: xr.Dataset, name: str) -> str:
    return str(dataset[name].attrs.get("units", "")) if name in dataset.data_vars else ""


def land_model(dataset: xr.Dataset, depth: str, have: dict[str, Source], mean: bool) -> tuple[dict[str, Term], dict[str, Source]]:
    """The terms of a water budget, and the inputs made of them, of the output of a land model; both empty for any other file.

    A land model's output has the water of its layers and what leaves soil and plants, and no sink by layer under our name.
    ``mean``: that water is a mean of each step.
    """
    terms = find_terms(dataset, depth)
    taken = [role for role in FROM_SOIL if role in terms]
    if "w_sink" in have or "w_liq" not in have or not taken:
        return {}, {}
    if taken == ["soil evaporation"]:
        return terms, {}  # check.py: what roots take is missing

    def made(name: str, roles: list[str], note: str = "") -> dict[str, Source]:
        names = tuple(n for role in roles for n in terms[role].names)
        return {name: Source(input_named(name), names, "land model", note)}

    if "soil evaporation" in terms and {"uptake", "transpiration"} & set(taken):
        taken = [role for role in taken if role != "evapotranspiration"]
    if "uptake" in taken:
        taken = [role for role in taken if role != "transpiration"]
    found = made("w_sink", taken, "" if "uptake" in taken else "by layer as roots are")
    if "drainage" in terms:
        found |= made("q_bot", ["drainage", *(["tile drainage"] if "tile drainage" in terms else [])])
    elif {"surface runoff", "runoff"} <= set(terms):
        found |= made("q_bot", ["runoff", "surface runoff"], "total minus surface runoff")
    elif "surface runoff" in terms and {"precipitation", "rain"} & set(terms):
        found |= made("q_bot", ["surface runoff"], "what closes the water budget")
    if mean and "q_if" not in have and "q_bot" in found:
        note = "from the gain of the layers: their water is a mean of the step"
        found["q_if"] = Source(input_named("q_if"), have["w_liq"].names, "land model", note)
    return terms, found


def passed_over(dataset: xr.Dataset, sources: dict[str, Source], terms: dict[str, Term]) -> list[str]:
    """One sentence on each variable that looks like an input and is not read: another case, unit or twin of what is read."""
    meant = {a.lower(): v.name for v in inputs() for a in (v.name, *ALIASES.get(v.name, ()))}
    meant |= {n.lower(): "w_ice" if "ice" in phase else "w_liq" for phase, (_, ns) in water_phases.NAMES.items() for n in ns}
    used = {n for s in sources.values() for n in s.names} | {n for t in terms.values() for n in t.names}
    told = []
    for name, variable in dataset.data_vars.items():
        wanted = meant.get(str(name).lower())
        if wanted is None or name in used:
            continue
        units = str(variable.attrs.get("units", ""))
        taken = f"{wanted} comes from {sources[wanted].found}" if wanted in sources else f"{wanted} is absent"
        told.append(f"{name}{f' [{units}]' if units else ''} is not read: {taken}; call it {wanted} where that is meant")
    return told
