"""Nitrogen and sulphur before the scenarios: European inputs of a year relative to 2019.

What:    ``factor("deposition_n", 1995)``; linear between the years of the table, held constant before and after it.
Units:   1 = 2019; nitrogen per hectare of cropland in use.
Source:  EuropeAgriDB v1.0 (Einarsson et al. 2021, doi:10.1038/s41597-021-01061-z), aggregate "Former EU28 except CY, EE, LT, LV,
         MT, SI" to 2007, "EU28 except CY, MT" in 2019; one curve for all countries (eastern ones fell more after 1990).
         Sulphur: European emissions of SO2, 44 Tg in 1989, -54 % over 1990-1999, 15 Tg in 2004 (Vestreng et al. 2007,
         doi:10.5194/acp-7-3663-2007); 2019 at two thirds of 2004 [assumption].
Use:     ``domain["mineral_n"] * history.factor("mineral_n", year)``.
"""

from __future__ import annotations

import csv
from functools import cache

import numpy as np

from ..data import data_file


@cache
def table() -> dict[str, np.ndarray]:
    """Columns of data/history.csv."""
    with data_file("history.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {k: np.array([float(r[k]) for r in rows]) for k in rows[0]}


def factor(what: str, year: int) -> float:
    """Input of a year relative to 2019; 1 for what the table does not hold."""
    known = table()
    return float(np.interp(year, known["year"], known[what])) if what in known else 1.0


def first_year() -> int:
    """First year of the table."""
    return int(table()["year"][0])


def held(start_year: int, history: bool) -> str:
    """One sentence where a run begins before the table, which then repeats its first year; else nothing."""
    first = first_year()
    if not history or start_year >= first:
        return ""
    return (
        f"Nitrogen and sulphur inputs of {start_year}-{first - 1} are those of {first}, the first year that is known: "
        "these years are a longer spin-up, no history."
    )
