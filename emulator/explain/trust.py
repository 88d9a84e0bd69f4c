"""How far the report can be trusted: what was checked and what came out, as list items; misses are named.

What:    gradients against differences, sums of attributions, other members, random weights, MIN3P, limits.
Units:   percent and rank correlations; named in the text.
Use:     ``checks(numbers)`` -> sentences; ``made(numbers["about"])``
"""

from __future__ import annotations

from typing import Any

from .words import WEAK, asked_of_maps, proved_right, ratio


def members(m: dict[str, Any], own: dict[str, Any]) -> list[str]:
    """Whether other emulators say the same; what random weights leave of the network."""
    own_right = sum(proved_right(v) for *_, v in asked_of_maps(own))
    lines = []
    for name, verdicts in m["verdict"].items():
        asked = asked_of_maps(verdicts)
        nitrogen = ", ".join(ratio(verdicts[arm]["nitrogen"]["ratio"]) for arm in verdicts)
        true = sum(proved_right(v) for *_, v in asked)
        lines.append(f"{name} {true} of {len(asked)} (nitrogen, predicted over simulated: {nitrogen})")
    others = "; ".join(lines)
    ranks = ", ".join(f"{k} {v:.2f}" for k, v in m["tau"].items())
    first = ", ".join(ratio(own[arm]["nitrogen"]["ratio"]) for arm in own)
    items = [f"Ranks of nitrogen's effect against the explained emulator (Kendall's tau): {ranks}."]
    if others:
        items.append(
            f"The whole comparison with other emulators, each on its own landscapes; forecasts that proved right: {others}; "
            f"the explained one {own_right} of {len(asked_of_maps(own))} ({first})."
        )
    if "random" in m:
        x = m["random"]
        fate = "nothing of it is left" if abs(x["part"]) < WEAK else "this is NOT destroyed"
        items.append(
            f"The network's own part is {100 * x['network_share']:.1f} % of nitrogen's effect; with shuffled weights {fate} "
            f"(rank correlation {x['part']:+.2f}). The whole effect keeps {x['whole']:+.2f}: "
            "it comes from the physics, not from the weights."
        )
    return items


def reference_model(n: dict[str, Any]) -> list[str]:
    """Agreement with fresh MIN3P runs, or a note that there were none."""
    if "reference_model" not in n:
        return [
            "MIN3P was not run (MIN3P_EXE not set or switched off); the physical step B0 above is the only independent check."
        ]
    runs = n["reference_model_runs"]
    found = "; ".join(
        f"{name}: signs agree in {100 * x['signs']:.0f} %, rank correlation {x['rank']:.2f}, emulated over MIN3P "
        f"{x['ratio']:.2f}, median error {100 * x['median_error']:.1f} %"
        for name, x in n["reference_model"].items()
    )
    x = next(iter(n["reference_model"].values()))
    return [
        f"MIN3P run again on {x['columns']} columns outside the training set, {runs['years']} years with and without nitrogen "
        f"({x['failed']} refused; runs {runs['sha256']['with'][:8]}, {runs['sha256']['without'][:8]}). Effect of nitrogen on "
        f"calcite, {found}."
    ]


def checks(n: dict[str, Any]) -> list[str]:
    """What was checked, with what came out; misses are named."""
    t, p, window = n["temporal"]["agreement"], n["path"], n["temporal"]["window"]
    items = [
        f"Gradient through {window * 12} months against finite difference: median gap {100 * t['median']:.2g} %, within 10 % in "
        f"{100 * t['within_10']:.0f} % of the columns (target: within 10 %).",
        f"Shapley values sum to the total within {n['shapley']['gap']:.0e} kg C m⁻². Integrated gradients: completeness error "
        f"{100 * p['completeness_median']:.2g} % in the median, {100 * p['completeness_max']:.2g} % at worst; within 1 % in "
        f"{100 * p['within_1']:.0f} % of {p['columns']} columns (target: 1 %), {p['cut']} of them with the path cut finer.",
        *members(n["members"], n["verdict"]),
        *reference_model(n),
        f"{100 * n['outside']:.0f} % of cell-months lay outside the ranges the network was trained on; there the physical step "
        "answers alone. Drivers are additive in the forcing: nitrogen's own rates do not respond to the changed climate. "
        "Warming, drainage and lime are reference magnitudes for comparison, not projections. No dolomite, erosion, irrigation.",
    ]
    return items


def made(about: dict[str, Any]) -> str:
    """How long it took, by stage."""
    slow = sorted(about["stages"].items(), key=lambda x: -x[1])[:4]
    where = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in slow)
    return f"calcisol explain, {about['seconds']:.0f} s of wall time ({where}). All numbers: results.json."
