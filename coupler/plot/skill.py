"""How well a simulation meets the readings, beside what knows nothing and what knows the answer.

What:    ``pairs`` puts a simulated value beside each reading, ``scores`` sums up, null models and oracle beside every number.
Units:   those of the readings; pH. Shapes (reading,).
Null:    the reading of the start stays; a straight line through time fitted to all readings of the depth (all treatments alike).
Oracle:  the mean of each treatment's own readings: it knows every level and no change within it. Noise: spread of readings
         of one treatment, date and depth, which no model can go below.
Limits:  AGREES and PARTLY, fixed before any run: the spread of plots within a treatment (0.1-0.35) and twice a field's error.
Use:     ``scores(pairs(result, "ph_h2o"))["all"].rmse``
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .simulate import Result
from .site import CATIONS, Reading

AGREES, PARTLY = 0.3, 0.5  # root mean square error of pH
NAMES = {"ph_h2o": "ph_h2o", "ph_cacl2": "ph_cacl2", "caco3_percent": "caco3"} | {f"{i}_mmolc_kg": i for i in CATIONS}
FACTOR = {"caco3_percent": 100.0} | {f"{i}_mmolc_kg": 1e3 for i in CATIONS}


@dataclass(frozen=True)
class Pairs:
    """Readings and what was simulated for them, (reading,)."""

    readings: list[Reading]
    measured: np.ndarray
    simulated: np.ndarray
    first: np.ndarray  # what the same depth read at the start of the simulation


@dataclass(frozen=True)
class Score:
    """Of one group of readings."""

    count: int
    bias: float
    rmse: float
    start_stays: float  # rmse
    line: float  # rmse
    level_mean: float  # rmse
    noise: float
    skill: float  # 1 - squared error / that of the level means

    @property
    def verdict(self) -> str:
        """Agrees, in part, or not."""
        return "agrees" if self.rmse <= AGREES else "in part" if self.rmse <= PARTLY else "not"


def simulated(result: Result, what: str) -> np.ndarray:
    """(year, column, sample) in the unit of the readings of that name."""
    return result.values[NAMES[what]] * FACTOR.get(what, 1.0)


FAR = 0.12  # m; a reading whose depths differ by more from those of every sample is of another layer


def depth_of(r: Reading, depths: tuple[tuple[float, float], ...]) -> int | None:
    """Which of the sampled depths a reading belongs to."""
    apart = [abs(r.top - a) + abs(r.bottom - b) for a, b in depths]
    nearest = int(np.argmin(apart))
    return nearest if apart[nearest] <= FAR else None


def pairs(result: Result, what: str) -> Pairs:
    """A simulated value for each reading of a quantity, at its depth and in its month."""
    site = result.site
    table = simulated(result, what)
    found, at, first = [], [], []
    for r in site.readings:
        if r.what != what:
            continue
        depth, column = depth_of(r, site.depths), site.treatments.index(r.treatment)
        if depth is None or not result.years[0] <= r.year < result.years[-1] + 1:
            continue
        found.append(r)
        month = result.further[int(r.year), int(r.year % 1 * 12)][NAMES[what]]
        at.append(float(month[column, depth]) * FACTOR.get(what, 1.0))
        first.append(float(table[0, column, depth]))
    return Pairs(found, np.array([r.value for r in found]), np.array(at), np.array(first))


def noise(p: Pairs) -> float:
    """Pooled standard deviation of readings that share treatment, date and depth; NaN without such readings."""
    groups: dict[tuple, list[float]] = {}
    for r in p.readings:
        groups.setdefault((r.treatment, round(r.year, 2), r.top, r.bottom), []).append(r.value)
    many = [np.array(v) for v in groups.values() if len(v) > 1]
    free = sum(len(v) - 1 for v in many)
    return float(np.sqrt(sum(((v - v.mean()) ** 2).sum() for v in many) / free)) if free else float("nan")


def _rms(x: np.ndarray) -> float:
    return float(np.sqrt(np.mean(x**2)))


def _level_means(p: Pairs) -> np.ndarray:
    made = np.empty_like(p.measured)
    keys = [(r.treatment, r.top) for r in p.readings]
    for key in set(keys):
        here = np.array([k == key for k in keys])
        made[here] = p.measured[here].mean()
    return made


def _line(p: Pairs) -> np.ndarray:
    """A straight line through time for each depth, the same for all treatments."""
    made = np.empty_like(p.measured)
    tops, time = np.array([r.top for r in p.readings]), np.array([r.year for r in p.readings])
    for top in set(tops.tolist()):
        here = tops == top
        spread = np.ptp(time[here]) > 0
        made[here] = np.polyval(np.polyfit(time[here], p.measured[here], 1 if spread else 0), time[here])
    return made


def score(p: Pairs) -> Score:
    """Of all pairs given. Raises ValueError without any."""
    off = p.simulated - p.measured
    mean = _level_means(p)
    oracle = float(((p.measured - mean) ** 2).sum())
    return Score(
        len(off), float(off.mean()), _rms(off), _rms(p.first - p.measured), _rms(_line(p) - p.measured), _rms(mean - p.measured),
        noise(p), 1.0 - float((off**2).sum()) / oracle if oracle > 0 else float("nan"),
    )  # fmt: skip


def only(p: Pairs, keep: np.ndarray) -> Pairs:
    """Some of the pairs."""
    return Pairs([r for r, k in zip(p.readings, keep, strict=True) if k], p.measured[keep], p.simulated[keep], p.first[keep])


def scores(p: Pairs) -> dict[str, Score]:
    """All readings, those of each depth, and those of each treatment at each depth."""
    if not p.readings:
        return {}
    made = {"all": score(p)}
    depth = np.array([f"{100 * r.top:g}-{100 * r.bottom:g} cm" for r in p.readings])
    name = np.array([r.treatment for r in p.readings])
    for d in sorted(set(depth.tolist())):
        made[d] = score(only(p, depth == d))
        for n in sorted(set(name.tolist())):
            here = (depth == d) & (name == n)
            if here.any():
                made[f"{n}, {d}"] = score(only(p, here))
    return made
