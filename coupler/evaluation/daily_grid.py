"""Thin cells of a reference column grouped to the layers of a land model, and days to steps.

What:    ``Grid`` sums and means over groups of cells; ``layer_faces``, where N layers end; ``step_ends``, which days end a step.
Units:   m, days counted from the start of the file.
Shapes:  cells along the last axis.
Use:     ``grid = Grid.of(column["dz"], 12)``; ``grid.total(column["w_liq"])``; ``step_ends("rule", 438, 3650, air)``
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ArgumentError
from ..land.week import WEEK, by_the_day, week_ends
from ..units import DAYS_PER_YEAR

Floats = NDArray[np.float64]
STEPS = ("day", "week", "month", "rule")
MONTH_ENDS = np.cumsum([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])

FACES = {  # m; lower faces of all layers but the last
    4: (0.10, 0.40, 1.00),  # Noah-MP, CTSM's early versions
    7: (0.30, 0.40, 0.60, 0.80, 1.00, 1.30),  # a plough layer as the top
    9: (0.05, 0.10, 0.20, 0.30, 0.50, 0.70, 1.00, 1.30),
    12: (0.05, 0.10, 0.15, 0.20, 0.30, 0.40, 0.50, 0.60, 0.80, 1.00, 1.30),  # the driver's own
}
TOP = 0.10
"""m; first layer of other grids of up to 8 layers, half of it where there are more; below, each is thicker by the same factor."""


def layer_faces(layers: int, depth: float) -> Floats:
    """Lower faces (layer - 1,), m, of ``layers`` layers in a profile of ``depth`` m, as a land model would split it."""
    if layers in FACES:
        return np.array(FACES[layers])
    first = min(TOP if layers <= 8 else TOP / 2, depth / layers)
    low, high = 1.0, 100.0
    for _ in range(60):  # the factor at which the layers fill the profile
        factor = 0.5 * (low + high)
        total = first * layers if factor == 1.0 else first * (factor**layers - 1) / (factor - 1)
        low, high = (factor, high) if total < depth else (low, factor)
    return np.asarray(np.cumsum(first * low ** np.arange(layers))[:-1])


@dataclass(frozen=True)
class Grid:
    """Which cells make up which layer: ``member`` (layer, cell), the share of a cell that lies in a layer."""

    cells: Floats  # thickness of a cell, m
    member: Floats

    @classmethod
    def of(cls, cells: Floats, layers: int) -> Grid:
        """The ``layers`` layers whose faces lie nearest to those of ``layer_faces``. Raises ArgumentError."""
        if not 1 <= layers <= len(cells):
            raise ArgumentError(f"layers = {layers} must lie from 1 to {len(cells)}, the number of cells of the reference column")
        faces = np.cumsum(cells)
        ends, last = [], 0
        for i, face in enumerate([] if layers == len(cells) else layer_faces(layers, float(faces[-1]))):
            allowed = np.arange(last + 1, len(cells) - layers + i + 2)  # each layer below keeps a cell
            last = int(allowed[np.argmin(np.abs(faces[allowed - 1] - face))])
            ends.append(last)
        if layers == len(cells):
            ends = list(range(1, layers))
        member = np.zeros((layers, len(cells)))
        for i, (a, b) in enumerate(zip([0, *ends], [*ends, len(cells)], strict=True)):
            member[i, a:b] = 1.0
        return cls(np.asarray(cells), member)

    @property
    def dz(self) -> Floats:
        """Thickness (layer,), m."""
        return self.member @ self.cells

    @property
    def bottom_cells(self) -> NDArray[np.int64]:
        """Last cell of each layer."""
        return np.asarray(np.cumsum(self.member.sum(1)).astype(np.int64) - 1)

    def split(self, pieces: Sequence[int]) -> Grid:
        """The same layers cut into equal pieces, as columns that are split inside hold them; a cell may lie in two pieces."""
        depths = np.repeat(self.dz / np.asarray(pieces), pieces)
        below, cell_below = np.cumsum(depths), np.cumsum(self.cells)
        lower = np.minimum(cell_below, below[:, None])
        upper = np.maximum(cell_below - self.cells, (below - depths)[:, None])
        return Grid(self.cells, np.clip(lower - upper, 0.0, None) / self.cells)

    def thin(self, pieces: Sequence[int]) -> tuple[Grid, list[int]]:
        """The same layers cut near the faces of equal pieces, where cells end: a piece of a cell would know no more than it.

        Also returns how many pieces each layer has then.
        """
        faces = np.cumsum(self.cells)
        wanted = np.cumsum(np.repeat(self.dz / np.asarray(pieces), pieces))
        last = np.unique(np.abs(faces - wanted[:, None]).argmin(1))  # cell of each piece
        member = np.zeros((len(last), len(self.cells)))
        for piece, (a, b) in enumerate(zip([0, *(last[:-1] + 1)], last + 1, strict=True)):
            member[piece, a:b] = 1.0
        return Grid(self.cells, member), np.diff(np.searchsorted(last, self.bottom_cells) + 1, prepend=0).tolist()

    def total(self, x: Floats) -> Floats:
        """Sum over the cells of each layer."""
        return np.asarray(x @ self.member.T)

    def mean(self, x: Floats, weight: Floats | None = None) -> Floats:
        """Mean over the cells of each layer by thickness, times ``weight`` where given."""
        w = self.cells if weight is None else self.cells * weight
        return np.asarray((x * w) @ self.member.T / (np.broadcast_to(w, np.shape(x)) @ self.member.T))


def step_ends(step: str, start: int, days: int, air: Floats, every_day: bool = False) -> NDArray[np.int64]:
    """Days after which a step ends, from ``start`` (the beginning) to ``days``; the steps of all kinds cover the same days.

    ``air`` (day, layer) is the air-filled porosity at the end of each day. By ``rule`` a step lasts a week, and a day in weeks in
    which any layer has little air (land/week.py) or, with ``every_day``, in all. Raises ArgumentError.
    """
    if step == "day":
        ends = np.arange(start, days + 1)
    elif step == "week":
        ends = np.arange(start, days, WEEK)
    elif step == "month":
        year = int(DAYS_PER_YEAR)
        months = (np.arange(days // year + 1)[:, None] * year + MONTH_ENDS).ravel()
        ends = months[(months > start) & (months < days)]
    elif step == "rule":
        weeks = start + week_ends(days - start)
        some = by_the_day(air[start:days], weeks - start) | every_day
        begins = np.concatenate([[start], weeks[:-1]])
        cut = [np.arange(a + 1, b + 1) if daily else [b] for a, b, daily in zip(begins, weeks, some, strict=True)]
        ends = np.concatenate(cut)
    else:
        raise ArgumentError(f"step = {step!r} must be one of {', '.join(STEPS)}")
    return np.unique(np.concatenate([[start], ends, [days]])).astype(np.int64)
