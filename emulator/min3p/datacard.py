"""Data card of an ensemble: what was simulated, what failed and why, how well it closes, which ranges it covers.

What:    the card (Markdown) and ``coverage.png`` in the ensemble's folder, from its member records alone (no run is opened):
         how many, which were lost and why, closure against its limits, range covered of range designed, forms and layerings.
Units:   those of the parameter table.
Source:  the idea of data cards: Gebru et al. (2021, https://doi.org/10.1145/3458723).
Use:     ``path = datacard.write(folder)`` or ``calcisol ensemble --report --out DIR``
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from .acceptance import limit
from .design import FORMS
from .sampling import PARAMETERS, Parameter
from .store import EnsembleError, read_plan, records

_LOG = {"calcite_rate", "caco3", "mg_level", "na_level", "dispersivity", "drainage"}
"""Parameters whose histograms need a logarithmic axis."""
_TELLING = ("caco3", "calcite_rate", "nitrogen", "drainage")
"""Parameters shown beside a lost run: what it usually depends on."""


def _table(rows: list[list[str]], head: list[str]) -> list[str]:
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *("| " + " | ".join(r) + " |" for r in rows), ""]


def _quantiles(values: np.ndarray) -> list[str]:
    return [f"{q:.3g}" for q in np.quantile(values, [0.0, 0.05, 0.5, 0.95, 1.0])]


def _designed(parameter: Parameter) -> list[str]:
    low, high = _range(parameter)
    return [f"{low:.3g} to {high:.3g}"]


def _range(parameter: Parameter) -> tuple[float, float]:
    """Smallest and largest value that the parameter's law can give."""
    values = [float(parameter.law(u)) for u in np.linspace(0.0, 1.0, 201)]
    return min(values), max(values)


def _closure_row(name: str, good: list[dict[str, Any]]) -> list[str]:
    values = np.array([abs(float(r["checks"].get(name, 0.0))) for r in good])
    worst = good[int(values.argmax())]["index"]
    return [name, f"{np.median(values):.1e}", f"{values.max():.1e}", str(worst), f"{limit(name):.0e}"]


def _lost_row(record: dict[str, Any]) -> list[str]:
    values = record.get("parameters", {})
    reason = " ".join(str(record["reason"]).replace("|", "/").split())
    return [
        str(record["index"]),
        record["state"],
        reason[:160],
        *(f"{float(values[n]):.3g}" if n in values else "" for n in _TELLING),
    ]


def write(folder: Path) -> Path:
    """Write the card and return its path. Raises EnsembleError when the folder holds no record."""
    found = records(folder)
    if not found:
        raise EnsembleError(f"{folder} holds no member record; run `calcisol ensemble --out {folder}` first")
    plan = read_plan(folder)
    good = [r for r in found if r["state"] == "accepted"]
    states = Counter(r["state"] for r in found)
    sites = ", ".join(f"{name} log K_H {log_k:g}" for name, log_k in plan["sites"].items())
    share = 100.0 * (len(found) - len(good)) / len(found)
    versions = ", ".join(sorted({str(r.get("min3p_version", "?")) for r in found}))
    seconds = [r["wall_s"] for r in found]
    lines = [
        f"# Data card: {folder.name}",
        "",
        f"{len(found)} MIN3P runs of {plan['years']} years, design seed {plan['seed']}: {states['accepted']} accepted, "
        f"{states['refused']} refused by the budget checks, {states['failed']} failed ({share:.1f} % lost).",
        *([f"Twin: {plan['twin']}; `nitrogen` below is that of the members it is the twin of.", ""] if plan.get("twin") else []),
        f"MIN3P {versions}; exchange sites {sites}; {sum(seconds) / 3600.0:.2f} h of machine time, "
        f"median {np.median(seconds):.0f} s per run.",
        "",
    ]
    lost = [r for r in found if r["state"] != "accepted"]
    lines += ["## What was lost", ""]
    if lost:
        lines += _table([_lost_row(r) for r in lost], ["member", "state", "reason", *_TELLING])
    else:
        lines += ["Nothing.", ""]
    if good:
        lines += ["## How well the budgets close", ""]
        lines += [
            "Relative to throughput over the whole run; water to infiltration, protons to the acid turned over, pco2 in atm.",
            "",
        ]
        lines += _table(
            [_closure_row(name, good) for name in good[0]["checks"]], ["check", "median", "largest", "of member", "limit"]
        )
        lines += ["## Coverage of the accepted runs", ""]
        rows = [[f"`{p.name}`", p.unit, *_designed(p), *_quantiles(_values(good, p.name)), p.note] for p in PARAMETERS]
        lines += _table(rows, ["parameter", "unit", "designed", "min", "5 %", "median", "95 %", "max", "note"])
        grids = Counter(str(r["parameters"]["grid"]) for r in good)
        lines += ["Layerings: " + ", ".join(f"{k} {v}" for k, v in grids.most_common()) + ".", ""]
        mixed = [f"{f} {np.mean([float(r['parameters'].get(f'form_{f}', 0.0)) for r in good]):.0%}" for f in FORMS]
        lines += ["Nitrogen by form, mean of the members' shares: " + ", ".join(mixed) + ".", ""]
        if _plot(good, lost, folder / "coverage.png"):
            lines += [
                "![coverage](coverage.png)",
                "",
                "Blue: accepted runs; red ticks: lost ones; grey: the range of the design.",
                "",
            ]
    path = folder / "datacard.md"
    path.write_text("\n".join(lines))
    return path


def _values(rows: list[dict[str, Any]], name: str) -> np.ndarray:
    return np.array([float(r["parameters"][name]) for r in rows])


def _plot(good: list[dict[str, Any]], lost: list[dict[str, Any]], path: Path) -> bool:
    """Histogram of every parameter, lost members as ticks; False without matplotlib (the card is complete without it)."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return False
    columns = 6
    count = -(-len(PARAMETERS) // columns)
    figure = Figure(figsize=(2.2 * columns, 1.5 * count))
    figure.subplots_adjust(left=0.02, right=0.98, bottom=0.04, top=0.96, wspace=0.15, hspace=0.75)
    for i, parameter in enumerate(PARAMETERS):
        axis = figure.add_subplot(count, columns, i + 1)
        values = _values(good, parameter.name)
        gone = _values([r for r in lost if "parameters" in r], parameter.name)
        limits = np.array(_range(parameter))
        unit = f"{parameter.name} [{parameter.unit}]"
        if np.any(values <= 0.0) and limits[0] == 0.0:  # a share of the columns has none of it: counted, not drawn
            unit += f", {np.sum(values <= 0.0)} at 0"
            values, gone = values[values > 0.0], gone[gone > 0.0]
        if parameter.name in _LOG:
            unit = f"log10 {unit}"
            limits[0] = limits[0] or np.min([parameter.law(u) for u in np.linspace(0.0, 1.0, 201) if parameter.law(u) > 0.0])
            values, gone, limits = (np.log10(v[v > 0.0]) for v in (values, gone, limits))
        axis.axvspan(*limits, color="#eeeeee", zorder=0)
        axis.hist(values, bins=16, range=tuple(limits), color="#4477aa", zorder=2)
        axis.plot(gone, np.zeros_like(gone), "|", color="#cc3311", markersize=12, clip_on=False, zorder=3)
        axis.set_title(unit, fontsize=6.5)
        axis.tick_params(labelsize=6)
        axis.set_yticks([])
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=110)
    return True
