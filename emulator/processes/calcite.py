"""How much calcite may dissolve or form in a step, from the surface it has.

What:    extent far from equilibrium, rate constant x surface x dt; the solver takes (1 - Omega) of it (chemistry/speciation.py).
         Dissolved organic matter keeps new calcite from growing until the water is well above saturation (``si_pedogenic``).
Units:   mol m-2 per step; volumes m3 of calcite per m3 of soil. Shapes [layer, column].
Source:  surface shrinks with the power 2/3 of the volume, the shrinking-core law of MIN3P (Mayer, Frind & Blowes 2002, Water
         Resour. Res. 38, 1174, doi:10.1029/2001WR000862), stated at a volume fraction of 0.05 (variables.toml, calcite_rate).
         Saturation in soil water: pIAP 7.95 below irrigated fields (Suarez 1977, Soil Sci. Soc. Am. J. 41, 310-315), ratios of
         2 to 3 (Suarez, Wood & Ibrahim 1992, ibid. 56, 1776-1784), up to 40 (Inskeep & Bloom 1986, ibid. 50, 1431-1437).
Use:     ``rates = calcite_rates(s, calcite, dt)``
"""

from typing import NamedTuple

import torch
from torch import Tensor

from ..chemistry.constants import LN10, MOLAR_VOLUME_CALCITE
from ..contract.constants import MOLAR_MASS_CACO3
from ..contract.rows import Static
from .power import power

REFERENCE_VOLUME = 0.05
"""Volume fraction of calcite at which ``calcite_rate`` is stated."""
NUCLEUS = 1.0e-5
"""Volume fraction of calcite at the start below which a layer counts as having none, as in the decks (min3p/deck.py)."""


class CalciteRates(NamedTuple):
    """Largest extents of calcite in one step [layer, column], mol m-2, and where it begins to form."""

    dissolving: Tensor
    forming: Tensor
    forming_above: Tensor  # saturation ratio


def initial_calcite(s: Static, molar_mass: float = MOLAR_MASS_CACO3) -> Tensor:
    """Pool of calcite [layer, column], mol m-2, that the content ``caco3`` of a survey stands for."""
    return s.caco3 * s.bulk_density * s.dz / molar_mass


def forming_above(s: Static, ln10: float = LN10) -> Tensor:
    """Saturation ratio above which calcite forms [layer, column]: 1, or more where organic matter and Mg keep it from growing."""
    return torch.exp(ln10 * s.si_pedogenic)


def calcite_rates(
    s: Static,
    calcite: Tensor,
    dt: Tensor,
    reference_volume: float = REFERENCE_VOLUME,
    nucleus: float = NUCLEUS,
    molar_volume: float = MOLAR_VOLUME_CALCITE,
    molar_mass: float = MOLAR_MASS_CACO3,
) -> CalciteRates:
    """Largest extents of a step of ``dt`` [s] from the pool ``calcite`` [layer, column], mol m-2.

    Grains dissolve on the surface they have. They grow on the surface they started with at least, as in the decks; where there
    were none, on that of the reference volume.
    """
    volume = (calcite * molar_volume / s.dz).clamp(min=1e-6)
    max_extent = s.calcite_rate * s.dz * dt
    dissolving = max_extent * power(volume / reference_volume, 2.0 / 3.0)
    initial_volume = s.caco3 * s.bulk_density * (molar_volume / molar_mass)
    surface_volume = torch.maximum(
        volume, torch.where(initial_volume > nucleus, initial_volume, torch.full_like(initial_volume, reference_volume))
    )
    forming = max_extent * power(surface_volume / reference_volume, 2.0 / 3.0)
    return CalciteRates(dissolving, forming, forming_above(s))
