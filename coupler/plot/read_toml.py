"""Values of a TOML table with their checks: each fault becomes one sentence with the key, the value and what to write instead.

What:    ``Table`` hands out numbers, lists and words, and says which keys nobody asked for.
Errors:  SiteError.
Use:     ``soil = Table(raw["soil"], "[soil]"); soil.numbers("clay_percent", 3, 0, 100); soil.done()``
"""

from __future__ import annotations

import difflib
import math
from typing import Any

import numpy as np

from ..errors import CalcisolError


class SiteError(CalcisolError):
    """The file of a plot cannot be used."""


class Table:
    """A table of the file; ``where`` names it in errors."""

    def __init__(self, raw: Any, where: str) -> None:
        if not isinstance(raw, dict):
            raise SiteError(f"{where} must be a table, not {raw!r}")
        self.raw, self.where = raw, where
        self.asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        """Whether the file gives this key."""
        self.asked.add(key)
        return key in self.raw

    def get(self, key: str, default: Any = None) -> Any:
        """The value as it stands in the file."""
        self.asked.add(key)
        return self.raw.get(key, default)

    def number(self, key: str, low: float, high: float, default: float | None = None) -> float:
        """A number between two limits; without a default it has to be there."""
        value = self.get(key)
        if value is None or value == "":
            if default is None:
                raise SiteError(f"{self.where} names no {key}; give a number between {low:g} and {high:g}")
            return default
        return self._checked(key, value, low, high)

    def _checked(self, key: str, value: Any, low: float, high: float) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise SiteError(f"{self.where}: {key} = {value!r} must be a number between {low:g} and {high:g}")
        if not low <= value <= high:
            raise SiteError(f"{self.where}: {key} = {value:g} must lie between {low:g} and {high:g}")
        return float(value)

    def numbers(self, key: str, count: int, low: float, high: float, default: float | None = None) -> np.ndarray:
        """``count`` numbers, or one for all; a word such as "nan" or an empty one is not measured (NaN)."""
        value = self.get(key)
        if value is None:
            if default is None:
                raise SiteError(f"{self.where} names no {key}; give {count} numbers between {low:g} and {high:g}")
            return np.full(count, default)
        if not isinstance(value, list):
            return np.full(count, self._checked(key, value, low, high))
        if len(value) != count:
            raise SiteError(f"{self.where}: {key} has {len(value)} values; give {count}, one for each of the others")
        missing = [isinstance(x, float) and math.isnan(x) for x in value]
        if any(missing) and default is None:
            raise SiteError(f"{self.where}: {key} has a missing value; give {count} numbers")
        return np.array([math.nan if m else self._checked(key, x, low, high) for x, m in zip(value, missing, strict=True)])

    def text(self, key: str, among: tuple[str, ...] = (), default: str | None = None) -> str:
        """A word, one of ``among`` where they are given."""
        value = self.get(key, default)
        if value is None:
            raise SiteError(f"{self.where} names no {key}" + (f"; give one of {', '.join(among)}" if among else ""))
        if not isinstance(value, str):
            raise SiteError(f"{self.where}: {key} = {value!r} must be text")
        if among and value not in among:
            near = difflib.get_close_matches(value, among, n=1, cutoff=0.0)[0]
            raise SiteError(f"{self.where}: {key} = {value!r} is not known; the nearest is {near!r}, all are {', '.join(among)}")
        return value

    def done(self) -> None:
        """Raise SiteError for a key that nobody asked for: most often a slip of the pen."""
        for key in self.raw:
            if key not in self.asked:
                near = difflib.get_close_matches(key, sorted(self.asked), n=1, cutoff=0.0)
                raise SiteError(f"{self.where}: key {key!r} is not known" + (f"; the nearest is {near[0]!r}" if near else ""))
