"""How three land models read soil pH in their nitrogen cycle, as published.

What:    factors of nitrification, denitrification and NH3 volatilisation; each function names author, year and equation.
Units:   pH of pore water (1), temperature degC, rates d-1; arrays of any one shape.
Source:  ORCHIDEE-CN-P: Zaehle and Friend (2010, doi:10.1029/2009GB003521) and the papers it takes its factors from; LPJmL 5:
         von Bloh et al. (2018, doi:10.5194/gmd-11-2789-2018); CTSM: Lawrence et al. (2019, doi:10.1029/2018MS001583).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
KELVIN = 273.15
PK_NH4 = 9.25  # of NH4+ at 25 degC, as ORCHIDEE-CN-P has it
CLAY = 0.2  # kg kg-1
OXYGEN_IN_AIR = 1.74  # m2 d-1, stands for the diffusivity of the gases (Zaehle and Friend 2010)
DEPTH = 0.2  # m, of the ammonium that can be lost
WIND, LENGTH = 3.0, 1000.0  # m s-1, m


# ---- ORCHIDEE-CN-P ----------------------------------------------------------------------------------------------------------
def nitrification_zhang(ph: Floats) -> Floats:
    """Zhang et al. (2002, Ecol. Model. 151, 75-108), appendix A: -1.2314 + 0.7347 pH - 0.0604 pH2, not below 0."""
    return np.maximum(-1.2314 + 0.7347 * ph - 0.0604 * ph**2, 0.0)


def _denitrifiers(ph: Floats, middle: float, width: float) -> Floats:
    """Li et al. (2000, J. Geophys. Res. 105, 4369-4384), table 4, equation 2: growth of denitrifiers."""
    return 1.0 - 1.0 / (1.0 + np.exp((ph - middle) / width))


def denitrification_li(ph: Floats) -> Floats:
    """Of nitrate: Li et al. (2000), table 4: middle 4.25, width 0.5."""
    return _denitrifiers(ph, 4.25, 0.5)


def n2o_share_zaehle(ph: Floats) -> Floats:
    """N2O of what is denitrified: 0.04 times the ratio of NO to N2O reducers, relative to pH 6.5 (Zaehle et al. 2011)."""
    ratio = _denitrifiers(ph, 5.25, 1.0) / _denitrifiers(ph, 6.25, 1.5)
    neutral = np.float64(6.5)
    at_reference = _denitrifiers(neutral, 5.25, 1.0) / _denitrifiers(neutral, 6.25, 1.5)
    return 0.04 * np.clip(ratio / at_reference, 0.0, 10.0)


def volatilisation_li(ph: Floats, t: Floats) -> Floats:
    """Li et al. (1992, J. Geophys. Res. 97, 9759-9776), table 4: NH3 of NH4+ + NH3, times 0.13 - 0.079 clay, diffusing [d-1]."""
    dissociated = 1.0 / (1.0 + 10.0 ** (PK_NH4 - ph))
    return dissociated * (0.13 - 0.079 * CLAY) * OXYGEN_IN_AIR / DEPTH * np.ones_like(t)


# ---- LPJmL 5, CTSM ----------------------------------------------------------------------------------------------------------
def nitrification_parton(ph: Floats) -> Floats:
    """Parton et al. (1996, Global Biogeochem. Cycles 10, 401-412), figure 1d: 0.56 + atan(0.45 pi (pH - 5)) / pi."""
    return 0.56 + np.arctan(np.pi * 0.45 * (ph - 5.0)) / np.pi


def volatilisation_montes(ph: Floats, t: Floats) -> Floats:
    """Montes et al. (2009, Trans. ASABE 52, 1707-1719), equations 1, 4, 10, 11 and 19 [d-1]."""
    kelvin = t + KELVIN
    acid = 10.0 ** (0.05 - 2788.0 / kelvin)  # equation 10
    dissociated = 1.0 / (1.0 + 10.0 ** (-ph) / acid)  # 4
    henry = 0.2138 / kelvin * 10.0 ** (6.123 - 1825.0 / kelvin)  # 11
    transfer = 0.000612 * WIND**0.8 * kelvin**0.382 * LENGTH**-0.2  # 19, m s-1
    return transfer * henry * dissociated / DEPTH * 86400.0  # 1


def none(ph: Floats, *_: Floats) -> Floats:
    """No process of this kind reads pH, or there is none."""
    return np.zeros_like(ph)


def one(ph: Floats) -> Floats:
    """A rate that does not read pH."""
    return np.ones_like(ph)


@dataclass(frozen=True)
class Model:
    """The pH-dependent part of one model's nitrogen cycle."""

    name: str
    nitrify_fastest: float  # d-1 at 25 degC and pH factor 1
    nitrification: Callable[[Floats], Floats]
    denitrification: Callable[[Floats], Floats]
    n2o_of_nitrification: float
    n2o_share: Callable[[Floats], Floats]
    volatilisation: Callable[[Floats, Floats], Floats]


MODELS = (
    Model("ORCHIDEE-CN-P", 0.2, nitrification_zhang, denitrification_li, 0.0008, n2o_share_zaehle, volatilisation_li),
    # N2O of denitrification: 0.11 (Bessou et al. 2010); of nitrification 0.01 (Parton et al. 2001)
    Model("LPJmL 5", 0.1, nitrification_parton, one, 0.01, lambda ph: np.full_like(ph, 0.11), volatilisation_montes),
    # no NH3 in CTSM's soil; N2 : N2O from nitrate, respiration and water, without pH: the same 0.11 here
    Model("CTSM", 0.1, nitrification_parton, one, 0.0006, lambda ph: np.full_like(ph, 0.11), none),
)
