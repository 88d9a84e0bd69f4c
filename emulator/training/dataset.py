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
from ..chemistry.stated import Stated
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
_NEEDED = (
    "pH", "theta", "temperature", "p_co2(g)", "phi_calcite", "cec", "sample", "water_out", "src_x-resp", "src_x-nitr", "src_fert",
)  # fmt: skip
FERTILISER = {"an": (1.0, 1.0, 0.0, 0.0), "urea": (2.0, 0.0, 1.0, 0.0), "as": (2.0, 0.0, 0.0, 1.0)}
"""mol NH4, NO3, inorganic C, SO4 per mol of fertiliser reaction in the decks."""


class DataError(InputError):
    """An ensemble file cannot be used; the text names the variable and how to fix it."""


@dataclass(frozen=True)
class Ensemble:
    """Columns of one archive, last dimension of every tensor the member; float64."""

    static: Tensor  # [14, layer, member]
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
    constants: Stated | None = None  # those of the archive where it states them
    reference_model: str = "MIN3P 2.6.2.880"

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


def _open(path: Path) -> xr.Dataset:
    """The file in memory. Raises DataError naming what is missing for training."""
    if not path.is_file():
        raise DataError(f"ensemble {path} does not exist; give the path of a MIN3P ensemble (netCDF)")
    try:
        # the first record is written before MIN3P has equilibrated at the field's temperature: runs start at the second
        ds = xr.open_dataset(path).isel(time=slice(1, None)).transpose("member", "time", "layer", ...).load()
    except (OSError, ValueError):
        raise DataError(f"ensemble {path} is damaged or cannot be read as netCDF (member, time, layer); name another") from None
    if ds.attrs.get("format") == "calcisol-ensemble-1":
        raise DataError(f"{path} is a learning file of several layerings; read it with learning_set.load_learning_file, not here")
    missing = [v for v in (*_NEEDED, *(f"tot_{c}" for c, _, _ in _TOTALS.values())) if v not in ds]
    if missing:
        raise DataError(f"ensemble {path} lacks {', '.join(missing)}; a training file needs them (see emulator/README.md)")
    return ds


class _Archive:
    """An ensemble in the format of the v0 archive, its variables as arrays with the member last."""

    def __init__(self, path: Path) -> None:
        self.ds = ds = _open(path)
        self.sample = {str(p): ds["sample"].sel(parameter=p).values.astype(float) for p in ds.parameter.values}
        times = ds.time.values.astype(float)
        self.dt = float(np.median(np.diff(times))) * DAY
        self.dz = ds.thickness.values.astype(float)  # m
        self.times, self.shape = times.size, (self.dz.size, ds.sizes["member"])
        self.volume = self.dz[None, :, None] * 1000.0  # litres per m2
        self.theta, self.temperature = self.layered("theta"), self.layered("temperature") + 273.15
        self.porosity = ds.porosity.values.astype(float)

    def layered(self, name: str) -> np.ndarray:
        """[time, layer, member]."""
        return np.moveaxis(self.ds[name].values.astype(float), 0, 2)

    def column(self, name: str) -> np.ndarray:
        """[time - 1, member]."""
        return np.moveaxis(self.ds[name].values.astype(float), 0, 1)[1:]

    def spread(self, source: str, rate: str, otherwise: np.ndarray) -> np.ndarray:
        """Column integral [mol m-2 per interval] over the layers as the rate is, [time - 1, layer, member]."""
        if source not in self.ds:
            return np.zeros((self.times - 1, *self.shape))
        shares = _share(self.layered(rate)[1:], self.dz, otherwise) if rate in self.ds else otherwise
        return self.column(source)[:, None, :] * shares


def _states(a: _Archive, slots: list[str]) -> np.ndarray:
    """Conserved totals, pressures and what the solver starts from, [time, slot, layer, member]."""
    values: dict[str, np.ndarray | float] = {"calcite": a.layered("phi_calcite") / MOLAR_VOLUME_CALCITE * a.dz[None, :, None]}
    for name, (component, charge, sorbed) in _TOTALS.items():
        total = a.layered(f"tot_{component}") * a.theta * a.volume
        for species in sorbed:
            total = total + a.layered(f"sorb_{species}") * 0.01 * a.sample["bulk_density"] / charge * a.volume
        values[name] = total
    air, pco2 = (a.porosity - a.theta) * a.dz[None, :, None], a.layered("p_co2(g)")
    values["dic"] = a.layered("tot_co3-2") * a.theta * a.volume + air * pco2 / (GAS_CONSTANT_ATM * a.temperature)
    values |= {"water": a.theta * a.volume, "pco2": pco2, "ph": a.layered("pH")}
    values["ionic_strength"] = a.layered("ionic_strength") if "ionic_strength" in a.ds else 0.006
    # exchange potential: ln of (equivalent fraction of Na / dissolved Na), its activity coefficient left to the solver
    for name, site in {"site_1": "x", "site_2": "ya", "site_3": "yb"}.items():
        ions = [ion for ion in ("na", "ca", "mg", "k", "nh4", "h", "al") if f"sorb_{ion}-{site}(na)" in a.ds]
        filled = sum(a.layered(f"sorb_{ion}-{site}(na)") for ion in ions) * a.layered("tot_na+1")
        values[name] = np.log(np.maximum(a.layered(f"sorb_na-{site}(na)"), 1e-12) / np.maximum(filled, 1e-12))
    state = np.zeros((a.times, len(slots), *a.shape))
    # an archive knows nothing of the climate before it: every window starts without memory
    for name, value in (*values.items(), *zip(PAST, START, strict=True)):
        state[:, slots.index(name)] = value
    return state


def _soil(a: _Archive, calcite: np.ndarray, ph: np.ndarray, rows: list[str]) -> np.ndarray:
    """Static soil, [row, layer, member]; ``calcite`` [mol m-2] and ``ph`` are those of the start."""
    sample, dz, bulk = a.sample, a.dz, a.sample["bulk_density"]
    depth = (np.cumsum(dz) - 0.5 * dz)[:, None]
    values = {
        "dz": dz[:, None], "clay": 0.01 * sample["clay"], "sand": 0.4, "soc": 0.01 * sample["soc"], "bulk_density": 1000.0 * bulk,
        "porosity": a.porosity, "cec": 0.01 * a.ds.cec.values.T.astype(float), "base_saturation": np.nan,
        "cec_variable": np.clip(sample["yfrac"] * np.exp(-depth / 0.5), 0.02, 0.95),
        "caco3": calcite * MOLAR_MASS_CACO3 / (1000.0 * bulk * dz[:, None]), "ph0": ph,
        "calcite_rate": 1000.0 * sample["k_calcite"], "dispersivity": sample["dispersivity"],
        "si_pedogenic": 0.0, "si_gibbsite": 0.0,
    }  # fmt: skip
    return np.stack([np.broadcast_to(values[name], a.shape) for name in rows])


def _layer_forcing(a: _Archive, rows: list[str]) -> np.ndarray:
    """Rates in the layers over each interval, [time - 1, row, layer, member]."""
    dz, dt, bottom = a.dz, a.dt, np.cumsum(a.dz)
    root = np.clip(np.minimum(bottom, 0.30) - (bottom - dz), 0.0, None)
    root = (root / root.sum())[None, :, None]
    e_fold = a.sample["resp_depth"][None, :]
    respired = np.exp(-(bottom - dz)[:, None] / e_fold) - np.exp(-bottom[:, None] / e_fold)
    respired = respired / respired.sum(0)
    top, even = np.eye(1, dz.size)[:, :, None], (dz / dz.sum())[None, :, None]
    values = {
        "w_liq": (a.theta * a.volume)[1:], "w_ice": 0.0, "t_soil": a.temperature[1:], "w_sink": 0.0, "q_lat": 0.0, "q_if": np.nan,
        "co2_src": a.column("src_x-resp")[:, None, :] * respired[None] * MOLAR_MASS_C / dt,
        "n_nit": a.spread("src_x-nitr", "rate_x-nitr_1", top) * MOLAR_MASS_N / dt, "n_min": 0.0,
        "n_up_nh4": a.spread("src_x-unh4", "rate_x-unh4_1", root) * MOLAR_MASS_N / dt,
        "n_up_no3": a.spread("src_x-uno3", "rate_x-uno3_1", root) * MOLAR_MASS_N / dt,
        "n_den": 0.0, "h_src": 0.0,
        "bc_up": a.spread("src_x-ubc", "rate_x-ubc_1", root) * 1.6 / dt,
        "weath": a.spread("src_x-weath", "", even) * 2.0 / dt,
        "nh4": np.nan, "no3": np.nan,
    }  # fmt: skip
    return np.stack([np.broadcast_to(values[name], (a.times - 1, *a.shape)) for name in rows], axis=1)


def _column_forcing(a: _Archive, form: np.ndarray, rows: list[str]) -> np.ndarray:
    """Water and deposition of the columns, [time - 1, row, member]; fertiliser comes with the rain."""
    per, fertiliser, dt = np.array([FERTILISER[f] for f in form]).T, a.column("src_fert"), a.dt  # per: [4, member]
    rain = {c: a.column(f"flux_in_{c}") for c in ("ca+2", "mg+2", "k+1", "na+1", "nh4+1", "no3-1", "cl-1", "so4-2", "co3-2")}
    values = {
        "q_bot": a.column("water_out") * 1000.0 / dt, "co2_src_total": 0.0, "p_surf": 101325.0,
        "co2_atm": 1e-6 * a.sample["co2_atm"][None, :],
        "dep_ca": rain["ca+2"] / dt, "dep_mg": rain["mg+2"] / dt, "dep_k": rain["k+1"] / dt, "dep_na": rain["na+1"] / dt,
        "dep_nh4": (rain["nh4+1"] + per[0] * fertiliser) / dt, "dep_no3": (rain["no3-1"] + per[1] * fertiliser) / dt,
        "dep_cl": rain["cl-1"] / dt, "dep_so4": (rain["so4-2"] + per[3] * fertiliser) / dt,
        "dep_dic": (rain["co3-2"] + per[2] * fertiliser) / dt, "lime": 0.0, "active": 1.0,
    }  # fmt: skip
    return np.stack([np.broadcast_to(values[name], (a.times - 1, a.shape[1])) for name in rows], axis=1)


def _tensor(x: np.ndarray) -> Tensor:
    return torch.as_tensor(np.ascontiguousarray(x), dtype=torch.float64)


def load_ensemble(path: str | Path) -> Ensemble:
    """Read an ensemble file. Raises DataError naming what is missing for training."""
    path = Path(path)
    a, table = _Archive(path), load_table()
    ds, slots, members = a.ds, table.names("state"), a.shape[1]
    form = np.where(a.sample["form"] < 0.65, "an", np.where(a.sample["form"] < 0.85, "urea", "as"))
    state = _states(a, slots)
    calcite, ph = (state[0, slots.index(name)] for name in ("calcite", "ph"))
    return Ensemble(
        static=_tensor(_soil(a, calcite, ph, table.names("static"))),
        state=_tensor(state),
        forcing_layer=_tensor(_layer_forcing(a, table.names("forcing", "layer"))),
        forcing_column=_tensor(_column_forcing(a, form, table.names("forcing", "column"))),
        ph=_tensor(a.layered("pH")),
        leached=_tensor(np.stack([a.column(f"flux_out_{c}") for c in ("ca+2", "co3-2", "no3-1")], axis=1)),
        co2_efflux=_tensor(a.column("flux_gasout_co3-2")),
        calcite_loss=_tensor(a.column("src_calcite")),
        dt=a.dt,
        members=ds["member_id"].values if "member_id" in ds else np.arange(members),
        form=form,
        wall_s=ds["wall_s"].values if "wall_s" in ds else np.full(members, np.nan),
        sha256=file_sha256(path),
    )
