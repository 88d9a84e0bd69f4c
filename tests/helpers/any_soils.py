"""Random soils and weather over the whole of what a host may ask, for the engines to agree on.

Use:     ``properties = soil(rng, columns, layers); fields = weather(rng, properties, everything=True)``
"""

from __future__ import annotations

import numpy as np
from calcisol.emulator.contract.variables import load_table
from numpy.typing import NDArray

Fields = dict[str, NDArray[np.float64]]
TABLE = load_table()
YEAR = 365.0 * 86400.0  # s
# largest value drawn for forcing that most hosts leave out, per year where the unit is per second
RATES = {
    "w_sink": 300.0, "q_lat": 30.0, "co2_src": 0.1, "n_nit": 6e-3, "n_up_nh4": 2e-3, "n_up_no3": 8e-3, "n_den": 1e-3,
    "bc_up": 0.05, "weath": 0.05, "lime": 0.2,
}  # fmt: skip
SIGNED = {"q_if": 500.0, "n_min": 5e-3, "h_src": 0.1}
AMOUNTS = {"w_ice": (0.0, 20.0), "nh4": (0.0, 2e-4), "no3": (0.0, 4e-3), "p_surf": (7e4, 1.05e5), "co2_atm": (2e-4, 1e-3)}


def soil(rng: np.random.Generator, columns: int, layers: int) -> Fields:
    """From bare sand to clay, acid to half carbonate, layers of a centimetre to half a metre."""
    shape = (columns, layers)
    caco3 = rng.choice([0.0, 0.0, 0.001, 0.02, 0.2, 0.6], (columns, 1)) * rng.uniform(0.5, 1.0, shape)
    return {
        "dz": rng.uniform(0.01, 0.5, shape),
        "clay": rng.uniform(0.0, 0.6, shape),
        "soc": rng.uniform(0.0, 0.05, shape),
        "bulk_density": rng.uniform(800.0, 1700.0, shape),
        "ph0": rng.uniform(3.5, 8.5, shape),
        "caco3": caco3,
    }


def weather(rng: np.random.Generator, properties: Fields, everything: bool) -> Fields:
    """What every host gives, or every forcing there is: dry and flooded, frozen and hot, rising and draining water."""
    dz = properties["dz"]
    n = len(dz)
    fields = {
        "w_liq": dz * rng.uniform(30.0, 450.0, dz.shape),
        "t_soil": rng.uniform(265.0, 310.0, dz.shape),
        "q_bot": rng.uniform(-100.0, 900.0, n) / YEAR,
        "co2_src_total": rng.uniform(0.0, 1.5, n) / YEAR,
    }
    for variable in TABLE.select("forcing") if everything else ():
        name, shape = variable.name, dz.shape if variable.dims == "layer" else (n,)
        if name in fields or name == "active":
            continue
        if name in SIGNED:
            fields[name] = rng.uniform(-SIGNED[name], SIGNED[name], shape) / YEAR
        elif name in AMOUNTS:
            fields[name] = rng.uniform(*AMOUNTS[name], shape)
        else:
            fields[name] = rng.uniform(0.0, RATES.get(name, 0.5), shape) / YEAR  # deposition: 0.5 mol m-2 a-1
    return fields
