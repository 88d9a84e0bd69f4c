"""What to analyse, how much of it, and where the results go.

What:    ``Settings`` of a run, the scenarios that are rolled out, ``Results`` (numbers for JSON and report, arrays for figures).
Units:   amounts of drivers, 1 = fully on; years; columns.
Source:  emulator/docs/science.md, 13.2 (no nitrogen, - 20 %, + 10 %).
Use:     ``settings = Settings(world=path, bundles=(bundle,))``
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .rollouts import Engine

NITROGEN_ON = {"n_acid": 1.0, "n_co2": 1.0}
SCENARIOS: dict[str, dict[str, float]] = {
    "today": NITROGEN_ON,
    "no_n": {},
    "acid": {"n_acid": 1.0},
    "n_minus_20": {"n_acid": 0.8, "n_co2": 0.8},
    "n_plus_10": {"n_acid": 1.1, "n_co2": 1.1},
    "drainage": {**NITROGEN_ON, "drainage": 1.0},
    "temperature": {**NITROGEN_ON, "temperature": 1.0},
}
ASKED = ("today", "no_n", "drainage", "temperature")  # those that forecasts from maps are held against
Say = Callable[[str], None]
OpenEngine = Callable[[bytes], "Engine | None"]


@dataclass(frozen=True)
class Settings:
    """What to analyse and how much of it."""

    world: Path
    points: Path | None = None
    bundles: tuple[Path, ...] = ()  # the first is explained, all are members
    physical: bool = False  # explain the physical step (B0) instead of a bundle
    years: int = 20
    spin_up: int = 3000
    present: int = 10  # years of today's husbandry before the start
    shapley_columns: int = 48
    gradient_columns: int = 48
    gradient_years: int = 5  # of the check of gradients against finite differences; the path goes through all years
    path_columns: int = 24
    nodes: int = 8
    seed: int = 0
    workers: int = 2  # processes of MIN3P runs
    min3p_folder: Path | None = None  # where MIN3P runs are kept; None: do not ask MIN3P
    min3p_columns: int = 20
    open_engine: OpenEngine | None = None  # compiled steps of a bundle's bytes (coupler/explain_engine/march.py); None: in Python


@dataclass
class Results:
    """Numbers for JSON and the report, arrays for the figures."""

    numbers: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
