"""report.html: one self-contained page; its first sentence answers the question of the project.

What:    answer, key numbers, maps (embedded), budget, country table, provenance of every field, caveats.
Units:   in every heading. Readable at phone width: one column, tables scroll inside their own box.
Source:  the run's own numbers; interval = uncertainty.py, spread = 5-95 % of the area over places. Page: report.html.
Use:     ``write(path, domain, config, results, lines, intervals, figures, origin)``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markupsafe import Markup

from ...emulator.contract.pages import figure, render, table
from ..config import MONTHLY, RunConfig
from ..europe.domain import Domain
from ..land import history
from ..offline import budget
from ..offline.checkpoint import KEPT
from ..offline.folder_lock import whole_file
from ..offline.results import Result
from ..units import MONTH_SECONDS, SECONDS_PER_DAY
from .headline import Intervals, answer, band, compared
from .summary import ALL, BASELINE, CLASSES, EU, LATE_YEARS, late_loss, reference
from .uncertainty import SOURCES

Line = dict[str, Any]


def scenario_list(domain: Domain, results: list[Result], intervals: Intervals) -> list[dict[str, str]]:
    """Each scenario: title, the loss of its last years, and what it is."""
    area, items = domain["area"], []
    for r in results:
        last, now, base = r.years[-LATE_YEARS:], late_loss(r, area), reference(results, r)
        i = intervals.get(r.scenario.name, {}).get("late_loss")
        given = f" (90 %: {band(i.low, i.high)})" if i else ""
        text = f"loses {now:.2f}{given} g C m⁻² yr⁻¹ in {last[0]}-{last[-1]}"
        if base is not None and (then := late_loss(base, area)):
            less = 100 * (then - now) / then
            name = "business as usual" if base.scenario.name == BASELINE else base.scenario.title
            text += f", {abs(less):.1f} % {'less' if less >= 0 else 'more'} than {name}"
        items.append({"title": r.scenario.title, "text": text, "description": r.scenario.description})
    return items


def sources(results: list[Result], intervals: Intervals) -> Markup:
    """The sources that make up the interval of kg C per kg N."""
    rows = [(r.scenario.name, i) for r, _ in compared(results) if (i := intervals.get(r.scenario.name, {}).get("per_kg_n"))]
    if not rows:
        return Markup("<p>No interval was worked out (<code>uncertainty = 0</code> or no cut of nitrogen in this run).</p>")
    names = list(dict.fromkeys(s for _, i in rows for s in i.parts))
    head = ["kg C kept per kg N", "value", "90 % interval", *(SOURCES.get(s, s) for s in names)]
    body = []
    for name, i in rows:
        moves = [f"{i.parts[s][0]:+.3f} / {i.parts[s][1]:+.3f}" if s in i.parts else "–" for s in names]
        body.append([name, f"{i.value:.3f}", f"{i.low:.3f} to {i.high:.3f}", *moves])
    missing = "" if "emulator" in names else " The bundle states no error and no ensemble was given: the emulator is left out."
    note = (
        "Each source alone, on part of the columns; together in quadrature. Carbonate: all cells at once at the "
        "5 or 95 % point of what the survey allows, an upper bound for the mean. Emulator: the spread of the bundles given or "
        "the 95th percentile of the error of the change of inorganic carbon on MIN3P columns it never saw, the wider of "
        "both. Drainage: a tenth more or less evaporative demand everywhere at once. It leaves out the hydraulic properties of "
        f"soils, the area and depth of carbonate, and all that MIN3P itself leaves out.{missing}"
    )
    return table(head, body) + Markup("<p><small>{}</small></p>").format(note)


def provenance(domain: Domain) -> Markup:
    """Every field of the run: real, estimated or synthetic, with source and licence."""
    body = [
        [
            name,
            Markup('<span class="tag {0}">{0}</span>').format(f.provenance),
            f"{f.long_name} [{f.units}]",
            f.source,
            f.licence,
        ]
        for name, f in domain.fields.items()
    ]
    return table(["field", "is", "what", "source", "licence"], body, text=(2, 3, 4))


GAINED = "formed again below, % of what is lost above"
NUMBERS = (
    ("solid C lost, g m⁻² yr⁻¹", "solid_c_lost_gC_m2_yr", ".2f"),
    ("DIC leached, g C m⁻² yr⁻¹", "dic_leached_gC_m2_yr", ".2f"),
    ("CO₂ to air*, g C m⁻² yr⁻¹", "co2_to_air_gC_m2_yr", ".2f"),
    ("solid C lost, Tg yr⁻¹", "solid_c_lost_TgC_per_yr", ".3f"),
    ("SIC 0-30 cm at start, Tg C", "sic_0_30cm_start_TgC", ".0f"),
    ("change 0-30 cm, Tg C", "sic_0_30cm_change_TgC", ".2f"),
    ("change 30-100 cm, Tg C", "sic_30_100cm_change_TgC", ".2f"),
    ("lost in layers that lose, Tg C", "sic_lost_where_it_falls_TgC", ".2f"),
    ("formed in layers that gain, Tg C", "sic_gained_where_it_rises_TgC", ".2f"),
    ("SIC change, whole profile, Tg C yr⁻¹", "sic_profile_change_TgC_per_yr", ".3f"),
    ("acid load, mol m⁻² yr⁻¹", "acid_load_molc_m2_yr", ".3f"),
    ("lime equivalent of it, kg CaCO₃ ha⁻¹ yr⁻¹", "lime_equivalent_kgCaCO3_ha_yr", ".0f"),
    ("area with pH down by > 0.1, Mha", "area_ph_down_Mha", ".2f"),
    ("area with pH up by > 0.1, Mha", "area_ph_up_Mha", ".2f"),
    ("plough layer depleted at the end, Mha", "depleted_area_Mha", ".2f"),
    ("depleted within 100 more years, Mha", "area_depleted_within_100_years_Mha", ".2f"),
    ("years to depletion, median", "years_to_depletion_median", ".0f"),
    ("mineral N, kg ha⁻¹ yr⁻¹", "mineral_n_kg_ha_yr", ".0f"),
    ("nitrate leached, kg N ha⁻¹ yr⁻¹", "nitrate_leached_kgN_ha_yr", ".0f"),
    ("kept against the reference, Tg C", "sic_profile_kept_TgC_vs_baseline", ".2f"),
    ("kg C kept per kg N", "kgC_kept_per_kgN_saved", ".3f"),
    ("mol calcite kept per mol acid", "mol_calcite_kept_per_mol_acid", ".2f"),
)


def numbers(lines: list[Line]) -> Markup:
    """Europe: one row per quantity, one column per scenario."""
    whole = [x for x in lines if x["country"] == ALL]
    show = lambda x, form: "never" if x == float("inf") else "–" if x != x else format(x, form)  # noqa: E731
    body = [[text, *(show(x[key], form) if key in x else "–" for x in whole)] for text, key, form in NUMBERS]
    return table(["calcareous arable soils of the domain", *(str(x["scenario"]) for x in whole)], body)


def countries(lines: list[Line]) -> Markup:
    """One row per country, the largest calcareous area first."""
    return _areas([x for x in lines if x["country"] not in CLASSES], "country")


def dryness(lines: list[Line]) -> Markup:
    """One row per class of P/PET."""
    return _areas([x for x in lines if x["country"] in CLASSES], "climate")


def _areas(lines: list[Line], what: str) -> Markup:
    """Loss and gain of carbonate of some areas, the largest first."""
    names = list(dict.fromkeys(x["scenario"] for x in lines))
    by = {(x["scenario"], x["country"]): x for x in lines}
    changed = [n for n in names if any(x.get("mineral_n_saved_TgN", 0) for x in lines if x["scenario"] == n)]
    show = lambda x: "–" if x != x else f"{x:.3f}"  # noqa: E731
    body = []
    order = {ALL: 0, EU: 1}
    for country in sorted({x["country"] for x in lines}, key=lambda c: (order.get(c, 2), -by[names[0], c]["area_Mha"])):
        first = by[names[0], country]
        row = [country, f"{first['area_Mha']:.2f}", f"{first['mineral_n_kg_ha_yr']:.0f}", f"{first['drainage_mm_yr']:.0f}"]
        lost, gained = (float(first[k]) for k in ("sic_lost_where_it_falls_TgC", "sic_gained_where_it_rises_TgC"))
        row.append(f"{100 * gained / lost:.0f}" if lost > 0 else "–")
        row += [f"{by[n, country]['solid_c_lost_gC_m2_yr']:.2f}" for n in names]
        row += [show(by[n, country]["kgC_kept_per_kgN_saved"]) for n in changed]
        body.append(row)
    head = [what, "calcareous arable, Mha", "mineral N, kg ha⁻¹ yr⁻¹", "drainage, mm yr⁻¹", GAINED]
    head += [f"solid C lost, g m⁻² yr⁻¹: {n}" for n in names] + [f"kg C kept per kg N: {n}" for n in changed]
    return table(head, body)


def budgets(domain: Domain, results: list[Result]) -> Markup:
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


def tier_note(domain: Domain) -> Markup:
    """What kind of data the run rests on, plainly."""
    if domain.tier == "A":
        return Markup(
            "<b>Soils and climate of this run are synthetic</b> (Tier A, the embedded default): regressions calibrated on real "
            "maps, right on average over regions and wrong at a place; carbonate contents are draws. Nitrogen is real by country "
            "and flat inside it. Name a folder of real fields with <code>--data</code> for Tier B."
        )
    return Markup(
        "This run uses real soil and climate maps and gridded nitrogen patterns (Tier B); carbonate content is <b>estimated</b> "
        "from the total calcium of GEMAS samples and is uncertain by a factor of about 2.5 at a place."
    )


def caveats(lines: list[Line], config: RunConfig) -> list[str | Markup]:
    """What a reader must keep in mind."""
    outside = max(float(x["outside_envelope_share"]) for x in lines if x["country"] == ALL)
    by_day = config.weather != MONTHLY
    weather = "the weather of each day is a draw on that climate" if by_day else "every year has the same weather"
    if config.weather_files:
        weather = "the years of the weather files are repeated where they do not reach"
    return [
        *filter(None, [history.held(config.start_year, config.history)]),
        Markup(
            "Carbonate below 20 cm (taken as in the topsoil), soil-air CO₂, deposition, {} and the response of "
            "soil respiration to nitrogen are assumptions; each constant stands in <code>coupler/land</code>, with "
            "source and range."
        ).format("the hydraulic properties of soils" if by_day else "water by month"),
        "“From place to place” is the spread over the area (5-95 %), not an uncertainty; the interval is, of what its "
        "table lists.",
        "Nitrogen and sulphur before 2019 follow one European curve for all countries; the surveyed carbonate is put at the "
        "start of the run, though it was sampled in 2008-2009.",
        "Soils with less than 2 % CaCO₃ are left out: the survey cannot tell their carbonate. They lose it first.",
        f"Climate and CO₂ of the air are constant unless a scenario changes them; {weather}. No lime unless a scenario brings "
        "it; no erosion, irrigation or ploughing up of subsoil.",
        "pH is that of pore water in the field, at the soil's own CO₂. A laboratory pH of the same soil reads near 8.2 in water.",
        f"{100 * outside:.0f} % of layer-years had at least one step outside the ranges the emulator was trained on "
        "(variable flag in the NetCDF files).",
    ]


def _steps(config: RunConfig) -> str:
    """How long the steps of the run are."""
    if config.weather == MONTHLY:
        return f"steps of {MONTH_SECONDS / SECONDS_PER_DAY:.2f} days on a mean year"
    weather = "weather files" if config.weather_files else f"weather of each day, draw {config.weather_seed}"
    return f"steps of a week, of a day where gas is shut in, on {weather}"


def write(
    path: Path,
    domain: Domain,
    config: RunConfig,
    results: list[Result],
    lines: list[Line],
    intervals: Intervals,
    figures: dict[str, Path],
    origin: str,
) -> None:
    """Write the page atomically; ``origin`` names what made the numbers."""
    page = render(
        Path(__file__).with_name("report.html"),
        style=Markup(Path(__file__).with_name("page.css").read_text(encoding="utf-8")),
        years=f"{results[0].years[0]}-{results[0].years[-1]}",
        answer=answer(domain, results, intervals),
        scenarios=scenario_list(domain, results, intervals),
        sources=sources(results, intervals),
        tier=tier_note(domain),
        numbers=numbers(lines),
        figures=[figure(p, caption) for caption, p in figures.items()],
        countries=countries(lines),
        dryness=dryness(lines),
        tolerance=f"{budget.TOLERANCE:.0e}",
        budgets=budgets(domain, results),
        provenance=provenance(domain),
        caveats=caveats(lines, config),
        made=f"{origin}; {len(domain)} columns of {len(config.layers)} layers ({sum(config.layers):.2f} m), {_steps(config)}, "
        f"{config.spinup_years} years of spin-up ({config.spinup}), domain “{config.domain}” "
        f"({100 * config.coverage:.0f} % of its area), Tier {domain.tier}. Coasts and borders: Natural Earth (public domain).",
    )
    with whole_file(path, KEPT) as temporary:
        temporary.write_text(page, encoding="utf-8")
