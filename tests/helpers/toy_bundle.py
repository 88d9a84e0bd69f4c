"""A toy module with the methods of a bundle: arithmetic one can check by hand, and modules that misbehave.

What:    writes small bundles for the abuse tests of the bridge; no chemistry.
Law:     ``dic`` grows by co2_src * dt / 0.012011 in each layer, ``k`` by w_sink * dt, ``water`` follows w_liq + w_ice, ``t_past``
         t_soil, pH drifts to 7 with the time constant of a day through exp(), so that rounding differences would show.
Use:     ``write_toy(path)``; ``write_toy(path, "nan")`` for the variants listed in VARIANTS.
"""

from __future__ import annotations

from pathlib import Path

import torch
from calcisol.emulator.contract.bundle import write_bundle
from calcisol.emulator.contract.variables import load_table

CARBON = 0.012011  # kg mol-1
DAY = 86400.0  # s
NAN_AT_CO2 = 9.0e-5  # kg m-2 s-1: the variant "nan" answers NaN where co2_src is above this
TABLE = load_table()


WET = 60.0  # kg m-2 of a layer: above this the variants "nan_wet" and "throws_wet" have no answer


class Toy(torch.nn.Module):
    """The four methods of the contract, on tensors [variable, layer, column] float64."""

    def __init__(self) -> None:
        super().__init__()
        self.n_state = len(TABLE.state)
        self.n_layer = len(TABLE.select("output", "layer"))
        self.n_column = len(TABLE.select("output", "column"))
        self.ph0 = TABLE.index("static", "ph0")
        self.w_liq = TABLE.index("forcing", "w_liq")
        self.w_ice = TABLE.index("forcing", "w_ice")
        self.co2_src = TABLE.index("forcing", "co2_src")
        self.wet = WET
        self.t_soil = TABLE.index("forcing", "t_soil")
        self.w_sink = TABLE.index("forcing", "w_sink")
        self.s_dic = TABLE.index("state", "dic")
        self.s_water = TABLE.index("state", "water")
        self.s_ph = TABLE.index("state", "ph")
        self.s_t_past = TABLE.index("state", "t_past")
        self.s_k = TABLE.index("state", "k")
        self.o_ph = TABLE.index("output", "ph")
        self.o_dic = TABLE.index("output", "dic")
        self.c_ph_top = TABLE.index("output", "ph_top")

    @torch.jit.export
    def prepare(self, static: torch.Tensor) -> torch.Tensor:
        return torch.where(torch.isnan(static), torch.full_like(static, 0.5), static)

    @torch.jit.export
    def initial_state(self, static: torch.Tensor, forcing_layer: torch.Tensor, forcing_column: torch.Tensor) -> torch.Tensor:
        state = torch.zeros([self.n_state, static.size(1), static.size(2)], dtype=static.dtype)
        state[self.s_ph] = static[self.ph0]
        state[self.s_water] = forcing_layer[self.w_liq] + forcing_layer[self.w_ice]
        return state

    def update(
        self, state: torch.Tensor, static: torch.Tensor, forcing_layer: torch.Tensor, dt: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        new = state.clone()
        new[self.s_dic] = state[self.s_dic] + forcing_layer[self.co2_src] * dt / 0.012011
        new[self.s_water] = forcing_layer[self.w_liq] + forcing_layer[self.w_ice]
        new[self.s_t_past] = forcing_layer[self.t_soil]
        new[self.s_k] = state[self.s_k] + forcing_layer[self.w_sink] * dt
        new[self.s_ph] = 7.0 + (state[self.s_ph] - 7.0) * torch.exp(-dt / 86400.0 * (1.0 + 0.1 * torch.sin(state[self.s_dic])))
        output_layer = torch.zeros([self.n_layer, state.size(1), state.size(2)], dtype=state.dtype)
        output_layer[self.o_ph] = new[self.s_ph]
        output_layer[self.o_dic] = new[self.s_dic] * 0.012011
        output_column = torch.zeros([self.n_column, state.size(2)], dtype=state.dtype)
        output_column[self.c_ph_top] = new[self.s_ph].mean(0)
        flag = torch.zeros([state.size(1), state.size(2)], dtype=torch.int32)
        return new, output_layer, output_column, flag

    def forward(
        self,
        state: torch.Tensor,
        static: torch.Tensor,
        forcing_layer: torch.Tensor,
        forcing_column: torch.Tensor,
        dt: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        return self.update(state, static, forcing_layer, dt)

    @torch.jit.export
    def laboratory_ph(self, static: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        return torch.stack([state[self.s_ph] + 0.5, state[self.s_ph]])


class Throws(Toy):
    """Raises in the step."""

    def forward(
        self,
        state: torch.Tensor,
        static: torch.Tensor,
        forcing_layer: torch.Tensor,
        forcing_column: torch.Tensor,
        dt: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        if dt.item() > 0:
            raise RuntimeError("toy trouble")
        return self.update(state, static, forcing_layer, dt)


class Nan(Toy):
    """Answers NaN in columns whose respiration is above NAN_AT_CO2; and computes masked 1/0 and 0/0 everywhere."""

    def forward(
        self,
        state: torch.Tensor,
        static: torch.Tensor,
        forcing_layer: torch.Tensor,
        forcing_column: torch.Tensor,
        dt: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        new, output_layer, output_column, flag = self.update(state, static, forcing_layer, dt)
        zero = torch.zeros_like(new)
        bad = (forcing_layer[self.co2_src] > 9.0e-5).unsqueeze(0)
        new = torch.where(bad, zero / zero, new)
        new = torch.where(new < -1.0e30, 1.0 / zero, new)
        return new, output_layer, output_column, flag


class NanWet(Toy):
    """Answers NaN in columns with a layer that holds more water than WET."""

    def forward(
        self,
        state: torch.Tensor,
        static: torch.Tensor,
        forcing_layer: torch.Tensor,
        forcing_column: torch.Tensor,
        dt: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        new, output_layer, output_column, flag = self.update(state, static, forcing_layer, dt)
        wet = (forcing_layer[self.w_liq] > self.wet).any(dim=0).unsqueeze(0).unsqueeze(0)
        return torch.where(wet, torch.full_like(new, float("nan")), new), output_layer, output_column, flag


class ThrowsWet(Toy):
    """Raises where a layer holds more water than WET."""

    def forward(
        self,
        state: torch.Tensor,
        static: torch.Tensor,
        forcing_layer: torch.Tensor,
        forcing_column: torch.Tensor,
        dt: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        if bool((forcing_layer[self.w_liq] > self.wet).any()):
            raise RuntimeError("toy trouble")
        return self.update(state, static, forcing_layer, dt)


class WrongShape(Toy):
    """Answers outputs of one layer, which a careless caller would broadcast."""

    def forward(
        self,
        state: torch.Tensor,
        static: torch.Tensor,
        forcing_layer: torch.Tensor,
        forcing_column: torch.Tensor,
        dt: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        new, output_layer, output_column, flag = self.update(state, static, forcing_layer, dt)
        return new, output_layer[:, :1], output_column, flag


VARIANTS = {
    "good": Toy, "throws": Throws, "nan": Nan, "nan_wet": NanWet, "throws_wet": ThrowsWet, "wrong_shape": WrongShape,
}  # fmt: skip


def write_toy(path: Path, variant: str = "good", **contract: object) -> Path:
    """Write one variant as a bundle; further entries go into its contract."""
    write_bundle(path, torch.jit.script(VARIANTS[variant]()), {"licence": "MIT", "name": f"toy {variant}", **contract})
    return path
