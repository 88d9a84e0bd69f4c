"""Forms of nitrogen as they are bought or carted, each as the ions it brings.

What:    ``FORMS``; ``mixture`` adds up a dressing given as shares of its nitrogen.
Units:   mol per mol of N; shares of nitrogen that add up to 1.
Source:  formulas of the salts. CAN: 21 % CaCO3 beside 27 % N. MAP and DAP as ammonium with a generic anion, so that they
         acidify as extension tables say (5.4 and 3.6 kg CaCO3 per kg N, ammonium sulphate 5.4, urea 1.8). Manure: 0.55 mol_c
         of excess bases per mol N (farmyard manure with 6 g N, 6.6 g K, 4 g Ca, 1 g Mg per kg [assumption]).
Use:     ``mixture({"ammonium_sulphate": 0.5, "ammonium_chloride": 0.5})["so4"]`` -> 0.25
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from ..errors import CalcisolError

ORGANIC = "organic"  # nitrogen that mineralises within the year
LIME = "caco3"
_MANURE = {"k": 0.24, "ca": 0.11, "mg": 0.045}
FORMS: dict[str, dict[str, float]] = {
    "ammonium_nitrate": {"nh4": 0.5, "no3": 0.5},
    "can": {"nh4": 0.5, "no3": 0.5, LIME: 0.109},
    "ammonium_sulphate": {"nh4": 1.0, "so4": 0.5},
    "ammonium_chloride": {"nh4": 1.0, "cl": 1.0},
    "ammonium_salts": {"nh4": 1.0, "so4": 0.25, "cl": 0.5},  # equal parts of sulphate and chloride, until about 1917
    "urea": {"nh4": 1.0, "dic": 0.5},
    "uan": {"nh4": 0.75, "no3": 0.25, "dic": 0.25},
    "ammonia": {"nh4": 1.0},
    "calcium_nitrate": {"no3": 1.0, "ca": 0.5},
    "sodium_nitrate": {"no3": 1.0, "na": 1.0},
    "potassium_nitrate": {"no3": 1.0, "k": 1.0},
    "cyanamide": {"nh4": 1.0, LIME: 0.75},  # CaCN2 with free lime
    "map": {"nh4": 1.0, "cl": 1.0},
    "dap": {"nh4": 1.0, "cl": 0.5},
    "slurry": {"nh4": 0.5, ORGANIC: 0.5, "dic": 0.5, **_MANURE},
    "farmyard_manure": {"nh4": 0.2, ORGANIC: 0.8, "dic": 0.2, **_MANURE},
    "organic": {ORGANIC: 1.0},  # rape cake, blood, bone: little but protein
}
LOST_AS_NH3 = {
    "urea": "nh3_loss_urea",
    "uan": "nh3_loss_other",
    "slurry": "nh3_loss_manure",
    "farmyard_manure": "nh3_loss_manure",
}
"""Parameter of NitrogenParameters by form; "nh3_loss_other" for those not named."""
SALTS: dict[str, dict[str, float]] = {  # mol per kg of what has no nitrogen; sulphur oxidises within the year
    "gypsum": {"ca": 5.81, "so4": 5.81},
    "superphosphate": {"ca": 2.9, "so4": 2.9},  # half gypsum; its phosphate stays where it falls, neutral
    "potassium_chloride": {"k": 13.41, "cl": 13.41},
    "potassium_sulphate": {"k": 11.48, "so4": 5.74},
    "sodium_chloride": {"na": 17.11, "cl": 17.11},
    "magnesium_sulphate": {"mg": 7.23, "so4": 7.23},  # kieserite
    "sulphur": {"so4": 31.19},
}
ROUND_OFF = 1e-3  # shares of three thirds may be written with three digits


def salts(given: Mapping[str, float]) -> dict[str, float]:
    """Ions [mol] of so many kg of each salt. Raises CalcisolError for an unknown one."""
    made: dict[str, float] = {}
    for name, mass in given.items():
        if name not in SALTS:
            near = difflib.get_close_matches(name, SALTS, n=1, cutoff=0.0)[0]
            raise CalcisolError(f"salt {name!r} is not known; the nearest is {near!r}, all are {', '.join(SALTS)}")
        for ion, amount in SALTS[name].items():
            made[ion] = made.get(ion, 0.0) + mass * amount
    return made


def mixture(shares: Mapping[str, float]) -> dict[str, float]:
    """Ions per mol of N of a dressing. Raises CalcisolError for an unknown form or shares that do not add up to 1."""
    for name, share in shares.items():
        if name not in FORMS:
            near = difflib.get_close_matches(name, FORMS, n=1, cutoff=0.0)[0]
            raise CalcisolError(f"form of nitrogen {name!r} is not known; the nearest is {near!r}, all are {', '.join(FORMS)}")
        if not 0.0 <= share <= 1.0:
            raise CalcisolError(f"{name} has the share {share:g} of the nitrogen; give 0 to 1")
    total = sum(shares.values())
    if abs(total - 1.0) > ROUND_OFF:
        raise CalcisolError(f"the shares of nitrogen add up to {total:g} ({', '.join(shares)}); make them 1")
    made: dict[str, float] = {}
    for name, share in shares.items():
        for ion, amount in FORMS[name].items():
            made[ion] = made.get(ion, 0.0) + share / total * amount
    return made
