"""report.html: one self-contained page; its first sentence answers the question of the project.

What:    answer, key numbers, maps (embedded), budget, country table, provenance of every field, caveats.
Units:   in every heading. Readable at phone width: one column, tables scroll inside their own box.
Source:  the run's own numbers; spread = 5-95 % of the calcareous arable area over cells, not an uncertainty of the model.
Use:     ``write(path, domain, config, results, lines, figures, budgets, contract, version)``.
"""

from __future__ import annotations

import base64
import html
import os
from pathlib import Path
from typing import Any

import numpy as np

from .config import RunConfig
from .domain import Domain
from .results import Result
from .summary import ALL, BASELINE, cumulated_n, kept_carbon, per_kg_n
from .units import MONTH_SECONDS

STEADY_SHARE = 0.05  # a loss below this share of the baseline's counts as stable
STYLE = """
:root{color-scheme:light}*{box-sizing:border-box}
body{font:16px/1.55 system-ui,sans-serif;color:#222;background:#fff;margin:0 auto;padding:1rem;max-width:62rem}
h1{font-size:1.5rem;line-height:1.25}h2{font-size:1.15rem;margin-top:2.2rem;border-bottom:1px solid #ddd;padding-bottom:.2rem}
.answer{font-size:1.12rem;background:#f3f6f1;border-left:4px solid #5a7d4a;padding:.8rem 1rem;margin:1rem 0}
.caveat{background:#fff7e6;border-left:4px solid #d18f00;padding:.6rem 1rem;margin:1rem 0}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(18rem,1fr));gap:1rem}
figure{margin:0}img{width:100%;height:auto;display:block}figcaption{font-size:.85rem;color:#555}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.86rem}
th,td{padding:.25rem .55rem;border-bottom:1px solid #e5e5e5;text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
th:first-child,td:first-child{text-align:left}th{background:#fafafa;vertical-align:bottom}
td.text{text-align:left;white-space:normal;min-width:13rem}
.tag{border-radius:.6rem;padding:.05rem .5rem;font-size:.8rem}.real{background:#dcefd8}.estimated{background:#fff0c9}.synthetic{background:#f8dcd8}
pre{overflow-x:auto;background:#f7f7f7;padding:.7rem;font-size:.8rem}
@media(max-width:40rem){body{padding:.8rem}h1{font-size:1.25rem}}
"""


def spread(values: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """5 and 95 % points of a value over the area."""
    order = np.argsort(values)
    share = np.cumsum(weight[order]) / weight.sum()
    return tuple(float(values[order][min(int(np.searchsorted(share, q)), len(values) - 1)]) for q in (0.05, 0.95))  # type: ignore[return-value]


def loss(result: Result, area: np.ndarray, years: slice) -> float:
    """Loss of solid inorganic carbon, g C m-2 yr-1, area mean over some of the years."""
    stock = np.concatenate([result.start_sic[None], result.layer["sic"]]).sum(2) @ area / area.sum()
    return float(-np.diff(stock)[years].mean()) * 1e3


def answer(domain: Domain, results: list[Result]) -> str:
    """The first sentence (or two): do cuts of fertiliser stabilise or increase SIC, and by how much per kg N."""
    area = domain["area"]
    base = next((r for r in results if r.scenario.name == BASELINE), None)
    others = [r for r in results if base is not None and r is not base]
    if base is None or not others:
        r = results[0]
        return (
            f"In this run ({r.scenario.title}) calcareous arable soils lose {loss(r, area, slice(None)):.1f} g C m⁻² of solid inorganic "
            "carbon per year; add the baseline and a scenario of less fertiliser to see what cutting it changes."
        )
    late = slice(-10, None)
    base_loss = loss(base, area, late)
    verdicts, parts = [], []
    for r in others:
        now = loss(r, area, late)
        verdicts.append("increase" if now < -STEADY_SHARE * abs(base_loss) else "stabilise" if now < STEADY_SHARE * abs(base_loss) else "slow")
        kept = per_kg_n(r, base, area)
        saved = cumulated_n(base) - cumulated_n(r)
        here = saved > 0
        low, high = spread(kept_carbon(r, base)[here] / saved[here], area[here] * saved[here])
        parts.append(f"{r.scenario.title}: {now:.1f} g C m⁻² yr⁻¹, {kept:.3f} kg C kept per kg N not applied (places: {low:.3f} to {high:.3f})")
    if "increase" in verdicts or "stabilise" in verdicts:
        kinds = " and ".join(sorted({v for v in verdicts if v != "slow"}))
        opening = f"Yes, in part: cuts of fertiliser can {kinds} soil inorganic carbon in calcareous arable soils"
    elif per_kg_n(others[-1], base, area) > 0:
        opening = "Cutting fertiliser slows the loss of soil inorganic carbon in calcareous arable soils but neither stops nor reverses it"
    else:
        opening = "No: cutting fertiliser does not slow the loss of soil inorganic carbon in calcareous arable soils"
    years = f"{int(base.years[-10] if len(base.years) > 9 else base.years[0])}-{int(base.years[-1])}"
    return f"{opening}: in {years} business as usual loses {base_loss:.1f} g C m⁻² yr⁻¹; {'; '.join(parts)}."


def _table(head: list[str], body: list[list[str]], text: tuple[int, ...] = ()) -> str:
    cells = lambda row: "".join(f'<td class="text">{c}</td>' if i in text else f"<td>{c}</td>" for i, c in enumerate(row))  # noqa: E731
    rows = "".join(f"<tr>{cells(r)}</tr>" for r in body)
    return f'<div class="scroll"><table><thead><tr>{"".join(f"<th>{h}</th>" for h in head)}</tr></thead><tbody>{rows}</tbody></table></div>'


def _figure(path: Path, caption: str) -> str:
    data = base64.b64encode(path.read_bytes()).decode()
    text = html.escape(caption)
    return f'<figure><img alt="{text}" src="data:image/png;base64,{data}"><figcaption>{text}</figcaption></figure>'


def _provenance(domain: Domain) -> str:
    body = [
        [html.escape(name), f'<span class="tag {f.provenance}">{f.provenance}</span>', html.escape(f"{f.long_name} [{f.units}]"),
         html.escape(f.source), html.escape(f.licence)]
        for name, f in domain.fields.items()
    ]  # fmt: skip
    return _table(["field", "is", "what", "source", "licence"], body, text=(1, 2, 3, 4))


def _numbers(lines: list[dict[str, Any]]) -> str:
    columns = [
        ("solid C lost, g m⁻² yr⁻¹", "solid_c_lost_gC_m2_yr", ".2f"), ("DIC leached, g C m⁻² yr⁻¹", "dic_leached_gC_m2_yr", ".2f"),
        ("CO₂ to air*, g C m⁻² yr⁻¹", "co2_to_air_gC_m2_yr", ".2f"), ("solid C lost, Tg yr⁻¹", "solid_c_lost_TgC_per_yr", ".3f"),
        ("SIC 0-30 cm at start, Tg C", "sic_0_30cm_start_TgC", ".0f"), ("change 0-30 cm, Tg C", "sic_0_30cm_change_TgC", ".2f"),
        ("change 30-100 cm, Tg C", "sic_30_100cm_change_TgC", ".2f"), ("acid load, mol m⁻² yr⁻¹", "acid_load_molc_m2_yr", ".3f"),
        ("mineral N, kg ha⁻¹ yr⁻¹", "mineral_n_kg_ha_yr", ".0f"), ("nitrate leached, kg N ha⁻¹ yr⁻¹", "nitrate_leached_kgN_ha_yr", ".0f"),
        ("kept, Tg C", "sic_profile_kept_TgC_vs_baseline", ".2f"), ("kg C kept per kg N", "kgC_kept_per_kgN_saved", ".3f"),
        ("mol calcite kept per mol acid", "mol_calcite_kept_per_mol_acid", ".2f"),
    ]  # fmt: skip
    show = lambda line, key, form: format(line[key], form) if key in line else "-"  # noqa: E731
    body = [[html.escape(str(x["scenario"])), *(show(x, k, f) for _, k, f in columns)] for x in lines if x["country"] == ALL]
    return _table(["scenario", *(c[0] for c in columns)], body)


def _countries(lines: list[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(x["scenario"] for x in lines))
    by = {(x["scenario"], x["country"]): x for x in lines}
    body = []
    for country in dict.fromkeys(x["country"] for x in lines):
        first = by[names[0], country]
        row = [country, f"{first['area_Mha']:.2f}", f"{first['mineral_n_kg_ha_yr']:.0f}", f"{first['drainage_mm_yr']:.0f}"]
        row += [f"{by[n, country]['solid_c_lost_gC_m2_yr']:.2f}" for n in names]
        row += [f"{by[n, country].get('kgC_kept_per_kgN_saved', float('nan')):.3f}" for n in names if n != BASELINE]
        body.append(row)
    head = ["country", "calcareous arable, Mha", "mineral N, kg ha⁻¹", "drainage, mm"]
    head += [f"solid C lost, g m⁻² yr⁻¹: {n}" for n in names] + [f"kg C kept per kg N: {n}" for n in names if n != BASELINE]
    return _table(head, body)


def _caveats(domain: Domain, lines: list[dict[str, Any]]) -> list[str]:
    tier = (
        "<b>Soils and climate of this run are synthetic</b> (Tier A, the embedded default): regressions calibrated on real maps. "
        "They are right on average over regions and wrong at a place; carbonate contents are draws from a distribution. "
        "Nitrogen is real by country and flat inside it. Put real fields in a folder and name it with --data for Tier B."
        if domain.tier == "A"
        else "This run uses real soil, climate and nitrogen maps (Tier B); carbonate content is <b>estimated</b> from total calcium of "
        "GEMAS samples and is uncertain by a factor of about 2.5 at a place."
    )
    outside = max(float(x["outside_envelope_share"]) for x in lines if x["country"] == ALL)
    return [
        tier,
        "Carbonate below 20 cm, soil-air CO₂, deposition, water by month and the response of soil respiration to nitrogen are assumptions; "
        "each constant stands in <code>coupler/config.py</code> with source and range.",
        "“Places” is the spread over the area (5-95 %), not the uncertainty of the emulator or of the forcing.",
        "Soils with less than 2 % CaCO₃ are left out: the survey cannot tell their carbonate from silicate calcium, and they lose it first.",
        "Climate and atmospheric CO₂ are held constant, so that scenarios differ in nitrogen alone. No liming, no erosion.",
        "pH is that of pore water in the field. A laboratory pH of the same soil reads near 8.2 in water.",
        f"{100 * outside:.0f} % of layer-years had at least one month outside the ranges the emulator was trained on (flag in the NetCDF files).",
    ]


def write(
    path: Path, domain: Domain, config: RunConfig, results: list[Result], lines: list[dict[str, Any]], figures: dict[str, Path],
    budgets: list[str], contract: dict[str, Any], version: str,
) -> None:  # fmt: skip
    """Write the page atomically."""
    first, last = int(results[0].years[0]), int(results[0].years[-1])
    captions = {"series": "Cumulated change of soil inorganic carbon, area mean"}
    shown = [_figure(p, captions.get(k, k.replace("_", " "))) for k, p in figures.items()]
    licence = html.escape(str(contract.get("licence", contract.get("license", "MIT"))))
    page = f"""<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>calcisol: Europe {first}-{last}</title><style>{STYLE}</style></head><body>
<h1>Soil inorganic carbon of European calcareous arable soils, {first}-{last}</h1>
<p class="answer">{html.escape(answer(domain, results))}</p>
<p class="caveat">{_caveats(domain, lines)[0]}</p>
<h2>Three carbon numbers, kept apart</h2>{_numbers(lines)}
<p><small>* change of the CO₂ efflux at the surface against what roots and decomposers produce; negative where respired carbon leaves with the
water. Solid carbon lost = leached + to the air - deposited, up to the change of dissolved carbon in the soil.</small></p>
<h2>Figures</h2><div class="grid">{"".join(shown)}</div>
<h2>By country</h2>{_countries(lines)}
<h2>Budgets over the whole run</h2><p>From the library's inputs and outputs alone; every column closes or the run stops.</p>
<pre>{html.escape(chr(10).join(budgets))}</pre>
<h2>Where every field comes from</h2>{_provenance(domain)}
<h2>What to keep in mind</h2><ul>{"".join(f"<li>{c}</li>" for c in _caveats(domain, lines))}</ul>
<h2>How it was made</h2><p>calcisol {html.escape(version)}, emulator bundle <code>{html.escape(str(contract.get("records_sha256", ""))[:16])}</code> ({licence});
{len(domain)} columns of {len(config.layers)} layers ({sum(config.layers):.2f} m), steps of {MONTH_SECONDS / 86400:.2f} days,
{config.spinup_years} years of spin-up, domain “{config.domain}”, Tier {domain.tier}. Borders: Natural Earth.</p>
</body></html>"""
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(page, encoding="utf-8")
    os.replace(temporary, path)
