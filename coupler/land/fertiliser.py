"""Nitrogen applied to a field in a year, and the forms of its mineral part.

What:    ``Inputs`` are the amounts and shares of a year; ``forms`` splits mineral nitrogen so that the forms add up to it.
Units:   kg N ha-1 year-1, shares 1; (column,).
Source:  mass balance; the forms and their ions: ammonium nitrate (NH4 NO3), urea, ammonium sulphate, Ca(NO3)2, NaNO3.
Use:     ``forms(mineral, no3_share, nitrate_alone, sodium_share).calcium_nitrate``
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Inputs:
    """Inputs of one year (column,), and what limits the harvest."""

    mineral: np.ndarray
    manure: np.ndarray
    deposition: np.ndarray
    fixed: np.ndarray
    y_max: np.ndarray  # upper limit of harvested nitrogen
    no3_share: np.ndarray  # of mineral nitrogen
    urea_share: np.ndarray | float  # of mineral N that is neither nitrate nor ammonium nitrate; the rest is ammonium sulphate
    nitrate_alone: np.ndarray | float = 0.0  # of mineral nitrogen: nitrate without ammonium
    sodium_share: np.ndarray | float = 0.0  # of nitrate without ammonium: sodium nitrate, else calcium nitrate


@dataclass(frozen=True)
class Forms:
    """Mineral nitrogen by form, kg N ha-1 year-1 (column,); the forms add up to what is applied."""

    nitrate: np.ndarray  # all of it
    with_nitrate: np.ndarray  # ammonium of ammonium nitrate
    rest: np.ndarray  # urea and ammonium sulphate
    calcium_nitrate: np.ndarray
    sodium_nitrate: np.ndarray


def forms(
    mineral: np.ndarray, no3_share: np.ndarray, nitrate_alone: np.ndarray | float = 0.0, sodium_share: np.ndarray | float = 0.0
) -> Forms:
    """Split mineral nitrogen by its nitrate share.

    Nitrate comes as ammonium nitrate as far as ammonium reaches; what is left of it beyond a share of one half, or the share
    ``nitrate_alone`` where that is larger, is calcium nitrate, of which ``sodium_share`` is sodium nitrate instead.
    """
    no3_share = np.maximum(no3_share, nitrate_alone)
    nitrate = mineral * no3_share
    alone = mineral * np.maximum(nitrate_alone, np.maximum(2.0 * no3_share - 1.0, 0.0))
    return Forms(
        nitrate=nitrate,
        with_nitrate=nitrate - alone,
        rest=np.maximum(mineral - 2 * nitrate + alone, 0.0),
        calcium_nitrate=alone * (1.0 - np.asarray(sodium_share)),
        sodium_nitrate=alone * np.asarray(sodium_share),
    )
