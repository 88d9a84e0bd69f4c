"""Results of a plot as tables and as NetCDF.

What:    ``write_tables`` (samples.csv, leaching.csv, skill.csv), ``write_netcdf`` (plot.nc, CF).
Units:   in the head of each column, and in each variable.
Use:     ``write_tables(result, Path("out/plot"))``
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import xarray as xr

from ..offline.folder_lock import whole_file
from ..units import CACO3_KG_PER_MOL, HA_M2
from . import skill
from .simulate import Result

CA_KG_PER_MOL = 0.040078
SAMPLES = {  # name -> (column of the table, factor, unit, long name)
    "ph_h2o": ("ph_h2o", 1.0, "1", "laboratory pH of a suspension in water, lime left in the sample not dissolved in it"),
    "ph_cacl2": ("ph_cacl2", 1.0, "1", "laboratory pH of a suspension in 0.01 M CaCl2, lime left not dissolved in it"),
    "ph_h2o_limed": ("ph_h2o_limed", 1.0, "1", "laboratory pH in water once the lime left in the sample has dissolved in it"),
    "ca": ("ca_mmolc_kg", 1e3, "mmol kg-1", "exchangeable and dissolved calcium (moles of charge)"),
    "mg": ("mg_mmolc_kg", 1e3, "mmol kg-1", "exchangeable and dissolved magnesium (moles of charge)"),
    "k": ("k_mmolc_kg", 1e3, "mmol kg-1", "exchangeable and dissolved potassium (moles of charge)"),
    "na": ("na_mmolc_kg", 1e3, "mmol kg-1", "exchangeable and dissolved sodium (moles of charge)"),
    "acidity": ("acidity_mmolc_kg", 1e3, "mmol kg-1", "capacity less bases: exchangeable protons and aluminium (charge)"),
    "caco3": ("caco3_percent", 100.0, "%", "calcium carbonate, without grains of lime that have not crumbled"),
}  # fmt: skip
LEACHING = {
    "ca_leach": ("ca_kg_ha", CA_KG_PER_MOL * HA_M2, "kg ha-1 year-1", "calcium leached"),
    "no3_leach": ("no3_n_kg_ha", HA_M2, "kg ha-1 year-1", "nitrate leached, as nitrogen"),
    "dic_leach": ("dic_kg_c_ha", HA_M2, "kg ha-1 year-1", "inorganic carbon leached, as carbon"),
    "alk_leach": ("alkalinity_kmolc_ha", 10.0, "kmol ha-1 year-1", "alkalinity leached (moles of charge)"),
    "acid_load": ("acid_load_kmolc_ha", 10.0, "kmol ha-1 year-1", "net acid: deposition, nitrogen, harvest, less weathering"),
}  # fmt: skip


def _save(path: Path, head: list[str], rows: list[list[str]]) -> None:
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)


def write_tables(result: Result, out: Path) -> list[Path]:
    """Tables of samples, leaching and, with readings, skill."""
    site = result.site
    rows = []
    for j, name in enumerate(site.treatments):
        for i, year in enumerate(result.years.tolist()):
            for d, (top, bottom) in enumerate(site.depths):
                values = [f"{np.round(result.values[k][i, j, d] * f, 9):.4g}" for k, (_, f, _, _) in SAMPLES.items()]
                rows.append([name, str(year), f"{100 * top:g}", f"{100 * bottom:g}", *values])
    made = [out / "samples.csv", out / "leaching.csv"]
    _save(made[0], ["treatment", "year", "top_cm", "bottom_cm", *(c for c, _, _, _ in SAMPLES.values())], rows)
    rows = []
    for j, name in enumerate(site.treatments):
        for i, year in enumerate(result.years.tolist()):
            grains = result.grains[i, j] * CACO3_KG_PER_MOL * HA_M2 * 1e-3
            values = [f"{result.leaching[k][i, j] * f:.4g}" for k, (_, f, _, _) in LEACHING.items()]
            rows.append([name, str(year), f"{result.drainage[i]:.0f}", *values, f"{grains:.3g}"])
    head = ["treatment", "year", "drainage_mm", *(c for c, _, _, _ in LEACHING.values()), "lime_grains_t_ha"]
    _save(made[1], head, rows)
    if site.readings:
        made.append(out / "skill.csv")
        _save(made[-1], SKILL_HEAD, skill_rows(result))
    return made


SKILL_HEAD = [
    "quantity", "readings of", "n", "bias", "rmse", "verdict", "rmse_start_stays", "rmse_line", "rmse_level_means", "noise",
    "skill_against_level_means",
]  # fmt: skip


def skill_rows(result: Result) -> list[list[str]]:
    """Lines of the table of skill, all quantities that were read."""
    rows = []
    for what in skill.NAMES:
        for group, s in skill.scores(skill.pairs(result, what)).items():
            numbers = [f"{x:.3g}" for x in (s.start_stays, s.line, s.level_mean, s.noise, s.skill)]
            verdict = s.verdict if what.startswith("ph") else ""
            rows.append([what, group, str(s.count), f"{s.bias:+.3g}", f"{s.rmse:.3g}", verdict, *numbers])
    return rows


def write_netcdf(result: Result, path: Path, version: str) -> None:
    """All samples and leaching, CF-1.11: year, treatment, sample."""
    site = result.site
    depths = np.array(site.depths)
    data: dict[str, tuple] = {}
    for k, (_, factor, unit, text) in SAMPLES.items():
        data[k] = (("year", "treatment", "sample"), result.values[k] * factor, {"units": unit, "long_name": text})
    for k, (_, factor, unit, text) in LEACHING.items():
        data[k] = (("year", "treatment"), result.leaching[k] * factor, {"units": unit, "long_name": text})
    data["drainage"] = ("year", result.drainage, {"units": "mm year-1", "long_name": "drainage through the bottom"})
    made = xr.Dataset(
        data,
        {
            "year": ("year", result.years, {"units": "1", "long_name": "year; samples are of its sampling month"}),
            "treatment": ("treatment", list(site.treatments)),
            "top": ("sample", depths[:, 0], {"units": "m", "long_name": "upper depth of the sample", "positive": "down"}),
            "bottom": ("sample", depths[:, 1], {"units": "m", "long_name": "lower depth of the sample", "positive": "down"}),
        },
        {"Conventions": "CF-1.11", "title": site.name, "source": f"calcisol {version}"},
    )
    with whole_file(path) as temporary:
        made.to_netcdf(temporary, engine="netcdf4")
