"""Synthetic columns: calcareous soils under mean European weather, to time, to check, to try.

Units:   as in variables.toml. Arrays in Fortran order (column fastest), as land models keep them.
Use:     ``columns = model.columns(soil(100, 11)); columns.step(86400.0, weather(100, 11))``
"""

from __future__ import annotations

from typing import Any

import numpy as np

YEAR = 365.0 * 86400.0  # s


def soil(columns: int, layers: int) -> dict[str, Any]:
    """Soil properties: 1.5 m, 2-30 % CaCO3."""
    caco3 = np.random.default_rng(1).uniform(0.02, 0.3, columns)
    dz = np.asfortranarray(np.full((columns, layers), 1.5 / layers))
    return {"dz": dz, "caco3": np.asfortranarray(np.broadcast_to(caco3[:, None], dz.shape))}


def weather(columns: int, layers: int) -> dict[str, Any]:
    """Forcing of every step: 300 mm a-1 of drainage, respiration, deposition, nitrification."""
    shape = (columns, layers)
    rng = np.random.default_rng(2)
    return {
        "w_liq": np.full(shape, 280.0 * 1.5 / layers, order="F"),
        "t_soil": np.full(shape, 283.15, order="F"),
        "q_bot": np.full(columns, 300.0 / YEAR),
        "co2_src_total": rng.uniform(0.4, 0.8, columns) / YEAR,
        "dep_nh4": np.full(columns, 0.3 / YEAR),
        "n_nit": np.full(shape, 1e-3 / YEAR, order="F"),
    }
