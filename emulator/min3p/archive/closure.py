"""Do the budgets of a run close, component by component, and do its layers agree with its flow?

What:    residual of each pool over the run against what moved; the share that minerals left out of the map move; for each layer
         the flux through its lower face that the budgets imply against water flux times concentration.
Units:   mol m-2; shares of the throughput.
Use:     ``result = close(member, limit); result.reasons`` is empty for a run that may be learned
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .mapping import LEFT_OUT

LEFT_OUT_LIMIT = 0.05
"""Share of a pool of JUDGED that what the map leaves out may move: beyond it the step would be judged on what it lacks."""
JUDGED = ("ca", "dic", "nh4", "no3")
"""Carbonate, calcium, and the acid of nitrogen."""
WATER_LIMIT = 5.0e-3
LEAST_MOVED = 1.0e-3
"""mol m-2; what moves less over a run is compared with this."""
FACE_POOLS = ("no3", "cl", "ca", "mg", "k", "na", "so4", "nh4")


@dataclass
class Closure:
    """Residuals as shares, and why a run is refused."""

    pools: dict[str, float] = field(default_factory=dict)
    left_out: dict[str, float] = field(default_factory=dict)
    water: float = np.nan
    faces: dict[str, np.ndarray] = field(default_factory=dict)  # pool -> [layer], median relative difference of face fluxes
    reasons: list[str] = field(default_factory=list)

    @property
    def worst(self) -> tuple[str, float]:
        """Pool with the largest residual."""
        return max(self.pools.items(), key=lambda item: abs(item[1]), default=("", 0.0))


@dataclass
class Terms:
    """What changes one pool: [time, layer] of the pool, [time] of what crosses the ends, [time, layer] of sources."""

    pool: np.ndarray
    entering: np.ndarray
    leaving: np.ndarray
    sources: list[tuple[str, np.ndarray]]  # (reaction and its word, amount)


def residual(terms: Terms) -> float:
    """Open share of the throughput of a pool over the run."""
    held = terms.pool.sum(1)
    gain = terms.entering.sum() - terms.leaving.sum() + sum(float(s.sum()) for _, s in terms.sources)
    moved = terms.entering.sum() + terms.leaving.sum() + sum(float(np.abs(s).sum()) for _, s in terms.sources)
    return float((held[-1] - held[0] - gain) / max(float(moved), LEAST_MOVED))


def face_fluxes(terms: Terms) -> np.ndarray:
    """Amount through the lower face of every layer [time, layer] that the budgets of the layers below imply."""
    change = np.diff(terms.pool, axis=0, prepend=terms.pool[:1])
    stored = change - sum((s for _, s in terms.sources), np.zeros_like(change))
    below = np.cumsum(stored[:, ::-1], axis=1)[:, ::-1]
    return terms.leaving[:, None] + np.concatenate([below[:, 1:], np.zeros((len(change), 1))], axis=1)


def face_differences(terms: Terms, water: np.ndarray, concentration: np.ndarray) -> np.ndarray:
    """Relative difference [layer] between the implied face fluxes and water x concentration, over the whole run.

    ``water`` [time, layer] in m per interval through the lower faces, ``concentration`` mol/L at the outputs: their mean over
    each interval. What remains is dispersion and what the spacing of the outputs hides.
    """
    mean = 0.5 * (concentration + np.concatenate([concentration[:1], concentration[:-1]]))
    carried = (water * mean * 1e3).sum(0)
    implied = face_fluxes(terms).sum(0)
    return np.abs(implied - carried) / np.maximum(np.abs(implied), LEAST_MOVED)


def close(terms: dict[str, Terms], words: dict[str, str], water: float, limit: float) -> Closure:
    """Closure of a run. ``words``: reaction -> word of the map; ``water``: open share of the water budget."""
    found = Closure(water=water)
    for pool, t in terms.items():
        found.pools[pool] = residual(t)
        if not abs(found.pools[pool]) <= limit:
            found.reasons.append(f"the budget of {pool} is open by {found.pools[pool]:.2%} of what moved (limit {limit:.2%})")
        moved = t.entering.sum() + t.leaving.sum() + sum(float(np.abs(s).sum()) for _, s in t.sources)
        share = sum(float(np.abs(s).sum()) for name, s in t.sources if words.get(name) == LEFT_OUT) / max(
            float(moved), LEAST_MOVED
        )
        if share:
            found.left_out[pool] = share
        if share > LEFT_OUT_LIMIT and pool in JUDGED:
            names = ", ".join(n for n, s in t.sources if words.get(n) == LEFT_OUT and s.any())
            found.reasons.append(
                f"what the map leaves out ({names}) moves {share:.1%} of the {pool} (limit {LEFT_OUT_LIMIT:.0%})"
            )
    if not abs(water) <= WATER_LIMIT:
        found.reasons.append(f"the water budget is open by {water:.2%} of what entered (limit {WATER_LIMIT:.1%})")
    return found
