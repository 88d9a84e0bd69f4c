"""Constants and limits that more than one part of calcisol needs: molar masses, densities, limits of a call, missing values.

What:    reads ``constants.toml``, the single authority; C, C++ and Fortran are generated from the same file.
Units:   SI, per mole; ``gas_constant_atm`` with pressure in atm.
Source:  with each number in ``constants.toml``.
Use:     ``from ..contract.constants import MOLAR_MASS_C``; ``load_constants()["dt_max"].units``
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Constant:
    """One number. ``public`` ones are in ``calcisol_variables.h`` and in the Fortran module too."""

    name: str
    value: float | int
    units: str
    meaning: str
    source: str
    public: bool
    note: str | None = None


@cache
def load_constants(path: Path | None = None) -> dict[str, Constant]:
    """Name -> constant, in the order of the file. Raises ValueError for a name that appears twice or lacks its source."""
    source = path or Path(__file__).with_name("constants.toml")
    found: dict[str, Constant] = {}
    for entry in tomllib.loads(source.read_text(encoding="utf-8"))["constant"]:
        try:
            constant = Constant(**entry)
        except TypeError as error:
            raise ValueError(f"{source.name}: {entry.get('name', 'a constant without name')}: {error}") from None
        if constant.name in found:
            raise ValueError(f"constant {constant.name!r} appears twice in {source.name}")
        found[constant.name] = constant
    return found


def _number(name: str) -> float:
    return float(load_constants()[name].value)


def grams(kg: float) -> float:
    """g mol-1 of a molar mass in kg mol-1, without round-off: 12.011 for 0.012011 (a product by 1000 is off in its last bit)."""
    return float(Decimal(repr(kg)).scaleb(3))


MOLAR_MASS_C = _number("molar_mass_c")
MOLAR_MASS_N = _number("molar_mass_n")
MOLAR_MASS_S = _number("molar_mass_s")
MOLAR_MASS_CO2 = _number("molar_mass_co2")
MOLAR_MASS_CACO3 = _number("molar_mass_caco3")
CALCITE_DENSITY = _number("calcite_density")
PARTICLE_DENSITY = _number("particle_density")
WATER_DENSITY = _number("water_density")
GAS_CONSTANT_ATM = _number("gas_constant_atm")
PA_PER_ATM = _number("pa_per_atm")
ZERO_CELSIUS = _number("zero_celsius")
SECONDS_PER_DAY = _number("seconds_per_day")
DAYS_PER_YEAR = _number("days_per_year")
DT_MIN = _number("dt_min")
DT_MAX = _number("dt_max")
LONGEST_SUBSTEP = _number("longest_substep")
MAX_LAYERS = int(_number("max_layers"))
LIMIT_TOLERANCE = _number("limit_tolerance")
BRINE = _number("brine")
STRONGEST_BRINE = _number("strongest_brine")
CEC_PER_CLAY = _number("cec_per_clay")
CEC_PER_CARBON = _number("cec_per_carbon")
CEC_VARIABLE_SHARE = _number("cec_variable_share")
MISSING_VALUE = _number("missing_value")
MISSING_VALUE_ORCHIDEE = _number("missing_value_orchidee")
MISSING_FROM = _number("missing_from")
