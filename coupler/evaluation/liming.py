"""Section of the validation page on the liming experiments: pH, bases at a pH, loss of lime, beside what was measured.

What:    ``liming(folder, config, out)`` simulates the experiments (field_trials.py) and makes figures, table, verdicts.
Units:   pH in water; bases mmol_c kg-1; losses kg CaCO3 ha-1 yr-1.
Source:  field_trials.py; nothing is fitted to pH: what the model is given is named there.
Use:     ``section = liming(Path("my_data"), RunConfig(), Path("out/validation"))``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from markupsafe import Markup

from ...emulator.contract.pages import figure, joined, prose, table
from ..config import RunConfig
from . import field_trials
from .totals import Section, Verdict, judge

PH_GOOD = 0.5  # rmse of yearly means of pH: spread of the plots of one level and year is about 0.3
BASES_GOOD = 0.1  # of the exchange capacity: sampling and the ammonium acetate method (acetate against nitrate: 5-10 %)
SHOWN = ("0", "L", "M")  # acetate also dissolves lime that is left in the soil of H

NOTES = {
    "Rothamsted": "order, fall and recovery of the levels come out. The limes of 1978-1986 raised pH half as much as that of "
    "1962 (M: 13 t from 5.3 to 6.7, 10 t from 5.0 to 7.0); the model lets equal lime do equal work, and is too high there",
    "Woburn": "a year after liming the plots' own exchangeable bases held 70 % of the lime (at Rothamsted 90 %); the model keeps "
    "all of it in the plough layer, so M and H stay limed too long",
}


def pictures(series: dict[str, field_trials.Series], out: Path) -> list[Markup]:
    """Figures of the section, as HTML: pH through time by site, and bases against pH of both."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    years = np.arange(field_trials.FIRST, field_trials.LAST + 1)
    colours = dict(
        zip(field_trials.LEVELS, plt.get_cmap("viridis")(np.linspace(0.05, 0.85, len(field_trials.LEVELS))), strict=True)
    )
    made = []
    for name, site in series.items():
        drawing, axes = plt.subplots(figsize=(6.6, 4.4), layout="constrained")
        for level, colour in colours.items():
            axes.plot(years, site.ph[level], color=colour, lw=1.8, label=f"{level}: {sum(site.lime[level].values()):.1f} t")
            axes.plot(*site.measured[level], "o", color=colour, ms=4)
        axes.set_title(f"{name}: pH of the plough layer by lime spread 1962-1994", fontsize=11, loc="left")
        axes.set_ylabel("pH in water (points measured, lines simulated)", fontsize=9)
        drawing.legend(frameon=False, fontsize=9, ncol=4, loc="outside lower center", title="CaCO$_3$ per ha", title_fontsize=9)
        made.append(
            (
                drawing,
                f"liming_{name.lower()}.png",
                f"{name}, {field_trials.SITES[name].note}: means of 8-16 plots and the same lime.",
            )
        )
    drawing, panels = plt.subplots(1, len(series), figsize=(6.6, 4.0), layout="constrained", sharey=True)
    for axes, (name, site) in zip(panels, series.items(), strict=True):
        for level in SHOWN:
            seen, held = site.bases[level]
            ph = dict(zip(*(x.tolist() for x in site.measured[level]), strict=True))
            at = seen - field_trials.FIRST
            axes.plot([ph[y] for y in seen.tolist()], held * 1e3, "o", color=colours[level], ms=5, label=level)
            axes.plot(site.ph[level][at], site.held[level][at] * 1e3, "x", color=colours[level], ms=6, mew=1.5)
        axes.set_title(name, fontsize=11, loc="left")
        axes.set_xlabel("pH in water", fontsize=9)
    panels[0].set_ylabel("exchangeable Ca + Mg + K, mmol$_c$ kg$^{-1}$", fontsize=9)
    drawing.legend(
        *panels[0].get_legend_handles_labels(), frameon=False, fontsize=9, ncol=3, loc="outside lower center", title="lime level"
    )
    made.append((drawing, "bases.png", "Bases on the exchanger at each pH: dots measured, crosses simulated, same years."))
    found = []
    for drawing, file, caption in made:
        for axes in drawing.axes:
            for side in ("top", "right"):
                axes.spines[side].set_visible(False)
        drawing.savefig(out / file, dpi=150)
        plt.close(drawing)
        found.append(figure(out / file, caption))
    return found


def bases_error(site: field_trials.Series) -> float:
    """Root mean square error of the bases of SHOWN over the years measured, as a share of the capacity."""
    off = [site.held[k][site.bases[k][0] - field_trials.FIRST] - site.bases[k][1] for k in SHOWN]
    return float(np.sqrt(np.mean(np.concatenate(off) ** 2))) / site.capacity


def verdicts(name: str, site: field_trials.Series) -> list[Verdict]:
    """pH, bases and losses of one experiment."""
    errors = field_trials.errors(site)
    worst = max(e[1] for e in errors.values())
    rmse = float(np.sqrt(np.mean([e[1] ** 2 for e in errors.values()])))
    lost, (low, high) = field_trials.loss(site), field_trials.SITES[name].loss
    ends = {judge(v, low, high) for v in lost.values()}
    share = bases_error(site)
    return [
        Verdict(
            f"{name}: pH of four lime levels, 1962-1994",
            "means of 8-16 plots a year",
            f"rmse {rmse:.2f} (worst level {worst:.2f}); without lime {errors['0'][0]:+.2f}",
            "yes" if worst <= PH_GOOD else "partly" if rmse <= 2 * PH_GOOD else "no",
            NOTES[name],
        ),
        Verdict(
            f"{name}: exchangeable bases of levels {', '.join(SHOWN)}, 1963-1994",
            "means of 8-16 plots a year",
            f"rmse {100 * share:.0f} % of the capacity",
            "yes" if share <= BASES_GOOD else "partly" if share <= 2 * BASES_GOOD else "no",
            "capacity as measured on the most limed plots, all else predicted",
        ),
        Verdict(
            f"{name}: loss of CaCO₃ from the plough layer, {field_trials.LOSS_YEARS[0]}-{field_trials.LOSS_YEARS[1]}",
            f"{low:.0f} to {high:.0f} kg ha⁻¹ yr⁻¹ from no lime to most lime (Bolton 1977)",
            f"{min(lost.values()):.0f} to {max(lost.values()):.0f}",
            "no" if "no" in ends else "partly" if "partly" in ends else "yes",
            "theirs is exchangeable calcium alone, here lime left in the soil counts with it",
        ),
    ]


def liming(folder: Path, config: RunConfig, out: Path) -> Section:
    """Rothamsted and Woburn, four lime levels each."""
    series = field_trials.simulate(folder, config)
    body, found = [], []
    for name, site in series.items():
        lost, react = field_trials.loss(site), field_trials.errors(site, lime_reacts=True)
        for level, (bias, rmse, count) in field_trials.errors(site).items():
            lime = sum(site.lime[level].values())
            numbers = [str(count), f"{bias:+.2f}", f"{rmse:.2f}", f"{react[level][1]:.2f}", f"{lost[level]:.0f}"]
            body.append([name, level, f"{lime:.1f}", *numbers])
        found += verdicts(name, site)
    head = [
        "site",
        "lime level",
        "t CaCO₃ ha⁻¹ in all",
        "years",
        "bias of pH",
        "rmse of pH",
        "rmse, lime left reacts",
        "CaCO₃ lost, kg ha⁻¹ yr⁻¹",
    ]
    text = prose(
        "Given: lime and its dates, texture, pH before the first lime, exchange capacity (bases of the most limed plots). "
        "Typical values stand for nitrogen and deposition, which the archives do not hold. Not given: pH or bases after 1962. "
        "A suspension is read within minutes; lime left in the soil, coarse enough that after 20 t ha⁻¹ pH went on rising for "
        "three to six years (Bolton 1977), is taken not to react in it. If it did, soil with any lime left would read 8.2 "
        "(next to last column). The truth lies between: half a year after the first lime the plots read more than the line."
    )
    return Section("Liming experiments", table(head, body) + text + joined(pictures(series, out), "grid"), found)
