"""What the library reported of a run, summed up: a clipped value or a fallback that nobody reads of is a wrong number.

What:    ``Reports`` counts the library's reports over steps and keeps its sentences by variable; ``lines`` puts both in words.
Units:   cells times steps (layers of columns), columns times steps. Source: calcisol_report in fortran_bridge/include/calcisol.h.
Use:     ``reports.add(columns)`` after each step; ``print("\\n".join(reports.lines()))``
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from ...emulator.contract.variables import load_table

LABELS = {
    "cells_clipped": "clipped: an input outside its valid range, or a sink that asked for more than its pool held",
    "cells_outside_envelope": "outside the ranges the emulator was trained on",
    "cells_fallback": "solved by the fallback",
    "cells_residual": "with a budget residual",
}
SINKS = "clipped: a sink asked for more than its pool held"  # the library names every input that it clips, and no sink
INVALID = "columns_invalid"
MOST_NOTES = 8  # different variables quoted; a run in which more go wrong needs no further one


@cache
def _bits() -> dict[str, int]:
    """Count of the report -> its bit of the flag."""
    bits = {f.name: 1 << f.bit for f in load_table().flags}
    return {INVALID: bits["invalid"], **{name: bits[name.removeprefix("cells_")] for name in LABELS}}


class Reports:
    """Counts of the reports of many steps, and the first sentence on each variable."""

    def __init__(self) -> None:
        self.counts: dict[str, float] = {}
        self.notes: dict[str, str] = {}

    def add(self, columns: Any) -> None:
        """Count the last step of ``columns`` (library.columns.Columns)."""
        for name, number in columns.report.items():
            self._count(name, number)
        self._count("cells", columns.report["columns_stepped"] * columns.nlay)
        self.quote(columns)

    def add_share(self, columns: Any, flag: np.ndarray, share: float) -> None:
        """Count the last step of ``columns`` as far as it is that of some of them, (column, soil_layer) ``flag``, a ``share``."""
        report = columns.report
        stepped = report["columns_stepped"] * share
        self._count("columns_stepped", stepped)
        self._count("columns_inactive", report["columns_inactive"] * share)
        self._count("cells", stepped * flag.shape[1])
        for name, bit in _bits().items():
            if report[name]:  # most steps raise nothing
                raised = flag & bit != 0
                self._count(name, float(raised.any(1).sum() if name == INVALID else raised.sum()))
        if columns.note and (flag & (_bits()["cells_clipped"] | _bits()[INVALID])).any():
            self.quote(columns)

    def _count(self, name: str, number: float) -> None:
        self.counts[name] = self.counts.get(name, 0.0) + number

    def quote(self, columns: Any) -> None:
        """Keep the library's sentence on the last call, also on the one that made ``columns``."""
        if columns.note:
            variable = columns.note.split(" ", 1)[0]
            if variable not in self.notes and len(self.notes) < MOST_NOTES:
                self.notes[variable] = columns.note

    def merge(self, other: Reports) -> None:
        """Add the counts of other columns."""
        for name, number in other.counts.items():
            self._count(name, number)
        for variable, note in other.notes.items():
            if len(self.notes) < MOST_NOTES:
                self.notes.setdefault(variable, note)

    def lines(self, indent: str = "  ") -> list[str]:
        """One line on each kind of flag that was raised, then one sentence of the library on each variable; [] in a clean run."""
        cells = max(self.counts.get("cells", 0.0), 1.0)
        made = []
        for name, words in LABELS.items():
            number = self.counts.get(name, 0.0)
            words = SINKS if name == "cells_clipped" and not self.notes else words
            if number:
                made.append(f"{indent}{_share(number, cells)} of {cells:.0f} cells and steps {words}")
        if self.counts.get(INVALID):
            made.append(f"{indent}{self.counts[INVALID]:.0f} columns and steps invalid: their state was left as it was")
        return made + [f"{indent}{variable}: {note}" for variable, note in self.notes.items()]

    def arrays(self) -> dict[str, np.ndarray]:
        """All of it as arrays for a checkpoint."""
        made = {f"report:{k}": np.array(v) for k, v in self.counts.items()}
        return {**made, **{f"note:{k}": np.array(v) for k, v in self.notes.items()}}

    @classmethod
    def restore(cls, arrays: Mapping[str, np.ndarray]) -> Reports:
        """Rebuild from ``arrays()``."""
        reports = cls()
        for name, value in arrays.items():
            kind, _, key = name.partition(":")
            if kind == "report":
                reports.counts[key] = float(value)
            elif kind == "note":
                reports.notes[key] = str(value)
        return reports


def _share(number: float, of: float) -> str:
    """A count in percent, as a number where that would read 0.0 %."""
    share = 100.0 * number / of
    return f"{share:.1f} %" if share >= 0.05 else f"{number:.0f}"
