"""A forcing file of the user, opened, laid out and looked through once, by ``calcisol check`` and ``calcisol run`` alike.

What:    ``ForcingFile`` gives static soil and one step at a time; step_through.py goes through a file that has no fault.
Shapes:  file: time, soil layer and places in any order and layout; inside: (column, soil_layer), layer 1 at the
         surface, land only.
Units:   whatever units.py can convert; times in any CF calendar; rates are means over the step.
Use:     ``with ForcingFile(path) as f: f.static(); f.step(0)``; raises ForcingError, one sentence.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from . import inputs
from .check import Survey, survey
from .fault import ForcingError
from .opened import OpenedFile

__all__ = ["Forcing", "ForcingError", "ForcingFile"]


class ForcingFile(OpenedFile):
    """A forcing file and what its survey found. ``land`` are the positions of the columns that run, ``ncol`` their number."""

    @cached_property
    def survey(self) -> Survey:
        """What the file holds and what is wrong with it. Raises ForcingError where the file as a whole cannot be used."""
        return survey(self)

    @property
    def land(self) -> np.ndarray:
        """Positions of the columns that run: on a grid those that hold every required input, elsewhere all."""
        return self.survey.land

    @property
    def ncol(self) -> int:
        """Number of columns that run."""
        return len(self.land)

    def times(self) -> np.ndarray:
        """Length of every step [s], (time,). Raises ForcingError."""
        return self.axis.dt

    def static(self) -> dict[str, np.ndarray]:
        """All static properties the file holds, (column, soil_layer)."""
        found = [s for s in self.sources.values() if s.variable.role == "static"]
        return {s.variable.name: np.ascontiguousarray(inputs.values(self, s, None).data[self.land]) for s in found}

    @cached_property
    def _blocks(self) -> dict[str, tuple[int, np.ndarray]]:
        return {}

    def step(self, i: int) -> dict[str, np.ndarray]:
        """Forcing of step ``i`` by contract name; steps are read in blocks."""
        found = {}
        for source in [s for s in self.sources.values() if s.variable.role == "forcing"]:
            name = source.variable.name
            begin, block = self._blocks.get(name, (0, np.empty(0)))
            if not begin <= i < begin + len(block):
                end = min(i + self.block_steps(), len(self.axis))
                begin, block = i, np.ascontiguousarray(inputs.values(self, source, slice(i, end)).data[:, self.land])
                self._blocks[name] = (begin, block)
            found[name] = block[i - begin]
        return found


Forcing = ForcingFile  # its name up to version 0.1
