"""From a design point and its weather to one column of MIN3P: cells, carbonate, water, crop, sources day by day.

What:    ``build``: a ``WeatherColumn``, the ensemble's ``Column`` with an interval of a day and what weather adds to it.
Units:   SI and mol m-2 a day. Shapes [layer], [day].
Source:  conversions are stoichiometry; seasons, crops and shares are plain assumptions that the design varies.
Use:     ``column = build(draw(1, seed=1)[0], years=10)``
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ...contract.constants import MOLAR_MASS_C, SECONDS_PER_DAY, grams
from ..column import Column, Source, VanGenuchten
from ..design import KG_N_PER_HA, KMOL_PER_HA, pick
from ..sampling import Point
from .climate import COLDEST, YEAR, Floats, Weather, irrigated, made_weather, moisture

GRIDS = {
    14: np.array([0.025, 0.025, 0.05] + [0.10] * 7 + [0.20, 0.15, 0.15, 0.30]),
    16: np.array([0.025, 0.025] + [0.05] * 3 + [0.10] * 8 + [0.15, 0.15, 0.30]),
    19: np.array([0.025] * 4 + [0.05] * 4 + [0.10] * 7 + [0.15] * 4),
}
"""m; thickness of the cells, 1.6 m in all; the first two are the zone that evaporates (``deck.EVAPORATION_DEPTH``)."""
PROFILES = ("uniform", "increasing", "decalcified_top", "none")
CROPS = ("winter cereal", "summer crop", "grass")
LEAVES = {  # day of the year, share of the largest leaf area index
    "winter cereal": ((0, 0.15), (70, 0.3), (130, 1.0), (170, 0.8), (195, 0.05), (300, 0.05), (365, 0.15)),
    "summer crop": ((0, 0.02), (115, 0.02), (150, 0.35), (185, 1.0), (235, 0.85), (265, 0.05), (365, 0.02)),
    "grass": ((0, 0.3), (90, 0.5), (150, 1.0), (280, 0.6), (365, 0.3)),
}
GROWTH = {"winter cereal": (60, 195), "summer crop": (130, 250), "grass": (75, 300)}  # first and last day
FERTILISED = {  # first of five days, share of the year's nitrogen
    "winter cereal": ((55, 0.35), (85, 0.35), (115, 0.3)), "summer crop": ((110, 0.5), (150, 0.5)),
    "grass": ((75, 0.4), (150, 0.3), (210, 0.3)),
}  # fmt: skip
BLOCK, MOST_ROWS = 5, 1000
"""d that rates stay constant (a multiple of this where a run has more than MOST_ROWS, MIN3P's limit)."""
RAIN = {"nh4+1": 3e-5, "no3-1": 3e-5, "so4-2": 2.5e-5, "ca+2": 4e-5, "mg+2": 1e-5, "na+1": 5e-5, "k+1": 3e-6, "al+3": 1e-9,
        "cl-1": 5e-5}  # fmt: skip
"""mol/L; chloride closes the charge."""
DAMPING = 2.0  # m, of the yearly wave of temperature


@dataclass(frozen=True)
class WeatherColumn:
    """A column and what MIN3P is told beside it; ``soil.drainage`` is what enters the surface, m a day."""

    soil: Column
    weather: Weather
    leaves: Floats  # leaf area index (day,)
    irrigation: Floats  # mm (day,)
    root_scale: float  # m
    root_depth: float  # m
    passive: float  # share of the solutes in the water that roots take
    si_pedogenic: float
    bottom_head: float | None  # m at the lowest node; None: drains freely

    @property
    def root_density(self) -> Floats:
        """Relative root density (layer,)."""
        centre = self.soil.centre
        return np.where(centre < self.root_depth, np.exp(-centre / self.root_scale), 0.0)


def build(point: Point, years: int, weather: Weather | None = None) -> WeatherColumn:
    """Column of one design point, with its own weather or the given one. Deterministic."""
    p = point.values
    rng = np.random.default_rng([point.seed, point.index])
    weather = weather or made_weather(p, rng, years)
    crop = pick(p["crop"], CROPS, (45, 35, 20))
    day = np.arange(weather.days) % YEAR
    leaves = p["lai"] * np.interp(day, *np.array(LEAVES[crop]).T) if weather.leaves is None else weather.leaves
    given = weather.irrigation
    if given is None:
        given = irrigated(weather.rain, weather.pet, leaves) if p["irrigated"] else np.zeros(weather.days)
    infiltration = (weather.rain + given) * 1e-3

    has_table = p["table"] > 0.0
    cells = GRIDS[19 if has_table else (14, 16, 19)[min(int(p["grid"] * 3), 2)]]
    centre = np.cumsum(cells) - cells / 2
    clay, soc = p["clay"] * 1e-2, p["soc"] * 1e-2
    caco3 = _carbonate(p, centre)
    wettest = float(infiltration.max()) / SECONDS_PER_DAY
    retention = VanGenuchten(p["vg_residual"], p["vg_alpha"], p["vg_n"], max(p["k_sat"], 1.05 * wettest))
    soil = Column(
        thickness=cells, clay=clay, sand=(1.0 - clay) * p["sand_share"], soc=soc, bulk_density=p["bulk_density"],
        cec=np.clip(0.5 * clay + 2.0 * soc * np.exp(-centre / 0.3), 0.02, 0.6),
        cec_variable=np.clip(0.3 * np.exp(-centre / 0.5), 0.02, 0.95), caco3=caco3, calcite_rate=p["calcite_rate"],
        dispersivity=p["dispersivity"], co2_atm=4.2e-4, rain=_rain(p), drainage=infiltration,
        temperature=_temperature(weather, centre), sources={}, ph0=p["ph0"], pco2_start=0.005,
        van_genuchten=retention, interval_days=1.0, labels={**p, "index": point.index, "seed": point.seed, "crop_name": crop},
    )  # fmt: skip
    return WeatherColumn(
        replace(soil, sources=_sources(p, soil, weather, crop, given)), weather, leaves, given, p["root_scale"], p["root_depth"],
        p["passive"], p["si_pedogenic"] if (caco3 > 0.0).all() else 0.0, p["table"] if has_table else None,
    )  # fmt: skip


def _carbonate(p: dict[str, float], centre: Floats) -> Floats:
    """Mass fraction of calcite [layer], kg kg-1."""
    kind, content = pick(p["calcite_profile"], PROFILES, (40, 20, 35, 5)), p["caco3"] * 1e-2
    out = np.full(len(centre), content)
    if kind == "increasing":
        out = content * np.clip(0.3 + centre, 0.3, 1.5)
    elif kind == "decalcified_top":
        out[centre < p["front"]] = 0.0
    elif kind == "none":
        out[:] = 0.0
    return out


def _rain(p: dict[str, float]) -> dict[str, float]:
    changed = {n: RAIN[n] * p["deposition_n"] for n in ("nh4+1", "no3-1")} | {"na+1": RAIN["na+1"] * p["salt"]}
    return RAIN | changed


def _temperature(weather: Weather, centre: Floats) -> Floats:
    """[day, layer] degC, a damped wave, never below 0.2: freezing is left out."""
    phase = 2.0 * np.pi * (np.arange(weather.days) - COLDEST)[:, None] / YEAR - centre / DAMPING
    return np.asarray(np.maximum(weather.warmth[:, None] - weather.amplitude * np.exp(-centre / DAMPING) * np.cos(phase), 0.2))


def _yearly(x: Floats) -> Floats:
    """A share of a year's amount (day,)."""
    return np.asarray(x * (x.size / YEAR) / max(float(x.sum()), 1e-12))


def _blocks(x: Floats) -> Floats:
    """Means of blocks of days, as few as MIN3P has rows for."""
    size = BLOCK * math.ceil(x.size / (BLOCK * MOST_ROWS))
    edges = np.arange(0, x.size, size)
    lengths = np.diff(np.append(edges, x.size))
    return np.repeat(np.add.reduceat(x, edges) / lengths, lengths)


def _sources(p: dict[str, float], soil: Column, weather: Weather, crop: str, given: Floats) -> dict[str, Source]:
    """Every source and sink of the column, mol m-2 a day."""
    days = weather.days
    day = np.arange(days) % YEAR
    heat = 2.0 ** ((soil.temperature[:, 3] - weather.warmth.mean()) / 10.0)
    moist = moisture(weather.rain + given, weather.pet)
    first, last = GROWTH[crop]
    grown = (day - first) / (last - first)
    growing = _yearly(np.where((grown >= 0.0) & (grown < 1.0), np.sin(np.pi * np.clip(grown, 0.0, 1.0)) ** 2, 0.0))
    living = _yearly(heat * moist)
    spread = sum(np.where((day >= d) & (day < d + 5), share / 5.0, 0.0) for d, share in FERTILISED[crop])
    uptake = growing * p["nue"] * (p["nitrogen"] + p["mineralisation"] + 8.0 * p["deposition_n"]) * KG_N_PER_HA
    harvest = p["base_cations"] * KMOL_PER_HA / 1.6
    plough, roots = soil.uniform_to(0.10), soil.uniform_to(min(0.6, p["root_depth"]))
    nitrifying = np.minimum(heat, 2.5) * np.maximum(moist, 0.2) * 2000.0 * KG_N_PER_HA / YEAR
    daily = {
        "resp": (soil.exponential(p["respiration_depth"]), living * p["respiration"] / grams(MOLAR_MASS_C)),
        "urea" if p["urea"] < 0.3 else "an": (plough, spread * p["nitrogen"] * KG_N_PER_HA / 2.0),
        "min": (soil.exponential(0.15), living * p["mineralisation"] * KG_N_PER_HA),
        "nitr": (soil.exponential(0.25), nitrifying),
        "uno3": (roots, 0.85 * uptake),
        "unh4": (roots, 0.15 * uptake),
        "ubc": (roots, growing * harvest),
        "kcl": (soil.surface, np.where((day >= 60) & (day < 65), 0.2, 0.0) * 0.64 * harvest),
        "weath": (soil.thickness / soil.thickness.sum(), np.full(days, p["weathering"] * KMOL_PER_HA / 2.0 / YEAR)),
        "irr": (soil.surface, given * max(p["irrigated"], 1.0) * 0.5e-3),
    }
    return {name: Source(profile, _blocks(amount)) for name, (profile, amount) in daily.items() if amount.sum() > 0.0}
