"""What a forcing file holds of every input of the contract, and what is wrong with it, one sentence each.

What:    ``survey`` goes once through a file: a Finding per input (given, converted, defaulted, derived, missing, out of
         range, faulty), the columns that are land, and what is left out. ``calcisol check`` prints it;
         ``calcisol run`` starts from the same survey.
Units:   the contract's. Values are read block by block, so a file of any size can be looked at.
Source:  emulator/contract/variables.toml for ranges and defaults.
Use:     ``with ForcingFile(path) as f: print(*(x.line() for x in survey(f).findings), sep="\\n")``; ``describe(f)`` on the layout
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from ...emulator.contract.variables import Variable
from . import land_model_budget, layout, nitrogen, read, water_phases
from .consistent import too_full, too_much
from .counts import WATER, Counts, count
from .fault import ForcingError
from .inputs import join_thin, values
from .names import TEXTURE, Source, inputs, passed_over
from .opened import OpenedFile
from .vertical import check_thickness

__all__ = ["TEXTURE", "Finding", "Survey", "describe", "inspect", "survey"]
# that far beyond its valid range, as a share of its width, a value is no measurement but a mark, a slip or another unit: 2 % of
# carbonate in a file without units would be clipped to 95 %
BEYOND = {"static": 0.1, "forcing": 1.0}
STRICT = ("w_liq", "w_ice", "t_soil", "p_surf", "co2_atm", "q_bot", "q_if", "w_sink")  # of the forcing; of soil all


@dataclass(frozen=True)
class Finding:
    """What a file holds of one contract variable."""

    variable: Variable
    found: str  # name in the file, "" where absent
    status: str  # given | converted | default | derived | missing | wrong unit | wrong shape | no numbers
    note: str = ""
    problem: str = ""  # one sentence where the file cannot run

    def line(self) -> str:
        """One row of ``calcisol check``."""
        return f"{self.variable.name:16s} {self.variable.units:12s} {self.status:12s} {self.found:16s} {self.note}".rstrip()


@dataclass(frozen=True)
class Survey:
    """The whole file: findings, positions of the columns that run, and remarks on what is left out."""

    findings: list[Finding]
    land: np.ndarray
    remarks: list[str]
    water: land_model_budget.Budget | None = None  # of the output of a land model
    budget: tuple[str, ...] = ()  # its lines, and what is wrong with it
    unclosed: str = ""

    @property
    def problems(self) -> list[str]:
        """One sentence each; a file without any can run."""
        return [f.problem for f in self.findings if f.problem] + [self.unclosed] * bool(self.unclosed)


def _place(forcing: OpenedFile, column: int) -> str:
    lat, lon = forcing.layout.lat, forcing.layout.lon
    if lat is None or lon is None or len(lat) <= column or len(lon) <= column:
        return f"column {column + 1}"
    return f"{lat[column]:g} N {lon[column]:g} E"


def faults(variable: Variable, counts: Counts, land: np.ndarray, where: str) -> tuple[str, str]:
    """(note, problem) of a variable on land: missing values, codes, negative water are problems, values out of range a note."""
    name, c = variable.name, counts.on(land)
    if not c.total:
        return "no column is active", ""
    if c.codes:
        return "", (
            f"{name} holds {c.codes} times {c.code:g}, a code for missing data; declare it as _FillValue or fill it "
            "(or, where it is a true value, declare a valid_range that holds it)"
        )
    if c.missing:
        how = "fill them" if variable.role == "static" else "fill them or set active = 0 there"
        return "", f"{name} holds {c.missing} missing values (NaN or fill, or outside valid_range) of {c.total}{where}; {how}"
    if c.infinite:
        return "", f"{name} holds {c.infinite} infinite values; remove them"
    if name == "active" and c.outside:
        return "", (
            f"active holds {c.outside} of {c.total} values other than 0 and 1 ({c.low:g} to {c.high:g}); give 1 where a column "
            "is to be stepped and 0 elsewhere"
        )
    if name in WATER and c.low < 0:
        return "", f"{name} is negative ({c.low:g} {variable.units}); water amounts must be 0 or more"
    span = f"{c.low:.4g} to {c.high:.4g}"
    if variable.valid is None or not c.outside:
        return span, ""
    low, high = variable.valid
    spare = BEYOND[variable.role] * (high - low)
    wild = (variable.role == "static" or name in STRICT) and (c.low < low - spare or c.high > high + spare)
    if name == "dz":  # a thick layer of bedrock is cut; a layer without thickness is none
        wild = c.low < low
    if wild or c.outside == c.total:
        units = f" {variable.units}" if variable.units != "1" else ""
        return "", (
            f"{name} holds {c.outside} of {c.total} values outside {low:g} to {high:g}{units} ({span}); check its units and "
            "correct them"
        )
    return f"{c.outside} of {c.total} values outside {low:g} to {high:g} will be clipped ({span})", ""


def _blocks(forcing: OpenedFile, variable: Variable) -> list[slice | None]:
    """Pieces of the time axis small enough to hold at once; [None] for static properties."""
    if variable.role == "static":
        return [None]
    total, size = len(forcing.axis), forcing.block_steps()
    return [slice(a, min(a + size, total)) for a in range(0, total, size)]


def _look(forcing: OpenedFile, source: Source) -> Counts:
    """Counts of one input over the whole file, where columns are stepped: what stands where active = 0 is never looked at."""
    v, whole = source.variable, Counts(len(forcing.layout))
    masked = v.role == "forcing" and v.name != "active" and "active" in forcing.sources
    for piece in _blocks(forcing, v):
        got = values(forcing, source, piece)
        active = None
        if masked:
            active = values(forcing, forcing.sources["active"], piece).data != 0  # NaN is a fault of active itself
        whole.add(count(v, got, active))
    return whole


def _status(forcing: OpenedFile, source: Source) -> tuple[str, str]:
    """(status, note on units) of an input that is in the file."""
    if source.how == "bounds":
        return "converted", ""
    if source.how == "land model":
        return "derived", ""
    units = str(forcing.file[source.names[0]].attrs.get("units", "")).strip()
    if not units:
        return "given", "no units given, taken as is"
    if source.how != "plain" or units != source.variable.units:
        return "converted", f"from {units}"
    return "given", ""


def _land(forcing: OpenedFile, counts: dict[str, Counts]) -> tuple[np.ndarray, list[str]]:
    """Columns that hold every required input, and a remark on those that hold only some. Raises ForcingError for none."""
    needed = {n: c for n, c in counts.items() if forcing.sources[n].variable.default == "required"}
    if forcing.layout.kind not in ("regular", "rotated", "compressed"):
        land = np.arange(len(forcing.layout))
    else:
        here = {n: c.some for n, c in needed.items()}
        every = np.logical_and.reduce(list(here.values())) if here else np.ones(len(forcing.layout), bool)
        land = np.flatnonzero(every)
    if not land.size:
        what = "no place has values of all required variables; fill some" if len(forcing.layout) else "its places have length 0"
        raise ForcingError(f"forcing {forcing.path.name} holds no column; {what}")
    remarks = []
    if forcing.layout.kind in ("regular", "rotated", "compressed"):
        varies = {n: c.some for n, c in needed.items() if c.some.any()}
        any_ = np.logical_or.reduce(list(varies.values())) if varies else np.zeros(len(forcing.layout), bool)
        static = [n for n in varies if forcing.sources[n].variable.role == "static"]
        if static and len(varies) > len(static):  # dz may be given once for all places, sea included
            any_ = np.logical_or.reduce([c for n, c in varies.items() if n not in static])
        partly = np.flatnonzero(any_ & ~np.isin(np.arange(len(any_)), land))
        if partly.size:
            has = [n for n in varies if varies[n][partly[0]] and n not in static]
            lacks = [n for n in varies if not varies[n][partly[0]]]
            remarks.append(
                f"{partly.size} places are left out as sea although they hold {', '.join(has)}: {', '.join(lacks)} is missing "
                f"there in every step (first at {_place(forcing, int(partly[0]))})"
            )
    return land, remarks


def _check_places(forcing: OpenedFile, land: np.ndarray) -> None:
    """Raise ForcingError where the columns that run lie nowhere on the Earth."""
    for name, degrees, limit in (("lat", forcing.layout.lat, 90.0), ("lon", forcing.layout.lon, 360.0)):
        if degrees is None or len(degrees) != len(forcing.layout):
            continue
        here = degrees[land]
        bad = here[~(np.abs(here) <= limit)]
        if bad.size:
            hint = "are lat and lon swapped" if name == "lat" and np.isfinite(bad[0]) else "is it filled"
            raise ForcingError(f"{name} = {bad[0]:g} in {forcing.path.name} must lie between -{limit:g} and {limit:g}; {hint}?")


def _absent(v: Variable, forcing: OpenedFile) -> Finding:
    if v.name == "q_bot" and "runoff" in forcing.terms:
        said = forcing.terms["runoff"].said
        return Finding(v, "", "missing", "", f"q_bot is missing: {said} holds surface and subsurface runoff; add one of them")
    if v.name == "w_sink" and forcing.terms:
        said = forcing.terms["soil evaporation"].said
        what = f"w_sink is missing: {said} leaves out what roots take; add transpiration (tran, TVeg) or all evaporation"
        return Finding(v, "", "missing", "", f"{what} (evspsbl, Evap)")
    if v.default == "required":
        return Finding(v, "", "missing", "", f"{v.name} [{v.units}] is missing; add it ({v.long_name})")
    note = v.note or "" if v.default == "derived" else f"{v.default:g}"
    return Finding(v, "", "derived" if v.default == "derived" else "default", note)


def survey(forcing: OpenedFile) -> Survey:
    """Go once through a file. Raises ForcingError where the file as a whole cannot be read or its steps do not follow."""
    len(forcing.axis)
    join_thin(forcing)
    counts: dict[str, Counts] = {}
    broken: dict[str, Finding] = {}
    for v in inputs():
        if v.name not in forcing.sources:
            continue
        source = forcing.sources[v.name]
        try:
            counts[v.name] = _look(forcing, source)
        except ForcingError as error:
            text = str(error)
            status = "wrong shape" if "has dims" in text else "no numbers" if "no numbers" in text else "wrong unit"
            broken[v.name] = Finding(v, source.found, status, "", text)
    land, remarks = _land(forcing, counts)
    _check_places(forcing, land)
    findings = []
    for v in inputs():
        if v.name in counts:
            findings.append(_finding(forcing, forcing.sources[v.name], counts, land))
        else:
            findings.append(broken.get(v.name) or _absent(v, forcing))
    extra = nitrogen.unpaired({n: c.on(land).high for n, c in counts.items()}) if not forcing.nitrify else ""
    if extra:
        findings = [_with_problem(f, extra) if f.variable.name == "n_nit" else f for f in findings]
    remarks += nitrogen.twice({n: c.on(land) for n, c in counts.items()})
    remarks += passed_over(forcing.file, forcing.sources, forcing.terms)
    seen = Survey(findings, land, remarks)
    return _with_budget(forcing, seen) if forcing.terms and not seen.problems else seen


def _with_budget(forcing: OpenedFile, seen: Survey) -> Survey:
    """The survey of the output of a land model and its water budget."""
    place = partial(_place, forcing)
    budget = land_model_budget.draw_up(forcing)
    lines = tuple(budget.lines(seen.land, place))
    return replace(seen, water=budget, budget=lines, unclosed=budget.problem(seen.land, place))


def _with_problem(finding: Finding, problem: str) -> Finding:
    return Finding(finding.variable, finding.found, "missing", finding.note, problem)


def _finding(forcing: OpenedFile, source: Source, counts: dict[str, Counts], land: np.ndarray) -> Finding:
    """What is told of one input that the file has."""
    v, mine = source.variable, counts[source.variable.name]
    bad = land[(mine.missing[land] > 0) & mine.some[land]] if land.size else land
    where = f", first at {_place(forcing, int(bad[0]))}" if bad.size and forcing.layout.kind != "single" else ""
    note, problem = faults(v, mine, land, where)
    if not problem and v.name == "dz":
        problem = check_thickness(forcing.soil, read.values(forcing, source, None).data[land])
    if not problem and mine.peak is not None and counts.keys() >= {"dz"}:
        problem = too_full(v.name, mine.peak[land], values(forcing, forcing.sources["dz"], None).data[land])
    if not problem and v.name == "sand" and "clay" in counts:
        shares = [values(forcing, forcing.sources[n], None).data[land] for n in ("clay", "sand")]
        problem = too_much("clay", shares[0], "sand", shares[1])
    if not problem and "taken as liquid" in source.note and "t_soil" in counts:
        problem = water_phases.frozen(source.names[0], counts["t_soil"].on(land).low)
    status, units = _status(forcing, source)
    said = [x for x in ((units, note) if units.startswith("from") else (note, units)) if x] + [source.note] * bool(source.note)
    return Finding(v, source.found, status, "; ".join(said), problem)


def inspect(path: Path) -> list[Finding]:
    """Findings of a file. Raises ForcingError where the file itself cannot be read."""
    with OpenedFile(path) as forcing:
        return survey(forcing).findings


def describe(forcing: OpenedFile, seen: Survey) -> str:
    """One line on the layout of a file, for ``calcisol check``."""
    dt = forcing.axis.dt
    length = f"{dt.min() / 86400:.3g}" if dt.min() == dt.max() else f"{dt.min() / 86400:.3g} to {dt.max() / 86400:.3g}"
    return (
        f"{forcing.path.name}: {layout.KINDS[forcing.layout.kind]}, {len(seen.land)} of {len(forcing.layout)} columns hold "
        f"values, {forcing.layers} layers, {len(dt)} steps of {length} days, calendar {forcing.axis.calendar}"
    )
