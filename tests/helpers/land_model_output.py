"""Output of a land model whose every flux is known: three layers, six days, two places.

What:    ``truth`` follows a column by hand: what falls, evaporates, is taken up, passes each face and drains; ``dataset`` writes
         parts of it under the names and units asked for.
Shapes:  truth: (step, place) and (step, soil_layer, place); water at the end of each step, with the one before the first.
Use:     ``save(dataset({"Rainf": ("rain", "kg m-2 s-1")}), path)``
"""

from __future__ import annotations

import numpy as np
import xarray as xr

DZ = np.array([0.1, 0.3, 0.6])
DAYS, DAY = 6, 86400.0
LAT, LON = np.array([48.0]), np.array([2.0, 3.0])
ROOTS = 1.0 - 0.961 ** np.array([10.0, 40.0, 100.0])  # of Jackson et al. 1996, to the lower face of each layer
SHARES = np.diff(ROOTS, prepend=0.0) / ROOTS[-1]


def truth() -> dict[str, np.ndarray]:
    """Fluxes in kg m-2 a day, stocks in kg m-2."""
    scale = np.array([1.0, 1.2])
    daily = lambda *x: np.array(x)[:, None] * scale  # noqa: E731
    t = {
        "rain": daily(8.0, 0.0, 0.0, 20.0, 3.0, 1.0),
        "snowfall": daily(0.0, 0.0, 0.0, 0.0, 2.0, 4.0),
        "transpiration": daily(2.0, 3.0, 2.5, 1.0, 1.5, 2.0),
        "soil evaporation": daily(0.5, 0.8, 0.4, 0.3, 0.5, 0.6),
        "interception": daily(0.3, 0.0, 0.0, 0.5, 0.2, 0.1),
        "surface runoff": daily(0.0, 0.0, 0.0, 4.0, 0.0, 0.0),
        "drainage": daily(0.6, 0.4, 0.3, 2.0, 1.8, 1.5),
    }
    t["snow"] = np.cumsum(t["snowfall"], axis=0)  # none melts
    infiltration = t["rain"] - t["interception"] - t["surface runoff"]
    t["uptake"] = t["transpiration"][:, None, :] * SHARES[:, None]
    t["sink"] = t["uptake"].copy()
    t["sink"][:, 0] += t["soil evaporation"]
    # through the lower faces of the first two layers; the third passes what drains
    faces = np.stack([0.6 * infiltration - 0.5 * scale, 0.4 * infiltration - 0.2 * scale, t["drainage"]], axis=1)
    t["faces"] = faces
    gain = np.concatenate([infiltration[:, None], faces[:, :-1]], axis=1) - faces - t["sink"]
    before = 1000.0 * DZ[:, None] * np.array([0.25, 0.30])
    t["water"] = before + np.cumsum(gain, axis=0)
    t["before"] = before
    t["runoff"] = t["surface runoff"] + t["drainage"]
    t["evapotranspiration"] = t["transpiration"] + t["soil evaporation"] + t["interception"]
    t["precipitation"] = t["rain"] + t["snowfall"]
    return t


def dataset(held: dict[str, tuple[str, str]], bounds: bool = True, **changed: np.ndarray) -> xr.Dataset:
    """A file; ``held``: name -> (what of the truth, units). Temperature, respiration and thickness as the contract has them."""
    t, made = {**truth(), **changed}, xr.Dataset()
    edges = np.arange(DAYS + 1.0)
    made.coords["time"] = ("time", edges[1:], {"units": "days since 2001-03-01", "calendar": "noleap", "standard_name": "time"})
    if bounds:
        made["time"].attrs["bounds"] = "time_bnds"
        made["time_bnds"] = (("time", "bnds"), np.stack([edges[:-1], edges[1:]], 1))
    made.coords["lat"] = ("lat", LAT, {"units": "degrees_north", "standard_name": "latitude"})
    made.coords["lon"] = ("lon", LON, {"units": "degrees_east", "standard_name": "longitude"})
    made["dz"] = ("soil_layer", DZ, {"units": "m"})
    layered = np.full((DAYS, 3, 1, 2), 283.15)
    made["t_soil"] = (("time", "soil_layer", "lat", "lon"), layered, {"units": "K"})
    made["co2_src_total"] = (("time", "lat", "lon"), np.full((DAYS, 1, 2), 2e-8), {"units": "kg m-2 s-1"})
    for name, (role, units) in held.items():
        values = t[role]
        if units.endswith("s-1"):
            values = values / DAY
        dims = ("time", "soil_layer", "lat", "lon") if values.ndim == 3 else ("time", "lat", "lon")
        values = values.reshape(*values.shape[:-1], 1, 2)
        made[name] = (dims, values, {"units": units})
    return made


FLUX, STOCK = "kg m-2 s-1", "kg m-2"
# name -> (role, units): ALMA, as ORCHIDEE writes it
ALMA = {
    "SoilMoist": ("water", STOCK), "Rainf": ("rain", FLUX), "Snowf": ("snowfall", FLUX), "TVeg": ("transpiration", FLUX),
    "ESoil": ("soil evaporation", FLUX), "ECanop": ("interception", FLUX), "Qs": ("surface runoff", FLUX),
    "Qsb": ("drainage", FLUX), "SWE": ("snow", STOCK),
}  # fmt: skip
