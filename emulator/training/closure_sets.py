"""Fine runs on the layers and steps of land models, as the training of the closure reads them.

What:    ``CoarseSet``: one layering and one length of step, many columns; ``read_sets``: every ``*.npz`` of a folder that
         ``python -m calcisol.coupler.fine_runs`` wrote.
Units:   as in variables.toml. Shapes: static [row, layer, column], the others with time first; states begin one step before.
Use:     ``sets = read_sets(folder)``; ``sets[0].parts`` steps of at most the longest cover one interval
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..contract.constants import LONGEST_SUBSTEP
from ..contract.errors import InputError
from .dataset import Ensemble

HELD_OUT = "held_out"  # in the names of files that no training reads
ARRAYS = ("static", "state", "forcing_layer", "forcing_column", "leached")


@dataclass(frozen=True)
class CoarseSet:
    """One layering, one length of step."""

    static: Tensor
    state: Tensor
    forcing_layer: Tensor
    forcing_column: Tensor
    leached: Tensor  # [step, 3, column] mol m-2 of Ca, DIC, NO3
    dt: float  # s

    @property
    def steps(self) -> int:
        """How many."""
        return int(self.forcing_column.shape[0])

    @property
    def columns(self) -> int:
        """How many."""
        return int(self.static.shape[-1])

    @property
    def layers(self) -> int:
        """How many."""
        return int(self.static.shape[1])

    @property
    def parts(self) -> int:
        """Equal steps that one interval is cut into, as the library does."""
        return max(1, math.ceil(self.dt / LONGEST_SUBSTEP - 1e-9))


def read_sets(folder: Path, held_out: bool = False) -> list[CoarseSet]:
    """The sets of a folder, by name. Raises InputError where there is none, or one is damaged."""
    paths = [p for p in sorted(folder.glob("*.npz")) if (HELD_OUT in p.name) == held_out]
    if not paths:
        raise InputError(
            f"{folder} holds no learning sets (*.npz); make them with `python -m calcisol.coupler.fine_runs {folder}`"
        )
    return [_read(path) for path in paths]


def _read(path: Path) -> CoarseSet:
    try:
        with np.load(path) as file:
            arrays = {name: torch.as_tensor(file[name], dtype=torch.float64) for name in ARRAYS}
            return CoarseSet(**arrays, dt=float(file["dt"]))
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path} is damaged or no learning set ({error}); make it again") from None


def of_archive(data: Ensemble) -> CoarseSet:
    """Columns of a MIN3P archive. Its layers are those of its reference: there the core has nothing to close."""
    return CoarseSet(data.static, data.state, data.forcing_layer, data.forcing_column, data.leached, data.dt)
