"""Water, heat and snow of some fields through a year of daily weather, summed to the steps of soil chemistry.

What:    ``Field.year`` advances the state and returns ``Weeks``: means over each week, and the days of those columns that need
         steps of a day (week.py). Days are held for eight weeks at a time. Soil chemistry gets the mean water of a step and the
         fluxes through its faces: with the water of the last evening gas would move all week as on that evening.
Units:   kg m-2, kg m-2 s-1, degC. Shapes: (week, column, layer); days of a week (day, column of it, layer).
Source:  soil_water/run.py, soil_temperature.py, snow.py.
Use:     ``field = Field(profile, warmth); weeks = field.year(demand)``
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..units import SECONDS_PER_DAY
from .snow import melt
from .soil_temperature import SoilHeat, conducting
from .soil_water.run import Retention, SoilWater
from .week import by_the_day, week_ends, week_sums

AT_ONCE = 8  # weeks
MEMORY = ("saturation", "pond", "step")
WATER = ("water", "sink", "faces", "temperature")
BY_WEEK = (*WATER, "by_day")


@dataclass(frozen=True)
class Days:
    """The days of one week in some columns: water at the end of the day, fluxes and temperature of it."""

    columns: np.ndarray  # positions
    water: np.ndarray
    sink: np.ndarray
    faces: np.ndarray
    temperature: np.ndarray

    @classmethod
    def side_by_side(cls, parts: Sequence[Days], begins: np.ndarray) -> Days:
        """The same week of groups of columns, the first of each at its place of ``begins``."""
        columns = np.concatenate([p.columns + begin for p, begin in zip(parts, begins[:-1], strict=True)])
        return cls(columns, *(np.concatenate([getattr(p, name) for p in parts], axis=1) for name in WATER))


@dataclass(frozen=True)
class Weeks:
    """One year."""

    ends: np.ndarray  # (week,) days after which it ends
    water: np.ndarray
    sink: np.ndarray  # roots and evaporation
    faces: np.ndarray  # through the lower face of each layer, downward positive
    temperature: np.ndarray
    by_day: np.ndarray  # (week, column) bool
    days: list[Days]
    runoff: np.ndarray  # (column,) kg m-2
    evapotranspired: np.ndarray  # (column,) kg m-2

    @classmethod
    def side_by_side(cls, parts: Sequence[Weeks]) -> Weeks:
        """The same year of groups of columns as one of all of them."""
        begins = np.cumsum([0, *(p.by_day.shape[1] for p in parts)])
        join = lambda name, axis: np.concatenate([getattr(p, name) for p in parts], axis=axis)  # noqa: E731
        return cls(
            ends=parts[0].ends,
            **{name: join(name, 1) for name in BY_WEEK},
            days=[Days.side_by_side(of, begins) for of in zip(*(p.days for p in parts), strict=True)],
            runoff=join("runoff", 0),
            evapotranspired=join("evapotranspired", 0),
        )


@dataclass(frozen=True)
class Demand:
    """What falls and what air and plants ask for, (day, column), kg m-2 a day, degC."""

    precipitation: np.ndarray  # irrigation included
    air: np.ndarray
    transpiration: np.ndarray
    evaporation: np.ndarray


@dataclass(frozen=True)
class Profile:
    """The soil; (column, layer) unless stated otherwise."""

    dz: np.ndarray  # (layer,) m
    porosity: np.ndarray  # of the soil
    full: np.ndarray  # water content at saturation: less than the porosity, some air stays caught
    retention: Retention
    roots: np.ndarray  # density, any unit
    diffusivity: float  # of heat, m2 s-1


class Field:
    """Some columns under one climate; ``memory`` and ``recall`` carry them through a restart."""

    def __init__(self, profile: Profile, warmth: np.ndarray) -> None:
        """``warmth`` (column,): temperature at the start, degC."""
        p = self.profile = profile
        self.soil = SoilWater(p.dz, p.full, p.retention, p.roots)
        self.heat = SoilHeat(p.dz, p.diffusivity, warmth)
        self.snow = np.zeros(len(p.porosity))

    def memory(self) -> dict[str, np.ndarray]:
        """State of water, heat and snow."""
        kept = {name: getattr(self.soil, name).copy() for name in MEMORY}
        return {**kept, "temperature": self.heat.temperature.copy(), "snow": self.snow.copy()}

    def recall(self, memory: dict[str, np.ndarray]) -> None:
        """Go on from ``memory``."""
        for name in MEMORY:
            setattr(self.soil, name, np.array(memory[name]))
        self.heat.temperature, self.snow = np.array(memory["temperature"]), np.array(memory["snow"])

    def year(self, demand: Demand) -> Weeks:
        """Advance by the days of ``demand``."""
        reaching, self.snow = melt(demand.precipitation, demand.air, self.snow)
        ends = week_ends(len(reaching))
        found = []
        for first in range(0, len(ends), AT_ONCE):
            mine = ends[first : first + AT_ONCE]
            start = int(ends[first - 1]) if first else 0
            some = slice(start, int(mine[-1]))
            found.append(self._weeks(reaching, demand, some, mine - start))
        join = lambda name: np.concatenate([getattr(w, name) for w in found])  # noqa: E731
        return Weeks(
            ends=ends,
            **{name: join(name) for name in BY_WEEK},
            days=[d for w in found for d in w.days],
            runoff=np.sum([w.runoff for w in found], axis=0),
            evapotranspired=np.sum([w.evapotranspired for w in found], axis=0),
        )

    def _weeks(self, reaching: np.ndarray, demand: Demand, when: slice, ends: np.ndarray) -> Weeks:
        """A few weeks, the days ``when`` of the year, of which nothing else is left; ``ends`` counts from the first of them."""
        temperature = self.heat.run(demand.air[when])
        frost = conducting(temperature) if (temperature < 0.0).any() else None
        days = self.soil.run(reaching[when], demand.transpiration[when], demand.evaporation[when], frost)
        sink = days.uptake + days.evaporated
        begins = np.concatenate([[0], ends[:-1]])
        length = np.diff(np.concatenate([[0], ends]))
        over = lambda x, by: week_sums(x, ends) / by.reshape(-1, *[1] * (x.ndim - 1))  # noqa: E731
        # above 0 degC: soil water is kept liquid for the chemistry
        liquid = np.maximum(temperature, 0.0)
        by_day = by_the_day(self.profile.porosity - days.water / (1000.0 * self.profile.dz), ends)
        some = []
        for week, (a, b) in enumerate(zip(begins, ends, strict=True)):
            c = np.flatnonzero(by_day[week])
            taken, through = sink[a:b, c] / SECONDS_PER_DAY, days.percolation[a:b, c] / SECONDS_PER_DAY
            some.append(Days(c, days.water[a:b, c], taken, through, liquid[a:b, c]))
        return Weeks(
            ends=ends,
            water=over(days.water, length),
            sink=over(sink, length * SECONDS_PER_DAY),
            faces=over(days.percolation, length * SECONDS_PER_DAY),
            temperature=over(liquid, length),
            by_day=by_day,
            days=some,
            runoff=days.runoff.sum(0),
            evapotranspired=sink.sum((0, 2)),
        )
