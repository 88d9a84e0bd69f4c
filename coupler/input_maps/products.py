"""The public gridded products a user may have, and which field of a run each of their variables gives.

What:    a table of products (SoilGrids, HWSD2, ISIMIP, E-OBS, ERA5, EMEP); ``recognise`` finds the product of a NetCDF file.
Units:   of each field as in domain.py; where a product's own unit attribute is missing or wrong, the true one is stated here.
Source:  names and units: SoilGrids 2.0 (Poggio et al. 2021), HWSD 2.0 (FAO and IIASA 2023), ISIMIP3 and GGCMI soil files
         (hwsd_soil_data_on_cropland, Mueller), E-OBS and ERA5 (Copernicus), EMEP MSC-W yearly output.
Use:     ``product = recognise(dataset, path)``; ``product.fields["rain"]`` -> Variable names, unit, kind.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..land.parameters import LIMITS

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Source:
    """One field from a product: the sum of ``variables``; ``unit`` replaces the file's, "" keeps it."""

    variables: tuple[str, ...]
    unit: str = ""
    # "state": mean over time; "rate": per time, mean; "amount": per step; "per day": an amount per day whatever the step
    kind: str = "state"
    factor: float = 1.0
    holds: str = ""  # "day" or "month": the step for which unit and kind hold; others must say by cell_methods what they hold
    yearly: bool = False  # one step without bounds is a year


@dataclass(frozen=True)
class Product:
    """A product and what it gives."""

    name: str
    fields: dict[str, Source]
    cite: str = ""
    licence: str = "that of the product"
    every: tuple[str, ...] = field(default=())  # variables that must be there to recognise it


# field -> unit it has in a run
FIELD_UNITS = {
    "mat": "degC", "t_amplitude": "degC", "rain": "mm year-1", "pet": "mm year-1", "clay": "kg kg-1", "sand": "kg kg-1",
    "soc": "kg kg-1", "bulk_density": "kg m-3", "ph_survey": "1", "caco3": "kg kg-1", "caco3_ln_sd": "1",
    "mineral_n": "kg ha-1 year-1", "manure_n": "kg ha-1 year-1", "fixed_n": "kg ha-1 year-1", "deposition_n": "kg ha-1 year-1",
    "y_max": "kg ha-1 year-1", "no3_share": "1", "calcareous_share": "1", "altitude": "m",
    "vg_residual": "1", "vg_alpha": "m-1", "vg_n": "1", "vg_k_sat": "m s-1", "vg_filled": "1",
    "irrigation": "mm year-1",
}  # fmt: skip
# fields that no domain has of itself: where nobody gives a map of them, they are estimated (land/pedotransfer.py)
HYDRAULIC = ("vg_residual", "vg_alpha", "vg_n", "vg_k_sat", "vg_filled")
OPTIONAL = (*HYDRAULIC, "irrigation")
SUBSTANCE = {  # what a field counts: 100 kg of nitrate are 22.6 kg of nitrogen
    "rain": "water", "pet": "water", "irrigation": "water", "soc": "C", "caco3": "CaCO3", "mineral_n": "N", "manure_n": "N",
    "fixed_n": "N", "deposition_n": "N",
}  # fmt: skip
VALID = {  # what a field can be at all; a percentage or a temperature in kelvin lies outside
    "mat": (-20.0, 35.0), "t_amplitude": (0.0, 50.0), "rain": (20.0, 4000.0), "pet": (100.0, 3000.0), "clay": (0.0, 1.0),
    "sand": (0.0, 1.0), "soc": (0.0, 0.6), "bulk_density": (200.0, 2200.0), "ph_survey": (3.0, 10.5), "caco3": (0.0, 1.0),
    "caco3_ln_sd": (0.0, 5.0), "mineral_n": (0.0, 600.0), "manure_n": (0.0, 600.0), "fixed_n": (0.0, 600.0),
    "deposition_n": (0.0, 100.0), "y_max": (1.0, 2000.0), "no3_share": (0.0, 1.0), "calcareous_share": (0.0, 1.0),
    "altitude": (-500.0, 6000.0), "irrigation": (0.0, 3000.0), **{name: LIMITS[name] for name in HYDRAULIC},
}  # fmt: skip
# CF standard names that say it all: field and kind
STANDARD = {
    "air_temperature": ("mat", "state"),
    "precipitation_flux": ("rain", "rate"),
    "lwe_precipitation_rate": ("rain", "rate"),
    "precipitation_amount": ("rain", "amount"),
    "thickness_of_rainfall_amount": ("rain", "amount"),
    "water_potential_evaporation_flux": ("pet", "rate"),
    "water_potential_evapotranspiration_amount": ("pet", "amount"),
    "mass_fraction_of_clay_in_soil": ("clay", "state"),
    "mass_fraction_of_sand_in_soil": ("sand", "state"),
    "dry_soil_density": ("bulk_density", "state"),
}
SOILGRIDS = {
    "phh2o": ("ph_survey", "1", 0.1),
    "clay": ("clay", "g/kg", 1.0),
    "sand": ("sand", "g/kg", 1.0),
    "soc": ("soc", "dg/kg", 1.0),
    "bdod": ("bulk_density", "cg/cm3", 1.0),
}
ERA5 = "Hersbach et al. 2020, doi:10.1002/qj.3803"
# accumulations are per day in the monthly means, in m; rates (mtpr and mper before 2024) hold for steps of any length;
# evaporation counts downward
ERA5_RAIN = (
    Source(("tp",), "m", "per day", holds="month"),
    Source(("avg_tprate",), "", "rate"),
    Source(("mtpr",), "", "rate"),
)
ERA5_DEMAND = (
    Source(("pev",), "m", "per day", -1.0, holds="month"),
    Source(("avg_pevr",), "", "rate", -1.0),
    Source(("mper",), "", "rate", -1.0),
)
PRODUCTS = (
    Product(
        "ISIMIP / GGCMI soil (HWSD on cropland)",
        {
            "ph_survey": Source(("soil_ph",), "1"),
            "caco3": Source(("soil_caco3",), "%"),
            "clay": Source(("clay",), "%"),
            "sand": Source(("sand",), "%"),
            "soc": Source(("oc",), "%"),
            "bulk_density": Source(("bulk_density",), "kg dm-3"),
        },
        "Mueller, GGCMI phase 3 soil input, from HWSD 1.2",
        every=("soil_ph", "soil_caco3"),
    ),
    Product(
        "EMEP MSC-W deposition",
        {
            "deposition_n": Source(
                ("WDEP_OXN", "WDEP_RDN", "DDEP_OXN_m2Grid", "DDEP_RDN_m2Grid"), "g m-2", "amount", factor=1e-3, yearly=True
            )
        },
        "EMEP MSC-W, yearly totals as nitrogen",
        every=("WDEP_OXN", "WDEP_RDN", "DDEP_OXN_m2Grid", "DDEP_RDN_m2Grid"),
    ),
    Product("E-OBS temperature", {"mat": Source(("tg",), "degC")}, "Cornes et al. 2018, doi:10.1029/2017JD028200", every=("tg",)),
    Product(
        "E-OBS precipitation",
        {"rain": Source(("rr",), "mm day-1", "rate", holds="day")},
        "Cornes et al. 2018, doi:10.1029/2017JD028200",
        every=("rr",),
    ),
    *(
        Product("ERA5 monthly means", {"mat": Source(("t2m",)), "rain": rain, "pet": pet}, ERA5)
        for rain in ERA5_RAIN
        for pet in ERA5_DEMAND
    ),
    Product(
        "ISIMIP climate",
        {"mat": Source(("tas",)), "rain": Source(("pr",), "", "rate"), "pet": Source(("potevap",), "", "rate")},
        "ISIMIP climate forcing",
    ),
)


def recognise(dataset: xr.Dataset, path: Path) -> Product | None:
    """The product of a file, by file name (SoilGrids) or by its variables; else one made of CF names and field names."""
    named = re.match(r"(phh2o|clay|sand|soc|bdod)_(\d+-\d+)cm", path.name)
    if named:
        short = next((v for v in dataset.data_vars if v in (named[1], "Band1", "band_data")), None)
        if short is not None:
            return soilgrids(named[1], str(short))
    gives = [
        Product(p.name, here, p.cite, p.licence)
        for p in PRODUCTS
        if (here := {k: s for k, s in p.fields.items() if all(v in dataset.data_vars for v in s.variables)})
        and all(v in dataset.data_vars for v in p.every)
    ]
    if gives:
        return max(gives, key=lambda p: len(p.fields))  # the first of those that give most
    found: dict[str, Source] = {}
    for name, variable in dataset.data_vars.items():
        standard = STANDARD.get(str(variable.attrs.get("standard_name", "")))
        if standard and standard[0] not in found:
            found[standard[0]] = Source((str(name),), "", standard[1])
        elif name in FIELD_UNITS and name not in found:
            found[str(name)] = Source((str(name),))
    return Product("a file of fields", found, str(dataset.attrs.get("references", path.name)), "the user's") if found else None


def soilgrids(short: str, variable: str) -> Product:
    """SoilGrids 2.0 with its scaled integers (pH times 10, g/kg, dg/kg, cg/cm3)."""
    target, unit, factor = SOILGRIDS[short]
    return Product(
        "SoilGrids 2.0",
        {target: Source((variable,), unit, factor=factor)},
        "Poggio et al. 2021, doi:10.5194/soil-7-217-2021",
        "CC BY 4.0",
    )
