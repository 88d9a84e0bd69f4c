"""Nitrogen that a file brings but lets nobody nitrify, and how to nitrify it where the user asks for that.

What:    ``unpaired`` tells of ammonium without nitrification, ``twice`` of sources that are counted twice, ``nitrified`` gives
         the default rate (``nitrify = true`` in a configuration, ``calcisol check --nitrify``).
Units:   kg N m-2 s-1; pools mol m-2; t_soil K. Shapes: (column, soil_layer).
Source:  first order in the ammonium of the layer: 0.03 per day at 10 degC (3 to 5 weeks), doubled by 10 K, the constants of the
         European run (land/parameters.py); exact over a step of any length.
Use:     ``values["n_nit"] = nitrified(columns.state()["nh4"], values, dt, parameters)``
"""

from __future__ import annotations

import numpy as np

from ..land.parameters import NitrogenParameters
from ..units import KELVIN, N_KG_PER_MOL
from .counts import Total

BRINGS = ("dep_nh4", "n_min")


def unpaired(high: dict[str, float]) -> str:
    """One sentence where ammonium is brought and never nitrified, else ""; ``high``: largest value of each input."""
    brings = [n for n in BRINGS if high.get(n, 0.0) > 0]
    if brings == ["n_min"] and high.get("n_up_nh4", 0.0) > 0:  # plants take what is mineralised
        return ""
    if not brings or "n_nit" in high or "nh4" in high:
        return ""
    return (
        f"{' and '.join(brings)} brings ammonium, but n_nit, its nitrification, is missing: ammonium would pile up instead of "
        "acidifying the soil; add n_nit (0 is a value), or nitrify = true to the configuration (calcisol check --nitrify)"
    )


def twice(totals: dict[str, Total]) -> list[str]:
    """Remarks on sources that would count twice."""
    some = {n for n, t in totals.items() if t.high > 0 or t.low < 0}
    found = []
    if {"co2_src", "co2_src_total"} <= some:
        found.append("co2_src and co2_src_total are both given; they are added")
    if "h_src" in some and some & {"n_nit", "n_up_nh4", "n_up_no3"}:
        found.append("h_src and nitrogen rates are both given; their acid is added")
    return found


def nitrified(nh4: np.ndarray, values: dict[str, np.ndarray], dt: float, p: NitrogenParameters) -> np.ndarray:
    """Rate of nitrification over a step, from the ammonium at its start [mol m-2] and what the step brings."""
    have = np.maximum(nh4, 0.0) * N_KG_PER_MOL
    if "n_min" in values:
        have = have + np.maximum(values["n_min"], 0.0) * dt
    if "dep_nh4" in values:
        have = have.copy()
        have[:, 0] += values["dep_nh4"] * N_KG_PER_MOL * dt
    rate = p.nitrification_per_day * p.nitrification_q10 ** ((values["t_soil"] - KELVIN - 10.0) / 10.0)
    return have * (1.0 - np.exp(-rate * dt / 86400.0)) / dt
