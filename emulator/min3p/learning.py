"""From one finished run of ours to one learning member: states, exact layer-resolved extents, water and fluxes by month.

What:    everything a conservative step needs per interval. Extents come from the volume fractions of minerals and pseudo-minerals
         (written with 17 digits; their change is the integral MIN3P itself applied), fluxes from the cumulated balance files.
Units:   as in the data set's attributes: pools mol m-2 (or kg m-2 for water), extents and fluxes mol m-2 per interval,
         water m per interval, concentrations as MIN3P writes them. Signs: extents count what the reaction releases.
Shapes:  (time, layer) or (time,); time 0 is the end of the first month; value i of an extent or flux belongs to the interval
         that ends at time i.
Source:  file formats and traps: MIN3P-THCm user manual (2019) and its output routines.
Use:     ``member = learning_member(folder, column)``
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import xarray as xr

from ..contract.errors import InputError
from .column import MONTH_DAYS, Column
from .database import CALCITE_DENSITY, CALCITE_MOLAR_MASS, PREFIX, REACTIONS, sorbed_amounts
from .deck import CALCITE_FLOOR, STEM
from .tables import read_table

GAS_CONSTANT = 8.2054e-5
"""m3 atm K-1 mol-1 with the digits MIN3P uses; with CODATA's 8.205736e-5 the carbon of soil air would not close."""
MINERAL_MOLAR_VOLUME = {
    "calcite": CALCITE_MOLAR_MASS / CALCITE_DENSITY,
    "gypsum": 172.1722e-3 / 2.32e3,
    "gibbsite(c)": 78.0037e-3 / 2.35e3,
}
"""m3 mol-1, from the weights and densities of MIN3P's mineral file."""
PSEUDO_MOLAR_VOLUME = 1.0e-3 / 1.0e9
"""m3 mol-1 of our sources: gram formula weight 1 and density 1e6 g/cm3, see ``database.reaction_entries``."""
POOLS = {
    "ca": "ca+2", "mg": "mg+2", "k": "k+1", "na": "na+1", "nh4": "nh4+1", "no3": "no3-1", "cl": "cl-1", "so4": "so4-2",
    "dic": "co3-2", "al": "al+3", "h": "h+1",
}  # fmt: skip
"""Name of a conserved total -> MIN3P component. ``h`` is TOTH (can be negative), kept for the charge balance alone."""
FLOWS = {"in": "mass influx", "out": "mass outflux", "gasin": "mass influx (gas phase)", "gasout": "mass outflux (gas phase)"}
FAMILIES = ("gst", "gsm", "gsg", "gsv", "gsb", "gsp")


class RunError(InputError):
    """A run folder lacks or garbles an output; the text names the file."""


def _snapshots(folder: Path, count: int) -> dict[str, tuple[list[str], np.ndarray]]:
    """Family -> (names, [time, layer, column]) with layers from the surface down."""
    out = {}
    for family in FAMILIES:
        names: list[str] = []
        blocks = []
        for i in range(count):
            path = folder / f"{STEM}_{i}.{family}"
            if not path.is_file():
                raise RunError(f"{path} is missing; the run stopped early")
            zone, rows = read_table(path)
            names = zone.names
            blocks.append(rows[::-1])
        out[family] = (names, np.stack(blocks))
    return out


def _cumulated(path: Path, column: str, times: np.ndarray) -> np.ndarray:
    """Amount per interval [time] from a cumulated column; steps end on the output times, up to round-off."""
    zone, rows = read_table(path)
    if column not in zone.names:
        raise RunError(f"{path} has no column {column!r}; known are {', '.join(zone.names)}")
    total = np.interp(times, rows[:, 0], rows[:, zone.names.index(column)], left=0.0)
    return np.diff(total, prepend=0.0)


def _water(folder: Path, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Water in and out [m per interval]; the file holds rates per step, valid over the step that ends at the row's time."""
    _, rows = read_table(folder / f"{STEM}_o.mvc")
    dt = np.diff(rows[:, 0], prepend=0.0)
    entering, leaving = (np.interp(times, rows[:, 0], np.cumsum(rows[:, k] * dt), left=0.0) for k in (1, 2))
    return np.diff(entering, prepend=0.0), np.diff(leaving, prepend=0.0)


def learning_member(folder: Path, column: Column) -> xr.Dataset:
    """Data set of one run (float64). Raises RunError when an output is missing or has another shape than the column."""
    record = json.loads((folder / "column.json").read_text())
    count = column.months + 1
    times = np.arange(count) * MONTH_DAYS
    families = _snapshots(folder, count)
    thickness = column.thickness
    if families["gst"][1].shape[1] != column.layers:
        raise RunError(
            f"{folder} has {families['gst'][1].shape[1]} cells, its column {column.layers} layers; it is another run's folder"
        )

    def take(family: str, name: str) -> np.ndarray:
        names, values = families[family]
        if name not in names:
            raise RunError(f"{folder}/{STEM}_*.{family} has no column {name!r}")
        return values[:, :, names.index(name)]

    data: dict[str, tuple] = {}
    layered = ("time", "layer")

    def put(name: str, values: np.ndarray, units: str, dims: tuple[str, ...] = layered) -> None:
        data[name] = (dims, values, {"units": units})

    theta, temperature, pressure = take("gsp", "theta_a"), take("gsm", "temperature"), take("gsg", "co2(g)")
    theta[0] = theta[1] if np.allclose(theta[0], 0.0) else theta[0]
    air = np.maximum(column.porosity - theta, 0.0)
    for component in record["components"]:
        put(f"tot_{component}", take("gst", component), "mol/L water")
    put("pH", take("gsm", "pH"), "-")
    put("ionic_strength", take("gsm", "ionic strength"), "mol/L water")
    put("temperature", temperature, "degC")
    put("p_co2(g)", pressure, "atm")
    put("theta", theta, "m3/m3")
    for mineral in MINERAL_MOLAR_VOLUME:
        put(f"phi_{mineral}", take("gsv", mineral), "m3/m3 bulk")
    for species in record["sorbed"]:
        put(f"sorb_{species}", take("gsb", species), "meq/100 g")

    # conserved totals: dissolved + exchangeable + gas
    water = theta * thickness * 1e3  # L m-2
    soil = column.bulk_density * thickness * 1e-2  # 100 g per meq: sorb * 0.01 mol/kg
    for pool, component in POOLS.items():
        total = take("gst", component) * water
        for species in record["sorbed"]:
            share = sorbed_amounts(species.split("-")[0]).get(component, 0.0)
            if share:
                total = total + take("gsb", species) * soil * share
        gas = pressure / (GAS_CONSTANT * (temperature + 273.15)) * air * thickness
        if pool == "dic":
            total = total + gas
        if pool == "h":
            total = total + 2.0 * gas  # CO2(g) = CO3 + 2 H - H2O
        put(f"pool_{pool}", total, "mol m-2")
    # MIN3P holds the concentration of the air above the soil, which was set at the mean temperature, not its pressure
    put("pco2_air", column.co2_atm * (temperature[:, 0] + 273.15) / (column.mean_temperature + 273.15), "atm", ("time",))
    put("pool_calcite", (take("gsv", "calcite") - CALCITE_FLOOR) * thickness / MINERAL_MOLAR_VOLUME["calcite"], "mol m-2")
    put("pool_water", theta * thickness * 1e3, "kg m-2")

    # extents: what each reaction released per layer and interval
    for mineral in record["minerals"]:
        volume = MINERAL_MOLAR_VOLUME.get(mineral, PSEUDO_MOLAR_VOLUME)
        extent = -np.diff(take("gsv", mineral), axis=0, prepend=take("gsv", mineral)[:1]) * thickness / volume
        put(f"lsrc_{mineral}", extent, "mol m-2 per interval, released by the reaction > 0")
        put(f"src_{mineral}", extent.sum(axis=1), "mol m-2 per interval, released by the reaction > 0", ("time",))

    # water: through the surface, the bottom and every lower face (positive down)
    entering, leaving = _water(folder, times)
    put("water_in", entering, "m per interval", ("time",))
    put("water_out", leaving, "m per interval", ("time",))
    storage = np.diff(theta, axis=0, prepend=theta[:1]) * thickness
    upward = np.cumsum(storage[:, ::-1], axis=1)[:, ::-1]
    face = leaving[:, None] + np.concatenate([upward[:, 1:], np.zeros((count, 1))], axis=1)
    face[0] = 0.0
    put("q_face", face, "m per interval through the lower face, down > 0")

    for index, component in enumerate(record["components"], 1):
        path = folder / f"{STEM}_{index}.mac"
        for name, title in FLOWS.items():
            amount = _cumulated(path, f"total {title} [mol/elapsed time]", times)
            if not name.startswith("gas") or np.any(amount):
                put(f"flux_{name}_{component}", amount, "mol m-2 per interval", ("time",))

    static = {
        "thickness": (thickness, "m"), "depth": (column.centre, "m"), "cec": (column.cec * 100.0, "meq/100 g"),
        "cec_variable": (column.cec_variable, "1"), "caco3": (column.caco3, "kg kg-1"),
    }  # fmt: skip
    for name, (values, units) in static.items():
        put(name, np.asarray(values, dtype=float), units, ("layer",))
    scalars = {
        "clay": (column.clay, "kg kg-1"), "sand": (column.sand, "kg kg-1"), "soc": (column.soc, "kg kg-1"),
        "bulk_density": (column.bulk_density * 1e-3, "g cm-3"), "porosity": (column.porosity, "1"),
        "calcite_rate": (column.calcite_rate, "mol m-3 s-1 at a volume fraction of 0.05"),
        "dispersivity": (column.dispersivity, "m"), "co2_atm": (column.co2_atm, "mol mol-1"),
    }  # fmt: skip
    for name, (value, units) in scalars.items():
        put(name, np.asarray(value, dtype=float), units, ())
    vg = column.retention
    put("vg", np.array([vg.residual, vg.alpha, vg.n, vg.k_sat]), "Sr -, alpha m-1, n -, Ks m s-1", ("vgpar",))
    whole = xr.Dataset(data, coords={"time": ("time", times, {"units": "days"}), "layer": np.arange(1, column.layers + 1)})
    # The printed start is not what the run starts from: MIN3P equilibrates it at one temperature, then the profile takes over and
    # the exchanger with it. The member therefore begins at the end of the first month.
    out = whole.isel(time=slice(1, None)).copy()
    for variable in out.data_vars.values():
        if "per interval" in variable.attrs["units"]:
            variable[{"time": 0}] = 0.0
    out.attrs["stoichiometry"] = json.dumps({PREFIX + n: dict(REACTIONS[n].release) for n in column.sources})
    out.attrs["database_sha256"] = record["database_sha256"]
    out.attrs["labels"] = json.dumps(column.labels, default=float)
    return out
