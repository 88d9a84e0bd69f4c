"""What a soil laboratory reads: pH of a suspension in water, from the one in 0.01 M CaCl2 that the library computes.

What:    ``water_ph(columns)``: pH in water as surveys and field experiments report it (1:2.5 or 1:5), per layer.
Why:     in CaCl2 the added salt sets the ionic strength, so theory and electrode read the same thing. Water takes the salt of
         the sample: 1:2.5 reads as 0.001 M CaCl2 and a field solution of 0.005 M do (Edmeades et al. 1990). Our pools hold a
         tenth of that: at the end of the season nitrate is gone, and the ions that drying sets free they never had.
         So the library's own ``ph_h2o`` is 1.2-1.5 above its ``ph_cacl2`` between pH 5 and 6.5; measured, it is 0.55-0.7.
Source:  Conyers & Davey 1988, Soil Sci. 145, 29-36: pH(CaCl2) = 1.05 pH(water) - 0.9, at 1:2.5; Edmeades et al. 1990, N. Z. J.
         Agric. Res. 33, 105-109, doi:10.1080/00288233.1990.10430667. 1:5 reads 0.1 higher than 1:2.5 (Kabala et al. 2016,
         Pol. J. Environ. Stud. 25, 647-653, doi:10.15244/pjoes/61549).
Check:   the library's suspension with 0.001 M CaCl2 reads 0.1-0.2 lower than this between pH 5 and 8 (closed form). Soil with
         calcite, where salt matters least: 7.67 in CaCl2 gives 8.16, PHREEQC in water at 4.2e-4 atm CO2 8.20.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .columns import Columns

SLOPE, OFFSET = 1.05, 0.9  # Conyers & Davey 1988


def from_cacl2(ph: NDArray[np.float64]) -> NDArray[np.float64]:
    """pH in water of a soil whose pH in 0.01 M CaCl2 is ``ph``."""
    return (ph + OFFSET) / SLOPE


def water_ph(columns: Columns) -> NDArray[np.float64]:
    """pH in water (column, soil_layer); NaN in columns without a state."""
    return from_cacl2(columns.laboratory_ph()[1])
