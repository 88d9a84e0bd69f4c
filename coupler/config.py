"""The run configuration: what ``calcisol run CONFIG.toml`` accepts, with defaults.

What:    RunConfig (frozen) with four tables of physical parameters; an unknown key is an error that names the nearest.
Units:   in each parameter's comment, with its source and range; ``[assumption]`` marks what no source fixes.
Source:  science.md = the project's reference notes; papers are named where the value is theirs.
Use:     ``config = load_config(Path("run.toml"), out="out/europe")``; ``RunConfig()`` is the default run.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..emulator.variables import load_table
from .errors import CalcisolError


class ConfigError(CalcisolError):
    """The configuration cannot be used; the text names the key, its value and the mend."""


YEARS = (1800, 3000)
WITH_FORCING = ("forcing", "out", "bundle", "workers", "plots")  # what a run of a forcing file takes, or needs not to refuse
MOST_SPINUP = 10000  # years; more is a slip of the hand that would run for days
# what a value can be at all; the ranges of its sources stand beside each constant below
LIMITS = {
    "omega": (1.0, 20.0),
    "root_full_m": (0.0, 20.0),
    "root_end_m": (0.0, 20.0),
    "thermal_diffusivity": (1e-8, 1e-5),
    "cec_variable": (0.0, 0.95),
    "raich_f": (0.01, 20.0),
    "raich_q": (0.0, 0.3),
    "raich_k": (0.0, 100.0),
    "per_n_uptake": (-200.0, 200.0),
    "co2_atm": (1e-4, 5e-3),
    "nitrification_per_day": (0.0, 10.0),
    "nitrification_q10": (0.5, 10.0),
    "bases_per_n": (0.0, 0.1),
    "weathering": (0.0, 5.0),
    "sulphur_deposition": (0.0, 500.0),
    "base_deposition": (0.0, 5.0),
    "sea_salt": (0.0, 5.0),
}  # every other constant is a share, 0 to 1


@dataclass(frozen=True)
class WaterParameters:
    """Monthly water budget."""

    # Fu (1981); Zhang et al. 2004, doi:10.1029/2003WR002710: 2.63 over all catchments, 2.55 grass, 2.84 forest, single ones
    # 1.7-5.0 and none for crops [assumption: between grass and all]; range 1.7-3.5
    omega: float = 2.6
    runoff_share: float = 0.15  # share of P - ET leaving over the surface [assumption]; range 0-0.4
    root_full_m: float = 0.75  # roots empty the soil fully down to here [assumption]
    root_end_m: float = 1.35  # and not at all below here [assumption]
    stress_point: float = 0.5  # soil water share below which ET falls (FAO-56 p); range 0.4-0.6
    thermal_diffusivity: float = 5.0e-7  # m2 s-1, moist loam (Hillel 1998); range 3e-7-8e-7


@dataclass(frozen=True)
class SoilParameters:
    """The exchanger."""

    # share of the CEC that binds protons with log K 3.2 and 4.6. Appelo (1994, Water Resour. Res. 30, 2793) lets all of it do
    # so, log K of H against Na = 5.9 - 3.4 x share of H (for fresh water, as SCEPTER codes and cites it); 0.9 comes nearest
    # (tests/coupler/test_trials.py). With the contract's own 0.3 nine tenths of the CEC hold bases down to pH 5.5 (measured:
    # half), and lime finds little to neutralise. Range 0.7-0.95
    cec_variable: float = 0.9


@dataclass(frozen=True)
class CarbonParameters:
    """Carbon dioxide produced in the soil."""

    # all three as public programs that cite the paper code them (README, "Checked")
    raich_f: float = 1.250  # g C m-2 day-1; Raich et al. 2002, Glob. Change Biol. 8, 800, doi:10.1046/j.1365-2486.2002.00511.x
    raich_q: float = 0.05452  # K-1, same source (Q10 = 1.72)
    raich_k: float = 4.259  # cm of rain per month, same source
    per_n_uptake: float = 20.0  # g C respired per g N taken up, change against baseline [assumption]; range 0-40
    co2_atm: float = 4.2e-4  # mol mol-1, held constant so that scenarios differ in nitrogen alone


@dataclass(frozen=True)
class NitrogenParameters:
    """Nitrogen, its companions, and other acid and base."""

    urea_share: float = 0.75  # of the fertiliser that is not ammonium nitrate; the rest counts as ammonium sulphate [assumption]
    manure_nh4_share: float = 0.5  # of manure N as NH4HCO3, the rest is organic [assumption]; range 0.2-0.7
    nh3_loss_urea: float = 0.15  # of urea N lost as NH3; range 0.05-0.25 (science.md F)
    nh3_loss_manure: float = 0.25  # of manure NH4 lost as NH3; range 0.1-0.4 [assumption]
    nh3_loss_other: float = 0.02  # of mineral NH4 other than urea lost as NH3 [assumption]
    denitrified_surplus: float = 0.30  # of (input - harvest); science.md F: 0-30 % of N, here of the surplus
    nitrification_per_day: float = 0.03  # at 10 degC, i.e. 3-5 weeks; science.md A.6: 1-6 weeks
    nitrification_q10: float = 2.0  # range 1.5-3
    nh4_uptake_share: float = 0.2  # of harvested N taken as NH4 [assumption]; range 0-0.5
    bases_per_n: float = 0.006  # mol_c of base cations exported per g N harvested; 0.2-3 kmolc/ha/yr (science.md F) [assumption]
    weathering: float = 0.03  # mol_c m-2 yr-1 of silicate bases, 0-1 m [assumption]; range 0.01-0.15
    sulphur_deposition: float = 4.0  # kg S ha-1 yr-1; range 2-10 (science.md F)
    base_deposition: float = 0.03  # mol_c m-2 yr-1 Ca+Mg+K+Na without sea salt; range 0.01-0.06 (science.md F)
    sea_salt: float = 0.02  # mol m-2 yr-1 NaCl [assumption]


@dataclass(frozen=True)
class RunConfig:
    """One run. Paths are as the user wrote them; empty means "the default"."""

    scenarios: tuple[str, ...] = ("baseline", "n_minus_20", "no_mineral_n")
    start_year: int = 1990
    end_year: int = 2100
    history: bool = True  # nitrogen and sulphur of the years before 2019 (history.py); false: those of 2019 all along
    spinup: str = "survey"  # spinup_years of the first year's forcing; or "equilibrium": on until the pools stand still
    spinup_years: int = 15
    domain: str = "calcareous"  # or "all": every arable cell, carbonate or not
    coverage: float = 0.95  # share of the calcareous arable area that the default domain keeps (its smallest cells are left out)
    layers: tuple[float, ...] = (0.25, 0.1, 0.1, 0.1, 0.1, 0.1, 0.15, 0.15, 0.15, 0.15)  # m
    out: str = "out/europe"
    data: str = ""  # folder of real fields; "none" forces the embedded default
    fields: dict[str, str] = field(default_factory=dict)  # your own maps: field of the domain -> file (fields.py)
    refine: int = 1  # each 0.5 degree cell is cut into refine x refine columns (5: 0.1 degree), fields as in the cell
    uncertainty: int = 80  # columns on which the interval is worked out, spread over the domain; 0: no interval
    ensemble: tuple[str, ...] = ()  # further bundles, members of the emulator ensemble
    forcing: str = ""  # a forcing file of your own instead of Europe
    bundle: str = ""
    workers: int = 2
    dask: str = ""  # address of a Dask scheduler instead of own processes
    chunk: int = 128  # columns per task; the same for any number of workers, so results are too
    checkpoint_years: int = 5
    plots: bool = True
    soil: SoilParameters = field(default_factory=SoilParameters)
    water: WaterParameters = field(default_factory=WaterParameters)
    carbon: CarbonParameters = field(default_factory=CarbonParameters)
    nitrogen: NitrogenParameters = field(default_factory=NitrogenParameters)

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
        if len(self.layers) > 60:
            raise ConfigError(f"layers has {len(self.layers)} entries; the library takes 1 to 60")
        for name in ("workers", "chunk", "checkpoint_years"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} = {getattr(self, name)} must be 1 or more")
        if self.domain not in ("calcareous", "all"):
            raise ConfigError(f'domain = {self.domain!r} is not known; use "calcareous" or "all"')
        if self.spinup not in ("survey", "equilibrium"):
            raise ConfigError(f'spinup = {self.spinup!r} is not known; use "survey" or "equilibrium"')
        if not 1 <= self.refine <= 20:
            raise ConfigError(f"refine = {self.refine} must lie between 1 and 20")
        if not 0 < self.coverage <= 1:
            raise ConfigError(f"coverage = {self.coverage} must lie above 0 and at most 1")

    def physics(self) -> dict[str, Any]:
        """What decides the numbers of a run (not where it runs or writes): the key of a restart."""
        skip = {"out", "workers", "dask", "plots", "bundle", "scenarios", "checkpoint_years", "uncertainty", "ensemble"}
        return {k: v for k, v in dataclasses.asdict(self).items() if k not in skip}


KINDS = {"int": "a whole number", "float": "a number", "str": "text", "bool": "true or false"}


def _check_limits(config: RunConfig) -> None:
    """Raise ConfigError for a physical constant that no soil can have."""
    for table in (config.soil, config.water, config.carbon, config.nitrogen):
        for f in dataclasses.fields(table):
            value, (low, high) = getattr(table, f.name), LIMITS.get(f.name, (0.0, 1.0))
            if not low <= value <= high:
                raise ConfigError(f"{f.name} = {value:g} must lie between {low:g} and {high:g} (source: coupler/config.py)")
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
            item = type(current[0]) if current else str
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
            raw = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ConfigError(f"configuration {path} does not exist; give the path of a TOML file") from None
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            why = getattr(error, "strerror", None) or ("no text" if isinstance(error, UnicodeDecodeError) else error)
            raise ConfigError(f"configuration {path} cannot be read ({why}); mend it or start from examples/05_europe") from None
        config = _build(RunConfig, raw, path.name)
        _check_limits(config)
        idle = [k for k in (*raw, *given) if k not in WITH_FORCING]
        if config.forcing and idle:
            raise ConfigError(
                f"{idle[0]} acts on the European run, and {path.name} names the forcing file {config.forcing}; "
                "leave one of them out"
            )
    return dataclasses.replace(config, **given)
