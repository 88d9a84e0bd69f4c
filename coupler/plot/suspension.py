"""pH of a suspension of any sample: the library's laboratory, handed samples in place of columns.

What:    ``read`` gives pH in water and in 0.01 M CaCl2 of samples that hold so much of each ion per kg.
Units:   mol kg-1 of soil, kg of solution per kg of soil. Shapes (sample,).
Source:  emulator/step/laboratory.py reads one part of soil in five of solution. A sample in r parts is one in five whose
         exchanger and ions count 5 / r times; its own salt is that of 0.0025 mol CaCl2 per kg (there) whatever the ratio.
Season:  that salt is the mean of a year. It gathers in dry soil and leaves with winter's drainage: pH in water of one field went
         up and down by 0.15 within a year (Raupach 1951, Aust. J. Agric. Res. 2, 83, doi:10.1071/AR9510083, abstract), as salt
         does that is 1.83 times its mean in August and 1 / 1.83 in February: ten times as much, that of 0.01 M CaCl2, lowers pH
         by 0.57 (emulator/step/laboratory.py). Sinusoidal in the logarithm, six months later south of the equator [assumption].
Use:     ``water, cacl2 = read(model, pools, capacity, variable, guess, ratio=2.5, salt=season(9, 52.0))``
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .site import CATIONS

RATIO = 5.0  # of the library's laboratory
SALT = 0.0025  # mol CaCl2 that a kg of soil brings into water
SWING = 0.15 / 0.57  # of the logarithm of that salt within a year
SALTIEST = 7  # August
MASS = 100.0  # kg m-2 of soil in a sample's column
POOLS = (*CATIONS, "nh4", "no3", "cl", "so4", "calcite")
GUESSES = ("pco2", "ph", "site_1", "site_2", "site_3", "ionic_strength")


def season(month: int, latitude: float) -> float:
    """Salt of a sample of a month (0: January), as a multiple of its mean."""
    late = SALTIEST + (0 if latitude >= 0 else 6)
    return float(10.0 ** (SWING * np.cos(2.0 * np.pi * (month - late) / 12.0)))


def read(
    model: Any,
    pools: dict[str, np.ndarray],
    capacity: np.ndarray,
    variable: np.ndarray,
    guess: dict[str, np.ndarray],
    ratio: float = RATIO,
    aluminium: np.ndarray | float = 0.0,
    salt: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """pH in water and in 0.01 M CaCl2 (sample,); ``pools`` by name of POOLS, ``guess`` by name of GUESSES.

    ``aluminium``: saturation index of gibbsite in the sample. ``salt``: a multiple of SALT; at 1:5 no less than 1 is felt, as the
    library brings in as much itself.
    """
    n = len(capacity)
    strength = RATIO / ratio
    one = np.ones((n, 1))
    soil = model.columns(
        {
            "dz": 0.1 * one, "bulk_density": MASS / 0.1 * one, "cec": np.clip(capacity * strength, 0.002, 2.0)[:, None],
            "cec_variable": variable[:, None], "si_gibbsite": np.broadcast_to(aluminium, n)[:, None],
        }
    )  # fmt: skip
    rows = {name: np.broadcast_to(pools.get(name, 0.0), (n,)) * MASS * strength for name in POOLS}
    state = {**rows, **{name: np.broadcast_to(guess[name], (n,)) for name in GUESSES}}
    own = max(salt * SALT / ratio - SALT / RATIO, 0.0) * RATIO * MASS  # what the library adds is that of its own ratio
    rest = {name: np.zeros(n) for name in ("dic", "t_past", "q_past", "alk_past")}
    readings = []
    for more in (own, 0.0):
        held = {**state, **rest, "water": np.full(n, 20.0), "ca": state["ca"] + more, "cl": state["cl"] + 2 * more}
        soil.set_state({k: np.ascontiguousarray(v)[:, None] for k, v in held.items()})
        readings.append(tuple(x[:, 0] for x in soil.laboratory_ph()))
    soil.close()
    return readings[0][0], readings[1][1]
