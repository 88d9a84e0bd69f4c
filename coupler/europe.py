"""From a domain to what the library needs each month: static soil, water, temperature, nitrogen, carbon.

What:    Europe holds the columns of one chunk and answers ``forcing(scenario, year, month, nh4, no3)``.
Units:   the contract's (variables.toml); arrays (column,) and (column, soil_layer).
Source:  water.py, climate.py, carbon.py, nitrogen.py; soil below the plough layer is an assumption, stated at the constants.
Use:     ``e = Europe(domain, config); model.columns(e.static()); columns.step(MONTH_SECONDS, e.forcing(...))``
"""

from __future__ import annotations

import numpy as np

from . import carbon, climate, nitrogen, water
from .config import RunConfig
from .domain import Domain
from .scenario import Scenario
from .units import KELVIN

PARTICLE_DENSITY = 2650.0  # kg m-3
SUBSOIL_DEPTH = 0.3  # m; below it organic carbon falls and density rises [assumption]
SOC_DEPTH = 0.4  # m, e-folding of organic carbon below the plough layer [assumption]
SUBSOIL_DENSITY = 1.05  # against the plough layer [assumption]
SCALE_HEIGHT = 8434.0  # m, standard atmosphere


class Europe:
    """Drivers of a set of columns, one per cell. Carbonate content is the same at all depths [assumption: no open data]."""

    def __init__(self, domain: Domain, config: RunConfig) -> None:
        self.domain, self.config = domain, config
        self.dz = np.array(config.layers)
        depth = np.cumsum(self.dz) - self.dz / 2
        below = np.maximum(depth - SUBSOIL_DEPTH, 0.0)
        ones = np.ones(len(self.dz))
        self.clay = domain["clay"][:, None] * ones
        self.sand = domain["sand"][:, None] * ones
        self.soc = domain["soc"][:, None] * np.exp(-below / SOC_DEPTH)
        self.density = domain["bulk_density"][:, None] * np.where(below > 0, SUBSOIL_DENSITY, 1.0)
        self.porosity = 1.0 - self.density / PARTICLE_DENSITY
        d = domain
        self.air = climate.air_temperature(d["mat"], d["t_amplitude"])
        self.soil = climate.soil_temperature(d["mat"], d["t_amplitude"], depth, config.water.thermal_diffusivity)
        self.water = water.water_year(
            d["rain"],
            d["rain_shape"],
            d["pet"],
            climate.pet_shape(d.lat, self.air),
            self.clay,
            self.sand,
            self.soc,
            self.porosity,
            self.dz,
            config.water,
        )
        self._plans: dict[tuple[str, int], tuple[nitrogen.YearPlan, np.ndarray]] = {}
        self._baseline = self._nitrogen(1.0, 1.0, 1.0)

    def _nitrogen(
        self, mineral: float | np.ndarray, manure: float | np.ndarray, deposition: float | np.ndarray
    ) -> nitrogen.YearPlan:
        d = self.domain
        return nitrogen.year_plan(
            d["mineral_n"] * mineral,
            d["manure_n"] * manure,
            d["deposition_n"] * deposition,
            d["fixed_n"],
            d["y_max"],
            d["no3_share"],
            d.lat,
            self.soil[:, 0],
            self.config.nitrogen,
        )

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
            "caco3": np.broadcast_to(self.domain["caco3"][:, None], shape).copy(),
            "ph0": np.broadcast_to(np.clip(self.domain["ph_survey"], 4.0, 8.2)[:, None], shape).copy(),
        }

    def plan(self, scenario: Scenario | None, year: int) -> tuple[nitrogen.YearPlan, np.ndarray]:
        """Nitrogen plan and CO2 source (column, 12) of one year; no scenario = baseline (spin-up)."""
        if scenario is None or not scenario.change:
            key, plan = ("", 0), self._baseline
        else:
            key = (scenario.name, year)
        if key not in self._plans:
            if scenario is not None and scenario.change:
                c = self.domain.country
                plan = self._nitrogen(*(scenario.factor(what, year, c) for what in ("mineral_n", "manure_n", "deposition_n")))
            source = carbon.production(self.air, self.water.rain, plan.harvested, self._baseline.harvested, self.config.carbon)
            self._plans = {key: (plan, source)}  # one year at a time
        return self._plans[key]

    def mineral_n(self, scenario: Scenario | None, year: int) -> np.ndarray:
        """Mineral nitrogen of one year, kg N ha-1 (column,)."""
        factor = 1.0 if scenario is None else scenario.factor("mineral_n", year, self.domain.country)
        return self.domain["mineral_n"] * factor

    def forcing(
        self, scenario: Scenario | None, year: int, month: int, nh4: np.ndarray, no3: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Forcing of one month by contract name; nh4, no3 are the library's pools at its start [mol m-2] (column, soil_layer)."""
        plan, source = self.plan(scenario, year)
        w = self.water
        t_soil = self.soil[:, :, month]
        return {
            "w_liq": w.w_liq[:, :, month],
            "w_sink": w.w_sink[:, :, month],
            "q_bot": w.q_bot[:, month],
            "t_soil": t_soil + KELVIN,
            "co2_src_total": source[:, month],
            "co2_atm": np.full(len(self.domain), self.config.carbon.co2_atm),
            "p_surf": 101325.0 * np.exp(-self.domain["altitude"] / SCALE_HEIGHT),
            **nitrogen.month_rates(plan, month, nh4, no3, t_soil, self.dz, self.config.nitrogen),
            **{name: rate[:, month] for name, rate in plan.column.items()},
        }
