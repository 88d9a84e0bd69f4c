"""Columns split within their layers, and weather with sources and sinks of every kind.

Shapes:  those of sample_columns.py; units as in variables.toml.
Use:     ``model.columns(soil(), pieces=PIECES).step(STEP, weather(0))``
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from .sample_columns import NCOL, NLAY, Fields, forcing

PIECES = [1, 2, 3, 4, 2, 5]  # of the layers of sample_columns.py
ROUNDING = 1e-13
"""Relative: sums of tens of numbers with an error of 1e-16 each."""


def weather(step: int) -> Fields:
    """Weather with sinks and sources of every kind, those that change sign too."""
    rng = np.random.default_rng(500 + step)
    shape = (NCOL, NLAY)
    signed = {"n_min": 1e-10, "h_src": 1e-9, "w_sink": 1e-6}
    given = {name: rng.uniform(-top, top, shape) for name, top in signed.items()}
    given |= {name: rng.uniform(0.0, top, shape) for name, top in {"q_lat": 1e-6, "co2_src": 1e-8, "weath": 1e-10}.items()}
    return {**forcing(step), **given, "n_nit": rng.uniform(0.0, 1e-10, shape), "dep_nh4": rng.uniform(0.0, 1e-8, NCOL)}


def layers_of(values: np.ndarray, pieces: list[int] = PIECES) -> np.ndarray:
    """Sums over the pieces of each layer."""
    ends = np.cumsum([0, *pieces])
    return np.stack([values[:, a:b].sum(axis=1) for a, b in pairwise(ends)], axis=1)
