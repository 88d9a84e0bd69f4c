"""Powers to a millionth: what a law with a fitted exponent deserves, at a fifth of the cost of all sixteen digits.

Use:     ``power(theta, 10.0 / 3.0)``: of positive numbers, any shape
"""

from __future__ import annotations

import torch
from torch import Tensor


def power(x: Tensor, exponent: float) -> Tensor:
    """``x`` to the ``exponent``, computed in float32, as the type of ``x``."""
    return torch.exp(exponent * torch.log(x.float())).to(x.dtype)  # bits of torch.pow depend on where a cell stands
