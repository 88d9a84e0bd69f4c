"""The water of a land model's output: which variable is rain, transpiration, runoff, snow, and how its numbers are meant.

What:    ``find_terms`` by CF standard name and by the names of the models; ``added_up`` and ``is_mean`` how numbers are meant.
Source:  CF standard names (v93), CMIP6 Lmon and LImon, ALMA 3; names of ORCHIDEE 2.2 (its histories and XIOS
         fields), HRLDAS with Noah-MP 5, WRF-Hydro 5 and WRF 4 (their output lists), ISIMIP2 and 3 (protocol), CLM5 (history).
         Amounts added up since the start of a run are those whose models do so: the files do not say it in their units.
Use:     ``terms = find_terms(dataset)``; ``terms["drainage"].names``
"""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr

from ..units import UnitError, conversion
from .cell_methods import A_STEP, time_method
from .fault import ForcingError

# added up since the start of the run: HRLDAS, WRF-Hydro, WRF
ADDED_UP = (
    "SFCRNOFF", "UGDRNOFF", "QTDRAIN", "SFROFF", "UDROFF", "ACCPRCP", "ACCET", "ACCETRAN", "ACCEDIR", "ACCECAN",
)  # fmt: skip
# by type of vegetation, each as a share of the whole ground: their sum is what the place has
BY_PLANT = ("transpir", "inter", "qsintveg", "InterceptVeg", "hetero_resp")
PLANTS = ("veget", "nvm", "pft", "PFT", "vegetation")
# ISIMIP and CMIP tables ask for means of the step
MEANS = ("soilmoist", "mrsol", "mrlsl", "mrsll", "mrsfl", "mrfsol")

RATES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {  # role -> (standard names, names); downward or out of the soil
    "precipitation": (("precipitation_flux",), ("pr", "RAINRATE", "ACCPRCP")),
    "rain": (("rainfall_flux",), ("Rainf", "rainf", "rain", "RAIN")),
    "snowfall": (("snowfall_flux",), ("Snowf", "snowf", "prsn")),
    "irrigation": ((), ("Qirrig", "irrigation", "QIRRIG")),
    "evapotranspiration": (
        ("water_evapotranspiration_flux", "water_evaporation_flux"),
        ("evspsbl", "Evap", "evap", "evap-total", "ACCET"),
    ),
    "transpiration": (
        ("transpiration_flux",),
        ("tran", "TVeg", "transpir", "trans", "trans-total", "ETRAN", "ACCETRAN", "QVEGT"),
    ),
    "uptake": ((), ("QROOTSINK",)),  # by layer
    "soil evaporation": (
        ("water_evaporation_flux_from_soil",),
        ("evspsblsoi", "ESoil", "evapnu", "esoil", "esoil-total", "EDIR", "ACCEDIR", "QSOIL"),
    ),
    "interception": (
        ("water_evaporation_flux_from_canopy",),
        ("evspsblveg", "ECanop", "inter", "intercep", "intercep-total", "ECAN", "ACCECAN", "QVEGE"),
    ),
    "sublimation": (("surface_snow_and_ice_sublimation_flux", "surface_snow_sublimation_flux"), ("sbl", "SubSnow", "subli")),
    "surface runoff": (("surface_runoff_flux",), ("mrros", "Qs", "qs", "runoff", "runoff_sec", "SFCRNOFF", "SFROFF", "QOVER")),
    # ISIMIP: qr leaves the soil, qsb and qg the groundwater below it
    "drainage": (
        ("subsurface_runoff_flux",),
        ("q_bot", "qr", "drainage", "drainage_sec", "Qsb", "mrrob", "qsb", "QDRAI", "UGDRNOFF", "UDROFF"),
    ),
    "tile drainage": ((), ("QTDRAIN",)),
    "runoff": (("runoff_flux",), ("mrro", "qtot", "QRUNOFF")),
}
AMOUNTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {  # what is held beside the soil
    "snow": (
        ("surface_snow_amount", "lwe_thickness_of_surface_snow_amount", "liquid_water_content_of_surface_snow"),
        ("snw", "SWE", "swe", "snow", "SNEQV", "H2OSNO"),
    ),
    "canopy": (("canopy_water_amount",), ("cw", "canopystor", "InterceptVeg", "qsintveg", "CANWAT", "H2OCAN")),
}
CHANGES = {"soil": "DelSoilMoist", "snow": "DelSWE", "canopy": "DelIntercept"}  # over each step, exact: ALMA
TWO_PHASES = ("CANLIQ", "CANICE")  # of the canopy, Noah-MP
EVAPORATED = ("transpiration", "soil evaporation", "interception", "sublimation")
FROM_SOIL = ("uptake", "transpiration", "soil evaporation", "evapotranspiration")


@dataclass(frozen=True)
class Term:
    """One part of the water budget: the variables that add up to it."""

    names: tuple[str, ...]

    @property
    def said(self) -> str:
        """Its variables, for a sentence."""
        return " + ".join(self.names)


def added_up(dataset: xr.Dataset, name: str) -> bool:
    """Whether a variable counts from the start of the run."""
    return name in ADDED_UP and "s-1" not in str(dataset[name].attrs.get("units", ""))


def _of_water(units: str) -> bool:
    """Whether a unit can be one of a flux or an amount of water."""
    try:
        conversion(units.removesuffix(A_STEP), "kg m-2 s-1", "water", True)
    except UnitError:
        return not units
    return True


def _one(role: str, standards: tuple[str, ...], names: tuple[str, ...], dataset: xr.Dataset, layer: str) -> str:
    """The variable of a role, "" where there is none. Raises ForcingError where two have its standard name."""
    layered = role == "uptake"
    fits = [str(n) for n in dataset.data_vars if bool(layer and layer in dataset[n].dims) == layered]
    fits = [n for n in fits if _of_water(str(dataset[n].attrs.get("units", "")))]  # qs is specific humidity elsewhere
    for standard in standards:
        found = [n for n in fits if dataset[n].attrs.get("standard_name") == standard]
        if len(found) > 1:
            known = [n for n in names if n in found]  # several runoffs of one kind, of which the model's own is meant
            if len(known) != 1:
                raise ForcingError(f"{' and '.join(found)} both have the standard name {standard}; leave one of them out")
            return known[0]
        if found:
            return found[0]
    return next((n for n in names if n in fits), "")


def find_terms(dataset: xr.Dataset, layer: str) -> dict[str, Term]:
    """Role -> Term of what a file holds; ``layer``: its dimension of soil layers. Raises ForcingError."""
    found = {}
    for role, (standards, names) in {**RATES, **AMOUNTS}.items():
        name = _one(role, standards, names, dataset, layer)
        if name:
            found[role] = Term((name,))
    if "canopy" not in found:
        phases = tuple(n for n in TWO_PHASES if n in dataset.data_vars)
        if phases:
            found["canopy"] = Term(phases)
    for where, name in CHANGES.items():
        if name in dataset.data_vars:
            found[f"change of {where}"] = Term((name,))
    return found


def is_mean(dataset: xr.Dataset, name: str, time: str) -> bool:
    """Whether an amount of water is the mean of each step, not its last value: by its attributes, else by its name."""
    attributes = dataset[name].attrs
    said = time_method(dataset[name], time) or str(attributes.get("online_operation", ""))
    return said.startswith(("mean", "ave")) if said else name in MEANS
