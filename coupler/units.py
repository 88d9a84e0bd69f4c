"""Unit conversions: UDUNITS through cf-units, with a thin layer for what UDUNITS refuses or reads as something else.

What:    constants of the driver's own sums, and conversion of files to the units of a run. unit_names.py holds the layer.
Units:   ``convert(values, "mm/month", "kg m-2 s-1")`` returns values in the second unit.
Source:  SI; UDUNITS 2.2.28; molar masses and the like: emulator/contract/constants.toml, others IUPAC 2021.
Use:     ``convert(values, "g C m-2 d-1", "kg m-2 s-1", substance="C")``; pairs that do not fit raise UnitError in one sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import cf_units
import numpy as np

from ..emulator.contract import constants
from .errors import CalcisolError
from .unit_names import Spelled, spell

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
WATER_DENSITY = constants.WATER_DENSITY  # a depth of water is a mass per area

# kg mol-1 of what files count, the element that one formula holds once, and its charge
_MASS = {
    "C": C_KG_PER_MOL, "CO2": constants.MOLAR_MASS_CO2, "CaCO3": CACO3_KG_PER_MOL, "N": N_KG_PER_MOL, "NO3": 0.062004,
    "NH4": 0.018039,
    "NH3": 0.017031, "S": S_KG_PER_MOL, "SO4": 0.09606, "Ca": 0.040078, "Mg": 0.024305, "K": 0.0390983, "Na": 0.02298977,
    "Cl": 0.03545,
}  # fmt: skip
_ELEMENT = {"CO2": "C", "NO3": "N", "NH4": "N", "NH3": "N", "SO4": "S"}
_COMPOUND = ("C", "N", "S")  # weighed as the element or with its oxygen and hydrogen
_CHARGE = {"Ca": 2, "Mg": 2, "S": 2}


class UnitError(CalcisolError):
    """A unit is unknown or cannot become the one asked for."""


# dimension -> the SI unit that stands for it, and what an error offers
_KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "ratio": ("1", ("%", "g kg-1", "kg kg-1", "ppm")),
    "charge per mass": ("mol kg-1", ("mmol(c)/kg", "cmol(c) kg-1", "meq/100g")),
    "length": ("m", ("cm", "mm")),
    "temperature": ("K", ("degC", "celsius")),
    "pressure": ("Pa", ("hPa", "mbar", "kPa", "atm")),
    "density": ("kg m-3", ("g cm-3", "kg dm-3", "cg/cm3")),
    "mass per area": ("kg m-2", ("g m-2", "kg ha-1", "m", "cm")),
    "mass flux": ("kg m-2 s-1", ("g m-2 s-1", "mm/day", "g m-2 year-1", "kg ha-1 year-1", "g m-2 day-1")),
    "amount flux": ("mol m-2 s-1", ("mmol m-2 s-1", "umol m-2 s-1", "mol m-2 year-1")),
    "amount per area": ("mol m-2", ("mmol m-2",)),
    "volumetric rate": ("mol m-3 s-1", ("mmol m-3 s-1", "mol m-3 day-1")),
    "speed": ("m s-1", ("mm/day", "mm h-1")),
    "time": ("s", ("day", "h")),
    "energy flux": ("W m-2", ("J m-2 s-1", "MJ m-2 day-1")),
    "energy per area": ("J m-2", ("MJ m-2",)),
    "inverse length": ("m-1", ("cm-1",)),
}
_WATER = {"mass per area": "length", "mass flux": "speed"}  # kind of water -> kind of its depth
_SHARES = {  # CO2 of 6.4e-4 kg kg-1 is 4.2e-4 mol mol-1: both are ratios to UDUNITS
    "mass": {"t", "kg", "g", "dg", "cg", "mg", "ug", "ng"},
    "moles": {"mol", "mmol", "umol", "nmol"},
    "volume": {"m", "dm", "cm", "mm", "l", "L", "ml", "mL", "ul"},
}
_DEPTHS = ("m", "cm", "mm/day")  # offered for water alone
SHOWN = 5  # spellings an error offers; the whole table would bury the sentence


@lru_cache(maxsize=512)
def _unit(name: str) -> cf_units.Unit:
    return cf_units.Unit(name)


def _kind(unit: cf_units.Unit) -> str:
    return next((kind for kind, (name, _) in _KINDS.items() if unit.is_convertible(_unit(name))), "")


def spellings(target: str, substance: str | None = None) -> list[str]:
    """``target`` and a few other units that can become it."""
    kind = "" if target == "pH" else _kind(_unit(spell(target).udunits))
    others = (_KINDS[kind][0], *_KINDS[kind][1]) if kind else ()
    wet = substance in (None, "water")
    return [target, *(u for u in others if u != target and (wet or u not in _DEPTHS))][:SHOWN]


@dataclass(frozen=True)
class Conversion:
    """From one unit to another: values times ``factor`` (or through UDUNITS where zero moves), per ``per``."""

    source: str
    target: str
    factor: float
    per: str = ""  # "month", "year": divide by its seconds; "step": an amount, divide by the seconds of the step

    def __call__(
        self,
        values: np.ndarray,
        *,
        month: np.ndarray | float = MONTH_SECONDS,
        year: np.ndarray | float = SECONDS_PER_YEAR,
        step: np.ndarray | float = np.nan,
    ) -> np.ndarray:
        """Values in the target unit; the lengths [s] of month, year and step broadcast against them."""
        if not self.factor:  # zero moves: degC
            return _unit(self.source).convert(np.array(values, np.float64), _unit(self.target))
        if self.factor != 1.0:
            values = np.asarray(values) * self.factor
        if self.per:
            values = np.asarray(values) / {"month": month, "year": year, "step": step}[self.per]
        return np.asarray(values)


def known(source: str) -> bool:
    """Whether a unit can be read at all, whatever it measures."""
    try:
        _unit(spell(source).udunits)
    except ValueError:
        return False
    return True


def _refuse(source: str, target: str, substance: str | None, kind: str = "", wanted: str = "", why: str = "") -> UnitError:
    if not kind:
        shown = ", ".join(spellings(target, substance))
        return UnitError(f"unit {source!r} is not known, {target!r} is wanted; write e.g. {shown}")
    if kind == "ratio" and wanted in _WATER:
        why = "multiply a volume fraction by 1000 kg m-3 and the thickness of the layer"
    return UnitError(f"unit {source!r} ({kind}) cannot become {target!r} ({wanted}); {why or f'give the variable in {target}'}")


def _share_of(udunits: str) -> str:
    """What a ratio is a share of: "mass", "moles", "volume", or "" where its unit does not say."""
    names = set(re.findall(r"[A-Za-z]+", udunits))
    return next((what for what, units in _SHARES.items() if names and names <= units), "")


def _counted(source: str, spelled: Spelled, substance: str | None, target: str) -> str:
    """Substance that the source counts. Raises UnitError where it is not the one wanted, nor one that holds it."""
    counted = spelled.substance
    if substance is None or not counted:
        return counted or substance or ""
    if counted != substance and _ELEMENT.get(counted, counted) != substance:
        what = f"as {substance}" if substance in _MASS else f"of {substance}" if substance else "without a substance"
        raise UnitError(f"unit {source!r} counts {counted}, but {target!r} {what} is wanted; convert it")
    return counted


@lru_cache(maxsize=4096)
def conversion(source: str, target: str, substance: str | None = None, amounts: bool = False) -> Conversion:
    """How values in ``source`` become values in ``target``.

    ``substance``: what the target counts ("C", "N", "CaCO3", "Ca", ..., "water", "" for none); None: not told, then depths are
    taken as water and names of substances are passed over. ``amounts``: a source without time may become a rate, over the step.
    Raises UnitError when a unit is unknown or the two differ in kind.
    """
    if target == "pH" or source.strip() == target:
        if spell(source).udunits != "1" and source.strip() != target:
            raise UnitError(f"unit {source!r} is no pH; give pH itself, with the unit 1")
        return Conversion("1", "1", 1.0)
    spelled, goal = spell(source), spell(target)
    try:
        unit, to = _unit(spelled.udunits), _unit(goal.udunits)
    except ValueError:
        raise _refuse(source, target, substance) from None
    kind, wanted = _kind(unit), _kind(to)
    counted = _counted(source, spelled, substance, target)
    share, of = _share_of(spelled.udunits), _share_of(goal.udunits)
    if kind == wanted == "ratio" and share and of and share != of:
        raise _refuse(source, target, substance, f"share of {share}", f"share of {of}")
    factor, per = 1.0, spelled.per
    if kind == "temperature" and wanted == kind:
        return Conversion(spelled.udunits, goal.udunits, 0.0 if spelled.udunits != goal.udunits else 1.0)
    if amounts and wanted.endswith("flux") and kind in ("mass per area", "length", "amount per area") and not per:
        unit, per = _unit(f"({spelled.udunits}) s-1"), "step"
        kind = _kind(unit)
    if kind != wanted and substance in (None, "water"):
        if _WATER.get(wanted) == kind:
            factor, unit, kind = WATER_DENSITY, unit * _unit("kg m-3"), wanted
        elif _WATER.get(kind) == wanted:
            factor, unit, kind = 1.0 / WATER_DENSITY, unit / _unit("kg m-3"), wanted
    pair = {kind.split()[0], wanted.split()[0]} if kind else set()
    told = spelled.substance or substance not in _COMPOUND  # kg of ammonium, or of its nitrogen?
    if kind != wanted and pair == {"mass", "amount"} and counted in _MASS and kind.split()[1:] == wanted.split()[1:]:
        if wanted.startswith("amount") and not told:
            raise UnitError(f"unit {source!r} does not say what is weighed; write e.g. kg {substance} ha-1 year-1, or {target}")
        mass = _MASS[counted]
        factor = factor / mass if wanted.startswith("amount") else factor * _MASS[substance or counted]
        unit = unit * _unit("mol kg-1") if wanted.startswith("amount") else unit * _unit("kg mol-1")
    elif kind != wanted or not kind:
        raise _refuse(source, target, substance, kind, wanted)
    elif counted != (substance or counted) and counted in _MASS and wanted.startswith("mass"):
        factor *= _MASS[substance or counted] / _MASS[counted]
    if spelled.charge and substance:
        factor /= _CHARGE.get(substance, 1)
    if goal.per != per:
        factor *= {"": 1.0, "month": MONTH_SECONDS, "year": SECONDS_PER_YEAR}[goal.per]
    elif per:
        per = ""
    scale = factor * (1.0 if unit == to else float(unit.convert(1.0, to)))
    neat = float(f"{scale:.12g}")  # UDUNITS takes the litre and the centimetre through their logarithm: 999.9999999999999
    return Conversion(spelled.udunits, goal.udunits, neat if abs(neat - scale) < 1e-15 * abs(scale) else scale, per)


def convert(values: np.ndarray, source: str, target: str, substance: str | None = None) -> np.ndarray:
    """Values in unit ``target``; months and years are those of a run (365 days). Raises UnitError as ``conversion`` does."""
    return conversion(source, target, substance)(np.asarray(values))


def n_kg_ha_year(values: np.ndarray | float) -> np.ndarray | float:
    """kg N per hectare and year as kg m-2 s-1."""
    return values / HA_M2 / SECONDS_PER_YEAR
