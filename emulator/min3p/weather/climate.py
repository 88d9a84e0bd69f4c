"""Weather of a column, day by day: made from its design point, or read from a file of the user's.

What:    ``made_weather``: wet spells (first-order Markov chain) with gamma amounts, wet and dry years, a season of rain and one
         of evaporation demand; ``read_weather``: rain, PET and what else a CSV file holds.
Units:   mm a day, degC, leaf area index. Shapes (day,); years of 365 days from 1 January.
Source:  Richardson (1981, Water Resour. Res. 17, 182-190); the seasons are plain waves.
Use:     ``weather = made_weather(point.values, rng, years=10)``; ``weather = read_weather(Path("rain.csv"), years=10)``
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..store import EnsembleError

Floats = NDArray[np.float64]
YEAR = 365
PERSISTENCE, SHAPE = 0.35, 0.75  # of wet days; of the gamma distribution of their amounts
MOST_RAIN = 60.0  # mm a day
DEFICIT, GIVEN = 60.0, 30.0  # mm of deficit at which a field is irrigated, mm it is given
COLDEST, DARKEST = 15, 0  # day of the year


@dataclass(frozen=True)
class Weather:
    """Every day of a run."""

    rain: Floats
    pet: Floats
    warmth: Floats  # mean temperature of the year that the day is in
    amplitude: float  # K, of the year
    leaves: Floats | None = None  # where the file says them
    irrigation: Floats | None = None

    @property
    def days(self) -> int:
        """Length of the run."""
        return len(self.rain)


def wave(days: int, peak: int) -> Floats:
    """A cosine of the year, 1 on the day ``peak``."""
    return np.asarray(np.cos(2.0 * np.pi * (np.arange(days) - peak) / YEAR))


def made_weather(p: dict[str, float], rng: np.random.Generator, years: int) -> Weather:
    """Weather of the design point ``p``; the same random numbers whatever its values."""
    days = years * YEAR
    year = np.arange(days) // YEAR
    winter = wave(days, COLDEST)
    wetness = np.clip(rng.gamma(16.0, 1.0 / 16.0, years), 0.5, 1.8)
    amounts, draws, noise = rng.gamma(SHAPE, 1.0 / SHAPE, days), rng.random(days), rng.normal(1.0, 0.15, days)
    chance = np.clip(p["wet_days"] * (1.0 + p["rain_winter"] * winter), 0.01, 0.9)
    wet, rains = False, np.zeros(days, dtype=bool)
    for i, share in enumerate(chance):
        wet = bool(draws[i] < share + PERSISTENCE * ((1.0 - share) if wet else -share))
        rains[i] = wet
    rain = np.where(rains, amounts, 0.0) * wetness[year]
    rain = np.minimum(rain * p["rain"] * years / max(float(rain.sum()), 1e-9), MOST_RAIN)

    annual = 700.0 * np.exp(0.1 * (p["temperature"] - 12.0)) * p["demand"]
    sun = np.clip(0.5 - 0.5 * wave(days, DARKEST), 0.06, None) ** 1.2
    pet = sun * np.where(rain > 1.0, 0.7, 1.12) * np.clip(noise, 0.4, 1.6)
    warmth = p["temperature"] + rng.normal(0.0, 0.6, years)[year]
    return Weather(rain, pet * annual * years / pet.sum(), warmth, p["amplitude"])


def irrigated(rain: Floats, pet: Floats, leaves: Floats) -> Floats:
    """Water given (day,), mm: GIVEN when a crop has used up DEFICIT more than it rained."""
    given, deficit = np.zeros(rain.size), 0.0
    for i in range(rain.size):
        deficit = max(deficit + pet[i] - rain[i], 0.0)
        if deficit > DEFICIT and leaves[i] > 1.0:
            given[i], deficit = GIVEN, deficit - GIVEN
    return given


def moisture(falling: Floats, pet: Floats) -> Floats:
    """Of the topsoil, 0.15 to 1, for what organisms do: a bucket of 160 mm, moist enough when half full."""
    stored, moist = 100.0, np.empty(falling.size)
    for i in range(falling.size):
        stored = min(stored + falling[i], 160.0)
        stored = max(stored - pet[i] * min(1.0, stored / 80.0), 0.0)
        moist[i] = min(1.0, 0.15 + stored / 90.0)
    return moist


NEEDED, OPTIONAL = ("rain", "pet"), ("tas", "lai", "irrigation")
MOST = {"rain": 500.0, "pet": 30.0, "tas": 60.0, "lai": 15.0, "irrigation": 500.0}


def read_weather(path: Path, years: int) -> Weather:
    """A CSV file: a header with rain and pet (mm a day), tas (degC), lai and irrigation (mm) where there are; a row a day.

    Whole years of 365 days from 1 January (without 29 February), used again from the first when a run is longer.
    Raises EnsembleError.
    """
    series = _columns(path)
    length = len(series["rain"])
    if length == 0 or length % YEAR:
        raise EnsembleError(f"--weather {path} has {length} days; give whole years of 365 days, without 29 February")
    days = years * YEAR
    run = {name: np.resize(values, days) for name, values in series.items()}
    tas = run.get("tas", 11.0 - 9.0 * wave(days, COLDEST))
    warmth = np.repeat(tas.reshape(years, YEAR).mean(1), YEAR)
    amplitude = float(-2.0 * (tas * wave(days, COLDEST)).mean())
    return Weather(run["rain"], run["pet"], warmth, max(amplitude, 0.0), run.get("lai"), run.get("irrigation"))


def _columns(path: Path) -> dict[str, Floats]:
    """The named columns of the file, checked."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EnsembleError(f"--weather {path} cannot be read ({error}); give a CSV file with the columns rain, pet") from None
    known = {str(name).strip(): name for name in (rows[0] if rows else {})}
    for name in NEEDED:
        if name not in known:
            raise EnsembleError(f"--weather {path} has no column {name!r}; its first line names the columns: rain,pet[,tas,lai]")
    found = {}
    for name in (n for n in (*NEEDED, *OPTIONAL) if n in known):
        try:
            values = np.array([row[known[name]] for row in rows], dtype=float)
        except (TypeError, ValueError) as error:
            raise EnsembleError(f"--weather {path}: column {name} holds no number ({error}); fill it in") from None
        low = -60.0 if name == "tas" else 0.0
        bad = np.flatnonzero(~((values >= low) & (values <= MOST[name])))
        if bad.size:
            day = int(bad[0]) + 1
            raise EnsembleError(
                f"--weather {path}: {name} of day {day} is {values[day - 1]:g}; it must lie from {low:g} to {MOST[name]:g}"
            )
        found[name] = values
    return found
