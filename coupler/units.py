"""Unit conversions: the only file of the driver that multiplies by a thousand.

What:    constants of the driver's own sums, and conversion of forcing files to the contract's units.
Units:   ``convert(values, "mm/month", "kg m-2 s-1")`` returns values in the second unit.
Source:  SI; molar masses and the like: emulator/contract/constants.toml.
Use:     ``convert(da.values, da.attrs["units"], variable.units)``; unknown pairs raise UnitError in one sentence.
"""

from __future__ import annotations

import re

import numpy as np

from ..emulator.contract import constants
from .errors import CalcisolError

C_KG_PER_MOL = constants.MOLAR_MASS_C
N_KG_PER_MOL = constants.MOLAR_MASS_N
S_KG_PER_MOL = constants.MOLAR_MASS_S
CACO3_KG_PER_MOL = constants.MOLAR_MASS_CACO3
DAYS_PER_YEAR = constants.DAYS_PER_YEAR  # model years have no leap day, as in the runs of the reference model
SECONDS_PER_DAY = constants.SECONDS_PER_DAY
SECONDS_PER_YEAR = DAYS_PER_YEAR * SECONDS_PER_DAY
MONTH_SECONDS = SECONDS_PER_YEAR / 12.0  # twelve equal months: one dt for the whole run
HA_M2 = 1.0e4
KELVIN = constants.ZERO_CELSIUS


class UnitError(CalcisolError):
    """A unit is unknown or cannot become the one asked for."""


# unit -> (dimension, factor to the SI unit of that dimension, offset added after the factor); of each dimension the most usual
# come first, because an error offers the first SHOWN
_UNITS: dict[str, tuple[str, float, float]] = {
    "1": ("ratio", 1.0, 0.0),
    "%": ("ratio", 1e-2, 0.0),
    "percent": ("ratio", 1e-2, 0.0),
    "ppm": ("ratio", 1e-6, 0.0),
    "kg kg-1": ("ratio", 1.0, 0.0),
    "g kg-1": ("ratio", 1e-3, 0.0),
    "g/kg": ("ratio", 1e-3, 0.0),
    "dg/kg": ("ratio", 1e-4, 0.0),
    "mol mol-1": ("ratio", 1.0, 0.0),
    "mol kg-1": ("charge per mass", 1.0, 0.0),
    "mmol(c)/kg": ("charge per mass", 1e-3, 0.0),
    "cmol(c)/kg": ("charge per mass", 1e-2, 0.0),
    "mmol kg-1": ("charge per mass", 1e-3, 0.0),
    "cmol kg-1": ("charge per mass", 1e-2, 0.0),
    "m": ("length", 1.0, 0.0),
    "cm": ("length", 1e-2, 0.0),
    "mm": ("length", 1e-3, 0.0),
    "K": ("temperature", 1.0, 0.0),
    "degC": ("temperature", 1.0, KELVIN),
    "celsius": ("temperature", 1.0, KELVIN),
    "Pa": ("pressure", 1.0, 0.0),
    "hPa": ("pressure", 1e2, 0.0),
    "mbar": ("pressure", 1e2, 0.0),
    "kPa": ("pressure", 1e3, 0.0),
    "atm": ("pressure", constants.PA_PER_ATM, 0.0),
    "kg m-3": ("density", 1.0, 0.0),
    "g cm-3": ("density", 1e3, 0.0),
    "kg dm-3": ("density", 1e3, 0.0),
    "cg/cm3": ("density", 1e1, 0.0),
    "kg m-2": ("mass per area", 1.0, 0.0),
    "g m-2": ("mass per area", 1e-3, 0.0),
    "kg ha-1": ("mass per area", 1e-4, 0.0),
    "kg m-2 s-1": ("mass flux", 1.0, 0.0),
    "g m-2 s-1": ("mass flux", 1e-3, 0.0),
    "mm/day": ("mass flux", 1.0 / SECONDS_PER_DAY, 0.0),
    "g m-2 year-1": ("mass flux", 1e-3 / SECONDS_PER_YEAR, 0.0),
    "kg ha-1 year-1": ("mass flux", 1e-4 / SECONDS_PER_YEAR, 0.0),
    "kg m-2 day-1": ("mass flux", 1.0 / SECONDS_PER_DAY, 0.0),
    "mm s-1": ("mass flux", 1.0, 0.0),
    "mm/s": ("mass flux", 1.0, 0.0),
    "mm h-1": ("mass flux", 1.0 / 3600.0, 0.0),
    "mm day-1": ("mass flux", 1.0 / SECONDS_PER_DAY, 0.0),
    "mm/month": ("mass flux", 1.0 / MONTH_SECONDS, 0.0),
    "mm/year": ("mass flux", 1.0 / SECONDS_PER_YEAR, 0.0),
    "mg m-2 year-1": ("mass flux", 1e-6 / SECONDS_PER_YEAR, 0.0),
    "mm year-1": ("mass flux", 1.0 / SECONDS_PER_YEAR, 0.0),
    "m day-1": ("mass flux", 1e3 / SECONDS_PER_DAY, 0.0),
    "g m-2 day-1": ("mass flux", 1e-3 / SECONDS_PER_DAY, 0.0),
    "mol m-2 s-1": ("amount flux", 1.0, 0.0),
    "mmol m-2 s-1": ("amount flux", 1e-3, 0.0),
    "mol m-2 year-1": ("amount flux", 1.0 / SECONDS_PER_YEAR, 0.0),
    "mol m-3 s-1": ("volumetric rate", 1.0, 0.0),
    "s": ("time", 1.0, 0.0),
}  # fmt: skip
# a water depth is a mass per area (1000 kg m-3); the one case where the dimension changes
_WATER_DEPTH = {("length", "mass per area"): constants.WATER_DENSITY, ("mass per area", "length"): 1e-3}


_SPELLINGS = (  # patterns of what files write, after slashes are gone
    (r"\b(yr|annum|a)-1", "year-1"),
    (r"\bd-1", "day-1"),
    (r"^(degrees?_?C(elsius)?|deg_C|Celsius)$", "degC"),
    (r"^kelvin$", "K"),
    (r"^m of water equivalent$", "m"),
)


SHOWN = 5  # spellings an error offers; the whole table would bury the sentence


def spellings(target: str) -> list[str]:
    """``target`` and a few other units that can become it."""
    kind = _UNITS[target][0] if target in _UNITS else ""
    same = [u for u, (other, *_) in _UNITS.items() if other == kind and u != target]
    depth = [u for u, (other, *_) in _UNITS.items() if (other, kind) == ("length", "mass per area")]
    return [target, *same, *depth][:SHOWN]


def _find(unit: str, target: str) -> tuple[str, float, float]:
    name = unit.strip().replace("**", "").replace("^", "")
    if name in _UNITS:
        return _UNITS[name]
    if "/" in name and "(" not in name:  # kg/m2/s is kg m-2 s-1
        first, *others = name.split("/")
        name = " ".join(
            [first.strip(), *(re.sub(r"^([A-Za-z]+)(\d?)$", lambda m: f"{m[1]}-{m[2] or 1}", o.strip()) for o in others)]
        )
    for old, new in _SPELLINGS:
        name = re.sub(old, new, name)
    if name not in _UNITS and not name:
        name = "1"
    if name not in _UNITS:
        raise UnitError(f"unit {unit!r} is not known, {target!r} is wanted; write e.g. {', '.join(spellings(target))}")
    return _UNITS[name]


def convert(values: np.ndarray, source: str, target: str) -> np.ndarray:
    """Values in unit ``target``. Raises UnitError when a unit is unknown or the two differ in kind."""
    kind, factor, offset = _find(source, target)
    kind_to, factor_to, offset_to = _find(target, target)
    water = 1.0
    if kind != kind_to:
        if (kind, kind_to) not in _WATER_DEPTH:
            raise UnitError(f"unit {source!r} ({kind}) cannot become {target!r} ({kind_to}); give the variable in {target}")
        water = _WATER_DEPTH[kind, kind_to]
    if (factor, offset, water) == (factor_to, offset_to, 1.0):
        return np.asarray(values)
    return ((np.asarray(values) * factor + offset) * water - offset_to) / factor_to


def n_kg_ha_year(values: np.ndarray | float) -> np.ndarray | float:
    """kg N per hectare and year as kg m-2 s-1."""
    return values / HA_M2 / SECONDS_PER_YEAR
