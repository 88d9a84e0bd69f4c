"""Outputs of a run that printed its cells at every step (``.gb?``) in place of profiles: the same arrays at chosen times.

What:    for each family the tables of all cells, layers by the elevation in their titles, rows at the ends of the intervals.
Traps:   MIN3P 2.6 writes exchangeable ions per step with the site fractions of the last zone for every cell; they are put back.
Shapes:  as in ``outputs``: [time, layer] from the surface down.
Use:     ``out = CellOutputs(files, times, layers, in_days, scale); out.profile("gst", "ca+2")``
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..tables import parse_zone
from .outputs import OutputError, Outputs, fast_table
from .scan import RunFiles

ON_TIME = 1e-5
"""Days by which a step may miss the end of an interval."""


def of_cells(family: str) -> str:
    """The family of cells with the columns of a family of profiles: .gbt for .gst."""
    return f"gb{family[2:]}"


def elevation(path: Path) -> float:
    """Height of the cell a table is of, from its title. Raises OutputError where it states none."""
    with open(path, encoding="latin-1") as stream:
        for line in stream:
            if line.lstrip().lower().startswith("zone"):
                place = parse_zone(path, [], line).place
                if "z" in place:
                    return place["z"]
                break
    raise OutputError(f"{path.name} does not state the height of its cell")


class CellOutputs(Outputs):
    """Outputs of the cells of a run at ``times`` [days]; ``scale``: exchange species -> factor of each layer."""

    def __init__(
        self, files: RunFiles, times: np.ndarray, layers: int, in_days: float, scale: Mapping[str, np.ndarray] | None = None
    ) -> None:
        self._prepare(files, times, layers, in_days)
        self.scale = scale or {}

    def family(self, name: str) -> tuple[list[str], np.ndarray]:
        """(names, [time, layer, column]) of a family."""
        if name not in self._families:
            numbers = self.files.outputs(of_cells(name))
            if len(numbers) != self.layers:
                raise OutputError(f"{len(numbers)} cells .{of_cells(name)} for {self.layers} layers")
            placed = sorted(((elevation(self.files.path(of_cells(name), i)), i) for i in numbers), reverse=True)
            names: list[str] = []
            columns = []
            for _, i in placed:
                found, rows = fast_table(self.files.path(of_cells(name), i))
                if names and found != names:
                    raise OutputError(f"{self.files.path(of_cells(name), i).name} has other columns than its sisters")
                names = found
                columns.append(rows[self._rows_at_times(rows[:, 0], of_cells(name))])
            values = np.stack(columns, axis=1)
            if name == "gsb":
                for species, factor in self.scale.items():
                    if species in names:
                        values[:, :, names.index(species)] *= factor
            self._families[name] = names, values
        return self._families[name]

    def _rows_at_times(self, time: np.ndarray, family: str) -> np.ndarray:
        """Row of the step that ends at each time."""
        days = time * self.in_days
        rows = np.clip(np.searchsorted(days, self.times - ON_TIME), 0, len(days) - 1)
        off = np.abs(days[rows] - self.times)
        if off.max() > ON_TIME:
            first = int(np.flatnonzero(off > ON_TIME)[0])
            raise OutputError(
                f".{family} has no step that ends at {self.times[first]:g} days; choose `every` so that steps end there"
            )
        return rows

    def has(self, family: str, name: str) -> bool:
        """Whether a family holds a column."""
        return of_cells(family) in self.files.sizes and name in self.family(family)[0]
