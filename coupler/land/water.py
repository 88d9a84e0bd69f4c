"""Monthly soil water where the user has none: Fu's annual balance, a monthly bucket, layers by texture.

What:    a periodic year of water per layer, sinks, drainage; the fluxes rebuilt from it always point downward.
Units:   mm (= kg m-2) per month inside, kg m-2 and kg m-2 s-1 at the end; shapes (column, 12), (column, layer, 12).
Source:  Fu 1981 as in Zhang et al. 2004, Water Resour. Res. 40, W02502, doi:10.1029/2003WR002710; FAO-56 stress;
         Saxton & Rawls 2006, doi:10.2136/sssaj2005.0117.
Use:     ``year = water_year(climate, profile, parameters)``; ``year.w_liq[:, :, month]``.
Budget:  rain = runoff + ET + drainage + d(store).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..units import MONTH_SECONDS
from .parameters import WaterParameters

SPIN_YEARS = 6  # years of spin-up; a bucket that holds one year's rain forgets its start sooner
BISECTIONS = 30
MOST_EXCESS = 0.95  # of the rain that a scenario of more drainage may leave


@dataclass(frozen=True)
class WaterYear:
    """One periodic year. Storage is at the end of each month; the rest are sums over it."""

    rain: np.ndarray  # (column, 12) mm
    runoff: np.ndarray
    evapotranspiration: np.ndarray
    drainage: np.ndarray
    saturation: np.ndarray  # (column, 12) 0-1 of the plant-available store
    w_liq: np.ndarray  # (column, layer, 12) kg m-2, end of month
    w_sink: np.ndarray  # (column, layer, 12) kg m-2 s-1
    q_bot: np.ndarray  # (column, 12) kg m-2 s-1


def fu_evaporation(rain: np.ndarray, pet: np.ndarray, omega: float) -> np.ndarray:
    """Annual evapotranspiration, same unit as rain: E/P = 1 + x - (1 + x^omega)^(1/omega), x = PET/P."""
    x = pet / rain
    return rain * np.clip(1 + x - (1 + x**omega) ** (1 / omega), 0.0, 1.0)


def fu_demand(rain: np.ndarray, pet: np.ndarray, omega: float, drainage: np.ndarray) -> np.ndarray:
    """Factor on ``pet`` with which Fu's equation leaves ``drainage`` times as much of the rain, at most MOST_EXCESS of it."""
    excess = np.minimum(drainage * (rain - fu_evaporation(rain, pet, omega)), MOST_EXCESS * rain)
    low, high = np.zeros(len(rain)), np.full(len(rain), 50.0)
    for _ in range(2 * BISECTIONS):
        middle = 0.5 * (low + high)
        too_wet = rain - fu_evaporation(rain, middle * pet, omega) > excess
        low, high = np.where(too_wet, middle, low), np.where(too_wet, high, middle)
    return np.where(drainage == 1.0, 1.0, 0.5 * (low + high))


def texture_water(clay: np.ndarray, sand: np.ndarray, soc: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Volumetric water at 33 and 1500 kPa; clay, sand, organic carbon as mass fractions (organic matter = 1.72 C)."""
    om = np.clip(172.4 * soc, 0.0, 8.0)
    dry = -0.024 * sand + 0.487 * clay + 0.006 * om + 0.005 * sand * om - 0.013 * clay * om + 0.068 * sand * clay + 0.031
    dry = dry + (0.14 * dry - 0.02)
    wet = -0.251 * sand + 0.195 * clay + 0.011 * om + 0.006 * sand * om - 0.027 * clay * om + 0.452 * sand * clay + 0.299
    wet = wet + (1.283 * wet**2 - 0.374 * wet - 0.015)
    dry = np.clip(dry, 0.02, 0.35)
    return np.maximum(wet, dry + 0.04), dry


def root_share(dz: np.ndarray, parameters: WaterParameters) -> np.ndarray:
    """How far roots empty a layer, (layer,): 1 above root_full_m, falling to 0 at root_end_m."""
    centre = np.cumsum(dz) - dz / 2
    span = max(parameters.root_end_m - parameters.root_full_m, 1e-6)
    return np.clip((parameters.root_end_m - centre) / span, 0.0, 1.0)


def bucket(
    rain: np.ndarray, pet: np.ndarray, store: np.ndarray, stress: float, start: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Monthly bucket: storage, ET and overflow, (column, month); rain and pet (column, month), store (column,) in mm.

    Without a storage to ``start`` from, the months are those of a year that repeats itself.
    """
    water = store.copy() if start is None else start
    level, used, over = (np.empty_like(rain) for _ in range(3))
    for _ in range(SPIN_YEARS if start is None else 1):
        for month in range(rain.shape[1]):
            filled = water + rain[:, month]
            et = np.minimum(pet[:, month] * np.minimum(1.0, filled / (stress * store)), filled)
            spill = np.maximum(filled - et - store, 0.0)
            water = filled - et - spill
            level[:, month], used[:, month], over[:, month] = water, et, spill
    return level, used, over


@dataclass(frozen=True)
class Climate:
    """Water supply and demand of a year."""

    rain: np.ndarray  # (column,) mm year-1
    rain_shape: np.ndarray  # (column, 12), sums to 1
    pet: np.ndarray  # (column,) mm year-1, potential evapotranspiration
    pet_shape: np.ndarray  # (column, 12), sums to 1


@dataclass(frozen=True)
class Profile:
    """The soil; (column, layer) unless stated otherwise."""

    clay: np.ndarray  # kg kg-1
    sand: np.ndarray  # kg kg-1
    soc: np.ndarray  # kg kg-1
    porosity: np.ndarray
    dz: np.ndarray  # (layer,) m


@dataclass(frozen=True)
class Store:
    """What the soil holds for roots."""

    wet: np.ndarray  # (column, layer) mm at field capacity
    available: np.ndarray  # (column, layer) mm that roots can take of it
    total: np.ndarray  # (column,) mm of that in the profile


def water_store(soil: Profile, p: WaterParameters) -> Store:
    """From texture, organic carbon and the depth of roots."""
    wet, dry = texture_water(soil.clay, soil.sand, soil.soc)
    wet = np.minimum(wet, soil.porosity - 0.06)  # some air stays: gas diffusion must not stop at field capacity
    dry = np.minimum(dry, wet - 0.03)
    available = (wet - dry) * soil.dz * 1000.0 * root_share(soil.dz, p)
    return Store(wet * soil.dz * 1000.0, available, available.sum(1))


def balanced_bucket(
    infiltration: np.ndarray, climate: Climate, store: np.ndarray, stress: float, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Storage and drainage [mm] (column, 12) with the crop coefficient that drains ``target`` mm a year, and it (column,)."""

    def year(factor: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return bucket(infiltration, factor[:, None] * climate.pet[:, None] * climate.pet_shape, store, stress)

    low, high = np.full(len(store), 0.02), np.full(len(store), 4.0)
    for _ in range(BISECTIONS):
        factor = 0.5 * (low + high)
        too_wet = year(factor)[2].sum(1) > target
        low, high = np.where(too_wet, factor, low), np.where(too_wet, high, factor)
    factor = 0.5 * (low + high)
    level, _, drainage = year(factor)
    return level, drainage, factor


def sinks(evapotranspiration: np.ndarray, available: np.ndarray, change: np.ndarray, dz: np.ndarray) -> np.ndarray:
    """Water taken from each layer, mm (column, layer, 12), for evapotranspiration [mm] and the change of saturation (column, 12).

    What a layer loses is used within it, so that nothing flows upward; the rest is taken near the surface.
    """
    taken = available[:, :, None] * np.maximum(-change, 0.0)[:, None, :]
    rest = evapotranspiration - taken.sum(1)
    depth = np.cumsum(dz) - dz / 2
    top = np.exp(-depth / 0.2) * dz
    return taken + (top / top.sum())[None, :, None] * rest[:, None, :]


@dataclass(frozen=True)
class _Course:
    """Months of a bucket: rain and runoff, storage and drainage [mm] (column, month), storage before the first (column,)."""

    rain: np.ndarray
    runoff: np.ndarray
    level: np.ndarray
    drained: np.ndarray
    before: np.ndarray


def _months(course: _Course, store: Store, soil: Profile) -> WaterYear:
    """Water of the layers from that of the bucket."""
    saturation = course.level / store.total[:, None]
    change = np.diff(np.concatenate([(course.before / store.total)[:, None], saturation], axis=1), axis=1)
    # what the level says; the periodic year leaves a residue of the last spin-up year, which goes into ET
    et = (course.rain - course.runoff) - course.drained - change * store.total[:, None]
    return WaterYear(
        rain=course.rain,
        runoff=course.runoff,
        evapotranspiration=et,
        drainage=course.drained,
        saturation=saturation,
        w_liq=store.wet[:, :, None] - store.available[:, :, None] * (1 - saturation)[:, None, :],
        w_sink=sinks(et, store.available, change, soil.dz) / MONTH_SECONDS,
        q_bot=course.drained / MONTH_SECONDS,
    )


def water_year(climate: Climate, soil: Profile, parameters: WaterParameters, drainage: np.ndarray | float = 1.0) -> WaterYear:
    """Water of one year; ``drainage`` multiplies what Fu's equation leaves after evapotranspiration.

    The crop coefficient of each column is found by bisection so that the bucket's annual drainage is that.
    """
    return water_years(climate, soil, parameters, drainage)[0]


def water_years(
    climate: Climate,
    soil: Profile,
    parameters: WaterParameters,
    drainage: np.ndarray | float = 1.0,
    rain: np.ndarray | None = None,
    pet: np.ndarray | None = None,
) -> tuple[WaterYear, WaterYear | None]:
    """The mean year, and the months after it that ``rain`` and ``pet`` [mm] (column, month) describe, with its crop coefficient.

    No month but those of the mean year has runoff.
    """
    p = parameters
    excess = climate.rain - fu_evaporation(climate.rain, climate.pet, p.omega)
    if np.any(np.asarray(drainage) != 1.0):
        excess = np.minimum(excess * drainage, MOST_EXCESS * climate.rain)
    mean = climate.rain[:, None] * climate.rain_shape
    runoff = mean * (p.runoff_share * excess / climate.rain)[:, None]
    store = water_store(soil, p)
    target = (1 - p.runoff_share) * excess
    level, drained, factor = balanced_bucket(mean - runoff, climate, store.total, p.stress_point, target)
    year = _months(_Course(mean, runoff, level, drained, level[:, -1]), store, soil)
    if rain is None or pet is None:
        return year, None
    storage, _, spilt = bucket(rain, factor[:, None] * pet, store.total, p.stress_point, level[:, -1])
    return year, _months(_Course(rain, 0.0 * rain, storage, spilt, level[:, -1]), store, soil)
