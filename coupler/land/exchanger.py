"""The exchanger of a soil that nobody measured: its capacity by clay, organic carbon and pH, and which bases it holds.

What:    ``capacity`` for soils without a measured one; ``BASES``, shares for soils without measured bases, are the emulator's.
Units:   clay and organic carbon kg kg-1; capacity mol_c kg-1 of fine earth; shares of the charge of the bases.
Source:  Helling, Chesters & Corey 1964, doi:10.2136/sssaj1964.03615995002800040020x: mmol_c kg-1 = (0.44 pH + 3.0) clay% +
         (5.1 pH - 5.9) C%, pH of the saturating solution 2.5 to 8; read in two works that cite it: a collection of pedotransfer
         functions in R (both terms), and an American turf handbook (organic matter: 2.68 pH - 3.11 per %, the same at 1.9 g
         per g C). Shares: emulator/contract/bases.py.
Use:     ``capacity(np.array([0.10]), np.array([0.01]))`` -> 0.102
"""

from __future__ import annotations

import numpy as np

from ...emulator.contract.bases import BASES, CHARGE

__all__ = ["BASES", "CHARGE", "capacity"]

CLAY = (0.44, 3.0)  # mmol_c kg-1 per % of clay: slope on pH, at pH 0
CARBON = (5.1, -5.9)  # the same per % of organic carbon
FULL = 8.2
"""pH at which the sites of the library are counted: what protons hold below it, the library works out itself."""
LEAST = 0.002  # mol_c kg-1, the least the library takes


def capacity(clay: np.ndarray, carbon: np.ndarray, ph: float = FULL) -> np.ndarray:
    """Cation exchange capacity at a pH, mol_c kg-1, of any shape."""
    per_clay, per_carbon = (a * ph + b for a, b in (CLAY, CARBON))
    return np.maximum(
        0.1 * (per_clay * np.asarray(clay) + per_carbon * np.asarray(carbon)), LEAST
    )  # % and mmol to shares and mol
