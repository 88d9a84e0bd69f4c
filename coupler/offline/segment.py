"""One scenario in one chunk: its records and its checkpoint.

What:    ``Segment`` begins with the spin-up or where a checkpoint ended; together.py steps it, with those that share its water.
Units:   see records.py.
Use:     ``segment = Segment(model, europe, task, scenario, start)``; ``segment.save(europe.memory(), clock)``
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..europe.scenario import Scenario
from ..europe.steps import AnyEurope
from . import checkpoint
from .budget import stocks
from .clock import Clock
from .records import Records
from .task import Task, block_file, chunk_file, group

Arrays = dict[str, np.ndarray]


class Segment:
    """The years of one scenario; goes on from a checkpoint where there is one."""

    def __init__(self, model: Any, europe: AnyEurope, task: Task, scenario: Scenario, start: Arrays | None) -> None:
        """``start`` is the result file of the spin-up (None: begin with the soil as surveyed)."""
        self.europe, self.task, self.scenario = europe, task, scenario
        self.final, self.part = (chunk_file(task.folder, task.number, scenario.key, p) for p in (False, True))
        self.years = list(range(task.config.start_year, task.config.end_year + 1))
        self.records = Records((task.config.checkpoint_years, *task.shape), task.laboratory)
        self.memory: Arrays = {} if start is None else group(start, "memory:")
        self.state: Arrays = {} if start is None else group(start, "state:")
        saved = checkpoint.load(self.part)
        if saved is not None:
            self.records.restore(saved)
            self.state, self.memory = group(saved, "state:"), group(saved, "memory:")
        elif start is not None:
            self.records.begin = start["output:sic"]
            self.records.budget.open(stocks(group(start, "output:"), self.state))
        soil = model.columns(europe.static())
        self.records.reports.quote(soil)  # the library's sentence on the soil
        soil.close()

    @property
    def done(self) -> int:
        """Years lived."""
        return self.records.done

    @property
    def next_year(self) -> int:
        """The calendar year to live next."""
        return self.years[self.done]

    @property
    def ended(self) -> bool:
        """Whether all years are lived."""
        return self.done == len(self.years)

    def save(self, memory: Arrays, clock: Clock) -> None:
        """Write the result, or a checkpoint with what the water of the years remembers."""
        ended = self.ended
        with clock("io"):
            block = block_file(self.task.folder, self.task.number, self.scenario.key, self.records.first)
            checkpoint.save(block, self.records.block())
            self.records.written()
            arrays = {**self.records.kept(self.state), **{f"memory:{k}": v for k, v in memory.items()}}
            checkpoint.save(self.final if ended else self.part, arrays)
            if ended:
                self.part.unlink(missing_ok=True)
