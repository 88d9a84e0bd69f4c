"""Weather by the day from files as users have them: ISIMIP3, E-OBS, ERA5, ERA5-Land, CORDEX and whatever follows CF.

What:    ``DailyFiles`` gives any year its files hold whole, at the nearest cell of each place; evaporation is the file's own,
         else FAO-56 Penman-Monteith where its inputs are there, else Oudin's formula.
Units:   kg m-2 (= mm) a day, degC. Shapes (day, column).
Source:  inputs.py (names), series.py (time, units, missing values), nearest.py (places), evaporation.py.
Use:     ``with DailyFiles(["pr_*.nc", "tas_*.nc"], lat, lon) as files: files.year(1990)``
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np

from ....emulator.contract.extras import need
from ...errors import ArgumentError
from ...land.weather import evaporation
from ...land.weather.days import DailyWeather, Floats, Ints, days_in
from ..axes import time_dim
from ..fault import ForcingError
from ..open_files import open_parts
from .inputs import find_inputs
from .nearest import nearest
from .series import Series

REACH = 80.0  # km to the nearest value: a cell of 1 degree and no more
PET = ("auto", "given", "penman-monteith", "oudin")
SAME_CALENDAR = {"gregorian": "standard", "proleptic_gregorian": "standard", "365_day": "noleap", "366_day": "all_leap"}


class DailyFiles:
    """Weather files of some places. ``lat`` and ``lon`` degrees, ``altitude`` m (Penman-Monteith needs it).

    ``paths``: files or patterns with * for several that follow each other, any inputs in any file. ``pet``: "auto", or one of
    "given", "penman-monteith", "oudin". ``reach`` km: a place farther from any value is an error.
    Raises ForcingError and ArgumentError, one sentence; MissingExtra where Penman-Monteith is wanted and pyet is not installed.
    """

    def __init__(
        self,
        paths: Sequence[str | Path],
        lat: Floats,
        lon: Floats,
        altitude: Floats | None = None,
        *,
        pet: str = "auto",
        reach: float = REACH,
    ) -> None:
        self.lat, self.lon, self.reach = np.asarray(lat, float), np.asarray(lon, float), reach
        self.altitude = np.zeros(len(self.lat)) if altitude is None else np.asarray(altitude, float)
        self.series: dict[str, Series] = {}
        try:
            for path in map(Path, paths):
                self._open(path)
            for name in ("precipitation", "tas"):
                if name not in self.series and not (name == "tas" and {"tasmax", "tasmin"} <= set(self.series)):
                    held = ", ".join(self.series) or "nothing that is known"
                    raise ForcingError(f"{name} is in none of the weather files (they hold {held}); add its file")
            self.calendar = self._calendar()
            self.pet = self._pet(pet)
            if self.pet == "penman-monteith":
                need("evapotranspiration after FAO-56", "weather")
                if altitude is None:
                    raise ArgumentError('altitude of the places is needed for Penman-Monteith; give it, or choose pet = "oudin"')
            self.cells: dict[str, Ints] = {}
        except BaseException:
            self.close()
            raise

    def _open(self, path: Path) -> None:
        parts = open_parts(path)
        found = find_inputs(parts[0], time_dim(parts[0]))
        if not found:
            parts[0].close()
            raise ForcingError(f"{path.name} holds no weather that is known; give e.g. pr and tas, or leave the file out")
        for name, variable in found.items():
            if name in self.series:
                raise ForcingError(f"{name} is in {self.series[name].path.name} and in {path.name}; leave one of them out")
            self.series[name] = Series(parts, name, variable, path)

    def _calendar(self) -> str:
        said = {n: SAME_CALENDAR.get(s.axis.calendar, s.axis.calendar) for n, s in self.series.items()}
        first = next(iter(said))
        for name, calendar in said.items():
            if calendar != said[first]:
                raise ForcingError(
                    f"{self.series[first].what} has the calendar {said[first]}, but {self.series[name].what} {calendar}; give "
                    "files of one calendar"
                )
        return said[first]

    def _pet(self, asked: str) -> str:
        """How evaporation is found. Raises ArgumentError where that cannot be."""
        if asked not in PET:
            raise ArgumentError(f"pet = {asked!r} must be one of {', '.join(PET)}")
        here = set(self.series)
        moist = bool(here & {"humidity", "dew_point"})
        windy = "wind" in here or {"wind_east", "wind_north"} <= here
        able = moist and windy and "radiation" in here
        if asked == "auto":
            return "given" if "pet" in here else "penman-monteith" if able else "oudin"
        if asked == "given" and "pet" not in here:
            raise ArgumentError('pet = "given", but none of the weather files holds it; add it, or choose "oudin"')
        if asked == "penman-monteith" and not able:
            there = {"humidity or dew point": moist, "wind": windy, "radiation": "radiation" in here}
            lacks = [what for what, held in there.items() if not held]
            raise ArgumentError(f'pet = "penman-monteith" needs {" and ".join(lacks)}; add its file, or choose "oudin"')
        return asked

    @property
    def years(self) -> list[int]:
        """Years that all inputs in use hold whole, in order."""
        held = [self.series[n].years for n in self._used()]
        return sorted(set.intersection(*held))

    def _used(self) -> list[str]:
        penman = tuple(n for n in self.series if n not in ("precipitation", "pet"))
        of_pet = {"given": ("pet",), "oudin": ()}.get(self.pet, penman)
        warm = ("tas",) if "tas" in self.series else ("tasmax", "tasmin")
        return list(dict.fromkeys(("precipitation", *warm, *of_pet)))

    def _cells(self, name: str) -> Ints:
        """Cell of each place in one input's file."""
        if name not in self.cells:
            s = self.series[name]
            self.cells[name] = nearest(s.lat, s.lon, self.lat, self.lon, s.usable, reach=self.reach, what=s.what)
        return self.cells[name]

    def _days(self, name: str, year: int) -> Floats:
        return self.series[name].year(year, self._cells(name))

    def year(self, year: int) -> DailyWeather:
        """Weather of one calendar year. Raises ForcingError, naming the day, where it is not there whole."""
        length = days_in(year, self.calendar)
        days, lengths = np.arange(1, length + 1), np.full(length, length)
        given = self._temperature(year)
        if self.pet == "given":
            pet = self._days("pet", year)
        elif self.pet == "oudin":
            pet = evaporation.oudin(given["tas"], self.lat, days, lengths)
        else:
            given |= self._for_penman(year)
            pet = evaporation.penman_monteith(given, self.lat, self.altitude, days, lengths)
        rain = self._days("precipitation", year)
        return DailyWeather(rain, pet, given["tas"], np.full(length, year), days, lengths, self.calendar)

    def _temperature(self, year: int) -> dict[str, Floats]:
        """Mean, and the extremes of a day where they are there or the file has hours."""
        made: dict[str, Floats] = {}
        for name in ("tasmax", "tasmin"):
            if name in self.series and self.pet == "penman-monteith":
                made[name] = self._days(name, year)
        if "tas" not in self.series:  # FAO-56 equation 9
            high, low = (made[n] if n in made else self._days(n, year) for n in ("tasmax", "tasmin"))
            return {**made, "tas": 0.5 * (high + low)}
        s = self.series["tas"]
        steps, keys = s.steps(year, self._cells("tas"))
        if not s.daily and self.pet == "penman-monteith":
            made = {"tasmax": s.of_days(steps, keys, "maximum"), "tasmin": s.of_days(steps, keys, "minimum")} | made
        if len(made) == 1:  # one extreme alone says nothing
            made = {}
        return made | {"tas": s.of_days(steps, keys)}

    def _for_penman(self, year: int) -> dict[str, Floats]:
        moist = "dew_point" if "dew_point" in self.series else "humidity"
        made = {n: self._days(n, year) for n in (moist, "radiation", "pressure") if n in self.series}
        return made | {"wind": self._days("wind", year) if "wind" in self.series else self._wind(year)}

    def _wind(self, year: int) -> Floats:
        """Speed from the two components, hour by hour. Raises ForcingError for daily means, which say nothing of speed."""
        east, north = self.series["wind_east"], self.series["wind_north"]
        if east.daily or north.daily:
            raise ForcingError(f"{east.what} is a mean of the day, which gives no speed of the wind; give sfcWind, or hours")
        (u, keys), (v, others) = east.steps(year, self._cells("wind_east")), north.steps(year, self._cells("wind_north"))
        if not np.array_equal(keys, others):
            raise ForcingError(f"{east.what} and {north.what} have other steps; write them alike")
        return east.of_days(np.hypot(u, v), keys)

    def close(self) -> None:
        """Close the files."""
        for series in self.series.values():
            series.parts[0].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
