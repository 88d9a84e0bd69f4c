"""What decides a training run, as a TOML file says it.

Units:   iterations, intervals of the archive; learning rates of AdamW.
Use:     ``config = TrainingConfig.from_toml(path)``; the shipped file: train.toml
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from ..contract.constants import DAYS_PER_YEAR, SECONDS_PER_DAY
from ..contract.errors import InputError

MONTH = DAYS_PER_YEAR / 12.0 * SECONDS_PER_DAY
MAY_BE_ZERO = ("seed", "on_policy", "weight_decay")


@dataclass(frozen=True)
class TrainingConfig:
    """What decides a training run; read from TOML, unknown keys are an error."""

    seed: int = 1
    width: int = 32
    thermodynamics: str = "phreeqc"
    aluminium: str = "AlOHX2"
    phases: tuple[tuple[int, int, float], ...] = ((1, 300, 2e-3), (3, 300, 1e-3), (6, 100, 4e-4))
    """(unrolled intervals of the archive, iterations, learning rate), in order; see ``substeps``."""
    substeps: tuple[int, ...] = (4, 4, 8)
    """Equal steps an interval is cut into; one is drawn for each window, so that the core knows steps of several lengths."""
    batch: int = 48
    on_policy: float = 0.7
    """Chance, in the later phases, that the next windows continue where the last ones ended, in the emulator's own states."""
    report: int = 50
    """Iterations between two checks, checkpoints and lines of progress."""
    weight_decay: float = 1e-5
    bootstrap: bool = False
    """Draw the training columns with replacement: members of an ensemble, whose spread then tells what the columns decide."""

    def for_interval(self, seconds: float) -> TrainingConfig:
        """The same config for an archive with outputs every ``seconds``: substeps are written for months."""
        months = seconds / MONTH
        if months < 1.1:
            return self
        return replace(self, substeps=tuple(math.ceil(n * months) for n in self.substeps))

    @classmethod
    def from_toml(cls, path: Path) -> TrainingConfig:
        """Read a config. Raises ValueError naming an unknown key, or one whose value cannot be."""
        raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        known = {f.name for f in fields(cls)}
        for key in raw:
            if key not in known:
                raise InputError(f"{path}: key {key!r} is unknown; known are {', '.join(sorted(known))}")
        for f in fields(cls):
            value = raw.get(f.name, f.default)
            like = list if isinstance(f.default, tuple) else type(f.default)
            if f.name in raw and not (type(value) is like or (like is float and type(value) is int)):
                raise InputError(f"{path}: {f.name} = {value!r} must be of the kind of {f.default!r}")
            if isinstance(value, int | float) and not isinstance(value, bool) and value < (0 if f.name in MAY_BE_ZERO else 1):
                raise InputError(f"{path}: {f.name} = {value!r} is too small")
        try:
            if "phases" in raw:
                raw["phases"] = tuple((int(k), int(n), float(rate)) for k, n, rate in raw["phases"])
            if "substeps" in raw:
                raw["substeps"] = tuple(int(n) for n in raw["substeps"])
        except (TypeError, ValueError):
            text = "phases = [[intervals, iterations, rate], ...], substeps = [parts, ...]"
            raise InputError(f"{path}: phases or substeps are no numbers; write {text}") from None
        return cls(**raw)
