"""Space-for-time substitution: does a spatial relation predict what a driver does in the same place?

What:    slope ratio (sum of predicted over sum of simulated changes), agreement of signs, rank correlation and skill,
         by class of carbonate and aridity; intervals by drawing whole blocks with replacement.
Units:   changes in kg C m-2; ratios without unit, 1 = space-for-time substitution holds. Shapes [place].
Source:  emulator/docs/science.md, 13.4; block bootstrap after Kuensch (1989) on spatial blocks.
Use:     ``compare(predicted, simulated, block)``; ``by_class(...)``
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from .space import skill

CARBONATE = {"< 0.1 %": (-1.0, 0.1), "0.1-1 %": (0.1, 1.0), "1-5 %": (1.0, 5.0), "5-20 %": (5.0, 20.0), "> 20 %": (20.0, 101.0)}
ARIDITY = {"dry (P/PET < 0.65)": (0.0, 0.65), "0.65-1": (0.65, 1.0), "humid (> 1)": (1.0, 99.0)}
NEGLIGIBLE = 1e-6  # kg C m-2: a change below it has no sign
DRAWS = 200


@dataclass(frozen=True)
class Verdict:
    """How well the map's prediction agrees with the rollout. Intervals are 5-95 % of the block bootstrap."""

    places: int
    ratio: float
    ratio_low: float
    ratio_high: float
    signs: float  # share of places with the same sign, of those where anything changed
    rank: float  # Spearman correlation
    skill: float
    skill_low: float
    skill_high: float
    simulated: float  # mean simulated change
    predicted: float

    def as_dict(self) -> dict[str, float]:
        """For JSON."""
        return asdict(self)


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Rank correlation; 0 where one side does not vary."""
    from scipy.stats import spearmanr

    if len(a) < 3 or np.ptp(a) == 0.0 or np.ptp(b) == 0.0:
        return 0.0
    return float(spearmanr(a, b).statistic)


def block_draws(block: np.ndarray, seed: int = 0, draws: int = DRAWS) -> list[np.ndarray]:
    """Positions of each bootstrap sample: blocks drawn with replacement, each with all its places."""
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(block == b) for b in np.unique(block)]
    return [np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))]) for _ in range(draws)]


def interval(statistic: Callable[[np.ndarray], float], draws: list[np.ndarray]) -> tuple[float, float]:
    """5 and 95 % points of a statistic of positions over the draws; NaN where it is never defined."""
    values = np.array([statistic(i) for i in draws])
    values = values[np.isfinite(values)]
    return tuple(np.quantile(values, (0.05, 0.95)).tolist()) if len(values) else (float("nan"), float("nan"))


def ratio(predicted: np.ndarray, simulated: np.ndarray) -> float:
    """Sum predicted over sum simulated; NaN where nothing changed."""
    total = float(simulated.sum())
    return float(predicted.sum()) / total if abs(total) > NEGLIGIBLE * max(len(simulated), 1) else float("nan")


def compare(predicted: np.ndarray, simulated: np.ndarray, block: np.ndarray) -> Verdict:
    """Verdict over places [place]."""
    point = brief(predicted, simulated)
    draws = block_draws(block)
    low, high = interval(lambda i: ratio(predicted[i], simulated[i]), draws)
    s_low, s_high = interval(lambda i: skill(predicted[i], simulated[i]), draws)
    return Verdict(
        len(simulated), point["ratio"], low, high, point["signs"], spearman(predicted, simulated), point["skill"], s_low,
        s_high, float(simulated.mean()), float(predicted.mean()),
    )  # fmt: skip


def brief(predicted: np.ndarray, simulated: np.ndarray) -> dict[str, float]:
    """Ratio, skill, agreement of signs and mean change, without intervals: what is set side by side for several members."""
    moved = np.abs(simulated) > NEGLIGIBLE
    signs = float((np.sign(predicted[moved]) == np.sign(simulated[moved])).mean()) if moved.any() else float("nan")
    size = float(simulated.mean())
    return {"ratio": ratio(predicted, simulated), "skill": skill(predicted, simulated), "signs": signs, "simulated": size}


def by_class(
    predicted: np.ndarray, simulated: np.ndarray, block: np.ndarray, value: np.ndarray, classes: dict[str, tuple[float, float]]
) -> dict[str, Verdict]:
    """Verdict of each class of ``value`` that holds at least five places."""
    out = {}
    for name, (low, high) in classes.items():
        here = (value >= low) & (value < high)
        if here.sum() >= 5:
            out[name] = compare(predicted[here], simulated[here], block[here])
    return out
