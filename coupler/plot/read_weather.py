"""Weather of the years of a plot, by the day or month, from a CSV.

What:    ``years`` gives temperature, rain and potential evapotranspiration by month of each year that the file holds whole.
Units:   degC, mm per month; (12,). Evaporation the file does not give is that of the mean year, by its warmth above -5 degC
         (Oudin et al. 2005, doi:10.1016/j.jhydrol.2004.08.026).
Errors:  SiteError with file and line.
Use:     ``years(folder, "weather.csv", weather)[1962].rain``
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .read_history import read_csv
from .read_toml import SiteError
from .site import Weather

LIMITS = {"temperature_c": (-60.0, 60.0), "rain_mm": (0.0, 2000.0), "pet_mm": (-20.0, 500.0)}
WHOLE = 28  # days that make a month, where the file has days
FREEZING = 5.0  # K above which Oudin's evaporation begins, below 0 degC


def _number(row: dict[str, str], name: str, where: str) -> float:
    low, high = LIMITS[name]
    try:
        value = float(row[name])
    except ValueError:
        raise SiteError(f"{where}: {name} = {row[name]!r} must be a number; leave out days that were not measured") from None
    if not low <= value <= high:
        raise SiteError(f"{where}: {name} = {value:g} must lie between {low:g} and {high:g}")
    return value


def years(folder: Path, name: str, mean: Weather) -> dict[int, Weather]:
    """Weather of each whole year. Columns: date (1962-03-05, or 1962-03 for months), temperature_c, rain_mm, pet_mm if known."""
    rows = read_csv(folder / name)
    for column in ("date", "temperature_c", "rain_mm"):
        if rows and column not in rows[0]:
            raise SiteError(f"{name} has no column {column}; give date, temperature_c, rain_mm and, where known, pet_mm")
    known = [c for c in LIMITS if rows and c in rows[0]]
    months: dict[tuple[int, int], list[list[float]]] = {}
    for i, row in enumerate(rows):
        where, parts = f"{name} line {i + 2}", row["date"].split("-")
        if not (len(parts) in (2, 3) and all(p.isdigit() for p in parts) and 1 <= int(parts[1]) <= 12):
            raise SiteError(f"{where}: date {row['date']!r} must be like 1962-03-05, or 1962-03 for a month")
        months.setdefault((int(parts[0]), int(parts[1])), []).append([_number(row, c, where) for c in known])
    daily = any(len(r["date"].split("-")) == 3 for r in rows)
    found = {}
    for year in sorted({y for y, _ in months}):
        of = [months.get((year, m + 1), []) for m in range(12)]
        if any(len(values) < (WHOLE if daily else 1) for values in of):
            continue  # a year that begins or ends within the file
        sums = {c: np.array([sum(v[k] for v in values) for values in of]) for k, c in enumerate(known)}
        table = {**sums, "temperature_c": sums["temperature_c"] / [len(values) for values in of]}
        warm = np.maximum(table["temperature_c"] + FREEZING, 0.0) / np.maximum(mean.temperature + FREEZING, 0.5)
        found[year] = Weather(table["temperature_c"], table["rain_mm"], table.get("pet_mm", mean.pet * warm), name)
    if not found:
        raise SiteError(f"{name} holds no whole year; give all days of a year, or its twelve months")
    return found
