"""One scenario in one chunk: its columns, its records, its checkpoint.

What:    ``Segment.live`` steps a year; segments of a chunk live the same year one after the other, so that the water of a year is
         worked out once for all scenarios with the same climate.
Units:   see records.py.
Use:     ``segment = Segment(model, europe, task, scenario, start); segment.live(clock); segment.save(europe.memory(), clock)``
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..europe.daily import AnyEurope
from ..europe.scenario import Scenario
from . import checkpoint
from .budget import stocks
from .clock import Clock
from .records import OUTPUTS, Records
from .stepper import Stepper
from .task import Task, block_file, chunk_file, group

Arrays = dict[str, np.ndarray]


class Segment:
    """The years of one scenario; goes on from a checkpoint where there is one."""

    def __init__(self, model: Any, europe: AnyEurope, task: Task, scenario: Scenario, start: Arrays | None) -> None:
        """``start`` is the result file of the spin-up (None: begin with the soil as surveyed)."""
        self.europe, self.task, self.scenario = europe, task, scenario
        self.final, self.part = (chunk_file(task.folder, task.number, scenario.key, p) for p in (False, True))
        self.years = list(range(task.config.start_year, task.config.end_year + 1))
        self.records = Records((task.config.checkpoint_years, *europe.clay.shape), task.laboratory)
        self.stepper = Stepper(model, europe.static())
        self.memory: Arrays = {} if start is None else group(start, "memory:")
        self.records.reports.quote(self.stepper.whole)
        state = {} if start is None else group(start, "state:")
        saved = checkpoint.load(self.part)
        if saved is not None:
            self.records.restore(saved)
            self.records.reports.quote(self.stepper.whole)
            state, self.memory = group(saved, "state:"), group(saved, "memory:")
        elif start is not None:
            self.records.begin = start["output:sic"]
            self.records.budget.open(stocks(group(start, "output:"), state))
        if state:
            self.stepper.set_state(state)

    @property
    def done(self) -> int:
        """Years lived."""
        return self.records.done

    def live(self, clock: Clock) -> None:
        """Step through the next year."""
        europe, records, stepper, year = self.europe, self.records, self.stepper, self.years[self.done]
        with clock("water"):
            brought = europe.year(self.scenario, year)
        for step in europe.steps(self.scenario, year, begin=not stepper.started):
            with clock("forcing"):
                forcing = europe.step_forcing(self.scenario, year, step, *stepper.pools(("nh4", "no3"), step))
            with clock("step"):
                out = stepper.step(step, forcing, OUTPUTS)
            if not records.budget.first:  # the very first step makes the state: budgets begin after it
                records.budget.open(stocks(out, stepper.state))
                records.begin = out["sic"]
            else:
                records.budget.add(step.dt, forcing, out, step.columns)
            records.add(out, step, stepper.compiled)
        with clock("laboratory"):
            records.end_of_year(brought.drivers(), stepper.level())
        clock.column_years += len(self.task.domain)
        if self.done == len(self.years):
            records.budget.close(stocks(records.carbon, stepper.state))

    def save(self, memory: Arrays, clock: Clock) -> None:
        """Write the result, or a checkpoint with what the water of the years remembers."""
        ended = self.done == len(self.years)
        with clock("io"):
            block = block_file(self.task.folder, self.task.number, self.scenario.key, self.records.first)
            checkpoint.save(block, self.records.block())
            self.records.written()
            arrays = {**self.records.kept(self.stepper.state), **{f"memory:{k}": v for k, v in memory.items()}}
            checkpoint.save(self.final if ended else self.part, arrays)
            if ended:
                self.part.unlink(missing_ok=True)
