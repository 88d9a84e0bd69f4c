"""A made daily column: four cells, twelve days, stepped by the library itself, so that a rollout has to give the same again.

Units:   as coupler/docs/daily_columns.md asks for.
Use:     ``data = made_column(shipped)``; ``data.to_netcdf(folder / "made.nc")``
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import xarray as xr
from calcisol.coupler.evaluation.daily_file import DAY_UNITS, IONS, LAYER_UNITS, POOLS, SITES, STATIC_UNITS
from calcisol.coupler.library.model import Model

from .sources import ROOT

COLUMNS = Path(os.environ.get("CALCISOL_DAILY") or ROOT.parent / "shared" / "min3p" / "daily")
"""Columns of MIN3P; where this folder is missing, what needs them is skipped."""
DAYS, START, DAY = 12, 4, 86400.0
DZ = np.array([0.05, 0.05, 0.1, 0.2])
SOIL = {
    "dz": DZ, "clay": 0.22, "sand": 0.3, "soc": 0.012, "bulk_density": 1400.0, "porosity": 0.47, "calcite_rate": 2e-5,
    "dispersivity": 0.02, "cec": 0.13, "cec_variable": 0.2, "caco3": 0.15,
}  # fmt: skip
ATTRIBUTES = {
    "calendar": "365 days a year", "start_day": START, "vg_residual_saturation": 0.15, "vg_alpha_per_m": 2.0, "vg_n": 1.41,
    "vg_k_sat_m_per_s": 1.25e-6, "root_scale_m": 0.25, "root_depth_m": 0.4, "pond_limit_m": np.inf,
}  # fmt: skip
RAIN = np.array([6.0, 0, 0, 12, 0, 3, 0, 0, 9, 0, 0, 4])  # mm
DRAINED = np.linspace(0.6, 1.7, DAYS)  # kg m-2 a day


def made_column(bundle: Path) -> xr.Dataset:
    """The data set; every variable has its unit."""
    values = _forcing()
    shape = (DAYS, len(DZ))
    states = {name: np.empty(shape) for name in ("ph", "pco2", "ionic_strength", *SITES, *(f"pool_{p}" for p in POOLS))}
    leached = {name: np.empty(DAYS) for name in ("ca", "no3", "dic")}
    per_mol = {"ca": 1.0, "no3": 0.014007, "dic": 0.012011}
    with Model(bundle) as model, model.columns(SOIL, ncol=1) as soil:
        for day in range(DAYS):
            given = {
                n: values[n][day][None] for n in (*FORCED, "w_liq", "t_soil", "q_bot", "co2_atm", *(f"dep_{i}" for i in IONS))
            }
            out = soil.step(DAY, given | {"w_sink": (values["transpiration"] + values["evaporation"])[day][None]})
            state = soil.state()
            for name, series in states.items():
                series[day] = state[name.removeprefix("pool_")][0]
            for name, series in leached.items():
                series[day] = out[f"{name}_leach"][0] * DAY / per_mol[name]
    values |= states | {f"leached_{name}": series for name, series in leached.items()}
    units = LAYER_UNITS | DAY_UNITS
    data = xr.Dataset(
        {n: (("day", "layer") if n in LAYER_UNITS else ("day",), v, {"units": units[n]}) for n, v in values.items()}
    )
    data["dz"] = ("layer", DZ, {"units": "m"})
    return data.assign({n: ((), v, {"units": STATIC_UNITS[n]}) for n, v in SOIL.items() if n != "dz"}).assign_attrs(ATTRIBUTES)


def written(data: xr.Dataset, folder: Path) -> Path:
    """The file ``made.nc`` of a data set."""
    path = folder / "made.nc"
    data.to_netcdf(path)
    return path


FORCED = ("co2_src", "n_nit", "n_min", "n_up_nh4", "n_up_no3", "bc_up", "weath")


def _forcing() -> dict[str, np.ndarray]:
    """Rain that the top takes up, roots that empty each layer, a steady drainage; the water adds up."""
    one, share = np.ones((DAYS, 1)), DZ / DZ.sum()
    transpired, evaporated = 1.5 * one * share, 0.4 * one * np.array([1.0, 0, 0, 0])
    change = RAIN - DRAINED - transpired.sum(1) - evaporated.sum(1)
    values = {
        "w_liq": 250.0 * DZ + np.cumsum(change)[:, None] * share,
        "transpiration": transpired / DAY,
        "evaporation": evaporated / DAY,
        "t_soil": 285.0 + one * np.zeros(4),
        "q_bot": DRAINED / DAY,
        "infiltration": RAIN / DAY,
        "rain": RAIN,
        "pet": np.full(DAYS, 2.0),
        "lai": np.full(DAYS, 2.5),
        "co2_atm": np.full(DAYS, 4.2e-4),
    }
    values |= {
        name: one * share * rate for name, rate in zip(FORCED, (2e-8, 4e-10, 3e-10, 5e-11, 2e-10, 1e-9, 1e-9), strict=True)
    }
    return values | {f"dep_{ion}": RAIN * 1e-9 for ion in IONS}
