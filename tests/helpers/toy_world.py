"""Worlds and steps with a known answer: carbonate that falls by given laws, in the shapes of the contract.

What:    ``Toy`` takes from the calcite of layer 1, each month, what its law says of acid and drainage; no chemistry.
Use:     ``world = toy_world(24); step = Toy(acid=0.4)``
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import xarray as xr
from calcisol.emulator.contract.variables import load_table
from calcisol.emulator.explain.world import DRIVERS, HUSBANDRY, World
from torch import Tensor, nn

TABLE = load_table()
YEAR = 365.0 * 86400.0
LAYERS = 3
DZ = (0.3, 0.3, 0.4)
OUT = TABLE.names("output", "column")
TOP = TABLE.names("forcing", "column")


class Toy(nn.Module):
    """d calcite / dt [mol m-2 yr-1] = - acid A - water Q - both A Q - relax (calcite - level + slope Q); A mol yr-1, Q m yr-1."""

    def __init__(self, acid: float = 0.0, water: float = 0.0, both: float = 0.0, relax: float = 0.0) -> None:
        super().__init__()
        self.acid, self.water, self.both, self.relax = acid, water, both, relax
        self.level, self.slope = 500.0, 500.0

    def prepare(self, static: Tensor) -> Tensor:
        """Nothing to complete."""
        return static

    def initial_state(self, static: Tensor, layer: Tensor, column: Tensor) -> Tensor:
        """Calcite from the mass fraction, everything else 1."""
        state = torch.ones(20, *static.shape[1:], dtype=torch.float64)
        names = TABLE.names("static")
        state[0] = static[names.index("caco3")] * static[names.index("bulk_density")] * static[0] / 0.1000869
        return state

    def forward(self, state: Tensor, static: Tensor, layer: Tensor, column: Tensor, dt: Tensor) -> tuple[Tensor, ...]:
        """One step."""
        years = dt / YEAR
        acid, water = column[TOP.index("dep_no3")] * YEAR, column[TOP.index("q_bot")] * YEAR * 1e-3
        rate = self.acid * acid + self.water * water + self.both * acid * water
        rate = rate + self.relax * (state[0, 0] - self.level + self.slope * water)
        calcite = torch.cat([(state[0, :1] - years * rate).clamp(min=0.0), state[0, 1:]])
        ph = 6.0 + 2.0 * calcite / (calcite + 50.0)
        new = torch.cat([calcite.unsqueeze(0), state[1:12], ph.unsqueeze(0), state[13:]])
        out = torch.zeros(len(OUT), state.shape[-1], dtype=torch.float64)
        out[OUT.index("acid_load")] = column[TOP.index("dep_no3")]
        return new, state[:6], out, torch.zeros_like(state[0], dtype=torch.int32)


class ToyEngine:
    """A toy behind the face of compiled code (rollouts.Engine), so that what is built on engines has known answers."""

    def __init__(self, toy: Toy) -> None:
        self.toy = toy

    def march(
        self, static: np.ndarray, state: np.ndarray, months: list[tuple[np.ndarray, np.ndarray]], years: int
    ) -> dict[str, np.ndarray]:
        """Month by month."""
        now, soil, dt = torch.from_numpy(state), torch.from_numpy(static), torch.tensor(YEAR / 12.0, dtype=torch.float64)
        acid, stocks = torch.zeros(state.shape[-1], dtype=torch.float64), [now[0]]
        for _ in range(years):
            for layer, column in months:
                now, _, out, _ = self.toy(now, soil, torch.from_numpy(layer), torch.from_numpy(column), dt)
                acid = acid + out[OUT.index("acid_load")] * dt
            stocks.append(now[0])
        return {
            "calcite": torch.stack(stocks).numpy(), "acid": acid.numpy(), "ph": now[12].numpy(), "state": now.numpy(),
            "outside": np.zeros(state.shape[-1]),
        }  # fmt: skip

    def laboratory_ph(self, static: np.ndarray, state: np.ndarray) -> np.ndarray:
        """Its own pH."""
        return state[12]


def toy_world(columns: int = 24, seed: int = 0) -> World:
    """Drainage 0.1-0.6 m and nitrogen 50-250 kg, independent of each other; each driver moves one input of the toy."""
    rng = np.random.default_rng(seed)

    def fill(role: str, dims: str, shape: tuple[int, ...], **values: object) -> Tensor:
        rows = [torch.as_tensor(values.get(v.name, v.fill), dtype=torch.float64) for v in TABLE.select(role, dims)]
        return torch.stack([r.expand(shape) for r in rows]).clone()

    dz = torch.tensor(DZ, dtype=torch.float64)[:, None]
    water = torch.as_tensor(rng.uniform(0.1, 0.6, columns))
    nitrogen = torch.as_tensor(rng.uniform(50.0, 250.0, columns))
    column = fill("forcing", "column", (columns,), q_bot=water * 1e3 / YEAR)
    layer = fill("forcing", "layer", (LAYERS, columns), w_liq=dz * 300.0, t_soil=283.15)
    groups = (HUSBANDRY, *DRIVERS)
    column_delta = torch.zeros(len(groups), 12, len(TOP), columns, dtype=torch.float64)
    column_delta[groups.index("n_acid"), :, TOP.index("dep_no3")] = nitrogen * 1e-3 / YEAR
    column_delta[groups.index("drainage"), :, TOP.index("q_bot")] = -0.2 * water * 1e3 / YEAR
    wide = water.numpy() * 1e3
    covariates = {
        "mineral_n": nitrogen.numpy(), "husbandry_n": rng.uniform(20.0, 80.0, columns), "drainage": wide,
        "drainage_change": -0.2 * wide, "mat": rng.uniform(4.0, 18.0, columns), "warming": np.full(columns, 2.0),
        "aridity": rng.uniform(0.4, 1.6, columns), "clay": rng.uniform(0.1, 0.5, columns),
        "soc": rng.uniform(0.01, 0.03, columns),
        "ph_survey": rng.uniform(5.0, 8.0, columns), "caco3_survey": np.full(columns, np.nan),
    }  # fmt: skip
    return World(
        static=fill("static", "layer", (LAYERS, columns), dz=dz, caco3=0.1, bulk_density=1400.0),
        layer=layer.expand(12, *layer.shape).clone(), column=column.expand(12, *column.shape).clone(),
        layer_delta=torch.zeros(len(groups), 12, *layer.shape, dtype=torch.float64), column_delta=column_delta,
        lat=rng.uniform(36.0, 60.0, columns), lon=rng.uniform(-5.0, 25.0, columns), covariates=covariates, about="a toy",
    )  # fmt: skip


def write(world: World, path: Path) -> Path:
    """The world as a file."""
    layered = ("layer", "column_id")
    data = {
        "soil": (("static", *layered), world.static.numpy()),
        "layer_forcing": (("month", "layer_row", *layered), world.layer.numpy()),
        "column_forcing": (("month", "column_row", "column_id"), world.column.numpy()),
        "layer_delta": (("group", "month", "layer_row", *layered), world.layer_delta.numpy()),
        "column_delta": (("group", "month", "column_row", "column_id"), world.column_delta.numpy()),
        **{k: (("column_id",), v) for k, v in {**world.covariates, "lat": world.lat, "lon": world.lon}.items()},
    }
    coords = {
        "static": TABLE.names("static"), "layer_row": TABLE.names("forcing", "layer"),
        "column_row": TABLE.names("forcing", "column"), "group": list(world.groups),
    }  # fmt: skip
    xr.Dataset(data, coords=coords, attrs={"format": "calcisol-world-1", "about": world.about}).to_netcdf(path)
    return path
