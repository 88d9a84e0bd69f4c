"""Small soil columns for tests: tensors in contract order, no data file needed."""

import math

import torch
from calcisol.emulator.contract.variables import load_table
from torch import Tensor

TABLE = load_table()
MONTH = 365.0 / 12.0 * 86400.0
YEAR = 365.0 * 86400.0


def pack(role: str, dims: str, layers: int, columns: int, **values: float | Tensor) -> Tensor:
    """Tensor of one role and dims; what is not named takes its default."""
    rows = []
    for variable in TABLE.select(role, dims):
        value = torch.as_tensor(values.pop(variable.name, variable.fill), dtype=torch.float64)
        rows.append(value.expand((layers, columns) if dims == "layer" else (columns,)))
    assert not values, f"unknown names {sorted(values)}"
    return torch.stack(rows).contiguous()


def soil(columns: int = 24, caco3: Tensor | float | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Static, layer and column forcing: 10 layers, 300 mm drainage, CaCO3 from none to 30 % unless given."""
    dz = torch.tensor([0.25, 0.1, 0.1, 0.1, 0.1, 0.1, 0.15, 0.15, 0.15, 0.15], dtype=torch.float64)[:, None]
    if caco3 is None:
        caco3 = torch.logspace(-4, -0.5, columns, dtype=torch.float64)
        caco3[:2] = 0.0
    static = pack("static", "layer", 10, columns, dz=dz, caco3=caco3, clay=0.22)
    layer = pack("forcing", "layer", 10, columns, w_liq=dz * 300.0, t_soil=283.15)
    column = pack(
        "forcing", "column", 10, columns, q_bot=300.0 / YEAR, co2_src_total=0.6 / YEAR, dep_nh4=0.3 / YEAR, dep_no3=0.3 / YEAR,
        dep_ca=0.01 / YEAR, dep_na=0.02 / YEAR, dep_cl=0.02 / YEAR,
    )  # fmt: skip
    return static, layer, column


def random_forcing(seed: int, layer: Tensor, column: Tensor) -> tuple[Tensor, Tensor]:
    """The forcing of one step, shaken: wet and dry, warm and cold, fertiliser and harvest, rising water, lime."""
    g = torch.Generator().manual_seed(seed)
    layer, column = layer.clone(), column.clone()

    def scale(low: float, high: float, shape: torch.Size) -> Tensor:
        return torch.empty(shape, dtype=torch.float64).uniform_(low, high, generator=g)

    names, top = TABLE.names("forcing", "layer"), TABLE.names("forcing", "column")
    shape = layer.shape[1:]
    layer[names.index("w_liq")] *= scale(0.3, 1.3, shape)
    layer[names.index("t_soil")] += scale(-12.0, 15.0, shape)
    for name, high in (("n_nit", 60e-4), ("n_up_no3", 80e-4), ("n_up_nh4", 5e-4), ("n_den", 5e-4), ("n_min", 20e-4)):
        layer[names.index(name)] = scale(0.0, high / YEAR, shape)
    layer[names.index("bc_up")] = scale(0.0, 0.02 / YEAR, shape)
    layer[names.index("weath")] = scale(0.0, 0.01 / YEAR, shape)
    layer[names.index("h_src")] = scale(-0.002 / YEAR, 0.02 / YEAR, shape)
    layer[names.index("q_lat")] = scale(0.0, 10.0 / YEAR, shape)
    column[top.index("q_bot")] = scale(-50.0 / YEAR, 900.0 / YEAR, column.shape[1:])
    for name in ("dep_nh4", "dep_no3", "dep_so4", "dep_ca", "dep_dic", "dep_cl"):
        column[top.index(name)] = scale(0.0, 1.0 / YEAR, column.shape[1:])
    column[top.index("lime")] = scale(0.0, 0.05 / YEAR, column.shape[1:])
    assert math.isfinite(float(column.sum()))
    return layer, column
