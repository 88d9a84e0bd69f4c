"""Which variable of a weather file is which: rain, temperature, evaporation, and what evaporation is made of.

What:    ``find_inputs`` goes by the names of projects, then by CF standard name; where two variables could be meant, the file is
         refused, naming both.
Units:   ``units`` are those an input is brought to.
Source:  CF standard names (v93) and cell_methods; variable names of CMIP6, CORDEX and ISIMIP3, E-OBS, ERA5 and ERA5-Land.
Use:     ``find_inputs(dataset, "time")`` -> {"precipitation": "pr"}
"""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr

from ..cell_methods import time_method
from ..fault import ForcingError


@dataclass(frozen=True)
class Input:
    """One input: names in files, standard names, unit wanted; ``flux``: a rate, or amounts of the steps."""

    names: tuple[str, ...]
    standard: tuple[str, ...]
    units: str
    flux: bool = False
    method: str = ""  # of cell_methods, where several inputs share a standard name
    limits: tuple[float, float] = (-float("inf"), float("inf"))  # of a day's value, in ``units`` (fluxes: kg m-2 or MJ m-2 a day)


INPUTS = {
    "precipitation": Input(
        ("pr", "rr", "tp", "mtpr", "avg_tprate", "precipitation", "precip", "prcp"),
        ("precipitation_flux", "precipitation_amount", "thickness_of_rainfall_amount", "lwe_precipitation_rate",
         "lwe_thickness_of_precipitation_amount"),
        "kg m-2 s-1", flux=True, limits=(0.0, 2000.0),
    ),
    "pet": Input(
        ("pet", "evspsblpot", "potevap", "et0", "eto"),
        ("water_potential_evaporation_flux", "water_potential_evapotranspiration_amount", "water_potential_evaporation_amount"),
        "kg m-2 s-1", flux=True, limits=(0.0, 50.0),
    ),
    "tas": Input(("tas", "tg", "t2m", "tmean"), ("air_temperature",), "degC", limits=(-90.0, 60.0)),
    "tasmax": Input(("tasmax", "tx", "mx2t", "tmax"), ("air_temperature",), "degC", method="maximum", limits=(-90.0, 65.0)),
    "tasmin": Input(("tasmin", "tn", "mn2t", "tmin"), ("air_temperature",), "degC", method="minimum", limits=(-90.0, 60.0)),
    "dew_point": Input(("d2m", "tdps"), ("dew_point_temperature",), "degC", limits=(-100.0, 40.0)),
    "humidity": Input(("hurs", "hu", "rh2m"), ("relative_humidity",), "1", limits=(0.0, 1.3)),
    "radiation": Input(
        ("rsds", "qq", "ssrd", "msdwswrf", "avg_sdswrf"),
        ("surface_downwelling_shortwave_flux_in_air", "surface_downwelling_shortwave_flux"),
        "W m-2", flux=True, limits=(0.0, 45.0),
    ),
    "wind": Input(("sfcwind", "fg", "si10", "ws10"), ("wind_speed",), "m s-1", limits=(0.0, 80.0)),
    "wind_east": Input(("u10", "uas"), ("eastward_wind",), "m s-1", limits=(-80.0, 80.0)),
    "wind_north": Input(("v10", "vas"), ("northward_wind",), "m s-1", limits=(-80.0, 80.0)),
    "pressure": Input(("ps", "sp"), ("surface_air_pressure",), "Pa", limits=(4e4, 1.1e5)),
}  # fmt: skip
WATER = ("precipitation", "pet")


def _candidates(dataset: xr.Dataset, time: str, wanted: Input) -> list[str]:
    """Variables over time that an input could be: by name, else by standard name."""
    series = [str(n) for n, v in dataset.data_vars.items() if time in v.dims]
    named = [n for n in series if n.lower() in wanted.names]
    if named:
        return named
    standard = [n for n in series if str(dataset[n].attrs.get("standard_name", "")) in wanted.standard]
    extreme = {"maximum", "minimum"}
    methods = {n: time_method(dataset[n], time) for n in standard}
    return [n for n in standard if (methods[n] == wanted.method if wanted.method else methods[n] not in extreme)]


def find_inputs(dataset: xr.Dataset, time: str) -> dict[str, str]:
    """Input -> its variable. Raises ForcingError where two could be meant."""
    found = {}
    for name, wanted in INPUTS.items():
        here = _candidates(dataset, time, wanted)
        if len(here) > 1:
            raise ForcingError(f"{name} could be {' or '.join(here)}; leave one of them out")
        if here:
            found[name] = here[0]
    return found
