"""From a domain to what the library needs each month: static soil, water, temperature, nitrogen, carbon.

What:    Europe holds the columns of one chunk and answers ``forcing(scenario, year, month, nh4, no3)``.
Units:   the contract's (variables.toml); arrays (column,) and (column, soil_layer).
Source:  water.py, climate.py, respiration.py, nitrogen.py, history.py; soil below the plough layer is an assumption, stated at
         the constants.
Use:     ``e = Europe(domain, config); model.columns(e.static()); columns.step(MONTH_SECONDS, e.forcing(...))``
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...emulator.contract.constants import PA_PER_ATM, PARTICLE_DENSITY
from ..config import RunConfig
from ..land import climate, exchanger, history, nitrogen, respiration, water
from ..land.fertiliser import Inputs
from ..units import HA_M2, KELVIN, MONTH_SECONDS
from .domain import Domain
from .scenario import Scenario

SUBSOIL_DEPTH = 0.3  # m; below it organic carbon falls and density rises [assumption]
SOC_DEPTH = 0.4  # m, e-folding of organic carbon below the plough layer [assumption]
SUBSOIL_DENSITY = 1.05  # against the plough layer [assumption]
SCALE_HEIGHT = 8434.0  # m, standard atmosphere
LIME_MONTH = 8  # September, after the harvest [assumption]
BASELINE = Scenario("baseline", "", "")
BY_COLUMN = ("per_n_uptake", "denitrified_surplus")  # constants a domain may give as a field instead


def _by_column(parameters: Any, domain: Domain) -> Any:
    """Parameters with those of BY_COLUMN that the domain holds as (column,) arrays."""
    given = {k: domain[k] for k in BY_COLUMN if k in domain.fields and hasattr(parameters, k)}
    return replace(parameters, **given) if given else parameters


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


class Europe:
    """Drivers of a set of columns, one per cell. Carbonate content is the same at all depths [assumption: no open data]."""

    def __init__(self, domain: Domain, config: RunConfig) -> None:
        self.domain, self.config = domain, config
        self.carbon = _by_column(config.carbon, domain)
        self.nitrogen = _by_column(config.nitrogen, domain)
        self.dz = np.array(config.layers)
        self.depth = np.cumsum(self.dz) - self.dz / 2
        below = np.maximum(self.depth - SUBSOIL_DEPTH, 0.0)
        ones = np.ones(len(self.dz))
        self.clay = domain["clay"][:, None] * ones
        self.sand = domain["sand"][:, None] * ones
        self.soc = domain["soc"][:, None] * np.exp(-below / SOC_DEPTH)
        self.density = domain["bulk_density"][:, None] * np.where(below > 0, SUBSOIL_DENSITY, 1.0)
        self.porosity = 1.0 - self.density / PARTICLE_DENSITY
        one, zero = np.ones(len(domain)), np.zeros(len(domain))
        self.base = self._weather(one, one, zero)
        self._reference = self._plan(BASELINE, None, self.base)
        self._years: dict[tuple[str, int], Year] = {}

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

    def _inputs(self, scenario: Scenario, year: int | None) -> dict[str, np.ndarray]:
        """Nitrogen by source, kg N ha-1 (column,); no year = the reference (2019, nothing changed)."""
        d = self.domain
        made: dict[str, np.ndarray] = {}
        for what in ("mineral_n", "manure_n", "deposition_n"):
            past = history.factor(what, year) if year is not None and self.config.history else 1.0
            made[what] = d[what] * past * (1.0 if year is None else scenario.factor(what, year, d))
        if year is not None:
            manure = made["manure_n"]
            made["manure_n"] = scenario.blend("manure_cap", year, d, manure, lambda cap: np.minimum(manure, cap))
        return made

    def _plan(self, scenario: Scenario, year: int | None, weather: Weather) -> nitrogen.YearPlan:
        d, p = self.domain, self.nitrogen
        inputs = self._inputs(scenario, year)
        no3, sulphur, limit = d["no3_share"], np.ones(len(d)), None
        of = {key: np.full(len(d), getattr(p, key)) for key in ("urea_share", "nitrate_alone", "sodium_share")}
        if year is not None:
            no3 = scenario.blend("no3_share", year, d, no3)
            of = {key: scenario.blend(key, year, d, share) for key, share in of.items()}
            past = history.factor("sulphur_deposition", year) if self.config.history else 1.0
            sulphur = past * scenario.factor("sulphur_deposition", year, d)
            keep = scenario.factor("surplus", year, d)
            if (keep < 1.0).any():
                limit = np.where(keep < 1.0, keep * (self._reference.supplied - self._reference.harvested), np.inf)
        made = Inputs(
            inputs["mineral_n"], inputs["manure_n"], inputs["deposition_n"], d["fixed_n"], d["y_max"], no3_share=no3, **of
        )
        return nitrogen.year_plan(made, d.lat, weather.soil[:, 0], p, sulphur=sulphur, surplus_limit=limit)

    def static(self) -> dict[str, np.ndarray]:
        """Static soil by contract name, (column, soil_layer)."""
        shape = self.clay.shape
        return {
            "dz": np.broadcast_to(self.dz, shape).copy(),
            "clay": self.clay,
            "sand": self.sand,
            "soc": self.soc,
            "bulk_density": self.density,
            "porosity": self.porosity,
            "cec": exchanger.capacity(self.clay, self.soc),
            "cec_variable": np.full(shape, self.config.soil.cec_variable),
            "caco3": np.broadcast_to(self.domain["caco3"][:, None], shape).copy(),
            "ph0": np.broadcast_to(np.clip(self.domain["ph_survey"], 4.0, 8.2)[:, None], shape).copy(),
        }

    def year(self, scenario: Scenario | None, year: int) -> Year:
        """Everything of one year that does not depend on the soil's state; no scenario = baseline (spin-up)."""
        s = BASELINE if scenario is None else scenario
        # years before the scenario starts and, without history, all years of the baseline are the same
        still = not s.parts and (not self.config.history or year >= int(history.table()["year"][-1]))
        key = (s.name, 0 if still else year)
        if key not in self._years:
            d = self.domain
            weather = self.base
            if s.changes_climate:
                rain, drainage = s.factor("rain", year, d), s.factor("drainage", year, d)
                warming = s.blend("warming", year, d, np.zeros(len(d)))
                if (rain != 1).any() or (drainage != 1).any() or warming.any():
                    weather = self._weather(rain, drainage, warming)
            plan = self._plan(s, year, weather)
            source = (
                respiration.production(weather.air, weather.water.rain, plan.harvested, self._reference.harvested, self.carbon)
                * s.factor("respiration", year, d)[:, None]
            )
            self._years = {  # one year at a time
                key: Year(
                    weather,
                    plan,
                    source,
                    self._inputs(s, year)["mineral_n"],
                    s.blend("lime", year, d, np.zeros(len(d))) / HA_M2 / MONTH_SECONDS,
                    s.blend("co2_atm", year, d, np.full(len(d), self.config.carbon.co2_atm)),
                )
            }
        return self._years[key]

    def forcing(
        self, scenario: Scenario | None, year: int, month: int, nh4: np.ndarray, no3: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Forcing of one month by contract name; nh4, no3 are the library's pools at its start [mol m-2] (column, soil_layer)."""
        y = self.year(scenario, year)
        w = y.weather.water
        t_soil = y.weather.soil[:, :, month]
        return {
            "w_liq": w.w_liq[:, :, month],
            "w_sink": w.w_sink[:, :, month],
            "q_bot": w.q_bot[:, month],
            "t_soil": t_soil + KELVIN,
            "co2_src_total": y.source[:, month],
            "co2_atm": y.co2_atm,
            "p_surf": PA_PER_ATM * np.exp(-self.domain["altitude"] / SCALE_HEIGHT),
            "lime": y.lime * (month == LIME_MONTH),
            **nitrogen.month_rates(y.plan, month, nh4, no3, t_soil, self.dz, self.nitrogen),
            **{name: rate[:, month] for name, rate in y.plan.column.items()},
        }
