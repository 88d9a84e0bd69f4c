"""The liming experiments of Rothamsted and Woburn, and chalk on Broadbalk: what was measured, and the plots simulated.

What:    ``readings`` of an experiment's table, ``simulate`` (its plots as `calcisol plot` simulates them), ``loss`` of calcium,
         ``chalk_by_nitrogen`` (mean yearly chalk by nitrogen level on Broadbalk).
Units:   pH in water at 1:2.5; exchangeable cations mmol_c kg-1; lime t CaCO3 ha-1; N kg ha-1; losses kg CaCO3 ha-1 year-1.
Given:   examples/09_plot/rothamsted.toml and woburn.toml: texture, pH before the first lime, lime, crops. ``blind``: nothing else
         of the plots; else also the bases of the unlimed plots at the first sampling, from which the capacity follows.
Source:  Rothamsted Research e-RA, CC BY 4.0: Glendining et al. 2023, doi:10.23637/rcs10-soil-01 and doi:10.23637/wcs10-soil-02;
         Glendining et al. 2022, doi:10.23637/rbk1-chalk-01. Bolton 1977, doi:10.1017/S0021859600027210 (losses of CaCO3).
Use:     ``results = simulate(folder, model)``; ``results["Rothamsted", True].values["ph_h2o"]``.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import CalcisolError
from ..offline.folder_lock import whole_file
from ..plot.read_site import read_site
from ..plot.simulate import Result
from ..plot.simulate import simulate as simulate_plot
from ..plot.site import Reading, Site
from ..units import CACO3_KG_PER_MOL, HA_M2

LEVELS = ("0", "L", "M", "H")
NITROGEN_STEP = 48.0  # kg N ha-1 between Broadbalk's levels N1, N2, ... (e-RA)
CHALK_YEARS = (1955, 2019)
LOSS_YEARS = (1963, 1974)  # of Bolton 1977
# g Ca, Mg, K, Na per mol_c: exchangeable cations come in mg kg-1
EQUIVALENT = {"exch_ca": 20.04, "exch_mg": 12.15, "exch_k": 39.10, "exch_na": 22.99}
LEVEL_COLUMNS = ("lime_factor_level", "liming_factor_level")  # Rothamsted, Woburn
SAMPLED = "10-15"  # month and day of samples whose date is not known: autumn, after the harvest


@dataclass(frozen=True)
class Trial:
    """An experiment: its folder, the file of its plots, and the losses of CaCO3 Bolton (1977) found, kg ha-1 yr-1."""

    folder: str
    plots: str
    loss: tuple[float, float]


TRIALS = {
    "Rothamsted": Trial("rcs10_RLTLSOIL_01-RLTLSOIL", "rothamsted.toml", (225.0, 823.0)),
    "Woburn": Trial("wcs10_WLTLSOIL_02-WLTLSOIL", "woburn.toml", (307.0, 852.0)),
}


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise CalcisolError(f"{path} is missing; give the data folder that holds rothamsted")
    with path.open(encoding="utf-8", errors="replace") as file:
        return list(csv.DictReader(file))


def _measured(row: dict[str, str], name: str) -> float:
    """A number of a row; NaN where it was not measured."""
    text = row.get(name, "*").strip()
    return float("nan") if text in ("*", "") else float(text)


def readings(path: Path) -> tuple[Reading, ...]:
    """Readings of pH and bases of an experiment's soil_data.csv, all plots and depths after the first lime."""
    found = []
    for row in _rows(path):
        column = next((c for c in LEVEL_COLUMNS if c in row), None)
        if column is None:
            raise CalcisolError(
                f"{path} has none of the columns {', '.join(LEVEL_COLUMNS)}; give soil_data.csv of the experiment"
            )
        level = row[column].strip()
        if level not in LEVELS or not row["sample_year"].isdigit():
            continue
        top, bottom = (float(x) / 100 for x in row["soil_depth"].split("-"))
        date = row.get("sample_date", "")[:10]
        year, month, day = map(
            int, (date if re.match(r"\d{4}-\d\d-\d\d", date) else f"{row['sample_year']}-{SAMPLED}").split("-")
        )
        when = round(year + (month - 1 + (day - 1) / 31) / 12, 4)
        values = {"ph_h2o": _measured(row, "soil_pH")}
        values |= {f"{name[5:]}_mmolc_kg": _measured(row, name) / gram for name, gram in EQUIVALENT.items()}
        found += [Reading(level, when, top, bottom, k, v) for k, v in values.items() if not np.isnan(v)]
    return tuple(found)


def write_readings(path: Path, found: tuple[Reading, ...]) -> None:
    """As a file of observations of `calcisol plot`."""
    names = sorted({r.what for r in found})
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["treatment", "year", "top_cm", "bottom_cm", *names])
        for r in found:
            cells = [f"{r.value:.4g}" if r.what == name else "" for name in names]
            writer.writerow([r.treatment, f"{r.year:.4f}", f"{100 * r.top:g}", f"{100 * r.bottom:g}", *cells])


def plots(name: str, folder: Path, *, blind: bool) -> Site:
    """The plots of an experiment with its readings; ``blind``: without the bases that were found there."""
    trial = TRIALS[name]
    site = read_site(Path(__file__).with_name("plots") / trial.plots, observed=False)
    found = readings(folder / "rothamsted" / trial.folder / "soil_data.csv")
    soil = site.soil
    if blind:
        soil = replace(soil, bases={ion: np.full_like(v, np.nan) for ion, v in soil.bases.items()})
    return replace(site, soil=soil, readings=found)


def simulate(folder: Path, model: Any) -> dict[tuple[str, bool], Result]:
    """Both experiments by name and ``blind``."""
    return {(name, blind): simulate_plot(plots(name, folder, blind=blind), model) for name in TRIALS for blind in (True, False)}


def loss(result: Result) -> dict[str, float]:
    """Calcium lost from the plough layer over LOSS_YEARS as kg CaCO3 ha-1 year-1, by lime level.

    Lime that is left counts: ammonium acetate dissolves it too.
    """
    depth = next(i for i, (a, b) in enumerate(result.site.depths) if (a, round(b, 2)) == (0.0, 0.23))
    bottom = result.site.depths[depth][1]
    inside = np.clip(bottom - (result.ground.edges - result.ground.dz), 0.0, result.ground.dz) / result.ground.dz
    mass = float(inside @ result.ground.mass)
    chosen = (result.years >= LOSS_YEARS[0]) & (result.years <= LOSS_YEARS[1])
    held = result.values["ca"][chosen, :, depth] / 2 * CACO3_KG_PER_MOL + result.values["caco3"][chosen, :, depth]
    stock = (held * mass + result.grains[chosen] * CACO3_KG_PER_MOL) * HA_M2
    slopes = np.polyfit(result.years[chosen], stock, 1)[0]
    return {name: -float(slope) for name, slope in zip(result.site.treatments, slopes, strict=True)}


def chalk_by_nitrogen(folder: Path) -> dict[float, tuple[float, int]]:
    """Broadbalk: mean chalk in kg CaCO3 ha-1 year-1 over CHALK_YEARS by nitrogen rate, and the number of plots.

    Plots with P and K and one yearly dose of mineral nitrogen (N0 to N6), no manure.
    """
    total: dict[float, float] = {}
    counted: dict[float, set[str]] = {}
    for row in _rows(folder / "rothamsted" / "rbk1_CHALK_rbk1-chalk-01" / "chalk_data.csv"):
        code = row["fertilizer_code"].strip()
        match = re.fullmatch(r"(?:N(\d)\*?)?P\*?K(?:Na)?\*?(?:Mg)?\*?", code)
        if not match or row["chalk_amount"] in ("*", ""):
            continue
        rate = NITROGEN_STEP * int(match[1] or 0)
        total[rate] = total.get(rate, 0.0) + float(row["chalk_amount"])
        counted.setdefault(rate, set()).add(row["plot_(strip_and_section)"])
    years = CHALK_YEARS[1] - CHALK_YEARS[0] + 1
    return {rate: (total[rate] * 1e3 / years / len(counted[rate]), len(counted[rate])) for rate in sorted(total)}
