"""Sums in a fixed order, so that a column's bits do not depend on its neighbours.

What:    torch.sum adds in an order that depends on where a column lies in the array (vector body or tail); land models
         must get the same bits from any MPI decomposition. These add first to last, whatever the shape.
Use:     ``ordered_sum(x, 0)``
"""

from __future__ import annotations

from torch import Tensor


def ordered_sum(x: Tensor, dim: int) -> Tensor:
    """Sum over one dimension, first to last."""
    rows = x.unbind(dim)
    total = rows[0]
    for i in range(1, len(rows)):
        total = total + rows[i]
    return total
