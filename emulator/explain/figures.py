"""The five figures of the report, each with one message.

What:    the spatial law, drivers (Shapley), year and depth (integrated gradients), predicted against simulated, slope ratios.
Units:   g C m-2 on axes unless named; months and years as in the run.
Use:     ``paths = draw(folder, results)`` -> {caption: path}
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from . import compare
from .settings import Results
from .world import DRIVERS, TITLES

INK, WARM, COOL, GREEN = "#333333", "#b5542a", "#2f6690", "#5a7d4a"
COLOUR = {"emergent": COOL, "inherited": WARM, "survey": GREEN}
NAMES = {"emergent": "left by climate", "inherited": "inherited from rock", "survey": "as surveyed"}


def _axes(rows: int, columns: int, width: float, height: float) -> tuple[Any, Any, Any]:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": "#888888"})
    figure, axes = plt.subplots(rows, columns, figsize=(width, height), layout="constrained", squeeze=False)
    return plt, figure, axes


def _save(plt: Any, figure: Any, path: Path) -> Path:
    figure.savefig(path, dpi=150)
    plt.close(figure)
    return path


def shapley_bars(path: Path, r: Results) -> Path:
    """Mean Shapley value of each driver, by class of carbonate."""
    plt, figure, axes = _axes(1, 1, 5.4, 3.0)
    axis = axes[0, 0]
    content, values = r.arrays["shapley_caco3"], 1e3 * r.arrays["shapley"]
    classes = [(n, (content >= a) & (content < b)) for n, (a, b) in compare.CARBONATE.items()]
    classes = [(n, here) for n, here in classes if here.any()]
    height = 0.8 / max(len(classes), 1)
    for k, (name, here) in enumerate(classes):
        shade = plt.cm.YlOrBr(0.35 + 0.55 * k / max(len(classes) - 1, 1))
        y = np.arange(len(DRIVERS)) + (k - (len(classes) - 1) / 2) * height
        axis.barh(y, values[:, here].mean(1), height * 0.92, color=shade, label=f"{name} CaCO₃ (n = {here.sum()})")
    axis.axvline(0.0, color=INK, lw=0.8)
    axis.set_yticks(range(len(DRIVERS)), [TITLES[d] for d in DRIVERS])
    axis.invert_yaxis()
    axis.set_xlabel("change of carbonate carbon by the end, g C m⁻² (left: lost)")
    figure.legend(frameon=False, fontsize=7.5, ncols=min(3, len(classes)), loc="outside upper center")  # never over a bar
    return _save(plt, figure, path)


def years_and_depths(path: Path, r: Results) -> Path:
    """Which year's nitrogen dissolved carbonate at which depth."""
    plt, figure, axes = _axes(1, 1, 5.4, 3.0)
    axis = axes[0, 0]
    mean = -1e3 * r.arrays["by_year"].mean(0)  # [year, band]
    years = np.arange(1, len(mean) + 1)
    up, down = np.zeros(len(mean)), np.zeros(len(mean))
    for k, (name, colour) in enumerate((("0-25 cm", "#c98b4a"), ("25-75 cm", "#8f6b4e"), ("below 75 cm", "#4f4a4a"))):
        part = mean[:, k]
        axis.bar(years, part, 0.85, bottom=np.where(part >= 0, up, down), color=colour, label=name)
        up, down = up + np.maximum(part, 0), down + np.minimum(part, 0)
    axis.axhline(0.0, color=INK, lw=0.8)
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.set_xlabel("year in which the nitrogen was applied")
    axis.set_ylabel("loss by the end, g C m⁻²")
    axis.legend(
        frameon=False, fontsize=8, title="lost from", title_fontsize=8, ncols=3, loc="upper center", bbox_to_anchor=(0.5, 1.22)
    )
    return _save(plt, figure, path)


def space_against_time(path: Path, r: Results) -> Path:
    """What a map predicts against what the rollout simulates, per question."""
    questions = {"nitrogen": "no mineral nitrogen", "drainage": "drainage of a changed climate", "pH": "pH keeps its trend"}
    plt, figure, axes = _axes(1, 3, 10.2, 3.3)
    for axis, (question, title) in zip(axes[0], questions.items(), strict=True):
        everything = []
        for arm, colour in COLOUR.items():
            if f"predicted_{arm}_{question}" not in r.arrays:
                continue
            told, true = 1e3 * r.arrays[f"predicted_{arm}_{question}"], 1e3 * r.arrays[f"simulated_{arm}_{question}"]
            axis.plot(true, told, "o", ms=3, alpha=0.6, mew=0, color=colour, label=NAMES[arm])
            everything += [true, told]
        if not everything:
            continue
        low, high = float(np.concatenate(everything[::2]).min()), float(np.concatenate(everything[::2]).max())
        axis.plot([low, high], [low, high], color=INK, lw=0.9, label="space = time")
        axis.set_yscale("symlog", linthresh=max(10.0, high - low))
        axis.set_title(title, fontsize=9)
        axis.set_xlabel("simulated, g C m⁻²")
    axes[0, 0].set_ylabel("predicted from the map, g C m⁻²")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, fontsize=8, ncols=len(labels), loc="outside upper center")
    return _save(plt, figure, path)


def ratios(path: Path, r: Results) -> Path:
    """Slope ratio space over time by class, with block-bootstrap intervals."""
    plt, figure, axes = _axes(1, 2, 10.2, 3.2)
    for axis, kind in zip(axes[0], ("carbonate", "aridity"), strict=True):
        labels = list(compare.CARBONATE if kind == "carbonate" else compare.ARIDITY)
        for k, (arm, colour) in enumerate(COLOUR.items()):
            known = r.numbers["classes"].get(arm, {}).get("nitrogen", {}).get(kind, {})
            for label, v in known.items():
                if not np.isfinite(v["ratio"]):
                    continue
                x = labels.index(label) + 0.18 * (k - 1)
                axis.plot([x, x], [v["ratio_low"], v["ratio_high"]], color=colour, lw=1.6, alpha=0.7)
                axis.plot(x, v["ratio"], "o", ms=5, color=colour)
        for arm, colour in COLOUR.items():
            if arm in r.numbers["classes"]:
                axis.plot([], [], "o", color=colour, label=NAMES[arm])
        axis.axhline(1.0, color=INK, lw=0.9)
        axis.axhline(0.0, color="#aaaaaa", lw=0.6)
        axis.set_yscale("symlog", linthresh=2.0)
        axis.set_xticks(range(len(labels)), labels)
        axis.set_xlim(-0.5, len(labels) - 0.5)
    axes[0, 0].set_ylabel("effect of nitrogen,\npredicted / simulated")
    axes[0, 0].set_title("by carbonate content (line at 1: space-for-time substitution holds)", fontsize=9)
    axes[0, 1].set_title("by aridity", fontsize=9)
    axes[0, 0].legend(frameon=False, fontsize=7.5)
    return _save(plt, figure, path)


def spatial_law(path: Path, r: Results) -> Path:
    """Carbonate against pH in space, and the path of the same columns in time."""
    plt, figure, axes = _axes(1, 1, 5.4, 3.0)
    axis = axes[0, 0]
    if "ale_ph_x" in r.arrays:
        axis.plot(r.arrays["ale_ph_x"], r.arrays["ale_ph_y"], color=INK, lw=1.6, label="in space: real sites (ALE)")
    here = (r.arrays["arm"] == "inherited") & (r.arrays["caco3"] > 0.1)
    base = r.arrays["sic"][here].mean()
    moved = r.arrays["simulated_inherited_pH"][(r.arrays["caco3"][r.arrays["arm"] == "inherited"] > 0.1)]
    old, new = r.arrays["ph"][here], r.arrays["ph_new"][here]
    for k, (a, b, d, s) in enumerate(zip(old, new, moved, r.arrays["sic"][here], strict=True)):
        axis.annotate(
            "", (b, s + d - base), (a, s - base), arrowprops={"arrowstyle": "->", "color": WARM, "lw": 0.9, "alpha": 0.8}
        )
        if k == 0:
            axis.plot([], [], color=WARM, label="in time: one arrow a column")
    axis.plot(r.arrays["ph"], r.arrays["sic"] - base, ".", ms=2.5, color="#999999", zorder=0, label="in space: virtual columns")
    axis.set_xlim(4.3, 8.8)
    axis.set_ylim(min(-base * 1.1, -5.0), max(float(r.arrays["sic"].max() - base) * 1.05, 5.0))
    axis.set_xlabel("laboratory pH in water")
    axis.set_ylabel("SIC 0-30 cm, kg C m⁻²,\nless the mean")
    axis.legend(frameon=False, fontsize=8, loc="upper left")
    return _save(plt, figure, path)


def draw(folder: Path, r: Results) -> dict[str, Path]:
    """Write all figures; caption -> file."""
    folder.mkdir(parents=True, exist_ok=True)
    return {
        "In space carbonate rises with pH; in time a calcareous soil loses carbonate at almost constant pH (arrows are "
        "short or vertical).": spatial_law(folder / "spatial_law.png", r),
        "What each driver does when all are switched on: exact Shapley values, whole profile, inherited carbonate.": shapley_bars(
            folder / "shapley.png", r
        ),
        "Which year's nitrogen dissolved carbonate, and at which depth: integrated gradients.": years_and_depths(
            folder / "by_year.png", r
        ),
        "Predicted by the map (boosted trees) against the change simulated in the rollout; vertical axis linear near 0, "
        "logarithmic beyond.": space_against_time(folder / "space_time.png", r),
        "Effect of nitrogen, predicted over simulated, with 90 % intervals by drawing whole blocks.": ratios(
            folder / "ratios.png", r
        ),
    }
