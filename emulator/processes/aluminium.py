"""Aluminium of a soil that is not gibbsite: held more firmly by organic matter, or less by young hydroxides.

What:    constants of a layer with the activity of Al3+ at 10^si_gibbsite times that of gibbsite.
Units:   mol per kg of water; saturation index as log10. Shapes [layer, column].
Source:  Mulder & Stein 1994, Geochim. Cosmochim. Acta 58, 85-94: all waters of acid forest soils undersaturated, most so at the
         surface and ever more as organic matter loses its aluminium. Reuss et al. 1990 (Aluminum solubility, calcium-aluminum
         exchange, and pH in acid forest soils): log10{Al} = 2.35 - 1.65 pH in mineral layers, gibbsite (8.11 - 3 pH) at pH 4.3.
Use:     ``k = with_aluminium(equilibrium.constants(t), s)``; no __future__ annotations here, TorchScript cannot read them
"""

import torch

from ..chemistry.constants import LN10
from ..chemistry.records import Constants
from ..contract.rows import Static


def with_aluminium(k: Constants, s: Static, ln10: float = LN10) -> Constants:
    """The constants ``k`` with the solubility of aluminium hydroxide in these soils."""
    hydroxide = k.gibbsite * torch.exp(ln10 * s.si_gibbsite)
    return Constants(
        k.water, k.co2_solubility, k.carbonic_1, k.carbonic_2, k.calcite, k.cahco3, k.caco3_aq, k.mghco3, k.mgco3_aq,
        k.caso4_aq, k.mgso4_aq, hydroxide, k.aloh, k.aloh2,
    )  # fmt: skip
