"""A plot as its file describes it: place, soil by layer as surveyed, treatments with their history, readings.

What:    ``Site`` and its parts; read_site.py makes one from TOML and checks it.
Units:   SI inside (m, kg kg-1, mol_c kg-1, kg m-3); the file's own units stand in its keys (clay_percent, lime_t_ha).
Shapes:  (survey,) by surveyed layer from the surface down; months are (12,), January first.
Use:     ``site = read_site(Path("SITE.toml")); site.soil.edges``
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..land.parameters import SoilParameters

CATIONS = ("ca", "mg", "k", "na")
ALL = ""  # a line of history that names no treatment counts for all


@dataclass(frozen=True)
class Place:
    """Where: degrees, m, ISO country."""

    latitude: float
    longitude: float
    altitude: float
    country: str


@dataclass(frozen=True)
class Weather:
    """Climatology: air temperature [degC], rain [mm per month], potential evapotranspiration [mm per month], (12,)."""

    temperature: np.ndarray
    rain: np.ndarray
    pet: np.ndarray
    source: str


@dataclass(frozen=True)
class Soil:
    """Surveyed layers, (survey,); NaN where the file gives nothing. ``ph`` was read in water or, ``cacl2``, in 0.01 M CaCl2."""

    edges: np.ndarray  # m, lower edge
    clay: np.ndarray
    sand: np.ndarray
    carbon: np.ndarray
    density: np.ndarray
    stones: np.ndarray  # by volume
    ph: np.ndarray
    cacl2: bool
    ratio: float  # kg of solution per kg of soil in the suspension
    capacity: np.ndarray
    bases: dict[str, np.ndarray]  # mol_c kg-1
    caco3: np.ndarray
    aluminium: np.ndarray  # saturation index of gibbsite
    parent: str  # of land/weathering.py; empty: by texture


@dataclass(frozen=True)
class Line:
    """A line of the history: what was done each year of ``years`` to the treatments named."""

    treatments: tuple[str, ...]
    years: tuple[int, int]
    month: int  # of the lime, counted from 0
    crop: str = ""
    dry_matter: float = np.nan  # t ha-1 year-1 carried off
    nitrogen: float = 0.0  # kg N ha-1 year-1
    form: dict[str, float] = field(default_factory=dict)
    lime: float = 0.0  # t ha-1 of material
    kind: str = ""
    depth: float = np.nan  # m the lime was worked in
    removed: float = np.nan  # kg N ha-1 year-1 in what was carried off
    fixed: float = np.nan  # kg N ha-1 year-1
    salts: dict[str, float] = field(default_factory=dict)  # kg ha-1 year-1 of what has no nitrogen
    humus: float = 0.0  # kg N ha-1 year-1 that organic matter sets free as it is lost; negative as it grows
    potash: bool = False  # potassium is given for what the harvest takes
    plough: float = np.nan  # m, where it differs from that of the site
    carbon: float = np.nan  # kg kg-1 of organic carbon that the topsoil had in the first of the years


@dataclass(frozen=True)
class Reading:
    """One observation: of a treatment and depth [m], at a decimal year; ``value`` in the unit of ``what``."""

    treatment: str
    year: float
    top: float
    bottom: float
    what: str
    value: float


@dataclass(frozen=True)
class Parameters:
    """What ``--fit`` may vary and a user may set; NaN: the default by texture or country."""

    lime_factor: float = 1.0  # on the lime that was spread: losses by wind and plough, error of the spreader
    cec_factor: float = 1.0  # on the capacity by texture
    cec_variable: float = SoilParameters.cec_variable  # share of the capacity that binds protons
    weathering_factor: float = 1.0
    sulphur_factor: float = 1.0  # on the sulphur that the air brings
    bases_factor: float = 1.0  # on the bases that the harvest takes
    respiration_factor: float = 1.0
    drainage_factor: float = 1.0


@dataclass(frozen=True)
class Site:
    """A plot, or a field of plots on one soil."""

    name: str
    years: tuple[int, int]
    place: Place
    weather: Weather
    soil: Soil
    plough: float  # m; 0: never ploughed
    treatments: tuple[str, ...]
    lines: tuple[Line, ...]
    depths: tuple[tuple[float, float], ...]  # m, of the samples
    month: int  # of sampling, counted from 0
    readings: tuple[Reading, ...]
    sulphur: dict[int, float]  # kg S ha-1 year-1 by year; empty: the default of the country
    nitrogen: dict[int, float]
    parameters: Parameters
    folder: Path
    years_of_weather: dict[int, Weather] = field(default_factory=dict)  # where known; else ``weather`` all along

    def ploughed(self) -> list[float]:
        """Depths of the plough that lines of the history name, m."""
        return [x.plough for x in self.lines if not np.isnan(x.plough)]

    def plough_of(self, year: int) -> float:
        """Depth of the plough in a year, the same for all treatments, m."""
        return next(
            (x.plough for x in reversed(self.lines) if x.years[0] <= year <= x.years[1] and not np.isnan(x.plough)), self.plough
        )
