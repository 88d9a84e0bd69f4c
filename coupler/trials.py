"""The liming experiments of Rothamsted and Woburn, and chalk on Broadbalk: what was measured, and the same soils stepped.

What:    ``measured`` (year, lime level -> mean pH), ``simulate`` (the same lime on the same dates, laboratory pH each autumn),
         ``chalk_by_nitrogen`` (mean yearly chalk by nitrogen level on Broadbalk).
Units:   pH in water (1:2.5 suspension measured; the library's suspension pH simulated); lime in t CaCO3 ha-1; N in kg ha-1.
Source:  Rothamsted Research e-RA, CC BY 4.0: Glendining et al. 2023, doi:10.23637/rcs10-soil-01 and doi:10.23637/wcs10-soil-02;
         Glendining et al. 2022, doi:10.23637/rbk1-chalk-01. Texture from the soil's name (silty clay loam, sandy loam),
         nitrogen and deposition as typical [assumption]: the archives read here do not hold them.
Use:     ``series = simulate(folder, config)``; ``series["Rothamsted"].ph["H"]``.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from .config import RunConfig
from .domain import Domain, Field
from .errors import CalcisolError
from .europe import Europe
from .offline import open_model
from .units import HA_M2, MONTH_SECONDS

FIRST, LAST = 1962, 1994
LEVELS = ("0", "L", "M", "H")
PLOUGH_LAYERS = 1  # the first layer of the run (0-0.25 m) is what was sampled (0-0.23 m)
NITROGEN_STEP = 48.0  # kg N ha-1 between Broadbalk's levels N1, N2, ... (e-RA)
CHALK_YEARS = (1955, 2019)


@dataclass(frozen=True)
class Site:
    """An experiment: folder, column of the lime level, texture and calcareous or not."""

    folder: str
    level: str
    clay: float
    sand: float
    note: str


SITES = {
    "Rothamsted": Site("rcs10_RLTLSOIL_01-RLTLSOIL", "lime_factor_level", 0.27, 0.15, "silty clay loam"),
    "Woburn": Site("wcs10_WLTLSOIL_02-WLTLSOIL", "liming_factor_level", 0.10, 0.70, "sandy loam"),
}


@dataclass(frozen=True)
class Series:
    """Mean pH by lime level: years and values measured, and simulated for every year FIRST to LAST."""

    baseline: float
    measured: dict[str, tuple[np.ndarray, np.ndarray]]
    lime: dict[str, dict[tuple[int, int], float]]  # level -> (year, month) -> t CaCO3 ha-1
    ph: dict[str, np.ndarray]


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise CalcisolError(f"{path} is missing; give the data folder that holds rothamsted")
    with path.open(encoding="utf-8", errors="replace") as file:
        return list(csv.DictReader(file))


def measured(folder: Path, site: Site) -> Series:
    """Means of all plots of a lime level in the plough layer, and when lime was spread."""
    found: dict[str, dict[int, list[float]]] = {level: {} for level in LEVELS}
    before: list[float] = []
    lime: dict[str, dict[tuple[int, int], float]] = {level: {} for level in LEVELS}
    for row in _rows(folder / "rothamsted" / site.folder / "soil_data.csv"):
        level, value = row[site.level].strip(), row["soil_pH"]
        if level in lime and row["lime_date"] not in ("*", ""):
            year, month = (int(x) for x in row["lime_date"].split("-")[:2])
            lime[level][year, month] = float(row["annual_lime"])
        if value in ("*", "") or not row["soil_depth"].startswith("0-"):
            continue
        if row["sample_year"] == "baseline":
            before.append(float(value))
        elif level in found:
            found[level].setdefault(int(row["sample_year"]), []).append(float(value))
    means = {k: (np.array(sorted(v), int), np.array([float(np.mean(v[y])) for y in sorted(v)])) for k, v in found.items()}
    return Series(float(np.mean(before)), means, lime, {})


def _domain(ph: np.ndarray, clay: np.ndarray, sand: np.ndarray) -> Domain:
    """Columns at Rothamsted: weather normals of the station's cell, arable crops with 100 kg N ha-1 [assumption]."""
    values = {
        "mat": 9.5, "t_amplitude": 6.4, "rain": 700.0, "pet": 620.0, "soc": 0.012, "bulk_density": 1350.0, "mineral_n": 100.0,
        "manure_n": 0.0, "fixed_n": 5.0, "deposition_n": 25.0, "y_max": 243.0, "no3_share": 0.35, "caco3": 0.0, "altitude": 120.0,
    }  # fmt: skip
    n = len(ph)
    made = lambda v, name: Field(np.broadcast_to(np.asarray(v, float), (n,)), "1", name, "estimated", "trials.py", "")  # noqa: E731
    fields = {k: made(v, k) for k, v in values.items()}
    fields |= {"ph_survey": made(ph, "ph"), "clay": made(clay, "clay"), "sand": made(sand, "sand")}
    fields["rain_shape"] = Field(np.full((n, 12), 1 / 12), "1", "share of rain", "estimated", "even", "")
    return Domain("A", np.full(n, 51.8), np.full(n, -0.4), np.full(n, "GBR"), fields)


def simulate(folder: Path, config: RunConfig, nitrogen: tuple[float, ...] = ()) -> dict[str, Series]:
    """Step both experiments, all lime levels side by side, FIRST to LAST; laboratory pH at each year's end."""
    series = {name: measured(folder, site) for name, site in SITES.items()}
    columns = [(name, level) for name in SITES for level in LEVELS]
    start = np.array([series[name].baseline for name, _ in columns])
    domain = _domain(start, *(np.array([getattr(SITES[n], k) for n, _ in columns]) for k in ("clay", "sand")))
    europe = Europe(domain, replace(config, history=True))
    found = np.empty((LAST - FIRST + 1, len(columns)))
    n, nlay = europe.clay.shape
    nh4 = no3 = np.zeros((n, nlay))
    with open_model(config) as model:
        soil = model.columns(europe.static())
        for year in range(FIRST, LAST + 1):
            for month in range(12):
                forcing = europe.forcing(None, year, month, nh4, no3)
                spread = [series[name].lime[level].get((year, month + 1), 0.0) for name, level in columns]
                forcing["lime"] = np.array(spread) * 1e3 / HA_M2 / MONTH_SECONDS
                soil.step(MONTH_SECONDS, forcing, ("ph",))
                state = soil.state()
                nh4, no3 = state["nh4"], state["no3"]
                if month == 9:  # sampled in autumn
                    found[year - FIRST] = soil.laboratory_ph()[0][:, :PLOUGH_LAYERS].mean(1)
    made = {}
    for name in SITES:
        ph = {level: found[:, columns.index((name, level))] for level in LEVELS}
        made[name] = replace(series[name], ph=ph)
    return made


def errors(series: Series) -> dict[str, tuple[float, float, int]]:
    """Bias and root mean square error of pH by lime level over the years measured, and their number."""
    made = {}
    for level, (years, values) in series.measured.items():
        if not len(years):
            continue
        difference = series.ph[level][years - FIRST] - values
        made[level] = (float(difference.mean()), float(np.sqrt((difference**2).mean())), len(years))
    return made


def chalk_by_nitrogen(folder: Path) -> dict[float, tuple[float, int]]:
    """Broadbalk: mean chalk in kg CaCO3 ha-1 year-1 over CHALK_YEARS by nitrogen rate, and the number of plots.

    Plots with P and K and one yearly dose of mineral nitrogen (N0 to N6), no manure.
    """
    total: dict[float, float] = {}
    plots: dict[float, set[str]] = {}
    for row in _rows(folder / "rothamsted" / "rbk1_CHALK_rbk1-chalk-01" / "chalk_data.csv"):
        code = row["fertilizer_code"].strip()
        match = re.fullmatch(r"(?:N(\d)\*?)?P\*?K(?:Na)?\*?(?:Mg)?\*?", code)
        if not match or row["chalk_amount"] in ("*", ""):
            continue
        rate = NITROGEN_STEP * int(match[1] or 0)
        total[rate] = total.get(rate, 0.0) + float(row["chalk_amount"])
        plots.setdefault(rate, set()).add(row["plot_(strip_and_section)"])
    years = CHALK_YEARS[1] - CHALK_YEARS[0] + 1
    return {rate: (total[rate] * 1e3 / years / len(plots[rate]), len(plots[rate])) for rate in sorted(total)}
