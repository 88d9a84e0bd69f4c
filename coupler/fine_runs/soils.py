"""Drawn columns: soil, roots, water table and what enters and leaves them day by day.

What:    ``draw_column``: carbonate from none to 25 %, decalcified tops, slow calcite, calcite that waits (``si_pedogenic``),
         water tables, irrigation with its salts, three fertilisers; the ranges are stated where they are drawn.
Units:   as in variables.toml; sources are rates, concentrations of rain mol m-2 per mm. Shapes (cell,), (day,), (day, cell).
Source:  processes and profiles as in the reference model's daily columns (docs/daily_columns.md); ranges are our choice.
Use:     ``column = draw_column(np.random.default_rng(1), years=5)``
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...emulator.contract.constants import PARTICLE_DENSITY
from ..units import HA_M2, N_KG_PER_MOL, SECONDS_PER_DAY
from .climates import Floats, Rng, Weather, draw_weather

CELLS = np.array([0.025] * 4 + [0.05] * 4 + [0.10] * 7 + [0.15] * 4)
"""m; thickness of the cells of a fine run."""
BOTTOM = np.cumsum(CELLS)
TOP = BOTTOM - CELLS
CENTRE = BOTTOM - CELLS / 2
RAIN = {"ca": 4e-5, "mg": 1e-5, "k": 3e-6, "na": 5e-5, "nh4": 3e-5, "no3": 3e-5, "so4": 2.5e-5, "cl": 5e-5, "dic": 2.2e-5}
GIVEN = {"ca": 1.0, "mg": 0.4, "na": 0.6, "cl": 0.8, "so4": 0.3, "dic": 2.0}  # water of a field, of its calcium
FERTILISERS = {  # mol per mol N
    "ammonium nitrate": {"nh4": 0.5, "no3": 0.5},
    "urea": {"nh4": 1.0, "dic": 0.5},
    "ammonium sulphate": {"nh4": 1.0, "so4": 0.5},
}
USUAL = {"residual": 0.15, "alpha": 2.0, "n": 1.41, "k_sat": 1.25e-6}  # a loam
FRONTS = (0.075, 0.15, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8)  # m; cells above are decalcified
FAST = 0.02  # mol m-3 s-1, calcite of loess


@dataclass(frozen=True)
class FineColumn:
    """One column of a fine run."""

    weather: Weather
    static: dict[str, Floats]  # (cell,)
    retention: dict[str, float]
    table_depth: float  # m, NaN: drains freely
    roots: Floats  # (cell,)
    layered: dict[str, Floats]  # (day, cell) rates and temperature
    deposited: dict[str, Floats]  # (day,) mol m-2 s-1


def exponential(scale: float) -> Floats:
    """Shares of the cells of what falls off as exp(-z / scale)."""
    share = np.exp(-TOP / scale) - np.exp(-BOTTOM / scale)
    return np.asarray(share / share.sum())


def even(depth: float) -> Floats:
    """Shares of the cells of what is spread evenly down to a depth."""
    share = np.clip(np.minimum(BOTTOM, depth) - TOP, 0.0, None)
    return np.asarray(share / share.sum())


def log_uniform(rng: Rng, low: float, high: float) -> float:
    """Drawn evenly in the logarithm."""
    return float(np.exp(rng.uniform(math.log(low), math.log(high))))


def draw_column(rng: Rng, years: int) -> FineColumn:
    """One column; four of ten are the loam of the reference columns, one of three has a water table."""
    weather = draw_weather(rng, years)
    clay, soc = rng.uniform(0.08, 0.40), rng.uniform(0.006, 0.03)
    sand, density = rng.uniform(0.1, min(0.7, 0.95 - clay)), rng.uniform(1200.0, 1550.0)
    retention = {
        "residual": rng.uniform(0.08, 0.22),
        "alpha": log_uniform(rng, 1.0, 5.0),
        "n": rng.uniform(1.25, 1.7),
        "k_sat": log_uniform(rng, 4e-7, 6e-6),
    }
    if rng.random() < 0.4:
        clay, sand, soc, density, retention = 0.22, 0.30, 0.012, 1400.0, dict(USUAL)
    table = rng.uniform(1.2, 1.55) if rng.random() < 0.33 else np.nan
    porosity = 1.0 - density / PARTICLE_DENSITY
    whole = {"clay": clay, "sand": sand, "bulk_density": density, "porosity": porosity} | _calcite_rates(rng)
    whole |= {"base_saturation": rng.uniform(0.55, 1.0), "ph0": rng.uniform(5.2, 7.8)}
    whole["dispersivity"] = 0.02 if rng.random() < 0.6 else rng.uniform(0.005, 0.05)
    static = {name: np.full(CELLS.size, value) for name, value in whole.items()} | {
        "dz": CELLS,
        "soc": soc * np.exp(-CENTRE / 0.5),
        "cec": np.clip(0.5 * clay + 2.0 * soc * np.exp(-CENTRE / 0.3), 0.02, 0.6),
        "cec_variable": np.clip(0.3 * np.exp(-CENTRE / 0.5), 0.02, 0.95),
        "caco3": _carbonate(rng),
    }
    layered, deposited = _sources(rng, weather, years)
    roots = np.where(CENTRE < rng.choice([0.5, 0.8, 0.8, 1.2]), np.exp(-CENTRE / rng.uniform(0.15, 0.35)), 0.0)
    return FineColumn(weather, static, retention, table, roots, layered, deposited)


def _carbonate(rng: Rng) -> Floats:
    """(cell,): a third with a decalcified top, some without any, some that rise with depth, else even."""
    kind, content = rng.random(), log_uniform(rng, 0.004, 0.25)
    caco3 = np.full(CELLS.size, content)
    if kind < 0.35:
        caco3[CENTRE < rng.choice(FRONTS)] = 0.0
    elif kind < 0.42:
        caco3[:] = 0.0
    elif kind < 0.55:
        caco3 = content * np.clip(rng.uniform(0.1, 1.0) + CENTRE / rng.uniform(0.3, 1.5), 0.0, 1.5)
    return caco3


def _calcite_rates(rng: Rng) -> dict[str, float]:
    """Half of the soils have fast calcite, the others down to 1 / 400 of it; in three of ten it waits for supersaturation."""
    slower = rng.choice([0.0, 0.0, 0.0, rng.uniform(-1.5, 1.0), rng.uniform(-6.0, -1.5), math.log(1 / 200)])
    return {"calcite_rate": FAST * math.exp(slower), "si_pedogenic": 0.0 if rng.random() < 0.7 else rng.uniform(0.15, 0.6)}


def _sources(rng: Rng, weather: Weather, years: int) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Rates of the cells and of the surface."""
    climate, day = weather.climate, weather.day_of_year
    phase = 2.0 * np.pi * (day - 15) / 365.0
    degrees = weather.warmth[:, None] - climate.amplitude * np.exp(-CENTRE / 2.0) * np.cos(phase[:, None] - CENTRE / 2.0)
    degrees = np.maximum(degrees, 0.2)
    heat = 2.0 ** ((degrees[:, 3] - climate.warmth) / 10.0)
    living, growing = _yearly(_by_fives(heat * weather.moisture), years), _yearly(weather.growth, years)
    given = rng.choice([0.0, rng.uniform(20.0, 250.0), rng.uniform(100.0, 200.0)])  # kg N ha-1 a year
    mineralised = rng.uniform(20.0, 120.0)
    per_second = 1.0 / HA_M2 / SECONDS_PER_DAY
    layered = {
        "t_soil": degrees + 273.15,
        "co2_src": living[:, None] * exponential(rng.uniform(0.12, 0.35)) * rng.uniform(0.3, 0.85) / SECONDS_PER_DAY,
        "n_min": living[:, None] * exponential(0.15) * mineralised * per_second,
        "n_demand": growing[:, None] * even(0.6) * (given + mineralised + 12.0) * rng.uniform(0.5, 0.95) * per_second,
        "nitrifying": (np.minimum(heat, 2.5) * np.maximum(weather.moisture, 0.2))[:, None]
        * np.maximum(np.exp(-TOP / 0.25), 0.05),
        "bc_up": growing[:, None] * even(0.6) * 0.1 * rng.uniform(0.3, 1.5) / SECONDS_PER_DAY,
        "weath": np.tile(CELLS / CELLS.sum() * 0.05 * rng.uniform(0.0, 2.0) / 365.0 / SECONDS_PER_DAY, (day.size, 1)),
    }
    return layered, _deposited(rng, weather, given)


def _deposited(rng: Rng, weather: Weather, given: float) -> dict[str, Floats]:
    """Rain, water of the field, nitrogen and potash (day,), mol m-2 s-1."""
    climate, day = weather.climate, weather.day_of_year
    salt = math.exp(rng.normal(0.0, 0.7))
    strength = RAIN | {
        "na": RAIN["na"] * salt,
        "cl": RAIN["cl"] * salt,
        **{n: RAIN[n] * rng.uniform(0.3, 1.5) for n in ("nh4", "no3")},
    }
    found = {ion: weather.rain / SECONDS_PER_DAY * per_mm for ion, per_mm in strength.items()}
    calcium = rng.uniform(0.3, 1.5) * 1e-3  # mol m-2 per mm
    for ion, share in GIVEN.items():
        found[ion] = found[ion] + weather.irrigation / SECONDS_PER_DAY * calcium * share
    spread = sum(np.where((day >= first) & (day < first + 5), share / 5.0, 0.0) for first, share in climate.fertiliser)
    moles = spread * given / HA_M2 / N_KG_PER_MOL / SECONDS_PER_DAY
    for ion, share in FERTILISERS[str(rng.choice(list(FERTILISERS), p=(0.6, 0.2, 0.2)))].items():
        found[ion] = found[ion] + moles * share
    potash = np.where((day >= 60) & (day < 65), 0.2, 0.0) * rng.uniform(0.0, 0.06) / SECONDS_PER_DAY
    return found | {"k": found["k"] + potash, "cl": found["cl"] + potash}


def _yearly(x: Floats, years: int) -> Floats:
    """Shares of a year's amount."""
    return np.asarray(x * years / max(float(x.sum()), 1e-9))


def _by_fives(x: Floats) -> Floats:
    """Means of five days."""
    whole = x.size // 5 * 5
    return np.concatenate([np.repeat(x[:whole].reshape(-1, 5).mean(1), 5), x[whole:]])
