"""Learning tables from the learning file of `calcisol ensemble`: exact pools and extents per layer, any layering.

What:    members with the same number of layers become one ``dataset.Ensemble``; layers are padded with NaN beyond ``n_layer``.
Units:   pools mol m-2, extents mol m-2 per interval and layer, released > 0; contract units out.
Source:  format in min3p/README.md (attribute format calcisol-ensemble-1); reactions by the attribute ``stoichiometry``.
Use:     ``ensembles = load_learning_file(path)``; all fertiliser, lime and irrigation enter layer 1.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
import xarray as xr

from ..chemistry.stated import from_dict
from ..contract.constants import MOLAR_MASS_C, MOLAR_MASS_N
from ..contract.variables import load_table
from ..processes.recent_climate import PAST, START
from .dataset import DAY, DataError, Ensemble, file_sha256, load_ensemble, split_of

FORMAT = "calcisol-ensemble-1"
POOLS = ("calcite", "ca", "mg", "k", "na", "nh4", "no3", "cl", "so4", "dic", "water")
LATER = {"si_pedogenic": 0.0, "si_gibbsite": 0.0}
"""Soil properties that learning files of earlier versions lack, and what they were for MIN3P."""
SITES = {"site_1": "x", "site_2": "ya", "site_3": "yb"}
# surface inputs: mol of each dep_* variable per mol of reaction
SURFACE = {
    "x-an": {"nh4": 1.0, "no3": 1.0}, "x-urea": {"nh4": 2.0, "dic": 1.0}, "x-as": {"nh4": 2.0, "so4": 1.0},
    "x-cn": {"ca": 1.0, "no3": 2.0}, "x-man": {"nh4": 1.0, "dic": 1.0}, "x-irr": {"ca": 1.0, "dic": 2.0},
    "x-kcl": {"k": 1.0, "cl": 1.0}, "x-lime": {"ca": 1.0, "dic": 1.0},  # the decks' lime is set free dissolved
}  # fmt: skip
RAIN = {
    "ca": "ca+2",
    "mg": "mg+2",
    "k": "k+1",
    "na": "na+1",
    "nh4": "nh4+1",
    "no3": "no3-1",
    "cl": "cl-1",
    "so4": "so4-2",
    "dic": "co3-2",
}


def load_archive(path: str | Path) -> list[Ensemble]:
    """Ensembles of any archive this package can train on: a learning file, or one in the format of the v0 archive."""
    try:
        with xr.open_dataset(path) as opened:
            ours = opened.attrs.get("format") == FORMAT
    except (OSError, ValueError):
        ours = False  # load_ensemble says what is wrong with it
    return load_learning_file(path) if ours else [load_ensemble(path)]


def load_learning_file(path: str | Path) -> list[Ensemble]:
    """Ensembles of one number of layers each. Raises DataError when the file is of another format."""
    with _open(path) as opened:
        ds = opened.transpose("member", "time", "layer", ...).load()
    digest = file_sha256(Path(path))
    return [_one_count(ds, members, digest) for members in _groups(ds)]


def part_members(path: str | Path, name: str) -> list[int]:
    """Numbers (``member_id``) of the train, validation or test columns: what ``Ensemble.part`` gives, over all numbers of layers.

    Reads no time series. Raises DataError as ``load_learning_file``.
    """
    with _open(path) as ds:
        return sorted(int(i) for i in ds.member_id.values if split_of(int(i)) == name)


def _open(path: str | Path) -> xr.Dataset:
    path = Path(path)
    if not path.is_file():
        raise DataError(f"learning file {path} does not exist; make one with `calcisol ensemble`")
    try:
        opened = xr.open_dataset(path)
    except (OSError, ValueError):
        raise DataError(
            f"learning file {path} is damaged or no netCDF; copy it again or make one with `calcisol ensemble`"
        ) from None
    if opened.attrs.get("format") != FORMAT:
        opened.close()
        raise DataError(f"{path} says format {opened.attrs.get('format')!r}, not {FORMAT!r}; make it with `calcisol ensemble`")
    return opened


def _groups(ds: xr.Dataset) -> list[np.ndarray]:
    """Places of the members with the same number of layers, fewest first."""
    layers = ds.n_layer.values
    return [np.flatnonzero(layers == n) for n in np.unique(layers)]


class _Members:
    """Members with the same number of layers, their variables as arrays with the member last."""

    def __init__(self, ds: xr.Dataset, members: np.ndarray) -> None:
        self.layers = int(ds.n_layer.values[members[0]])
        self.ds = ds.isel(member=members, layer=slice(0, self.layers))
        times = self.ds.time.values.astype(float)
        self.dt = float(np.median(np.diff(times))) * DAY
        self.times, self.count = times.size, members.size

    def layered(self, name: str) -> np.ndarray:
        """[time, layer, member]."""
        return np.moveaxis(self.ds[name].values.astype(float), 0, 2)

    def extent(self, reaction: str) -> np.ndarray:
        """[time - 1, layer, member] mol m-2 per interval; none where no member has the reaction."""
        name = f"lsrc_{reaction}"
        return self.layered(name)[1:] if name in self.ds else np.zeros((self.times - 1, self.layers, self.count))

    def column(self, name: str) -> np.ndarray:
        """[time - 1, member]."""
        return np.moveaxis(self.ds[name].values.astype(float), 0, 1)[1:]

    def static(self, name: str) -> np.ndarray:
        """[layer, member]."""
        values = self.ds[name].values.astype(float)
        return values.T if values.ndim == 2 else np.broadcast_to(values, (self.layers, self.count))


def _states(m: _Members, slots: list[str]) -> np.ndarray:
    """Pools, pressures and what the solver starts from, [time, slot, layer, member]."""
    values = {name: m.layered(f"pool_{name}") for name in POOLS}
    values |= {"pco2": m.layered("p_co2(g)"), "ph": m.layered("pH"), "ionic_strength": m.layered("ionic_strength")}
    for slot, site in SITES.items():
        if slot in m.ds:  # an archive of somebody else's sites states the potential itself
            values[slot] = m.layered(slot)
            continue
        names = [v for v in m.ds.data_vars if str(v).startswith("sorb_") and str(v).endswith(f"-{site}(na)")]
        filled = sum(m.layered(str(v)) for v in names) * m.layered("tot_na+1")
        values[slot] = np.log(np.maximum(m.layered(f"sorb_na-{site}(na)"), 1e-12) / np.maximum(filled, 1e-12))
    state = np.zeros((m.times, len(slots), m.layers, m.count))
    # an archive knows nothing of the climate before it: every window starts without memory
    for name, value in (*values.items(), *zip(PAST, START, strict=True)):
        state[:, slots.index(name)] = value
    return state


def _soil(m: _Members, ph: np.ndarray, rows: list[str]) -> np.ndarray:
    """Static soil in the contract's units, [row, layer, member]; ``ph`` [layer, member] is that of the start."""
    fixed = {name: np.full(ph.shape, value) for name, value in LATER.items()}
    fixed |= {name: m.static(name) for name in rows if name in m.ds}
    fixed |= {"dz": m.static("thickness"), "base_saturation": np.full(ph.shape, np.nan), "ph0": ph}
    if lacking := [name for name in rows if name not in fixed]:
        raise DataError(f"the learning file has no {lacking[0]!r}; make it again with `calcisol ensemble` or `calcisol learn`")
    fixed["cec"] = 0.01 * fixed["cec"]  # meq per 100 g
    fixed["bulk_density"] = 1000.0 * fixed["bulk_density"]  # g cm-3
    return np.stack([fixed[name] for name in rows])


def _layer_forcing(m: _Members, rows: list[str]) -> np.ndarray:
    """Forcing of the layers as rates over each interval, [time - 1, row, layer, member]."""
    dt, n_rate = m.dt, MOLAR_MASS_N / m.dt
    zero = np.zeros((m.times - 1, m.layers, m.count))
    nan = np.full(zero.shape, np.nan)
    sink = m.layered("water_sink")[1:] * 1000.0 / dt if "water_sink" in m.ds else zero  # by roots and evaporation, m per interval
    values = {
        "w_liq": m.layered("pool_water")[1:], "w_ice": zero, "t_soil": m.layered("temperature")[1:] + 273.15, "w_sink": sink,
        "q_lat": zero, "q_if": nan, "co2_src": m.extent("x-resp") * MOLAR_MASS_C / dt, "n_nit": m.extent("x-nitr") * n_rate,
        "n_min": m.extent("x-min") * n_rate, "n_up_nh4": m.extent("x-unh4") * n_rate, "n_up_no3": m.extent("x-uno3") * n_rate,
        "n_den": m.extent("x-den") * n_rate, "h_src": zero, "bc_up": m.extent("x-ubc") * 1.6 / dt,
        "weath": m.extent("x-weath") * 2.0 / dt,
        "nh4": nan, "no3": nan,
    }  # fmt: skip
    return np.stack([values[name] for name in rows], axis=1)


def _column_forcing(m: _Members, rows: list[str]) -> np.ndarray:
    """Forcing of the columns, [time - 1, row, member]; fertiliser, lime and irrigation come with the rain."""
    deposited = {ion: m.column(f"flux_in_{component}") for ion, component in RAIN.items()}
    for reaction, ions in SURFACE.items():
        amount = m.extent(reaction).sum(1)
        for ion, share in ions.items():
            deposited[ion] = deposited[ion] + share * amount
    one = np.ones((m.times - 1, m.count))
    values = {
        "q_bot": m.column("water_out") * 1000.0 / m.dt, "co2_src_total": 0.0 * one, "p_surf": 101325.0 * one,
        "co2_atm": m.column("pco2_air"), "lime": 0.0 * one, "active": one,
        **{f"dep_{ion}": amount / m.dt for ion, amount in deposited.items()},
    }  # fmt: skip
    return np.stack([values[name] for name in rows], axis=1)


def _tensor(x: np.ndarray) -> torch.Tensor:
    return torch.as_tensor(np.ascontiguousarray(x), dtype=torch.float64)


def _one_count(ds: xr.Dataset, members: np.ndarray, digest: str) -> Ensemble:
    """All members with the same number of layers; the thicknesses are a static row, one column each."""
    m, table = _Members(ds, members), load_table()
    slots = table.names("state")
    state = _states(m, slots)
    leached = np.stack([m.column("flux_out_ca+2"), m.column("flux_out_co3-2"), m.column("flux_out_no3-1")], axis=1)
    return Ensemble(
        static=_tensor(_soil(m, state[0, slots.index("ph")], table.names("static"))),
        state=_tensor(state),
        forcing_layer=_tensor(_layer_forcing(m, table.names("forcing", "layer"))),
        forcing_column=_tensor(_column_forcing(m, table.names("forcing", "column"))),
        ph=_tensor(m.layered("pH")),
        leached=_tensor(leached),
        co2_efflux=_tensor(m.column("flux_gasout_co3-2")),
        calcite_loss=_tensor(m.layered("lsrc_calcite")[1:].sum(1)),
        dt=m.dt,
        members=m.ds.member_id.values,
        form=np.full(m.count, "mix"),
        wall_s=m.ds.wall_s.values.astype(float),
        sha256=digest,
        constants=from_dict(json.loads(ds.attrs["constants"])) if "constants" in ds.attrs else None,
        reference_model=f"MIN3P {ds.attrs.get('min3p_version', '2.6.2.880')}",
    )
