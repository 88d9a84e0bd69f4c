"""The loss of the closure: how far the fluxes that a core makes of single steps are from those of the fine run.

What:    ``rows_of``, what fluxes ask for (closure_fluxes.py) as rows of numbers; ``flux_loss`` of log factors beside them.
Units:   misfits as shares of the mean flux of a face. Shapes: [row, sample].
Source:  ln(1 + x^2 / 2), as in curriculum.py. Budgets are made by few wet days: misfits of ions count in full up to twice the
         mean flux, or the fluxes of those days are given away for the many small ones (docs/results_log.md).
Use:     ``loss = flux_loss(log_factors, rows)``
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..step.correction import FACTORS
from .closure_fluxes import IONS, Fluxes

WEIGHTS = {"ca": 1.0, "mg": 0.3, "k": 0.3, "na": 0.5, "nh4": 0.1, "no3": 1.0, "cl": 1.0, "so4": 0.3}
"""Of the ions' misfits: what budgets are judged by counts most."""
CALCITE, GAS, ANIONS, DIVALENT, MONOVALENT = range(len(FACTORS))
MOBILITY = {"ca": DIVALENT, "mg": DIVALENT, "k": MONOVALENT, "na": MONOVALENT, "nh4": MONOVALENT, "no3": ANIONS, "cl": ANIONS,
            "so4": ANIONS}  # fmt: skip
KNEE_IONS, KNEE_GAS = 2.0, 0.5  # share of the mean flux at which a misfit of one step begins to count less
REST = 0.1  # of the rate of calcite, which no flux asks for, towards 1
SMALLEST = 0.05  # of the largest face of a column: faces that hardly anything crosses


def rows_of(flux: list[Fluxes]) -> Tensor:
    """Rows [row, sample] of a set's steps, with the scale of each face last: ``flux_loss`` reads them."""
    true, gas = torch.stack([f.true for f in flux]).abs().mean(0), torch.stack([f.true_gas for f in flux]).abs().mean(0)
    scales = [true + SMALLEST * true.amax(1, keepdim=True) + 1e-9, (gas + 1e-9).unsqueeze(0)]
    blocks = []
    for f in flux:
        single = [f.diffused.unsqueeze(0), f.true_gas.unsqueeze(0)]
        blocks.append(torch.cat([f.advected, f.dispersed, f.true, *single, *scales]).flatten(1).float())
    return torch.cat(blocks, 1)


def _misfit(x: Tensor, knee: float) -> Tensor:
    return (torch.log1p(0.5 * torch.square(x / knee)) * knee * knee).mean()


def flux_loss(log_factors: Tensor, rows: Tensor) -> Tensor:
    """Mean misfit of the fluxes that ``log_factors`` [factor, sample] make; ``rows`` of ``rows_of``."""
    factor, n = torch.exp(log_factors), len(IONS)
    advected, dispersed, true, diffused_and_gas, scale, gas_scale = rows.split([n, n, n, 2, n, 1])
    diffused, gas = diffused_and_gas
    loss = _misfit((diffused * factor[GAS] - gas) / gas_scale[0], KNEE_GAS) + REST * log_factors[CALCITE].square().mean()
    for i, ion in enumerate(IONS):
        made = advected[i] * factor[MOBILITY[ion]] + dispersed[i]
        loss = loss + _misfit(WEIGHTS[ion] * (made - true[i]) / scale[i], KNEE_IONS)
    return loss
