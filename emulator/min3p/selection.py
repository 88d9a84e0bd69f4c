"""Which members an ensemble command means: the first ones, a list, or a part of a learning file's split.

What:    numbers of design points, sorted.
Use:     ``select(16, only="3,17,20-25")``; ``select(16, part="test", of=Path("ens/learning.nc"))``
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import xarray as xr

from ..training.dataset import SPLITS, DataError
from ..training.learning_set import part_members
from . import sampling
from .store import EnsembleError


def parse_list(text: str) -> list[int]:
    """Numbers of ``3,17,20-25``. Raises EnsembleError for anything else."""
    out: set[int] = set()
    for word in text.split(","):
        found = re.fullmatch(r"\s*(\d+)(?:-(\d+))?\s*", word)
        if not found:
            raise EnsembleError(f"--only {text!r} is no list of members; write it as 3,17,20-25")
        out.update(range(int(found[1]), int(found[2] or found[1]) + 1))
    if not out:
        raise EnsembleError(f"--only {text!r} names no member (a range runs upward); write it as 3,17,20-25")
    return sorted(out)


def select(members: int, only: str | None = None, part: str | None = None, of: Path | None = None) -> list[int]:
    """The first ``members`` points, those in ``only``, or those of the split ``part`` of the learning file ``of``.

    Raises EnsembleError when the options do not go together or the file cannot be used.
    """
    if only is not None and part is not None:
        raise EnsembleError("--only and --part both choose members; give one of them")
    if part is None:
        return parse_list(only) if only is not None else list(range(members))
    if part not in SPLITS:
        raise EnsembleError(f"--part {part!r} is no part of the split; choose {', '.join(SPLITS)}")
    if of is None:
        raise EnsembleError("--part needs --of LEARNING.nc: the split is that of the accepted members of a learning file")
    try:
        return part_members(of, part)
    except DataError as error:
        raise EnsembleError(str(error)) from None


def plan_of(learning_file: Path) -> dict[str, Any]:
    """Plan (seed, years, ...) of the ensemble that a learning file was made from. Raises EnsembleError when it names none."""
    if not learning_file.is_file():
        raise EnsembleError(f"--of {learning_file} does not exist; give the learning file of an ensemble")
    try:
        opened = xr.open_dataset(learning_file, decode_times=False)
    except (OSError, ValueError):  # xarray's own text is a page on its engines
        raise EnsembleError(f"--of {learning_file} is no netCDF file or is cut short; give the learning file again") from None
    with opened as data:
        if "plan" not in data.attrs:
            raise EnsembleError(f"--of {learning_file} names no plan; give a learning file made by `calcisol ensemble`")
        return json.loads(data.attrs["plan"])


def own_twins(chosen: list[int], seed: int) -> list[int]:
    """Members without nitrogen of their own: without it they are the same column again."""
    return [i for i in chosen if sampling.draw(1, seed, start=i)[0].values["nitrogen"] == 0.0]
