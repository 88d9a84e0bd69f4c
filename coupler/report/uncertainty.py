"""The interval of the headline numbers: soil carbonate, emulator, and what ties soil CO2 and losses to nitrogen.

What:    the run again on some columns with one thing changed at a time (a Member); each source moves a number up or down,
         sources are independent and add in quadrature. The number itself is that of the whole run.
Carbonate: all cells at once at the 5 and 95 % point of their ln CaCO3: as if every cell erred the same way, so the interval
         of a mean is an upper bound. Emulator: the spread of the members of ``ensemble`` or the 95th percentile of the error of
         the 30-year change of SIC that the bundle states, whichever is wider: members trained on the same runs share their
         errors. Without either it is left out and the report says so.
Units:   those of each number; 90 % intervals.
Source:  ranges of land/parameters.py.
Use:     ``intervals = assess(domain, config, gathered, contract)``; ``intervals["n_minus_20"]["per_kg_n"].low``.
"""

from __future__ import annotations

import csv
import dataclasses
import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..config import GENERATED, RunConfig
from ..europe.domain import Domain, Field, stacked
from ..europe.scenario import load_scenario
from ..europe.weather_and_water import WEATHER_MEMBER
from ..offline import chunks, results
from ..offline.checkpoint import KEPT
from ..offline.folder_lock import whole_file
from ..offline.results import Result
from . import summary

Z90 = 1.645  # 5 and 95 % points of a normal distribution
LEAST_CACO3, MOST_CACO3 = 0.02, 0.80  # kg kg-1: the domain holds calcareous soils only
# what a scenario of nitrogen does depends most on these two constants of config.py: (table, key, low, high)
CONSTANTS = (("carbon", "per_n_uptake", 0.0, 40.0), ("nitrogen", "denitrified_surplus", 0.15, 0.45))
DEMAND = (0.9, 1.1)  # factors on potential evapotranspiration, whose methods differ by more [assumption]
# other draws of daily weather with the same climate. Every column draws its own: the mean over the columns of the interval varies
# as if Europe had as many independent weathers as there are such columns
WEATHERS = (1, 2, 3)
SOURCES = {
    "caco3": "carbonate content of the soils",
    "emulator": "emulator",
    "per_n_uptake": "response of soil CO₂ to nitrogen",
    "denitrified_surplus": "share of the surplus that is denitrified",
    "drainage": "drainage, by evaporative demand",
    "weather": "daily weather",
}
Numbers = dict[str, float]


@dataclass(frozen=True)
class Member:
    """One variant of the columns, and the source it stands for.

    What is changed: ``z`` standard deviations of ln CaCO3, a constant, a factor on demand, or the draw of weather.
    """

    source: str
    z: float = 0.0
    key: str = ""
    value: float = 0.0


@dataclass(frozen=True)
class Interval:
    """A number with its 90 % interval, and how far each source alone moves it (down, up)."""

    value: float
    low: float
    high: float
    parts: dict[str, tuple[float, float]]


def members(config: RunConfig) -> list[Member]:
    """The central member first."""
    made = [Member(""), Member("caco3", -Z90), Member("caco3", Z90)]
    made += [Member(key, 0.0, key, value) for _, key, low, high in CONSTANTS for value in (low, high)]
    made += [Member("drainage", 0.0, "pet", value) for value in DEMAND]
    drawn = WEATHERS if config.weather == GENERATED and not config.weather_files else ()
    return made + [Member("weather", 0.0, WEATHER_MEMBER, float(n)) for n in drawn]


def varied(domain: Domain, member: Member, config: RunConfig) -> Domain:
    """The domain as a member has it; the constants are fields of it, so that all members step together."""
    constants = {key: getattr(getattr(config, group), key) for group, key, _, _ in CONSTANTS} | {WEATHER_MEMBER: 0.0}
    if member.key in constants:
        constants[member.key] = member.value
    flat = {k: Field(np.full(len(domain), v), "1", k, "estimated", "config.py", "calcisol") for k, v in constants.items()}
    field = domain.fields["caco3"]
    moved = (
        np.clip(field.values * np.exp(member.z * domain["caco3_ln_sd"]), LEAST_CACO3, MOST_CACO3) if member.z else field.values
    )
    demand = domain.fields["pet"]
    if member.key == "pet":
        demand = dataclasses.replace(demand, values=demand.values * member.value)
    return domain.with_fields(**flat, caco3=dataclasses.replace(field, values=moved), pet=demand)


def numbers(gathered: list[Result], area: np.ndarray) -> dict[str, Numbers]:
    """Headline numbers by scenario."""
    made: dict[str, Numbers] = {}
    for r in gathered:
        start, end = r.start_sic.sum(1), np.asarray(r.layer["sic"][-1]).sum(1)
        mine = {
            "loss": float(((start - end) * area).sum() / area.sum()) / len(r.years) * 1e3,
            "late_loss": summary.late_loss(r, area),
        }
        base = summary.reference(gathered, r)
        if base is not None:
            mine["kept"] = float((summary.kept_carbon(r, base) * area).sum()) * 1e-9
            mine["per_kg_n"] = summary.per_kg_n(r, base, area)
            mine["per_mol_acid"] = summary.per_mol_acid(r, base, area)
        made[r.scenario.name] = mine
    return made


def emulator_error(contract: dict[str, Any]) -> float | None:
    """Relative error of the change of SIC stated in the bundle (95th percentile), or None."""
    value = contract.get("scores", {}).get("bundle", {}).get("dsic_p95")
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def combine(value: float, central: float, by_source: dict[str, list[float]], emulator: float | None) -> Interval:
    """Interval of one number from its values in the members of each source."""
    parts: dict[str, tuple[float, float]] = {}
    if math.isfinite(value) and math.isfinite(central) and central != 0:
        for source, found in by_source.items():
            moves = [(x / central - 1.0) * value for x in found]
            parts[source] = (min([*moves, 0.0]), max([*moves, 0.0]))
            if source == "weather":  # draws, not two ends
                spread = Z90 * statistics.stdev([value, *(x + value for x in moves)])
                parts[source] = (-spread, spread)
            if source == "emulator":  # a sample, not two ends: the standard deviation of all members, the first included
                emulator = max(emulator or 0.0, Z90 * statistics.stdev([1.0, *(x / central for x in found)]))
        if emulator is not None:
            parts["emulator"] = (-emulator * abs(value), emulator * abs(value))
    down, up = (math.sqrt(sum(p[i] ** 2 for p in parts.values())) for i in (0, 1))
    return Interval(value, value - down, value + up, parts)


def assess(domain: Domain, config: RunConfig, gathered: list[Result], contract: dict[str, Any]) -> dict[str, dict[str, Interval]]:
    """Intervals by scenario and number; empty where the configuration asks for none."""
    if config.uncertainty < 1:
        return {}
    every = max(1, math.ceil(len(domain) / config.uncertainty))
    few = domain.subset(slice(every // 2, None, every))
    listed = members(config)
    found = [n for _, n in _run(few, listed, config)]
    extra = [_run(few, listed[:1], dataclasses.replace(config, bundle=b))[0][1] for b in config.ensemble]
    error = emulator_error(contract)
    made: dict[str, dict[str, Interval]] = {}
    for name, mine in numbers(gathered, domain["area"]).items():
        made[name] = {}
        for key, value in mine.items():
            by_source: dict[str, list[float]] = {"emulator": [n[name][key] for n in extra]} if extra else {}
            for member, n in zip(listed[1:], found[1:], strict=True):
                by_source.setdefault(member.source, []).append(n[name][key])
            made[name][key] = combine(value, found[0][name][key], by_source, error)
    return made


def _run(few: Domain, listed: list[Member], config: RunConfig) -> list[tuple[Member, dict[str, Numbers]]]:
    """Headline numbers of each member, stepped as one domain."""
    cells = stacked([varied(few, member, config) for member in listed])
    # its folder is named by its numbers: work of an earlier run in it is the same to the last bit
    folder = chunks.run(cells, config, True, what="chunks for the interval", laboratory=False)
    gathered = [results.gather(cells, config, folder, load_scenario(name)) for name in config.scenarios]
    made = []
    for i, member in enumerate(listed):
        mine = slice(i * len(few), (i + 1) * len(few))
        made.append((member, numbers([r.part(mine) for r in gathered], few["area"])))
    chunks.tidy(folder)
    return made


UNITS = {
    "loss": "gC m-2 year-1",
    "late_loss": "gC m-2 year-1",
    "kept": "TgC",
    "per_kg_n": "kgC kgN-1",
    "per_mol_acid": "mol mol-1",
}


def write_csv(path: Path, intervals: dict[str, dict[str, Interval]]) -> None:
    """uncertainty.csv: scenario, number, unit, value, low, high and the move by each source."""
    sources = list(dict.fromkeys(s for mine in intervals.values() for i in mine.values() for s in i.parts))
    form: Callable[[float], str] = lambda x: f"{x:.6g}"  # noqa: E731
    with whole_file(path, KEPT) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        ends = [f"{s}_{end}" for s in sources for end in ("down", "up")]
        writer.writerow(["scenario", "number", "unit", "value", "low_90", "high_90", *ends])
        for name, mine in intervals.items():
            for key, i in mine.items():
                moves = [form(x) for s in sources for x in i.parts.get(s, (0.0, 0.0))]
                writer.writerow([name, key, UNITS[key], form(i.value), form(i.low), form(i.high), *moves])
