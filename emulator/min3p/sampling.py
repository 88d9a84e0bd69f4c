"""Which columns the ensemble simulates: scrambled Sobol points over the parameter table.

What:    ``PARAMETERS`` is the table (name, law, unit, why); ``draw`` gives points of one nested sequence, so that the tiers
         smoke (16), ci (64), dev (300) and main (2000) share their first members. ``min3p.design`` makes columns of them.
Units:   as named in the table (agronomic units).
Source:  ranges: European calcareous arable land, see ``note`` per row; laws chosen to cover, not to weigh, the population.
Use:     ``for point in draw(64, seed=1): column = design.build_column(point, years=40)``
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import torch

TIERS = {"smoke": 16, "ci": 64, "dev": 300, "main": 2000}


# ------------------------------------------------------------------------------------------------ the table
def linear(low: float, high: float) -> Callable[[float], float]:
    """Evenly from ``low`` to ``high``."""
    return lambda u: low + u * (high - low)


def log(low: float, high: float) -> Callable[[float], float]:
    """Evenly in the logarithm."""
    return lambda u: low * (high / low) ** u


def lognormal(median: float, sigma: float, low: float, high: float) -> Callable[[float], float]:
    """Log-normal, cut at ``low`` and ``high``."""
    normal = NormalDist()
    return lambda u: float(np.clip(median * math.exp(sigma * normal.inv_cdf(min(max(u, 1e-6), 1 - 1e-6))), low, high))


def _caco3(u: float) -> float:
    """5 % of the columns without calcite, 35 % in 0.05-2 % (where depletion is learnt), the rest up to 60 %."""
    if u < 0.05:
        return 0.0
    return log(0.05, 2.0)((u - 0.05) / 0.35) if u < 0.40 else log(2.0, 60.0)((u - 0.40) / 0.60)


def _nitrogen(u: float) -> float:
    """10 % at zero, the rest evenly to 350."""
    return 0.0 if u < 0.10 else 350.0 * (u - 0.10) / 0.90


def share(chance: float, law: Callable[[float], float]) -> Callable[[float], float]:
    """Zero except for a share ``chance`` of the columns."""
    return lambda u: 0.0 if u >= chance else law(u / chance)


@dataclass(frozen=True)
class Parameter:
    """One dimension of the design; ``law`` maps a uniform number to the value."""

    name: str
    unit: str
    law: Callable[[float], float]
    note: str


PARAMETERS: tuple[Parameter, ...] = (
    Parameter("caco3", "%", _caco3, "topsoil; log-uniform in two parts, 5 % exactly zero"),
    Parameter("calcite_profile", "1", linear(0, 1), "uniform 35, increasing 30, decalcified top 20, chalk below 15 %"),
    Parameter("profile_factor", "1", linear(1.2, 3.0), "subsoil over topsoil carbonate where it increases"),
    Parameter("calcite_rate", "mol m-3 s-1", log(3e-7, 1e-3), "grains of 2 um to 1 cm, clean to coated; faster is equilibrium"),
    Parameter("clay", "%", linear(5, 60), "European topsoil"),
    Parameter("sand_share", "1", linear(0.05, 0.90), "sand in what is not clay"),
    Parameter("soc", "%", lognormal(1.4, 0.45, 0.5, 4.0), "arable topsoil"),
    Parameter("bulk_density_noise", "g cm-3", linear(-0.1, 0.1), "around a pedotransfer rule"),
    Parameter("cec_factor", "1", linear(0.8, 1.2), "around 0.5 mol per kg clay + 2 mol per kg organic carbon"),
    Parameter("cec_variable", "1", linear(0.10, 0.50), "share of variable-charge sites at the surface"),
    Parameter("mg_level", "mol/L", log(1e-4, 1.2e-3), "start water"),
    Parameter("na_level", "mol/L", log(1e-4, 2e-3), "start water"),
    Parameter("temperature", "degC", linear(4, 19), "annual mean"),
    Parameter("temperature_amplitude", "K", linear(6, 12), "monthly, at the surface"),
    Parameter("drainage", "mm/yr", lognormal(220, 0.75, 10, 700), "net, through the surface; dry end included"),
    Parameter("drainage_season", "1", linear(0.2, 1.6), "above 1 summers are dry"),
    Parameter("irrigation", "mm/yr", share(0.30, linear(100, 500)), "30 % of the columns"),
    Parameter("irrigation_alkalinity", "mmol/L", linear(1, 6), "calcium bicarbonate"),
    Parameter("respiration", "gC m-2 yr-1", linear(250, 1200), "base; crops add to it"),
    Parameter("respiration_depth", "m", linear(0.10, 0.35), "e-folding"),
    Parameter("q10", "1", linear(1.5, 3.0), "of respiration"),
    Parameter("air_porosity", "1", linear(0.05, 0.38), "soil air at mean drainage; sets the conductivity"),
    Parameter("pco2_limit", "atm", log(0.02, 0.12), "oxygen runs out: caps the mean soil CO2"),
    Parameter("nitrogen", "kg/ha/yr", _nitrogen, "all fertiliser and manure; 10 % none"),
    Parameter("main_form", "1", linear(0, 1), "form that gets most of it, see design.FORMS"),
    Parameter("nue", "1", linear(0.3, 0.9), "uptake over input"),
    Parameter("denitrification", "1", linear(0.0, 0.30), "of input"),
    Parameter("nh3_loss", "1", linear(0.0, 0.25), "of urea and manure ammonium"),
    Parameter("mineralisation", "kgN/ha/yr", linear(0, 80), "net, soil organic nitrogen"),
    Parameter("base_cations", "kmol_c/ha/yr", lognormal(0.8, 0.7, 0.2, 3.0), "harvest surplus of cations over anions"),
    Parameter("weathering", "kmol_c/ha/yr", linear(0.1, 1.5), "silicates"),
    Parameter("potash", "1", linear(0.0, 1.0), "share of the harvested potassium given back as KCl"),
    Parameter("deposition_n", "kg/ha/yr", linear(3, 25), "wet"),
    Parameter("deposition_nh4", "1", linear(0.3, 0.7), "share of ammonium"),
    Parameter("deposition_s", "kg/ha/yr", linear(2, 10), "sulphate"),
    Parameter("deposition_bc", "kmol_c/ha/yr", linear(0.1, 0.6), "Ca, Mg, Na, K"),
    Parameter("lime", "t/ha", share(0.20, linear(0.5, 4.0)), "each time; 20 % of the columns"),
    Parameter("lime_interval", "yr", linear(3, 6), "between two limings"),
    Parameter("co2_atm", "ppm", linear(400, 900), "constant within a run"),
    Parameter("dispersivity", "m", log(0.01, 0.15), ""),
    Parameter("layering", "1", linear(0, 1), "which grid, see design.LAYERINGS"),
    Parameter("ph0", "1", linear(5.2, 6.8), "start of layers without calcite"),
    Parameter("corner", "1", linear(0, 1), "15 % of the columns ignore the correlation of temperature and drainage"),
)


@dataclass(frozen=True)
class Point:
    """One member of the design."""

    index: int
    seed: int
    values: dict[str, float]


def _correlated(u: float, v: float, r: float = -0.4) -> float:
    """``u`` with the normal-copula correlation ``r`` to ``v``; stays uniform. Warm places drain less."""
    normal = NormalDist()
    z, w = (normal.inv_cdf(min(max(x, 1e-6), 1.0 - 1e-6)) for x in (u, v))
    return normal.cdf(math.sqrt(1.0 - r * r) * z + r * w)


def uniform(parameters: Sequence[Parameter], count: int, seed: int, start: int = 0) -> list[dict[str, float]]:
    """Points ``start`` to ``start + count`` of the scrambled Sobol sequence of ``seed``: a number from 0 to 1 a parameter."""
    engine = torch.quasirandom.SobolEngine(len(parameters), scramble=True, seed=seed)
    if start:
        engine.fast_forward(start)
    rows = engine.draw(count, dtype=torch.float64).numpy()
    return [{p.name: float(u) for p, u in zip(parameters, row, strict=True)} for row in rows]


def draw(count: int, seed: int, start: int = 0) -> list[Point]:
    """Members ``start`` to ``start + count`` of the scrambled Sobol sequence of ``seed``; longer draws only append."""
    out = []
    for i, named in enumerate(uniform(PARAMETERS, count, seed, start)):
        if named["corner"] >= 0.15:
            named["drainage"] = _correlated(named["drainage"], named["temperature"])
        out.append(Point(start + i, seed, {p.name: float(p.law(named[p.name])) for p in PARAMETERS}))
    return out
