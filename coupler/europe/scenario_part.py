"""One part of a scenario: what it changes along its ramp, and the share of each column that it acts on.

What:    a Part multiplies inputs and sets values: nothing before its ramp, linear through it, held after it.
Shapes:  (column,). Units: shares of a column, 0 to 1; factors; settings as in scenario.SETTINGS.
Source:  shares of crops: Ludemann et al. 2022, survey 2018 (data/crops.csv); masks: input_maps/masks.py.
Use:     ``part.done(2025) * part.weight("mineral_n", domain)``
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

from ..data import data_file
from .domain import CELL_DEGREES


class Place(Protocol):
    """What a scenario needs of the columns; a Domain has it."""

    @property
    def country(self) -> np.ndarray:
        """Code of the country (column,)."""

    @property
    def lat(self) -> np.ndarray:
        """degrees north (column,)."""

    @property
    def lon(self) -> np.ndarray:
        """degrees east (column,)."""


@cache
def crop_shares() -> dict[str, dict[str, float]]:
    """Share of a country's mineral nitrogen by crop group (Ludemann et al. 2022, survey 2018); the columns sum to 1."""
    with data_file("crops.csv").open(encoding="utf-8") as file:
        return {r.pop("country"): {k: float(v) for k, v in r.items()} for r in csv.DictReader(file)}


@lru_cache(maxsize=64)
def _mask(path: str, lat: bytes, lon: bytes, degrees: float) -> np.ndarray:
    """Share of each column inside a mask, read once for a set of places of square cells."""
    from ..input_maps.masks import on_points

    found = on_points(Path(path), np.frombuffer(lat), np.frombuffer(lon), degrees)
    return np.clip(np.nan_to_num(found), 0.0, 1.0)


@dataclass(frozen=True)
class Part:
    """Changes along one ramp; empty ``countries`` and ``crops`` mean all of them, an empty ``mask`` everywhere."""

    change: dict[str, float]
    set: dict[str, float]
    ramp: tuple[int, int]
    countries: tuple[str, ...] = ()
    crops: tuple[str, ...] = ()
    mask: str = ""

    def done(self, year: int) -> float:
        """How far the ramp is, 0 to 1."""
        first, last = self.ramp
        return min(1.0, max(0.0, (year - first) / (last - first))) if last > first else float(year >= last)

    def weight(self, what: str, place: Place) -> np.ndarray:
        """Share of each column this part acts on, (column,)."""
        weight = np.ones(len(place.country))
        if self.countries:
            weight = weight * np.isin(place.country, self.countries)
        if self.mask:
            weight = weight * _mask(self.mask, place.lat.tobytes(), place.lon.tobytes(), getattr(place, "degrees", CELL_DEGREES))
        if self.crops and what == "mineral_n":
            shares = crop_shares()
            weight = weight * np.array([sum(shares.get(str(c), {}).get(crop, 0.0) for crop in self.crops) for c in place.country])
        return weight
