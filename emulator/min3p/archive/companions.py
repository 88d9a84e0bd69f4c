"""Files beside a deck that drive it in time: the temperature table, and what the others hold, by their first and last rows.

What:    ``.tem``: spacing, number of heights, heights; then a row of temperatures for each spacing, from the first again after
         the last; held constant within a spacing, linear between heights, constant beyond them.
Units:   the deck's time unit; m of elevation; degC.
Source:  MIN3P 2.6.2 (readtemp.F90, intpolt.F90).
Use:     ``mean = read_temperature(path).means(times, elevations)``
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from ...contract.errors import InputError
from ..tables import to_float


def _rows(path: Path) -> list[list[float]]:
    """Numbers of the lines of a companion file; a comment ends a line. Raises InputError for a word among them."""
    found = []
    with open(path, encoding="latin-1") as stream:
        for line in stream:
            text = line.split("!")[0].split(";")[0].split()
            try:
                numbers = [to_float(item.replace(",", ".")) for item in text]
            except ValueError:
                raise InputError(f"{path.name} holds {line.strip()[:40]!r}, which is no row of numbers") from None
            if numbers:
                found.append(numbers)
    return found


@dataclass(frozen=True)
class Temperature:
    """A temperature table: ``values[row, height]`` [degC], each row for ``spacing`` of time."""

    spacing: float
    heights: np.ndarray
    values: np.ndarray

    def means(self, times: np.ndarray, elevations: np.ndarray) -> np.ndarray:
        """Mean temperature [time, layer] of the interval that ends at each time; the first is the first row."""
        order = np.argsort(self.heights)
        by_layer = np.stack([np.interp(elevations, self.heights[order], row[order]) for row in self.values])
        count = len(by_layer)
        whole = np.concatenate([np.zeros((1, by_layer.shape[1])), np.cumsum(by_layer, axis=0)])

        def integral(t: float) -> np.ndarray:
            turns, rest = divmod(t / self.spacing, count)
            i = int(rest)
            return turns * whole[-1] + whole[i] + (rest - i) * by_layer[min(i, count - 1)]

        found = [by_layer[0]]
        for before, now in pairwise(times):
            found.append((integral(now) - integral(before)) * self.spacing / (now - before))
        return np.stack(found)


def read_temperature(path: Path) -> Temperature:
    """Read a table. Raises InputError where a row has another number of temperatures than there are heights."""
    rows = _rows(path)
    if len(rows) < 2 or len(rows[0]) < 3 or len(rows[0]) != 2 + int(rows[0][1]):
        raise InputError(
            f"{path.name} opens with {rows[0] if rows else 'nothing'}; spacing, count and that many heights are expected"
        )
    count = int(rows[0][1])
    wrong = next((i for i, row in enumerate(rows[1:], 2) if len(row) < count), None)
    if wrong is not None:
        raise InputError(f"{path.name} line {wrong} has {len(rows[wrong - 1])} temperatures for {count} heights")
    return Temperature(rows[0][0], np.array(rows[0][2:]), np.array([row[:count] for row in rows[1:]]))
