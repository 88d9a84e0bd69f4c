"""Learning tables from a MIN3P ensemble file: static soil, forcing, states and fluxes as tensors in contract order.

What:    reads an ensemble in the format of the v0 archive (dims member, time, layer; names in ``_TOTALS`` and ``_SOURCES``),
         turns concentrations into conserved totals per m2, and splits the columns (never the times).
Units:   as in variables.toml; fluxes mol m-2 per interval. Shapes: static [row, layer, member], forcing with time first.
Source:  totals are dissolved + exchangeable + gas (emulator/min3p/README.md), checked against MIN3P's own budgets.
Use:     ``data = load_ensemble(path); train = data.part("train")``
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from ..chemistry.constants import MOLAR_VOLUME_CALCITE
from ..contract.constants import GAS_CONSTANT_ATM, MOLAR_MASS_C, MOLAR_MASS_CACO3, MOLAR_MASS_N
from ..contract.errors import InputError
from ..contract.variables import load_table
from ..processes.recent_climate import PAST, START

SPLITS = {"train": (0.0, 0.70), "validation": (0.70, 0.85), "test": (0.85, 1.0)}
SPLIT_SEED = 20261123
DAY = 86400.0
_TOTALS = {  # state slot: (component, sorbed species on the sites)
    "ca": ("ca+2", 2, ("ca-x(na)", "ca-ya(na)", "ca-yb(na)")),
    "mg": ("mg+2", 2, ("mg-x(na)", "mg-ya(na)", "mg-yb(na)")),
    "k": ("k+1", 1, ("k-x(na)",)),
    "na": ("na+1", 1, ("na-x(na)", "na-ya(na)", "na-yb(na)")),
    "nh4": ("nh4+1", 1, ("nh4-x(na)",)),
    "no3": ("no3-1", 1, ()),
    "cl": ("cl-1", 1, ()),
    "so4": ("so4-2", 1, ()),
}
FERTILISER = {"an": (1.0, 1.0, 0.0, 0.0), "urea": (2.0, 0.0, 1.0, 0.0), "as": (2.0, 0.0, 0.0, 1.0)}
"""mol NH4, NO3, inorganic C, SO4 per mol of fertiliser reaction in the decks."""


class DataError(InputError):
    """An ensemble file cannot be used; the text names the variable and how to fix it."""


@dataclass(frozen=True)
class Ensemble:
    """Columns of one archive, last dimension of every tensor the member; float64."""

    static: Tensor  # [13, layer, member]
    state: Tensor  # [time, 20, layer, member]
    forcing_layer: Tensor  # [time - 1, 17, layer, member]
    forcing_column: Tensor  # [time - 1, 15, member]
    ph: Tensor  # [time, layer, member]
    leached: Tensor  # [time - 1, 3, member] Ca, DIC, NO3, mol m-2 per interval
    co2_efflux: Tensor  # [time - 1, member] mol m-2 per interval
    calcite_loss: Tensor  # [time - 1, member] mol m-2 per interval
    dt: float  # s
    members: np.ndarray  # member numbers in the file
    form: np.ndarray  # fertiliser of each member
    wall_s: np.ndarray  # MIN3P seconds per member
    sha256: str

    @property
    def years(self) -> float:
        """Length of the runs."""
        return self.forcing_column.shape[0] * self.dt / (365.0 * DAY)

    def select(self, columns: np.ndarray) -> Ensemble:
        """The same ensemble with some of its columns."""
        index = torch.as_tensor(columns)
        chosen: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Tensor):
                chosen[field.name] = value.index_select(-1, index).contiguous()
            elif isinstance(value, np.ndarray):
                chosen[field.name] = value[columns]
        return replace(self, **chosen)

    def part(self, name: str) -> Ensemble:
        """Train, validation or test columns; the split is by column (``split_of``), never by time."""
        return self.select(np.flatnonzero([split_of(int(m)) == name for m in self.members]))


def split_of(member: int) -> str:
    """Part a member belongs to: from its own number, so that it stays there when the ensemble grows."""
    u = float(np.random.default_rng([SPLIT_SEED, member]).random())
    return next(name for name, (low, high) in SPLITS.items() if low <= u < high)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()


def _share(rate: np.ndarray, dz: np.ndarray, fallback: np.ndarray) -> np.ndarray:
    """Layer shares [time, layer, member] of a column integral from the rates at the end of each interval."""
    amount = np.abs(rate) * dz[None, :, None]
    total = amount.sum(1, keepdims=True)
    return np.where(total > 1e-25, amount / np.maximum(total, 1e-25), fallback)


def load_ensemble(path: str | Path) -> Ensemble:
    """Read an ensemble file. Raises DataError naming what is missing for training."""
    path = Path(path)
    if not path.is_file():
        raise DataError(f"ensemble {path} does not exist; give the path of a MIN3P ensemble (netCDF)")
    try:
        # the first record is written before MIN3P has equilibrated at the field's temperature: runs start at the second
        ds = xr.open_dataset(path).isel(time=slice(1, None)).transpose("member", "time", "layer", ...).load()
    except (OSError, ValueError):
        raise DataError(f"ensemble {path} is damaged or cannot be read as netCDF (member, time, layer); name another") from None
    if ds.attrs.get("format") == "calcisol-ensemble-1":
        raise DataError(f"{path} is a learning file of several layerings; read it with learning_set.load_learning_file, not here")
    needed = [
        "pH",
        "theta",
        "temperature",
        "p_co2(g)",
        "phi_calcite",
        "cec",
        "sample",
        "water_out",
        "src_x-resp",
        "src_x-nitr",
        "src_fert",
    ]
    missing = [v for v in (*needed, *(f"tot_{c}" for c, _, _ in _TOTALS.values())) if v not in ds]
    if missing:
        raise DataError(f"ensemble {path} lacks {', '.join(missing)}; a training file needs them (see emulator/README.md)")

    sample = {str(p): ds["sample"].sel(parameter=p).values.astype(float) for p in ds.parameter.values}
    times = ds.time.values.astype(float)
    dt = float(np.median(np.diff(times))) * DAY
    dz = ds.thickness.values.astype(float)
    n_layer, n_member = dz.size, ds.sizes["member"]

    def layered(name: str) -> np.ndarray:  # [time, layer, member]
        return np.moveaxis(ds[name].values.astype(float), 0, 2)

    def column(name: str) -> np.ndarray:  # [time - 1, member]
        return np.moveaxis(ds[name].values.astype(float), 0, 1)[1:]

    theta, temperature, pco2 = layered("theta"), layered("temperature") + 273.15, layered("p_co2(g)")
    bulk = sample["bulk_density"]
    porosity = ds.porosity.values.astype(float)
    depth = (np.cumsum(dz) - 0.5 * dz)[:, None]
    volume = dz[None, :, None] * 1000.0  # litres per m2

    table = load_table()
    state = np.zeros((times.size, len(table.state), n_layer, n_member))
    slot = {name: i for i, name in enumerate(table.names("state"))}
    state[:, slot["calcite"]] = layered("phi_calcite") / MOLAR_VOLUME_CALCITE * dz[None, :, None]
    for name, (component, charge, sorbed) in _TOTALS.items():
        total = layered(f"tot_{component}") * theta * volume
        for species in sorbed:
            total = total + layered(f"sorb_{species}") * 0.01 * bulk / charge * volume
        state[:, slot[name]] = total
    air = (porosity - theta) * dz[None, :, None]
    state[:, slot["dic"]] = layered("tot_co3-2") * theta * volume + air * pco2 / (GAS_CONSTANT_ATM * temperature)
    state[:, slot["water"]] = theta * volume
    state[:, slot["pco2"]] = pco2
    state[:, slot["ph"]] = layered("pH")
    state[:, slot["ionic_strength"]] = layered("ionic_strength") if "ionic_strength" in ds else 0.006
    # exchange potential: ln of (equivalent fraction of Na / dissolved Na), its activity coefficient left to the solver
    sites = {"site_1": "x", "site_2": "ya", "site_3": "yb"}
    for name, site in sites.items():
        ions = [ion for ion in ("na", "ca", "mg", "k", "nh4", "h", "al") if f"sorb_{ion}-{site}(na)" in ds]
        filled = sum(layered(f"sorb_{ion}-{site}(na)") for ion in ions) * layered("tot_na+1")
        state[:, slot[name]] = np.log(np.maximum(layered(f"sorb_na-{site}(na)"), 1e-12) / np.maximum(filled, 1e-12))

    for name, value in zip(PAST, START, strict=True):  # an archive does not say; every window starts from nothing known
        state[:, slot[name]] = value

    static = {
        "dz": dz[:, None], "clay": 0.01 * sample["clay"], "sand": 0.4, "soc": 0.01 * sample["soc"], "bulk_density": 1000.0 * bulk,
        "porosity": porosity, "cec": 0.01 * ds.cec.values.T.astype(float), "base_saturation": np.nan,
        "cec_variable": np.clip(sample["yfrac"] * np.exp(-depth / 0.5), 0.02, 0.95),
        "caco3": state[0, slot["calcite"]] * MOLAR_MASS_CACO3 / (1000.0 * bulk * dz[:, None]), "ph0": state[0, slot["ph"]],
        "calcite_rate": 1000.0 * sample["k_calcite"], "dispersivity": sample["dispersivity"],
    }  # fmt: skip
    ones = np.ones((n_layer, n_member))
    static_tensor = np.stack([np.broadcast_to(static[v], (n_layer, n_member)) * ones for v in table.names("static")])

    form = np.where(sample["form"] < 0.65, "an", np.where(sample["form"] < 0.85, "urea", "as"))
    per = np.array([FERTILISER[f] for f in form]).T  # [4, member]
    n_time = times.size - 1
    bottom = np.cumsum(dz)
    root = np.clip(np.minimum(bottom, 0.30) - (bottom - dz), 0.0, None)
    root = (root / root.sum())[None, :, None]
    e_fold = sample["resp_depth"][None, :]
    respired = np.exp(-(bottom - dz)[:, None] / e_fold) - np.exp(-bottom[:, None] / e_fold)
    respired = respired / respired.sum(0)

    def spread(source: str, rate: str, fallback: np.ndarray) -> np.ndarray:
        """Column integral [mol m-2 per interval] spread over the layers [time - 1, layer, member]."""
        if source not in ds:
            return np.zeros((n_time, n_layer, n_member))
        shares = _share(layered(rate)[1:], dz, fallback) if rate in ds else fallback
        return column(source)[:, None, :] * shares

    top = np.eye(1, n_layer)[:, :, None]
    layer_values = {
        "w_liq": (theta * volume)[1:], "w_ice": 0.0, "t_soil": temperature[1:], "w_sink": 0.0, "q_lat": 0.0, "q_if": np.nan,
        "co2_src": column("src_x-resp")[:, None, :] * respired[None] * MOLAR_MASS_C / dt,
        "n_nit": spread("src_x-nitr", "rate_x-nitr_1", top) * MOLAR_MASS_N / dt, "n_min": 0.0,
        "n_up_nh4": spread("src_x-unh4", "rate_x-unh4_1", root) * MOLAR_MASS_N / dt,
        "n_up_no3": spread("src_x-uno3", "rate_x-uno3_1", root) * MOLAR_MASS_N / dt,
        "n_den": 0.0, "h_src": 0.0,
        "bc_up": spread("src_x-ubc", "rate_x-ubc_1", root) * 1.6 / dt,
        "weath": spread("src_x-weath", "", (dz / dz.sum())[None, :, None]) * 2.0 / dt,
        "nh4": np.nan, "no3": np.nan,
    }  # fmt: skip
    shape = (n_time, n_layer, n_member)
    forcing_layer = np.stack([np.broadcast_to(layer_values[v], shape) for v in table.names("forcing", "layer")], axis=1)

    fertiliser = column("src_fert")
    rain = {c: column(f"flux_in_{c}") for c in ("ca+2", "mg+2", "k+1", "na+1", "nh4+1", "no3-1", "cl-1", "so4-2", "co3-2")}
    column_values = {
        "q_bot": column("water_out") * 1000.0 / dt, "co2_src_total": 0.0, "p_surf": 101325.0,
        "co2_atm": 1e-6 * sample["co2_atm"][None, :],
        "dep_ca": rain["ca+2"] / dt, "dep_mg": rain["mg+2"] / dt, "dep_k": rain["k+1"] / dt, "dep_na": rain["na+1"] / dt,
        "dep_nh4": (rain["nh4+1"] + per[0] * fertiliser) / dt, "dep_no3": (rain["no3-1"] + per[1] * fertiliser) / dt,
        "dep_cl": rain["cl-1"] / dt, "dep_so4": (rain["so4-2"] + per[3] * fertiliser) / dt,
        "dep_dic": (rain["co3-2"] + per[2] * fertiliser) / dt, "lime": 0.0, "active": 1.0,
    }  # fmt: skip
    forcing_column = np.stack(
        [np.broadcast_to(column_values[v], (n_time, n_member)) for v in table.names("forcing", "column")], axis=1
    )

    def tensor(x: np.ndarray) -> Tensor:
        return torch.as_tensor(np.ascontiguousarray(x), dtype=torch.float64)

    return Ensemble(
        static=tensor(static_tensor), state=tensor(state),
        forcing_layer=tensor(forcing_layer), forcing_column=tensor(forcing_column),
        ph=tensor(layered("pH")),
        leached=tensor(np.stack([column("flux_out_ca+2"), column("flux_out_co3-2"), column("flux_out_no3-1")], axis=1)),
        co2_efflux=tensor(column("flux_gasout_co3-2")), calcite_loss=tensor(column("src_calcite")),
        dt=dt, members=ds["member_id"].values if "member_id" in ds else np.arange(n_member), form=form,
        wall_s=ds["wall_s"].values if "wall_s" in ds else np.full(n_member, np.nan), sha256=file_sha256(path),
    )  # fmt: skip
