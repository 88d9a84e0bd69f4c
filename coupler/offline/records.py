"""What is kept of the years of one scenario in one chunk.

What:    ``Records``: yearly means of rates and states, stocks at the end of each year, what the year brought; a block of years
         between two checkpoints at a time, so that memory does not grow with the run. Budget and reports are of all years.
Units:   contract units; layer variables (year, column, soil_layer), column variables (year, column).
Source:  outputs of the compiled step.
Use:     ``records.add(out, step)`` after each step, ``records.end_of_year(...)``; ``records.block()``, ``kept()``
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..europe.steps import Step
from .budget import Budget, restrict
from .flags import Reports

# yearly means of rates and states, and end-of-year stocks
MEAN_LAYER, END_LAYER = ("ph", "pco2"), ("sic", "dic", "base_sat")
MEAN_COLUMN = (
    "ph_top",
    "co2_adj",
    "dic_leach",
    "alk_leach",
    "ca_leach",
    "no3_leach",
    "nh4_leach",
    "n_sink",
    "ca_sink",
    "acid_load",
    "calcite_loss",
)
DRIVERS = ("mineral_n", "harvested_n", "supplied_n", "co2_src", "drainage", "lime")
LABORATORY = ("ph_h2o", "ph_cacl2")  # read off the soil at the end of each year
OUTPUTS = (*MEAN_LAYER, *END_LAYER, *MEAN_COLUMN)
CARBON = ("sic", "dic")  # of the last step: stocks that a checkpoint goes on from
Arrays = dict[str, np.ndarray]


def _empty(names: tuple[str, ...], shape: tuple[int, ...]) -> Arrays:
    """Zeros by name, all of one piece."""
    return dict(zip(names, np.zeros((len(names), *shape)), strict=True))


class Records:
    """The years of a segment since the last checkpoint, and what a checkpoint needs to go on with them."""

    def __init__(self, shape: tuple[int, int, int], laboratory: bool) -> None:
        """``shape``: years of a block, columns, layers."""
        self.shape, self.laboratory = shape, laboratory
        self.budget, self.reports = Budget(), Reports()
        self.begin = np.zeros(shape[1:])
        self.carbon = _empty(CARBON, shape[1:])
        self.blocks: list[int] = []  # years that begin those written
        self.done = 0
        self._new_block()

    def _new_block(self) -> None:
        years, n, nlay = self.shape
        end = END_LAYER + (LABORATORY if self.laboratory else ())
        self.first = self.done
        self._ends = np.zeros((len(end), years, n, nlay))
        ends = dict(zip(end, self._ends, strict=True))
        self.layer = {**_empty(MEAN_LAYER, (years, n, nlay)), **ends, "flag": np.zeros((years, n, nlay), np.int32)}
        self._means = np.zeros((len(MEAN_COLUMN), years, n))
        self.column = {**dict(zip(MEAN_COLUMN, self._means, strict=True)), **_empty(DRIVERS, (years, n))}

    def restore(self, saved: Arrays) -> None:
        """Take up a checkpoint."""
        self.done = int(saved["done"])
        self.budget, self.reports, self.begin = Budget.restore(saved), Reports.restore(saved), saved["start:sic"]
        self.carbon = {name: saved[f"output:{name}"] for name in CARBON}
        self.blocks = saved["blocks"].tolist()
        self._new_block()

    def add(self, out: Arrays, step: Step) -> None:
        """One step, of all columns or some; stocks are those of the last step that a column took."""
        i = self.done - self.first
        some: Any = slice(None) if step.columns is None else step.columns
        for key in MEAN_LAYER:
            self.layer[key][i][some] += out[key] / step.parts
        self._means[:, i][:, some] += np.array([out[key] for key in MEAN_COLUMN]) / step.parts
        self._ends[: len(END_LAYER), i][:, some] = np.array([out[key] for key in END_LAYER])
        self.layer["flag"][i][some] |= out["flag"]

    def end_of_year(self, brought: Arrays, whole: Any) -> None:
        """What the year brought, and what suspensions of the soil would read: ``whole.laboratory_ph()``."""
        i = self.done - self.first
        if self.laboratory:
            for key, values in zip(LABORATORY, whole.laboratory_ph(), strict=True):
                self.layer[key][i] = values
        for key, values in brought.items():
            self.column[key][i] = values
        self.carbon = {key: self.layer[key][i].copy() for key in CARBON}
        self.done += 1

    def take(self, other: Records, columns: slice, brought: Arrays) -> None:
        """The first year of other records, of some of their columns, as the next of these; what the year ``brought``."""
        i = self.done - self.first
        for key, values in other.layer.items():
            self.layer[key][i] = values[0, columns]
        for key in MEAN_COLUMN:
            self.column[key][i] = other.column[key][0, columns]
        for key, values in brought.items():
            self.column[key][i] = values
        self.budget, self.begin = restrict(other.budget, columns), other.begin[columns]
        self.carbon = {name: values[columns] for name, values in other.carbon.items()}
        self.done += 1

    def block(self) -> Arrays:
        """The years since the last block."""
        years = self.done - self.first
        layer = {f"layer:{k}": v[:years] for k, v in self.layer.items()}
        return {**layer, **{f"column:{k}": v[:years] for k, v in self.column.items()}}

    def written(self) -> None:
        """The block is in its file: begin the next."""
        self.blocks.append(self.first)
        self._new_block()

    def kept(self, state: Arrays) -> Arrays:
        """Everything but the blocks, for a checkpoint."""
        return {
            "done": np.array(self.done),
            "blocks": np.array(self.blocks),
            "start:sic": self.begin,
            **{f"state:{k}": v for k, v in state.items()},
            **{f"output:{k}": v for k, v in self.carbon.items()},
            **self.budget.arrays(),
            **self.reports.arrays(),
        }
