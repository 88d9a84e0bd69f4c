"""Carbon dioxide that roots and decomposers produce in each layer.

What:    the host's source per layer, or its column total spread over depth.
Units:   mol m-2 s-1 from kgC m-2 s-1. Shapes [layer, column].
Source:  assumed: exp(-z / 0.3 m) puts 63 % of the production into the upper 0.3 m, where biomes have 50 to 90 % of their roots
         (Jackson et al. 1996, Oecologia 108, 389-411, doi:10.1007/BF00333714).
Use:     ``source = respiration(f, c, s)``
"""

import torch
from torch import Tensor

from ..contract.constants import MOLAR_MASS_C
from ..contract.ordered import ordered_sum
from ..contract.rows import ColumnForcing, LayerForcing, Static

DEPTH = 0.3
"""m; e-folding depth of a production that the host gives as a column total."""


def respiration(f: LayerForcing, c: ColumnForcing, s: Static, depth: float = DEPTH, molar_mass_c: float = MOLAR_MASS_C) -> Tensor:
    """CO2 production per layer [layer, column], mol m-2 s-1."""
    bottom = torch.cumsum(s.dz, 0)
    weight = torch.exp(-(bottom - s.dz) / depth) - torch.exp(-bottom / depth)
    return (f.co2_src + c.co2_src_total * weight / ordered_sum(weight, 0)) / molar_mass_c
