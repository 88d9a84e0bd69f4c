"""A year's nitrogen plan as one table, out of which a step cuts what it needs at once.

What:    ``PlanTable`` holds the rates of a ``YearPlan`` of many short periods for many columns; ``step`` makes the plan of
         one step.
Units:   those of YearPlan. Shapes: (rate, period, column).
Source:  nitrogen.py.
Use:     ``table = PlanTable.of([plan_over(amounts, season.between(edges), p)]); table.step(3, columns, 7 * 86400.0)``
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .nitrogen import YearPlan

RATES = ("mineralisation", "uptake", "denitrification", "bases")
DEMANDS = ("uptake", "denitrification")  # amounts of a period, of which a shorter step has its share


@dataclass(frozen=True)
class PlanTable:
    """``names`` of the rates: RATES, then those that reach the surface; ``seconds`` (period,) of each period."""

    names: tuple[str, ...]
    rates: np.ndarray
    harvested: np.ndarray  # kg N ha-1 year-1 (column,)
    supplied: np.ndarray
    seconds: np.ndarray

    @classmethod
    def of(cls, plans: Iterable[YearPlan], count: int = 1) -> PlanTable:
        """The table of ``count`` plans of the same periods, the columns of each after those of the one before.

        Arrays of a plan are (column, period); each is made, written to the table and dropped before the next.
        """
        table: np.ndarray = np.empty(0)
        own: list[tuple[np.ndarray, np.ndarray]] = []
        for i, plan in enumerate(plans):
            columns, periods = plan.uptake.shape
            if not i:
                names = (*RATES, *plan.column)
                table = np.empty((len(names), periods, count * columns))
                seconds = np.broadcast_to(np.asarray(plan.seconds), (periods,))
            for row, values in zip(table, [*(getattr(plan, name) for name in RATES), *plan.column.values()], strict=True):
                row[:, i * columns : (i + 1) * columns] = values.T
            own.append((plan.harvested, plan.supplied))
        harvested, supplied = (np.concatenate(part) for part in zip(*own, strict=True))
        return cls(names, table, harvested, supplied, seconds)

    def step(self, period: int, columns: np.ndarray | slice, seconds: float) -> YearPlan:
        """The same rates of some columns over a stretch of a period, as a plan of one period."""
        rows = dict(zip(self.names, self.rates[:, period][:, columns, None], strict=True))
        share = seconds / float(self.seconds[period])
        rates = {name: rows.pop(name) * share if name in DEMANDS else rows.pop(name) for name in RATES}
        return YearPlan(column=rows, **rates, harvested=self.harvested[columns], supplied=self.supplied[columns], seconds=seconds)
