"""The driver by months: a periodic year of water from the climatology, the same every year.

What:    Europe holds the columns of one chunk and answers ``forcing(scenario, year, month, nh4, no3)``.
Units:   the contract's (variables.toml); arrays (column,) and (column, soil_layer).
Source:  water.py, climate.py, respiration.py, nitrogen.py.
Use:     ``e = Europe(domain, config); model.columns(e.static()); columns.step(MONTH_SECONDS, e.forcing(...))``
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..config import RunConfig
from ..land import climate, nitrogen, respiration, water
from ..units import KELVIN, MONTH_SECONDS
from .domain import Domain
from .scenario import Scenario
from .soil_and_inputs import BASELINE, SoilAndInputs
from .steps import Step

LIME_MONTH = 8  # September, after the harvest [assumption]
STEPS = [Step(MONTH_SECONDS, month, month + 1, 12.0, group=month) for month in range(12)]


@dataclass(frozen=True)
class Weather:
    """Temperature and water of one periodic year: air (column, 12), soil (column, layer, 12) in degC."""

    air: np.ndarray
    soil: np.ndarray
    water: water.WaterYear


@dataclass(frozen=True)
class Year:
    """What one year of one scenario brings: weather, nitrogen plan, CO2 source (column, 12) [kg m-2 s-1], lime and air."""

    weather: Weather
    plan: nitrogen.YearPlan
    source: np.ndarray
    mineral_n: np.ndarray  # kg N ha-1 (column,)
    lime: np.ndarray  # kg CaCO3 m-2 s-1 in LIME_MONTH (column,)
    co2_atm: np.ndarray  # mol mol-1 (column,)

    def drivers(self) -> dict[str, np.ndarray]:
        """What of it is recorded, (column,): kg N ha-1, kg m-2 s-1 as means of the year."""
        return {
            "mineral_n": self.mineral_n,
            "harvested_n": self.plan.harvested,
            "supplied_n": self.plan.supplied,
            "co2_src": self.source.mean(1),
            "drainage": self.weather.water.q_bot.mean(1),
            "lime": self.lime / 12,
        }


class Europe(SoilAndInputs):
    """SoilAndInputs of a set of columns on a climatological year of water."""

    def __init__(self, domain: Domain, config: RunConfig) -> None:
        super().__init__(domain, config)
        one, zero = np.ones(len(domain)), np.zeros(len(domain))
        self.base = self._weather(one, one, zero)
        self._years: dict[str, tuple[int, Year]] = {}

    def memory(self) -> dict[str, np.ndarray]:
        """What a restart must know beside the soil's state: nothing, every year of water is the same."""
        return {}

    def recall(self, memory: dict[str, np.ndarray]) -> None:
        """Go on from ``memory``."""

    def _weather(self, rain: np.ndarray, drainage: np.ndarray, warming: np.ndarray) -> Weather:
        d, c = self.domain, self.config
        before = climate.air_temperature(d["mat"], d["t_amplitude"])
        air = before + warming[:, None]
        pet = d["pet"] * climate.pet_warming(d.lat, before, warming) if warming.any() else d["pet"]
        return Weather(
            air=air,
            soil=climate.soil_temperature(d["mat"] + warming, d["t_amplitude"], self.depth, c.water.thermal_diffusivity),
            water=water.water_year(
                water.Climate(d["rain"] * rain, d["rain_shape"], pet, climate.pet_shape(d.lat, air)),
                water.Profile(self.clay, self.sand, self.soc, self.porosity, self.dz),
                c.water,
                drainage,
            ),
        )

    def year(self, scenario: Scenario | None, year: int, weather_of: int | None = None) -> Year:
        """Everything of one year that does not depend on the soil's state; no scenario = baseline (spin-up).

        ``weather_of``: the year whose weather it has, where that is another one; here all years have the same.
        """
        s = BASELINE if scenario is None else scenario
        key = 0 if self.keeps_still(s, year) else year
        if s.name not in self._years or self._years[s.name][0] != key:
            self._years[s.name] = (key, self._new_year(s, year))  # one year at a time
        return self._years[s.name][1]

    def _new_year(self, s: Scenario, year: int) -> Year:
        d = self.domain
        weather = self.base
        if s.changes_climate:
            rain, drainage = s.factor("rain", year, d), s.factor("drainage", year, d)
            warming = s.blend("warming", year, d, np.zeros(len(d)))
            if (rain != 1).any() or (drainage != 1).any() or warming.any():
                weather = self._weather(rain, drainage, warming)
        months = nitrogen.months(d.lat, weather.soil[:, 0], self.nitrogen)
        plan = nitrogen.plan_over(self.amounts(s, year), months, self.nitrogen)
        source = (
            respiration.production(weather.air, weather.water.rain, plan.harvested, self.reference.harvested, self.carbon)
            * s.factor("respiration", year, d)[:, None]
        )
        mineral, lime = self.inputs(s, year)["mineral_n"], self.lime(s, year) / MONTH_SECONDS
        return Year(weather, plan, source, mineral, lime, self.co2_atm(s, year))

    def live_through(self, scenario: Scenario, year: int) -> None:
        """A year of a scenario whose result is there already."""

    def shares_water(self, scenario: Scenario) -> str:
        """Scenarios with the same answer may be stepped together: by the month each steps alone."""
        return scenario.name

    def together(self, years: list[Year]) -> Year:
        """The year of the one scenario that is stepped at a time."""
        (year,) = years
        return year

    def steps_of(self, year: Year, begin: bool = False) -> list[Step]:
        """Twelve equal months; ``begin``: the soil has no state yet."""
        return STEPS

    def forcing_of(self, year: Year, step: Step, nh4: np.ndarray, no3: np.ndarray) -> dict[str, np.ndarray]:
        """Forcing of a step of ``steps_of``."""
        return self._forcing(year, step.first, nh4, no3)

    def forcing(
        self, scenario: Scenario | None, year: int, month: int, nh4: np.ndarray, no3: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Forcing of one month by contract name; nh4, no3 are the library's pools at its start [mol m-2] (column, soil_layer)."""
        return self._forcing(self.year(scenario, year), month, nh4, no3)

    def _forcing(self, y: Year, month: int, nh4: np.ndarray, no3: np.ndarray) -> dict[str, np.ndarray]:
        w = y.weather.water
        t_soil = y.weather.soil[:, :, month]
        return {
            "w_liq": w.w_liq[:, :, month],
            "w_sink": w.w_sink[:, :, month],
            "q_bot": w.q_bot[:, month],
            "t_soil": t_soil + KELVIN,
            "co2_src_total": y.source[:, month],
            "co2_atm": y.co2_atm,
            "p_surf": self.p_surf,
            "lime": y.lime * (month == LIME_MONTH),
            **nitrogen.month_rates(y.plan, month, nh4, no3, t_soil, self.dz, self.nitrogen),
            **{name: rate[:, month] for name, rate in y.plan.column.items()},
        }
