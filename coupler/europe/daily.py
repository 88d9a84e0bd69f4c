"""The driver by the day: weather of each day, water in layers, steps of a week and of a day where a layer has little air.

What:    DailyEurope holds the columns of one chunk; water goes through each year once for all scenarios with the same climate.
Units:   the contract's (variables.toml); arrays (column,) and (column, soil_layer).
Source:  climates.py for water; land/nitrogen.py, fertiliser_days.py, respiration.py.
Use:     ``e = DailyEurope(domain, config); y = e.year(None, 1990)``
         ``for step in e.steps_of(y): e.forcing_of(y, step, nh4, no3)``
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..config import RunConfig
from ..land import nitrogen, respiration
from ..land.fertiliser_days import lime_share
from ..land.field import Weeks
from ..land.irrigation import dissolved
from ..land.parameters import NitrogenParameters
from ..land.plan_table import PlanTable
from ..land.year_parts import equal_parts, over_parts
from ..units import DAYS_PER_YEAR, KELVIN, SECONDS_PER_DAY, SECONDS_PER_YEAR
from .climates import Climates
from .domain import Domain
from .scenario import Scenario
from .soil_and_inputs import BASELINE, SoilAndInputs
from .steps import Step
from .weather_and_water import LivedYear

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Year:
    """What one year of one scenario brings."""

    weeks: Weeks
    amounts: nitrogen.YearAmounts
    periods: nitrogen.Periods  # of the weeks
    parameters: NitrogenParameters
    source: np.ndarray  # CO2, kg C m-2 s-1 (column, 12 equal parts of the year)
    mineral_n: np.ndarray  # kg N ha-1 (column,)
    lime: np.ndarray  # kg CaCO3 m-2 (column,)
    co2_atm: np.ndarray  # mol mol-1 (column,)
    irrigation: np.ndarray | None  # kg m-2 (day, column)
    below: tuple[nitrogen.YearAmounts, ...] = ()  # of further scenarios, whose columns lie below; the weeks are those of one

    @property
    def copies(self) -> int:
        """Scenarios whose year this is."""
        return 1 + len(self.below)

    @cached_property
    def plan(self) -> PlanTable:
        """Nitrogen of the weeks, made when the first step asks for it."""
        return PlanTable.of(
            (nitrogen.plan_over(a, self.periods, self.parameters) for a in (self.amounts, *self.below)), self.copies
        )

    def drivers(self) -> Arrays:
        """What of it is recorded, (column,): kg N ha-1, kg m-2 s-1 as means of the year."""
        length = np.diff(np.concatenate([[0], self.weeks.ends]))
        return {
            "mineral_n": self.mineral_n,
            "harvested_n": self.amounts.harvested,
            "supplied_n": self.amounts.supplied,
            "co2_src": self.source.mean(1),
            "drainage": (self.weeks.faces[:, :, -1] * length[:, None]).sum(0) / self.weeks.ends[-1],
            "lime": self.lime / SECONDS_PER_YEAR,
        }


class DailyEurope(SoilAndInputs):
    """SoilAndInputs of a set of columns by the day."""

    def __init__(self, domain: Domain, config: RunConfig) -> None:
        super().__init__(domain, config)
        self.climates = Climates(self)

    def memory(self) -> Arrays:
        """Water, heat and snow of every climate: what a restart must know beside the state of the soil."""
        return self.climates.memory()

    def recall(self, memory: Arrays) -> None:
        """Go on from ``memory``."""
        self.climates.recall(memory)

    def year(self, scenario: Scenario | None, year: int, weather_of: int | None = None) -> Year:
        """Everything of one year that does not depend on the soil's state; no scenario = baseline (spin-up).

        ``weather_of``: the year whose weather it has, where that is another one.
        """
        s = BASELINE if scenario is None else scenario
        return self._new_year(s, year, self.climates.live(s, year, year if weather_of is None else weather_of))

    def _new_year(self, s: Scenario, year: int, lived: LivedYear) -> Year:
        amounts = self.amounts(s, year)
        source = respiration.production(lived.air, lived.rain, amounts.harvested, self.reference.harvested, self.carbon)
        return Year(
            weeks=lived.weeks,
            amounts=amounts,
            periods=lived.periods,
            parameters=self.nitrogen,
            source=source * s.factor("respiration", year, self.domain)[:, None],
            mineral_n=self.inputs(s, year)["mineral_n"],
            lime=self.lime(s, year),
            co2_atm=self.co2_atm(s, year),
            irrigation=lived.irrigation,
        )

    def live_through(self, scenario: Scenario, year: int) -> None:
        """A year of a scenario whose result is there already: its water goes on."""
        self.climates.live(scenario, year, year)

    def shares_water(self, scenario: Scenario) -> str:
        """Scenarios with the same answer may be stepped together."""
        return self.climates.name_of(scenario)

    def together(self, years: list[Year]) -> Year:
        """Years of scenarios with the same water, one below the other: (scenario x column,). Each keeps its own drivers."""
        first = years[0]
        if len(years) == 1:
            return first
        return replace(
            first,
            below=tuple(y.amounts for y in years[1:]),
            source=np.concatenate([y.source for y in years]),
            mineral_n=np.concatenate([y.mineral_n for y in years]),
            lime=np.concatenate([y.lime for y in years]),
            co2_atm=np.concatenate([y.co2_atm for y in years]),
        )

    def steps_of(self, year: Year, begin: bool = False) -> list[Step]:
        """Weeks, and days of the columns that need them.

        ``begin``: the soil has no state yet, and the first week is one step of all.
        """
        weeks, copies, size = year.weeks, year.copies, len(self.domain)
        everyone = np.arange(size)
        stack = lambda columns: (columns + size * np.arange(copies)[:, None]).ravel()  # noqa: E731
        made, first, total = [], 0, int(weeks.ends[-1])
        for week, last in enumerate(weeks.ends.tolist()):
            daily = everyone[:0] if begin and not week else weeks.days[week].columns
            days = last - first
            rest = np.setdiff1d(everyone, daily, assume_unique=True) if len(daily) else None
            if rest is None or len(rest):
                some = None if rest is None else stack(rest)
                made.append(Step(days * SECONDS_PER_DAY, first, last, total / days, some, 2 * week))
            if len(daily):
                some = stack(daily)
                made += [Step(SECONDS_PER_DAY, day, day + 1, float(total), some, 2 * week + 1) for day in range(first, last)]
            first = last
        return made

    def forcing_of(self, y: Year, step: Step, nh4: np.ndarray, no3: np.ndarray) -> Arrays:
        """Forcing of the columns of a step; nh4, no3: their pools at its start, mol m-2 (column, soil_layer)."""
        some = slice(None) if step.columns is None else step.columns
        one = slice(None) if step.columns is None else step.columns[: len(step.columns) // y.copies]  # of the first scenario
        total = int(y.weeks.ends[-1])
        water = {name: _copied(values, y.copies) for name, values in self._water(y.weeks, step, one).items()}
        t_soil = water.pop("t_soil")
        # a week's plan was made for its share of a year of 365 days
        plan = y.plan.step(step.group // 2, some, step.dt * DAYS_PER_YEAR / total)
        limed = lime_share(step.first * DAYS_PER_YEAR / total, step.last * DAYS_PER_YEAR / total)
        found = {
            **water,
            "t_soil": t_soil + KELVIN,
            "co2_src_total": over_parts(y.source, equal_parts(step.first, step.last, total), some),
            "co2_atm": y.co2_atm[some],
            "p_surf": _copied(self.p_surf[one], y.copies),
            "lime": y.lime[some] * (limed / step.dt),
            **nitrogen.step_rates(plan, nh4, no3, t_soil, self.dz, self.nitrogen),
        }
        if y.irrigation is not None:
            given = _copied(y.irrigation[step.first : step.last, one].sum(0), y.copies)
            for name, rate in dissolved(given, step.dt, self.config.irrigation).items():
                found[name] = found[name] + rate
        return found

    def _water(self, weeks: Weeks, step: Step, some: slice | np.ndarray) -> Arrays:
        week, by_day = divmod(step.group, 2)
        if by_day:
            days = weeks.days[week]
            day = step.first - (int(weeks.ends[week - 1]) if week else 0)
            found = tuple(x[day] for x in (days.water, days.sink, days.faces, days.temperature))
        else:
            found = tuple(x[week][some] for x in (weeks.water, weeks.sink, weeks.faces, weeks.temperature))
        w_liq, w_sink, faces, t_soil = found
        return {"w_liq": w_liq, "w_sink": w_sink, "q_if": faces, "q_bot": faces[:, -1], "t_soil": t_soil}


def _copied(values: np.ndarray, copies: int) -> np.ndarray:
    """(column, ...) once for each scenario."""
    return values if copies == 1 else np.concatenate([values] * copies)
