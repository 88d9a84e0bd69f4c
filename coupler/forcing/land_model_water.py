"""Water of the soil from the output of a land model, which gives no sink by layer and seldom a flux between layers.

What:    ``values`` makes ``w_sink`` (uptake by layer, else transpiration shared out by roots; evaporation of the soil from the
         first layer), ``q_bot`` (the model's drainage, else total minus surface runoff, else what closes its budget) and, where
         water is a mean of the step, ``q_if``: through a face passes what the layer below it gains, loses and passes on.
Units:   kg m-2 s-1, downward positive. Shapes: (time, column), (time, column, soil_layer), layers of the file.
Source:  continuity, dS/dt = inflow - sink - outflow of each layer. Roots: Jackson et al. 1996 (land/crop_calendar.py). Of means,
         water at the end of a step lies on the line between the middles of two steps.
Use:     ``values(forcing, "w_sink", slice(0, 12))``; land_model_budget.py says how well the budget closes
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...emulator.contract.variables import Variable
from ..land.crop_calendar import root_density
from . import read
from .fault import ForcingError
from .land_model_terms import EVAPORATED, added_up, is_mean
from .names import Source, input_named
from .opened import OpenedFile

FELL = 0.5  # an amount added up since the start that falls below that share of itself: the run was begun anew
A_LITTLE = 1.0  # kg m-2, by which it may fall: water that rises out of an aquifer


def _pseudo(name: str, like: str) -> Variable:
    """A variable of the file as if it were an input of the contract."""
    return replace(input_named(like), name=name)


def _raw(forcing: OpenedFile, name: str, like: str, steps: slice) -> tuple[Variable, np.ndarray]:
    v = _pseudo(name, like)
    return v, read.whole(forcing, name, Source(v, (name,)), steps)


def _rate(forcing: OpenedFile, name: str, steps: slice, like: str) -> np.ndarray:
    """A mean rate over each step, kg m-2 s-1. Raises ForcingError."""
    if added_up(forcing.file, name):
        return _differences(forcing, name, steps, like)
    v, raw = _raw(forcing, name, like, steps)
    return read.converted(forcing, name, v, raw, steps, counts="water")


def amount(forcing: OpenedFile, name: str, steps: slice, like: str = "q_bot") -> np.ndarray:
    """A stock, or the amount of a step, kg m-2. Raises ForcingError."""
    v, raw = _raw(forcing, name, like, steps)
    return read.converted(forcing, name, replace(v, units="kg m-2"), raw, steps, counts="water")


def _differences(forcing: OpenedFile, name: str, steps: slice, like: str) -> np.ndarray:
    """Rates of an amount that is added up since the start of the run; what the first step brought is not known: as the second."""
    if len(forcing.axis) < 2:
        raise ForcingError(f"{name} is added up since the start of the run, and the file has one step; give two or more")
    begin = max(steps.start - 1, 0)
    end = max(steps.stop, begin + 2)
    held = amount(forcing, name, slice(begin, end), like)
    change = np.diff(held, axis=0)
    with np.errstate(invalid="ignore"):
        fell = np.argwhere((held[1:] < FELL * held[:-1]) & (change < -A_LITTLE))
    if fell.size:
        i, column = map(int, fell[0][:2])
        raise ForcingError(
            f"{name}, added up since the start of the run, falls from {held[i, column]:.4g} to {held[i + 1, column]:.4g} kg m-2 "
            f"in step {begin + i + 2}; give the files of one run that was not begun anew"
        )
    rate = change / forcing.axis.dt[begin + 1 : end].reshape(-1, *[1] * (held.ndim - 1))
    return rate if steps.start else np.concatenate([rate[:1], rate])[: steps.stop]


def term(forcing: OpenedFile, role: str, steps: slice, like: str = "q_bot") -> np.ndarray:
    """A flux of the budget, kg m-2 s-1; the file must hold it."""
    parts = [_rate(forcing, name, steps, like) for name in forcing.terms[role].names]
    return np.sum(parts, axis=0)


def known(forcing: OpenedFile, *roles: str) -> bool:
    """Whether the file holds all of some terms."""
    return all(role in forcing.terms for role in roles)


def sums(forcing: OpenedFile, roles: tuple[str, ...], steps: slice) -> np.ndarray:
    """Sum of those terms that the file holds, kg m-2 s-1 (time, column)."""
    found = [term(forcing, role, steps) for role in roles if known(forcing, role)]
    return np.sum(found, axis=0) if found else np.zeros((steps.stop - steps.start, len(forcing.layout)))


def _dz(forcing: OpenedFile) -> np.ndarray:
    if "dz" not in forcing.sources:
        raise ForcingError("dz [m] is missing; add it (thickness of the soil layer)")
    return read.values(forcing, forcing.sources["dz"], None).data


def _sink(forcing: OpenedFile, steps: slice) -> np.ndarray:
    """What roots and evaporation take out of each layer."""
    whole = known(forcing, "evapotranspiration")
    if known(forcing, "uptake"):
        taken = term(forcing, "uptake", steps, "w_sink")
    else:
        if known(forcing, "transpiration"):
            by_roots = term(forcing, "transpiration", steps)
        else:  # all that leaves soil and plants; evaporation of the soil, where it is known, from the top
            by_roots = term(forcing, "evapotranspiration", steps) - sums(forcing, EVAPORATED[1:], steps)
        taken = by_roots[:, :, None] * root_density(_dz(forcing))
    if known(forcing, "soil evaporation"):
        taken[:, :, 0] += term(forcing, "soil evaporation", steps)
    elif whole and known(forcing, "transpiration"):
        taken[:, :, 0] += term(forcing, "evapotranspiration", steps) - sums(forcing, EVAPORATED, steps)
    elif whole and known(forcing, "uptake"):
        taken[:, :, 0] += term(forcing, "evapotranspiration", steps) - taken.sum(2) - sums(forcing, EVAPORATED[1:], steps)
    return taken


def evaporation(forcing: OpenedFile, steps: slice) -> np.ndarray:
    """All that goes to the air, kg m-2 s-1 (time, column)."""
    if known(forcing, "evapotranspiration"):
        return term(forcing, "evapotranspiration", steps)
    uptake = term(forcing, "uptake", steps, "w_sink").sum(2) if not known(forcing, "transpiration") else 0.0
    return sums(forcing, EVAPORATED, steps) + uptake


def precipitation(forcing: OpenedFile, steps: slice) -> np.ndarray:
    """Rain, snow and irrigation, kg m-2 s-1 (time, column)."""
    falls = ("precipitation",) if known(forcing, "precipitation") else ("rain", "snowfall")
    return sums(forcing, (*falls, "irrigation"), steps)


def _drainage(forcing: OpenedFile, steps: slice) -> np.ndarray:
    if known(forcing, "drainage"):
        return sums(forcing, ("drainage", "tile drainage"), steps)
    if known(forcing, "runoff", "surface runoff"):
        return term(forcing, "runoff", steps) - term(forcing, "surface runoff", steps)
    dt = forcing.axis.dt[steps, None]
    gained = change(forcing, "soil", steps) + change(forcing, "snow", steps) + change(forcing, "canopy", steps)
    return precipitation(forcing, steps) - evaporation(forcing, steps) - term(forcing, "surface runoff", steps) - gained / dt


def _pairs(face: int, count: int) -> int:
    """The first of the two steps between whose middles, or beyond them, the time between step face - 1 and face lies."""
    return min(max(face - 1, 0), count - 2)


def at_faces(dt: np.ndarray, held: np.ndarray, first: int, steps: slice) -> np.ndarray:
    """Means of steps, ``held`` from step ``first`` on, as values at the begin of ``steps`` and at the end of each."""
    end = np.cumsum(dt)
    middle = end - dt / 2
    found = []
    for face in range(steps.start, steps.stop + 1):
        i = _pairs(face, len(dt))
        time = end[face - 1] if face else 0.0
        share = (time - middle[i]) / (middle[i + 1] - middle[i])
        found.append(held[i - first] + share * (held[i + 1 - first] - held[i - first]))
    return np.stack(found)


def _held(forcing: OpenedFile, where: str, steps: slice) -> np.ndarray:
    """What soil, snow or canopy holds, kg m-2."""
    if where == "soil":
        phases = [forcing.sources[n] for n in ("w_liq", "w_ice") if n in forcing.sources]
        return np.asarray(sum(read.values(forcing, s, steps).data for s in phases))
    return np.sum([amount(forcing, name, steps) for name in forcing.terms[where].names], axis=0)


def gains(forcing: OpenedFile, where: str, steps: slice) -> np.ndarray:
    """What soil (by layer), snow or canopy gain in each step, kg m-2; 0 in the first where only last values are known."""
    name = forcing.sources["w_liq"].names[0] if where == "soil" else forcing.terms[where].names[0]
    count = len(forcing.axis)
    if is_mean(forcing.file, name, forcing.time) and count > 1:
        first, last = _pairs(steps.start, count), _pairs(steps.stop, count) + 2
        return np.diff(at_faces(forcing.axis.dt, _held(forcing, where, slice(first, last)), first, steps), axis=0)
    first = max(steps.start - 1, 0)
    held = _held(forcing, where, slice(first, steps.stop))
    gained = np.diff(held, axis=0)
    return gained if steps.start else np.concatenate([np.zeros_like(held[:1]), gained])


def change(forcing: OpenedFile, where: str, steps: slice) -> np.ndarray:
    """What a store gains in each step, kg m-2 (time, column); as the model says it, where it does."""
    if known(forcing, f"change of {where}"):
        return amount(forcing, forcing.terms[f"change of {where}"].names[0], steps)
    if where != "soil" and not known(forcing, where):
        return np.zeros((steps.stop - steps.start, len(forcing.layout)))
    gained = gains(forcing, where, steps)
    return gained.sum(2) if where == "soil" else gained


def values(forcing: OpenedFile, name: str, steps: slice) -> np.ndarray:
    """One of ``w_sink``, ``q_bot`` and ``q_if``. Raises ForcingError where a term cannot be read."""
    if name == "w_sink":
        return _sink(forcing, steps)
    if name == "q_bot":
        return _drainage(forcing, steps)
    dt = forcing.axis.dt[steps, None, None]
    leaving = gains(forcing, "soil", steps) / dt + _sink(forcing, steps)
    below = np.cumsum(leaving[:, :, ::-1], axis=2)[:, :, ::-1] - leaving
    return _drainage(forcing, steps)[:, :, None] + below
