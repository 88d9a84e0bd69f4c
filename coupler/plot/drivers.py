"""Water, heat, carbon dioxide and nitrogen of a plot, month by month: the mean year, and the years whose weather is known.

What:    ``Drivers.forcing`` gives a month by contract name. Months run from January of the first year; those of the spin-up
         (bare) are the mean year's.
Units:   the contract's; shapes (column,), (column, layer), a column a treatment.
Source:  land/water.py, land/climate.py, land/respiration.py, plan.py.
Use:     ``drivers = Drivers(site, ground); columns.step(MONTH_SECONDS, drivers.forcing(1962, 2, state, False))``
"""

from __future__ import annotations

import numpy as np

from ...emulator.contract.constants import PA_PER_ATM
from ..land import climate, nitrogen, respiration, water
from ..land.parameters import CarbonParameters, NitrogenParameters, WaterParameters
from ..units import KELVIN, SECONDS_PER_DAY, SECONDS_PER_YEAR
from .plan import Plans
from .profile import Ground
from .site import Site

SCALE_HEIGHT = 8434.0  # m, standard atmosphere
CO2 = {1750: 2.78e-4, 1850: 2.85e-4, 1900: 2.96e-4, 1950: 3.11e-4, 1980: 3.39e-4, 2000: 3.70e-4, 2020: 4.14e-4}
"""mol mol-1 of carbon dioxide in air: ice cores and Mauna Loa (Meinshausen et al. 2017, doi:10.5194/gmd-10-2057-2017)."""


class Drivers:
    """Everything that is not the soil's state."""

    def __init__(self, site: Site, ground: Ground) -> None:
        self.site, self.ground = site, ground
        w, one = site.weather, np.ones((1, len(ground.dz)))
        self.nitrogen = NitrogenParameters()
        every = [site.years_of_weather.get(y, w) for y in range(site.years[0], site.years[1] + 1)]
        air = np.array([x.temperature for x in every])  # (year, 12)
        rain, pet = np.concatenate([x.rain for x in every]), np.concatenate([x.pet for x in every])
        centre = ground.edges - ground.dz / 2
        mean, swing = np.array([w.temperature.mean()]), np.array([np.ptp(w.temperature) / 2])
        soil = climate.soil_temperature(mean, swing, centre, WaterParameters().thermal_diffusivity)[0]  # (layer, 12)
        warmer = np.repeat(air.mean(1) - w.temperature.mean(), 12)  # of the year, at all depths
        self.soil = {True: soil, False: np.maximum(np.tile(soil, len(every)) + warmer, 0.0)}
        year, series = water.water_years(
            water.Climate(*(np.array([x]) for x in (w.rain.sum(), w.rain / w.rain.sum(), w.pet.sum(), w.pet / w.pet.sum()))),
            water.Profile(ground.clay * one, ground.sand * one, ground.carbon * one, ground.porosity * one, ground.dz),
            WaterParameters(runoff_share=0.0),  # level plots
            np.array([site.parameters.drainage_factor]),
            rain[None],
            pet[None],
        )
        assert series is not None
        self.water = {True: year, False: series}
        self.source = {True: self._respired(w.temperature, w.rain), False: self._respired(air.ravel(), rain)}
        self.plans = Plans(site, soil[0], self.nitrogen)
        # of the year in progress
        self._kept: tuple[tuple[int, bool], nitrogen.YearPlan, dict[str, np.ndarray], np.ndarray] | None = None

    def _respired(self, air: np.ndarray, rain: np.ndarray) -> np.ndarray:
        """Carbon dioxide produced in the soil, kg C m-2 s-1 (month,)."""
        daily = respiration.climate_production(air[None], rain[None], CarbonParameters())[0]
        return daily * 1e-3 / SECONDS_PER_DAY * self.site.parameters.respiration_factor

    def drainage(self) -> np.ndarray:
        """mm of each year (year,)."""
        return self.water[False].drainage[0].reshape(-1, 12).sum(1)

    def forcing(self, year: int, month: int, state: dict[str, np.ndarray], bare: bool) -> dict[str, np.ndarray]:
        """Forcing of a month by contract name; ``bare``: of the mean year, without any dressing."""
        if self._kept is None or self._kept[0] != (year, bare):
            self._kept = (year, bare), *self.plans.year(year, bare), self.plans.grass(year)
        _, plan, further, grass = self._kept
        n, w = len(self.site.treatments), self.water[bare]
        at = month if bare else 12 * (year - self.site.years[0]) + month
        spread = lambda row: np.broadcast_to(row, (n, len(self.ground.dz)))  # noqa: E731
        t_soil = self.soil[bare][:, at]
        made = nitrogen.month_rates(
            plan, month, state["nh4"], state["no3"], np.asarray(spread(t_soil)), self.ground.dz, self.nitrogen
        )
        made["weath"] = spread(self.ground.weathering / SECONDS_PER_YEAR)
        return {
            "w_liq": spread(w.w_liq[0, :, at]),
            "w_sink": spread(w.w_sink[0, :, at]),
            "q_bot": np.full(n, w.q_bot[0, at]),
            "t_soil": spread(t_soil + KELVIN),
            "co2_src_total": self.source[bare][at] * np.where(grass, respiration.GRASSLAND, 1.0),
            "co2_atm": np.full(n, np.interp(year, list(CO2), list(CO2.values()))),
            "p_surf": np.full(n, PA_PER_ATM * np.exp(-self.site.place.altitude / SCALE_HEIGHT)),
            **made,
            **{name: rate[:, month] for name, rate in plan.column.items()},
            **{name: rate[:, month] for name, rate in further.items()},
        }
