"""Three hundred columns of random soil, and weather for them step by step: what the tests of columns share.

Shapes:  (NCOL, NLAY) or (NCOL,); units as in variables.toml. Other soils, over all a host may ask: any_soils.py.
Use:     ``model.columns(soil()).step(STEP, forcing(0))``
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NCOL, NLAY = 300, 6  # more than two tiles of 128
STEP = 21600.0  # s

Fields = dict[str, NDArray[np.float64]]


def soil(seed: int = 1) -> Fields:
    """Random soils, a third of them without calcite."""
    rng = np.random.default_rng(seed)
    dz = np.broadcast_to([0.05, 0.1, 0.15, 0.2, 0.25, 0.25], (NCOL, NLAY))
    caco3 = np.broadcast_to(rng.choice([0.0, 0.02, 0.2], (NCOL, 1)), (NCOL, NLAY))
    return {"dz": dz, "clay": rng.uniform(0.05, 0.5, (NCOL, NLAY)), "soc": rng.uniform(0.002, 0.04, (NCOL, NLAY)), "caco3": caco3}


def forcing(step: int) -> Fields:
    """Random weather of one step, closed in water."""
    rng = np.random.default_rng(100 + step)
    return {**mild_weather(rng, soil()["dz"]), "dep_no3": rng.uniform(0.0, 1e-8, NCOL)}


def mild_weather(rng: np.random.Generator, dz: NDArray[np.float64]) -> Fields:
    """What every host gives, for layers of any thickness [m]: moist, neither frozen nor hot, draining, respiring."""
    n = len(dz)
    return {
        "w_liq": dz * rng.uniform(200.0, 260.0, (n, 1)),
        "t_soil": rng.uniform(276.0, 296.0, dz.shape),
        "q_bot": rng.uniform(0.0, 2e-5, n),
        "co2_src_total": rng.uniform(0.0, 5e-8, n),
    }


def take(fields: Fields, which: NDArray[np.intp] | slice) -> Fields:
    """Some of the columns."""
    return {name: values[which] for name, values in fields.items()}
