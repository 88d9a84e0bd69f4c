"""What the misses of the liming trials are made of: which part of the model, and which single change moves which of them.

What:    ``parts`` splits the error of pH of each lime level into that of the exchanger (pH of the *measured* bases in the model's
         laboratory), that of the budget of bases, and what all levels of a date share; ``CHANGES``, one at a time, by ``moved``.
Units:   pH; t ha-1 and shares in the names of the changes. Shapes (reading,).
Source:  each change is a range that the file it stands in cites (land/, plot/); nothing is chosen by what it does here.
Use:     ``section = decomposition(results, folder, model)``, with the results of field_trials.simulate
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ...emulator.contract.pages import prose, table
from ..plot import skill, suspension
from ..plot.simulate import Result, simulate
from ..plot.site import CATIONS, Line, Site
from . import field_trials
from .totals import Section

PLOUGHED = 0.26  # m; samples that end above belong to the plough layer
EARLY = 1976.0  # the second liming began in 1978
Change = Callable[[Site], Site]


def _parameters(**factors: float) -> Change:
    return lambda site: replace(site, parameters=replace(site.parameters, **factors))


def _lines(of: Callable[[Line], Line]) -> Change:
    return lambda site: replace(site, lines=tuple(of(x) for x in site.lines))


def _soil(of: Callable[[Any], dict[str, Any]]) -> Change:
    return lambda site: replace(site, soil=replace(site.soil, **of(site.soil)))


def _deeper(site: Site) -> Site:
    lines = tuple(x if np.isnan(x.plough) else replace(x, plough=x.plough + 0.05) for x in site.lines)
    return replace(site, plough=site.plough + 0.05, lines=lines)


def _less_humus(site: Site) -> Site:
    end = Line(site.treatments, (site.years[1], site.years[1]), 0, carbon=0.8 * float(site.soil.carbon[0]))
    return replace(site, lines=(*site.lines, end))


def _more_nitrogen(line: Line) -> Line:
    return replace(line, nitrogen=1.5 * line.nitrogen)


def _straw_stays(line: Line) -> Line:
    return replace(line, crop="cereal_grain" if line.crop == "cereal_grain_and_straw" else line.crop)


CHANGES: dict[str, Change] = {
    "lime as powder": _lines(lambda x: replace(x, kind="calcium_carbonate") if x.lime else x),
    "lime as hard ground limestone": _lines(lambda x: replace(x, kind="ground_limestone") if x.lime else x),
    "a fifth less lime arrives": _parameters(lime_factor=0.8),
    "ploughed 5 cm deeper": _deeper,
    "capacity a fifth smaller (pH given alone)": _parameters(cec_factor=0.8),
    "proton sites 0.7 of the capacity": _parameters(cec_variable=0.7),
    "read at 1:5, not 1:2.5": _soil(lambda s: {"ratio": 5.0}),
    "half as much sulphur again": _parameters(sulphur_factor=1.5),
    "half as much nitrogen again": _lines(_more_nitrogen),
    "straw stays": _lines(_straw_stays),
    "organic carbon falls by a fifth": _less_humus,
    "weathering doubled": _parameters(weathering_factor=2.0),
    "aluminium held as by organic matter": _soil(lambda s: {"aluminium": np.full_like(s.aluminium, -0.7)}),
    "drainage x 1.3": _parameters(drainage_factor=1.3),
    "respiration x 1.5": _parameters(respiration_factor=1.5),
}
MEASURES = ("rmse", "bias 0", "bias L", "bias M", "bias H", "bias to 1975", "bias from 1978", "subsoil rmse", "subsoil bias")


def measures(result: Result) -> dict[str, float]:
    """The misses of one run by treatment, time and depth, by name of MEASURES."""
    p = skill.pairs(result, "ph_h2o")
    off = p.simulated - p.measured
    top = np.array([r.bottom < PLOUGHED for r in p.readings])
    below = np.array([(round(r.top, 2), round(r.bottom, 2)) == (0.23, 0.46) for r in p.readings])
    early = np.array([r.year < EARLY for r in p.readings])
    level = np.array([r.treatment for r in p.readings])
    values = [float(np.sqrt(np.mean(off[top] ** 2)))]
    values += [float(off[top & (level == x)].mean()) for x in field_trials.LEVELS]
    values += [float(off[top & early].mean()), float(off[top & ~early].mean())]
    values += [float(np.sqrt(np.mean(off[below] ** 2))), float(off[below].mean())]
    return dict(zip(MEASURES, values, strict=True))


def _means(result: Result, what: str) -> dict[tuple[str, float, float], tuple[float, float]]:
    """Measured and simulated mean of the plots of a level and date, plough layer."""
    p = skill.pairs(result, what)
    groups: dict[tuple[str, float, float], list[tuple[float, float]]] = {}
    for r, m, s in zip(p.readings, p.measured, p.simulated, strict=True):
        if r.bottom < PLOUGHED:
            groups.setdefault((r.treatment, round(r.year, 2), r.bottom), []).append((m, s))
    return {k: (float(np.mean(v, 0)[0]), float(np.mean(v, 0)[1])) for k, v in groups.items()}


def parts(result: Result, model: Any) -> list[list[str]]:
    """Rows of a table: level, mean error of pH, of which exchanger and budget; only dates with bases and pH."""
    ph, bases = _means(result, "ph_h2o"), {ion: _means(result, f"{ion}_mmolc_kg") for ion in CATIONS}
    keys = [k for k in ph if k in bases["ca"] and k in bases["mg"] and k in bases["k"]]
    charge = {"ca": 2e3, "mg": 2e3, "k": 1e3, "na": 1e3}
    held = {ion: np.array([bases[ion].get(k, (0.0, 0.0)) for k in keys]) / charge[ion] for ion in CATIONS}
    for ion, kept in result.start.aside.items():  # what no exchanger sees, in what was measured as in what was simulated
        held[ion] = np.maximum(held[ion][:, [1, 1]] - kept[0], 0.0)
    one = np.ones(len(keys))
    guess = {"pco2": 4e-4 * one, "ph": 6.0 * one, "ionic_strength": 3e-3 * one, **{f"site_{i}": 0.0 * one for i in (1, 2, 3)}}
    capacity, variable = result.ground.capacity[0] * one, result.ground.variable[0] * one
    read = [
        suspension.read(model, {ion: x[:, i] for ion, x in held.items()}, capacity, variable, guess, result.site.soil.ratio)[0]
        for i in (0, 1)  # of the bases that were measured, and of those simulated
    ]
    measured, simulated = np.array([ph[k] for k in keys]).T
    level = np.array([k[0] for k in keys])
    made = []
    for name in field_trials.LEVELS:
        here = level == name
        columns = (simulated - measured, read[0] - measured, read[1] - read[0], simulated - read[1])
        made.append([name, str(int(here.sum())), *(f"{x[here].mean():+.2f}" for x in columns)])
    return made


KINDS = ("all", "levels", "dates", "levels by date", "plots")


def kinds(result: Result) -> list[float]:
    """Root mean squares of the error of pH in the plough layer, (kind,): all of it; mean of each level; what all levels of a date
    miss together beside that; what is left of the means of level and date; spread of the plots around those.
    """
    p = skill.pairs(result, "ph_h2o")
    top = np.array([r.bottom < PLOUGHED for r in p.readings])
    off = (p.simulated - p.measured)[top]
    level = np.array([r.treatment for r in p.readings])[top]
    date = np.array([round(r.year, 2) for r in p.readings])[top]

    def means(x: np.ndarray, *keys: np.ndarray) -> np.ndarray:
        """Of readings that share their keys."""
        _, at = np.unique(np.stack([k.astype(str) for k in keys]), axis=1, return_inverse=True)
        return (np.bincount(at.ravel(), x) / np.bincount(at.ravel()))[at.ravel()]

    cells, levels = means(off, level, date), means(off, level)
    dates = means(cells - levels, date)
    return [float(np.sqrt(np.mean(x**2))) for x in (off, levels, dates, cells - levels - dates, off - cells)]


def moved(folder: Path, name: str, base: dict[bool, Result], model: Any) -> list[list[str]]:
    """Rows of a table: what each change does to each miss of an experiment; first row: the misses."""
    start = {blind: measures(r) for blind, r in base.items()}
    made = [[name, "as it is", *(f"{start[False][k]:+.2f}" if "bias" in k else f"{start[False][k]:.2f}" for k in MEASURES)]]
    for label, change in CHANGES.items():
        blind = "given alone" in label
        found = measures(simulate(change(field_trials.plots(name, folder, blind=blind)), model))
        made.append([name, label, *(f"{found[k] - start[blind][k]:+.2f}" for k in MEASURES)])
    return made


def decomposition(results: dict[tuple[str, bool], Result], folder: Path, model: Any) -> Section:
    """Tables of both experiments."""
    rows, split, apart = [], [], []
    for name in field_trials.TRIALS:
        base = {blind: results[name, blind] for blind in (True, False)}
        rows += moved(folder, name, base, model)
        split += [[name, *row] for row in parts(base[False], model)]
        for blind, given in ((True, "pH"), (False, "pH and bases")):
            apart.append([name, given, *(f"{x:.2f}" for x in kinds(base[blind]))])
    first = table(["site", "level", "dates", "error of pH", "exchanger", "budget of bases", "salt and rest"], split, text=(0, 1))
    second = table(["site", "one change at a time", *MEASURES], rows, text=(0, 1))
    third = table(["site", "given", *KINDS], apart, text=(0, 1))
    text = prose(
        "Given pH and bases before the lime. Exchanger: the model's laboratory reads the bases that were measured; what it "
        "misses then no budget can correct. Budget: what the simulated bases read against the measured ones. Salt and rest: "
        "nitrate, chloride and sulphate that are in the simulated sample. What the exchanger misses at Woburn is its shape: it "
        "fills at pH 6.3, where that of Appelo (1994) still holds protons (coupler/docs/results_log.md)."
    )
    kinds_text = prose(
        "Root mean squares whose squares add up to that of all: the mean error of each level; what all levels of a date miss "
        "together (season and salt of the sample); what is left of the means of level and date (the course of each level: lime "
        "and acid); the spread of the plots of one level and date, which no model of means can meet."
    )
    return Section("What the misses are made of", third + kinds_text + first + text + second, [])
