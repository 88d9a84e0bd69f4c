"""Leaves of the arable crops on each day of a mean year: sowing, flowering, harvest and leaf area by temperature and latitude.

What:    ``crop_cover`` gives the share of the ground that leaves shade, crop by crop and over the mix of a column; ``demand``
         shares potential evapotranspiration out between leaves and soil; ``root_density`` where roots are.
Units:   days of the year from 0; leaf area index 1; mm a day. Shapes: air and leaves (365, column), dates (crop, column).
Source:  crop_table.py; day length and crop coefficients of FAO-56 (Allen et al. 1998, eq. 34, table 17); leaves take
         1 - exp(-0.6 LAI) of the demand: LINTUL as in SIMPLACE, and the extinction of WOFOST for wheat and maize; roots: Jackson
         et al. 1996, Oecologia 108, 389-411. A closed form of the mean year of air: every year has the same dates, so a cold
         spring does not delay them [assumption].
Use:     ``cover = crop_cover(air_days(mat, amplitude), lat, crop_shares(country, warmest))``
         ``transpiration, evaporation = demand(pet, cover.shading)``
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..units import DAYS_PER_YEAR
from .climate import COLDEST, declination
from .crop_table import AUTUMN, CROPS, Crop, Leaves, by_latitude

Floats = NDArray[np.float64]
DAYS = int(DAYS_PER_YEAR)
EXTINCTION = 0.6  # by leaves; LPJmL has 0.5, WOFOST 0.6 for visible light and 0.45 for what reaches the soil
FULL_COVER = 1.10  # transpiration of a closed crop against reference evapotranspiration: FAO-56, table 17 (maize and beet 1.15)
# evaporation of bare soil against it, where FAO-56 has 0.3 to 0.7 (initial stages, table 12). At seven places of Europe the daily
# soil water gives 64 mm a year more to the air than Fu's equation (omega 2.6) with 1, 2 mm more with 0.6, 18 mm less with 0.5
BARE_SOIL = 0.6
# K: standard deviation of the air's daily mean about its mean year [assumption: 3-5 K in Europe]; warmth above a base comes from
# warm days of a cold month too. A logistic distribution makes the mean of max(T, 0) a closed form
DAY_TO_DAY = 4.0
WIDTH = DAY_TO_DAY * np.sqrt(3.0) / np.pi
ROOT_BETA = 0.961  # cumulative share of roots 1 - beta**cm, Jackson et al. 1996: crops; CLM5 has 0.943, LPJmL 4 0.969
ROOT_DEPTH = 1.2  # m; WOFOST: wheat and barley 1.25, maize 1.0, beet 1.2, sunflower 1.5


@dataclass(frozen=True)
class Dates:
    """Days of the year of each crop, (crop, column); a winter crop is sown in the year before."""

    sowing: Floats
    flowering: Floats
    harvest: Floats


@dataclass(frozen=True)
class Cover:
    """A mean year of leaves. ``shading``: share of the demand that falls on leaves, mean over the crops' fields."""

    dates: Dates
    leaf_area: Floats  # (crop, 365, column)
    growth: Floats  # (crop, 365, column), cumulative share of the canopy that has grown by the end of each day
    shares: Floats  # (column, crop)
    lai: Floats  # (365, column), mean over fields
    shading: Floats  # (365, column)


def air_days(mat: Floats, amplitude: Floats) -> Floats:
    """Mean air of each day of the year [degC], (365, column): the harmonic of climate.air_temperature at midday."""
    wave = np.cos(2 * np.pi * ((np.arange(DAYS) + 0.5) / DAYS - COLDEST))
    return np.asarray(mat)[None, :] - np.asarray(amplitude)[None, :] * wave[:, None]


def day_length(lat: Floats) -> Floats:
    """Hours of sun, (365, column)."""
    phi = np.radians(np.asarray(lat, dtype=np.float64))[None, :]
    sunset = np.arccos(np.clip(-np.tan(phi) * np.tan(declination(np.arange(DAYS) + 1.0))[:, None], -1.0, 1.0))
    return np.asarray(24.0 / np.pi * sunset)


def warmth(air: Floats, base: float) -> Floats:
    """Mean degree days above a base [degC day] of days with this mean temperature."""
    return np.asarray(WIDTH * np.logaddexp(0.0, (air - base) / WIDTH))


def sums(daily: Floats) -> Floats:
    """Cumulative sum at the ends of days and at the beginning, (day + 1, column)."""
    return np.concatenate([np.zeros_like(daily[:1]), np.cumsum(daily, axis=0)])


def at(sums: Floats, day: Floats) -> Floats:
    """Sums (day + 1, column) at a day with its fraction (column,)."""
    whole = np.clip(np.floor(day).astype(int), 0, len(sums) - 2)
    column = np.arange(sums.shape[1])
    low, high = sums[whole, column], sums[whole + 1, column]
    return np.asarray(low + (day - whole) * (high - low))


def day_of(sums: Floats, target: Floats) -> Floats:
    """Day, with its fraction, on which sums (day + 1, column) reach a target (column,); the last where they never do."""
    after = np.clip((sums < target).sum(0), 1, len(sums) - 1)
    column = np.arange(sums.shape[1])
    low, high = sums[after - 1, column], sums[after, column]
    return np.asarray(after - 1 + np.clip((target - low) / np.maximum(high - low, 1e-12), 0.0, 1.0))


def _grown(leaves: Leaves, phase: Floats | float) -> Floats:
    """Share of the largest leaf area grown at a share of the warmth to maturity (Williams et al. 1989, as in LPJmL 4)."""
    (p1, l1), (p2, l2) = leaves.first, leaves.second
    c, k = p1 / l1 - p1, p2 / l2 - p2
    return np.asarray(phase / (phase + c * np.exp(np.log(c / k) / (p2 - p1) * (p1 - phase))))


def _left(leaves: Leaves, phase: Floats) -> Floats:
    """Share of what has grown that still lives."""
    alive = np.clip((1.0 - phase) / (1.0 - leaves.ageing), 0.0, 1.0)
    return np.asarray(alive**leaves.power * (1.0 - leaves.last) + leaves.last)


def _sowing(crop: Crop, air: Floats) -> Floats:
    """First day of the crop's window on which the air is cold (winter crops) or warm enough, else its last, (column,)."""
    begin, end = crop.sown_between
    ready = air[begin : end + 1] < crop.sown_at if crop.winter else air[begin : end + 1] >= crop.sown_at
    return np.where(ready.any(0), begin + ready.argmax(0), end).astype(np.float64)


@dataclass(frozen=True)
class _Calendar:
    """Dates of one crop, days of the year; ``ripe``: warmth since 1 January [degC days] at which it is. All (column,)."""

    sowing: Floats
    flowering: Floats
    harvest: Floats
    ripe: Floats


def _calendar(crop: Crop, air: Floats, lat: Floats, daily: Floats, year: Floats) -> _Calendar:
    """Dates of a crop; ``daily``: warmth above its base (365, column), ``year``: its sums."""
    sowing = _sowing(crop, air)
    if crop.day_length:
        low, high = crop.day_length
        early = sums(daily * np.clip((day_length(lat) - low) / (high - low), 0.0, 1.0))
    else:
        early = year
    needed = crop.emergence + by_latitude(crop.to_flowering, lat)
    flowering = day_of(early, needed if crop.winter else at(early, sowing) + needed)
    ripe = at(year, flowering) + by_latitude(crop.to_maturity, lat)
    latest = np.full_like(sowing, float(crop.latest_harvest))
    return _Calendar(sowing, flowering, np.minimum(day_of(year, ripe), latest) if crop.ripens else latest, ripe)


def _grow(crop: Crop, of: _Calendar, year: Floats) -> tuple[Floats, Floats]:
    """Leaf area and cumulative growth at the end of each day, (365, column); a winter crop grows from one year into the next."""
    leaves, years = crop.leaves, 2 if crop.winter else 1
    autumn = AUTUMN * year[-1] if crop.winter else np.zeros_like(of.ripe)  # warmth of the year before
    warm = np.concatenate([AUTUMN * year[:-1], autumn + year]) if crop.winter else year
    begin = at(warm, of.sowing)
    needed = np.maximum(autumn + of.ripe - begin, 1e-6)
    phase = np.clip((warm[1:] - begin) / needed, 0.0, 1.0)
    day, harvest = np.arange(1.0, years * DAYS + 1)[:, None], of.harvest + (years - 1) * DAYS
    grown = _grown(leaves, np.minimum(phase, leaves.ageing))
    standing = (day > of.sowing) & (day <= np.ceil(harvest))
    area = np.where(standing, leaves.largest * grown * _left(leaves, phase), 0.0)
    cut = np.clip((at(warm, harvest) - begin) / needed, 0.0, leaves.ageing)
    grown = np.minimum(grown, _grown(leaves, cut))
    step = np.diff(grown, axis=0, prepend=0.0) / grown[-1]
    if crop.winter:  # what grew in the autumn before is what grows in the autumn of any year
        area, step = area[:DAYS] + area[DAYS:], step[:DAYS] + step[DAYS:]
    return area, np.cumsum(step, axis=0)


def crop_cover(air: Floats, lat: Floats, shares: Floats) -> Cover:
    """Leaves of a mean year. ``air`` (365, column) mean year of the air [degC], ``lat`` (column,), ``shares`` (column, crop)."""
    air, lat = np.asarray(air, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    daily = {base: warmth(air, base) for base in {crop.base for crop in CROPS}}
    year = {base: sums(values) for base, values in daily.items()}
    of = [_calendar(crop, air, lat, daily[crop.base], year[crop.base]) for crop in CROPS]
    grown = [_grow(crop, dates, year[crop.base]) for crop, dates in zip(CROPS, of, strict=True)]
    area, growth = (np.stack(part) for part in zip(*grown, strict=True))
    weight = np.asarray(shares).T[:, None, :]  # (crop, 1, column)
    return Cover(
        Dates(*(np.stack([getattr(dates, name) for dates in of]) for name in ("sowing", "flowering", "harvest"))),
        leaf_area=area,
        growth=growth,
        shares=np.asarray(shares),
        lai=(weight * area).sum(0),
        shading=(weight * (1.0 - np.exp(-EXTINCTION * area))).sum(0),
    )


def demand(pet: Floats, shading: Floats, crop: float = FULL_COVER, soil: float = BARE_SOIL) -> tuple[Floats, Floats]:
    """Potential transpiration and potential evaporation of the soil, the unit of ``pet``; any shapes that broadcast.

    ``crop``, ``soil``: what a closed canopy and bare soil would lose where water is no limit, of ``pet``.
    """
    return crop * pet * shading, soil * pet * (1.0 - shading)


def root_density(dz: Floats) -> Floats:
    """Share of the roots in each layer, (..., layer), sums to 1: 1 - beta**cm down to ROOT_DEPTH (divide by dz for a density)."""
    edge = np.minimum(np.cumsum(np.concatenate([np.zeros_like(dz[..., :1]), dz], axis=-1), axis=-1), ROOT_DEPTH)
    share = -np.diff(ROOT_BETA ** (100.0 * edge), axis=-1)
    return np.asarray(share / share.sum(-1, keepdims=True))
