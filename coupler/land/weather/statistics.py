"""What a monthly climatology tells of its days: wet days and how they cluster, variation of months, temperature, evaporation.

What:    regressions from the mean rain, temperature and place of each month; no state. A wet day has 1 mm or more.
Units:   mm a month, degC, shares; shapes (column, 12) unless stated otherwise.
Source:  fitted to daily series of rain gauges: 53 in Germany and 3 in Spain (ECA&D; Klein Tank et al. 2002,
         doi:10.1002/joc.773), 9 in France (Meteo-France), 44 in Trentino; coupler/docs/weather.md tells how well.
Use:     ``wet_share(rain, temperature, lat, lon)``
"""

from __future__ import annotations

import numpy as np

from .days import Floats

MEAN_MONTH = 365.25 / 12.0  # days
# logit of the share of wet days: coefficients of 1, ln rain, temperature, latitude, longitude; the last two where it was fitted
WET = (-7.9516, 0.7486, -0.0122, 0.0884, -0.0289)
FITTED_LAT, FITTED_LON = (37.0, 54.0), (-6.0, 14.0)
WET_LIMITS = (0.003, 0.8)
WET_EXPONENT = 0.6  # wet days of a month go with that power of its rain, between the years
PERSISTENCE = 0.3  # probability of a wet day after a wet one less that after a dry one
MONTH_MEMORY = 0.05  # correlation of rain between neighbouring months
# ln of standard deviation over mean of monthly rain: coefficients of 1, ln wet days, ln rain
VARIATION = (0.208, -0.676, 0.177)
VARIATION_LIMITS = (0.25, 3.0)
AMOUNT_SHAPE = 0.9  # of the Weibull distribution of rain on wet days
DAY_MEMORY = 0.75  # correlation of temperature from day to day
PET_WET = 0.35  # evaporation of a dry day less that of a wet one, of the mean
PET_MONTH = 0.08  # standard deviation of a month's evaporation, of the mean

_Z = np.linspace(-8.0, 8.0, 3201)
_DENSITY = np.exp(-0.5 * _Z * _Z) / np.exp(-0.5 * _Z * _Z).sum()
_SPREAD = np.linspace(0.0, 3.0, 301)
_CUBE = np.maximum(1.0 + _SPREAD[:, None] * _Z, 0.0) ** 3
_MEAN = _CUBE @ _DENSITY
_VARIATION = np.sqrt(np.maximum((_CUBE**2) @ _DENSITY / _MEAN**2 - 1.0, 0.0))
_POWER = ((_CUBE / _MEAN[:, None]) ** WET_EXPONENT) @ _DENSITY


def spread_of(variation: Floats) -> Floats:
    """Spread s for which the cube of max(1 + s z, 0), z standard normal, has that standard deviation over its mean."""
    return np.interp(variation, _VARIATION, _SPREAD)


def mean_cube(spread: Floats) -> Floats:
    """Mean of the cube of max(1 + s z, 0)."""
    return np.interp(spread, _SPREAD, _MEAN)


def wet_share(rain: Floats, temperature: Floats, lat: Floats, lon: Floats) -> Floats:
    """Mean share of wet days; ``lat``, ``lon`` degrees (column,)."""
    north = np.clip(lat, *FITTED_LAT)[:, None]
    east = np.clip((lon + 180.0) % 360.0 - 180.0, *FITTED_LON)[:, None]
    logit = WET[0] + WET[1] * np.log(np.maximum(rain, 0.1)) + WET[2] * temperature + WET[3] * north + WET[4] * east
    return np.clip(1.0 / (1.0 + np.exp(-logit)), *WET_LIMITS)


def variation(rain: Floats, share: Floats) -> Floats:
    """Standard deviation over mean of the months' rain."""
    log = VARIATION[0] + VARIATION[1] * np.log(share * MEAN_MONTH) + VARIATION[2] * np.log(np.maximum(rain, 0.1))
    return np.clip(np.exp(log), *VARIATION_LIMITS)


def wet_share_of(share: Floats, ratio: Floats, variation: Floats) -> Floats:
    """Share of wet days of months with ``ratio`` times the mean rain; its mean over years is ``share``."""
    mean = np.interp(spread_of(variation), _SPREAD, _POWER)
    return np.minimum(share * ratio**WET_EXPONENT / mean, 0.97)


def persistence(share: Floats) -> Floats:
    """Probability of a wet day after a wet one less that after a dry one."""
    return np.full_like(share, PERSISTENCE)


def temperature_sd(temperature: Floats) -> Floats:
    """Standard deviation of a day's mean temperature about the season [K]: larger in cold months."""
    return np.clip(3.6 - 0.06 * temperature, 2.0, 6.0)


def wet_cooling(temperature: Floats) -> Floats:
    """Temperature of a wet day less that of a dry one [K]: cooler in summer, milder in winter."""
    return np.clip(1.8 - 0.2 * temperature, -3.0, 2.5)
