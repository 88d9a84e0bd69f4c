"""Two pages in plain words: the answer first, then time, space, the two compared, and how far to trust it.

What:    every number in the text comes from the results; sentences change with them, and a check that failed says so.
Units:   g C m-2, mol per mol, kg C per kg N, years; named in the text.
Use:     ``write(folder, results)`` -> report.html, results.json, figures
"""

from __future__ import annotations

import base64
import html
import json
import os
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from . import figures
from .figures import NAMES
from .settings import Results
from .world import DRIVERS, TITLES

GOOD = (0.5, 2.0)  # a slope ratio within a factor of two counts as "the right size"
WEAK, STRONG = 0.3, 0.6  # rank correlations
NOTHING = 1e-4  # kg C m-2 in the mean: a ratio to less than that says nothing
DRIVEN = ("nitrogen", "drainage", "temperature")
QUESTIONS = {
    "nitrogen": "mineral nitrogen taken away", "drainage": "drainage changes",
    "temperature": "2 K warmer", "pH": "pH goes on changing",
}  # fmt: skip


def table(head: list[str], rows: list[list[str]]) -> str:
    """An HTML table in its own scroll box."""
    body = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{"".join(f"<th>{h}</th>" for h in head)}</tr>{body}</table></div>'


def _number(value: float, form: str, unit: str = "") -> str:
    """Formatted, or a dash where there is nothing to tell."""
    return f"{value:{form}}{unit}" if np.isfinite(value) else "–"


def _ratio(value: float) -> str:
    """Two digits that matter, never with an exponent."""
    return _number(value, ",.0f" if abs(value) >= 10.0 else ".2g" if abs(value) >= 0.01 else ".2f").replace("-", "−")


def _grams(kilograms: float) -> str:
    """g C m-2 with a sign, whole numbers where they are large, 0.0 without one."""
    grams = 1e3 * kilograms
    text = f"{grams:+,.0f}" if abs(grams) >= 100.0 else f"{grams:+.1f}"
    return text.replace("-", "−") if text not in ("+0.0", "-0.0") else "0.0"


def _years(n: dict[str, Any]) -> str:
    years = n["about"]["years"]
    return f"{years} year{'s' if years > 1 else ''}"


def _figure(path: Path, caption: str) -> str:
    data, text = base64.b64encode(path.read_bytes()).decode(), html.escape(caption)
    return f'<figure><img alt="{text}" src="data:image/png;base64,{data}"><figcaption>{text}</figcaption></figure>'


def _right(v: dict[str, float]) -> bool:
    """Right size and better than foretelling the mean."""
    return bool(GOOD[0] <= v["ratio"] <= GOOD[1] and v["skill"] > 0.0)


def _asked(verdicts: dict[str, Any]) -> list[tuple[str, str, dict[str, float]]]:
    """(landscape, driver, verdict) of every forecast of a driver; pH is no driver."""
    return [(arm, q, verdicts[arm][q]) for arm in verdicts for q in DRIVEN]


def answer(n: dict[str, Any]) -> str:
    """Yes or no, in numbers, as HTML: the first sentence answers, a line for each landscape and one on time say why."""
    verdicts, years = n["verdict"], _years(n)
    asked = _asked(verdicts)
    right = [f"{q} where carbonate is {NAMES[arm]}" for arm, q, v in asked if _right(v)]
    head = "No" if not right else "Rarely" if len(right) <= len(asked) // 3 else "In part"
    first = (
        f"{head}: of {len(asked)} forecasts read from maps of soil carbonate ({len(verdicts)} landscapes, each asked about "
        f"nitrogen, drainage and temperature), {len(right) or 'none'} came true to within a factor of two"
    ) + (f": {'; '.join(right)}." if right else ".")
    lines = [
        f"Without mineral nitrogen for {years}, soils whose carbonate is {NAMES[arm]} keep {_grams(v['happened'])} g C m⁻²; "
        f"their map foretells {_grams(v['foretold'])}, with the wrong sign in {100 * (1 - v['signs']):.0f} % of the places."
        for arm, q, v in asked
        if q == "nitrogen" and np.isfinite(v["signs"])
    ]
    t = n["temporal"]
    low, middle, high = t["per_mole"]
    lines.append(
        f"In time, one mole of acid from nitrogen dissolves {middle:.2f} mol of calcite ({low:.2f}-{high:.2f} from place to "
        f"place), a kilogram of mineral nitrogen costs {t['per_kg'][1]:.2f} kg of carbonate carbon, and laboratory pH moves by "
        f"{n['ph_shift']:.3f} in {years} (median of soils above 1 % CaCO₃): no map can see that."
    )
    return f"<b>{html.escape(first)}</b><ul>{''.join(f'<li>{html.escape(x)}</li>' for x in lines)}</ul>"


def setting(n: dict[str, Any], r: Results) -> str:
    """What was done, in three sentences."""
    a = n["about"]
    counts = {arm: int((r.arrays["arm"] == arm).sum()) for arm in np.unique(r.arrays["arm"])}
    arms = ", ".join(f"{counts[k]} columns with carbonate {NAMES[k]}" for k in NAMES if k in counts)
    return html.escape(
        f"Virtual Europe: {a['world']}; {arms}. The first kind began with 10 % carbonate everywhere and lost what {a['spin_up']} "
        f"years of natural leaching took; the second was drawn without regard to climate. Then {_years(n)} were run month "
        f"by month with the emulator ({a['step']}) under every combination of drivers."
    )


def temporal(n: dict[str, Any], figures_time: str) -> str:
    """Text, table and figures on the temporal truth."""
    t, s = n["temporal"], n["shapley"]
    gone = "for ever, as far as this matters" if t["gone_with"] > 5e4 else f"another {t['gone_with']:,.0f} years (median)"
    rows = [[TITLES[d], _grams(s["mean"][d])] for d in DRIVERS] + [["all together", _grams(s["total"])]]
    listed = table(["driver, all on against all off", f"g C m⁻² in {_years(n)}"], rows)
    bands = n["path"]["bands"]
    share = 100.0 * bands[0] / sum(bands) if sum(bands) else float("nan")
    return (
        f"<p>In {t['columns']} calcareous columns nitrogen alone was changed. The topsoil's carbonate lasts {gone}; without "
        f"mineral nitrogen it lasts {100 * t['sooner']:.1f} % longer in the median. One mole of nitrogen's acid dissolves "
        f"{t['per_mole'][1]:.2f} mol of calcite (theory for an open system: 0.33-0.50), not 1: the rest of the acid displaces "
        f"carbonic acid that would have done the same work. Of nitrogen's effect {share:.0f} % "
        "falls on the plough layer. Sensitivity "
        "is to the acid that comes, never to pH: calcite holds pH still, so a slope on pH would divide by nothing.</p>"
        + f'<div class="grid"><div>{listed}</div>{figures_time}</div>'
    )


def space(n: dict[str, Any]) -> str:
    """Text and table on the spatial models."""
    rows = []
    names = {**NAMES, "sites": "GEMAS sites, real"}
    for key, s in n["space"].items():
        importance = s["importance_with_ph"]
        first = max(importance, key=lambda g: importance[g])
        rows.append(
            [
                names[key], str(s["places"]), *(f"{s['with_ph'][m]:.2f}" for m in ("ols", "gam", "trees")),
                f"{s['without_ph']['trees']:.2f}", f"{importance.get('nitrogen', 0.0):.2f}",
                f"{importance.get('pH', 0.0):.2f}", first,
            ]
        )  # fmt: skip
    return (
        "<p>Three models learn carbonate of the upper 30 cm from climate, soil, nitrogen and "
        "laboratory pH, and are scored on blocks "
        "of 2° that they never saw (1 perfect, 0 no better than the mean, below 0 worse). Importance: skill lost when a group of "
        "predictors is shuffled together. pH is a consequence of carbonate, not a cause; a "
        "model that leans on it reads the answer "
        "off the soil.</p>"
        + table(
            [
                "landscape",
                "places",
                "OLS",
                "GAM",
                "trees",
                "trees without pH",
                "importance of nitrogen",
                "of pH",
                "most important",
            ],
            rows,
        )
    )


def verdict(n: dict[str, Any]) -> str:
    """Text and table of forecasts against truth."""
    rows = []
    for arm, questions in n["verdict"].items():
        for q, title in QUESTIONS.items():
            v = questions[q]
            size = f"{_ratio(v['ratio'])} ({_ratio(v['ratio_low'])} to {_ratio(v['ratio_high'])})"
            if not np.isfinite(v["ratio"]) or abs(v["happened"]) < NOTHING:
                size = "– (nothing happens)"
            rows.append(
                [
                    f"{NAMES[arm]}: {title}", _grams(v["happened"]), _grams(v["foretold"]), size,
                    _number(100 * v["signs"], ".0f", " %"), f"{v['rank']:+.2f}".replace("-", "−"),
                    f"{v['skill']:.2g}".replace("-", "−") if v["skill"] > -100 else "&lt;&nbsp;−100",
                    _ratio(questions[q + " (ols)"]["ratio"]),
                ]
            )  # fmt: skip
    ranks = [x for a in n["attribution_rank"].values() for x in a.values()]
    link = "hardly" if max(abs(x) for x in ranks) < WEAK else "only partly" if max(ranks) < STRONG else "in part"
    wrong = [1.0 - n["verdict"][a]["nitrogen"]["signs"] for a in n["verdict"]]
    return (
        "<p>The question is put to the map as forecasts put it: change one predictor to its "
        "future value, read the new carbonate. "
        "Then the same change is made in the rollout of the same columns. A ratio of 1 means that space stands for time. "
        f"For nitrogen the map has the wrong sign in {100 * min(wrong):.0f}-{100 * max(wrong):.0f} % of the places. Places where "
        f"the map calls a driver important are {link} those where it acts: rank correlations "
        f"of attributions {min(ranks):+.2f} to "
        f"{max(ranks):+.2f}.</p>"
        + table(
            [
                "landscape: question",
                "happened, g C m⁻²",
                "foretold",
                "ratio (5-95 %)",
                "signs agree",
                "rank corr.",
                "skill",
                "ratio, OLS",
            ],
            rows,
        )
    )


def members(m: dict[str, Any], own: dict[str, Any]) -> list[str]:
    """Whether other emulators say the same; what random weights leave of the network."""
    right = sum(_right(v) for *_, v in _asked(own))
    others = "; ".join(
        f"{html.escape(name)} {sum(_right(v) for *_, v in _asked(verdicts))} of {len(_asked(verdicts))} (nitrogen, foretold over "
        "happened: " + ", ".join(_ratio(verdicts[arm]["nitrogen"]["ratio"]) for arm in verdicts) + ")"
        for name, verdicts in m["verdict"].items()
    )
    ranks = ", ".join(f"{html.escape(k)} {v:.2f}" for k, v in m["tau"].items())
    first = ", ".join(_ratio(own[arm]["nitrogen"]["ratio"]) for arm in own)
    items = [f"Ranks of nitrogen's effect against the explained emulator (Kendall's tau): {ranks}."]
    if others:
        items.append(
            f"The whole comparison by other emulators, each on landscapes of its own making, forecasts that came true: {others}; "
            f"the explained one {right} of {len(_asked(own))} ({first})."
        )
    if "random" in m:
        x = m["random"]
        fate = "nothing of it is left" if abs(x["part"]) < WEAK else "this is NOT destroyed"
        items.append(
            f"The network's own part is {100 * x['network_share']:.1f} % of nitrogen's effect; with shuffled weights {fate} "
            f"(rank correlation {x['part']:+.2f}). The whole effect keeps {x['whole']:+.2f}: "
            "physics carries it, and no weights can."
        )
    return items


def teacher(n: dict[str, Any]) -> list[str]:
    """What MIN3P said when asked again, or that it was not."""
    if "teacher" not in n:
        return ["MIN3P was not asked (MIN3P_EXE not set or switched off); the physical step B0 is the second opinion above."]
    runs = n["teacher_runs"]
    found = "; ".join(
        f"{html.escape(name)}: signs agree in {100 * x['signs']:.0f} %, rank correlation {x['rank']:.2f}, emulated over MIN3P "
        f"{x['ratio']:.2f}, median error {100 * x['median_error']:.1f} %"
        for name, x in n["teacher"].items()
    )
    x = next(iter(n["teacher"].values()))
    return [
        f"MIN3P asked again, {x['columns']} columns that no training saw, {runs['years']} years with and without nitrogen "
        f"({x['failed']} refused; runs {runs['sha256']['with'][:8]}, {runs['sha256']['without'][:8]}). Effect of nitrogen on "
        f"calcite, {found}."
    ]


def checks(n: dict[str, Any]) -> str:
    """What was checked, with what came out; misses are named."""
    t, p, window = n["temporal"]["agreement"], n["path"], n["temporal"]["window"]
    items = [
        f"Gradient through {window * 12} months against finite difference: median gap {100 * t['median']:.2g} %, within 10 % in "
        f"{100 * t['within_10']:.0f} % of the columns (target: within 10 %).",
        f"Shapley values sum to the total within {n['shapley']['gap']:.0e} kg C m⁻². Integrated gradients: completeness error "
        f"{100 * p['completeness_median']:.2g} % in the median, {100 * p['completeness_max']:.2g} % at worst; within 1 % in "
        f"{100 * p['within_1']:.0f} % of {p['columns']} columns (target: 1 %), {p['cut']} of them with the path cut finer.",
        *members(n["members"], n["verdict"]),
        *teacher(n),
        f"{100 * n['outside']:.0f} % of cell-months lay outside the ranges the network was trained on; there the physical step "
        "answers alone. Drivers add up as forcing: nitrogen's own rates do not feel the changed climate. Warming, rain, lime are "
        "sizes to compare drivers at, not projections. No dolomite, erosion, irrigation.",
    ]
    return "<ul>" + "".join(f"<li>{i}</li>" for i in items) + "</ul>"


def made(about: dict[str, Any]) -> str:
    """How long it took, by stage."""
    slow = sorted(about["stages"].items(), key=lambda x: -x[1])[:4]
    where = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in slow)
    return f"calcisol explain, {about['seconds']:.0f} s of wall time ({where}). All numbers: results.json."


def write(folder: Path, r: Results) -> Path:
    """Write figures, results.json and report.html (temporary name, then renamed)."""
    n = r.numbers
    drawn = [_figure(p, c) for c, p in figures.draw(folder / "figures", r).items()]
    page = Template(Path(__file__).with_name("report.html").read_text(encoding="utf-8")).substitute(
        answer=answer(n), setting=setting(n, r), temporal=temporal(n, "".join(drawn[:3])),
        space=space(n), verdict=verdict(n), figures_space="".join(drawn[3:]), checks=checks(n),
        made=html.escape(made(n["about"])),
    )  # fmt: skip
    for name, text in (("results.json", json.dumps(n, indent=1, default=float)), ("report.html", page)):
        part = folder / f"{name}.part"
        part.write_text(text, encoding="utf-8")
        os.replace(part, folder / name)
    return folder / "report.html"
