"""A free rollout of the compiled step over a daily column, on any layers and steps.

What:    ``rollout``: from the state of the reference at ``start_day`` on, forcing alone; ``reference``, the same of the
         reference model at the same ends of steps.
Units:   mol m-2; pH.
Shapes:  (step, layer), (layer,).
Use:     ``simulated = rollout(model, column, grid, water, ends)``; ``true = reference(column, grid, ends)``
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import CalcisolError
from ..library.columns import table
from ..library.model import Model
from ..offline.layer_fold import LayerFold
from ..units import C_KG_PER_MOL, N_KG_PER_MOL, SECONDS_PER_DAY
from .daily_file import IONS, POOLS, SITES, SOURCES, DailyColumn
from .daily_grid import Grid
from .daily_water import DailyWater

Floats = NDArray[np.float64]
OUTPUTS = ("ph", "ca_leach", "dic_leach", "no3_leach")
LEAST_AIR = 1e-6  # of the soil: a full cell weighs nothing in the air of its layer, but a layer of full cells has a mean


@dataclass(frozen=True)
class Course:
    """What a rollout and the reference are compared by."""

    drained: float  # kg m-2 over the run
    calcite_change: Floats  # (layer,)
    ca_leached: float
    dic_leached: float
    no3_leached: float
    ph: Floats  # (step, layer) at the end of each
    ends: NDArray[np.int64]
    flags: NDArray[np.int32]  # (step, layer); the reference has none

    def of_layers(self, fold: LayerFold) -> Course:
        """The course of thin layers as that of the layers that they make up."""
        change = fold.total(self.calcite_change)
        return replace(self, calcite_change=change, ph=fold.mean(self.ph), flags=fold.flags(self.flags))


def rollout(
    model: Model,
    column: DailyColumn,
    grid: Grid,
    water: DailyWater,
    ends: NDArray[np.int64],
    mean_water: bool = False,
    pieces: Sequence[int] | None = None,
) -> Course:
    """Steps from ``ends[0]`` to ``ends[-1]``. Raises CalcisolError where a value is NaN, and what ``Columns`` raises.

    ``mean_water``: a step is given the mean of its water and the fluxes through the faces of its layers, as the European run
    does (land/field.py), not the water at its end, which is what a land model has.
    ``pieces``: of each layer, for columns that are split inside: soil and first state are of the pieces, forcing and what is
    compared of the layers.
    """
    inside, shared = (grid, water) if pieces is None else (grid.split(pieces), water.shared_out(pieces))
    layer_starts = np.concatenate([[0], np.cumsum(pieces)[:-1]]).astype(int) if pieces is not None else np.arange(len(grid.dz))
    forcing = _forcing(column, grid, water, ends, mean_water)
    seconds = (np.diff(ends) * SECONDS_PER_DAY).tolist()
    leached = dict.fromkeys(OUTPUTS[1:], 0.0)
    ph, flags = [], []
    with model.columns(_properties(column, inside), ncol=1, nlay=len(grid.dz), pieces=pieces) as soil:
        soil.set_state({name: values[None, :] for name, values in _start(column, inside, shared).items()})
        start = soil.state()["calcite"][0]
        for i, dt in enumerate(seconds):
            out = soil.step(dt, {name: values[i][None] for name, values in forcing.items()}, OUTPUTS)
            for name in leached:
                leached[name] += float(out[name][0]) * dt
            ph.append(out["ph"][0])
            flags.append(out["flag"][0])
        calcite = soil.state()["calcite"][0] - start
    if not np.isfinite(ph).all():
        day = int(ends[1:][~np.isfinite(ph).all(axis=1)][0])
        raise CalcisolError(f"{column.name}: the step has no answer on day {day}; `calcisol check` its forcing ({soil.note})")
    return Course(
        drained=float(water.drained[ends[0] : ends[-1]].sum()),
        calcite_change=np.add.reduceat(calcite, layer_starts),
        ca_leached=leached["ca_leach"],
        dic_leached=leached["dic_leach"] / C_KG_PER_MOL,
        no3_leached=leached["no3_leach"] / N_KG_PER_MOL,
        ph=np.array(ph),
        ends=ends,
        flags=np.array(flags),
    )


def reference(column: DailyColumn, grid: Grid, ends: NDArray[np.int64]) -> Course:
    """The reference on the same layers: amounts summed, pH as the mean over a layer."""
    first, last = int(ends[0]), int(ends[-1])
    calcite = grid.total(column["pool_calcite"][[first - 1, last - 1]])
    over = slice(first, last)
    return Course(
        drained=float(column["q_bot"][over].sum() * SECONDS_PER_DAY),
        calcite_change=calcite[1] - calcite[0],
        ca_leached=float(column["leached_ca"][over].sum()),
        dic_leached=float(column["leached_dic"][over].sum()),
        no3_leached=float(column["leached_no3"][over].sum()),
        ph=grid.mean(column["ph"][ends[1:] - 1]),
        ends=ends,
        flags=np.zeros((len(ends) - 1, len(grid.dz)), dtype=np.int32),
    )


def _properties(column: DailyColumn, grid: Grid) -> dict[str, Floats]:
    """Static soil of the layers: means by mass of what is per kg of soil or of its exchanger, else by thickness."""
    mass = column["bulk_density"]
    exchanger = mass * column["cec"]
    weights = {"clay": mass, "sand": mass, "soc": mass, "cec": mass, "caco3": mass, "cec_variable": exchanger}
    found = {name: grid.mean(column[name], weights.get(name)) for name in weights}
    found |= {name: grid.mean(column[name]) for name in ("bulk_density", "porosity", "calcite_rate", "dispersivity")}
    further = [n for n in table().names("static") if n in column.values and n not in (*found, "dz")]
    return (
        found | {n: grid.mean(column[n]) for n in further} | {"dz": grid.dz, "ph0": grid.mean(column["ph"][column.start_day - 1])}
    )


def _start(column: DailyColumn, grid: Grid, water: DailyWater) -> dict[str, Floats]:
    """State of the layers at the end of the spin-up. Pools are sums: nothing is lost; the rest is where root-finding starts."""
    day = column.start_day - 1
    state = {name: grid.total(column[f"pool_{name}"][day]) for name in POOLS}
    air = np.maximum(column["porosity"] - column["w_liq"][day] / (1000.0 * column["dz"]), LEAST_AIR)
    state |= {"water": water.liquid[day], "pco2": grid.mean(column["pco2"][day], air)}
    state |= {name: grid.mean(column[name][day]) for name in ("ph", "ionic_strength", *SITES)}
    spin_up = slice(0, column.start_day)  # the climate so far: means of about a year
    through = np.mean(np.cumsum(water.sink[spin_up, ::-1], axis=1), axis=0)[::-1]
    below = np.append(through[1:], 0.0) + water.drained[spin_up].mean()
    past = {"t_past": grid.mean(column["t_soil"][spin_up]).mean(axis=0), "q_past": below / SECONDS_PER_DAY}
    known = table().names("state")
    return {name: values for name, values in (state | past | {"alk_past": np.zeros_like(below)}).items() if name in known}


def _forcing(column: DailyColumn, grid: Grid, water: DailyWater, ends: NDArray[np.int64], mean_water: bool) -> dict[str, Floats]:
    """Forcing of each step, first axis: rates as means over it, water at its end unless the mean is asked for."""
    days = np.diff(ends)

    def mean(daily: Floats) -> Floats:
        summed = np.concatenate([np.zeros((1, *daily.shape[1:])), np.cumsum(daily, axis=0)])
        total = np.diff(summed[ends], axis=0)
        return np.asarray(total / days.reshape(-1, *[1] * (daily.ndim - 1)))

    forcing = {name: mean(grid.total(column[name])) for name in SOURCES}
    forcing |= {f"dep_{ion}": mean(column[f"dep_{ion}"]) for ion in IONS}
    if mean_water:
        forcing["q_if"] = mean(water.faces) / SECONDS_PER_DAY
    return forcing | {
        "w_liq": mean(water.liquid) if mean_water else water.liquid[ends[1:] - 1],
        "w_sink": mean(water.sink) / SECONDS_PER_DAY,
        "q_bot": mean(water.drained) / SECONDS_PER_DAY,
        "t_soil": mean(grid.mean(column["t_soil"])),
        "co2_atm": mean(column["co2_atm"]),
    }
