"""European totals against published ones: background leaching, and the loss by nitrogen with fixed and emulated stoichiometry.

What:    sections of the validation page that need a finished run with no_mineral_n, and what all sections share.
Units:   in every heading.
Source:  published ranges: emulator/docs/science.md, sections 9 and 11.
Use:     ``leaching(Path("out/europe"))``; ``stoichiometry(lines)`` with the lines of summary.csv.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np
from markupsafe import Markup

from ...emulator.contract.pages import prose, table
from ..report.summary import ALL, BASELINE
from ..units import C_KG_PER_MOL, CACO3_KG_PER_MOL, HA_M2, SECONDS_PER_YEAR

# background loss of CaCO3 per mm of drainage, kg ha-1: 165-273 for 100 mm, 826-1365 for 500 mm at pCO2 0.005-0.02 atm, 10 degC
LEACHING = (1.65, 2.73)
# g C m-2 yr-1, croplands: 14.6 +- 4.8, by isotopes (Kindler et al. 2011, doi:10.1111/j.1365-2486.2010.02282.x)
BIOGENIC_DIC = (9.8, 19.4)
HUMID = (200.0, 500.0)  # mm yr-1 of drainage: the climate of those sites [assumption]; calcareous Europe drains half of it
FIXED_C_PER_N = 0.21  # kg C per kg N, Zamanian et al. 2018
NO_MINERAL_N = "no_mineral_n"
Row = dict[str, str]


@dataclass(frozen=True)
class Verdict:
    """One comparison: what, the outside number, ours, and whether they agree ("yes", "partly", "no")."""

    what: str
    outside: str
    ours: str
    agrees: str
    why: str


@dataclass(frozen=True)
class Section:
    """A part of the page."""

    title: str
    body: Markup
    verdicts: list[Verdict]


def judge(value: float, low: float, high: float, slack: float = 0.25) -> str:
    """ "yes" inside the range, "partly" within ``slack`` of its ends, else "no"."""
    if low <= value <= high:
        return "yes"
    return "partly" if low * (1 - slack) <= value <= high * (1 + slack) else "no"


def pair(lines: list[Row]) -> tuple[Row, Row] | None:
    """Lines of the whole domain of the baseline and of no_mineral_n, where both were run."""
    by = {r["scenario"]: r for r in lines if r["country"] == ALL}
    return (by[BASELINE], by[NO_MINERAL_N]) if BASELINE in by and NO_MINERAL_N in by else None


CLASSES = ((25, 100), (100, 200), (200, 300), (300, 500), (500, 1000))
"""Of drainage, mm yr-1: the rows of the table of leaching."""


@dataclass(frozen=True)
class Leached:
    """What drains from each cell, mean of the last ten years; (lat, lon), NaN where there is no cell."""

    drainage: np.ndarray  # mm yr-1
    caco3: np.ndarray  # kg ha-1 yr-1: leached calcium as calcium carbonate
    dic: np.ndarray  # g C m-2 yr-1
    area: np.ndarray  # m2

    @classmethod
    def read(cls, path: Path) -> Leached:
        """From the results of one scenario."""
        with netCDF4.Dataset(path) as file:
            late = lambda name: np.ma.filled(file[name][-10:].astype(float), np.nan).mean(0) * SECONDS_PER_YEAR  # noqa: E731
            return cls(
                drainage=late("drainage"),
                caco3=late("ca_leach") * CACO3_KG_PER_MOL * HA_M2,
                dic=late("dic_leach") * 1e3,
                area=np.ma.filled(file["area"][:].astype(float), np.nan),
            )

    def mean(self, values: np.ndarray, where: np.ndarray) -> float:
        """Mean over the area of some cells."""
        return float(np.average(values[where], weights=self.area[where]))

    def fitting(self, where: np.ndarray) -> float:
        """Share of the area of some cells whose leaching is that of water in equilibrium with calcite, LEACHING."""
        loss, drainage, weight = self.caco3[where], self.drainage[where], self.area[where]
        return float(weight[(loss >= LEACHING[0] * drainage) & (loss <= LEACHING[1] * drainage)].sum() / weight.sum())


def by_drainage(leached: Leached) -> tuple[list[list[str]], float]:
    """A row per class of drainage, and the share of their area where leaching fits water at equilibrium with calcite."""
    rows, fitting = [], []
    moles = leached.dic / (C_KG_PER_MOL * leached.drainage)  # mmol kg-1
    for low, high in CLASSES:
        here = (leached.drainage >= low) & (leached.drainage < high) & np.isfinite(leached.caco3)
        if not here.any():
            continue
        inside, water = leached.fitting(here), leached.mean(leached.drainage, here)
        fitting.append((inside, float(leached.area[here].sum())))
        expected = f"{LEACHING[0] * water:.0f} to {LEACHING[1] * water:.0f}"
        means = [f"{leached.mean(x, here):.1f}" for x in (leached.dic, moles)]
        rows.append([f"{low}-{high}", f"{leached.mean(leached.caco3, here):.0f}", expected, f"{100 * inside:.0f}", *means])
    return rows, sum(i * w for i, w in fitting) / max(sum(w for _, w in fitting), 1e-9)


def verdicts_of_leaching(leached: Leached, share: float) -> list[Verdict]:
    """Background loss, its fit to calcite, and biogenic carbon, each beside what was measured."""
    whole = np.isfinite(leached.caco3) & np.isfinite(leached.area)
    humid = whole & (leached.drainage >= HUMID[0]) & (leached.drainage < HUMID[1])
    loss, carbon, water = (leached.mean(x, whole) for x in (leached.caco3, leached.dic, leached.drainage))
    there = leached.mean(leached.dic, humid if humid.any() else whole)
    return [
        Verdict(
            "background loss of CaCO₃",
            "Rothamsted 225 to 1004 kg ha⁻¹ yr⁻¹ (Bolton 1972, 1977)",
            f"{loss:.0f} (area mean)",
            judge(loss, 225, 1004),
            "Europe drains less than Rothamsted's 250 mm where it is calcareous",
        ),
        Verdict(
            "area where leaching fits water in equilibrium with calcite at 0.005-0.02 atm CO₂",
            "most",
            f"{100 * share:.0f} %",
            "yes" if share > 0.6 else "partly" if share > 0.3 else "no",
            "a check of pCO₂ in the profile",
        ),
        Verdict(
            f"biogenic DIC leached where {HUMID[0]:.0f} to {HUMID[1]:.0f} mm drain",
            "croplands 14.6 ± 4.8 g C m⁻² yr⁻¹ (Kindler et al. 2011)",
            f"{there / 2:.1f}, half of {there:.1f}; whole area {carbon / 2:.1f} with {water:.0f} mm",
            judge(there / 2, *BIOGENIC_DIC),
            "the other half of the carbon in such water comes from calcite. The run's water is in equilibrium with the soil air "
            "of monthly means; theirs was often supersaturated against the soil air",
        ),
    ]


def leaching(results: Path) -> Section:
    """Background loss of carbonate against drainage, from the run without mineral nitrogen."""
    leached = Leached.read(results / f"{NO_MINERAL_N}.nc")
    rows, share = by_drainage(leached)
    head = [
        "drainage, mm yr⁻¹",
        "Ca leached, kg CaCO₃ ha⁻¹ yr⁻¹",
        "at equilibrium with calcite, pCO₂ 0.005-0.02 atm",
        "area inside, %",
    ]
    head += ["DIC leached, g C m⁻² yr⁻¹", "DIC, mmol kg⁻¹"]
    note = prose(
        "Last ten years; manure, fixation and deposition continue, so some acid remains. Outside the range the soil's "
        "own CO₂ is below 0.005 or above 0.02 atm."
    )
    title = "Background leaching without mineral nitrogen"
    return Section(title, table(head, rows) + note, verdicts_of_leaching(leached, share))


def stoichiometry(lines: list[Row]) -> Section:
    """Loss of carbonate by mineral nitrogen: fixed ratios and the emulated one."""
    base, none = pair(lines) or ({}, {})
    acid = float(base["acid_load_Gmol_per_yr"]) - float(none["acid_load_Gmol_per_yr"])
    nitrogen = float(base["mineral_n_TgN_per_yr"]) - float(none["mineral_n_TgN_per_yr"])
    emulated = float(base["solid_c_lost_TgC_per_yr"]) - float(none["solid_c_lost_TgC_per_yr"])
    whole = acid * C_KG_PER_MOL
    rows = [
        ["1.0 mol CaCO₃ per mol of acid (Zamanian 2024)", f"{whole:.4f}", f"{whole / nitrogen:.3f}", "1.00"],
        [
            "0.21 kg C per kg N (Zamanian 2018)",
            f"{FIXED_C_PER_N * nitrogen:.4f}",
            f"{FIXED_C_PER_N:.3f}",
            f"{FIXED_C_PER_N * nitrogen / whole:.2f}",
        ],
        ["this run", f"{emulated:.4f}", f"{emulated / nitrogen:.3f}", f"{emulated / whole:.2f}"],
    ]
    area = float(base["area_Mha"])
    text = table(["loss of carbonate by mineral nitrogen", "Tg C yr⁻¹", "kg C per kg N", "mol per mol of acid"], rows) + prose(
        f"On {area:.1f} Mha, {nitrogen:.2f} Tg N a year less. Published for European croplands with 1.0 mol per mol: "
        "6.1 Tg CaCO₃ (0.73 Tg C) a year from 6.1·10⁷ kmol of acid. The ratio of this run holds both what acid does at fixed "
        "soil CO₂ (0.36 to "
        "0.49 mol per mol) and what the crop's nitrogen adds to soil CO₂."
    )
    ratio = emulated / whole
    return Section(
        "European loss: fixed and emulated stoichiometry",
        text,
        [
            Verdict(
                "mol CaCO₃ per mol of acid",
                "0.36 to 0.49 at fixed soil CO₂ (closed form); 1.0 in the literature's budgets",
                f"{ratio:.2f}",
                judge(ratio, 0.36, 0.6),
                "1.0 is an upper bound: acid replaces carbonic acid",
            ),
            Verdict(
                "kg C per kg N",
                "0.21 (Zamanian et al. 2018)",
                f"{emulated / nitrogen:.3f}",
                judge(emulated / nitrogen, 0.15, 0.27),
                "published as one number for the world",
            ),
        ],
    )
