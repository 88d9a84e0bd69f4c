"""Scenarios: small TOML files that multiply inputs over the years.

What:    a Scenario gives a factor per input, year and country: 1 before the ramp, linear through it, held after it.
Units:   factors are 1 = unchanged.
Source:  the shipped set follows science.md B.5 (ramp 2020-2030, then hold); each file states its own.
Use:     ``scenario = load_scenario("n_minus_20")``; ``scenario.factor("mineral_n", 2025, countries) -> (column,)``.
"""

from __future__ import annotations

import difflib
import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .config import ConfigError

INPUTS = ("mineral_n", "manure_n", "deposition_n")
_KEYS = {"": ("title", "description", "source", "change", "ramp", "countries"), "change": INPUTS, "ramp": ("from", "to")}


@dataclass(frozen=True)
class Scenario:
    """One scenario; ``countries`` (ISO codes, empty = all) limits where it acts."""

    name: str
    title: str
    description: str
    change: dict[str, float]
    ramp: tuple[int, int]
    countries: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Name with a hash of what the scenario changes, for file names of intermediate results."""
        content = repr((sorted(self.change.items()), self.ramp, self.countries))
        return f"{self.name}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"

    def factor(self, what: str, year: int, country: np.ndarray) -> np.ndarray:
        """Multiplier of one input in one year, shape (column,)."""
        first, last = self.ramp
        done = min(1.0, max(0.0, (year - first) / (last - first))) if last > first else float(year >= last)
        factor = 1.0 + (self.change.get(what, 1.0) - 1.0) * done
        if not self.countries:
            return np.full(len(country), factor)
        return np.where(np.isin(country, self.countries), factor, 1.0)


def shipped() -> list[str]:
    """Names of the scenarios that come with the package."""
    return sorted(p.stem for p in Path(__file__).with_name("scenarios").glob("*.toml"))


def _check(raw: dict, table: str, where: str) -> None:
    for key in raw:
        if key not in _KEYS[table]:
            near = difflib.get_close_matches(key, _KEYS[table], n=1, cutoff=0.0)[0]
            raise ConfigError(f"scenario {where}: key {key!r} is not known; the nearest is {near!r}")


def load_scenario(name: str) -> Scenario:
    """A shipped scenario by name, or one of the user's by the path of its TOML file. Raises ConfigError."""
    path = Path(name) if name.endswith(".toml") else Path(__file__).with_name("scenarios") / f"{name}.toml"
    if not path.is_file():
        raise ConfigError(f"scenario {name!r} is not known; use one of {', '.join(shipped())} or the path of a TOML file")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"scenario {path} is no valid TOML ({error}); mend that line") from None
    _check(raw, "", path.name)
    change, ramp = raw.get("change", {}), raw.get("ramp", {})
    _check(change, "change", path.name)
    _check(ramp, "ramp", path.name)
    for key, value in change.items():
        if not isinstance(value, (int, float)) or not 0 <= value <= 10:
            raise ConfigError(f"scenario {path.name}: {key} = {value!r} must be a factor from 0 to 10 (1 = unchanged)")
    return Scenario(
        name=path.stem,
        title=raw.get("title", path.stem),
        description=raw.get("description", ""),
        change={k: float(v) for k, v in change.items()},
        ramp=(int(ramp.get("from", 2020)), int(ramp.get("to", 2030))),
        countries=tuple(raw.get("countries", ())),
    )
