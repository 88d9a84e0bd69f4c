"""A fine run on the layers and steps of a land model: states, forcing and leaching as the learned core's training reads them.

What:    ``grouped``: cells added up to layers, days to steps; ``layerings``: 4, 7, 11 and 12 layers and two drawn at random.
Units:   as in variables.toml. Shapes (step, row, layer, column), rows in the table's order; states begin one step before.
Use:     ``for grid in layerings(rng): for days in (1, 7, 30): write(path, grouped(run, grid, first, days, steps))``
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..evaluation.daily_grid import Grid
from ..library.columns import table
from ..offline.folder_lock import whole_file
from ..units import SECONDS_PER_DAY
from .climates import Floats, Rng
from .run import CO2, FineRun
from .soils import CELLS

LAYERS = (4, 7, 11, 12)
POOLS = ("calcite", "ca", "mg", "k", "na", "nh4", "no3", "cl", "so4", "dic")
OF_LAST_CELL = ("q_past", "alk_past")  # what passed the lower face
LEAST_AIR = 1e-6
STANDARD_PRESSURE = 101325.0  # Pa


def layerings(rng: Rng) -> list[Grid]:
    """The grids of ``calcisol evaluate --daily``, one of 3 to 8 layers between any cells, and one of 9 layers to every cell."""
    return [*(Grid.of(CELLS, n) for n in LAYERS), _between(rng, int(rng.integers(3, 9))), _between(rng, int(rng.integers(9, 20)))]


def _between(rng: Rng, layers: int) -> Grid:
    ends = np.sort(rng.choice(np.arange(1, CELLS.size), layers - 1, replace=False))
    member = np.zeros((layers, CELLS.size))
    for row, (a, b) in zip(member, zip([0, *ends], [*ends, CELLS.size], strict=True), strict=True):
        row[a:b] = 1.0
    return Grid(CELLS, member)


def grouped(run: FineRun, grid: Grid, first: int, days: int, steps: int) -> dict[str, Any]:
    """``steps`` steps of ``days`` days; the first begins at the end of day ``first``."""
    ends = first + days * np.arange(steps + 1)
    over = slice(ends[0] + 1, ends[-1] + 1)
    sound = run.sound

    def mean(daily: Floats) -> Floats:
        return np.asarray(daily[over].reshape(steps, days, *daily.shape[1:]).mean(1))

    arrays = {
        "static": _static(run, grid, ends[0]),
        "state": _states(run, grid, ends),
        "forcing_layer": _layer_forcing(run, grid, ends, mean),
        "forcing_column": _column_forcing(run, mean),
        "leached": mean(run.leached) * days,
    }
    return {name: np.ascontiguousarray(a[..., sound]) for name, a in arrays.items()} | {"dt": days * SECONDS_PER_DAY}


def write(path: Path, arrays: dict[str, Any]) -> None:
    """One set, whole or not at all."""
    with whole_file(path) as part, part.open("wb") as file:
        np.savez(file, **arrays)


def _total(grid: Grid, x: Floats) -> Floats:
    return np.einsum("lc,tcn->tln", grid.member, x)


def _mean(grid: Grid, x: Floats, weight: Floats) -> Floats:
    return _total(grid, x * weight) / _total(grid, np.broadcast_to(weight, x.shape))


def _states(run: FineRun, grid: Grid, ends: np.ndarray) -> Floats:
    """Pools are sums; what a search starts from, and pH, are means by thickness, pressure of CO2 that of the air."""
    dz = CELLS[None, :, None]
    air = np.maximum(run.static["porosity"] - run.liquid[ends] / (1000.0 * dz), LEAST_AIR) * dz
    found = []
    for slot, name in enumerate(table().names("state")):
        x = run.state[ends, slot]
        if name in POOLS:
            found.append(_total(grid, x))
        elif name == "water":
            found.append(_total(grid, run.liquid[ends]))
        elif name in OF_LAST_CELL:
            found.append(x[:, grid.bottom_cells])
        else:
            found.append(_mean(grid, x, air if name == "pco2" else dz))
    return np.stack(found, axis=1)


def _static(run: FineRun, grid: Grid, day: int) -> Floats:
    """As `calcisol evaluate --daily` groups them: by mass what is per kg of soil, by exchanger its share, else by thickness."""
    mass = run.static["bulk_density"] * CELLS[:, None]
    weights = dict.fromkeys(("clay", "sand", "soc", "cec", "caco3"), mass) | {"cec_variable": mass * run.static["cec"]}
    thickness = np.broadcast_to(CELLS[:, None], mass.shape)
    ph = run.state[day, table().names("state").index("ph")]
    values = {v.name: np.full(mass.shape, v.fill) for v in table().select("static")} | run.static | {"ph0": ph}
    rows = []
    for name in table().names("static"):
        w = weights.get(name, thickness)
        rows.append(_total(grid, thickness[None])[0] if name == "dz" else _mean(grid, values[name][None], w[None])[0])
    return np.stack(rows)


def _layer_forcing(run: FineRun, grid: Grid, ends: np.ndarray, mean: Callable[[Floats], Floats]) -> Floats:
    """Sources as sums over the cells, means over the step; water at its end, which is what a land model has."""
    rates = {name: mean(_total(grid, x)) for name, x in run.layered.items() if name != "t_soil"}
    temperature = mean(_mean(grid, run.layered["t_soil"], CELLS[None, :, None]))
    given = rates | {
        "w_liq": _total(grid, run.liquid[ends[1:]]),
        "w_sink": mean(_total(grid, run.sink)) / SECONDS_PER_DAY,
        "t_soil": temperature,
    }
    missing = {v.name: v.fill for v in table().select("forcing", "layer")}
    return np.stack([given.get(n, np.full(temperature.shape, missing[n])) for n in table().names("forcing", "layer")], axis=1)


def _column_forcing(run: FineRun, mean: Callable[[Floats], Floats]) -> Floats:
    drained = mean(run.drained) / SECONDS_PER_DAY
    given: dict[str, Floats] = {f"dep_{ion}": mean(x) for ion, x in run.deposited.items()}
    given |= {"q_bot": drained, "co2_atm": np.full(drained.shape, CO2), "p_surf": np.full(drained.shape, STANDARD_PRESSURE)}
    missing = {v.name: v.fill for v in table().select("forcing", "column")}
    return np.stack([given.get(n, np.full(drained.shape, missing[n])) for n in table().names("forcing", "column")], axis=1)
