"""What a year brings to the columns of a European run apart from its water: soil, nitrogen, lime, carbon dioxide.

What:    ``SoilAndInputs`` holds the columns of one chunk; monthly.py and daily.py add the water and answer for each step.
Units:   the contract's (variables.toml); arrays (column,) and (column, soil_layer).
Source:  land/nitrogen.py, history.py; soil below the plough layer is an assumption, stated at the constants.
Use:     ``europe = DailyEurope(domain, config)``; ``europe.static()``
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ...emulator.contract.constants import PA_PER_ATM, PARTICLE_DENSITY
from ..config import RunConfig
from ..land import exchanger, history, nitrogen
from ..land.fertiliser import Inputs
from ..units import HA_M2
from .domain import Domain
from .scenario import Scenario

SUBSOIL_DEPTH = 0.3  # m; below it organic carbon falls and density rises [assumption]
SOC_DEPTH = 0.4  # m, e-folding of organic carbon below the plough layer [assumption]
SUBSOIL_DENSITY = 1.05  # against the plough layer [assumption]
SCALE_HEIGHT = 8434.0  # m, standard atmosphere
BASELINE = Scenario("baseline", "", "")
BY_COLUMN = ("per_n_uptake", "denitrified_surplus")  # constants a domain may give as a field instead


def _by_column(parameters: Any, domain: Domain) -> Any:
    """Parameters with those of BY_COLUMN that the domain holds as (column,) arrays."""
    given = {k: domain[k] for k in BY_COLUMN if k in domain.fields and hasattr(parameters, k)}
    return replace(parameters, **given) if given else parameters


class SoilAndInputs:
    """Soil and inputs of a set of columns, one per cell. Carbonate content is the same at all depths [assumption: no data]."""

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
        self.p_surf = PA_PER_ATM * np.exp(-domain["altitude"] / SCALE_HEIGHT)
        self.reference = self.amounts(BASELINE, None)  # of 2019, nothing changed

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
            "si_pedogenic": np.full(shape, self.config.soil.si_pedogenic),
            "caco3": np.broadcast_to(self.domain["caco3"][:, None], shape).copy(),
            "ph0": np.broadcast_to(np.clip(self.domain["ph_survey"], 4.0, 8.2)[:, None], shape).copy(),
        }

    def inputs(self, scenario: Scenario, year: int | None) -> dict[str, np.ndarray]:
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

    def amounts(self, scenario: Scenario, year: int | None) -> nitrogen.YearAmounts:
        """Nitrogen of one year; no year = the reference."""
        d, p = self.domain, self.nitrogen
        inputs = self.inputs(scenario, year)
        no3, sulphur, limit = d["no3_share"], np.ones(len(d)), None
        of = {key: np.full(len(d), getattr(p, key)) for key in ("urea_share", "nitrate_alone", "sodium_share")}
        if year is not None:
            no3 = scenario.blend("no3_share", year, d, no3)
            of = {key: scenario.blend(key, year, d, share) for key, share in of.items()}
            past = history.factor("sulphur_deposition", year) if self.config.history else 1.0
            sulphur = past * scenario.factor("sulphur_deposition", year, d)
            keep = scenario.factor("surplus", year, d)
            if (keep < 1.0).any():
                limit = np.where(keep < 1.0, keep * (self.reference.supplied - self.reference.harvested), np.inf)
        made = Inputs(
            inputs["mineral_n"], inputs["manure_n"], inputs["deposition_n"], d["fixed_n"], d["y_max"], no3_share=no3, **of
        )
        return nitrogen.year_amounts(made, p, sulphur=sulphur, surplus_limit=limit)

    def lime(self, scenario: Scenario, year: int) -> np.ndarray:
        """kg CaCO3 m-2 in the year, (column,)."""
        return scenario.blend("lime", year, self.domain, np.zeros(len(self.domain))) / HA_M2

    def co2_atm(self, scenario: Scenario, year: int) -> np.ndarray:
        """mol mol-1 (column,)."""
        return scenario.blend("co2_atm", year, self.domain, np.full(len(self.domain), self.config.carbon.co2_atm))

    def keeps_still(self, scenario: Scenario, year: int) -> bool:
        """Whether this year is like all others: years before the scenario starts and, without history, all of the baseline."""
        return not scenario.parts and (not self.config.history or year >= int(history.table()["year"][-1]))
