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
from ..library.prepared import PreparedStep, StateReader
from .layer_fold import LayerFold

Arrays = dict[str, np.ndarray]


class Stepper:
    """The columns of a chunk, ``compiled``."""

    def __init__(self, model: Any, static: Mapping[str, np.ndarray], pieces: tuple[int, ...] = ()) -> None:
        """``pieces``: layers of ``static`` that make up each layer of what is returned; (): each is one."""
        self.compiled = model.columns(static)
        self.fold = LayerFold(pieces, static["dz"][0]) if pieces else None
        self.shape = static["dz"].shape
        self.started = False
        self._prepared: PreparedStep | None = None
        self._pools: StateReader | None = None

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
        if not self.started:
            return [np.zeros(self.shape)[slice(None) if step.columns is None else step.columns] for _ in names]
        if self._pools is None or self._pools.names != names:
            self._pools = StateReader(self.compiled, names)
        return self._pools.read(step.columns)

    def step(self, step: Step, forcing: Mapping[str, np.ndarray], outputs: tuple[str, ...]) -> Arrays:
        """One step of the columns it names; returns their outputs and "flag".

        Of a step of all these are the arrays that the next one writes to.
        """
        prepared = self._of(forcing, outputs)
        prepared.put(forcing, step.columns)
        prepared(step.dt)
        self.started = True
        out = prepared.take(step.columns)
        return out if self.fold is None else self.fold.outputs(out)

    def laboratory_ph(self) -> tuple[np.ndarray, ...]:
        """pH of suspensions in water and CaCl2, (column, soil_layer)."""
        found = self.compiled.laboratory_ph()
        return found if self.fold is None else tuple(self.fold.mean(values) for values in found)

    def _of(self, forcing: Mapping[str, np.ndarray], outputs: tuple[str, ...]) -> PreparedStep:
        """The prepared step of these variables."""
        made = self._prepared
        if made is None or forcing.keys() != made.forcing.keys() or made.out.keys() != {*outputs, "flag"}:
            shapes = {name: (self.shape[0], *values.shape[1:]) for name, values in forcing.items()}
            made = self._prepared = PreparedStep(self.compiled, shapes, outputs)
        return made
