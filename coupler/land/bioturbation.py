"""Soil that worms and roots carry up and down: a slow diffusion of all that a layer holds.

What:    ``mixing`` of a year as a matrix (layer, layer) on pools per m2; amounts are conserved, uniform soil stays uniform.
Units:   m, m2 year-1; fine earth kg m-2.
Source:  worms bring 0.5 cm of soil a year to the surface of a meadow (Darwin 1881) from some 5-10 cm: 2.5-5 cm2 a year at most;
         2 taken, a fifth of it under the plough, where there are fewer, down to WHOLE, none below END [assumption].
Use:     ``pools @ mixing(dz, mass).T`` for pools (column, layer)
"""

from __future__ import annotations

import numpy as np

DIFFUSIVITY = 2.0e-4  # m2 year-1, under grass
PLOUGHED = 0.2  # of it in arable soil
WHOLE, END = 0.4, 0.8  # m


def mixing(dz: np.ndarray, mass: np.ndarray, years: float = 1.0, diffusivity: float = DIFFUSIVITY) -> np.ndarray:
    """Matrix that takes the pools of layers to those after so many years, implicit in time."""
    centre = np.cumsum(dz) - dz / 2
    face = np.cumsum(dz)[:-1]
    share = np.clip((END - face) / (END - WHOLE), 0.0, 1.0)
    density = (mass[1:] + mass[:-1]) / (dz[1:] + dz[:-1])
    exchange = diffusivity * share * density / np.diff(centre) * years  # kg m-2 through each face, both ways
    matrix = np.eye(len(dz))
    for i, moved in enumerate(exchange):
        for a, b in ((i, i + 1), (i + 1, i)):
            matrix[a, a] += moved / mass[a]
            matrix[a, b] -= moved / mass[b]
    return np.linalg.inv(matrix)
