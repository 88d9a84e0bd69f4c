"""From one design point to one Column: the physics and the farming behind the numbers of ``sampling.PARAMETERS``.

What:    layers, carbonate profile, hydraulics, rain, weather of the years, fertiliser forms, uptake, harvest, lime, respiration.
Units:   takes the agronomic units of the parameter table, gives SI and mol m-2 (see ``column``).
Source:  conversions are stoichiometry; seasons and shares are plain assumptions that the design varies.
Use:     ``column = build_column(draw(1, seed=1)[0], years=40)``
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ..contract.constants import (
    MOLAR_MASS_C,
    MOLAR_MASS_CACO3,
    MOLAR_MASS_N,
    MOLAR_MASS_S,
    PARTICLE_DENSITY,
    SECONDS_PER_DAY,
    ZERO_CELSIUS,
    grams,
)
from .column import MONTH_DAYS, Column, Source, VanGenuchten, hydraulics, soil_temperature
from .sampling import Point

KG_N_PER_HA = 1.0e3 / grams(MOLAR_MASS_N) / 1.0e4
"""mol m-2 per kg N ha-1."""
KMOL_PER_HA = 0.1
"""mol m-2 per kmol ha-1."""
TONNE_LIME_PER_HA = 1.0e6 / grams(MOLAR_MASS_CACO3) / 1.0e4
"""mol CaCO3 m-2 per tonne ha-1."""
LIME_RATE = 2.0e-5
"""mol m-3 s-1; limed columns hold ground limestone, which reacts at least this fast."""
MONTH = np.arange(12)
WINTER = np.cos(2.0 * np.pi * MONTH / 12.0)  # +1 in mid January
_GROWTH = np.array([0, 0, 0.8, 2.2, 4.0, 3.5, 1.5, 0, 0, 0, 0, 0]) / 12.0
_SPRING = np.array([0, 0, 4.0, 5.0, 3.0, 0, 0, 0, 0, 0, 0, 0]) / 12.0
_SLURRY = np.array([0, 2.0, 4.0, 0, 0, 0, 0, 0, 6.0, 0, 0, 0]) / 12.0
_SUMMER = np.array([0, 0, 0, 0, 2.0, 4.0, 4.0, 2.0, 0, 0, 0, 0]) / 12.0
FORMS = ("an", "can", "urea", "uan", "as", "cn", "manure_nh4", "manure_org")
LAYERINGS = ("plough", "thin_top", "coarse", "deep", "land_model", "random")
CALCITE_PROFILES = ("uniform", "increasing", "decalcified_top", "chalk_below")


def pick(u: float, names: tuple[str, ...], weights: tuple[float, ...]) -> str:
    """The name that a number from 0 to 1 stands for, by their weights."""
    edges = np.cumsum(weights) / np.sum(weights)
    return names[int(np.searchsorted(edges, min(u, 0.999999), side="right"))]


def layering(name: str, rng: np.random.Generator) -> np.ndarray:
    """Layer thicknesses [m] from the surface down."""
    if name == "random":
        thickness, growth, depth = [float(rng.uniform(0.05, 0.35))], float(rng.uniform(1.0, 1.45)), float(rng.uniform(0.9, 2.1))
        while sum(thickness) < depth and len(thickness) < 14:
            thickness.append(min(thickness[-1] * growth, 0.5) if len(thickness) > 1 else max(0.08, thickness[0] * 0.5))
        return np.round(np.array(thickness), 3)
    return {
        "plough": np.array([0.25] + [0.10] * 5 + [0.15] * 4),
        "thin_top": np.array([0.05, 0.05, 0.10, 0.10, 0.15, 0.15, 0.20, 0.20, 0.25, 0.25]),
        "coarse": np.array([0.30, 0.20, 0.30, 0.40, 0.40]),
        "deep": np.array([0.25, 0.05, 0.10, 0.10, 0.15, 0.15, 0.20, 0.25, 0.25, 0.25, 0.25]),
        "land_model": np.array([0.03, 0.05, 0.08, 0.11, 0.14, 0.17, 0.20, 0.24, 0.28]),
    }[name]


def _calcite(p: dict[str, float], centre: np.ndarray) -> np.ndarray:
    """Mass fraction of calcite per layer [kg kg-1]."""
    top = p["caco3"] * 1e-2
    kind = pick(p["calcite_profile"], CALCITE_PROFILES, (35, 30, 20, 15))
    out = np.full(len(centre), top)
    if kind == "increasing":
        out = top * (1.0 + (p["profile_factor"] - 1.0) * np.clip(centre / 1.0, 0.0, 1.0))
    elif kind == "decalcified_top":
        out[centre < 0.15 + 0.15 * p["profile_factor"]] = 0.0
    elif kind == "chalk_below":
        out[centre > 0.30 * p["profile_factor"]] = max(0.5, top)
    return np.minimum(out, 0.80)


def _rain(p: dict[str, float], annual_mm: float) -> dict[str, float]:
    """Composition of infiltrating water [mol/L] that brings the yearly deposition; dry columns get less of it."""
    litres = max(annual_mm, 60.0)  # L m-2 yr-1
    n = p["deposition_n"] * KG_N_PER_HA / litres
    bc = p["deposition_bc"] * KMOL_PER_HA / litres
    rain = {
        "nh4+1": n * p["deposition_nh4"], "no3-1": n * (1.0 - p["deposition_nh4"]),
        "so4-2": p["deposition_s"] * 1e3 / grams(MOLAR_MASS_S) / 1e4 / litres,
        "ca+2": 0.5 * bc / 2.0, "mg+2": 0.2 * bc / 2.0, "na+1": 0.25 * bc + 3e-5, "k+1": 0.05 * bc, "al+3": 1e-9,
    }  # fmt: skip
    charge = rain["nh4+1"] + rain["na+1"] + rain["k+1"] + 2 * (rain["ca+2"] + rain["mg+2"]) - rain["no3-1"] - 2 * rain["so4-2"]
    if charge < 2e-5:  # chloride closes the charge and cannot be negative
        rain["ca+2"] += (2e-5 - charge) / 2.0
    rain["cl-1"] = 5e-5
    return rain


def _start_water(p: dict[str, float]) -> dict[str, float]:
    """First pore water [mol/L]: chloride follows sodium and magnesium, so that calcium can close the charge."""
    chloride = max(2e-4 + (p["na_level"] - 2e-4) + 2.0 * (p["mg_level"] - 2.5e-4), 5e-5)
    return {"mg+2": p["mg_level"], "na+1": p["na_level"], "cl-1": chloride}


def _steps(rng: np.random.Generator, years: int, low: float, high: float, base: float = 1.0) -> np.ndarray:
    """Piecewise constant yearly series: ``base`` until one to three random years, then other values in [low, high]."""
    series = np.full(years, base)
    for year in np.sort(rng.integers(max(1, years // 8), max(2, years), size=int(rng.integers(1, 4)))):
        series[year:] = rng.uniform(low, high)
    return series


def _forms(p: dict[str, float], rng: np.random.Generator) -> dict[str, float]:
    """Shares of the nitrogen forms: one main form, the rest spread unevenly."""
    main = pick(p["main_form"], FORMS, (22, 14, 18, 8, 12, 6, 10, 10))
    shares = rng.dirichlet(np.full(len(FORMS), 0.35))
    weight = float(rng.uniform(0.5, 1.0))
    mixed = {f: (1.0 - weight) * float(s) + (weight if f == main else 0.0) for f, s in zip(FORMS, shares, strict=True)}
    kept = {f: s if s > 0.03 else 0.0 for f, s in mixed.items()}  # traces cost time and teach nothing
    return {f: s / sum(kept.values()) for f, s in kept.items()}


def build_column(point: Point, years: int = 40, fertilised: bool = True) -> Column:
    """Column of one design point. Deterministic: the weather of the years comes from (seed, index).

    ``fertilised`` False sets the rate of nitrogen to zero in all years and changes nothing that was drawn (see ``twins``).
    """
    p = point.values
    rng = np.random.default_rng([point.seed, point.index])
    months = years * 12
    year = np.repeat(np.arange(years), 12)
    month = np.tile(MONTH, years)
    grid = pick(p["layering"], LAYERINGS, (30, 15, 10, 15, 12, 18))
    thickness = layering(grid, rng)
    centre = np.cumsum(thickness) - 0.5 * thickness

    clay, soc = p["clay"] * 1e-2, p["soc"] * 1e-2
    sand = (1.0 - clay) * p["sand_share"]
    density = float(np.clip(1620.0 - 9000.0 * soc - 100.0 * clay + 1000.0 * p["bulk_density_noise"], 1100.0, 1600.0))
    cec = np.clip(p["cec_factor"] * (0.5 * clay + 2.0 * soc * np.exp(-centre / 0.3)), 0.02, 0.6)

    # water: natural drainage by season and year, and the leached part of irrigation
    season = np.clip(1.0 + p["drainage_season"] * WINTER, 0.01, None)
    wet = np.clip(rng.gamma(8.0, 1.0 / 8.0, years), 0.15, 2.2) * _steps(rng, years, 0.5, 1.6)
    water = p["drainage"] * 1e-3 * (season / season.sum())[month] * wet[year]
    water = water + 0.25 * p["irrigation"] * 1e-3 * _SUMMER[month]

    warm = rng.normal(0.0, 0.6, years) + _steps(rng, years, -2.0, 4.0, 0.0)
    mean = p["temperature"] + warm[year]
    temperature = soil_temperature(mean, np.full(months, p["temperature_amplitude"]), centre)

    demand = np.clip(rng.lognormal(-0.03, 0.25, years), 0.3, 2.0)
    rate = p["nitrogen"] * KG_N_PER_HA * demand * _steps(rng, years, 0.0, 2.0)
    rate[: int(rng.integers(0, 4))] = 0.0  # up to three years without fertiliser
    forms = _forms(p, rng)

    column = Column(
        thickness=thickness, clay=clay, sand=sand, soc=soc, bulk_density=density, cec=cec,
        cec_variable=np.clip(p["cec_variable"] * np.exp(-centre / 0.5), 0.02, 0.95), caco3=_calcite(p, centre),
        calcite_rate=max(p["calcite_rate"], LIME_RATE) if p["lime"] > 0.0 else p["calcite_rate"],
        dispersivity=p["dispersivity"], co2_atm=p["co2_atm"] * 1e-6,
        rain=_rain(p, p["drainage"] + 0.25 * p["irrigation"]), drainage=water, temperature=temperature, sources={},
        van_genuchten=_retention(clay, sand, 1.0 - density / PARTICLE_DENSITY, p["air_porosity"], water),
        ph0=p["ph0"], start=_start_water(p),
        labels={**p, "index": point.index, "seed": point.seed, "grid": grid, **{f"form_{f}": s for f, s in forms.items()}},
    )  # fmt: skip
    sources = _sources(p, column, rate if fertilised else 0.0 * rate, forms, year, month, mean)
    return _with_sources(column, sources)


def _with_sources(column: Column, sources: dict[str, Source]) -> Column:
    return replace(column, sources={n: s for n, s in sources.items() if float(np.sum(s.monthly)) > 0.0})


def _sources(
    p: dict[str, float],
    column: Column,
    rate: np.ndarray,
    forms: dict[str, float],
    year: np.ndarray,
    month: np.ndarray,
    mean: np.ndarray,
) -> dict[str, Source]:
    """Every source and sink of the column; ``rate`` [year] mol N m-2, ``mean`` [month] annual mean temperature."""
    months = len(month)
    surface, roots = column.surface, column.uniform_to(0.30)
    n = {f: s * rate[year] for f, s in forms.items()}  # mol N m-2 yr-1 by form
    spring, slurry = _SPRING[month], _SLURRY[month]
    kept = 1.0 - p["nh3_loss"]
    ammonium_nitrate = n["an"] + n["can"] + 0.5 * n["uan"]
    urea = (n["urea"] + 0.5 * n["uan"]) * kept  # ammonia lost from urea takes the proton of its hydrolysis along
    sources = {
        "an": ammonium_nitrate / 2.0 * spring,
        "urea": urea / 2.0 * spring,
        "as": n["as"] / 2.0 * spring,
        "cn": n["cn"] / 2.0 * spring,
        "man": n["manure_nh4"] * kept * slurry,
        # calcium ammonium nitrate carries 0.22 kg lime per kg product of 27 % N: 0.114 mol per mol N
        "lime": 0.114 * n["can"] * spring + _lime(p, months),
        "irr": 0.5 * p["irrigation"] * p["irrigation_alkalinity"] * 1e-3 * _SUMMER[month],
    }
    out = {k: Source(surface, v) for k, v in sources.items()}

    thermal = np.exp(math.log(p["q10"]) / 10.0 * (column.temperature[:, 0] - p["temperature"]))
    organic = p["mineralisation"] * KG_N_PER_HA / 12.0 * thermal + n["manure_org"] / 12.0 * thermal
    supply = sum(n.values()) + p["mineralisation"] * KG_N_PER_HA + p["deposition_n"] * KG_N_PER_HA
    uptake = p["nue"] * supply * _GROWTH[month]
    out["min"] = Source(column.exponential(0.15), organic)
    out["nitr"] = Source(column.exponential(0.25), 2000.0 * KG_N_PER_HA / 12.0 * np.minimum(thermal, 2.5))
    out["uno3"] = Source(roots, 0.85 * uptake)
    out["unh4"] = Source(roots, 0.15 * uptake)
    out["den"] = Source(
        column.exponential(0.15), p["denitrification"] * supply / 12.0 * np.clip(1.0 + 0.8 * WINTER[month], 0.1, None)
    )

    # crops respire with what they take up: up to 40 gC per m2 for 100 kg N/ha
    crops = 0.4 * 100.0 * p["nue"] * supply / (100.0 * KG_N_PER_HA)
    respiration = (p["respiration"] + crops) / grams(MOLAR_MASS_C) / 12.0 * thermal
    respiration *= min(1.0, p["pco2_limit"] / max(_mean_pco2(column, respiration, p["respiration_depth"]), 1e-9))
    out["resp"] = Source(column.exponential(p["respiration_depth"]), respiration)

    harvest = p["base_cations"] * KMOL_PER_HA / 1.6
    out["ubc"] = Source(roots, harvest * _GROWTH[month])
    out["kcl"] = Source(surface, 0.8 * harvest * p["potash"] * _SPRING[month])
    out["weath"] = Source(column.thickness / column.thickness.sum(), np.full(months, p["weathering"] * KMOL_PER_HA / 2.0 / 12.0))
    return out


def _lime(p: dict[str, float], months: int) -> np.ndarray:
    """Lime pulses [month] mol m-2: released over September to November."""
    out = np.zeros(months)
    if p["lime"] > 0.0:
        for pulse in np.arange(2.0, months / 12.0, p["lime_interval"]):
            start = int(pulse) * 12 + 8
            out[start : start + 3] += p["lime"] * TONNE_LIME_PER_HA / 3.0
    return out


def _retention(clay: float, sand: float, porosity: float, air: float, drainage: np.ndarray) -> VanGenuchten:
    """Hydraulic functions of the texture, with the conductivity that leaves ``air`` [m3 m-3] of soil air at the mean drainage.

    The wettest month must still enter: the conductivity is raised where it would not.
    """
    shape = hydraulics(clay, sand)
    flux = drainage / (MONTH_DAYS * SECONDS_PER_DAY)
    effective = float(np.clip(1.0 - air / (porosity * (1.0 - shape.residual)), 0.10, 0.97))
    k_sat = float(flux.mean()) / (shape.conductivity(effective) / shape.k_sat)
    return VanGenuchten(shape.residual, shape.alpha, shape.n, float(np.clip(max(k_sat, 3.0 * float(flux.max())), 1e-8, 1e-3)))


def _mean_pco2(column: Column, respiration: np.ndarray, depth: float) -> float:
    """Steady soil CO2 pressure [atm] below an exponential source at the mean water content (Millington-Quirk diffusion)."""
    vg = column.retention
    seconds = MONTH_DAYS * SECONDS_PER_DAY
    head = vg.head_at_flux(float(column.drainage.mean()) / seconds)
    effective = (1.0 + (vg.alpha * -head) ** vg.n) ** (1.0 / vg.n - 1.0)
    air = max((1.0 - vg.residual) * (1.0 - effective) * column.porosity, 0.005)
    diffusivity = 1.6e-5 * air**2 / column.porosity ** (2.0 / 3.0) * air  # gas content times tortuosity, m2 s-1
    kelvin = float(column.temperature.mean()) + ZERO_CELSIUS
    return 8.2054e-5 * kelvin * float(respiration.mean()) / seconds * depth / diffusivity
