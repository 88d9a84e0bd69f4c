"""Data card of an ensemble: what was simulated, what failed and why, how well it closes, which ranges it covers.

What:    ``datacard.md`` and ``coverage.png`` in the ensemble's folder, from its member records alone (no simulation is opened).
Units:   those of the parameter table.
Source:  the idea of data cards: Gebru et al. (2021, https://doi.org/10.1145/3458723).
Use:     ``path = datacard.write(folder)`` or ``calcisol ensemble --report --out DIR``
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from .min3p.store import EnsembleError, read_plan, records
from .sampling import PARAMETERS

_LOG = {"calcite_rate", "caco3", "mg_level", "na_level", "dispersivity", "drainage"}
"""Parameters whose histograms need a logarithmic axis."""


def _table(rows: list[list[str]], head: list[str]) -> list[str]:
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *("| " + " | ".join(r) + " |" for r in rows), ""]


def _quantiles(values: np.ndarray) -> list[str]:
    return [f"{q:.3g}" for q in np.quantile(values, [0.0, 0.05, 0.5, 0.95, 1.0])]


def write(folder: Path) -> Path:
    """Write the card and return its path. Raises EnsembleError when the folder holds no record."""
    found = records(folder)
    if not found:
        raise EnsembleError(f"{folder} holds no member record; run `calcisol ensemble --out {folder}` first")
    plan = read_plan(folder)
    good = [r for r in found if r["state"] == "accepted"]
    states = Counter(r["state"] for r in found)
    share = 100.0 * (len(found) - len(good)) / len(found)
    versions = ", ".join(sorted({str(r.get("min3p_version", "?")) for r in found}))
    seconds = [r["wall_s"] for r in found]
    lines = [
        f"# Data card: {folder.name}",
        "",
        f"{len(found)} MIN3P runs of {plan['years']} years, design seed {plan['seed']}: {states['accepted']} accepted, "
        f"{states['refused']} refused by the budget checks, {states['failed']} failed ({share:.1f} % lost).",
        f"MIN3P {versions}; exchange sites {plan['sites']}; {sum(seconds) / 3600.0:.2f} h of machine time, "
        f"median {np.median(seconds):.0f} s per run.",
        "",
    ]
    lost = [r for r in found if r["state"] != "accepted"]
    if lost:
        lines += ["## What was lost", ""]
        lines += _table([[str(r["index"]), r["state"], r["reason"][:120]] for r in lost], ["member", "state", "reason"])
    if good:
        lines += ["## How well the budgets close (largest over accepted runs, relative to throughput)", ""]
        names = list(good[0]["checks"])
        lines += _table([[n, f"{max(abs(r['checks'].get(n, 0.0)) for r in good):.1e}"] for n in names], ["check", "largest"])
        lines += ["## Coverage", ""]
        rows = [[p.name, p.unit, *_quantiles(_values(good, p.name)), p.note] for p in PARAMETERS]
        lines += _table(rows, ["parameter", "unit", "min", "5 %", "median", "95 %", "max", "note"])
        grids = Counter(str(r["parameters"]["grid"]) for r in good)
        lines += ["Layerings: " + ", ".join(f"{k} {v}" for k, v in grids.most_common()) + ".", ""]
        if _plot(good, lost, folder / "coverage.png"):
            lines += ["![coverage](coverage.png)", ""]
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
    figure = Figure(figsize=(2.2 * columns, 1.5 * count), layout="constrained")
    for i, parameter in enumerate(PARAMETERS):
        axis = figure.add_subplot(count, columns, i + 1)
        values = _values(good, parameter.name)
        gone = _values([r for r in lost if "parameters" in r], parameter.name)
        if parameter.name in _LOG:
            values, gone = (np.log10(np.maximum(v, 1e-2 if parameter.name == "caco3" else 1e-12)) for v in (values, gone))
        axis.hist(values, bins=16, color="#4477aa")
        axis.plot(gone, np.zeros_like(gone), "|", color="#cc3311", markersize=12, clip_on=False)
        axis.set_title(("log10 " if parameter.name in _LOG else "") + f"{parameter.name} [{parameter.unit}]", fontsize=7)
        axis.tick_params(labelsize=6)
        axis.set_yticks([])
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=110)
    return True
