"""The arable crops of Europe as the driver sees them: when they are sown, how much warmth they need, how their leaves grow.

What:    ``CROPS``, one row each, and how the groups of data/crops.csv are shared out among them (``crop_shares``).
Units:   degC, degC days above a base temperature, days of the year from 0 (1 January), m2 of leaf per m2 of ground.
Source:  warmth and dates: crop files of WOFOST for the European Community (Boons-Prins, de Koning, van Diepen & Penning de Vries
         1993, Simulation Reports CABO-TT 32: BAR301, MAG201-205, SUG0601-0604, SUN1101, RAP1001-1003, and wheat as in the
         edition of 2017), by latitude of their regions; sowing of winter crops at 12 degC, rape at 17 degC: Waha et al. 2012,
         Global Ecol. Biogeogr. 21, 247-259, as in LPJmL; growth of leaves: LPJmL 4 (Schaphoff et al. 2018, Geosci. Model Dev.
         11, 1343-1375), after Williams et al. 1989.
Use:     ``for crop in CROPS: ...``; ``crop_shares(["FRA", "HUN"], warmest)``
"""

from __future__ import annotations

import csv
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..data import data_file

Floats = NDArray[np.float64]
FIRST_OF = np.cumsum([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30])  # day of the year on which each month begins


def _day(day: int, month: int) -> int:
    return int(FIRST_OF[month - 1]) + day - 1


@dataclass(frozen=True)
class Leaves:
    """Share of the largest leaf area by share of the warmth from sowing to maturity: two points of an S, then a power."""

    first: tuple[float, float]
    second: tuple[float, float]
    ageing: float  # share of the warmth at which leaves begin to die
    power: float = 2.0
    last: float = 0.0  # share left at harvest
    largest: float = 5.0  # LPJmL's largest leaf area index, the same for all of these crops


@dataclass(frozen=True)
class Crop:
    """One crop. Tables by latitude are (latitude, value) pairs, constant beyond their ends."""

    name: str
    sown_at: float  # degC of mean air: winter crops when it falls below, others when it rises above
    sown_between: tuple[int, int]  # days of the year
    base: float  # degC
    to_flowering: tuple[tuple[float, float], ...]  # degC days, from 1 January (winter crops) or emergence
    to_maturity: tuple[tuple[float, float], ...]  # degC days from flowering
    leaves: Leaves
    emergence: float = 0.0  # degC days from sowing; 0: warmth counts from 1 January
    day_length: tuple[float, float] | None = None  # h: development before flowering stands still below, is free above
    latest_harvest: int = _day(27, 10)
    ripens: bool = True  # else it stands until its latest harvest
    # mineral nitrogen: (day counted from, degC days above 0 after it or share of those to flowering, share of the year's amount)
    dressings: tuple[tuple[str, float, float], ...] = (("sowing", 0.0, 1.0),)

    @property
    def winter(self) -> bool:
        """Sown in autumn."""
        return self.emergence == 0.0


CEREAL = Leaves((0.05, 0.05), (0.45, 0.95), 0.70)
CROPS = (
    Crop(
        # 543 to 1031 degC days in the files of seven regions, of mean 807, days of 14.6 to 16.8 h: one value meets their dates
        "winter cereals", 12.0, (_day(1, 9), _day(15, 12)), 0.0, ((50.0, 800.0),), ((50.0, 950.0),), CEREAL,
        day_length=(8.0, 16.0),
        # growth starts again at 200 degC days after 1 January; ear at 1 cm; last leaf (Arvalis: 40, the most, 40 kg N ha-1)
        dressings=(("january", 200.0, 0.25), ("flowering", 0.38, 0.50), ("flowering", 0.75, 0.25)),
    ),
    Crop(
        "spring cereals", 5.0, (_day(9, 2), _day(15, 5)), 0.0, ((50.0, 800.0),), ((50.0, 750.0),), CEREAL, emergence=110.0,
        dressings=(("sowing", 0.0, 0.5), ("sowing", 350.0, 0.5)),
    ),
    Crop(
        "maize", 11.0, (_day(10, 3), _day(10, 5)), 6.0,
        ((37.5, 935.0), (41.5, 855.0), (46.0, 775.0), (49.0, 695.0)),
        ((37.5, 920.0), (41.5, 900.0), (46.0, 880.0), (49.0, 860.0), (51.0, 800.0)),
        Leaves((0.10, 0.05), (0.50, 0.95), 0.75), emergence=110.0,
        dressings=(("sowing", 0.0, 0.5), ("sowing", 450.0, 0.5)),
    ),
    Crop(
        "winter rape", 17.0, (_day(5, 8), _day(31, 10)), 4.0, ((38.0, 190.0), (43.0, 200.0), (48.0, 240.0)),
        ((38.0, 900.0), (43.0, 700.0), (48.0, 600.0)), Leaves((0.05, 0.01), (0.50, 0.95), 0.85), day_length=(10.0, 16.0),
        dressings=(("january", 200.0, 0.5), ("january", 400.0, 0.5)),
    ),
    Crop(
        "sunflower", 10.0, (_day(20, 3), _day(30, 4)), 2.0, ((45.0, 1050.0),), ((45.0, 1000.0),),
        Leaves((0.15, 0.01), (0.50, 0.95), 0.70), emergence=130.0,
    ),
    Crop(
        "roots", 7.0, (_day(20, 3), _day(30, 4)), 3.0, ((37.0, 850.0), (38.0, 800.0), (43.0, 700.0), (48.0, 650.0)),
        ((45.0, 1400.0),), Leaves((0.15, 0.05), (0.50, 0.95), 0.75, power=0.5, last=0.75), emergence=90.0,
        latest_harvest=_day(22, 10), ripens=False,
        dressings=(("sowing", 0.0, 0.4), ("sowing", 300.0, 0.6)),
    ),
)  # fmt: skip
NAMES = tuple(crop.name for crop in CROPS)
# share of the warmth of autumn that counts for the leaves of winter crops: about what vernalisation leaves of it [assumption]
AUTUMN = 0.3
SPRING_SHARE = 0.5  # of cereals other than wheat that are sown in spring [assumption: barley, oats and rye together]
# oil seeds are rape where the warmest month is below the first temperature, sunflower above the second [assumption]
SUNFLOWER_FROM, SUNFLOWER_ALL = 19.0, 21.0  # degC: Paris 19.5, Budapest 21.5


def by_latitude(table: tuple[tuple[float, float], ...], lat: Floats) -> Floats:
    """Values of a table between its latitudes, constant beyond them."""
    at, value = zip(*table, strict=True)
    return np.interp(lat, at, value)


def _groups() -> dict[str, dict[str, float]]:
    text = data_file("crops.csv").read_text(encoding="utf-8")
    return {row["country"]: {k: float(v) for k, v in row.items() if k != "country"} for row in csv.DictReader(text.splitlines())}


def crop_shares(country: NDArray[np.str_] | list[str], warmest: Floats) -> Floats:
    """Share of each crop in the arable land of a column, (column, crop), sums to 1; ``warmest`` month's mean [degC] (column,).

    From the nitrogen that a country gives to each group of crops, as if each got the same dose [assumption]. Vegetables, fruit
    and "other" are left out: permanent crops are no arable land. A country without a row has the mean of all.
    """
    table = _groups()
    mean = {group: float(np.mean([row[group] for row in table.values()])) for group in next(iter(table.values()))}
    rows = [table.get(str(c), mean) for c in country]
    of = {group: np.array([row[group] for row in rows]) for group in mean}
    sun = np.clip((np.asarray(warmest) - SUNFLOWER_FROM) / (SUNFLOWER_ALL - SUNFLOWER_FROM), 0.0, 1.0)
    made = np.stack(
        [
            of["wheat"] + (1.0 - SPRING_SHARE) * of["other_cereals"],
            SPRING_SHARE * of["other_cereals"],
            of["maize"],
            of["oilseeds"] * (1.0 - sun),
            of["oilseeds"] * sun,
            of["roots"],
        ],
        axis=1,
    )
    return np.asarray(made / made.sum(1, keepdims=True))
