"""The water budget of a land model's output, column by column: what came, where it went, what is missing.

What:    ``draw_up`` adds up rain, evaporation, runoff, drainage and the gain of soil, snow and canopy over the steps whose gain
         is known; the residual is what closes them. ``problem`` refuses a file that loses more than LIMIT of what passes.
Units:   kg m-2 over the whole time. Shapes: (column,).
Source:  continuity: precipitation = evaporation + surface runoff + drainage + gain. Land models close theirs to round-off; a
         residual means that terms are missing, are of another time (values of a moment for means), or of another unit.
Use:     ``budget = draw_up(forcing)``; ``budget.lines(forcing.land, place)``
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..units import SECONDS_PER_YEAR
from . import land_model_water as water
from .land_model_terms import EVAPORATED, is_mean
from .opened import OpenedFile

LIMIT = 0.05  # of what falls or leaves
SHOWN = 10  # columns told one by one; of more the median and the worst
TERMS = ("precipitation", "evaporation", "surface_runoff", "drainage", "gain")


@dataclass(frozen=True)
class Budget:
    """Sums over ``years`` by term; empty where the file lacks one (``lacks``)."""

    sums: dict[str, np.ndarray]
    years: float
    names: dict[str, str]  # of the variables in the file
    lacks: str = ""  # what is missing for a budget, or closes it
    closed: bool = False  # drainage is what closes it

    @property
    def residual(self) -> np.ndarray:
        """What came and is nowhere, kg m-2 (column,); NaN where no budget can be drawn up."""
        if self.lacks:
            return np.full(len(self.sums["drainage"]), np.nan)
        left = self.sums["precipitation"].copy()
        for name in TERMS[1:]:
            left -= self.sums[name]
        return left

    @property
    def share(self) -> np.ndarray:
        """The residual as a share of what falls, or of what leaves where that is more."""
        leaves = sum(self.sums[name] for name in TERMS[1:4])
        through = np.maximum(self.sums["precipitation"], leaves)
        return np.asarray(self.residual / np.maximum(through, 1e-9))

    def line(self, column: int) -> str:
        """One column, mm a year."""
        by_year = {name: values[column] / self.years for name, values in self.sums.items()}
        told = ", ".join(f"{name.replace('_', ' ')} {value:.1f}" for name, value in by_year.items())
        return f"{told}, residual {self.residual[column] / self.years:+.2f} mm a year ({100 * self.share[column]:+.2f} %)"

    def lines(self, land: np.ndarray, place: Callable[[int], str]) -> list[str]:
        """For ``calcisol check`` and the end of a run."""
        if self.lacks:
            return [f"water budget of the land model: {self.lacks}"]
        head = f"water budget of the land model over {self.years:.3g} years (" + "; ".join(self.names.values()) + "):"
        if self.closed:
            head = head[:-1] + ", drainage closes it:"
        if len(land) <= SHOWN:
            return [head, *(f"  {place(c)}: {self.line(c)}" for c in land)]
        share = np.abs(self.share[land])
        worst = int(land[np.argmax(share)])
        return [
            head,
            f"  {len(land)} columns, residual by column: median {100 * np.median(share):.2f} %, largest {100 * share.max():.2f} "
            "% of what falls or leaves",
            f"  {place(worst)}: {self.line(worst)}",
        ]

    def problem(self, land: np.ndarray, place: Callable[[int], str]) -> str:
        """One sentence where a column loses more than LIMIT, or what closes the budget would rise all the time; else ""."""
        if self.lacks or not len(land):
            return ""
        if self.closed:
            rises = self.sums["drainage"][land] / np.maximum(self.sums["precipitation"][land], 1e-9)
            worst = int(land[np.argmin(rises)])
            if rises.min() >= -LIMIT:
                return ""
            return (
                f"drainage that closes the water budget of the file is negative at {place(worst)} ({self.line(worst)}); give the "
                f"drainage, or correct {', '.join(self.names.values())}"
            )
        share = np.abs(self.share[land])
        worst = int(land[np.argmax(share)])
        if not share.max() > LIMIT:
            return ""
        return (
            f"the water budget of the file does not close: at {place(worst)} {self.line(worst)}, more than {100 * LIMIT:g} %, "
            f"out of {'; '.join(self.names.values())}; give means over the steps and all terms"
        )


def _names(forcing: OpenedFile) -> dict[str, str]:
    """Which variables each term comes from, for a sentence."""
    have = {role: t.said for role, t in forcing.terms.items()}
    falls = ("precipitation",) if "precipitation" in have else ("rain", "snowfall")
    air: tuple[str, ...] = ("uptake", *EVAPORATED)
    if "evapotranspiration" in have:
        air = ("evapotranspiration",)
    elif "transpiration" in have:
        air = EVAPORATED
    stored = [have.get(f"change of {where}", have.get(where, "")) for where in ("soil", "snow", "canopy")]
    phases = [n for v in ("w_liq", "w_ice") if v in forcing.sources for n in forcing.sources[v].names]
    stored[0] = stored[0] or " + ".join(dict.fromkeys(phases))
    said = {
        "precipitation": " + ".join(have[r] for r in (*falls, "irrigation") if r in have),
        "evaporation": " + ".join(have[r] for r in air if r in have),
        "surface runoff": have.get("surface runoff", ""),
        "drainage": " + ".join(have[r] for r in ("drainage", "tile drainage") if r in have) or have.get("runoff", ""),
        "gain": " + ".join(s for s in stored if s),
    }
    return {term: f"{term} {names}" for term, names in said.items() if names}


def _lacking(forcing: OpenedFile) -> str:
    """What is missing for a budget: one sentence, or ""."""
    known = forcing.terms
    if not {"precipitation", "rain"} & set(known):
        return "not checked, for the file has no rain (pr, Rainf, rainf, rain, RAINRATE)"
    if "surface runoff" not in known and "runoff" not in known:
        return "not checked, for the file has no surface runoff (mrros, Qs, qs, SFCRNOFF)"
    if "evapotranspiration" not in known and not {"transpiration", "uptake"} & set(known):
        return "not checked, for the file has no evapotranspiration (evspsbl, Evap, evap)"
    return ""


def _counted(forcing: OpenedFile) -> tuple[int, int]:
    """Steps whose gain is known: not the first; of means not the last either."""
    count = len(forcing.axis)
    mean = is_mean(forcing.file, forcing.sources["w_liq"].names[0], forcing.time) and "change of soil" not in forcing.terms
    return (1, count - 1) if mean and count > 2 else (1, count)


def draw_up(forcing: OpenedFile) -> Budget:
    """Go once through the file. Raises ForcingError where a term cannot be read."""
    begin, end = _counted(forcing)
    lacks = _lacking(forcing) or ("not checked, for the gain of water in a file's only step is not known" * (end <= begin))
    closed = "drainage" not in forcing.terms and not water.known(forcing, "runoff", "surface runoff")
    dt, size = forcing.axis.dt, forcing.block_steps()
    sums = {name: np.zeros(len(forcing.layout)) for name in TERMS}
    for a in range(begin, end if not lacks else begin, size):
        steps = slice(a, min(a + size, end))
        seconds = dt[steps, None]
        drained = water.values(forcing, "q_bot", steps)
        over = water.known(forcing, "surface runoff")
        ran_off = water.term(forcing, "surface runoff", steps) if over else water.term(forcing, "runoff", steps) - drained
        brought = {
            "precipitation": water.precipitation(forcing, steps) * seconds,
            "evaporation": water.evaporation(forcing, steps) * seconds,
            "surface_runoff": ran_off * seconds,
            "drainage": drained * seconds,
            "gain": sum(water.change(forcing, where, steps) for where in ("soil", "snow", "canopy")),
        }
        for name, values in brought.items():
            sums[name] += values.sum(0)
    return Budget(sums, float(dt[begin:end].sum()) / SECONDS_PER_YEAR, _names(forcing), lacks, closed and not lacks)
