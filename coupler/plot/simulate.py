"""Step a plot through its history, all treatments side by side, and read its samples every year.

What:    ``simulate`` -> ``Result``: laboratory pH, bases, carbonate by treatment, year and depth; leaching by treatment and year.
Units:   pH; mol_c kg-1; share of CaCO3; mol m-2 year-1 and kg N m-2 year-1. Shapes (year, column, sample) and (year, column).
Source:  plan.py, start.py, land/lime.py; the chemistry is the library's.
Use:     ``result = simulate(read_site(path), model)``
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..land import bioturbation, lime
from ..units import CACO3_KG_PER_MOL, MONTH_SECONDS
from . import suspension
from .drivers import Drivers
from .organic_matter import OrganicMatter
from .plan import lines_of
from .profile import Ground, Sampler
from .site import CATIONS, Site
from .start import Start, begin

PLOUGH_MONTH = 10  # November, before winter corn [assumption]
MIXED = ("calcite", *CATIONS, "nh4", "no3", "cl", "so4")
LEACHED = ("ca_leach", "alk_leach", "no3_leach", "dic_leach", "acid_load")


@dataclass
class Result:
    """What came out; ``flags``: cells and months in which the library asked for attention, by bit."""

    site: Site
    ground: Ground
    start: Start
    years: np.ndarray
    values: dict[str, np.ndarray]  # name -> (year, column, sample), of the sampling month
    further: dict[tuple[int, int], dict[str, np.ndarray]]  # (year, month) in which a reading was made -> name -> (column, sample)
    leaching: dict[str, np.ndarray]  # name -> (year, column)
    grains: np.ndarray  # mol CaCO3 m-2 that is still grains (year, column)
    drainage: np.ndarray  # mm (year,)
    flags: dict[str, int] = field(default_factory=dict)


class Liming:
    """All dressings on their way into the soil."""

    def __init__(self, site: Site, ground: Ground) -> None:
        self.site, self.ground = site, ground
        self.spread: list[lime.Spread] = []

    def _depth(self, metres: float) -> np.ndarray:
        """Share by layer of lime worked in to a depth."""
        dz, bottom = self.ground.dz, self.ground.edges
        inside = np.clip(metres - (bottom - dz), 0.0, dz) if metres > 0 else (np.arange(len(dz)) == 0) * dz
        return inside / inside.sum()

    def month(self, year: int, month: int) -> None:
        """Dressings of a month join the others."""
        n = len(self.site.treatments)
        made: dict[tuple[str, float], np.ndarray] = {}
        for i, name in enumerate(self.site.treatments):
            for line in lines_of(self.site, name, year):
                if line.lime > 0 and line.month == month:
                    depth = self.site.plough_of(year) if np.isnan(line.depth) else line.depth
                    amount = made.setdefault((line.kind, depth), np.zeros(n))
                    amount[i] += lime.moles(lime.KINDS[line.kind], line.lime * self.site.parameters.lime_factor)
        for (kind, depth), amount in made.items():
            self.spread.append(lime.Spread.of(lime.KINDS[kind], amount, self._depth(depth)))

    def dissolve(self, saturation: np.ndarray) -> np.ndarray:
        """mol CaCO3 m-2 (column, layer) that grains set free in a month."""
        found = np.zeros_like(saturation)
        for heap in self.spread:
            found += heap.dissolve(MONTH_SECONDS, saturation)
        self.spread = [h for h in self.spread if (h.left() > 1e-4).any()]
        return found

    def left(self) -> np.ndarray:
        """mol CaCO3 m-2 that is still grains (column,)."""
        return sum((h.amount * h.left() for h in self.spread), np.zeros(len(self.site.treatments)))


def mix(state: dict[str, np.ndarray], ground: Ground, depth: float, worms: np.ndarray) -> dict[str, np.ndarray]:
    """Pools after a year of worms, and after the plough has made the layers down to a depth [m] alike in each kg of soil."""
    inside = ground.edges <= depth + 1e-6
    share = ground.mass[inside] / max(ground.mass[inside].sum(), 1e-9)
    made = {}
    for name in MIXED:
        pool = state[name] @ worms.T
        pool[:, inside] = pool[:, inside].sum(1, keepdims=True) * share
        made[name] = np.maximum(pool, 0.0)
    return made


def readings(
    model: Any,
    sampler: Sampler,
    state: dict[str, np.ndarray],
    held_by: np.ndarray,
    aside: dict[str, np.ndarray],
    ratio: float,
    salt: float,
) -> dict[str, np.ndarray]:
    """What a laboratory finds in the samples, (column, sample); ``held_by``: their capacity, ``aside``: start.py, mol_c kg-1."""
    held = {name: sampler.per_kg(state[name]) for name in suspension.POOLS}
    shape = held["ca"].shape
    guess = {k: np.broadcast_to((state[k] @ sampler.share.T) / sampler.share.sum(1), shape).ravel() for k in suspension.GUESSES}
    wide = lambda row: np.broadcast_to(row, shape).ravel()  # noqa: E731
    flat = {k: v.ravel() for k, v in held.items()}
    capacity, variable, aluminium = held_by.ravel(), wide(sampler.variable), wide(sampler.aluminium)
    free = suspension.read(model, {**flat, "calcite": 0.0 * flat["ca"]}, capacity, variable, guess, ratio, aluminium, salt)
    reacted = suspension.read(model, flat, capacity, variable, guess, ratio, aluminium, salt)
    made = {f"{ion}": held[ion] * (2 if ion in ("ca", "mg") else 1) for ion in CATIONS}
    bases = sum(made.values())
    water, cacl2 = (np.where(sampler.calcareous, r.reshape(shape), f.reshape(shape)) for f, r in zip(free, reacted, strict=True))
    return {
        "ph_h2o": water, "ph_cacl2": cacl2, "ph_h2o_limed": reacted[0].reshape(shape), "acidity": held_by - bases,
        **made, **{ion: made[ion] + x for ion, x in aside.items()}, "caco3": held["calcite"] * CACO3_KG_PER_MOL,
    }  # fmt: skip


def simulate(site: Site, model: Any) -> Result:
    """All years of a site. Raises what the library raises."""
    ground = Ground.of(site)
    drivers = Drivers(site, ground)
    soil, ground, start = begin(site, ground, drivers, model)
    sampler, liming = Sampler.of(ground, site.depths), Liming(site, ground)
    years = np.arange(site.years[0], site.years[1] + 1)
    n = len(site.treatments)
    values: dict[str, np.ndarray] = {}
    further: dict[tuple[int, int], dict[str, np.ndarray]] = {}
    wanted = {(int(r.year), int(r.year % 1 * 12)) for r in site.readings}
    leaching = {name: np.zeros((len(years), n)) for name in LEACHED}
    grains, flags = np.zeros((len(years), n)), np.zeros(5, int)
    state, saturation = soil.state(), np.zeros((n, len(ground.dz)))
    aside = {ion: sampler.per_kg(x * ground.mass) for ion, x in start.aside.items()}
    humus, capacity = OrganicMatter(site), np.broadcast_to(ground.capacity, saturation.shape)
    worms = bioturbation.mixing(ground.dz, ground.mass, bioturbation.PLOUGHED if site.plough > 0 else 1.0)
    for i, year in enumerate(years.tolist()):
        if humus.changes:
            capacity = humus.capacity(ground, year)
            soil.close()
            soil = model.columns(ground.static(n, capacity))
            soil.set_state(state)
        for month in range(12):
            liming.month(year, month)
            changed = {}
            if liming.spread:
                changed["calcite"] = state["calcite"] + liming.dissolve(saturation)
            if month == PLOUGH_MONTH:
                changed = {**changed, **mix({**state, **changed}, ground, site.plough_of(year), worms)}
            if changed:
                soil.set_state(changed)
            out = soil.step(MONTH_SECONDS, drivers.forcing(year, month, state, False), (*LEACHED, "si_calcite"))
            saturation = 10.0 ** np.clip(out["si_calcite"], -6, 1)
            flags += [(out["flag"] >> b & 1).sum() for b in range(5)]
            for name in LEACHED:
                leaching[name][i] += out[name] * MONTH_SECONDS
            state = soil.state()
            if month == site.month or (year, month) in wanted:
                salt = suspension.season(month, site.place.latitude)
                found = readings(model, sampler, state, sampler.per_kg(capacity * ground.mass), aside, site.soil.ratio, salt)
                further[year, month] = found
                for name, value in found.items() if month == site.month else ():
                    values.setdefault(name, np.full((len(years), *value.shape), np.nan))[i] = value
        grains[i] = liming.left()
    soil.close()
    named = ("clipped", "outside_envelope", "fallback", "residual", "invalid")
    return Result(
        site,
        ground,
        start,
        years,
        values,
        further,
        leaching,
        grains,
        drivers.drainage(),
        dict(zip(named, flags.tolist(), strict=True)),
    )
