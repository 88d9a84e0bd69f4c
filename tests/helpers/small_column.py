"""A small soil column that the fixtures under ``runs/`` were made with, and that live tests vary.

What:    three layers, one crop, ammonium nitrate; ``small_column()`` made ``runs/good`` with MIN3P 2.6.2.880.
Use:     ``column = small_column()``; ``python -m tests.min3p.make_runs`` rewrites the fixtures (needs MIN3P_EXE, MIN3P_DB).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from calcisol.emulator.min3p.column import Column, Source, soil_temperature

KG_N = 1.0e3 / 14.007 / 1.0e4  # mol m-2 per kg N ha-1


def small_column(
    months: int = 3, nitrogen: float = 150.0, form: str = "an", caco3: float = 0.02, uptake: float = 60.0, drainage: float = 0.3
) -> Column:
    """Three layers (0.25, 0.30, 0.45 m), constant temperature, spring fertiliser from the first month on [kg N/ha/yr]."""
    thickness = np.array([0.25, 0.30, 0.45])
    centre = np.cumsum(thickness) - 0.5 * thickness
    flat = np.ones(months)
    column = Column(
        thickness=thickness,
        clay=0.2,
        sand=0.4,
        soc=0.015,
        bulk_density=1400.0,
        cec=0.1 + 0.03 * np.exp(-centre / 0.3),
        cec_variable=np.maximum(0.3 * np.exp(-centre / 0.5), 0.02),
        caco3=np.full(3, caco3),
        calcite_rate=2.0e-5,
        dispersivity=0.02,
        co2_atm=4.0e-4,
        rain={"ca+2": 2e-5, "mg+2": 8e-6, "k+1": 4e-6, "na+1": 6e-5, "nh4+1": 2e-5, "no3-1": 2e-5, "so4-2": 1e-5, "cl-1": 7e-5},
        drainage=drainage / 12.0 * flat,
        temperature=soil_temperature(10.0 * flat, 0.0 * flat, centre),
        sources={},
    )
    moles = {"an": 2.0, "urea": 2.0, "as": 2.0}[form]
    sources = {
        "resp": Source(column.exponential(0.2), 700.0 / 12.011 / 12.0 * flat),
        "nitr": Source(column.exponential(0.25), 2000.0 * KG_N / 12.0 * flat),
        "uno3": Source(column.uniform_to(0.3), 0.9 * uptake * KG_N / 12.0 * flat),
        "unh4": Source(column.uniform_to(0.3), 0.1 * uptake * KG_N / 12.0 * flat),
        "weath": Source(thickness / thickness.sum(), 0.025 / 12.0 * flat),
        form: Source(column.surface, nitrogen * KG_N / moles / 12.0 * flat),
    }
    return replace(column, sources={n: s for n, s in sources.items() if s.monthly.sum() > 0.0})
