"""Drivers of Europe's calcareous arable cells in the words of a data card: what an archive is compared with.

Units:   degC, mm, kg N per hectare and year, per cent, mmol of charge per kg.
Source:  the embedded domain (embedded.py), synthetic at a place, right over regions; evaporation by Fu (land/water.py).
Use:     ``european_drivers()["mean temperature"]`` -> [cell]
"""

from __future__ import annotations

import numpy as np

from ..land.exchanger import capacity
from ..land.parameters import WaterParameters
from ..land.water import fu_evaporation
from .embedded import build

LEAST_SHARE = 0.1
"""Share of a cell's arable soils that is calcareous, from which on the cell counts."""


def european_drivers() -> dict[str, np.ndarray]:
    """Quantity -> value of each cell, named as in the data card of a learning file."""
    domain = build()
    here = (domain["calcareous_share"] >= LEAST_SHARE) & (domain["arable_area"] > 0.0)
    rain, pet = domain["rain"][here], domain["pet"][here]
    omega = WaterParameters().omega
    return {
        "mean temperature": domain["mat"][here],
        "drainage": rain - fu_evaporation(rain, pet, omega),
        "nitrogen supplied": (domain["mineral_n"] + domain["manure_n"] + domain["deposition_n"])[here],
        "CaCO3, first layer": 100.0 * domain["caco3"][here],
        "exchange capacity, first layer": 1000.0 * capacity(domain["clay"], domain["soc"])[here],
    }
