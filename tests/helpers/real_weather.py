"""Daily series of seven real places, and the numbers by which weather is judged.

What:    Brussels 1976-2005 (a gauge) and six English counties 1991-2021 (means of their area), as aquacrop 3.1.0 ships them;
         29 February is left out. No relation of the generator was fitted to any of them.
Shapes:  (year, day of 365) of one place, (year, day, place) of several. Units: mm a day.
Use:     ``places = real_series()``; ``[statistic(p.rain) for p in places]``
"""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from calcisol.coupler.land.soil_water.run import DAY, Retention, SoilWater

from .richards import Loam
from .sources import ROOT

FOLDER = Path(os.environ.get("CALCISOL_DATA") or ROOT.parent / "shared" / "data") / "climate"
PLACES = {
    "brussels": (50.8, 4.4), "cambridge": (52.2, 0.1), "lincolnshire": (53.1, -0.2), "norfolk": (52.7, 1.0),
    "north_yorks": (54.2, -1.3), "northumberland": (55.2, -2.0), "suffolk": (52.2, 1.0),
}  # fmt: skip
MONTH = np.repeat(np.arange(12), [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
DZ = np.array([0.05] * 4 + [0.1] * 4 + [0.2, 0.2, 0.3, 0.3])
LEAF_AREA = 0.3 + 4.0 * np.exp(-(((np.arange(365) - 165) / 45.0) ** 2))  # of a cereal


@dataclass(frozen=True)
class Series:
    """One place: (year, 365) each."""

    name: str
    rain: np.ndarray
    pet: np.ndarray
    tas: np.ndarray


def real_series() -> list[Series]:
    """The seven places, whole years only."""
    made = []
    for name in PLACES:
        with gzip.open(FOLDER / f"aquacrop_{name}_climate.txt.gz", "rt") as file:
            rows = np.array([line.split() for line in file.read().splitlines()[1:] if line.strip()], float)
        rows = rows[~((rows[:, 0] == 29) & (rows[:, 1] == 2))]
        years = [y for y in np.unique(rows[:, 2]) if (rows[:, 2] == y).sum() == 365]
        days = rows[np.isin(rows[:, 2], years)].reshape(len(years), 365, -1)
        made.append(Series(name, days[..., 5], days[..., 6], days[..., 3:5].mean(-1)))
    return made


def monthly(values: np.ndarray, how: str) -> np.ndarray:
    """Mean sum or mean of each month, (12,)."""
    cut = [values[:, month == MONTH] for month in range(12)]
    return np.array([c.sum(1).mean() if how == "sum" else c.mean() for c in cut])


def runs(state: np.ndarray) -> np.ndarray:
    """Lengths of the runs of True in (day,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], state.astype(int), [0]])))
    return edges[1::2] - edges[::2]


STATISTICS = {
    "days with 1 mm": lambda rain: (rain >= 1).mean(),
    "mean length of wet spells": lambda rain: runs(rain.ravel() >= 1).mean(),
    "95th percentile of wet days": lambda rain: np.percentile(rain[rain >= 1], 95),
    "largest day of a year": lambda rain: rain.max(1).mean(),
    "longest dry spell of a year": lambda rain: np.mean([runs(year < 1).max() for year in rain]),
    "sd of annual rain": lambda rain: rain.sum(1).std(ddof=1),
    "sd of monthly rain": lambda rain: np.mean([rain[:, month == MONTH].sum(1).std(ddof=1) for month in range(12)]),
}


def drainage(rain: np.ndarray, pet: np.ndarray) -> np.ndarray:
    """mm a year below 1.6 m of loam under a cereal, (year, place), without the first year."""
    years, _, places = rain.shape
    soil, centre = Loam(), np.cumsum(DZ) - DZ / 2
    curve = Retention(*(v * np.ones((places, len(DZ))) for v in (soil.residual, soil.alpha, soil.n, soil.k_sat / DAY)))
    model = SoilWater(DZ, soil.porosity, curve, np.where(centre < 0.8, np.exp(-centre / 0.25), 0.0))
    bare = np.tile(np.exp(-0.6 * LEAF_AREA), years)[:, None]
    demand = pet.reshape(-1, places)
    days = model.run(rain.reshape(-1, places), demand * (1 - bare), demand * bare)
    return days.percolation[:, :, -1].reshape(years, 365, places).sum(1)[1:]
