"""Numbers per country, for EU27 and for the whole domain: stocks, the three carbon numbers, acid, pH, depletion, difference.

What:    ``rows`` (one dict per scenario and area, "EU27" and "ALL" last) and ``write_csv``; ``per_kg_n`` answers the question.
Units:   in the column names; Tg = 10^9 kg; area = calcareous arable land, and every mean is weighted by it.
Source:  yearly records of the run; solid carbon lost, carbon leached and CO2 to the air are kept apart
         (emulator/docs/science.md, section 9: they are three different numbers).
Use:     ``table = rows(domain, config, results); write_csv(path, table)``.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from ..config import RunConfig
from ..europe.domain import Domain
from ..offline.checkpoint import KEPT
from ..offline.folder_lock import whole_file
from ..offline.results import Result, depth_sum
from ..units import C_KG_PER_MOL, CACO3_KG_PER_MOL, HA_M2, SECONDS_PER_YEAR

BASELINE = "baseline"
ALL, EU = "ALL", "EU27"
EU27 = (
    "AUT", "BEL", "BGR", "CYP", "CZE", "DEU", "DNK", "ESP", "EST", "FIN", "FRA", "GRC", "HRV", "HUN", "IRL", "ITA", "LTU", "LUX",
    "LVA", "MLT", "NLD", "POL", "PRT", "ROU", "SVK", "SVN", "SWE",
)  # fmt: skip
# P/PET from which a class begins (UNEP 1997, World Atlas of Desertification; humid cut in two where rain exceeds demand)
CLASSES = {"arid": 0.0, "semi-arid": 0.2, "dry subhumid": 0.5, "humid, P < PET": 0.65, "humid, P > PET": 1.0}
DEPLETED_SHARE = 0.05  # a plough layer that keeps less than this share of its carbonate counts as depleted
PLOUGH_M = 0.3
PH_CHANGE = 0.1  # a change of the plough layer's pH by more than this counts: field reproducibility is 0.1-0.2 [assumption]
LATE_YEARS = 10  # rates at the end are means of the last years, after every ramp
Line = dict[str, float | str]


def reference(results: list[Result], result: Result) -> Result | None:
    """The scenario a result is compared with (its ``against``), or None where it is its own or was not run."""
    name = result.scenario.against
    return None if result.scenario.name in (name, BASELINE) else next((r for r in results if r.scenario.name == name), None)


def cumulated_n(result: Result) -> np.ndarray:
    """Mineral nitrogen over all years, kg N m-2 (column,)."""
    return np.asarray(result.column["mineral_n"].sum(0)) / HA_M2


def kept_carbon(result: Result, base: Result) -> np.ndarray:
    """Solid inorganic carbon the scenario has more than its reference at the end, kg C m-2 (column,)."""
    return np.asarray(result.layer["sic"][-1] - base.layer["sic"][-1]).sum(1)


def per_kg_n(result: Result, base: Result, area: np.ndarray) -> float:
    """kg C kept in carbonate per kg mineral N not applied, area mean; NaN where the scenario saves none."""
    saved = float(((cumulated_n(base) - cumulated_n(result)) * area).sum())
    return float((kept_carbon(result, base) * area).sum()) / saved if abs(saved) > 0 else float("nan")


def per_mol_acid(result: Result, base: Result, area: np.ndarray) -> float:
    """mol calcite kept per mol of acid avoided, area mean."""
    less = np.asarray(base.column["acid_load"].sum(0) - result.column["acid_load"].sum(0)) * SECONDS_PER_YEAR
    acid = float((less * area).sum())
    return float((kept_carbon(result, base) * area).sum()) / C_KG_PER_MOL / acid if acid else float("nan")


def late_loss(result: Result, area: np.ndarray) -> float:
    """Loss of solid inorganic carbon in the last years, g C m-2 yr-1, area mean."""
    late = min(LATE_YEARS, len(result.years))
    before = result.start_sic if late == len(result.years) else result.layer["sic"][-late - 1]
    return float((np.asarray(before - result.layer["sic"][-1]).sum(1) * area).sum() / area.sum()) / late * 1e3


def depletion_years(result: Result, dz: np.ndarray) -> np.ndarray:
    """Years from the end of the run until the plough layer is depleted at the late rate, (column,); 0 = is, inf = never."""
    late = min(LATE_YEARS, len(result.years))
    top = lambda x: depth_sum(np.asarray(x), dz, 0, PLOUGH_M)  # noqa: E731
    start, end = top(result.start_sic), top(result.layer["sic"][-1])
    before = start if late == len(result.years) else top(result.layer["sic"][-late - 1])
    rate, left = (before - end) / late, end - DEPLETED_SHARE * start
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(left <= 0, 0.0, np.where(rate > 0, left / rate, np.inf))


def weighted_median(values: np.ndarray, weight: np.ndarray) -> float:
    """Weighted median: the value below which half of the weight lies."""
    order = np.argsort(values)
    share = np.cumsum(weight[order]) / weight.sum()
    return float(values[order][min(int(np.searchsorted(share, 0.5)), len(values) - 1)])


class Means:
    """What a row needs of one result, read once for all countries (a year at a time)."""

    def __init__(self, domain: Domain, config: RunConfig, result: Result) -> None:
        dz, years = np.array(config.layers), len(result.years)
        late = min(LATE_YEARS, years)
        self.result, self.area, self.dz, self.years = result, domain["area"], dz, years
        self.end = np.asarray(result.layer["sic"][-1])
        self.mean = {k: np.asarray(v.mean(0)) for k, v in result.column.items()}
        self.ph = [np.asarray(result.column["ph_top"][s].mean(0)) for s in (slice(0, late), slice(-late, None))]
        self.depletion = depletion_years(result, dz)
        outside = np.zeros(len(domain))
        for year in range(years):
            outside += ((np.asarray(result.layer["flag"][year]) & 2) > 0).mean(1)
        self.outside = outside / years
        result.forget()


def row(m: Means, base: Result | None, where: np.ndarray, name: str) -> Line:
    """One line of the summary over the cells ``where``."""
    area, result, years, dz = m.area[where], m.result, m.years, m.dz
    tg = lambda x: float((x * area).sum()) * 1e-9  # noqa: E731
    mean = lambda x: float(np.average(x, weights=area))  # noqa: E731
    rate = lambda key: m.mean[key][where] * SECONDS_PER_YEAR  # noqa: E731
    start, end = result.start_sic[where], m.end[where]
    line: Line = {"scenario": result.scenario.name, "country": name, "area_Mha": float(area.sum()) / 1e10}
    for text, top, bottom in (("0_30cm", 0.0, 0.3), ("30_100cm", 0.3, 1.0), ("profile", 0.0, float(dz.sum()))):
        first, last = depth_sum(start, dz, top, bottom), depth_sum(end, dz, top, bottom)
        line[f"sic_{text}_start_TgC"] = tg(first)
        line[f"sic_{text}_change_TgC"] = tg(last - first)
        line[f"sic_{text}_change_TgC_per_yr"] = tg(last - first) / years
    line["sic_lost_where_it_falls_TgC"] = tg(np.maximum(start - end, 0.0).sum(1))
    line["sic_gained_where_it_rises_TgC"] = tg(np.maximum(end - start, 0.0).sum(1))
    solid = (start - end).sum(1) / years
    plough, plough_start = depth_sum(end, dz, 0, PLOUGH_M), depth_sum(start, dz, 0, PLOUGH_M)
    change = m.ph[1][where] - m.ph[0][where]
    line |= {
        "solid_c_lost_TgC_per_yr": tg(solid),
        "dic_leached_TgC_per_yr": tg(rate("dic_leach")),
        "co2_to_air_TgC_per_yr": tg(rate("co2_adj")),
        "solid_c_lost_gC_m2_yr": mean(solid) * 1e3,
        "dic_leached_gC_m2_yr": mean(rate("dic_leach")) * 1e3,
        "co2_to_air_gC_m2_yr": mean(rate("co2_adj")) * 1e3,
        "lime_c_applied_TgC_per_yr": tg(rate("lime") * C_KG_PER_MOL / CACO3_KG_PER_MOL),
        "acid_load_Gmol_per_yr": tg(rate("acid_load")),
        "acid_load_molc_m2_yr": mean(rate("acid_load")),
        "lime_equivalent_kgCaCO3_ha_yr": mean(rate("acid_load")) * CACO3_KG_PER_MOL / 2 * HA_M2,
        "mineral_n_TgN_per_yr": tg(m.mean["mineral_n"][where] / HA_M2),
        "mineral_n_kg_ha_yr": mean(m.mean["mineral_n"][where]),
        "n_taken_or_denitrified_kg_ha_yr": mean(rate("n_sink")) * HA_M2,
        "nitrate_leached_kgN_ha_yr": mean(rate("no3_leach")) * HA_M2,
        "drainage_mm_yr": mean(rate("drainage")),
        "ph_plough_start": mean(m.ph[0][where]),
        "ph_plough_end": mean(m.ph[1][where]),
        "area_ph_down_Mha": float(area[change < -PH_CHANGE].sum()) / 1e10,
        "area_ph_up_Mha": float(area[change > PH_CHANGE].sum()) / 1e10,
        "depleted_area_Mha": float(area[plough < DEPLETED_SHARE * plough_start].sum()) / 1e10,
        "area_depleted_within_100_years_Mha": float(area[m.depletion[where] <= 100].sum()) / 1e10,
        "years_to_depletion_median": weighted_median(m.depletion[where], area),
        "outside_envelope_share": mean(m.outside[where]),
    }
    if base is not None:
        kept, saved = tg(kept_carbon(result, base)[where]), tg((cumulated_n(base) - cumulated_n(result))[where])
        line["sic_profile_kept_TgC_vs_baseline"] = kept
        line["mineral_n_saved_TgN"] = saved
        line["kgC_kept_per_kgN_saved"] = kept / saved if saved else float("nan")
        less = np.asarray(base.column["acid_load"].sum(0) - result.column["acid_load"].sum(0))[where] * SECONDS_PER_YEAR
        line["mol_calcite_kept_per_mol_acid"] = kept / C_KG_PER_MOL / tg(less) if tg(less) else float("nan")
    return line


def aridity(domain: Domain) -> dict[str, np.ndarray]:
    """Cells (boolean) by class of P/PET, dry to wet."""
    index = domain["rain"] / domain["pet"]
    ends = (*CLASSES.values(), np.inf)
    return {name: (index >= a) & (index < b) for name, a, b in zip(CLASSES, ends[:-1], ends[1:], strict=True)}


def rows(domain: Domain, config: RunConfig, results: list[Result]) -> list[Line]:
    """All lines: per scenario, countries in alphabetical order, classes of aridity, then EU27, then ALL."""
    dryness = aridity(domain)
    lines = []
    for result in results:
        means, base = Means(domain, config, result), reference(results, result)
        for name in [*sorted(set(domain.country.tolist())), *dryness, EU, ALL]:
            inside = dryness[name] if name in dryness else domain.country == name
            inside |= name == ALL
            inside |= np.isin(domain.country, EU27) & (name == EU)
            if inside.any():
                lines.append(row(means, base, np.flatnonzero(inside), name))
    return lines


def write_csv(path: Path, lines: list[Line]) -> None:
    """Write the table atomically, six significant digits."""
    names = list(dict.fromkeys(k for line in lines for k in line))
    with whole_file(path, KEPT) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        for line in lines:
            writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in line.items()})
