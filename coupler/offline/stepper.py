"""Columns that do not all take the same steps: some a week, others a day.

What:    ``Stepper`` holds the compiled columns of a chunk and their state; a step of some of them leaves the others as they are.
         A column's bits are those it has alone.
Units:   the contract's. Shapes: forcing and outputs (column of the step, soil_layer) and (column of the step,).
Source:  ``active`` of the contract for steps that most columns take, compiled columns of their own for those of a few.
Use:     ``stepper = Stepper(model, europe.static())``; ``out = stepper.step(step, forcing, OUTPUTS)``;
         ``stepper.pools(("nh4", "no3"), step)``
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..europe.steps import Step

Arrays = dict[str, np.ndarray]


class Stepper:
    """State of a chunk; ``compiled`` are the columns that took the last step."""

    def __init__(self, model: Any, static: Mapping[str, np.ndarray]) -> None:
        self.model, self.static = model, dict(static)
        self.shape = self.static["dz"].shape
        self.whole = model.columns(self.static)
        self.compiled = self.whole
        self.started = False
        self._part: tuple[int, np.ndarray, Any] | None = None  # a group of steps, its columns, and those compiled
        self._rest: Arrays = {}  # state of all while a part is stepped: right where the part is not

    def set_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Begin with a state, (column, soil_layer) by slot."""
        self._free_part()
        self.whole.set_state(state)
        self.started = True

    @property
    def state(self) -> Arrays:
        """All slots of all columns; {} before the first step."""
        return self.level().state() if self.started else {}

    def pools(self, names: tuple[str, ...], step: Step) -> list[np.ndarray]:
        """Pools of the columns that take the step, mol m-2 (column of it, soil_layer); zeros where there is no state yet."""
        some = slice(None) if step.columns is None else step.columns
        if not self.started:
            return [np.zeros(self.shape)[some] for _ in names]
        if step.columns is not None and self._few(step.columns):
            return list(self._of(step.group, step.columns).state(names).values())
        return [values[some] for values in self.level().state(names).values()]

    def step(self, step: Step, forcing: Mapping[str, np.ndarray], outputs: Iterable[str]) -> Arrays:
        """One step of the columns it names; returns their outputs and "flag"."""
        if step.columns is None:
            return self._by_whole(step, forcing, outputs)
        if not self._few(step.columns):
            out = self._by_whole(step, self._spread(step.columns, forcing), outputs)
            return {name: values[step.columns] for name, values in out.items()}
        return self._by_part(step, step.columns, forcing, outputs)

    def level(self) -> Any:
        """The whole, up to date with every step."""
        if self._part is not None:
            _, columns, part = self._part
            for name, values in part.state().items():
                self._rest[name][columns] = values
            self.whole.set_state(self._rest)
            self._free_part()
        self.compiled = self.whole
        return self.whole

    def _by_whole(self, step: Step, forcing: Mapping[str, np.ndarray], outputs: Iterable[str]) -> Arrays:
        out: Arrays = self.level().step(step.dt, forcing, outputs)
        self.started = True
        return out

    def _spread(self, columns: np.ndarray, forcing: Mapping[str, np.ndarray]) -> Arrays:
        """Forcing of some columns as forcing of all; the others are not looked at."""
        made = {"active": np.zeros(self.shape[0])}
        made["active"][columns] = 1.0
        for name, values in forcing.items():
            made[name] = np.zeros((self.shape[0], *values.shape[1:]))
            made[name][columns] = values
        return made

    def _by_part(self, step: Step, columns: np.ndarray, forcing: Mapping[str, np.ndarray], outputs: Iterable[str]) -> Arrays:
        self.compiled = self._of(step.group, columns)
        out: Arrays = self.compiled.step(step.dt, forcing, outputs)
        self.started = True
        return out

    def _few(self, columns: np.ndarray) -> bool:
        """Whether columns are stepped by themselves: a step of all costs more than copying their states."""
        return 2 * len(columns) <= self.shape[0]

    def _of(self, group: int, columns: np.ndarray) -> Any:
        """The compiled columns of a group of steps, with their state."""
        if self._part is None or self._part[0] != group:
            self._rest = self.level().state()
            part = self.model.columns({name: values[columns] for name, values in self.static.items()})
            part.set_state({name: values[columns] for name, values in self._rest.items()})
            self._part = (group, columns, part)
        return self._part[2]

    def _free_part(self) -> None:
        if self._part is not None:
            self._part[2].close()
            self._part, self._rest = None, {}
