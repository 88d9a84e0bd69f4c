"""Numbers per country and for all of Europe: stocks, changes, the three carbon numbers, nitrogen, difference to baseline.

What:    ``rows`` (one dict per scenario and country, "ALL" last) and ``write_csv``; ``per_kg_n`` answers the project's question.
Units:   in the column names; Tg = 10^9 kg; area = calcareous arable land.
Source:  yearly records of the run, weighted by area; solid carbon lost, carbon leached and CO2 to the air are kept apart
         (science.md fact 2: they are three different numbers).
Use:     ``table = rows(domain, config, results); write_csv(path, table)``.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np

from .config import RunConfig
from .domain import Domain
from .results import Result, depth_sum
from .units import HA_M2, SECONDS_PER_YEAR

BASELINE = "baseline"
ALL = "ALL"
DEPLETED_SHARE = 0.05  # a plough layer that keeps less than this share of its carbonate counts as depleted
PLOUGH_M = 0.3


def cumulated_n(result: Result) -> np.ndarray:
    """Mineral nitrogen over all years, kg N m-2 (column,)."""
    return result.column["mineral_n"].sum(0) / HA_M2


def kept_carbon(result: Result, base: Result) -> np.ndarray:
    """Solid inorganic carbon the scenario has more than the baseline at the end, kg C m-2 (column,)."""
    return (result.layer["sic"][-1] - base.layer["sic"][-1]).sum(1)


def per_kg_n(result: Result, base: Result, area: np.ndarray) -> float:
    """kg C kept in carbonate per kg mineral N not applied, area mean; NaN where the scenario saves none."""
    saved = float(((cumulated_n(base) - cumulated_n(result)) * area).sum())
    return float((kept_carbon(result, base) * area).sum()) / saved if abs(saved) > 0 else float("nan")


def row(
    domain: Domain, config: RunConfig, result: Result, base: Result | None, where: np.ndarray, name: str
) -> dict[str, float | str]:
    """One line of the summary over the cells ``where``."""
    dz = np.array(config.layers)
    area, years = domain["area"][where], len(result.years)
    sic, start = result.layer["sic"][:, where], result.start_sic[where]
    tg = lambda x: float((x * area).sum()) * 1e-9  # noqa: E731
    mean = lambda x: float(np.average(x, weights=area))  # noqa: E731
    rate = lambda key: result.column[key][:, where].mean(0) * SECONDS_PER_YEAR  # noqa: E731
    line: dict[str, float | str] = {"scenario": result.scenario.name, "country": name, "area_Mha": float(area.sum()) / 1e10}
    total = float(dz.sum())
    for text, top, bottom in (("0_30cm", 0.0, 0.3), ("30_100cm", 0.3, 1.0), ("profile", 0.0, total)):
        first, last = depth_sum(start, dz, top, bottom), depth_sum(sic[-1], dz, top, bottom)
        line[f"sic_{text}_start_TgC"] = tg(first)
        line[f"sic_{text}_change_TgC"] = tg(last - first)
    solid = (start - sic[-1]).sum(1) / years
    plough, plough_start = depth_sum(sic[-1], dz, 0, PLOUGH_M), depth_sum(start, dz, 0, PLOUGH_M)
    line |= {
        "solid_c_lost_TgC_per_yr": tg(solid),
        "dic_leached_TgC_per_yr": tg(rate("dic_leach")),
        "co2_to_air_TgC_per_yr": tg(rate("co2_adj")),
        "solid_c_lost_gC_m2_yr": mean(solid) * 1e3,
        "dic_leached_gC_m2_yr": mean(rate("dic_leach")) * 1e3,
        "co2_to_air_gC_m2_yr": mean(rate("co2_adj")) * 1e3,
        "acid_load_Gmol_per_yr": tg(rate("acid_load")),
        "acid_load_molc_m2_yr": mean(rate("acid_load")),
        "lime_equivalent_kgCaCO3_ha_yr": mean(rate("acid_load")) * 0.05 * HA_M2,
        "mineral_n_TgN_per_yr": tg(cumulated_n(result)[where] / years),
        "mineral_n_kg_ha_yr": mean(result.column["mineral_n"][:, where].mean(0)),
        "n_taken_or_denitrified_kg_ha_yr": mean(rate("n_sink")) * HA_M2,
        "nitrate_leached_kgN_ha_yr": mean(rate("no3_leach")) * HA_M2,
        "drainage_mm_yr": mean(rate("drainage")),
        "ph_plough_start": mean(result.column["ph_top"][0, where]),
        "ph_plough_end": mean(result.column["ph_top"][-1, where]),
        "depleted_area_Mha": float(area[plough < DEPLETED_SHARE * plough_start].sum()) / 1e10,
        "outside_envelope_share": float(((result.layer["flag"][:, where] & 2) > 0).mean()),
    }
    if base is not None and result.scenario.name != BASELINE:
        line["sic_profile_kept_TgC_vs_baseline"] = tg(kept_carbon(result, base)[where])
        line["mineral_n_saved_TgN"] = tg((cumulated_n(base) - cumulated_n(result))[where])
        saved = line["mineral_n_saved_TgN"]
        line["kgC_kept_per_kgN_saved"] = line["sic_profile_kept_TgC_vs_baseline"] / saved if saved else float("nan")  # type: ignore[operator]
        acid = tg(((base.column["acid_load"] - result.column["acid_load"])[:, where]).sum(0) * SECONDS_PER_YEAR)
        kept_mol = line["sic_profile_kept_TgC_vs_baseline"] / 0.012011  # type: ignore[operator]
        line["mol_calcite_kept_per_mol_acid"] = kept_mol / acid if acid else float("nan")
    return line


def rows(domain: Domain, config: RunConfig, results: list[Result]) -> list[dict[str, float | str]]:
    """All lines: per scenario, countries in alphabetical order, then ALL."""
    base = next((r for r in results if r.scenario.name == BASELINE), None)
    lines = []
    for result in results:
        for name in [*sorted(set(domain.country.tolist())), ALL]:
            where = np.flatnonzero((domain.country == name) | (name == ALL))
            lines.append(row(domain, config, result, base, where, name))
    return lines


def write_csv(path: Path, lines: list[dict[str, float | str]]) -> None:
    """Write the table atomically, six significant digits."""
    names = list(dict.fromkeys(k for line in lines for k in line))
    temporary = path.with_name(path.name + ".part")
    with temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        for line in lines:
            writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in line.items()})
    os.replace(temporary, path)
