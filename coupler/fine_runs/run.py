"""A fine run: the physical step by the day on thin cells, driven by the driver's own soil water.

What:    ``fine_run``: many drawn columns at once; nitrification and uptake follow what the soil holds, as in a reference model.
Units:   state as in variables.toml, amounts per day mol m-2, water kg m-2. Shapes (day, ..., cell, column).
Source:  on these cells and days the step follows MIN3P within 0.2 % in the change of SIC and 0.6 % in leaching
         (docs/daily_columns.md), so that what it says of thick layers can be learned without MIN3P.
Use:     ``run = fine_run(default_bundle(), seed=1, columns=48, years=5)``
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..land.soil_water.run import Retention, SoilWater
from ..library.columns import table
from ..library.model import Model
from ..units import C_KG_PER_MOL, N_KG_PER_MOL, SECONDS_PER_DAY
from .climates import Floats
from .soils import CELLS, FineColumn, draw_column

NITRIFIED = 0.25  # of the ammonium, a day, at 10 K above none
MOST_NITRATE, MOST_AMMONIUM = 0.3, 0.15  # of the pool that roots take in a day at most
NITRATE_SHARE = 0.85  # of the demand
CANOPY = 0.6  # demand of the soil's surface is PET exp(-0.6 LAI)
CO2 = 4.2e-4
OUTPUTS = ("ca_leach", "dic_leach", "no3_leach")


@dataclass(frozen=True)
class FineRun:
    """What happened on every day; states are those at its end."""

    static: dict[str, Floats]  # (cell, column)
    state: Floats  # (day, slot, cell, column)
    liquid: Floats  # (day, cell, column)
    sink: Floats  # (day, cell, column) kg m-2
    drained: Floats  # (day, column) kg m-2
    layered: dict[str, Floats]  # (day, cell, column), rates really applied
    deposited: dict[str, Floats]  # (day, column)
    leached: Floats  # (day, 3, column) mol m-2 of Ca, DIC, NO3

    @property
    def sound(self) -> np.ndarray:
        """Columns without a missing value (column,)."""
        return np.asarray(np.isfinite(self.state).all((0, 1, 2)) & np.isfinite(self.leached).all((0, 1)))


@dataclass(frozen=True)
class _Water:
    liquid: Floats  # (day, cell, column)
    sink: Floats
    drained: Floats


def fine_run(bundle: bytes | Path, seed: int, columns: int, years: int) -> FineRun:
    """Draw and run; the same seed gives the same columns. Raises what ``Model`` and ``SoilWater`` raise."""
    rng = np.random.default_rng(seed)
    drawn = [draw_column(rng, years) for _ in range(columns)]
    static = {name: np.stack([c.static[name] for c in drawn], axis=1) for name in drawn[0].static}
    layered = {name: np.stack([c.layered[name] for c in drawn], axis=2) for name in drawn[0].layered}
    deposited = {name: np.stack([c.deposited[name] for c in drawn], axis=1) for name in drawn[0].deposited}
    water = _water(drawn, static["porosity"])
    days, slots = years * 365, table().names("state")
    state, leached = np.empty((days, len(slots), CELLS.size, columns)), np.empty((days, 3, columns))
    nothing = np.zeros((days, CELLS.size, columns))
    applied = {name: layered[name] for name in ("t_soil", "co2_src", "n_min", "bc_up", "weath")}
    applied |= {name: nothing.copy() for name in ("n_nit", "n_up_no3", "n_up_nh4")}
    to_moles = np.array([1.0, 1.0 / C_KG_PER_MOL, 1.0 / N_KG_PER_MOL]) * SECONDS_PER_DAY
    with Model(bundle) as model, model.columns({k: v.T for k, v in static.items()}, ncol=columns, nlay=CELLS.size) as soil:
        ammonium = nitrate = np.zeros((CELLS.size, columns))
        for day in range(days):
            demand, active = layered["n_demand"][day], layered["nitrifying"][day]
            per_day = N_KG_PER_MOL / SECONDS_PER_DAY
            applied["n_nit"][day] = ammonium * per_day * (1.0 - np.exp(-NITRIFIED * active))
            applied["n_up_no3"][day] = np.minimum(NITRATE_SHARE * demand, MOST_NITRATE * nitrate * per_day)
            applied["n_up_nh4"][day] = np.minimum((1.0 - NITRATE_SHARE) * demand, MOST_AMMONIUM * ammonium * per_day)
            forcing = {name: values[day].T for name, values in applied.items()}
            forcing |= {f"dep_{ion}": values[day] for ion, values in deposited.items()}
            forcing |= {"w_liq": water.liquid[day].T, "w_sink": water.sink[day].T / SECONDS_PER_DAY}
            forcing |= {"q_bot": water.drained[day] / SECONDS_PER_DAY, "co2_atm": np.array(CO2)}
            out = soil.step(SECONDS_PER_DAY, forcing, OUTPUTS)
            now = soil.state()
            ammonium, nitrate = now["nh4"].T, now["no3"].T
            state[day] = np.stack([now[name].T for name in slots])
            leached[day] = np.stack([out[name] for name in OUTPUTS]) * to_moles[:, None]
    return FineRun(static, state, water.liquid, water.sink, water.drained, applied, deposited, leached)


def _water(drawn: list[FineColumn], porosity: Floats) -> _Water:
    """Daily soil water; columns with a water table run apart, because they are cut finer."""
    days, columns = drawn[0].weather.rain.size, len(drawn)
    shape = (days, CELLS.size, columns)
    found = _Water(np.empty(shape), np.empty(shape), np.empty((days, columns)))
    table_depth = np.array([c.table_depth for c in drawn])
    for chosen in (np.isfinite(table_depth), ~np.isfinite(table_depth)):
        some = [c for c, take in zip(drawn, chosen, strict=True) if take]
        if not some:
            continue
        curve = {n: np.repeat([[c.retention[n]] for c in some], CELLS.size, axis=1) for n in ("residual", "alpha", "n", "k_sat")}
        depth = table_depth[chosen] if np.isfinite(table_depth[chosen]).all() else None
        roots = np.stack([c.roots for c in some])
        soil = SoilWater(CELLS, porosity.T[chosen], Retention(**curve), roots, table_depth=depth, pond_limit=np.inf)
        soil.start(2.0)
        falling, pet, leaves = (
            np.stack([getter(c.weather) for c in some], axis=1)
            for getter in (lambda w: w.rain + w.irrigation, lambda w: w.pet, lambda w: w.leaves)
        )
        bare = np.exp(-CANOPY * leaves)
        made = soil.run(falling, pet * (1.0 - bare), pet * bare)
        found.liquid[:, :, chosen] = np.moveaxis(made.water, 1, 2)
        found.sink[:, :, chosen] = np.moveaxis(made.uptake + made.evaporated, 1, 2)
        found.drained[:, chosen] = made.percolation[:, :, -1]
    return found
