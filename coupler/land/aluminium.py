"""How soluble the aluminium of a soil is where nobody measured it: by its organic carbon.

What:    ``saturation``: saturation index of gibbsite in its water (``si_gibbsite`` of the library).
Units:   organic carbon kg kg-1; log10.
Source:  acid forest soils are undersaturated with gibbsite, most so at the surface, where organic matter holds the aluminium
         and loses it (Mulder & Stein 1994, Geochim. Cosmochim. Acta 58, 85-94; Wesselink et al. 1996,
         doi:10.1111/j.1365-2389.1996.tb01411.x). Level: log10{Al} = 2.35 - 1.65 pH (Reuss et al. 1990, Aluminum solubility,
         calcium-aluminum exchange, and pH in acid forest soils) lies 0.4 below gibbsite at pH 4, 0.7 at 3.75, 1.0 at 3.5; the
         middle stands for all. Mineral soil holds hydroxides more soluble than gibbsite crystals: log K 8.5 to 9.5 below 5 % of
         organic matter, 7.5 in surface horizons (Mapping Manual of the Convention on Long-range Transboundary Air Pollution,
         chapter 5; from memory, the manual was not read), 9.4 at 8 degC against 9.1 of gibbsite in Bs horizons (Farmer 1999, Eur.
         J. Soil Sci. 50, 713; abstract), more than pure Al(OH)3 in suspensions of ten acid soils in 0.01 M CaCl2 (Fu-Yong et al.
         1992, Soil Sci. Soc. Am. J. 56, 59; abstract). The middle, 9.0, against 8.11 of the library's gibbsite, up to 2 % of
         organic carbon (3.4 % of organic matter); between 2 and 3 % in between [assumption].
Use:     ``saturation(np.array([0.03, 0.006]))`` -> [-0.7, 0.89]
"""

from __future__ import annotations

import numpy as np

HELD = -0.7  # log10, where organic matter holds the aluminium
FREE = 9.0 - 8.11  # log10, in mineral soil
MINERAL, ORGANIC = 0.02, 0.03  # kg kg-1 of organic carbon


def saturation(carbon: np.ndarray) -> np.ndarray:
    """Saturation index, of the shape of ``carbon``."""
    return FREE + (HELD - FREE) * np.clip((np.asarray(carbon, float) - MINERAL) / (ORGANIC - MINERAL), 0.0, 1.0)
