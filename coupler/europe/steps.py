"""A step of a European run: how long it is and which columns take it.

What:    the water decides. By months all columns step together; by the day a column takes steps of a week, and of a day in
         weeks in which one of its layers fills up (land/week.py).
Units:   s; shapes: positions of columns (column,).
Use:     ``for step in europe.steps_of(year): forcing = europe.forcing_of(year, step, nh4, no3)``
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..config import RunConfig
from .domain import Domain
from .scenario import Scenario

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Step:
    """One step; ``first`` and ``last`` are its first month or day of the year and the one after its last."""

    dt: float
    first: int
    last: int
    parts: float  # how many of them make the year: a mean over the year weighs the step by 1 / parts
    columns: NDArray[np.int64] | None = None
    """Positions in the chunk; None: all of them."""
    group: int = 0
    """Steps in a row of the same columns share a number."""


class AnyEurope(Protocol):
    """A driver, by months or by the day: what the time loop steps. What ``year`` gives is the driver's own."""

    domain: Domain
    config: RunConfig
    clay: np.ndarray

    def static(self) -> Arrays:
        """Static soil by contract name, (column, soil_layer)."""
        ...

    def memory(self) -> Arrays:
        """What a restart must know beside the state of the soil."""
        ...

    def recall(self, memory: Arrays) -> None:
        """Go on from ``memory``."""
        ...

    def year(self, scenario: Scenario | None, year: int, weather_of: int | None = None) -> Any:
        """All of one year that does not depend on the soil's state; ``drivers()`` of it is what is recorded."""
        ...

    def shares_water(self, scenario: Scenario) -> str:
        """Scenarios with the same answer may be stepped together."""
        ...

    def together(self, years: list[Any]) -> Any:
        """Years of scenarios with the same water, one below the other."""
        ...

    def live_through(self, scenario: Scenario, year: int) -> None:
        """A year of a scenario whose result is there already: its water goes on."""
        ...

    def steps_of(self, year: Any, begin: bool = False) -> list[Step]:
        """The steps of a year; ``begin``: the soil has no state yet."""
        ...

    def forcing_of(self, year: Any, step: Step, nh4: np.ndarray, no3: np.ndarray) -> Arrays:
        """Forcing of a step; nh4, no3: pools of its columns, mol m-2 (column, soil_layer)."""
        ...
