"""Exact Shapley values over driver groups: 2^k scenarios, a decomposition that sums to the total.

What:    the share of a driver is its marginal effect averaged over all orders in which the drivers could be switched on.
Units:   those of ``values``. Shapes: values [2^k, ...] in the order of ``coalitions`` -> [k, ...].
Source:  Shapley (1953); weights |S|! (k - |S| - 1)! / k!. The emulator makes all 2^k rollouts cheap, so nothing is sampled.
Use:     ``shares = shapley(values, k)``; ``shares.sum(0) == values[-1] - values[0]``
"""

from __future__ import annotations

from math import factorial

import numpy as np


def coalitions(k: int) -> np.ndarray:
    """All subsets of k drivers [2^k, k] bool; the first is empty, the last is everything."""
    return (np.arange(2**k)[:, None] >> np.arange(k)) % 2 == 1


def shapley(values: np.ndarray, k: int) -> np.ndarray:
    """Shapley values [k, ...] of ``values`` [2^k, ...]. Raises ValueError when a coalition is missing."""
    if len(values) != 2**k:
        raise ValueError(f"values holds {len(values)} coalitions of {k} drivers; give all {2**k}")
    sets = coalitions(k)
    size = sets.sum(1)
    out = np.zeros((k, *values.shape[1:]))
    for driver in range(k):
        without = np.flatnonzero(~sets[:, driver])
        for s in without:
            weight = factorial(size[s]) * factorial(k - size[s] - 1) / factorial(k)
            out[driver] += weight * (values[s + 2**driver] - values[s])
    return out
