"""The picture of dynamic_ph.py: pH over the years, and what it changes in the host's nitrogen.

Use:     ``draw(cases, kept)`` writes dynamic_ph.png
"""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from formulas import MODELS
from matplotlib import pyplot as plt

mpl.use("Agg")
COLOURS = ("#1b6ca8", "#c8553d", "#4f7942")
SOILS = ("loam, pH 6.5", "calcareous loam, 2 % CaCO$_3$, pH 7.5")
FLUXES = (("nh3", "NH$_3$"), ("n2o", "N$_2$O"), ("leached", "NO$_3$ leached"), ("gpp", "GPP"))
LEAST = 0.05  # kg N ha-1 a-1: a change of less is of no interest, however large relative to it


def draw(cases: list[tuple], kept: dict[str, np.ndarray]) -> None:
    """Upper row: pH read by the host, map and dynamic; lower row: change by reading ours, last five years."""
    figure, axes = plt.subplots(2, 2, figsize=(10.5, 7.2), constrained_layout=True, height_ratios=(1.1, 1.0))
    years = np.arange(1, len(kept["ph"]) + 1)
    for s, soil in enumerate(SOILS):
        upper, lower = axes[0][s], axes[1][s]
        for i, (a, m, f, mode) in enumerate(cases):
            if a == s and mode == 2:
                upper.plot(years, kept["ph"][:, i], color=COLOURS[m], lw=1.6, ls="-" if f else (0, (4, 2)))
            if a == s and mode == 0 and m == 0 and f == 0:
                upper.plot(years, kept["ph"][:, i], color="0.35", lw=1.2, ls=":")
        upper.set_title(soil, loc="left", fontsize=11)
        upper.set_xlabel("year")
        upper.set_ylabel("pH of the topsoil's pore water")
        for m, model in enumerate(MODELS):
            index = {mode: cases.index((s, m, 1, mode)) for mode in (0, 2)}
            for k, (name, _) in enumerate(FLUXES):
                map_, dynamic = (kept[name][-5:, index[mode]].mean() for mode in (0, 2))
                if 10.0 * map_ < LEAST:
                    continue
                change = 100.0 * (dynamic / map_ - 1.0)
                at = k + 0.26 * (m - 1)
                lower.bar(at, change, 0.24, color=COLOURS[m], label=model.name if k == 1 else None)
                text, above = f"{round(change):+d}".replace("+0", "0"), change >= 0
                style = {"ha": "center", "va": "bottom" if above else "top", "fontsize": 7.5, "color": "0.25"}
                lower.annotate(text, (at, change), (0, 3 if above else -3), textcoords="offset points", **style)
        lower.axhline(0.0, color="0.2", lw=0.8)
        lower.margins(y=0.15)
        lower.set_xticks(range(len(FLUXES)), [label for _, label in FLUXES])
        lower.set_ylabel("change by reading our pH, %")
        for ax in (upper, lower):
            ax.spines[["top", "right"]].set_visible(False)
    axes[0][0].plot([], [], color="0.35", ls=":", label="map (static)")
    axes[0][0].plot([], [], color="0.35", label="dynamic, 150 kg N ha$^{-1}$ a$^{-1}$")
    axes[0][0].plot([], [], color="0.35", ls=(0, (4, 2)), label="dynamic, no fertiliser")
    axes[0][0].legend(frameon=False, fontsize=8.5)
    axes[1][0].legend(frameon=False, fontsize=8.5, title="with fertiliser", title_fontsize=8.5)
    figure.savefig("dynamic_ph.png", dpi=150)
