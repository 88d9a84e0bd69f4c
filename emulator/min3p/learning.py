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


class Run:
    """Output of one run of a column: profiles by family and name, layers from the surface down; cumulated amounts by interval."""

    def __init__(self, folder: Path, column: Column) -> None:
        self.folder, self.column = folder, column
        self.record = json.loads((folder / "column.json").read_text())
        self.count = column.months + 1
        self.times = np.arange(self.count) * MONTH_DAYS
        self._families = _snapshots(folder, self.count)
        cells = self._families["gst"][1].shape[1]
        if cells != column.layers:
            raise RunError(f"{folder} has {cells} cells, its column {column.layers} layers; it is another run's folder")
        self.theta, self.temperature = self.profile("gsp", "theta_a"), self.profile("gsm", "temperature")
        self.pressure = self.profile("gsg", "co2(g)")
        self.theta[0] = self.theta[1] if np.allclose(self.theta[0], 0.0) else self.theta[0]

    def profile(self, family: str, name: str) -> np.ndarray:
        """One variable, (time, layer)."""
        names, values = self._families[family]
        if name not in names:
            raise RunError(f"{self.folder}/{STEM}_*.{family} has no column {name!r}")
        return values[:, :, names.index(name)]


Variable = tuple[tuple[str, ...], np.ndarray, dict[str, str]]
Variables = dict[str, Variable]


def _variable(values: np.ndarray, units: str, dims: tuple[str, ...] = ("time", "layer")) -> Variable:
    return dims, values, {"units": units}


def concentrations(run: Run) -> Variables:
    """What MIN3P writes of water, air, minerals and exchanger."""
    made = {f"tot_{name}": _variable(run.profile("gst", name), "mol/L water") for name in run.record["components"]}
    made |= {
        "pH": _variable(run.profile("gsm", "pH"), "-"),
        "ionic_strength": _variable(run.profile("gsm", "ionic strength"), "mol/L water"),
        "temperature": _variable(run.temperature, "degC"),
        "p_co2(g)": _variable(run.pressure, "atm"),
        "theta": _variable(run.theta, "m3/m3"),
    }
    made |= {f"phi_{name}": _variable(run.profile("gsv", name), "m3/m3 bulk") for name in MINERAL_MOLAR_VOLUME}
    return made | {f"sorb_{name}": _variable(run.profile("gsb", name), "meq/100 g") for name in run.record["sorbed"]}


def pools(run: Run) -> Variables:
    """Conserved totals: dissolved, exchangeable and gas; calcite and water; and the air above."""
    column, thickness = run.column, run.column.thickness
    water = run.theta * thickness * 1e3  # L m-2
    soil = column.bulk_density * thickness * 1e-2  # 100 g per meq: sorb * 0.01 mol/kg
    air = np.maximum(column.porosity - run.theta, 0.0)
    gas = run.pressure / (GAS_CONSTANT * (run.temperature + 273.15)) * air * thickness
    made: Variables = {}
    for pool, component in POOLS.items():
        total = run.profile("gst", component) * water
        for species in run.record["sorbed"]:
            share = sorbed_amounts(species.split("-")[0]).get(component, 0.0)
            if share:
                total = total + run.profile("gsb", species) * soil * share
        if pool == "dic":
            total = total + gas
        if pool == "h":
            total = total + 2.0 * gas  # CO2(g) = CO3 + 2 H - H2O
        made[f"pool_{pool}"] = _variable(total, "mol m-2")
    # MIN3P holds the concentration of the air above the soil, which was set at the mean temperature, not its pressure
    pressure = column.co2_atm * (run.temperature[:, 0] + 273.15) / (column.mean_temperature + 273.15)
    made["pco2_air"] = _variable(pressure, "atm", ("time",))
    calcite = (run.profile("gsv", "calcite") - CALCITE_FLOOR) * thickness / MINERAL_MOLAR_VOLUME["calcite"]
    made["pool_calcite"] = _variable(calcite, "mol m-2")
    made["pool_water"] = _variable(run.theta * thickness * 1e3, "kg m-2")
    return made


def extents(run: Run) -> Variables:
    """What each reaction released per layer (``lsrc_``) and in the column (``src_``), by interval."""
    made: Variables = {}
    units = "mol m-2 per interval, released by the reaction > 0"
    for mineral in run.record["minerals"]:
        fraction, volume = run.profile("gsv", mineral), MINERAL_MOLAR_VOLUME.get(mineral, PSEUDO_MOLAR_VOLUME)
        extent = -np.diff(fraction, axis=0, prepend=fraction[:1]) * run.column.thickness / volume
        made[f"lsrc_{mineral}"] = _variable(extent, units)
        made[f"src_{mineral}"] = _variable(extent.sum(axis=1), units, ("time",))
    return made


def water_fluxes(run: Run) -> Variables:
    """Water through the surface, the bottom and every lower face (positive down)."""
    entering, leaving = _water(run.folder, run.times)
    storage = np.diff(run.theta, axis=0, prepend=run.theta[:1]) * run.column.thickness
    upward = np.cumsum(storage[:, ::-1], axis=1)[:, ::-1]
    face = leaving[:, None] + np.concatenate([upward[:, 1:], np.zeros((run.count, 1))], axis=1)
    face[0] = 0.0
    return {
        "water_in": _variable(entering, "m per interval", ("time",)),
        "water_out": _variable(leaving, "m per interval", ("time",)),
        "q_face": _variable(face, "m per interval through the lower face, down > 0"),
    }


def solute_fluxes(run: Run) -> Variables:
    """Each component in and out with water, and with air where it moves there."""
    made: Variables = {}
    for index, component in enumerate(run.record["components"], 1):
        path = run.folder / f"{STEM}_{index}.mac"
        for name, title in FLOWS.items():
            amount = _cumulated(path, f"total {title} [mol/elapsed time]", run.times)
            if not name.startswith("gas") or np.any(amount):
                made[f"flux_{name}_{component}"] = _variable(amount, "mol m-2 per interval", ("time",))
    return made


def soil_properties(column: Column) -> Variables:
    """What does not change: by layer, of the column, and its retention curve."""
    layered = {
        "thickness": (column.thickness, "m"), "depth": (column.centre, "m"), "cec": (column.cec * 100.0, "meq/100 g"),
        "cec_variable": (column.cec_variable, "1"), "caco3": (column.caco3, "kg kg-1"),
    }  # fmt: skip
    scalars = {
        "clay": (column.clay, "kg kg-1"), "sand": (column.sand, "kg kg-1"), "soc": (column.soc, "kg kg-1"),
        "bulk_density": (column.bulk_density * 1e-3, "g cm-3"), "porosity": (column.porosity, "1"),
        "calcite_rate": (column.calcite_rate, "mol m-3 s-1 at a volume fraction of 0.05"),
        "dispersivity": (column.dispersivity, "m"), "co2_atm": (column.co2_atm, "mol mol-1"),
    }  # fmt: skip
    curve = column.retention
    parameters = np.array([curve.residual, curve.alpha, curve.n, curve.k_sat])
    return {
        **{name: _variable(np.asarray(values, dtype=float), units, ("layer",)) for name, (values, units) in layered.items()},
        **{name: _variable(np.asarray(value, dtype=float), units, ()) for name, (value, units) in scalars.items()},
        "vg": _variable(parameters, "Sr -, alpha m-1, n -, Ks m s-1", ("vgpar",)),
    }


def learning_member(folder: Path, column: Column) -> xr.Dataset:
    """Data set of one run (float64). Raises RunError when an output is missing or has another shape than the column."""
    run = Run(folder, column)
    data = {
        **concentrations(run), **pools(run), **extents(run), **water_fluxes(run), **solute_fluxes(run), **soil_properties(column),
    }  # fmt: skip
    whole = xr.Dataset(data, coords={"time": ("time", run.times, {"units": "days"}), "layer": np.arange(1, column.layers + 1)})
    # The printed start is not what the run starts from: MIN3P equilibrates it at one temperature, then the profile takes over and
    # the exchanger with it. The member therefore begins at the end of the first month.
    out = whole.isel(time=slice(1, None)).copy()
    for variable in out.data_vars.values():
        if "per interval" in variable.attrs["units"]:
            variable[{"time": 0}] = 0.0
    out.attrs["stoichiometry"] = json.dumps({PREFIX + n: dict(REACTIONS[n].release) for n in column.sources})
    out.attrs["database_sha256"] = run.record["database_sha256"]
    out.attrs["labels"] = json.dumps(column.labels, default=float)
    return out
