"""The result of one scenario over the whole domain, put together from the chunk files, on disk.

What:    Result = yearly records of all columns, the state's carbon at the start, the budget. The records are memory maps in
         the run's work folder: code reads a year at a time, so memory does not grow with the grid or the years.
Shapes:  layer variables (year, column, soil_layer), column variables (year, column); contract units, years = calendar years.
Source:  time_loop.py writes the chunk files; order of columns is the domain's.
Use:     ``r = gather(domain, config, folder, scenario); r.layer["sic"][-1]; depth_sum(r.layer["sic"][-1], dz, 0, 0.3)``
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from ..config import RunConfig
from ..errors import CalcisolError
from ..europe.domain import Domain
from ..europe.scenario import Scenario
from . import checkpoint
from .budget import Budget, merge, restrict
from .flags import Reports
from .folder_lock import why_not
from .layer_groups import chunks_of
from .on_disk import forget
from .records import END_LAYER
from .task import block_file, chunk_file


@dataclass(frozen=True)
class Result:
    """One scenario, all columns."""

    scenario: Scenario
    years: np.ndarray
    start_sic: np.ndarray  # (column, soil_layer) kg C m-2 at the start of the first year
    layer: dict[str, np.ndarray]
    column: dict[str, np.ndarray]
    budget: Budget
    reports: Reports

    def yearly(self, name: str, of: Callable[[np.ndarray], float]) -> np.ndarray:
        """``of`` each year's field of a layer or column variable, (year,), read one year at a time."""
        values = self.layer[name] if name in self.layer else self.column[name]
        found = np.array([of(np.asarray(values[i])) for i in range(len(self.years))])
        forget([values])
        return found

    def forget(self) -> None:
        """Let the system have the memory of what was read."""
        forget([*self.layer.values(), *self.column.values()])

    def part(self, columns: slice) -> Result:
        """The same for some neighbouring columns; its budget is left whole."""
        cut = lambda group: {k: v[:, columns] for k, v in group.items()}  # noqa: E731
        return Result(
            self.scenario, self.years, self.start_sic[columns], cut(self.layer), cut(self.column), self.budget, self.reports
        )


def _map(path: Path, kind: DTypeLike, shape: tuple[int, ...]) -> np.ndarray:
    """A new array on disk, all of its room taken: a page that finds none later would end the process by SIGBUS, without a word.

    Raises OutputError where the disk has no room for it.
    """
    try:
        made = np.lib.format.open_memmap(path, mode="w+", dtype=kind, shape=shape)
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    except OSError as error:
        raise why_not(path, error, checkpoint.KEPT) from None
    return made


def gather(domain: Domain, config: RunConfig, folder: Path, scenario: Scenario) -> Result:
    """Put the chunk files of one scenario together. Raises CalcisolError naming the first that is missing."""
    maps: dict[str, np.ndarray] = {}
    start = np.empty((len(domain), len(config.layers)))
    budgets, reports, years, chunks = [], Reports(), 0, chunks_of(domain, config)
    for number, chunk in enumerate(chunks):
        file = chunk_file(folder, number, scenario.key)
        part = checkpoint.load(file)
        if part is None:
            raise CalcisolError(f"result {file} is missing or damaged; run again with --resume")
        years = int(part["done"])
        start[chunk.columns] = part["start:sic"]
        for first in part["blocks"].tolist():
            path = block_file(folder, number, scenario.key, first)
            block = checkpoint.load(path)
            if block is None:
                raise CalcisolError(f"result {path} is missing or damaged; run again with --resume")
            for key, values in block.items():
                if key not in maps:
                    kind = values.dtype if key.startswith("column:") or key[6:] in (*END_LAYER, "flag") else np.float32
                    target = folder / f"whole_{scenario.key}_{key.replace(':', '_')}.npy"
                    maps[key] = _map(target, kind, (years, len(domain), *values.shape[2:]))
                maps[key][first : first + len(values), chunk.columns] = values
            forget(maps.values())
        budgets.append(Budget.restore(part))
        reports.merge(Reports.restore(part))
    group = lambda prefix: {k.removeprefix(prefix): v for k, v in maps.items() if k.startswith(prefix)}  # noqa: E731
    calendar = np.arange(config.start_year, config.start_year + years)
    whole = restrict(merge(budgets), np.argsort(np.concatenate([chunk.columns for chunk in chunks])))  # in domain order
    return Result(scenario, calendar, start, group("layer:"), group("column:"), whole, reports)


def depth_share(dz: np.ndarray, top: float, bottom: float) -> np.ndarray:
    """Share of each layer that lies between two depths [m], (layer,)."""
    edge = np.concatenate([[0.0], np.cumsum(dz)])
    inside = np.minimum(edge[1:], bottom) - np.maximum(edge[:-1], top)
    return np.clip(inside, 0.0, None) / dz


def depth_sum(values: np.ndarray, dz: np.ndarray, top: float, bottom: float) -> np.ndarray:
    """Amount between two depths [m]: sum over the last axis (soil_layer) with partial layers."""
    return values @ depth_share(dz, top, bottom)
