"""A chunk of columns as work for one process, and the names of its files.

What:    ``Task`` goes through spin-up and all scenarios (time_loop.py); one file per segment is left in its folder.
Use:     ``chunk_file(folder, 3, "baseline-1a2b3c4d")``
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..config import RunConfig
from ..europe.domain import Domain
from ..europe.scenario import Scenario
from . import checkpoint

SPINUP = "spinup"


@dataclass(frozen=True)
class Task:
    """One chunk of columns through spin-up and all scenarios."""

    number: int
    domain: Domain
    config: RunConfig
    scenarios: tuple[Scenario, ...]
    folder: Path
    laboratory: bool = True  # with the pH of suspensions, two more equilibria a year
    stop_after: int | None = None  # tests: raise after this many years, as a kill would
    pieces: tuple[int, ...] = ()  # layers of ``config`` that each layer of the records is cut into; (): it is the layer

    @property
    def shape(self) -> tuple[int, int]:
        """Columns, and layers of the records."""
        return len(self.domain), len(self.pieces or self.config.layers)


class Stopped(RuntimeError):
    """Raised by a task that was told to stop early (tests of restart)."""


def chunk_file(folder: Path, number: int, segment: str, part: bool = False) -> Path:
    """File of one chunk and segment (spin-up or scenario)."""
    return folder / f"chunk_{number:04d}_{segment}{'.part' if part else ''}.npz"


def block_file(folder: Path, number: int, segment: str, first: int) -> Path:
    """File of the years of a segment from one checkpoint to the next; ``first`` counts them from 0."""
    return folder / f"chunk_{number:04d}_{segment}.from_{first:05d}.npz"


def finished(folder: Path, number: int, segment: str) -> bool:
    """Whether a segment has its result, file by file."""
    final = chunk_file(folder, number, segment)
    if not checkpoint.whole(final):
        return False
    saved = checkpoint.load(final) or {}
    return all(checkpoint.whole(block_file(folder, number, segment, first)) for first in saved["blocks"].tolist())


def group(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """Arrays whose names begin with ``prefix``, without it."""
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
