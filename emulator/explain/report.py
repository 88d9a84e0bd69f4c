"""The report in plain words, two pages: the answer first, then time, space, the two compared, and how far to trust it.

What:    every number in the text comes from the results; sentences change with them, and a check that failed says so.
Units:   g C m-2, mol per mol, kg C per kg N, years; named in the text.
Use:     ``write(folder, results)`` -> report.html, results.json, figures
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from ..contract.pages import figure, joined, prose, render, table
from . import figures
from .figures import NAMES
from .settings import Results
from .trust import checks, made
from .words import DRIVEN, STRONG, WEAK, asked_of_maps, grams, has_change, horizon, number, proved_right, ratio
from .world import DRIVERS, TITLES

QUESTIONS = {
    "nitrogen": "mineral nitrogen taken away", "drainage": "drainage changes",
    "temperature": "2 K warmer", "pH": "pH keeps its trend",
}  # fmt: skip


def answer(n: dict[str, Any]) -> tuple[str, list[str]]:
    """Yes or no, in numbers: the first sentence answers, a line for each landscape and one on time say why."""
    verdicts, years = n["verdict"], horizon(n)
    asked = asked_of_maps(verdicts)
    right = [f"{q} where carbonate is {NAMES[arm]}" for arm, q, v in asked if proved_right(v)]
    head = "No" if not right else "Rarely" if len(right) <= len(asked) // 3 else "In part"
    first = (
        f"{head}: of {len(asked)} forecasts read from maps of soil carbonate ({len({arm for arm, *_ in asked})} of "
        f"{len(verdicts)} landscapes; nitrogen, drainage, temperature), {len(right) or 'none'} proved right (within a factor of "
        "two, and better than predicting the mean change)"
    ) + (f": {'; '.join(right)}." if right else ".")
    lines = [
        f"Without mineral nitrogen for {years}, soils whose carbonate is {NAMES[arm]} keep {grams(v['simulated'])} g C m⁻²; "
        f"their map predicts {grams(v['predicted'])}, with the wrong sign in {100 * (1 - v['signs']):.0f} % of the places."
        for arm, q, v in asked
        if q == "nitrogen" and np.isfinite(v["signs"])
    ]
    lines += [
        f"Where carbonate is {NAMES[arm]} hardly any is left in the upper 30 cm: nothing changes there, so nothing is tested."
        for arm in verdicts
        if not any(has_change(verdicts[arm][q]) for q in DRIVEN)
    ]
    t = n["temporal"]
    low, middle, high = t["per_mole"]
    lines.append(
        f"In time, one mole of acid from nitrogen dissolves {middle:.2f} mol of calcite ({low:.2f}-{high:.2f} from place to "
        f"place), a kilogram of mineral nitrogen costs {t['per_kg'][1]:.2f} kg of carbonate carbon, and laboratory pH moves by "
        f"{n['ph_shift']:.3f} in {years} (median of soils above 1 % CaCO₃): no map can show that."
    )
    return first, lines


def setting(n: dict[str, Any], r: Results) -> str:
    """What was done, in three sentences."""
    a = n["about"]
    counts = {arm: int((r.arrays["arm"] == arm).sum()) for arm in np.unique(r.arrays["arm"])}
    arms = ", ".join(f"{counts[k]} columns with carbonate {NAMES[k]}" for k in NAMES if k in counts)
    return (
        f"Virtual Europe: {a['world']}; {arms}. The first kind started with 10 % carbonate everywhere and lost what "
        f"{a['spin_up']} years of natural leaching removed; the second was drawn without regard to climate. Then "
        f"{horizon(n)} were run month by month with the emulator ({a['step']}) under every combination of drivers."
    )


def temporal(n: dict[str, Any], figures_time: list[Markup]) -> Markup:
    """Text, table and figures on the temporal truth."""
    t, s = n["temporal"], n["shapley"]
    gone = "practically for ever" if t["gone_with"] > 5e4 else f"another {t['gone_with']:,.0f} years (median)"
    rows = [[TITLES[d], grams(s["mean"][d])] for d in DRIVERS] + [["all together", grams(s["total"])]]
    listed = table(["driver, all on against all off", f"g C m⁻² in {horizon(n)}"], rows)
    bands = n["path"]["bands"]
    share = 100.0 * bands[0] / sum(bands) if sum(bands) else float("nan")
    return prose(
        f"In {t['columns']} calcareous columns nitrogen alone was changed. The topsoil's carbonate lasts {gone}; without "
        f"mineral nitrogen it lasts {100 * t['sooner']:.1f} % longer in the median. One mole of nitrogen's acid dissolves "
        f"{t['per_mole'][1]:.2f} mol of calcite (theory for an open system: 0.33-0.50), not 1: the rest of the acid displaces "
        f"carbonic acid that would have done the same work. Of nitrogen's effect {share:.0f} % "
        "falls on the plough layer. Sensitivity "
        "is defined per mole of acid, never per unit of pH: calcite buffers pH, so a slope on pH would divide by almost zero."
    ) + joined([Markup("<div>{}</div>").format(listed), *figures_time], "grid")


def space(n: dict[str, Any]) -> Markup:
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
    return prose(
        "Three models learn carbonate of the upper 30 cm from climate, soil, nitrogen and "
        "laboratory pH, and are scored on blocks "
        "of 2° that they never saw (1 perfect, 0 no better than the mean, below 0 worse). Importance: skill lost when a group of "
        "predictors is shuffled together. pH is a consequence of carbonate, not a cause; a "
        "model that relies on it reads the answer "
        "from the soil itself."
    ) + table(
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


def verdict(n: dict[str, Any]) -> Markup:
    """Text and table of forecasts against truth."""
    rows = []
    for arm, questions in n["verdict"].items():
        for q, title in QUESTIONS.items():
            v = questions[q]
            size = f"{ratio(v['ratio'])} ({ratio(v['ratio_low'])} to {ratio(v['ratio_high'])})"
            if not has_change(v):
                size = "– (no change)"
            rows.append(
                [
                    f"{NAMES[arm]}: {title}", grams(v["simulated"]), grams(v["predicted"]), size,
                    number(100 * v["signs"], ".0f", " %"), f"{v['rank']:+.2f}".replace("-", "−"),
                    f"{v['skill']:.2g}".replace("-", "−") if v["skill"] > -100 else "<\u00a0−100",
                    ratio(questions[q + " (ols)"]["ratio"]),
                ]
            )  # fmt: skip
    ranks = [x for a in n["attribution_rank"].values() for x in a.values()]
    link = "hardly" if max(abs(x) for x in ranks) < WEAK else "only partly" if max(ranks) < STRONG else "in part"
    wrong = [1.0 - v["nitrogen"]["signs"] for v in n["verdict"].values() if has_change(v["nitrogen"])]
    signs = f"{100 * min(wrong):.0f}-{100 * max(wrong):.0f} %" if len(wrong) > 1 else f"{100 * sum(wrong):.0f} %"
    return prose(
        "The question is put to the map as forecasts put it: change one predictor to its "
        "future value, read the new carbonate. "
        "Then the same change is made in the rollout of the same columns. A ratio of 1 means that space-for-time "
        "substitution holds. "
        f"For nitrogen the map has the wrong sign in {signs} of the places where it changes anything. Places where "
        f"the map calls a driver important are {link} those where it acts: rank correlations "
        f"of attributions {min(ranks):+.2f} to "
        f"{max(ranks):+.2f}."
    ) + table(
        [
            "landscape: question",
            "simulated, g C m⁻²",
            "predicted",
            "ratio (5-95 %)",
            "signs agree",
            "rank corr.",
            "skill",
            "ratio, OLS",
        ],
        rows,
    )


def write(folder: Path, r: Results) -> Path:
    """Write figures, results.json and report.html (temporary name, then renamed)."""
    n = r.numbers
    drawn = [figure(p, c) for c, p in figures.draw(folder / "figures", r).items()]
    first, lines = answer(n)
    page = render(
        Path(__file__).with_name("report.html"), first=first, lines=lines, setting=setting(n, r), temporal=temporal(n, drawn[:3]),
        space=space(n), verdict=verdict(n), figures_space=drawn[3:], checks=checks(n), made=made(n["about"]),
    )  # fmt: skip
    for name, text in (("results.json", json.dumps(n, indent=1, default=float)), ("report.html", page)):
        part = folder / f"{name}.part"
        part.write_text(text, encoding="utf-8")
        os.replace(part, folder / name)
    return folder / "report.html"
