"""The exchanger of a soil that nobody measured: its capacity by clay, organic carbon and pH, and which bases it holds.

What:    ``capacity`` for soils without a measured one, by the constants that the adapters of land models take too;
         ``BASES``, shares for soils without measured bases, are the emulator's.
Units:   clay and organic carbon kg kg-1; capacity mol_c kg-1 of fine earth; shares of the charge of the bases.
Source:  Helling, Chesters & Corey 1964, doi:10.2136/sssaj1964.03615995002800040020x: mmol_c kg-1 = (0.44 pH + 3.0) clay% +
         (5.1 pH - 5.9) C%, pH of the saturating solution 2.5 to 8; read in two works that cite it: a collection of pedotransfer
         functions in R (both terms), and an American turf handbook (organic matter: 2.68 pH - 3.11 per %, the same at 1.9 g
         per g C). Shares: emulator/contract/bases.py.
pH:      7, as laboratories measure capacity with ammonium acetate. Calcium fills the sites of the library to 98 % there, so those
         that are charged between pH 7 and 8.2 (a tenth on clay, a sixth on organic carbon) are none of them: counted, they would
         hold calcium at pH 6.
Use:     ``capacity(np.array([0.10]), np.array([0.01]))`` -> 0.0906
"""

from __future__ import annotations

import numpy as np

from ...emulator.contract.bases import BASES, CHARGE
from ...emulator.contract.constants import CEC_PER_CARBON, CEC_PER_CLAY

__all__ = ["BASES", "CHARGE", "capacity"]

LEAST = 0.002  # mol_c kg-1, the least the library takes


def capacity(clay: np.ndarray, carbon: np.ndarray) -> np.ndarray:
    """Cation exchange capacity at pH 7, mol_c kg-1, of any shape."""
    return np.maximum(CEC_PER_CLAY * np.asarray(clay) + CEC_PER_CARBON * np.asarray(carbon), LEAST)
