"""Liquid water and ice of the layers, from whatever pair of them and their sum a file holds.

What:    ``find`` says how ``w_liq`` and ``w_ice`` come out of a file: as given, total minus part, or total times a share.
Units:   any that units.py takes to kg m-2, shares 0 to 1. Liquid = total - ice and ice = total - liquid, never total + ice.
Source:  CMIP6: mrsol all phases, mrsll liquid, mrsfl frozen; CMIP5: mrlsl all phases; LS3MIP: mrfsol frozen; ALMA 3: SoilMoist
         all phases, SMLiqFrac and SMFrozFrac shares of it; ISIMIP: soilmoist all phases, soilmoistfroz frozen; CLM: SOILLIQ,
         SOILICE; ORCHIDEE: SoilMoist, profil_froz_hydro; HRLDAS and WRF, by volume: SOIL_M or SMOIS all phases,
         SOIL_W or SH2O liquid.
Use:     ``water_phases.find(dataset, "w_liq", by_standard)``
"""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr

from .fault import ForcingError

NAMES = {  # phase -> (standard names, names)
    "total": (
        ("mass_content_of_water_in_soil_layer", "moisture_content_of_soil_layer"),
        ("mrsol", "mrlsl", "SoilMoist", "soilmoist", "SOIL_M", "SMOIS"),
    ),
    "liquid": (("liquid_water_content_of_soil_layer",), ("mrsll", "SOILLIQ", "SoilMoistLiquid", "SOIL_W", "SH2O")),
    "ice": (("frozen_water_content_of_soil_layer",), ("mrsfl", "mrfsol", "soilmoistfroz", "SoilMoistFrozen", "SOILICE")),
    "liquid share": (
        ("liquid_water_mass_fraction_of_moisture_in_soil", "mass_fraction_of_unfrozen_water_in_soil_moisture"),
        ("SMLiqFrac", "mrlqso"),
    ),
    "ice share": (("mass_fraction_of_frozen_water_in_soil_moisture",), ("SMFrozFrac", "profil_froz_hydro")),
}
SOIL_WATER = ("w_liq", *(name for _, names in NAMES.values() for name in names))
BY_VOLUME = ("SOIL_M", "SMOIS", "SOIL_W", "SH2O")  # m3 m-3 in the files of HRLDAS, WRF-Hydro and WRF
FREEZING = 273.15  # K


@dataclass(frozen=True)
class Made:
    """Names of the file and what becomes of them."""

    names: tuple[str, ...]
    how: str = "plain"
    note: str = ""


def _held(dataset: xr.Dataset, by_standard: dict[str, list[str]]) -> dict[str, str]:
    """Phase -> name in the file. Raises ForcingError where two variables hold the same."""
    held = {}
    for phase, (standards, names) in NAMES.items():
        found = [n for s in standards for n in by_standard.get(s, [])]
        found += [n for n in names if n in dataset.data_vars and not dataset[n].attrs.get("standard_name")]
        found += [n for n in names if n in dataset.data_vars and dataset[n].attrs.get("standard_name") and n not in found]
        found = [n for n in dict.fromkeys(found) if not any(n in by_standard.get(s, []) for s in _others(phase))]
        if len(found) > 1:
            raise ForcingError(f"{' and '.join(found)} both hold the {phase} water of the layers; leave one of them out")
        if found:
            held[phase] = found[0]
    return held


def _others(phase: str) -> list[str]:
    return [s for other, (standards, _) in NAMES.items() if other != phase for s in standards]


def find(dataset: xr.Dataset, wanted: str, by_standard: dict[str, list[str]]) -> Made | None:
    """How ``wanted`` ("w_liq" or "w_ice") comes out of the file, None where it does not.

    Raises ForcingError where two variables hold the same phase.
    """
    held = _held(dataset, by_standard)
    own = "liquid" if wanted == "w_liq" else "ice"
    other = "ice" if own == "liquid" else "liquid"
    if own in held:
        return Made((held[own],))
    if "total" not in held:
        shares = [held[k] for k in ("ice share", "liquid share") if k in held]
        if shares and wanted == "w_ice":
            raise ForcingError(
                f"{shares[0]} is a share of the water of all phases, which the file lacks; add that (SoilMoist), or give w_ice"
            )
        return None
    total = held["total"]
    mine = "w_ice" if wanted == "w_liq" else "w_liq"
    part = held.get(other) or (mine if mine in dataset.variables else None)
    if part:
        return Made((total, part), "difference", f"{total} is water of all phases")
    for share in (f"{own} share", f"{other} share"):
        if share in held:
            return Made((total, held[share]), "share" if share.startswith(own) else "rest", f"{total} is water of all phases")
    if wanted == "w_liq":
        return Made((total,), "plain", f"{total} is water of all phases, taken as liquid")
    return None


def frozen(name: str, coldest: float) -> str:
    """One sentence where water of all phases stands alone in a soil that freezes, else ""."""
    if coldest >= FREEZING:
        return ""
    return (
        f"{name} is water of all phases, and the soil freezes (t_soil down to {coldest:.4g} K): ice would count as liquid; add "
        "the ice (mrsfl) or the liquid part (mrsll), or give w_liq and w_ice"
    )
