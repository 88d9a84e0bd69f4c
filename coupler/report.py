"""report.html: one self-contained page; its first sentence answers the question of the project.

What:    answer, key numbers, maps (embedded), budget, country table, provenance of every field, caveats.
Units:   in every heading. Readable at phone width: one column, tables scroll inside their own box.
Source:  the run's own numbers; spread = 5-95 % of the area over places, not an uncertainty of the model. Page: data/report.html.
Use:     ``write(path, domain, config, results, lines, figures, contract, version)``.
"""

from __future__ import annotations

import base64
import html
import os
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from . import budget
from .config import RunConfig
from .domain import Domain
from .results import Result
from .summary import ALL, BASELINE, cumulated_n, kept_carbon, per_kg_n
from .units import MONTH_SECONDS

STEADY_SHARE = 0.05  # a loss below this share of the baseline's counts as stable
LATE_YEARS = 10  # the losses compared are means of the last years, after every ramp
Line = dict[str, Any]


def spread(values: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """5 and 95 % points of a value over the area."""
    order = np.argsort(values)
    share = np.cumsum(weight[order]) / weight.sum()
    low, high = (float(values[order][min(int(np.searchsorted(share, q)), len(values) - 1)]) for q in (0.05, 0.95))
    return low, high


def loss(result: Result, area: np.ndarray, years: slice) -> float:
    """Loss of solid inorganic carbon, g C m-2 yr-1, area mean over some of the years."""
    stock = np.concatenate([result.start_sic[None], result.layer["sic"]]).sum(2) @ area / area.sum()
    return float(-np.diff(stock)[years].mean()) * 1e3


def per_kg_spread(result: Result, base: Result, area: np.ndarray) -> tuple[float, float]:
    """5 and 95 % points over places of kg C kept per kg N not applied."""
    saved = cumulated_n(base) - cumulated_n(result)
    here = saved != 0
    return spread(kept_carbon(result, base)[here] / saved[here], area[here] * np.abs(saved[here]))


def compared(results: list[Result]) -> tuple[Result | None, list[Result]]:
    """The baseline and the scenarios that change mineral nitrogen against it."""
    base = next((r for r in results if r.scenario.name == BASELINE), None)
    if base is None:
        return None, []
    return base, [r for r in results if r is not base and not np.array_equal(cumulated_n(r), cumulated_n(base))]


def answer(domain: Domain, results: list[Result]) -> str:
    """The first sentence: do cuts of fertiliser stabilise or increase SIC, and by how much per kg N."""
    area = domain["area"]
    base, others = compared(results)
    if base is None or not others:
        r = results[0]
        return (
            f"In this run ({r.scenario.title}) calcareous arable soils lose {loss(r, area, slice(None)):.1f} g C m⁻² of solid "
            "inorganic carbon per year; run it with the baseline and a scenario of less fertiliser to see what a cut changes."
        )
    now = {r.scenario.name: loss(r, area, slice(-LATE_YEARS, None)) for r in (base, *others)}
    before = now[BASELINE]
    steady = STEADY_SHARE * abs(before)
    verdicts = {
        "increase" if now[r.scenario.name] < -steady else "stabilise" if now[r.scenario.name] < steady else "" for r in others
    }
    kept = [per_kg_n(r, base, area) for r in others]
    ends = [per_kg_spread(r, base, area) for r in others]
    if verdicts - {""}:
        opening = (
            f"Yes: cuts of fertiliser can {' or '.join(sorted(verdicts - {''}))} soil inorganic carbon in calcareous arable soils"
        )
    elif max(kept) > 0:
        opening = "No: cuts of fertiliser slow the loss of soil inorganic carbon in calcareous arable soils, but do not stop it"
    else:
        opening = "No: cuts of fertiliser do not slow the loss of soil inorganic carbon in calcareous arable soils"
    amount = f"{min(kept):.2f}" if max(kept) - min(kept) < 0.01 else f"{min(kept):.2f} to {max(kept):.2f}"
    low, high = min(e[0] for e in ends), max(e[1] for e in ends)
    return (
        f"{opening}: each kilogram of mineral nitrogen not applied keeps {amount} kg C in carbonate "
        f"({low:.2f} to {high:.2f} from place to place)."
    )


def scenario_list(domain: Domain, results: list[Result]) -> str:
    """One line per scenario: what it is and the loss of its last years."""
    area = domain["area"]
    base, _ = compared(results)
    items = []
    for r in results:
        last = r.years[-LATE_YEARS:]
        now = loss(r, area, slice(-LATE_YEARS, None))
        text = f"<b>{html.escape(r.scenario.title)}</b> loses {now:.2f} g C m⁻² yr⁻¹ in {last[0]}-{last[-1]}"
        if base is not None and r is not base:
            then = loss(base, area, slice(-LATE_YEARS, None))
            text += f", {100 * (then - now) / then:.0f} % less than business as usual" if then else ""
        items.append(f"<li>{text}. {html.escape(r.scenario.description)}</li>")
    return f"<ul>{''.join(items)}</ul>"


def table(head: list[str], body: list[list[str]], text: tuple[int, ...] = ()) -> str:
    """An HTML table in its own scroll box; columns in ``text`` hold prose."""

    def cells(tag: str, row: list[str]) -> str:
        return "".join(f'<{tag} class="text">{c}</{tag}>' if i in text else f"<{tag}>{c}</{tag}>" for i, c in enumerate(row))

    rows = "".join(f"<tr>{cells('td', r)}</tr>" for r in body)
    return f'<div class="scroll"><table><thead><tr>{cells("th", head)}</tr></thead><tbody>{rows}</tbody></table></div>'


def figure(path: Path, caption: str) -> str:
    """An image inside the page."""
    data, text = base64.b64encode(path.read_bytes()).decode(), html.escape(caption)
    return f'<figure><img alt="{text}" src="data:image/png;base64,{data}"><figcaption>{text}</figcaption></figure>'


def provenance(domain: Domain) -> str:
    """Every field of the run: real, estimated or synthetic, with source and licence."""
    body = [
        [
            name,
            f'<span class="tag {f.provenance}">{f.provenance}</span>',
            *(html.escape(x) for x in (f"{f.long_name} [{f.units}]", f.source, f.licence)),
        ]
        for name, f in domain.fields.items()
    ]
    return table(["field", "is", "what", "source", "licence"], body, text=(2, 3, 4))


NUMBERS = (
    ("solid C lost, g m⁻² yr⁻¹", "solid_c_lost_gC_m2_yr", ".2f"),
    ("DIC leached, g C m⁻² yr⁻¹", "dic_leached_gC_m2_yr", ".2f"),
    ("CO₂ to air*, g C m⁻² yr⁻¹", "co2_to_air_gC_m2_yr", ".2f"),
    ("solid C lost, Tg yr⁻¹", "solid_c_lost_TgC_per_yr", ".3f"),
    ("SIC 0-30 cm at start, Tg C", "sic_0_30cm_start_TgC", ".0f"),
    ("change 0-30 cm, Tg C", "sic_0_30cm_change_TgC", ".2f"),
    ("change 30-100 cm, Tg C", "sic_30_100cm_change_TgC", ".2f"),
    ("acid load, mol m⁻² yr⁻¹", "acid_load_molc_m2_yr", ".3f"),
    ("mineral N, kg ha⁻¹ yr⁻¹", "mineral_n_kg_ha_yr", ".0f"),
    ("nitrate leached, kg N ha⁻¹ yr⁻¹", "nitrate_leached_kgN_ha_yr", ".0f"),
    ("kept against baseline, Tg C", "sic_profile_kept_TgC_vs_baseline", ".2f"),
    ("kg C kept per kg N", "kgC_kept_per_kgN_saved", ".3f"),
    ("mol calcite kept per mol acid", "mol_calcite_kept_per_mol_acid", ".2f"),
)


def numbers(lines: list[Line]) -> str:
    """Europe: one row per quantity, one column per scenario."""
    whole = [x for x in lines if x["country"] == ALL]
    body = [[text, *(format(x[key], form) if key in x else "–" for x in whole)] for text, key, form in NUMBERS]
    return table(["calcareous arable soils of the domain", *(str(x["scenario"]) for x in whole)], body)


def countries(lines: list[Line]) -> str:
    """One row per country, the largest calcareous area first."""
    names = list(dict.fromkeys(x["scenario"] for x in lines))
    by = {(x["scenario"], x["country"]): x for x in lines}
    changed = [n for n in names if any("kgC_kept_per_kgN_saved" in x for x in lines if x["scenario"] == n)]
    body = []
    for country in sorted({x["country"] for x in lines}, key=lambda c: -by[names[0], c]["area_Mha"]):
        first = by[names[0], country]
        row = [country, f"{first['area_Mha']:.2f}", f"{first['mineral_n_kg_ha_yr']:.0f}", f"{first['drainage_mm_yr']:.0f}"]
        row += [f"{by[n, country]['solid_c_lost_gC_m2_yr']:.2f}" for n in names]
        row += [f"{by[n, country]['kgC_kept_per_kgN_saved']:.3f}" for n in changed]
        body.append(row)
    head = ["country", "calcareous arable, Mha", "mineral N, kg ha⁻¹ yr⁻¹", "drainage, mm yr⁻¹"]
    head += [f"solid C lost, g m⁻² yr⁻¹: {n}" for n in names] + [f"kg C kept per kg N: {n}" for n in changed]
    return table(head, body)


def budgets(domain: Domain, results: list[Result]) -> str:
    """The closed budgets as a table."""
    body = []
    for r in results:
        for quantity in budget.QUANTITIES:
            b = budget.account(r.budget, quantity, domain["area"], len(r.years))
            parts = ", ".join(f"{k} {v:+.4g}" for k, v in b.parts.items() if v)
            body.append([r.scenario.name, quantity, f"{b.change:+.4g} {b.unit}/yr", parts, f"{b.gap:.0e}", f"{b.worst:.0e}"])
    head = [
        "scenario",
        "of",
        "change of the stock",
        "sum of fluxes in (+) and out (−)",
        "residual, whole area",
        "residual, worst column",
    ]
    return table(head, body, text=(3,))


def tier_note(domain: Domain) -> str:
    """What kind of data the run rests on, plainly."""
    if domain.tier == "A":
        return (
            "<b>Soils and climate of this run are synthetic</b> (Tier A, the embedded default): regressions calibrated on real "
            "maps, right on average over regions and wrong at a place; carbonate contents are draws. Nitrogen is real by country "
            "and flat inside it. Name a folder of real fields with <code>--data</code> for Tier B."
        )
    return (
        "This run uses real soil and climate maps and gridded nitrogen patterns (Tier B); carbonate content is <b>estimated</b> "
        "from the total calcium of GEMAS samples and is uncertain by a factor of about 2.5 at a place."
    )


def caveats(lines: list[Line]) -> list[str]:
    """What a reader must keep in mind."""
    outside = max(float(x["outside_envelope_share"]) for x in lines if x["country"] == ALL)
    return [
        "Carbonate below 20 cm (taken as in the topsoil), soil-air CO₂, deposition, water by month and the response of soil "
        "respiration to nitrogen are assumptions; each constant stands in <code>coupler/config.py</code> with source and range.",
        "“From place to place” is the spread over the area (5-95 %), not the uncertainty of the emulator or of the forcing.",
        "Soils with less than 2 % CaCO₃ are left out: the survey cannot tell their carbonate. They lose it first.",
        "Climate and CO₂ of the air are held constant: scenarios differ in nitrogen alone. No lime, erosion or irrigation.",
        "pH is that of pore water in the field, at the soil's own CO₂. A laboratory pH of the same soil reads near 8.2 in water.",
        f"{100 * outside:.0f} % of layer-years had at least one month outside the ranges the emulator was trained on "
        "(variable flag in the NetCDF files).",
    ]


def write(
    path: Path,
    domain: Domain,
    config: RunConfig,
    results: list[Result],
    lines: list[Line],
    figures: dict[str, Path],
    contract: dict[str, Any],
    version: str,
) -> None:
    """Write the page atomically."""
    bundle = html.escape(str(contract.get("records_sha256", ""))[:16])
    made = (
        f"calcisol {html.escape(version)}, emulator bundle <code>{bundle}</code>; {len(domain)} columns of {len(config.layers)} "
        f"layers ({sum(config.layers):.2f} m), steps of {MONTH_SECONDS / 86400:.2f} days, {config.spinup_years} years of "
        f"spin-up, domain “{config.domain}”, Tier {domain.tier}. Coasts and borders: Natural Earth (public domain)."
    )
    page = Template(Path(__file__).with_name("data").joinpath("report.html").read_text(encoding="utf-8")).substitute(
        years=f"{results[0].years[0]}-{results[0].years[-1]}",
        answer=html.escape(answer(domain, results)),
        scenarios=scenario_list(domain, results),
        tier=tier_note(domain),
        numbers=numbers(lines),
        figures="".join(figure(p, caption) for caption, p in figures.items()),
        countries=countries(lines),
        tolerance=f"{budget.TOLERANCE:.0e}",
        budgets=budgets(domain, results),
        provenance=provenance(domain),
        caveats="".join(f"<li>{c}</li>" for c in caveats(lines)),
        made=made,
    )
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(page, encoding="utf-8")
    os.replace(temporary, path)
