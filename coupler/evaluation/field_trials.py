"""The liming experiments of Rothamsted and Woburn, and chalk on Broadbalk: what was measured, and the same soils simulated.

What:    ``measured`` (year, lime level -> mean pH and bases), ``simulate`` (the same lime on the same dates, laboratory pH and
         bases each autumn), ``chalk_by_nitrogen`` (mean yearly chalk by nitrogen level on Broadbalk).
Units:   pH in water (measured at 1:2.5; computed at 1:5, which reads 0.1 higher); bases
         (exchangeable Ca + Mg + K + Na) mol_c kg-1; lime t CaCO3 ha-1; N kg ha-1.
Given:   texture by the soil's name, the exchange capacity and the pH before the first lime as measured on the plots, the lime.
         Predicted: pH and bases of the 32 years after. The suspension of the initial state has the pH measured before the lime.
Source:  Rothamsted Research e-RA, CC BY 4.0: Glendining et al. 2023, doi:10.23637/rcs10-soil-01 and doi:10.23637/wcs10-soil-02;
         Glendining et al. 2022, doi:10.23637/rbk1-chalk-01. Bolton 1977, doi:10.1017/S0021859600027210 (losses
         of CaCO3). Nitrogen and deposition as typical [assumption]: the archives read here do not hold them.
Use:     ``series = simulate(folder, config)``; ``series["Rothamsted"].ph["H"]``.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..config import RunConfig
from ..errors import CalcisolError
from ..europe.domain import Domain, Field
from ..europe.monthly import Europe
from ..library.columns import Columns
from ..offline.chunks import open_model
from ..units import CACO3_KG_PER_MOL, HA_M2, MONTH_SECONDS, S_KG_PER_MOL, SECONDS_PER_YEAR

FIRST, LAST = 1962, 1994
LEVELS = ("0", "L", "M", "H")
AUTUMN = 9  # month of sampling, counted from 0
NITROGEN_STEP = 48.0  # kg N ha-1 between Broadbalk's levels N1, N2, ... (e-RA)
CHALK_YEARS = (1955, 2019)
LOSS_YEARS = (1963, 1974)  # of Bolton 1977
CANDIDATES = np.linspace(4.0, 8.0, 17)  # pore-water pH of the first states tried
# g Ca, Mg, K per mol_c: exchangeable cations come in mg kg-1; Na (0.3-1 mmol_c kg-1) was often not measured and is left out
EQUIVALENT = {"exch_ca": 20.04, "exch_mg": 12.15, "exch_k": 39.10}
# kg S ha-1 yr-1 in southern England. Level of 1970 [assumption]: between the more than 50 found around large towns and the less
# than 15 of the remotest parts ("Sulphur in air and deposited from air and rain over Great Britain and Ireland"); trend as UK
# emissions: halved from about 1970 to the early 1990s (Campbell & Smith, International Fertiliser Society), -23 % over 1980-1990
SULPHUR = {1962: 40.0, 1970: 40.0, 1980: 31.0, 1990: 24.0, 1994: 18.0}


@dataclass(frozen=True)
class Site:
    """An experiment: folder, column of the lime level, texture, and the losses of CaCO3 Bolton (1977) found, kg ha-1 yr-1."""

    folder: str
    level: str
    clay: float
    sand: float
    note: str
    loss: tuple[float, float]


SITES = {
    "Rothamsted": Site("rcs10_RLTLSOIL_01-RLTLSOIL", "lime_factor_level", 0.27, 0.15, "silty clay loam", (225.0, 823.0)),
    "Woburn": Site("wcs10_WLTLSOIL_02-WLTLSOIL", "liming_factor_level", 0.10, 0.70, "sandy loam", (307.0, 852.0)),
}

ByLevel = dict[str, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Series:
    """An experiment by lime level: years and means measured; autumns FIRST to LAST simulated (empty before ``simulate``)."""

    baseline: float
    measured: ByLevel  # pH
    bases: ByLevel  # mol_c kg-1
    capacity: float  # mol_c kg-1: median of the bases of the most limed plots
    lime: dict[str, dict[tuple[int, int], float]]  # level -> (year, month) -> t CaCO3 ha-1
    ph: dict[str, np.ndarray]  # read while lime left in the sample does not react
    ph_lime: dict[str, np.ndarray]  # read with that lime in equilibrium
    held: dict[str, np.ndarray]  # bases, mol_c kg-1
    stock: dict[str, np.ndarray]  # bases and calcite of the plough layer, kg CaCO3 ha-1


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise CalcisolError(f"{path} is missing; give the data folder that holds rothamsted")
    with path.open(encoding="utf-8", errors="replace") as file:
        return list(csv.DictReader(file))


def _means(found: dict[str, dict[int, list[float]]]) -> ByLevel:
    return {k: (np.array(sorted(v), int), np.array([float(np.mean(v[y])) for y in sorted(v)])) for k, v in found.items()}


def measured(folder: Path, site: Site) -> Series:
    """Means of all plots of a lime level in the plough layer, and when lime was spread."""
    found: dict[str, dict[int, list[float]]] = {level: {} for level in LEVELS}
    bases: dict[str, dict[int, list[float]]] = {level: {} for level in LEVELS}
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
            cations = [row.get(name, "*") for name in EQUIVALENT]
            if not {"*", ""} & set(cations):
                charge = sum(float(x) / e for x, e in zip(cations, EQUIVALENT.values(), strict=True)) * 1e-3
                bases[level].setdefault(int(row["sample_year"]), []).append(charge)
    held = _means(bases)
    capacity = float(np.median(held["H"][1])) if len(held["H"][1]) else float("nan")
    return Series(float(np.mean(before)), _means(found), held, capacity, lime, {}, {}, {}, {})


def _domain(ph: np.ndarray, clay: np.ndarray, sand: np.ndarray) -> Domain:
    """Columns at Rothamsted: weather normals of the station's cell, arable crops with 100 kg N ha-1 [assumption]."""
    values = {
        "mat": 9.5, "t_amplitude": 6.4, "rain": 700.0, "pet": 620.0, "soc": 0.012, "bulk_density": 1350.0, "mineral_n": 100.0,
        "manure_n": 0.0, "fixed_n": 5.0, "deposition_n": 25.0, "y_max": 243.0, "no3_share": 0.35, "caco3": 0.0, "altitude": 120.0,
    }  # fmt: skip
    n = len(ph)
    made = lambda v, name: Field(np.broadcast_to(np.asarray(v, float), (n,)), "1", name, "estimated", "field_trials.py", "")  # noqa: E731
    fields = {k: made(v, k) for k, v in values.items()}
    fields |= {"ph_survey": made(ph, "ph"), "clay": made(clay, "clay"), "sand": made(sand, "sand")}
    fields["rain_shape"] = Field(np.full((n, 12), 1 / 12), "1", "share of rain", "estimated", "even", "")
    return Domain("A", np.full(n, 51.8), np.full(n, -0.4), np.full(n, "GBR"), fields)


def _months(
    soil: Columns, europe: Europe, years: Iterable[int], lime: Callable[[int, int], np.ndarray | float]
) -> Iterator[tuple[int, int, dict[str, np.ndarray]]]:
    """Step month by month and give year, month and state after each; ``lime`` in t CaCO3 ha-1 of a month."""
    state = {"nh4": np.zeros(europe.clay.shape), "no3": np.zeros(europe.clay.shape)}
    for year, month in itertools.product(years, range(12)):
        forcing = europe.forcing(None, year, month, state["nh4"], state["no3"])
        sulphur = float(np.interp(year, list(SULPHUR), list(SULPHUR.values())))
        forcing["dep_so4"] = forcing["dep_so4"] + sulphur / HA_M2 / S_KG_PER_MOL / SECONDS_PER_YEAR
        forcing["lime"] = np.broadcast_to(lime(year, month) * 1e3 / HA_M2 / MONTH_SECONDS, len(europe.domain))
        soil.step(MONTH_SECONDS, forcing, ())
        state = soil.state()
        yield year, month, state


def simulate(folder: Path, config: RunConfig) -> dict[str, Series]:
    """Step both experiments, all lime levels side by side, FIRST to LAST; laboratory pH and bases each autumn."""
    series = {name: measured(folder, site) for name, site in SITES.items()}
    local = replace(
        config,
        history=True,
        nitrogen=replace(config.nitrogen, sulphur_deposition=0.0),  # SULPHUR instead
        water=replace(config.water, runoff_share=0.0),  # level plots with no runoff reported [assumption]
    )

    def columns(of: list[tuple[str, float]]) -> tuple[Europe, dict[str, np.ndarray]]:
        """Drivers and soil of columns given as site and pore-water pH."""
        texture = (np.array([getattr(SITES[name], k) for name, _ in of]) for k in ("clay", "sand"))
        europe = Europe(_domain(np.array([ph for _, ph in of]), *texture), local)
        soil = europe.static()
        soil["cec"] = np.array([[series[name].capacity] for name, _ in of]) * np.ones_like(europe.clay)
        return europe, soil

    before = range(FIRST - 1, FIRST)  # a year without lime: pore water as the plots' own nitrogen and deposition make it
    plots = [(name, level) for name in SITES for level in LEVELS]
    with open_model(config) as model:
        europe, static = columns([(name, ph) for name in SITES for ph in CANDIDATES])
        soil = model.columns(static)
        for _ in _months(soil, europe, before, lambda year, month: 0.0):
            pass
        read = soil.laboratory_ph()[0][:, 0].reshape(len(SITES), -1)
        first = {
            name: float(np.interp(series[name].baseline, np.maximum.accumulate(read[i]), CANDIDATES))
            for i, name in enumerate(SITES)
        }
        europe, static = columns([(name, first[name]) for name, _ in plots])
        soil, sample = model.columns(static), model.columns(static)
        spread = lambda y, m: np.array([series[n].lime[level].get((y, m + 1), 0.0) for n, level in plots])  # noqa: E731
        mass = static["bulk_density"][:, 0] * static["dz"][:, 0]  # kg m-2 of the first layer (0-0.25 m); sampled was 0-0.23 m
        ph, ph_lime, held, stock = (np.empty((LAST - FIRST + 1, len(plots))) for _ in range(4))
        for year, month, state in _months(soil, europe, [*before, *range(FIRST, LAST + 1)], spread):
            if month == AUTUMN and year >= FIRST:
                i = year - FIRST
                charge = (2 * state["ca"] + 2 * state["mg"] + state["k"])[:, 0]
                sample.set_state({**state, "calcite": np.zeros_like(state["calcite"])})
                ph[i], ph_lime[i] = sample.laboratory_ph()[0][:, 0], soil.laboratory_ph()[0][:, 0]
                held[i] = charge / mass
                stock[i] = (charge / 2 + state["calcite"][:, 0]) * CACO3_KG_PER_MOL * HA_M2
    made = {}
    for name in SITES:
        by_level = [{level: x[:, plots.index((name, level))] for level in LEVELS} for x in (ph, ph_lime, held, stock)]
        made[name] = replace(series[name], ph=by_level[0], ph_lime=by_level[1], held=by_level[2], stock=by_level[3])
    return made


def loss(series: Series) -> dict[str, float]:
    """Simulated loss of bases and lime from the plough layer over LOSS_YEARS, kg CaCO3 ha-1 yr-1 by lime level."""
    years = np.arange(LOSS_YEARS[0], LOSS_YEARS[1] + 1)
    return {k: -float(np.polyfit(years, v[years - FIRST], 1)[0]) for k, v in series.stock.items()}


def errors(series: Series, *, lime_reacts: bool = False) -> dict[str, tuple[float, float, int]]:
    """Bias and root mean square error of pH by lime level over the years measured, and their number.

    ``lime_reacts``: read as if lime left in the sample came to equilibrium in the suspension.
    """
    simulated = series.ph_lime if lime_reacts else series.ph
    made = {}
    for level, (years, values) in series.measured.items():
        if not len(years):
            continue
        difference = simulated[level][years - FIRST] - values
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
