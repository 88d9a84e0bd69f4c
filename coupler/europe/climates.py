"""Weather and water of the columns of a chunk, once for every climate that its scenarios have.

What:    ``Climates.live`` takes the water of a scenario through a year; scenarios that change neither rain nor warmth share it.
Units:   see land/field.py. Shapes: weather (day, column).
Source:  land/weather (a draw on the climatology of the domain), land/field.py, land/pedotransfer.py, land/crop_calendar.py.
Use:     ``climates = Climates(drivers); lived = climates.live(scenario, 1990, weather_of=1990); lived.weeks.water``
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ..forcing.weather.read_daily import DailyFiles
from ..land import climate, irrigation
from ..land.crop_calendar import air_days, crop_cover, demand, root_density
from ..land.crop_table import crop_shares
from ..land.fertiliser_days import Season, season
from ..land.field import Demand, Field, Profile, Weeks
from ..land.nitrogen import Periods
from ..land.pedotransfer import hydraulics, known_values, with_known
from ..land.soil_temperature import SoilHeat
from ..land.water import fu_demand
from ..land.weather.days import WEATHER, DailyWeather
from ..land.weather.generator import MonthlyClimate, generate
from ..units import DAYS_PER_YEAR
from .scenario import Scenario
from .soil_and_inputs import SUBSOIL_DEPTH, SoilAndInputs

WEATHER_MEMBER = "weather_member"  # field of a domain: which draw of weather a cell has (report/uncertainty.py)
CALENDAR = "noleap"  # of drawn weather; model years have no leap day
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class LivedYear:
    """One year of one climate."""

    weeks: Weeks
    weather: DailyWeather
    periods: Periods  # shares of the year's nitrogen in each week
    irrigation: np.ndarray | None  # kg m-2 (day, column)


@dataclass(frozen=True)
class Crops:
    """What grows in a climate."""

    shading: np.ndarray  # (365, column) share of the demand that leaves take
    season: Season
    weeks: dict[bytes, Periods] = field(default_factory=dict)

    def periods(self, ends: np.ndarray) -> Periods:
        """Shares of a year's nitrogen in weeks that end after these days: the same every year."""
        if ends.tobytes() not in self.weeks:
            days = ends * DAYS_PER_YEAR / ends[-1]
            self.weeks[ends.tobytes()] = self.season.between([0.0, *days.tolist()])
        return self.weeks[ends.tobytes()]


class Climates:
    """Water, heat and snow by climate: "" is today's, others have a scenario's name."""

    def __init__(self, drivers: SoilAndInputs) -> None:
        self.drivers = drivers
        self.air = climate.air_temperature(drivers.domain["mat"], drivers.domain["t_amplitude"])
        self.profile = self._profile()
        self._grown: dict[str, tuple[bytes, Crops]] = {}
        self.fields: dict[str, Field] = {}
        self._files: DailyFiles | None = None
        self._begin: Arrays = {}  # memory of today's climate that others begin with
        self._lived: dict[str, tuple[int, LivedYear]] = {}

    def memory(self) -> Arrays:
        """State of every climate."""
        return {f"{name}|{key}": v for name, field in self.fields.items() for key, v in field.memory().items()}

    def recall(self, memory: Arrays) -> None:
        """Go on from ``memory``; climates that it does not hold begin with the water of today's."""
        held: dict[str, Arrays] = {}
        for key, values in memory.items():
            name, _, what = key.rpartition("|")
            held.setdefault(name, {})[what] = values
        self._lived, self.fields, self._begin = {}, {}, held.get("", {})
        for name, state in held.items():
            self.fields[name] = self._field(state)

    def live(self, s: Scenario, year: int, weather_of: int) -> LivedYear:
        """A year in the climate of a scenario; worked out once for all that share it."""
        name = self.name_of(s)
        if name not in self._lived or self._lived[name][0] != weather_of:
            if name not in self.fields:
                self.fields[name] = self._field(self._begin)
            d = self.drivers.domain
            warming = s.blend("warming", year, d, np.zeros(len(d)))
            crops = self._crops_of(name, np.round(warming, 1))
            weather = self._weather(s, year, weather_of, warming)
            days = len(weather)
            shading = crops.shading[np.arange(days) * len(crops.shading) // days]
            leaves, soil = demand(weather.pet, shading)
            amount = d["irrigation"] if "irrigation" in d.fields else None
            given = irrigation.by_day(leaves, weather.precipitation, amount, self.drivers.config.irrigation)
            reaching = weather.precipitation if given is None else weather.precipitation + given
            weeks = self.fields[name].year(Demand(reaching, weather.tas, leaves, soil))
            self._lived[name] = (weather_of, LivedYear(weeks, weather, crops.periods(weeks.ends), given))
        return self._lived[name][1]

    def name_of(self, s: Scenario) -> str:
        """The climate of a scenario."""
        return s.name if s.changes_climate else ""

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

    def _crops_of(self, name: str, warming: np.ndarray) -> Crops:
        """Crops of a climate, by tenths of a kelvin of warming: their dates move by less than a day within one."""
        key = warming.tobytes()
        if name not in self._grown or self._grown[name][0] != key:
            self._grown[name] = (key, self._crops(warming))
        return self._grown[name][1]

    def _crops(self, warming: np.ndarray) -> Crops:
        d = self.drivers.domain
        air = air_days(d["mat"] + warming, d["t_amplitude"])
        cover = crop_cover(air, d.lat, crop_shares(d.country, air.max(0)))
        heat = SoilHeat(self.drivers.dz, self.drivers.config.water.thermal_diffusivity, d["mat"] + warming)
        topsoil = heat.run(np.concatenate([air, air]))[len(air) :, :, 0]
        return Crops(cover.shading, season(cover, air, np.maximum(topsoil, 0.0), self.drivers.nitrogen))

    def _weather(self, s: Scenario, year: int, weather_of: int, warming: np.ndarray) -> DailyWeather:
        """A draw of the weather of a year, or that of the user's files."""
        d, config = self.drivers.domain, self.drivers.config
        if config.weather_files:
            return self._from_files(s, year, weather_of, warming)
        pet = d["pet"] * climate.pet_warming(d.lat, self.air, warming) if warming.any() else d["pet"]
        drained = s.factor("drainage", year, d)
        if (drained != 1.0).any():  # what drains is a result here: the demand that changes it so by Fu's balance of the year
            pet = pet * fu_demand(d["rain"], pet, config.water.omega, drained)
        air = self.air + warming[:, None]
        rain = d["rain"][:, None] * d["rain_shape"] * s.factor("rain", year, d)[:, None]
        monthly = MonthlyClimate(rain, air, pet[:, None] * climate.pet_shape(d.lat, air), d.lat, d.lon)
        member = d[WEATHER_MEMBER].astype(int) if WEATHER_MEMBER in d.fields else np.zeros(len(d), int)
        drawn = {m: generate(monthly, weather_of, config.weather_seed, m, CALENDAR) for m in np.unique(member).tolist()}
        if len(drawn) == 1:
            return next(iter(drawn.values()))
        first = next(iter(drawn.values()))
        mixed = {name: np.empty_like(first.tas) for name in WEATHER}
        for m, weather in drawn.items():
            for name, values in mixed.items():
                values[:, member == m] = getattr(weather, name)[:, member == m]
        return replace(first, precipitation=mixed["precipitation"], pet=mixed["pet"], tas=mixed["tas"])

    def _from_files(self, s: Scenario, year: int, weather_of: int, warming: np.ndarray) -> DailyWeather:
        """Weather of a year from the user's files; years that they do not hold repeat those that they do."""
        d = self.drivers.domain
        if self._files is None:
            self._files = DailyFiles(self.drivers.config.weather_files, d.lat, d.lon, d["altitude"])
        held = self._files.years
        here = weather_of if weather_of in held else held[(weather_of - held[0]) % len(held)]
        found = self._files.year(here)
        demand = climate.pet_warming(d.lat, self.air, warming) if warming.any() else np.ones(len(d))
        drained = s.factor("drainage", year, d)
        if (drained != 1.0).any():
            demand = demand * fu_demand(d["rain"], d["pet"], self.drivers.config.water.omega, drained)
        rain = found.precipitation * s.factor("rain", year, d)
        return replace(found, precipitation=rain, pet=found.pet * demand, tas=found.tas + warming)
