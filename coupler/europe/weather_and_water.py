"""Weather and water of some columns, by climate: the work of climates.py, done for a few columns at a time.

What:    ``WeatherAndWater.live`` takes the water of a climate through a year: weather drawn or given, crops, demand, soil water.
Units:   see land/field.py. Shapes: weather (day, column).
Source:  land/weather (a draw on the climatology of the domain), land/field.py, land/pedotransfer.py, land/crop_calendar.py.
Memory:  days of a year and of the crops are held while a year is lived, weeks are what is left of them.
Use:     ``mine = WeatherAndWater(drivers); lived = mine.live("", scenario, 1990, weather_of=1990); lived.weeks.water``
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..land import climate, irrigation
from ..land.crop_calendar import air_days, crop_cover, demand, root_density
from ..land.crop_table import crop_shares
from ..land.fertiliser_days import season
from ..land.field import Demand, Field, Profile, Weeks
from ..land.nitrogen import Periods
from ..land.pedotransfer import hydraulics, known_values, with_known
from ..land.soil_temperature import SoilHeat
from ..land.water import fu_demand
from ..land.weather.days import WEATHER, DailyWeather
from ..land.weather.generator import MonthlyClimate, generate
from ..land.week import week_ends
from ..land.year_parts import by_part
from ..units import DAYS_PER_YEAR
from .scenario import Scenario
from .soil_and_inputs import SUBSOIL_DEPTH, SoilAndInputs

WEATHER_MEMBER = "weather_member"  # field of a domain: which draw of weather a cell has (report/uncertainty.py)
CROPS_AT_ONCE = 32  # columns: days of twelve crops are then a megabyte
CALENDAR = "noleap"  # of drawn weather; model years have no leap day
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class LivedYear:
    """One year of one climate."""

    weeks: Weeks
    air: np.ndarray  # degC (column, 12 equal parts of the year)
    rain: np.ndarray  # kg m-2 (column, 12 equal parts)
    periods: Periods  # shares of the year's nitrogen in each week
    irrigation: np.ndarray | None  # kg m-2 (day, column)


def side_by_side(parts: list[LivedYear]) -> LivedYear:
    """The same year of groups of columns as one of all of them."""
    first = parts[0]
    if len(parts) == 1:
        return first
    join = lambda arrays, axis=0: np.concatenate(list(arrays), axis=axis)  # noqa: E731
    given = [p.irrigation for p in parts if p.irrigation is not None]
    return LivedYear(
        weeks=Weeks.side_by_side([p.weeks for p in parts]),
        air=join(p.air for p in parts),
        rain=join(p.rain for p in parts),
        periods=joined([p.periods for p in parts]),
        irrigation=join(given, axis=1) if given else None,
    )


def joined(parts: Sequence[Periods]) -> Periods:
    """The same periods of groups of columns as those of all of them."""
    shares = {name: np.concatenate([getattr(p, name) for p in parts]) for name in ("mineral", "manure", "uptake", "warm")}
    return replace(parts[0], **shares)


@dataclass(frozen=True)
class Crops:
    """What grows in a climate, the same every year."""

    warming: bytes  # tenths of a kelvin by column
    ends: bytes  # of the weeks
    shading: np.ndarray  # (365, column) share of the demand that leaves take
    periods: Periods  # shares of a year's nitrogen in each week


class WeatherAndWater:
    """Water, heat and snow of some columns by climate: "" is today's, others have a scenario's name."""

    def __init__(self, drivers: SoilAndInputs) -> None:
        self.drivers = drivers
        self.air = climate.air_temperature(drivers.domain["mat"], drivers.domain["t_amplitude"])
        self.profile = self._profile()
        self._grown: dict[str, list[Crops]] = {}
        self._monthly: MonthlyClimate | None = None
        self.fields: dict[str, Field] = {}
        self._begin: Arrays = {}  # memory of today's climate that others begin with

    def memory(self) -> dict[str, Arrays]:
        """State of every climate."""
        return {name: field.memory() for name, field in self.fields.items()}

    def recall(self, memory: dict[str, Arrays]) -> None:
        """Go on from ``memory``; climates that it does not hold begin with the water of today's."""
        self.fields, self._begin = {}, memory.get("", {})
        for name, state in memory.items():
            self.fields[name] = self._field(state)

    def live(self, name: str, s: Scenario, year: int, weather_of: int, found: DailyWeather | None = None) -> LivedYear:
        """A year in the climate of that name, which is that of a scenario; ``found``: weather of the user's files, else drawn."""
        if name not in self.fields:
            self.fields[name] = self._field(self._begin)
        d = self.drivers.domain
        warming = s.blend("warming", year, d, np.zeros(len(d)))
        weather = self._drawn(s, year, weather_of, warming) if found is None else self._changed(found, s, year, warming)
        days = len(weather)
        crops = self._crops_of(name, np.round(warming, 1), week_ends(days))
        shading = crops.shading[np.arange(days) * len(crops.shading) // days]
        leaves, soil = demand(weather.pet, shading)
        amount = d["irrigation"] if "irrigation" in d.fields else None
        given = irrigation.by_day(leaves, weather.precipitation, amount, self.drivers.config.irrigation)
        reaching = weather.precipitation if given is None else weather.precipitation + given
        weeks = self.fields[name].year(Demand(reaching, weather.tas, leaves, soil))
        air, rain = by_part(weather.tas), by_part(weather.precipitation, "sum")
        return LivedYear(weeks, air, rain, crops.periods, given)

    def _field(self, state: Arrays) -> Field:
        field = Field(self.profile, self.drivers.domain["mat"])
        if state:
            field.recall(state)
        return field

    def _profile(self) -> Profile:
        """Hydraulic properties of the soil, and its roots."""
        d = self.drivers
        parameters = d.config.water
        soil = hydraulics(d.clay, d.sand, d.soc, d.density, d.depth < SUBSOIL_DEPTH)
        fields = {name: field.values for name, field in d.domain.fields.items()}
        soil = with_known(soil, known_values(parameters, fields, d.clay.shape))
        roots = root_density(d.dz) / d.dz
        return Profile(
            d.dz, d.porosity, np.minimum(soil.filled, d.porosity), soil.retention, roots, parameters.thermal_diffusivity
        )

    def _crops_of(self, name: str, warming: np.ndarray, ends: np.ndarray) -> Crops:
        """Crops of a climate, by tenths of a kelvin of warming: their dates move by less than a day within one.

        Years of either length are kept, in weeks: their days would be most of what a chunk holds.
        """
        held = [c for c in self._grown.get(name, ()) if c.warming == warming.tobytes()]
        found = next((c for c in held if c.ends == ends.tobytes()), None)
        if found is None:
            found = self._crops(warming, ends)
            self._grown[name] = [*held, found]
        return found

    def _crops(self, warming: np.ndarray, ends: np.ndarray) -> Crops:
        """Crops of all columns; days of each crop are held of a few of them at a time."""
        cuts = [slice(first, first + CROPS_AT_ONCE) for first in range(0, len(warming), CROPS_AT_ONCE)]
        shading, periods = zip(*(self._crops_of_some(cut, warming[cut], ends) for cut in cuts), strict=True)
        return Crops(warming.tobytes(), ends.tobytes(), np.concatenate(shading, axis=1), joined(periods))

    def _crops_of_some(self, some: slice, warming: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, Periods]:
        """Shading (365, column) and periods of the columns ``some``."""
        d, nitrogen = self.drivers.domain, self.drivers.nitrogen
        warmth = d["mat"][some] + warming
        air = air_days(warmth, d["t_amplitude"][some])
        cover = crop_cover(air, d.lat[some], crop_shares(d.country[some], air.max(0)))
        heat = SoilHeat(self.drivers.dz, self.drivers.config.water.thermal_diffusivity, warmth)
        topsoil = heat.run(np.concatenate([air, air]))[len(air) :, :, 0]
        year = season(cover, air, np.maximum(topsoil, 0.0), nitrogen)
        edges = [0.0, *(ends * DAYS_PER_YEAR / ends[-1]).tolist()]
        return cover.shading, year.between(edges)

    def _demand_factor(self, s: Scenario, year: int, pet: np.ndarray) -> np.ndarray | None:
        """What the scenario's drainage makes of the demand of a year ``pet``: drainage is a result here, by Fu's balance."""
        d = self.drivers.domain
        drained = s.factor("drainage", year, d)
        if not (drained != 1.0).any():
            return None
        return fu_demand(d["rain"], pet, self.drivers.config.water.omega, drained)

    def _drawn(self, s: Scenario, year: int, weather_of: int, warming: np.ndarray) -> DailyWeather:
        """A draw of the weather of a year."""
        d, config = self.drivers.domain, self.drivers.config
        pet = d["pet"] * climate.pet_warming(d.lat, self.air, warming) if warming.any() else d["pet"]
        more = self._demand_factor(s, year, pet)
        pet = pet if more is None else pet * more
        air = self.air + warming[:, None]
        rain = d["rain"][:, None] * d["rain_shape"] * s.factor("rain", year, d)[:, None]
        monthly = self._climatology(rain, air, pet[:, None] * climate.pet_shape(d.lat, air))
        member = d[WEATHER_MEMBER].astype(int) if WEATHER_MEMBER in d.fields else np.zeros(len(d), int)
        drawn = {m: generate(monthly, weather_of, config.weather_seed, m, CALENDAR) for m in np.unique(member).tolist()}
        first = next(iter(drawn.values()))
        if len(drawn) == 1:
            return first
        mixed = {name: np.empty_like(first.tas) for name in WEATHER}
        for m, weather in drawn.items():
            for name, values in mixed.items():
                values[:, member == m] = getattr(weather, name)[:, member == m]
        return replace(first, precipitation=mixed["precipitation"], pet=mixed["pet"], tas=mixed["tas"])

    def _climatology(self, rain: np.ndarray, air: np.ndarray, pet: np.ndarray) -> MonthlyClimate:
        """The climatology of the columns: the one of the year before, with what was found out of it, where nothing changed."""
        d, held = self.drivers.domain, self._monthly
        pairs = () if held is None else ((held.rain, rain), (held.temperature, air), (held.pet, pet))
        if held is None or not all(np.array_equal(a, b) for a, b in pairs):
            held = self._monthly = MonthlyClimate(rain, air, pet, d.lat, d.lon)
        return held

    def _changed(self, found: DailyWeather, s: Scenario, year: int, warming: np.ndarray) -> DailyWeather:
        """Weather of files as the scenario has it."""
        d = self.drivers.domain
        demand = climate.pet_warming(d.lat, self.air, warming) if warming.any() else np.ones(len(d))
        more = self._demand_factor(s, year, d["pet"])
        demand = demand if more is None else demand * more
        rain = found.precipitation * s.factor("rain", year, d)
        return replace(found, precipitation=rain, pet=found.pet * demand, tas=found.tas + warming)
