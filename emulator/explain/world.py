"""A virtual world to explain: soil columns, their yearly cycle of forcing, and what each driver adds to it.

What:    forcing of a month = natural + sum over drivers of amount x difference; amount 0 is off, 1 on, 1.1 adds 10 %.
         Drivers are additive by construction, so that every coalition of them is a forcing and every path is straight.
Units:   contract units (variables.toml); covariates as the file says. Shapes [month, row, layer, column], [month, row, column].
Source:  written by coupler/explain_engine/virtual.py or by anybody; nothing here knows where the numbers come from.
Use:     ``world = read_world(path); layer, column = world.forcing(month, amounts)``
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from ..contract.errors import InputError
from ..contract.variables import load_table

FORMAT = "calcisol-world-1"
HUSBANDRY = "husbandry"  # harvest, manure, deposition of today: on in every scenario, off in the spin-up of millennia
DRIVERS = ("n_acid", "n_co2", "drainage", "temperature", "deposition", "lime")
NITROGEN = ("n_acid", "n_co2")  # what a kg of mineral nitrogen brings: its reactions, and respiration of the crop it feeds
TITLES = {
    "n_acid": "nitrogen: acid",
    "n_co2": "nitrogen: CO₂ of growth",
    "drainage": "drainage",
    "temperature": "temperature",
    "deposition": "deposition",
    "lime": "lime",
}
NEEDED = ("mineral_n", "drainage", "drainage_change", "mat", "warming", "aridity", "clay", "soc", "husbandry_n")


class WorldError(InputError):
    """The file is no world; the text names the file, the fault and how to fix it."""


@dataclass(frozen=True)
class World:
    """Columns and their drivers. ``groups`` names the differences: husbandry first, then DRIVERS."""

    static: Tensor  # [static, layer, column]
    layer: Tensor  # [month, row, layer, column], natural
    column: Tensor  # [month, row, column]
    layer_delta: Tensor  # [group, month, row, layer, column]
    column_delta: Tensor  # [group, month, row, column]
    lat: np.ndarray  # [column] degrees
    lon: np.ndarray
    covariates: dict[str, np.ndarray]  # name -> [column]
    about: str = ""
    groups: tuple[str, ...] = (HUSBANDRY, *DRIVERS)

    def __len__(self) -> int:
        """Number of columns."""
        return int(self.static.shape[-1])

    def forcing(self, month: int, amounts: Tensor) -> tuple[Tensor, Tensor]:
        """Layer and column forcing of one month at ``amounts`` [group, column]."""
        layer, column = self.layer[month], self.column[month]
        for g in range(len(self.groups)):
            layer = layer + amounts[g] * self.layer_delta[g, month]
            column = column + amounts[g] * self.column_delta[g, month]
        return layer, column

    def amounts(self, **drivers: float) -> Tensor:
        """[group, column] with husbandry on and the named drivers at their amounts (the rest 0)."""
        unknown = set(drivers) - set(self.groups)
        if unknown:
            raise WorldError(f"driver {sorted(unknown)[0]!r} is unknown; use some of {', '.join(self.groups)}")
        values = {HUSBANDRY: 1.0, **drivers}
        return torch.tensor([[values.get(g, 0.0)] for g in self.groups], dtype=torch.float64).repeat(1, len(self))

    def take(self, index: np.ndarray | Tensor) -> World:
        """Some columns, in the given order; the same one may come twice."""
        i = torch.as_tensor(index)
        n = i.numpy()
        cut = {k: v[n] for k, v in self.covariates.items()}
        tensors = (self.static, self.layer, self.column, self.layer_delta, self.column_delta)
        static, layer, column, layers, columns = (x[..., i] for x in tensors)
        return World(static, layer, column, layers, columns, self.lat[n], self.lon[n], cut, self.about, self.groups)

    def with_caco3(self, caco3: np.ndarray) -> World:
        """The same soils with other carbonate [column] kg kg-1, alike at all depths."""
        static = self.static.clone()
        static[load_table().names("static").index("caco3")] = torch.as_tensor(caco3, dtype=torch.float64)
        return replace(self, static=static)

    def blocks(self, degrees: float = 2.0) -> np.ndarray:
        """Number of the block of ``degrees`` that each column lies in: neighbours are not independent samples."""
        keys = np.stack([np.floor(self.lat / degrees), np.floor(self.lon / degrees)], 1)
        return np.unique(keys, axis=0, return_inverse=True)[1].ravel()


def _open(path: Path) -> xr.Dataset:
    try:
        return xr.open_dataset(path)
    except (OSError, ValueError):  # xarray's own text is a page on its engines
        raise WorldError(f"world {path} is no netCDF file or is cut short; let `calcisol explain` write it again") from None


def read_world(path: Path) -> World:
    """Read a world file. Raises WorldError when it lacks something or was made for another variable table."""
    if not path.is_file():
        raise WorldError(f"world {path} does not exist; `calcisol explain` writes one, or give --world FILE")
    with _open(path) as data:
        if data.attrs.get("format") != FORMAT:
            raise WorldError(f"{path} says format {data.attrs.get('format')!r}, not {FORMAT!r}; write it with this version")
        table = load_table()
        rows = {"static": table.names("static"), "layer_row": table.names("forcing", "layer")}
        rows["column_row"] = table.names("forcing", "column")
        rows["group"] = [HUSBANDRY, *DRIVERS]
        for dim, names in rows.items():
            found = [str(x) for x in data[dim].values]
            if found != names:
                raise WorldError(f"{path} has {dim} {found}, this version needs {names}; write it again")
        missing = [n for n in NEEDED if n not in data]
        if missing:
            raise WorldError(f"{path} lacks the covariate {missing[0]}; write it again")
        soil, layer, column, layers, columns = (
            torch.as_tensor(np.ascontiguousarray(data[n].values), dtype=torch.float64)
            for n in ("soil", "layer_forcing", "column_forcing", "layer_delta", "column_delta")
        )
        covariates = {str(n): v.values.astype(float) for n, v in data.data_vars.items() if v.dims == ("column_id",)}
        lat, lon = covariates.pop("lat"), covariates.pop("lon")
        return World(soil, layer, column, layers, columns, lat, lon, covariates, str(data.attrs.get("about", "")))
