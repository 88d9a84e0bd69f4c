"""Arrays that lie in files and are mapped: what was read or written of them need not stay in memory.

What:    ``forget`` gives the pages of mapped arrays back to the system; what they hold stays in the file, and is there when asked
         for again. Without it a run of a century ends with all its results in memory, those of every scenario.
Source:  madvise(2), MADV_DONTNEED of a shared mapping; nothing is done where a system has none.
Use:     ``forget(maps.values())``
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable

import numpy as np


def forget(arrays: Iterable[np.ndarray]) -> None:
    """Give back the pages of those arrays that are mapped."""
    advice = getattr(mmap, "MADV_DONTNEED", None)
    for array in arrays:
        below: object = array
        while isinstance(below, np.ndarray):
            below = below.base
        if isinstance(below, mmap.mmap) and advice is not None:
            below.madvise(advice)
