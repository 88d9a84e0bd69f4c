"""Weather and water of the columns of a chunk, once for every climate that its scenarios have.

What:    ``Climates.live`` takes the water of a scenario through a year; scenarios that change neither rain nor warmth share it.
         Days of a year are held of some columns at a time, which changes no bit: a column knows nothing of its neighbours.
Units:   see land/field.py. Shapes: of memory (layer, column) and (column,).
Source:  weather_and_water.py for some columns; forcing/weather for the user's files.
Use:     ``climates = Climates(drivers); lived = climates.live(scenario, 1990, weather_of=1990); lived.weeks.water``
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..forcing.fault import ForcingError
from ..land.weather.days import DailyWeather
from .scenario import Scenario
from .soil_and_inputs import SoilAndInputs
from .weather_and_water import LivedYear, WeatherAndWater, side_by_side

if TYPE_CHECKING:
    from ..forcing.weather.read_daily import DailyFiles

AT_ONCE = 192  # columns whose days are held: a year of one variable is then half a megabyte
Arrays = dict[str, np.ndarray]


class Climates:
    """Water, heat and snow by climate: "" is today's, others have a scenario's name."""

    def __init__(self, drivers: SoilAndInputs) -> None:
        domain, self.config = drivers.domain, drivers.config
        self.domain = domain
        count = max(1, -(-len(domain) // AT_ONCE))
        edges = [len(domain) * i // count for i in range(count + 1)]
        self._cuts = [slice(a, b) for a, b in itertools.pairwise(edges)]
        self._groups = [WeatherAndWater(SoilAndInputs(domain.subset(cut), self.config)) for cut in self._cuts]
        self._files: DailyFiles | None = None
        self._lived: dict[str, tuple[int, LivedYear]] = {}

    def memory(self) -> Arrays:
        """State of every climate."""
        parts = [group.memory() for group in self._groups]
        return {
            f"{name}|{key}": np.concatenate([part[name][key] for part in parts], axis=-1)
            for name, state in parts[0].items()
            for key in state
        }

    def recall(self, memory: Arrays) -> None:
        """Go on from ``memory``; climates that it does not hold begin with the water of today's."""
        held: dict[str, Arrays] = {}
        for key, values in memory.items():
            name, _, what = key.rpartition("|")
            held.setdefault(name, {})[what] = values
        self._lived = {}
        for group, cut in zip(self._groups, self._cuts, strict=True):
            group.recall({name: {key: values[..., cut] for key, values in state.items()} for name, state in held.items()})

    def live(self, s: Scenario, year: int, weather_of: int) -> LivedYear:
        """A year in the climate of a scenario; worked out once for all that share it."""
        name = self.name_of(s)
        if name not in self._lived or self._lived[name][0] != weather_of:
            self._lived.pop(name, None)  # one year of water is held, not two
            found = self._from_files(weather_of) if self.config.weather_files else None
            parts = [
                group.live(name, s, year, weather_of, None if found is None else found.of_columns(cut))
                for group, cut in zip(self._groups, self._cuts, strict=True)
            ]
            self._lived[name] = (weather_of, side_by_side(parts))
        return self._lived[name][1]

    def name_of(self, s: Scenario) -> str:
        """The climate of a scenario."""
        return s.name if s.changes_climate else ""

    def _from_files(self, weather_of: int) -> DailyWeather:
        """Weather of a year from the user's files; years that they do not hold repeat those that they do."""
        if self._files is None:
            # late: the readers of the user's files take more memory than the columns of a chunk
            from ..forcing.weather.read_daily import DailyFiles

            self._files = DailyFiles(self.config.weather_files, self.domain.lat, self.domain.lon, self.domain["altitude"])
        held = self._files.years
        if not held:
            names = ", ".join(Path(name).name for name in self.config.weather_files)
            raise ForcingError(
                f"weather_files hold no year whole ({names}); give years from 1 January to 31 December, alike for all variables"
            )
        return self._files.year(weather_of if weather_of in held else held[(weather_of - held[0]) % len(held)])
