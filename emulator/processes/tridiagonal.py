"""Thomas algorithm over layers for many columns (and species) at once.

Shapes:  all [..., layer, column]; ``lower[l]`` multiplies x[l-1], ``upper[l]`` multiplies x[l+1].
Source:  Thomas (1949); stable without pivoting for the column-dominant M-matrices of implicit transport.
Use:     ``x = solve(lower, diagonal, upper, right)``
"""

from __future__ import annotations

import torch
from torch import Tensor


def solve(lower: Tensor, diagonal: Tensor, upper: Tensor, right: Tensor) -> Tensor:
    """Solution with the shape of ``right``; layers along dimension -2."""
    n = right.size(-2)
    a, b, c, r = lower.unbind(-2), diagonal.unbind(-2), upper.unbind(-2), right.unbind(-2)
    ratio = [c[0] / b[0]]
    value = [r[0] / b[0]]
    for i in range(1, n):
        pivot = 1.0 / (b[i] - a[i] * ratio[i - 1])
        ratio.append(c[i] * pivot)
        value.append((r[i] - a[i] * value[i - 1]) * pivot)
    x = [value[n - 1]]
    for j in range(1, n):
        i = n - 1 - j
        x.append(value[i] - ratio[i] * x[j - 1])
    return torch.stack(x, -2).flip(-2)
