"""A picture of a plot: laboratory pH and calcium through time by treatment, readings beside them.

What:    ``draw`` writes plot.png, a row of panels for each depth: pH, exchangeable calcium.
Units:   on the axes.
Use:     ``draw(result, Path("out/plot/plot.png"))``
"""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from ..offline.folder_lock import whole_file
from . import skill
from .simulate import Result

MOST_DEPTHS = 3


def _shown(result: Result, what: str) -> list[int]:
    """The depths that were read most often, from the surface down; the first ones without readings."""
    read = [skill.depth_of(r, result.site.depths) for r in result.site.readings if r.what == what]
    most = sorted(range(len(result.site.depths)), key=lambda d: -read.count(d))  # stable: the upper of two alike
    return sorted(most[:MOST_DEPTHS])


def _means(result: Result, what: str, treatment: str, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """Dates of readings and their means."""
    by: dict[float, list[float]] = {}
    for r in result.site.readings:
        if r.what == what and r.treatment == treatment and skill.depth_of(r, result.site.depths) == depth:
            by.setdefault(round(r.year, 1), []).append(r.value)
    return np.array(sorted(by)), np.array([np.mean(by[y]) for y in sorted(by)])


def draw(result: Result, path: Path) -> None:
    """The picture. pH as the readings were made: in CaCl2 where they were, else in water."""
    site = result.site
    read = {r.what for r in site.readings}
    acid = "ph_cacl2" if site.soil.cacl2 or read & {"ph_cacl2", "ph_h2o"} == {"ph_cacl2"} else "ph_h2o"
    columns = [
        (acid, "pH in 0.01 M CaCl$_2$" if acid == "ph_cacl2" else "pH in water"),
        ("ca_mmolc_kg", "Ca, mmol$_c$ kg$^{-1}$"),
    ]
    depths = _shown(result, acid)
    colours = plt.get_cmap("viridis")(np.linspace(0.0, 0.9, len(site.treatments)))
    drawing, axes = plt.subplots(
        len(depths), 2, figsize=(10.0, 1.0 + 3.1 * len(depths)), layout="constrained", squeeze=False, sharex=True
    )
    times = result.years + (site.month + 0.5) / 12
    for row, d in enumerate(depths):
        for c, (what, label) in enumerate(columns):
            panel = axes[row, c]
            table = skill.simulated(result, what)
            for j, name in enumerate(site.treatments):
                panel.plot(times, table[:, j, d], color=colours[j], lw=1.6, label=name if (row, c) == (0, 0) else None)
                panel.plot(*_means(result, what, name, d), "o", color=colours[j], ms=4, mec="white", mew=0.4)
            panel.set_ylabel(label, fontsize=9)
            panel.set_title(f"{100 * site.depths[d][0]:g}-{100 * site.depths[d][1]:g} cm", fontsize=9, loc="left")
            for side in ("top", "right"):
                panel.spines[side].set_visible(False)
    drawing.suptitle(site.name + (": lines simulated, dots measured (means)" if read else ""), fontsize=11, x=0.01, ha="left")
    drawing.legend(frameon=False, fontsize=8, ncol=min(6, len(site.treatments)), loc="outside lower center")
    with whole_file(path) as temporary:
        drawing.savefig(temporary, dpi=150, format="png")
    plt.close(drawing)
