"""Scenarios that share the water of a chunk, stepped in one call: their columns one below the other.

What:    ``Together.live`` takes the segments of such scenarios through a year. They take the same steps, for the water decides
         them: three scenarios need a third of the calls, and the few columns that step by the day fill the lanes of the kernel.
         A column's bits are those it has alone (library), and so are its sums: each begins where it was.
Shapes:  column of the stack = scenario x column of the chunk. Units: see records.py.
Source:  europe/daily.py: ``shares_water`` says which scenarios belong together, ``together`` puts their years below one another.
Use:     ``group = Together(model, europe, segments); group.live(clock); segment.save(europe.memory(), clock)``; ``group.part()``
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..europe.steps import AnyEurope
from .budget import merge, restrict, stocks
from .clock import Clock
from .records import OUTPUTS, Records
from .segment import Segment
from .stepper import Stepper

Arrays = dict[str, np.ndarray]


class Together:
    """Segments that have lived the same years, and their columns."""

    def __init__(self, model: Any, europe: AnyEurope, segments: list[Segment]) -> None:
        self.europe, self.segments = europe, segments
        self.size, count = len(europe.domain), len(segments)
        static = {k: np.tile(v, (count, 1)) for k, v in europe.static().items()}
        self.stepper = Stepper(model, static, segments[0].task.pieces)
        states = [segment.state for segment in segments]
        if states[0]:
            self.stepper.set_state({k: np.concatenate([s[k] for s in states]) for k in states[0]})

    def _slices(self) -> list[slice]:
        return [slice(i * self.size, (i + 1) * self.size) for i in range(len(self.segments))]

    def part(self) -> None:
        """Give each segment its state, before it is saved or goes on in other company."""
        state = self.stepper.state
        for segment, mine in zip(self.segments, self._slices(), strict=True):
            segment.state = {name: values[mine] for name, values in state.items()}

    def _records(self) -> Records:
        """One year of all, sums going on from those of the segments."""
        own = [segment.records for segment in self.segments]
        nlay = own[0].shape[2]
        made = Records((1, len(own) * self.size, nlay), own[0].laboratory)
        made.budget = merge([r.budget for r in own])
        made.begin = np.concatenate([r.begin for r in own])
        made.carbon = {name: np.concatenate([r.carbon[name] for r in own]) for name in own[0].carbon}
        return made

    def live(self, clock: Clock) -> None:
        """Step through the next year of all."""
        europe, stepper, records = self.europe, self.stepper, self._records()
        scenarios, year = [s.scenario for s in self.segments], self.segments[0].next_year
        with clock("water"):
            each = [europe.year(scenario, year) for scenario in scenarios]
            brought, drivers = europe.together(each), [y.drivers() for y in each]
            del each  # what is left of them stands in the year of all
        for step in europe.steps_of(brought, begin=not stepper.started):
            with clock("forcing"):
                forcing = europe.forcing_of(brought, step, *stepper.pools(("nh4", "no3"), step))
            with clock("step"):
                out = stepper.step(step, forcing, OUTPUTS)
            if not records.budget.first:  # the very first step makes the state: budgets begin after it
                records.budget.open(stocks(out, stepper.state))
                records.begin = out["sic"].copy()
            else:
                records.budget.add(step.dt, forcing, out, step.columns)
            records.add(out, step)
            self._report(out["flag"])
        with clock("laboratory"):
            records.end_of_year({}, stepper)
        for segment, mine, own in zip(self.segments, self._slices(), drivers, strict=True):
            segment.records.take(records, mine, own)
            clock.column_years += self.size
        if self.segments[0].ended:
            records.budget.close(stocks(records.carbon, stepper.state))
            for segment, mine in zip(self.segments, self._slices(), strict=True):
                segment.records.budget = restrict(records.budget, mine)

    def _report(self, flag: np.ndarray) -> None:
        """The library's report of the last step, to each segment what its columns had."""
        compiled, count = self.stepper.compiled, len(self.segments)
        if count == 1:
            self.segments[0].records.reports.add(compiled)
            return
        for segment, mine in zip(self.segments, flag.reshape(count, -1, flag.shape[1]), strict=True):
            segment.records.reports.add_share(compiled, mine, 1.0 / count)
