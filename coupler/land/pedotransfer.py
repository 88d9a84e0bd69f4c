"""Retention and conductivity of soils from texture, organic carbon and density, where nobody has measured them.

What:    ``hydraulics`` gives the van Genuchten-Mualem parameters of the daily soil water and the volume that water can fill.
Units:   mass fractions, kg m-3; m-1, m s-1, shares of the volume. Shapes: (column, layer) or anything that broadcasts.
Source:  HYPRES, the continuous functions of Wösten, Lilly, Nemes & Le Bas 1999, Geoderma 90, 169-185,
         doi:10.1016/S0016-7061(98)00132-3, fitted to soils of twelve European countries; the coefficients are the same in three
         public programs, and give the parameters that FOCUS (2014) has for its Okehampton soil (coupler/docs/crops_and_soils.md).
Range:   texture and density of arable mineral soils (the bounds below); what lies outside is taken at the bound, a peat as a
         mineral soil with 15 % of organic matter: its conductivity is a guess.
Use:     ``soil = hydraulics(clay, sand, soc, bulk_density, topsoil)``; ``SoilWater(dz, soil.filled, soil.retention, roots)``;
         what a user knows replaces it: ``with_known(soil, known_values(config.water, domain_values, clay.shape))``
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...emulator.contract.constants import PARTICLE_DENSITY
from ..units import SECONDS_PER_DAY
from .parameters import WaterParameters
from .soil_water.run import Retention

Floats = NDArray[np.float64]
CARBON_TO_MATTER = 1.724  # organic matter per organic carbon, the convention of the HYPRES data
RESIDUAL_WATER = 0.01  # of the volume; fixed in the fits of HYPRES
# bounds of validity in the units of the source [assumption: its table of data was not seen; arable mineral soils lie within]
CLAY = (1.0, 80.0)  # %
SILT = (1.0, 85.0)  # %, 2-50 micrometres
MATTER = (0.1, 15.0)  # %
DENSITY = (0.8, 1.8)  # g cm-3
# what comes out is kept where measured arable soils lie [assumption]: at corners of the texture triangle the polynomials run away
ALPHA = (0.1, 30.0)  # m-1
SHAPE = (1.05, 2.5)
CONDUCTIVITY = (1e-8, 1e-4)  # m s-1
CONNECTIVITY = 0.5  # of the pores, in the curve of Mualem (1976) that the soil water solves
# m of suction at which that curve has the conductivity of HYPRES, whose connectivity is its own (-4 to 1): about field capacity,
# where a loam conducts the 0.5-0.7 mm a day that drain through it. At 0.1 m the curve is 1.5 to 3 times as fast, at 10 m 2 to 5
# times slower
MATCHED = 1.0
MOST_FILLED = 0.97  # of the pores; the rest holds trapped air [assumption]: gas must find a way through wet soil
PREFIX = "vg_"  # of these names in a configuration and among the fields of a domain
KNOWN = ("residual", "alpha", "n", "k_sat", "filled")


@dataclass(frozen=True)
class SoilHydraulics:
    """Parameters of the soil water. ``filled``: the volume that water can fill; ``porosity`` leaves some air beside it."""

    retention: Retention
    filled: Floats
    porosity: Floats


@dataclass(frozen=True)
class Hypres:
    """What the functions give before bounds: volumes, m-1, 1, m s-1, and the connectivity of pores."""

    saturated: Floats
    alpha: Floats
    n: Floats
    k_sat: Floats
    connectivity: Floats


def hypres(clay: ArrayLike, silt: ArrayLike, matter: ArrayLike, density: ArrayLike, topsoil: ArrayLike) -> Hypres:
    """The continuous functions as published: % of clay (below 2 micrometres), silt (2-50) and organic matter, g cm-3.

    ``topsoil``: true in the plough layer. Any shapes that broadcast.
    """
    c, s, m, d = (np.asarray(x, dtype=np.float64) for x in (clay, silt, matter, density))
    top = np.asarray(topsoil, dtype=np.float64)
    log_s, log_m = np.log(s), np.log(m)
    saturated = (
        0.7919 + 0.001691 * c - 0.29619 * d - 0.000001491 * s**2 + 0.0000821 * m**2 + 0.02427 / c + 0.01113 / s + 0.01472 * log_s
        - 0.0000733 * m * c - 0.000619 * d * c - 0.001183 * d * m - 0.0001664 * top * s
    )  # fmt: skip
    log_alpha = (  # cm-1
        -14.96 + 0.03135 * c + 0.0351 * s + 0.646 * m + 15.29 * d - 0.192 * top - 4.671 * d**2 - 0.000781 * c**2 - 0.00687 * m**2
        + 0.0449 / m + 0.0663 * log_s + 0.1482 * log_m - 0.04546 * d * s - 0.4852 * d * m + 0.00673 * top * c
    )  # fmt: skip
    log_n = (  # of n - 1
        -25.23 - 0.02195 * c + 0.0074 * s - 0.1940 * m + 45.5 * d - 7.24 * d**2 + 0.0003658 * c**2 + 0.002885 * m**2 - 12.81 / d
        - 0.1524 / s - 0.01958 / m - 0.2876 * log_s - 0.0709 * log_m - 44.6 * np.log(d) - 0.02264 * d * c + 0.0896 * d * m
        + 0.00718 * top * c
    )  # fmt: skip
    log_k = (  # cm day-1
        7.755 + 0.0352 * s + 0.93 * top - 0.967 * d**2 - 0.000484 * c**2 - 0.000322 * s**2 + 0.001 / s - 0.0748 / m
        - 0.643 * log_s - 0.01398 * d * c - 0.1673 * d * m + 0.02986 * top * c - 0.03305 * top * s
    )  # fmt: skip
    star = (  # logarithm of (10 + l) / (10 - l)
        0.0202 + 0.0006193 * c**2 - 0.001136 * m**2 - 0.2316 * log_m - 0.03544 * d * c + 0.00283 * d * s + 0.0488 * d * m
    )  # fmt: skip
    return Hypres(
        saturated=saturated,
        alpha=100.0 * np.exp(log_alpha),
        n=1.0 + np.exp(log_n),
        k_sat=np.exp(log_k) * 0.01 / SECONDS_PER_DAY,
        connectivity=10.0 * np.tanh(star / 2.0),
    )


def saturation(suction: ArrayLike, alpha: ArrayLike, n: ArrayLike) -> Floats:
    """Share of the water between residual and full that a suction [m] leaves (van Genuchten 1980)."""
    shape = np.asarray(n, dtype=np.float64)
    return np.asarray((1.0 + (np.asarray(alpha) * np.asarray(suction)) ** shape) ** (1.0 / shape - 1.0))


def matched_conductivity(k_sat: ArrayLike, connectivity: ArrayLike, effective: ArrayLike) -> Floats:
    """Saturated conductivity with which Mualem's curve of connectivity 0.5 meets another one at an effective saturation."""
    return np.asarray(k_sat) * np.asarray(effective) ** (np.asarray(connectivity) - CONNECTIVITY)


def water_at(soil: SoilHydraulics, suction: ArrayLike) -> Floats:
    """Volume of water at a suction [m]."""
    r = soil.retention
    residual = np.asarray(r.residual)
    return soil.filled * (residual + (1.0 - residual) * saturation(suction, r.alpha, r.n))


def hydraulics(clay: ArrayLike, sand: ArrayLike, soc: ArrayLike, bulk_density: ArrayLike, topsoil: ArrayLike) -> SoilHydraulics:
    """Parameters of every layer from clay, sand and organic carbon (mass fractions), density [kg m-3] and whether it is ploughed.

    Shapes broadcast, e.g. (column, layer) with ``topsoil`` (layer,). Water fills at most 0.97 of the pores.
    """
    clay, sand = np.asarray(clay, dtype=np.float64), np.asarray(sand, dtype=np.float64)
    density = np.asarray(bulk_density, dtype=np.float64)
    made = hypres(
        np.clip(100.0 * clay, *CLAY),
        np.clip(100.0 * (1.0 - clay - sand), *SILT),
        np.clip(100.0 * CARBON_TO_MATTER * np.asarray(soc, dtype=np.float64), *MATTER),
        np.clip(density / 1000.0, *DENSITY),
        topsoil,
    )
    porosity = 1.0 - density / PARTICLE_DENSITY
    filled = np.minimum(made.saturated, MOST_FILLED * porosity)
    alpha, n = np.clip(made.alpha, *ALPHA), np.clip(made.n, *SHAPE)
    k_sat = matched_conductivity(made.k_sat, made.connectivity, saturation(MATCHED, alpha, n))
    retention = Retention(RESIDUAL_WATER / filled, alpha, n, np.clip(k_sat, *CONDUCTIVITY))
    return SoilHydraulics(retention, filled, np.broadcast_to(porosity, filled.shape).copy())


def known_values(parameters: WaterParameters, fields: Mapping[str, Floats], shape: tuple[int, int]) -> dict[str, Floats]:
    """What a user knows of the soil water, by name of KNOWN, (column, layer), NaN where nothing is known.

    ``parameters``: ``[water]`` of a configuration, one number or one for each layer; ``fields``: values of a domain (column,),
    the same in all layers, which come before the configuration. Other names of ``fields`` are passed over.
    """
    made = {}
    for name in KNOWN:
        value = np.full(shape, np.nan)
        if given := getattr(parameters, PREFIX + name):
            value[:] = np.asarray(given)
        if PREFIX + name in fields:
            mapped = np.asarray(fields[PREFIX + name], dtype=np.float64)[:, None]
            value = np.where(np.isfinite(mapped), mapped, value)
        if np.isfinite(value).any():
            made[name] = value
    return made


def with_known(soil: SoilHydraulics, known: Mapping[str, Floats]) -> SoilHydraulics:
    """The soil with the values of ``known_values`` where there are any; pores grow where water is said to fill more of them."""

    def taken(name: str, estimated: ArrayLike) -> Floats:
        value = known.get(name)
        return np.asarray(estimated) if value is None else np.where(np.isfinite(value), value, estimated)

    filled = taken("filled", soil.filled)
    # the residual volume stays where only the volume that water fills is known
    residual = taken("residual", np.asarray(soil.retention.residual) * soil.filled / filled)
    retention = Retention(residual, *(taken(name, getattr(soil.retention, name)) for name in ("alpha", "n", "k_sat")))
    return SoilHydraulics(retention, filled, np.maximum(soil.porosity, filled / MOST_FILLED))
