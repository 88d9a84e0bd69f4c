"""Columns that do not all take the same steps: some a week, others a day.

What:    ``Stepper`` holds the compiled columns of a chunk; a step of some of them leaves the others as they are, and costs what
         those few cost (``active`` of the contract). A column's bits are those it has alone.
Units:   the contract's. Shapes: forcing and outputs (column of the step, soil_layer) and (column of the step,).
Source:  library/prepared.py: the arrays of a step stay where they are.
Use:     ``stepper = Stepper(model, europe.static())``; ``out = stepper.step(step, forcing, OUTPUTS)``;
         ``stepper.pools(("nh4", "no3"), step)``
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..europe.steps import Step
from ..library.prepared import PreparedStep

Arrays = dict[str, np.ndarray]
EVERYONE = slice(None)


class Stepper:
    """The columns of a chunk, ``compiled``."""

    def __init__(self, model: Any, static: Mapping[str, np.ndarray]) -> None:
        self.compiled = model.columns(static)
        self.shape = static["dz"].shape
        self.started = False
        self._prepared: PreparedStep | None = None
        self._active: np.ndarray | slice | None = None  # columns of the last step

    def set_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Begin with a state, (column, soil_layer) by slot."""
        self.compiled.set_state(state)
        self.started = True

    @property
    def state(self) -> Arrays:
        """All slots of all columns; {} before the first step."""
        return self.compiled.state() if self.started else {}

    def pools(self, names: tuple[str, ...], step: Step) -> list[np.ndarray]:
        """Pools of the columns that take the step, mol m-2 (column of it, soil_layer); zeros where there is no state yet."""
        some = EVERYONE if step.columns is None else step.columns
        if not self.started:
            return [np.zeros(self.shape)[some] for _ in names]
        return [values[some] for values in self.compiled.state(names).values()]

    def step(self, step: Step, forcing: Mapping[str, np.ndarray], outputs: tuple[str, ...]) -> Arrays:
        """One step of the columns it names; returns their outputs and "flag".

        Of a step of all these are the arrays that the next one writes to.
        """
        some = EVERYONE if step.columns is None else step.columns
        prepared = self._of(forcing, outputs)
        if self._active is not some:
            prepared.forcing["active"][:] = 0.0
            prepared.forcing["active"][some] = 1.0
            self._active = some
        for name, values in forcing.items():
            prepared.forcing[name][some] = values
        prepared(step.dt)
        self.started = True
        return dict(prepared.out) if step.columns is None else {name: values[some] for name, values in prepared.out.items()}

    def _of(self, forcing: Mapping[str, np.ndarray], outputs: tuple[str, ...]) -> PreparedStep:
        """The prepared step of these variables."""
        made = self._prepared
        if made is None or forcing.keys() != made.forcing.keys() - {"active"} or made.out.keys() != {*outputs, "flag"}:
            shapes = {name: (self.shape[0], *values.shape[1:]) for name, values in forcing.items()}
            made = self._prepared = PreparedStep(self.compiled, {"active": self.shape[:1], **shapes}, outputs)
            self._active = None
        return made
