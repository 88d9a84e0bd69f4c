"""Numbers of the members of an archive: which columns train, validate and test, from their names alone.

What:    a number decides the part of a column (``dataset.split_of``); that of a large archive follows from the name of the run,
         so that it stays when the archive grows. In a small one chance would leave parts empty: they are filled in turn.
Use:     ``ids = member_ids(["a/soil", "b/soil"])``
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from ...training.dataset import split_of

SMALL = 40
"""Runs below which the parts are filled by rank instead of by chance."""
QUOTA = (("test", 0.15), ("validation", 0.15))


def _hash(name: str) -> int:
    return zlib.crc32(name.encode()) & 0x3FFFFFFF


def _next(start: int, part: str, taken: set[int]) -> int:
    """The first free number from ``start`` on that lies in a part (any part for "")."""
    number = start
    while number in taken or (part and split_of(number) != part):
        number += 1
    return number


def member_ids(names: Sequence[str]) -> list[int]:
    """A number for each run, all different."""
    order = sorted(range(len(names)), key=lambda i: (_hash(names[i]), names[i]))
    parts = [""] * len(names)
    if len(names) < SMALL:
        parts = ["train"] * len(names)
        place = 0
        for part, share in QUOTA:
            for _ in range(max(1, round(share * len(names))) if len(names) > 2 else 0):
                parts[order[place]] = part
                place += 1
    taken: set[int] = set()
    ids = [0] * len(names)
    for i in order:
        ids[i] = _next(_hash(names[i]), parts[i], taken)
        taken.add(ids[i])
    return ids
