"""How firmly a soil holds its aluminium where nobody measured it: by its organic carbon.

What:    ``saturation``: saturation index of gibbsite in its water (``si_gibbsite`` of the library).
Units:   organic carbon kg kg-1; log10.
Source:  acid forest soils are undersaturated with gibbsite, most so at the surface, where organic matter holds the aluminium
         and loses it (Mulder & Stein 1994, Geochim. Cosmochim. Acta 58, 85-94; Wesselink et al. 1996,
         doi:10.1111/j.1365-2389.1996.tb01411.x). Level: log10{Al} = 2.35 - 1.65 pH (Reuss et al. 1990, Aluminum solubility,
         calcium-aluminum exchange, and pH in acid forest soils) lies 0.4 below gibbsite at pH 4, 0.7 at 3.75, 1.0 at 3.5; the
         middle stands for all. In mineral soil 0; between 1 and 3 % of organic carbon in between [assumption].
Use:     ``saturation(np.array([0.03, 0.006]))`` -> [-0.7, 0]
"""

from __future__ import annotations

import numpy as np

HELD = -0.7  # log10, where organic matter holds the aluminium
MINERAL, ORGANIC = 0.01, 0.03  # kg kg-1 of organic carbon


def saturation(carbon: np.ndarray) -> np.ndarray:
    """Saturation index, of the shape of ``carbon``."""
    return HELD * np.clip((np.asarray(carbon, float) - MINERAL) / (ORGANIC - MINERAL), 0.0, 1.0)
