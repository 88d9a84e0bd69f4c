"""Irrigation: how much water fields get on each day, and what is dissolved in it.

What:    ``by_day`` shares out the amount of a map over the days on which leaves ask for more than rain brings, or gives a share
         of what they lack; ``dissolved`` are the ions that water brings, with alkalinity as the charge they leave over.
Units:   kg m-2 a day; mol m-3 (mol_c m-3 for alkalinity) of water, mol m-2 s-1. Shapes: (day, column), (column,).
Source:  water unless stated: mean of the rivers of Europe, Livingstone 1963 (U.S. Geological Survey Professional Paper 440-G):
         HCO3 95, SO4 24, Cl 6.9, Ca 31.1, Mg 5.6, Na 5.4, K 1.7 mg l-1. Need: of a closed canopy, FAO-56 style, without the water
         that the soil holds: it is an upper bound, of which ``share`` is given [assumption].
Use:     ``water = by_day(leaves, rain, amount, parameters)``; ``dissolved(water[0:7].sum(0), 7 * 86400.0, parameters)``
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...emulator.contract import bases
from ...emulator.contract.constants import WATER_DENSITY
from ..errors import CalcisolError

CHARGE = {**bases.CHARGE, "cl": -1.0, "so4": -2.0}
IMBALANCE = 0.10  # of the sum of charges, up to which an analysis of water is believed; 0.05 is usual for a good one


class IrrigationError(CalcisolError):
    """Water that cannot be."""


@dataclass(frozen=True)
class IrrigationParameters:
    """Irrigation of the European run by the day; a map ``irrigation`` in [fields] gives the amounts where there is one."""

    share: float = 0.0  # of what leaves ask for beyond the rain of the day; 0: none but that of a map
    ca: float = 0.776  # mol m-3
    mg: float = 0.230
    na: float = 0.235
    k: float = 0.043
    cl: float = 0.195
    so4: float = 0.250
    alkalinity: float = 1.557  # mol_c m-3

    def balanced(self) -> dict[str, float]:
        """Ions, mol m-3, whose charges leave exactly the alkalinity: sodium or chloride takes what an analysis misses.

        Raises IrrigationError where it misses more than a tenth.
        """
        ions = {name: float(getattr(self, name)) for name in CHARGE}
        left = sum(CHARGE[name] * value for name, value in ions.items()) - self.alkalinity
        total = sum(abs(CHARGE[name]) * value for name, value in ions.items()) + abs(self.alkalinity)
        if abs(left) > IMBALANCE * total / 2.0:
            raise IrrigationError(
                f"irrigation: cations minus anions of its water are {left:+.3g} mol_c m-3, more than a tenth of either; "
                "correct ca, mg, na, k, cl, so4 [mol m-3] or alkalinity [mol_c m-3]"
            )
        ions["cl" if left > 0 else "na"] += abs(left)
        return ions


def by_day(
    leaves: np.ndarray, rain: np.ndarray, amount: np.ndarray | None, parameters: IrrigationParameters
) -> np.ndarray | None:
    """Irrigation of each day of a year, kg m-2 (day, column); None where there is none.

    ``leaves``, potential transpiration, and ``rain``: kg m-2 (day, column); ``amount`` of a year: kg m-2 (column,), or NaN.
    """
    if amount is None and not parameters.share:
        return None
    lacking = np.maximum(leaves - rain, 0.0)
    given = parameters.share * lacking
    if amount is not None:
        whole = lacking.sum(0)
        by_map = lacking * (np.nan_to_num(amount) / np.where(whole > 0.0, whole, 1.0))
        given = np.where(np.isfinite(amount), by_map, given)
    return given


def dissolved(water: np.ndarray, seconds: float, parameters: IrrigationParameters) -> dict[str, np.ndarray]:
    """What irrigation brings, by contract name, mol m-2 s-1 (column,); ``water`` of the step, kg m-2.

    Carbon dioxide of the water beside its bicarbonate is that of the air, which the soil has anyway: carbon = alkalinity.
    """
    volume = water / (WATER_DENSITY * seconds)
    ions = {**parameters.balanced(), "dic": parameters.alkalinity}
    return {f"dep_{name}": value * volume for name, value in ions.items()}
