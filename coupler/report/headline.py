"""The first sentence of the report: what cuts of fertiliser do to soil inorganic carbon, by how much, and how sure that is.

What:    ``answer`` puts the verdict in words from the late loss of each scenario and of what it is compared with.
Units:   kg C kept in carbonate per kg of mineral nitrogen not applied.
Source:  summary.py for the numbers, uncertainty.py for the interval.
Use:     ``print(answer(domain, results, intervals))``
"""

from __future__ import annotations

import numpy as np

from ..europe.domain import Domain
from ..offline.results import Result
from .summary import cumulated_n, kept_carbon, late_loss, per_kg_n, reference
from .uncertainty import Interval

STEADY_SHARE = 0.05  # a loss below this share of the baseline's counts as stable
Intervals = dict[str, dict[str, Interval]]


def spread(values: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """5 and 95 % points of a value over the area."""
    order = np.argsort(values)
    share = np.cumsum(weight[order]) / weight.sum()
    low, high = (float(values[order][min(int(np.searchsorted(share, q)), len(values) - 1)]) for q in (0.05, 0.95))
    return low, high


def per_kg_spread(result: Result, base: Result, area: np.ndarray) -> tuple[float, float]:
    """5 and 95 % points over places of kg C kept per kg N not applied."""
    saved = cumulated_n(base) - cumulated_n(result)
    here = saved != 0
    return spread(kept_carbon(result, base)[here] / saved[here], area[here] * np.abs(saved[here]))


def compared(results: list[Result]) -> list[tuple[Result, Result]]:
    """Scenarios that cut mineral nitrogen against their reference, each with it."""
    pairs = [(r, reference(results, r)) for r in results]
    return [(r, b) for r, b in pairs if b is not None and float((cumulated_n(b) - cumulated_n(r)).sum()) > 0]


def band(low: float, high: float) -> str:
    """``0.12 to 0.34``, one number where both round to the same."""
    a, b = f"{low:.2f}", f"{high:.2f}"
    return a if a == b else f"{a} to {b}"


def answer(domain: Domain, results: list[Result], intervals: Intervals) -> str:
    """The first sentence: do cuts of fertiliser stabilise or increase SIC, and by how much per kg N, with its interval."""
    area, pairs = domain["area"], compared(results)
    if not pairs:
        r = results[0]
        return (
            f"In this run ({r.scenario.title}) calcareous arable soils lose {late_loss(r, area):.1f} g C m⁻² of solid "
            "inorganic carbon per year at its end; run it with the baseline and a scenario of less fertiliser to see what a "
            "cut changes."
        )
    verdicts, before = set(), [late_loss(base, area) for _, base in pairs]
    kept = [per_kg_n(r, base, area) for r, base in pairs]
    for (r, _), then, gain in zip(pairs, before, kept, strict=True):
        steady, now = STEADY_SHARE * abs(then), late_loss(r, area)
        verdicts.add("" if gain <= 0 else "increase" if now < -steady else "stabilise" if now < steady else "")
    soils = "soil inorganic carbon in calcareous arable soils"
    if max(before) <= 0:  # nothing is lost that a cut could keep
        opening = f"No: {soils} grows without cuts of fertiliser, and cuts {'add to' if max(kept) > 0 else 'take from'} that"
    elif verdicts - {""}:
        opening = f"Yes: cuts of fertiliser can {' or '.join(sorted(verdicts - {''}))} {soils}"
    elif max(kept) > 0:
        opening = f"No: cuts of fertiliser slow the loss of {soils}, but do not stop it"
    else:
        opening = f"No: cuts of fertiliser do not slow the loss of {soils}"
    found = [intervals[r.scenario.name]["per_kg_n"] for r, _ in pairs if r.scenario.name in intervals]
    places = [per_kg_spread(r, base, area) for r, base in pairs]
    ends = band(min(e[0] for e in places), max(e[1] for e in places))
    given = f"90 % interval {band(min(i.low for i in found), max(i.high for i in found))}; " if found else ""
    return (
        f"{opening}: each kilogram of mineral nitrogen not applied keeps {band(min(kept), max(kept))} kg C in carbonate "
        f"by {int(results[0].years[-1])} ({given}{ends} from place to place)."
    )
