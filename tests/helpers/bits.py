"""Exact comparison: two arrays are the same where every bit is, also those of a NaN."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]


def same_bits(a: Array, b: Array) -> bool:
    """Of two arrays, in C order, whatever their strides."""
    return a.dtype == b.dtype and a.shape == b.shape and np.ascontiguousarray(a).tobytes() == np.ascontiguousarray(b).tobytes()


def assert_same_bits(a: Mapping[str, Array], b: Mapping[str, Array]) -> None:
    """Of two sets of named arrays; the message names those that differ."""
    assert a.keys() == b.keys()
    differ = [name for name in a if not same_bits(a[name], b[name])]
    assert not differ, f"{', '.join(differ)} differ"
