"""Monthly climate from annual numbers: air and soil temperature, shape of rain, shape of PET.

What:    closed forms, month 0 = January, mid-month values; no state.
Units:   degC, shares of the annual sum; shapes (column,) -> (column, 12).
Source:  harmonic temperature with its minimum 0.3 month after mid-January (rms 0.5 degC against Rothamsted's monthly normals);
         PET shape: Oudin et al. 2005, doi:10.1016/j.jhydrol.2004.08.026, with FAO-56 radiation (Allen et al. 1998, eq. 21-25);
         soil temperature: damped wave (Hillel 1998).
Use:     ``air_temperature(mat, amplitude)``, ``soil_temperature(mat, amplitude, depth, diffusivity)``.
"""

from __future__ import annotations

import numpy as np

from ..units import DAYS_PER_YEAR

MONTH_CENTRE = (np.arange(12) + 0.5) / 12.0  # of the year
MID_MONTH = MONTH_CENTRE * DAYS_PER_YEAR  # day of the year
COLDEST = 0.8 / 12.0  # mid-January + 0.3 month
# first harmonic of monthly rain: coefficients of 1, lat, lat2, lon, lat lon, lon2 (cosine, sine), fitted to BIOME4 input data
RAIN_COSINE = (7.23058, -0.274727, 0.00262545, 0.0370789, -0.00120893, 0.00039047)
RAIN_SINE = (1.92663, -0.0661714, 0.000494803, -0.00247506, -3.01978e-05, 0.000145948)
SOLAR_CONSTANT = 0.0820  # MJ m-2 min-1, FAO-56


def air_temperature(mat: np.ndarray, amplitude: np.ndarray) -> np.ndarray:
    """Monthly air temperature [degC], (column, 12)."""
    wave = np.cos(2 * np.pi * (MONTH_CENTRE - COLDEST))
    return np.asarray(mat)[:, None] - np.asarray(amplitude)[:, None] * wave


def soil_temperature(mat: np.ndarray, amplitude: np.ndarray, depth: np.ndarray, diffusivity: float) -> np.ndarray:
    """Monthly soil temperature [degC], (column, layer, 12), never below 0: soil water is kept liquid.

    depth (layer,) m; diffusivity m2 s-1; the wave is damped and delayed by z / d, d = sqrt(diffusivity * year / pi).
    """
    damping = np.asarray(depth) / np.sqrt(diffusivity * DAYS_PER_YEAR * 86400.0 / np.pi)
    phase = 2 * np.pi * (MONTH_CENTRE - COLDEST)[None, :] - damping[:, None]
    wave = np.exp(-damping)[:, None] * np.cos(phase)
    return np.maximum(np.asarray(mat)[:, None, None] - np.asarray(amplitude)[:, None, None] * wave, 0.0)


def precipitation_shape(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """Share of annual rain per month, (column, 12), each row sums to 1."""
    terms = np.stack([np.ones_like(lat), lat, lat**2, lon, lat * lon, lon**2], axis=-1)
    angle = 2 * np.pi * MONTH_CENTRE
    shape = 1 + np.outer(terms @ np.array(RAIN_COSINE), np.cos(angle)) + np.outer(terms @ np.array(RAIN_SINE), np.sin(angle))
    shape = np.maximum(shape, 0.05)
    return shape / shape.sum(1, keepdims=True)


def declination(day: np.ndarray) -> np.ndarray:
    """Solar declination [rad] of days of the year counted from 1; FAO-56 equation 24."""
    return np.asarray(0.409 * np.sin(2 * np.pi * day / 365 - 1.39))


def radiation(lat: np.ndarray, day: np.ndarray = MID_MONTH) -> np.ndarray:
    """Extraterrestrial radiation [MJ m-2 day-1] on days of a year of 365, (column, day); FAO-56 equations 21-25."""
    distance = 1 + 0.033 * np.cos(2 * np.pi * day / 365)
    tilt = declination(day)
    phi = np.radians(np.asarray(lat, float))[:, None]
    sunset = np.arccos(np.clip(-np.tan(phi) * np.tan(tilt), -1, 1))
    sine = sunset * np.sin(phi) * np.sin(tilt) + np.cos(phi) * np.cos(tilt) * np.sin(sunset)
    return np.maximum(24 * 60 / np.pi * SOLAR_CONSTANT * distance * sine, 0.0)


def pet_shape(lat: np.ndarray, temperature: np.ndarray) -> np.ndarray:
    """Share of annual PET per month, (column, 12), rows sum to 1: radiation times (T + 5 degC) where that is positive."""
    weight = radiation(lat) * np.maximum(temperature + 5.0, 0.0) + 1e-6
    return weight / weight.sum(1, keepdims=True)


def pet_warming(lat: np.ndarray, temperature: np.ndarray, warming: np.ndarray) -> np.ndarray:
    """Ratio of annual PET after and before a warming [K] (column,): Oudin's radiation times (T + 5 degC), summed over months."""

    def total(t: np.ndarray) -> np.ndarray:
        return (radiation(lat) * np.maximum(t + 5.0, 0.0)).sum(1)

    return total(temperature + np.asarray(warming)[:, None]) / np.maximum(total(temperature), 1e-6)
