"""Scenarios: small TOML files that change inputs over the years, everywhere or in some countries, crops or a mask.

What:    a Scenario is a list of Parts; each multiplies inputs ([change]) and sets values ([set]) along its own ramp:
         nothing before it, linear through it, held after it. ``with`` adds the parts of other scenarios; files beside this one.
Units:   [change] factors, 1 = unchanged; [set] as listed in SETTINGS.
Source:  emulator/docs/science.md, section 15; each file states its own source.
Use:     ``s = load_scenario("n_minus_20")``; ``s.factor("mineral_n", 2025, domain)``; ``s.blend("lime", 2025, domain, base)``.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..config import YEARS, ConfigError
from ..input_maps.country_codes import EUROSTAT
from .cells import read_cells
from .scenario_part import Part, Place, crop_shares

# multipliers; "surplus" acts on nitrogen that is not harvested: the harvest rises until the surplus is that share of today's
INPUTS = ("mineral_n", "manure_n", "deposition_n", "sulphur_deposition", "surplus", "rain", "drainage", "respiration")
# value -> (unit, least, most)
SETTINGS = {
    "lime": ("kg CaCO3 ha-1 year-1", 0.0, 20000.0),
    "manure_cap": ("kg N ha-1 year-1", 0.0, 1000.0),
    "warming": ("K", -10.0, 15.0),
    "co2_atm": ("mol mol-1", 1e-4, 5e-3),
    "no3_share": ("1", 0.0, 1.0),
    "urea_share": ("1", 0.0, 1.0),
    "nitrate_alone": ("1", 0.0, 1.0),
    "sodium_share": ("1", 0.0, 1.0),
}
WHERE = ("countries", "crops", "mask")
_KEYS: dict[str, tuple[str, ...]] = {
    "": ("title", "description", "source", "against", "with", "part", "change", "set", "ramp", *WHERE),
    "part": ("change", "set", "ramp", *WHERE),
    "change": INPUTS,
    "set": tuple(SETTINGS),
    "ramp": ("from", "to"),
}


@dataclass(frozen=True)
class Scenario:
    """One scenario; ``against`` is the scenario its differences are taken to."""

    name: str
    title: str
    description: str
    parts: tuple[Part, ...] = ()
    source: str = ""
    against: str = "baseline"

    @property
    def key(self) -> str:
        """Name with a hash of what the scenario changes, for file names of intermediate results."""
        content = repr(
            [(sorted(p.change.items()), sorted(p.set.items()), p.ramp, p.countries, p.crops, p.mask) for p in self.parts]
        )
        return f"{self.name}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"

    @property
    def changes_climate(self) -> bool:
        """True where water or temperature differ from the baseline's."""
        return any(k in p.change or k in p.set for p in self.parts for k in ("rain", "drainage", "warming"))

    def acts_by(self, year: int) -> bool:
        """True where a part has begun by that year and changes something."""
        return any(p.done(year) > 0 and (p.set or any(f != 1 for f in p.change.values())) for p in self.parts)

    def check_reach(self, place: Place) -> None:
        """Raise ConfigError where a part acts on no column: its results would be those of a scenario without it."""
        for part in self.parts:
            if not part.weight("mineral_n", place).any():
                where = {"countries": list(part.countries), "crops": list(part.crops), "mask": Path(part.mask).name}
                named = ", ".join(f"{k} = {v}" for k, v in where.items() if v)
                have = ", ".join(sorted(map(str, set(place.country))))
                raise ConfigError(
                    f"scenario {self.name}: {named} holds none of the {len(place.country)} columns of this run; "
                    f"they lie in {have} (raise coverage for more)"
                )
            known = {*map(str, read_cells().country), *EUROSTAT.values(), *map(str, place.country)}
            for country in [c for c in part.countries if c not in known]:
                near = difflib.get_close_matches(country.upper(), sorted(known), n=1, cutoff=0.0)[0]
                raise ConfigError(
                    f"scenario {self.name}: country {country!r} is not known, so nothing would change there; write the three "
                    f"letters of ISO 3166, the nearest is {near}"
                )

    def beyond(self, place: Place) -> list[str]:
        """Countries that the scenario names and no column lies in."""
        here = set(map(str, place.country))
        return sorted({c for part in self.parts for c in part.countries if c not in here})

    def factor(self, what: str, year: int, place: Place) -> np.ndarray:
        """Multiplier of one input in one year, (column,); the parts multiply."""
        factor = np.ones(len(place.country))
        for part in self.parts:
            if part.change.get(what, 1.0) != 1.0 and part.done(year) > 0:
                factor = factor * (1.0 + (part.change[what] - 1.0) * part.done(year) * part.weight(what, place))
        return factor

    def blend(
        self, what: str, year: int, place: Place, base: np.ndarray, target: Callable[[float], Any] = lambda x: x
    ) -> np.ndarray:
        """A value that goes from ``base`` (column,) to what the parts set; ``target`` makes the end value of the setting."""
        value = np.broadcast_to(np.asarray(base, float), (len(place.country),))
        for part in self.parts:
            if what in part.set and part.done(year) > 0:
                share = part.done(year) * part.weight(what, place)
                value = value * (1.0 - share) + share * target(part.set[what])
        return value


def shipped() -> list[str]:
    """Names of the scenarios that come with the package."""
    return sorted(p.stem for p in Path(__file__).with_name("scenarios").glob("*.toml"))


def _check(raw: Any, table: str, where: str) -> None:
    if not isinstance(raw, dict):
        raise ConfigError(f"scenario {where}: {table} = {raw!r} must be a table, e.g. [{table}]")
    for key in raw:
        home = "change" if key in INPUTS else "set" if key in SETTINGS else ""
        if key not in _KEYS[table] and home:
            raise ConfigError(f"scenario {where}: {key} = {raw[key]!r} must stand in the table [{home}]")
        if key not in _KEYS[table]:
            near = difflib.get_close_matches(key, _KEYS[table], n=1, cutoff=0.0)[0]
            raise ConfigError(f"scenario {where}: key {key!r} is not known; the nearest is {near!r}")


def _names(raw: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
    """A list of names; a bare string would be read letter by letter."""
    value = raw.get(key, [])
    if not isinstance(value, list) or not all(isinstance(x, str) for x in value):
        raise ConfigError(f'scenario {where}: {key} = {value!r} must be a list of names, e.g. {key} = ["..."]')
    twice = next((x for i, x in enumerate(value) if x in value[:i]), None)
    if twice is not None:  # it would act twice
        raise ConfigError(f"scenario {where}: {key} names {twice!r} twice; name each once")
    return tuple(value)


def _ramp(raw: dict[str, Any], where: str) -> tuple[int, int]:
    first, last = raw.get("from", 2020), raw.get("to", 2030)
    for key, year in (("from", first), ("to", last)):
        if isinstance(year, bool) or not isinstance(year, int):
            raise ConfigError(f"scenario {where}: ramp {key} = {year!r} must be a whole year, like 2030")
        if not YEARS[0] <= year <= YEARS[1]:
            raise ConfigError(f"scenario {where}: ramp {key} = {year} must lie between {YEARS[0]} and {YEARS[1]}")
    if last < first:
        raise ConfigError(f"scenario {where}: ramp to = {last} lies before from = {first}; give a later year")
    return first, last


def _part(raw: dict[str, Any], path: Path) -> Part:
    change, values, ramp = raw.get("change", {}), raw.get("set", {}), raw.get("ramp", {})
    for table, content in (("change", change), ("set", values), ("ramp", ramp)):
        _check(content, table, path.name)
    for key, value in change.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 10:
            raise ConfigError(f"scenario {path.name}: {key} = {value!r} must be a factor from 0 to 10 (1 = unchanged)")
    for key, value in values.items():
        unit, low, high = SETTINGS[key]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise ConfigError(f"scenario {path.name}: {key} = {value!r} must lie between {low:g} and {high:g} {unit}")
    known = set(next(iter(crop_shares().values())))
    crops, countries = _names(raw, "crops", path.name), _names(raw, "countries", path.name)
    others = [k for k in (*change, *values) if k != "mineral_n"]
    if crops and others:
        raise ConfigError(
            f"scenario {path.name}: crops = {list(crops)} stands beside {others[0]}, but crops share out mineral_n alone; "
            f"put {others[0]} in a [[part]] without crops"
        )
    for crop in crops:
        if crop not in known:
            raise ConfigError(f"scenario {path.name}: crop {crop!r} is not known; use some of {', '.join(sorted(known))}")
    mask = raw.get("mask", "")
    if not isinstance(mask, str):
        raise ConfigError(f"scenario {path.name}: mask = {mask!r} must be the path of a NetCDF or CSV file")
    if mask and not (file := Path(mask) if Path(mask).is_absolute() else path.parent / mask).is_file():
        raise ConfigError(
            f"scenario {path.name}: mask {mask} does not exist; give a NetCDF or CSV file with lat, lon and a share"
        )
    return Part(
        change={k: float(v) for k, v in change.items()},
        set={k: float(v) for k, v in values.items()},
        ramp=_ramp(ramp, path.name),
        countries=countries,
        crops=crops,
        mask=str(file.resolve()) if mask else "",
    )


def load_scenario(name: str, asked: tuple[str, ...] = ()) -> Scenario:
    """A shipped scenario by name, or one of the user's by the path of its TOML file. Raises ConfigError.

    ``asked`` holds the scenarios whose ``with`` led here, so that a circle of them is refused.
    """
    if name in asked:
        raise ConfigError(f"scenario {name} asks for itself by `with` ({' -> '.join((*asked, name))}); take one of them out")
    path = Path(name) if name.endswith(".toml") else Path(__file__).with_name("scenarios") / f"{name}.toml"
    if name.endswith(".toml") and not path.is_file():
        raise ConfigError(f"scenario file {name} does not exist; give the path of a TOML file from {Path.cwd()}")
    if not path.is_file():
        raise ConfigError(f"scenario {name!r} is not known; use one of {', '.join(shipped())} or the path of a TOML file")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # Windows editors write a mark first
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"scenario {path} is no valid TOML ({error}); fix that line") from None
    _check(raw, "", path.name)
    for key in ("title", "description", "source", "against"):
        if not isinstance(raw.get(key, ""), str):
            raise ConfigError(f"scenario {path.name}: {key} = {raw[key]!r} must be text")
    others = [os.path.normpath(path.parent / n) if n.endswith(".toml") else n for n in _names(raw, "with", path.name)]
    parts = [part for other in others for part in load_scenario(other, (*asked, name)).parts]
    if any(k in raw for k in ("change", "set", *WHERE)):
        parts.append(_part(raw, path))
    if not isinstance(raw.get("part", []), list):
        raise ConfigError(f"scenario {path.name}: part must be written as [[part]], in double brackets")
    for part in raw.get("part", ()):
        _check(part, "part", path.name)
        parts.append(_part({"ramp": raw.get("ramp", {}), **part}, path))
    for i, part in enumerate(parts):
        if part in parts[:i]:  # by two ways of `with`, or copied
            what = ", ".join(f"{k} = {v:g}" for k, v in (*part.change.items(), *part.set.items())) or "the same part"
            raise ConfigError(f"scenario {path.name}: {what} comes twice and would act twice; take one of them out")
    return Scenario(
        name=path.stem,
        title=raw.get("title", path.stem),
        description=raw.get("description", ""),
        parts=tuple(parts),
        source=raw.get("source", ""),
        against=raw.get("against", "baseline"),
    )


def load_scenarios(names: tuple[str, ...]) -> list[Scenario]:
    """The scenarios of one run, in order. Raises ConfigError where two share a name or ``against`` names none."""
    found = [load_scenario(name) for name in names]
    here = [s.name for s in found]
    for i, s in enumerate(found):
        if s.name in here[:i]:
            pair = f"{names[here.index(s.name)]} and {names[i]}"
            raise ConfigError(f"scenarios {pair} would both be written to {s.name}.nc; give one another file name")
        known = sorted({*here, *shipped()})
        if s.against not in known:
            raise ConfigError(f"scenario {s.name}: against = {s.against!r} is not known; use one of {', '.join(known)}")
    return found
