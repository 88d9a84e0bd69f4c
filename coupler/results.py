"""The result of one scenario over the whole domain, put together from the chunk files.

What:    Result = yearly records of all columns, the state's carbon at the start, the budget.
Shapes:  layer variables (year, column, soil_layer), column variables (year, column); contract units, years = calendar years.
Source:  offline.py writes the chunk files; order of columns is the domain's.
Use:     ``r = gather(domain, config, folder, scenario); r.layer["sic"][-1]; depth_sum(r.layer["sic"], dz, 0, 0.3)``
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import restart
from .budget import Budget, merge
from .config import RunConfig
from .domain import Domain
from .errors import CalcisolError
from .offline import chunk_file
from .scenario import Scenario


@dataclass(frozen=True)
class Result:
    """One scenario, all columns."""

    scenario: Scenario
    years: np.ndarray
    start_sic: np.ndarray  # (column, soil_layer) kg C m-2 at the start of the first year
    layer: dict[str, np.ndarray]
    column: dict[str, np.ndarray]
    budget: Budget


def gather(domain: Domain, config: RunConfig, folder: Path, scenario: Scenario) -> Result:
    """Read the chunk files of one scenario. Raises CalcisolError naming the first that is missing."""
    parts = []
    for number in range(-(-len(domain) // config.chunk)):
        file = chunk_file(folder, number, scenario.key)
        arrays = restart.load(file)
        if arrays is None:
            raise CalcisolError(f"result {file} is missing or damaged; run again with --resume")
        parts.append(arrays)

    def join(prefix: str) -> dict[str, np.ndarray]:
        names = [k for k in parts[0] if k.startswith(prefix)]
        return {k.removeprefix(prefix): np.concatenate([p[k] for p in parts], axis=1) for k in names}

    years = np.arange(config.start_year, config.start_year + int(parts[0]["done"]))
    start = np.concatenate([p["start:sic"] for p in parts])
    return Result(scenario, years, start, join("layer:"), join("column:"), merge([Budget.restore(p) for p in parts]))


def depth_share(dz: np.ndarray, top: float, bottom: float) -> np.ndarray:
    """Share of each layer that lies between two depths [m], (layer,)."""
    edge = np.concatenate([[0.0], np.cumsum(dz)])
    inside = np.minimum(edge[1:], bottom) - np.maximum(edge[:-1], top)
    return np.clip(inside, 0.0, None) / dz


def depth_sum(values: np.ndarray, dz: np.ndarray, top: float, bottom: float) -> np.ndarray:
    """Amount between two depths [m]: sum over the last axis (soil_layer) with partial layers."""
    return values @ depth_share(dz, top, bottom)
