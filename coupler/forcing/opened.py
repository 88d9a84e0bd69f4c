"""A forcing file of the user, opened and laid out: places, layers, steps, and which variable gives which input.

What:    ``OpenedFile``; read.py reads from it, check.py looks through it, forcing_file.py gives what a run takes.
Source:  layout.py, vertical.py, time_axis.py and names.py, each from the attributes of the first file.
Use:     ``with OpenedFile(path) as f: f.axis.dt, f.soil.count``; raises ForcingError, one sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import xarray as xr

from ..units import SECONDS_PER_YEAR
from . import layout, vertical
from .axes import time_dim
from .fault import ForcingError
from .land_model_terms import Term, is_mean
from .names import Source, find_sources, input_named, land_model
from .open_files import BLOCK_BYTES, open_parts
from .time_axis import TimeAxis, read_time


class OpenedFile:
    """An open forcing file. ``nitrify``: the library nitrifies, so that a file without n_nit has no fault."""

    nitrify = False

    def __init__(self, path: Path, more: Sequence[Path] = ()) -> None:
        """Open, find places, layers and variables. Raises ForcingError when one of them cannot be understood.

        ``more``: files with other variables of the same places and steps, or of the same places alone (soil).
        """
        self.path = Path(path)
        self.parts = open_parts(self.path, more)
        try:
            self.file: xr.Dataset = self.parts[0]
            self.time = time_dim(self.file)
            try:
                self.layout = layout.find(self.file)
            except ValueError as error:
                raise ForcingError(f"forcing {self.path.name}: {error}; write plain lat and lon") from None
            self.soil = vertical.find_layers(self.file)
            self.depth, self.layers = self.soil.dim, self.soil.count
            self.joined: np.ndarray | None = None  # layer of the run of each of the file, where thin ones are joined (inputs.py)
            self.latest: dict[tuple[str | int, ...], np.ndarray] = {}  # variables read last, the oldest first (read.py)
            self.sources: dict[str, Source] = find_sources(self.file, self.depth)
            mean = "w_liq" in self.sources and is_mean(self.file, self.sources["w_liq"].names[0], self.time)
            self.terms: dict[str, Term]  # of the water budget of a land model's output
            self.terms, made = land_model(self.file, self.depth, self.sources, mean)
            self.sources |= made
            if "dz" not in self.sources and self.soil.thickness is not None:
                self.sources["dz"] = Source(
                    input_named("dz"), (self.soil.name,), "bounds", f"from the bounds of {self.soil.name}"
                )
        except BaseException:
            self.close()
            raise

    @property
    def names(self) -> dict[str, str]:
        """Contract name -> what it is made of in the file."""
        return {name: source.found for name, source in self.sources.items()}

    @cached_property
    def axis(self) -> TimeAxis:
        """The steps. Raises ForcingError where they do not follow each other."""
        if not self.sources:
            raise ForcingError(f"{self.path.name} holds no variable that is known; `calcisol describe` lists names and units")
        return read_time(self.parts, self.time)

    def block_steps(self) -> int:
        """Steps that are read together."""
        return max(1, int(BLOCK_BYTES / (8.0 * max(1, len(self.layout)) * self.layers)))

    def lengths(self, steps: slice | None) -> dict[str, np.ndarray | float]:
        """Seconds of month, year and step, for units that count them."""
        if steps is None:
            return {"year": SECONDS_PER_YEAR}
        axis = self.axis
        return {"month": axis.month_seconds[steps], "year": axis.year_seconds[steps], "step": axis.dt[steps]}

    def close(self) -> None:
        """Close the file."""
        for part in self.parts:
            part.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
