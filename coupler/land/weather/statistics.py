"""What a monthly climatology tells of its days: wet days and how they cluster, variation of months, temperature, evaporation.

What:    regressions from the mean rain, temperature and place of each month; no state. A wet day has 1 mm or more.
Units:   mm a month, degC, shares; shapes (column, 12) unless stated otherwise.
Source:  fitted to daily series of rain gauges, 53 in Germany and 2 in Spain (ECA&D and GHCN), 9 in France (Meteo-France), 44 in
         Trentino, 1 in England and 1 in Norway, and to evaporation at 9 of the German ones; forms and literature, how well it
         fits, and series it was not fitted to: coupler/docs/weather.md.
Use:     ``wet_share(rain, temperature, lat, lon)``
"""

from __future__ import annotations

import numpy as np

from .days import Floats

MEAN_MONTH = 365.25 / 12.0  # days
# logit of the share of wet days: coefficients of 1, ln rain, temperature, latitude, longitude
WET = (-8.6176, 0.7603, -0.0137, 0.1003, -0.0286)
LAT, LON = (43.0, 52.0), (-11.0, 8.0)  # beyond, the share is that of the limit
WET_LIMITS = (0.003, 0.8)
WET_EXPONENT = 0.6  # wet days of a month go with that power of its rain, from year to year
PERSISTENCE = 0.3  # probability of a wet day after a wet one less that after a dry one, within a month
MONTH_MEMORY = 0.04  # correlation of the rain of neighbouring months
# ln of standard deviation over mean of monthly rain: coefficients of 1, ln wet days, ln rain, temperature
VARIATION = (0.2811, -0.7684, 0.2362, -0.0109)
VARIATION_LIMITS = (0.25, 3.0)
LIGHT = 0.75  # share of the other days that have 0.1 to 1 mm, for each share of wet days
AMOUNT_SHAPE = 0.92  # of the Weibull distribution of what a wet day has above 1 mm
NEIGHBOURS = (0.75, 1.0, 1.3)  # amounts of a wet day with none, one, two wet neighbours, relative
DAY_MEMORY = 0.76  # correlation of temperature from day to day
YEAR_SD = 0.45  # K, of a year's mean temperature beyond what its days leave
# temperature of a day: standard deviation K in a warm month, and K more for each degree below 8 degC
DAY_SD, DAY_SD_COLD, COLD = 2.95, 0.12, 8.0
WET_WARMTH = (1.98, -0.204)  # temperature of wet days less that of dry ones: K, K per degC of the month
PET_WET, PET_SCALE = 0.34, 1.2  # evaporation of dry days less that of wet ones, of the mean, where it is well above 1.2 mm a day
PET_DAY, PET_RAIN, PET_MONTH = 0.16, -0.05, 0.07  # of the mean: by temperature of the day, rain of the month, and neither

_SPREAD = np.linspace(0.0, 3.0, 301)


def _tables() -> tuple[Floats, Floats, Floats]:
    """Of max(1 + s z, 0) cubed, z standard normal, by the spreads s of _SPREAD.

    Its mean, its standard deviation over its mean, and the mean of its ratio to the mean to the power of WET_EXPONENT.
    """
    z = np.linspace(-8.0, 8.0, 3201)
    density = np.exp(-0.5 * z * z) / np.exp(-0.5 * z * z).sum()
    cube = np.maximum(1.0 + _SPREAD[:, None] * z, 0.0) ** 3
    mean = cube @ density
    variation = np.sqrt(np.maximum((cube**2) @ density / mean**2 - 1.0, 0.0))
    return mean, variation, ((cube / mean[:, None]) ** WET_EXPONENT) @ density


_MEAN, _VARIATION, _POWER = _tables()


def spread_of(variation: Floats) -> Floats:
    """Spread s for which the cube of max(1 + s z, 0), z standard normal, has that standard deviation over its mean."""
    return np.interp(variation, _VARIATION, _SPREAD)


def mean_cube(spread: Floats) -> Floats:
    """Mean of the cube of max(1 + s z, 0)."""
    return np.interp(spread, _SPREAD, _MEAN)


def wet_share(rain: Floats, temperature: Floats, lat: Floats, lon: Floats) -> Floats:
    """Mean share of wet days; ``lat``, ``lon`` degrees (column,)."""
    north = np.clip(lat, *LAT)[:, None]
    east = np.clip((lon + 180.0) % 360.0 - 180.0, *LON)[:, None]
    logit = WET[0] + WET[1] * np.log(np.maximum(rain, 0.1)) + WET[2] * temperature + WET[3] * north + WET[4] * east
    return np.clip(1.0 / (1.0 + np.exp(-logit)), *WET_LIMITS)


def variation(rain: Floats, temperature: Floats, share: Floats) -> Floats:
    """Standard deviation over mean of the months' rain."""
    log = VARIATION[0] + VARIATION[1] * np.log(share * MEAN_MONTH) + VARIATION[2] * np.log(np.maximum(rain, 0.1))
    return np.clip(np.exp(log + VARIATION[3] * temperature), *VARIATION_LIMITS)


def wet_share_of(share: Floats, ratio: Floats, variation: Floats) -> Floats:
    """Share of wet days of months with ``ratio`` times the mean rain; its mean over years is ``share``."""
    mean = np.interp(spread_of(variation), _SPREAD, _POWER)
    return np.minimum(share * ratio**WET_EXPONENT / mean, 0.97)


def temperature_sd(temperature: Floats) -> Floats:
    """Standard deviation of a day's mean temperature about the season [K]."""
    return DAY_SD + DAY_SD_COLD * np.maximum(COLD - temperature, 0.0)


def wet_warmth(temperature: Floats) -> Floats:
    """Temperature of a wet day less that of a dry one [K]: cooler in summer, milder in winter."""
    return np.clip(WET_WARMTH[0] + WET_WARMTH[1] * temperature, -3.0, 2.5)


def pet_wet(pet: Floats) -> Floats:
    """Evaporation of a dry day less that of a wet one, of the mean; little in winter, when wind and not the sun makes it."""
    return PET_WET * (1.0 - np.exp(-((pet / MEAN_MONTH / PET_SCALE) ** 2)))
