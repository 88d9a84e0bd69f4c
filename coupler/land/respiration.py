"""Carbon dioxide produced in the soil: level and season from climate, response from nitrogen uptake.

What:    annual production by Raich et al. 2002 from monthly air temperature and rain; a change of harvested nitrogen
         against the baseline changes it (why: emulator/docs/science.md, section 9).
Units:   kg C m-2 s-1 per column; nitrogen in kg ha-1 year-1.
Source:  Raich, Potter & Bhagawati 2002, doi:10.1046/j.1365-2486.2002.00511.x: R = F exp(Q T) P / (K + P).
         Under grass GRASSLAND times as much: water below European grassland took 24.1 g m-2 year-1 of carbon respired in the soil
         with it, below cropland 14.6 (Kindler et al. 2011, doi:10.1111/j.1365-2486.2010.02282.x; standard errors 7.2 and 4.8).
         Respiration alone differs less (Raich & Tufekcioglu 2000, doi:10.1023/A:1006112000616: none found); the factor also
         stands for soil that is wetter and not loosened each year, whose air keeps more of it.
Use:     ``co2 = production(air, rain, uptake, uptake_baseline, config.carbon)`` -> (column, 12).
"""

from __future__ import annotations

import numpy as np

from ..units import HA_M2, SECONDS_PER_YEAR
from .parameters import CarbonParameters

GRASSLAND = 24.1 / 14.6  # of the carbon dioxide that soil air has under crops
MIN_SHARE = 0.2  # nitrogen can never reduce the climate-driven production by more than this share


def climate_production(air: np.ndarray, rain: np.ndarray, parameters: CarbonParameters) -> np.ndarray:
    """Soil respiration [g C m-2 day-1], (column, 12), from air temperature [degC] and rain [mm per month]."""
    p = parameters
    moist = rain / 10.0 / (p.raich_k + rain / 10.0)
    # limits of the source's data; below -13.3 degC programs that cite it put 0, here the rate at the limit holds
    return p.raich_f * np.exp(p.raich_q * np.clip(air, -13.3, 33.5)) * moist


def production(
    air: np.ndarray, rain: np.ndarray, uptake: np.ndarray, uptake_baseline: np.ndarray, parameters: CarbonParameters
) -> np.ndarray:
    """CO2 source [kg C m-2 s-1], (column, 12); uptake (column,) in kg N ha-1 year-1."""
    shape = climate_production(air, rain, parameters)
    annual = shape.mean(1) * 365.0 * 1e-3  # kg C m-2 year-1
    return shape * 1e-3 / 86400.0 * nitrogen_factor(annual, uptake, uptake_baseline, parameters)[:, None]


def nitrogen_factor(
    annual: np.ndarray, uptake: np.ndarray, uptake_baseline: np.ndarray, parameters: CarbonParameters
) -> np.ndarray:
    """What a change of harvested nitrogen [kg ha-1 year-1] makes of the production; ``annual`` kg C m-2 year-1. All (column,)."""
    change = parameters.per_n_uptake * (uptake - uptake_baseline) / HA_M2
    return np.maximum(1.0 + change / annual, MIN_SHARE)


def annual_sum(source: np.ndarray) -> np.ndarray:
    """Annual sum, kg C m-2 year-1, of a monthly rate (column, 12)."""
    return source.mean(1) * SECONDS_PER_YEAR
