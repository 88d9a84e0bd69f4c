"""The run configuration: what ``calcisol run CONFIG.toml`` accepts, with defaults.

What:    RunConfig (frozen) with the four tables of land/parameters.py; an unknown key is an error that names the nearest.
Units:   in each parameter's comment, with its source and range; ``[assumption]`` marks what no source fixes.
Source:  emulator/docs/science.md, section 10; papers are named where the value is theirs.
Use:     ``config = load_config(Path("run.toml"), out="out/europe")``; ``RunConfig()`` is the default run.
"""

from __future__ import annotations

import dataclasses
import difflib
import glob
import math
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..emulator.contract.constants import MAX_LAYERS
from ..emulator.contract.variables import load_table
from .errors import CalcisolError
from .land.irrigation import IrrigationParameters
from .land.parameters import LIMITS, CarbonParameters, NitrogenParameters, SoilParameters, WaterParameters
from .land.thin_layers import SPLITS, WHERE_NEEDED


class ConfigError(CalcisolError):
    """The configuration cannot be used; the text names the key, its value and how to fix it."""


YEARS = (1800, 3000)
GENERATED, MONTHLY = "generated", "monthly"  # weather
PLOUGH_LAYERS = (0.25, 0.1, 0.1, 0.1, 0.1, 0.1, 0.15, 0.15, 0.15, 0.15)  # m; a plough layer on top, for steps of a month
WITH_FORCING = (
    "forcing",
    "forcing_beside",
    "nitrify",
    "thickest_layer",
    "out",
    "bundle",
    "workers",
    "plots",
)  # all that a run of a forcing file takes
MOST_SPINUP = 10000  # years; more is a slip of the hand that would run for days


@dataclass(frozen=True)
class RunConfig:
    """One run. Paths of files count from the folder of the configuration, ``out`` from the working folder; empty: the default."""

    scenarios: tuple[str, ...] = ("baseline", "n_minus_20", "no_mineral_n")
    start_year: int = 1990
    end_year: int = 2100
    history: bool = True  # nitrogen and sulphur of the years before 2019 (history.py); false: those of 2019 all along
    spinup: str = "survey"  # spinup_years of the first year's forcing; or "equilibrium": until the pools are steady
    spinup_years: int = 15
    domain: str = "calcareous"  # or "all": every arable cell, carbonate or not
    coverage: float = 0.95  # share of the calcareous arable area that the default domain keeps (its smallest cells are left out)
    weather: str = GENERATED  # of every day, drawn on the climatology; or "monthly": a mean year, with a bucket as soil water
    weather_seed: int = 1  # another number draws other weather
    weather_files: tuple[str, ...] = ()  # daily weather of your own instead, e.g. ["pr_*.nc", "tas_*.nc"]; its years repeat
    layers: tuple[float, ...] = (0.05, 0.05, 0.05, 0.05, 0.1, 0.1, 0.1, 0.1, 0.2, 0.2, 0.3, 0.3)  # m
    # thick layers cut into thin ones inside, records by layers: "where_needed" (land/thin_layers.py), of "all" columns or "none"
    layers_split: str = WHERE_NEEDED
    out: str = "out/europe"
    data: str = ""  # folder of real fields; "none" forces the embedded default
    fields: dict[str, str] = field(default_factory=dict)  # your own maps: field of the domain -> file (europe/own_maps.py)
    refine: int = 1  # each 0.5 degree cell is cut into refine x refine columns (5: 0.1 degree), fields as in the cell
    uncertainty: int = 48  # columns on which the interval is worked out, spread over the domain; 0: no interval
    ensemble: tuple[str, ...] = ()  # further bundles, members of the emulator ensemble
    forcing: str = ""  # a forcing file of your own instead of Europe; from the folder of the configuration
    forcing_beside: tuple[str, ...] = ()  # files with other variables of its places and steps (of its places alone: soil)
    nitrify: bool = False  # with forcing: the library nitrifies the ammonium of a file that brings no n_nit (forcing/nitrogen.py)
    thickest_layer: float = 0.0  # m, with forcing: thick layers are split inside (library/pieces.py), 0.05 is good; 0: none is
    bundle: str = ""
    workers: int = 2
    dask: str = ""  # address of a Dask scheduler instead of own processes
    chunk: int = 350  # most columns per task; tasks are of one size and even in number. With many workers give fewer
    checkpoint_years: int = 5
    plots: bool = True
    soil: SoilParameters = field(default_factory=SoilParameters)
    water: WaterParameters = field(default_factory=WaterParameters)
    carbon: CarbonParameters = field(default_factory=CarbonParameters)
    nitrogen: NitrogenParameters = field(default_factory=NitrogenParameters)
    irrigation: IrrigationParameters = field(default_factory=IrrigationParameters)

    def __post_init__(self) -> None:
        """Raise ConfigError on a value that cannot be run."""
        if self.end_year < self.start_year:
            raise ConfigError(f"end_year = {self.end_year} lies before start_year = {self.start_year}; give a later year")
        if not 0 <= self.spinup_years <= MOST_SPINUP:
            raise ConfigError(f"spinup_years = {self.spinup_years} must lie between 0 and {MOST_SPINUP}")
        if not self.out:
            raise ConfigError('out is empty; name the folder for results, e.g. "out/europe"')
        if not self.scenarios:
            raise ConfigError('scenarios is empty; name at least one, e.g. ["baseline"]')
        if len(set(self.scenarios)) < len(self.scenarios):
            twice = next(s for i, s in enumerate(self.scenarios) if s in self.scenarios[:i])
            raise ConfigError(f"scenarios names {twice!r} twice; name each once")
        if not self.layers or min(self.layers) <= 0:
            raise ConfigError(f"layers = {list(self.layers)} needs thicknesses above 0 m")
        low, high = next(v.valid for v in load_table().select("static") if v.name == "dz") or (0.0, math.inf)
        if not all(low <= x <= high for x in self.layers):
            raise ConfigError(f"layers = {list(self.layers)} must each lie between {low:g} and {high:g} m")
        if self.layers[0] / 2 >= self.water.root_end_m:
            raise ConfigError(
                f"layers = {list(self.layers)} begins with one centred at {self.layers[0] / 2:g} m, which no root reaches "
                f"(root_end_m = {self.water.root_end_m:g}); give a thinner first layer"
            )
        if self.uncertainty < 0:
            raise ConfigError(f"uncertainty = {self.uncertainty} is negative; give the columns of the interval, or 0 for none")
        for name in ("start_year", "end_year"):
            if not YEARS[0] <= getattr(self, name) <= YEARS[1]:
                raise ConfigError(f"{name} = {getattr(self, name)} must lie between {YEARS[0]} and {YEARS[1]}")
        if len(self.layers) > MAX_LAYERS:
            raise ConfigError(f"layers has {len(self.layers)} entries; the library takes 1 to {MAX_LAYERS}")
        for name in ("workers", "chunk", "checkpoint_years"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} = {getattr(self, name)} must be 1 or more")
        if self.domain not in ("calcareous", "all"):
            raise ConfigError(f'domain = {self.domain!r} is not known; use "calcareous" or "all"')
        if self.layers_split not in SPLITS:
            raise ConfigError(f"layers_split = {self.layers_split!r} is not known; use one of {', '.join(map(repr, SPLITS))}")
        if self.spinup not in ("survey", "equilibrium"):
            raise ConfigError(f'spinup = {self.spinup!r} is not known; use "survey" or "equilibrium"')
        if self.weather not in (GENERATED, MONTHLY):
            raise ConfigError(f'weather = {self.weather!r} is not known; use "{GENERATED}" or "{MONTHLY}"')
        if self.weather_files and self.weather == MONTHLY:
            raise ConfigError(f'weather_files bring the weather of each day, and weather is "{MONTHLY}"; leave one of them out')
        if not 0 <= self.weather_seed < 2**31:
            raise ConfigError(f"weather_seed = {self.weather_seed} must lie between 0 and {2**31 - 1}")
        if not 1 <= self.refine <= 20:
            raise ConfigError(f"refine = {self.refine} must lie between 1 and 20")
        if not 0 <= self.thickest_layer <= 5:
            raise ConfigError(f"thickest_layer = {self.thickest_layer} must lie from 0 (no layer is split) to 5 m; 0.05 is good")
        if not 0 < self.coverage <= 1:
            raise ConfigError(f"coverage = {self.coverage} must lie above 0 and at most 1")

    def physics(self) -> dict[str, Any]:
        """What decides the numbers of a run (not where it runs or writes): the key of a restart."""
        skip = {"out", "workers", "dask", "plots", "bundle", "scenarios", "checkpoint_years", "uncertainty", "ensemble"}
        skip |= {"nitrify", "forcing_beside", "thickest_layer"}  # of forcing files
        return {k: v for k, v in dataclasses.asdict(self).items() if k not in skip}


KINDS = {"int": "a whole number", "float": "a number", "str": "text", "bool": "true or false"}


def _check_limits(config: RunConfig) -> None:
    """Raise ConfigError for a physical constant that no soil can have."""
    for table in (config.soil, config.water, config.carbon, config.nitrogen, config.irrigation):
        for f in dataclasses.fields(table):
            given, (low, high) = getattr(table, f.name), LIMITS.get(f.name, (0.0, 1.0))
            by_layer = given if isinstance(given, tuple) else (given,)
            for value in by_layer:
                if not low <= value <= high:
                    raise ConfigError(
                        f"{f.name} = {value:g} must lie between {low:g} and {high:g} (source: coupler/land/parameters.py)"
                    )
            if len(by_layer) not in (0, 1, len(config.layers)):
                raise ConfigError(
                    f"{f.name} has {len(by_layer)} values for {len(config.layers)} layers; give one, or one for each layer"
                )
            if f.name.startswith("vg_") and given and config.weather == MONTHLY:
                raise ConfigError(
                    f'{f.name} acts on the soil water of each day, and weather is "{MONTHLY}"; leave one of them out'
                )
    if config.weather == MONTHLY and (config.irrigation.share or "irrigation" in config.fields):
        raise ConfigError(f'irrigation acts on the soil water of each day, and weather is "{MONTHLY}"; leave one of them out')
    config.irrigation.balanced()
    if config.water.root_end_m < config.water.root_full_m:
        raise ConfigError(
            f"root_end_m = {config.water.root_end_m:g} lies above root_full_m = {config.water.root_full_m:g}; "
            "give a depth at or below it"
        )


def _build(cls: type, raw: dict[str, Any], where: str) -> Any:
    fields_ = {f.name: f for f in dataclasses.fields(cls)}
    values: dict[str, Any] = {}
    default = cls()
    for key, value in raw.items():
        if key not in fields_:
            near = difflib.get_close_matches(key, fields_, n=1, cutoff=0.0)[0]
            raise ConfigError(f"{where}: key {key!r} is not known; the nearest is {near!r}")
        current = getattr(default, key)
        if dataclasses.is_dataclass(current):
            if not isinstance(value, dict):
                raise ConfigError(f"{where}: {key} = {value!r} must be a table, e.g. [{key}]")
            values[key] = _build(type(current), value, f"{where} [{key}]")
        elif isinstance(current, dict):
            if not isinstance(value, dict) or not all(isinstance(x, str) for x in value.values()):
                raise ConfigError(f"{where}: {key} = {value!r} must be a table of names and files, e.g. [{key}]")
            values[key] = dict(value)
        elif isinstance(current, tuple):
            item = float if "float" in str(fields_[key].type) else str
            right = (int, float) if item is float else item
            if not isinstance(value, list) or not all(isinstance(x, right) and not isinstance(x, bool) for x in value):
                raise ConfigError(f"{where}: {key} = {value!r} must be a list of {'numbers' if item is float else 'names'}")
            values[key] = tuple(item(x) for x in value)
        elif isinstance(current, bool) or isinstance(value, bool):
            if not (isinstance(current, bool) and isinstance(value, bool)):
                raise ConfigError(f"{where}: {key} = {value!r} must be {KINDS[type(current).__name__]}")
            values[key] = value
        elif isinstance(current, float) and isinstance(value, (int, float)):
            values[key] = float(value)
        elif type(value) is type(current):
            values[key] = value
        else:
            raise ConfigError(f"{where}: {key} = {value!r} must be {KINDS[type(current).__name__]}, like {current!r}")
    return cls(**values)


def _beside(path: Path, name: str, key: str = "forcing") -> str:
    """A path of a configuration: relative ones count from its folder, ``~`` is the user's home.

    Raises ConfigError where the file lies in the working folder instead.
    """
    here = Path(name).expanduser()
    beside = here if here.is_absolute() else path.parent / here
    if beside != here and not glob.glob(str(beside)) and glob.glob(str(here)) and beside.resolve() != here.resolve():
        raise ConfigError(
            f"{key} = {name!r} counts from the folder of {path}, where there is no such file; write {str(here.resolve())!r}"
        )
    return str(beside)


def load_config(path: Path | None = None, **overrides: Any) -> RunConfig:
    """Configuration of a TOML file (or the default), with the command line's overrides (None = not given).

    Raises ConfigError when the file is missing, is no TOML, or holds an unknown key or a value of the wrong kind.
    """
    config = RunConfig()
    given = {k: v for k, v in overrides.items() if v is not None}
    if path is not None:
        if path.suffix.lower() in (".nc", ".nc4", ".cdf", ".csv", ".tif", ".tiff"):  # an empty one would be a valid TOML file
            raise ConfigError(
                f'{path} is no configuration; put `forcing = "{path}"` or a line of [fields] in a TOML file and run that'
            )
        try:
            raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # Windows editors write a mark first
        except FileNotFoundError:
            raise ConfigError(f"configuration {path} does not exist; give the path of a TOML file") from None
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            why = getattr(error, "strerror", None) or ("no text" if isinstance(error, UnicodeDecodeError) else error)
            raise ConfigError(f"configuration {path} cannot be read ({why}); fix it or start from examples/05_europe") from None
        config = _build(RunConfig, raw, path.name)
        _check_limits(config)
        if config.forcing_beside and not config.forcing:
            raise ConfigError(f"forcing_beside names files beside a forcing file, and {path.name} names none; add forcing")
        if config.nitrify and not config.forcing:
            raise ConfigError(f"nitrify acts on a forcing file, and {path.name} names none; the European run nitrifies anyway")
        if config.thickest_layer and not config.forcing:
            raise ConfigError(
                f"thickest_layer splits the layers of a forcing file, and {path.name} names none; give the European run "
                "thinner layers by layers"
            )
        idle = [k for k in (*raw, *given) if k not in WITH_FORCING]
        if config.forcing and idle:
            raise ConfigError(
                f"{idle[0]} acts on the European run, and {path.name} names the forcing file {config.forcing}; "
                "leave one of them out"
            )
        for key in ("forcing", "bundle", "data"):
            name = getattr(config, key)
            if name and (key, name) != ("data", "none"):
                config = dataclasses.replace(config, **{key: _beside(path, name, key)})
        members = tuple(_beside(path, name, "ensemble") for name in config.ensemble)
        config = dataclasses.replace(config, ensemble=members, out=str(Path(config.out).expanduser()))
        own = {key: _beside(path, name, key) for key, name in config.fields.items()}
        also = tuple(_beside(path, name, "forcing_beside") for name in config.forcing_beside)
        weather = tuple(_beside(path, name, "weather_files") for name in config.weather_files)
        names = tuple(_beside(path, s, "scenarios") if s.endswith(".toml") else s for s in config.scenarios)
        config = dataclasses.replace(config, fields=own, scenarios=names, weather_files=weather, forcing_beside=also)
    return dataclasses.replace(config, **given)
