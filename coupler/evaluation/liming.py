"""Sections of the validation page on the liming experiments: pH, calcium, subsoil, loss of lime, beside what was measured.

What:    ``liming(folder, config, out)`` simulates the experiments (field_trials.py) and makes figures, tables, verdicts.
Units:   pH in water; calcium mmol_c kg-1; losses kg CaCO3 ha-1 yr-1.
Limits:  fixed before the run: those of plot/skill.py for pH; the others below. One set of parameters for both sites.
Source:  field_trials.py; nothing is fitted: what the model is given is named there.
Use:     ``sections = liming(Path("my_data"), RunConfig(), Path("out/validation"))``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from markupsafe import Markup

from ...emulator.contract.pages import figure, joined, prose, table
from ..config import RunConfig
from ..plot import skill
from ..plot.picture import draw
from ..plot.simulate import Result
from . import field_trials
from .decomposition import decomposition
from .totals import Section, Verdict, judge

BIAS = (0.15, 0.30)  # of pH of limed plots: agrees, in part
SUBSOIL = (0.40, 0.60)  # rmse of pH, 23-46 cm
CALCIUM = (0.20, 0.30)  # rmse of exchangeable Ca against the capacity
WITHIN = (0.3, 0.0)  # skill against the mean of each level
FEW = 8  # readings; fewer of a level and depth have no line of their own
PLOUGHED = 0.26  # m; samples that end above belong to the plough layer
GIVEN = {True: "pH before the lime", False: "pH and bases before the lime"}


def within(value: float, limits: tuple[float, float]) -> str:
    """ "yes", "partly" or "no" for an error against two limits."""
    return "yes" if value <= limits[0] else "partly" if value <= limits[1] else "no"


def part(result: Result, what: str, *, top: bool, limed: bool = False) -> skill.Score:
    """Score of the plough layer or of 23-46 cm; ``limed``: without the plots that never got lime."""
    p = skill.pairs(result, what)
    keep = [
        (r.bottom < PLOUGHED if top else (round(r.top, 2), round(r.bottom, 2)) == (0.23, 0.46))
        and not (limed and r.treatment == "0")
        for r in p.readings
    ]
    return skill.score(skill.only(p, np.array(keep)))


def elsewhere(result: Result) -> skill.Score:
    """Score of the layers below the plough at other depths than 23-46 cm."""
    p = skill.pairs(result, "ph_h2o")
    keep = [r.bottom > PLOUGHED and (round(r.top, 2), round(r.bottom, 2)) != (0.23, 0.46) for r in p.readings]
    return skill.score(skill.only(p, np.array(keep)))


def verdicts(name: str, blind: bool, result: Result) -> list[Verdict]:
    """Of one experiment."""
    given = f"given {GIVEN[blind]}"
    top, limed, below = (
        part(result, "ph_h2o", top=True), part(result, "ph_h2o", top=True, limed=True), part(result, "ph_h2o", top=False)
    )  # fmt: skip
    other, calcium = elsewhere(result), part(result, "ca_mmolc_kg", top=True)
    capacity = 1e3 * float(result.start.capacity[0])
    lost, (low, high) = field_trials.loss(result), field_trials.TRIALS[name].loss
    ends = {judge(v, low, high) for v in lost.values()}
    beside = f"start stays {top.start_stays:.2f}, line {top.line:.2f}, level means {top.level_mean:.2f}, noise {top.noise:.2f}"
    return [
        Verdict(f"{name}: pH of the plough layer, {top.count} readings", beside, f"rmse {top.rmse:.2f}",
                within(top.rmse, (skill.AGREES, skill.PARTLY)), given),
        Verdict(f"{name}: pH of limed plots", "bias 0", f"bias {limed.bias:+.2f}", within(abs(limed.bias), BIAS), given),
        Verdict(f"{name}: change within each level", "skill 0 is the mean of each level", f"{top.skill:+.2f}",
                within(-top.skill, (-WITHIN[0], -WITHIN[1])), given),
        Verdict(f"{name}: pH at 23-46 cm, {below.count} readings", f"start stays {below.start_stays:.2f}",
                f"rmse {below.rmse:.2f}, bias {below.bias:+.2f}", within(below.rmse, SUBSOIL),
                f"{given}; all but eight readings are of 1978 and 1979, when every level read low at every depth"),
        Verdict(f"{name}: pH of other depths below the plough, {other.count} readings", f"start stays {other.start_stays:.2f}",
                f"rmse {other.rmse:.2f}, bias {other.bias:+.2f}", within(other.rmse, SUBSOIL), f"{given}; of 1963 and 1994"),
        Verdict(f"{name}: exchangeable Ca of the plough layer, {calcium.count} readings", f"noise {calcium.noise:.0f} mmolc kg⁻¹",
                f"rmse {100 * calcium.rmse / capacity:.0f} % of the capacity, bias {calcium.bias:+.0f} mmolc kg⁻¹",
                within(calcium.rmse / capacity, CALCIUM), given),
        Verdict(f"{name}: loss of Ca as CaCO₃, {field_trials.LOSS_YEARS[0]}-{field_trials.LOSS_YEARS[1]}",
                f"{low:.0f} to {high:.0f} kg ha⁻¹ yr⁻¹ from no lime to most lime (Bolton 1977)",
                f"{min(lost.values()):.0f} to {max(lost.values()):.0f}",
                "no" if "no" in ends else "partly" if "partly" in ends else "yes", given),
    ]  # fmt: skip


def rows(name: str, blind: bool, result: Result) -> list[list[str]]:
    """Lines of the table: each depth, and each level of those that were read most."""
    made = []
    for group, s in skill.scores(skill.pairs(result, "ph_h2o")).items():
        if "," in group and s.count <= FEW:
            continue
        numbers = [f"{x:.2f}" for x in (s.rmse, s.start_stays, s.line, s.level_mean, s.noise, s.skill)]
        made.append([f"{name}, {'pH' if blind else 'pH and bases'}", group, str(s.count), f"{s.bias:+.2f}", *numbers])
    return made


def liming(folder: Path, config: RunConfig, out: Path) -> list[Section]:
    """Rothamsted and Woburn, four lime levels each, with and without the bases that were found before the lime; their misses."""
    from ..library.model import Model

    with Model(config.bundle or None) as model:
        results = field_trials.simulate(folder, model)
        misses = decomposition(results, folder, model)
    body: list[list[str]] = []
    found: list[Verdict] = []
    drawn: list[Markup] = []
    for (name, blind), result in results.items():
        body += rows(name, blind, result)
        found += verdicts(name, blind, result)
        if not blind:
            path = out / f"liming_{name.lower()}.png"
            draw(result, path)
            drawn.append(figure(path, f"{name}: lines simulated from {GIVEN[blind]}, dots means of 8-16 plots."))
    head = [
        "site, given", "readings of", "n", "bias", "rmse", "start stays", "line", "level means", "noise", "skill",
    ]  # fmt: skip
    text = prose(
        "One set of parameters for both sites, none fitted. Given: texture, carbon, pH before the first lime, and from the "
        "archive of the experiments by year: lime and its dates, nitrogen and its form, crops and their yield by level, rain "
        "(of Rothamsted, for Woburn by the ratio of the stations), nitrogen of the air as measured at Rothamsted; with the "
        "second rows also the bases of the unlimed plots at the first sampling. Capacity by Helling et al. "
        "(1964) at pH 7, or the one at which those bases read that pH. Typical values stand for sulphur and for straw. "
        "Start stays: nothing happens. Line: one straight line through time for all levels. Level "
        "means: an oracle that knows the mean of each level; skill counts against it. All plots of a date read up to 0.3 higher "
        "or lower together, by the salt of their samples: that it gathers in summer is simulated, what years differ by is not. "
        "Which constants moved on 1 December 2026, and what each did: coupler/docs/results_log.md. What others reach: SAFE "
        "followed Geescroft Wilderness at Rothamsted from 1883 to 1991 without calibration (Sverdrup et al. 1995; its "
        "abstract states no error), RothLime (Goulding et al. 1989) was made with these very plots."
    )
    return [Section("Liming experiments", table(head, body, text=(0, 1)) + text + joined(drawn, "grid"), found), misses]
