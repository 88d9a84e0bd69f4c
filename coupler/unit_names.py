"""What unit attributes of the field's files mean, as far as UDUNITS does not know it or reads it as something else.

What:    ``spell`` turns what a file writes into a unit UDUNITS reads rightly, the substance it counts, and month or year.
Source:  seen in files of CMIP, ISIMIP, ECMWF, ORCHIDEE, CLM, Noah-MP, soil maps and field trials. UDUNITS 2.2.28 reads ``C`` as
         coulomb, ``pH`` as picohenry, ``H2O`` as a pressure, ``a`` as the are, ``ton`` as 907 kg, a year as 365.2422 days.
Use:     ``spell("kg N ha-1 yr-1")`` -> Spelled(udunits="kg ha-1 s-1", substance="N", per="year")
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

UNKNOWN = "?"  # read by no library: the caller tells that the unit is not known


@dataclass(frozen=True)
class Spelled:
    """A unit as UDUNITS reads it (a month or a year stands as a second), and what UDUNITS cannot hold."""

    udunits: str
    substance: str = ""  # "C", "NO3", "water", ...
    charge: bool = False  # moles of charge
    per: str = ""  # "month" or "year"


_SIGNS = str.maketrans(
    {
        "µ": "u", "μ": "u", "·": " ", "⋅": " ", "×": " ", "−": "-", "–": "-", "⁻": "-", "¹": "1", "²": "2", "³": "3",
        "°": "deg", "\u00a0": " ", "‰": "permil",
    }
)  # fmt: skip
# the whole attribute, in small letters
_WHOLE = {
    "": "1", "-": "1", "1": "1", "none": "1", "unitless": "1", "dimensionless": "1", "fraction": "1", "frac": "1", "ratio": "1",
    "proportion": "1", "0-1": "1", "(0-1)": "1", "(0 - 1)": "1", "[-]": "1", "(-)": "1", "ph": "1", "ph units": "1",
    "ph unit": "1", "-log(h+)": "1", "-log10(h+)": "1", "-log10[h+]": "1", "per cent": "percent", "pct": "percent",
    "wt%": "percent", "wt. %": "percent", "weight %": "percent", "mass %": "percent", "% w/w": "percent", "%wt": "percent",
    "permil": "1e-3", "per mille": "1e-3", "promille": "1e-3", "ppmv": "1e-6", "ppm": "1e-6", "ppb": "1e-9", "ppbv": "1e-9",
    "c": "degC", "deg c": "degC", "degc": "degC", "deg_c": "degC", "degrees c": "degC", "degrees_c": "degC", "degree_c": "degC",
    "degree c": "degC", "degree celsius": "degC", "degrees celsius": "degC", "celsius": "degC", "degree_celsius": "degC",
    "degrees_celsius": "degC", "deg celsius": "degC", "k": "K", "kelvin": "K", "deg k": "K", "degk": "K", "degrees k": "K",
    "pascal": "Pa", "pascals": "Pa", "pa": "Pa", "millibar": "hPa", "millibars": "hPa", "mb": "hPa", "mbar": "hPa", "hpa": "hPa",
    "meters": "m", "meter": "m", "metre": "m", "metres": "m", "millimeters": "mm", "millimetres": "mm", "centimeters": "cm",
}  # fmt: skip
_WATER = (  # a depth or mass of water, before the letters of H2O could be taken for a substance or a pressure
    r"\bof (liquid )?water( equivalent)?\b", r"\bwater[ _]equivalent\b", r"\bw\.? ?e\.?(?= |/|$)", r"\b[Hh]2[Oo]\b", r"\bwater\b",
)  # fmt: skip
_SUBSTANCE = "CaCO3|CO2|NO3|NH4|NH3|SO4|Ca|Mg|Na|Cl|C|N|S|K"
_COUNTS = re.compile(rf"(?P<unit>\b[kKmuMGT]?g|\b[mu]?mol|\bt)[ _]?[(\[]?(?P<what>{_SUBSTANCE})[)\]]?(?![A-Za-z0-9(\[]|-\d)")
_CHARGE = re.compile(r"\b([cmuk]?)(?:mol[ _]?(?:\((?:c|\+|-|charge)\)|c|\+|charge)|eq)(?![A-Za-z])")
_NAMES = (  # of one factor of a unit, after slashes are gone
    (r"\b((?i:years?|yrs?|annum)|y|a)(?=-1\b)", "year"),
    (r"\b((?i:months?|mon|mth)|mo)(?=-1\b)", "month"),
    (r"\b((?i:days?)|dy|dd)(?=-|$|\b)", "day"),
    (r"\b((?i:hours?|hrs?))(?=-|$|\b)", "h"),
    (r"\b((?i:secs?|seconds?))(?=-|$|\b)", "s"),
    (r"\b[Kk][Gg](?=[ -]|$|m)", "kg"),
    (r"\b(?i:tonnes?)\b", "t"),
    (r"\bMg(?=[ ]ha|ha)", "t"),
)
# what UDUNITS would take for something else: the are, the tropical year, the short ton, coulomb, picohenry; it reads names of
# units, unlike their symbols, in letters of any case
_MISREAD = re.compile(r"\b(a|y|(?i:yr|years?|months?|mon|tons?|ares?)|C|pH|H2O|ppt)\b")


_SCALE = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?=\s|$)")


def _exponents(name: str) -> str:
    """kg/m2/s becomes kg m-2 s-1; a denominator in brackets is left to UDUNITS."""
    if "/" not in name or "(" in name:
        return name
    first, *others = (part.strip() for part in name.split("/"))
    made = [first or "1"]
    for part in others:
        factors = part.split()
        if not factors:
            return UNKNOWN
        made += [re.sub(r"^([A-Za-z]+)(\d?)$", lambda m: f"{m[1]}-{m[2] or 1}", factors[0]), *factors[1:]]
    return " ".join(made)


@lru_cache(maxsize=4096)
def spell(unit: str) -> Spelled:
    """What ``unit`` means; ``udunits`` is UNKNOWN where it cannot be told."""
    name = " ".join(unit.translate(_SIGNS).split())
    whole = _WHOLE.get(name.lower())
    if whole is not None:
        return Spelled(whole)
    scale = _SCALE.match(name)
    if scale and float(scale[0]) <= 0:  # UDUNITS prints on stderr at zero, and takes -1 as a factor
        return Spelled(UNKNOWN)
    name = re.sub(r"\*\*|(?<=[A-Za-z)])\^", "", name).replace("^", "e") if re.match(r"10\^-?\d", name) is None else UNKNOWN
    name = re.sub(r"(?<=[A-Za-z\d]) ?\* ?(?=[A-Za-z])", " ", name).replace(" per ", "/")
    name = re.sub(r"/ ?100 ?(k?g)\b", r" 0.01 \1-1", name)
    substance = ""
    for pattern in _WATER:
        name, count = re.subn(pattern, "", name)
        substance = "water" if count else substance
    name = re.sub(r"\b(?:NO3|NH4)-N\b|\bN-(?:NO3|NH4)\b", "N", name)
    name = re.sub(r"\bCO2-C\b|\bC-CO2\b", "C", name)
    found = _COUNTS.search(name)
    if found:
        substance = found["what"]
        name = name[: found.start()] + found["unit"] + " " + name[found.end() :]
    name, charged = _CHARGE.subn(r"\1mol", name)
    name = " ".join(_exponents(" ".join(name.split())).split())
    for pattern, new in _NAMES:
        name = re.sub(pattern, new, name)
    name, per = re.sub(r"(?<=[A-Za-z\d])\.(?=[A-Za-z])", " ", name), ""
    for period in ("month", "year"):
        if re.search(rf"\b{period}-1\b", name):
            name, per = re.sub(rf"\b{period}-1\b", "s-1", name), period
    if _MISREAD.search(name) or name.count("s-1") > 1 or UNKNOWN in name:
        name = UNKNOWN
    return Spelled(name, substance, bool(charged), per)
