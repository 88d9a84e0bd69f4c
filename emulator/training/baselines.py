"""Baselines a learned step must beat: B1 predicts the next state, B2 its increment, both without physics.

What:    one network per cell that sees its own pools, its neighbours' and the forcing, trained one step ahead on the same
         columns as the bundle; fluxes out of the column are extra outputs of the bottom and top cells. Nothing is conserved.
Shapes:  same call as ``step.Step``, so that the same rollout and scores apply.
Source:  the usual surrogate (Laloy & Jacques 2019, Silva et al. 2024); B0, the step without network, is ``Step()``.
Use:     ``b1 = train_baseline(sets, increments=False)``
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..contract.constants import MOLAR_MASS_C, MOLAR_MASS_N
from ..contract.rows import column_rows, layer_rows
from ..contract.variables import load_table
from .dataset import Ensemble

N_POOLS = 10  # calcite ... dic
N_CARRIED = 13  # pools, water, pCO2, pH
WIDTH = 128
STEPS, BATCH, RATE = 3000, 4096, 2e-3
_OUT = {name: load_table().index("output", name) for name in ("co2_adj", "dic_leach", "ca_leach", "no3_leach")}


class PlainNetwork(nn.Module):
    """B1 or B2: state, neighbours and forcing in, next state or increment and fluxes out."""

    in_mean: Tensor
    in_scale: Tensor
    out_mean: Tensor
    out_scale: Tensor
    low: Tensor
    high: Tensor

    def __init__(self, increments: bool, seed: int = 0) -> None:
        super().__init__()
        self.increments = increments
        n_in = 3 * 12 + 13 + 8
        with torch.random.fork_rng(devices=[]):  # the caller's random numbers stay as they were
            torch.manual_seed(seed)
            self.net = nn.Sequential(nn.Linear(n_in, WIDTH), nn.SiLU(), nn.Linear(WIDTH, WIDTH), nn.SiLU(), nn.Linear(WIDTH, 16))
        for name, size in (("in_mean", n_in), ("out_mean", 16)):
            self.register_buffer(name, torch.zeros(size))
            self.register_buffer(name.replace("mean", "scale"), torch.ones(size))
        self.register_buffer("low", torch.full((12, 1, 1), -20.0, dtype=torch.float64))
        self.register_buffer("high", torch.full((12, 1, 1), 20.0, dtype=torch.float64))

    @staticmethod
    def coordinates(state: Tensor) -> Tensor:
        """State as the network sees it [12, layer, column]: asinh of amounts (a log for large ones), ln pCO2, pH."""
        return torch.cat([torch.asinh(state[:N_POOLS] * 100.0), state[11:12].log(), state[12:13]])

    def inputs(self, state: Tensor, static: Tensor, layer: Tensor, column: Tensor) -> Tensor:
        """[input, layer, column]."""
        own = self.coordinates(state)
        above, below = torch.cat([own[:, :1], own[:, :-1]], 1), torch.cat([own[:, 1:], own[:, -1:]], 1)
        f, c = layer_rows(layer), column_rows(column)
        top = torch.zeros_like(f.w_liq)
        top[0] = 1.0
        columns = torch.stack([c.q_bot, c.co2_atm * 1e-4, c.dep_nh4, c.dep_no3, c.dep_so4, c.dep_dic, c.dep_ca, c.dep_na]) * 1e7
        layers = [f.w_liq, f.w_liq - state[10], f.t_soil, f.co2_src * 1e8, f.n_nit * 1e9, f.n_up_no3 * 1e9, f.n_up_nh4 * 1e9]
        soil = [f.bc_up * 1e9, f.weath * 1e9, static[0], static[6], static[7], top]
        return torch.cat([own, above, below, torch.stack(layers + soil), columns.unsqueeze(1).expand(-1, own.shape[1], -1)])

    def raw(self, state: Tensor, static: Tensor, layer: Tensor, column: Tensor) -> Tensor:
        """Network outputs in their own scale [16, layer, column]."""
        x = self.inputs(state, static, layer, column)
        shape = x.shape
        y = self.net(((x.flatten(1).t() - self.in_mean) / self.in_scale).float())
        return (y * self.out_scale + self.out_mean).t().reshape(16, shape[1], shape[2]).double()

    def forward(
        self, state: Tensor, static: Tensor, layer: Tensor, column: Tensor, dt: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """As ``Step.forward``; the layer outputs are not made."""
        y = self.raw(state, static, layer, column)
        z = y[:12] + self.coordinates(state) if self.increments else y[:12]
        z = torch.minimum(torch.maximum(z, self.low), self.high)  # never outside the states it was trained on
        new = state.clone()
        new[:N_POOLS] = torch.sinh(z[:N_POOLS]) / 100.0
        new[10] = layer[0]
        new[11] = z[10].exp()
        new[12] = z[11]
        out = torch.zeros(11, state.shape[-1], dtype=state.dtype)
        out[_OUT["ca_leach"]], out[_OUT["dic_leach"]], out[_OUT["no3_leach"]] = (
            y[12, -1] / dt, y[13, -1] * MOLAR_MASS_C / dt, y[14, -1] * MOLAR_MASS_N / dt,
        )  # fmt: skip
        out[_OUT["co2_adj"]] = y[15, 0] * MOLAR_MASS_C / dt - layer[6].sum(0)
        return new, state[:6], out, torch.zeros_like(state[0], dtype=torch.int32)


def train_baseline(sets: list[Ensemble], increments: bool, seed: int = 0) -> PlainNetwork:
    """Train B1 or B2 one step ahead on the training columns of ``sets``."""
    model = PlainNetwork(increments, seed)
    inputs, targets, lowest, highest = [], [], [], []
    with torch.no_grad():
        for train in (s.part("train") for s in sets):
            if not len(train.members):
                continue
            for t in range(0, train.forcing_column.shape[0], 2):
                x = model.inputs(train.state[t], train.static, train.forcing_layer[t], train.forcing_column[t])
                inputs.append(x.flatten(1).t().float())
                now, then = model.coordinates(train.state[t]), model.coordinates(train.state[t + 1])
                lowest.append(now.flatten(1).amin(1))
                highest.append(now.flatten(1).amax(1))
                fluxes = torch.zeros(4, *now.shape[1:], dtype=now.dtype)
                fluxes[:3, -1] = train.leached[t]
                fluxes[3, 0] = train.co2_efflux[t]
                targets.append(torch.cat([then - now if increments else then, fluxes]).flatten(1).t().float())
        model.low.copy_(torch.stack(lowest).amin(0).view(-1, 1, 1))
        model.high.copy_(torch.stack(highest).amax(0).view(-1, 1, 1))
        x, y = torch.cat(inputs), torch.cat(targets)
        model.in_mean.copy_(x.mean(0))
        model.in_scale.copy_(x.std(0).clamp(min=1e-6))
        model.out_mean.copy_(y.mean(0))
        model.out_scale.copy_(y.std(0).clamp(min=1e-6))
        x, y = (x - model.in_mean) / model.in_scale, (y - model.out_mean) / model.out_scale
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(model.net.parameters(), lr=RATE)
    for step in range(STEPS):
        for group in optimiser.param_groups:
            group["lr"] = RATE * (1.0 - 0.95 * step / STEPS)
        rows = torch.randint(x.shape[0], (min(BATCH, x.shape[0]),), generator=generator)
        optimiser.zero_grad()
        nn.functional.mse_loss(model.net(x[rows]), y[rows]).backward()
        optimiser.step()
    return model.eval()
