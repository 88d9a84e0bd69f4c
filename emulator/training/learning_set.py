"""Learning tables from the learning file of `calcisol ensemble`: exact pools and extents per layer, any layering.

What:    members with the same number of layers become one ``dataset.Ensemble``; layers are padded with NaN beyond ``n_layer``.
Units:   pools mol m-2, extents mol m-2 per interval and layer, released > 0; contract units out.
Source:  format in min3p/README.md (attribute format calcisol-ensemble-1); reactions by the attribute ``stoichiometry``.
Use:     ``ensembles = load_learning_file(path)``; all fertiliser, lime and irrigation enter layer 1.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import xarray as xr

from ..contract.constants import MOLAR_MASS_C, MOLAR_MASS_N
from ..contract.variables import load_table
from ..processes.recent_climate import PAST, START
from .dataset import DAY, DataError, Ensemble, file_sha256, load_ensemble, split_of

FORMAT = "calcisol-ensemble-1"
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


def _one_count(ds: xr.Dataset, members: np.ndarray, digest: str) -> Ensemble:
    """All members with the same number of layers; the thicknesses are a static row, one column each."""
    n = int(ds.n_layer.values[members[0]])
    ds = ds.isel(member=members, layer=slice(0, n))
    times = ds.time.values.astype(float)
    dt = float(np.median(np.diff(times))) * DAY
    n_time, n_member = times.size - 1, members.size

    def layered(name: str) -> np.ndarray:  # [time, layer, member]
        return np.moveaxis(ds[name].values.astype(float), 0, 2)

    def extent(name: str) -> np.ndarray:  # [time - 1, layer, member]
        return layered(f"lsrc_{name}")[1:] if f"lsrc_{name}" in ds else np.zeros((n_time, n, n_member))

    def column(name: str) -> np.ndarray:  # [time - 1, member]
        return np.moveaxis(ds[name].values.astype(float), 0, 1)[1:]

    def static(name: str) -> np.ndarray:  # [layer, member]
        values = ds[name].values.astype(float)
        return values.T if values.ndim == 2 else np.broadcast_to(values, (n, n_member))

    table = load_table()
    slots = {name: i for i, name in enumerate(table.names("state"))}
    state = np.zeros((times.size, len(slots), n, n_member))
    for name in ("calcite", "ca", "mg", "k", "na", "nh4", "no3", "cl", "so4", "dic", "water"):
        state[:, slots[name]] = layered(f"pool_{name}")
    state[:, slots["pco2"]], state[:, slots["ph"]] = layered("p_co2(g)"), layered("pH")
    state[:, slots["ionic_strength"]] = layered("ionic_strength")
    for slot, site in SITES.items():
        names = [v for v in ds.data_vars if str(v).startswith("sorb_") and str(v).endswith(f"-{site}(na)")]
        filled = sum(layered(str(v)) for v in names) * layered("tot_na+1")
        state[:, slots[slot]] = np.log(np.maximum(layered(f"sorb_na-{site}(na)"), 1e-12) / np.maximum(filled, 1e-12))

    for name, value in zip(PAST, START, strict=True):  # an archive does not say; every window starts from nothing known
        state[:, slots[name]] = value

    fixed = {name: static(name) for name in ("clay", "sand", "soc", "bulk_density", "porosity", "cec", "cec_variable", "caco3")}
    fixed |= {name: static(name) for name in ("calcite_rate", "dispersivity")}
    fixed["cec"] = 0.01 * fixed["cec"]  # meq per 100 g
    fixed["bulk_density"] = 1000.0 * fixed["bulk_density"]  # g cm-3
    fixed |= {
        "dz": static("thickness"),
        "base_saturation": np.full((n, n_member), np.nan),
        "ph0": state[0, slots["ph"]],
    }
    static_rows = np.stack([fixed[name] for name in table.names("static")])

    zero, nan = np.zeros((n_time, n, n_member)), np.full((n_time, n, n_member), np.nan)
    n_rate = MOLAR_MASS_N / dt
    layer_values = {
        "w_liq": layered("pool_water")[1:], "w_ice": zero, "t_soil": layered("temperature")[1:] + 273.15, "w_sink": zero,
        "q_lat": zero, "q_if": nan, "co2_src": extent("x-resp") * MOLAR_MASS_C / dt, "n_nit": extent("x-nitr") * n_rate,
        "n_min": extent("x-min") * n_rate, "n_up_nh4": extent("x-unh4") * n_rate, "n_up_no3": extent("x-uno3") * n_rate,
        "n_den": extent("x-den") * n_rate, "h_src": zero, "bc_up": extent("x-ubc") * 1.6 / dt,
        "weath": extent("x-weath") * 2.0 / dt,
        "nh4": nan, "no3": nan,
    }  # fmt: skip
    forcing_layer = np.stack([layer_values[v] for v in table.names("forcing", "layer")], axis=1)

    deposited = {ion: column(f"flux_in_{component}") for ion, component in RAIN.items()}
    for reaction, ions in SURFACE.items():
        amount = extent(reaction).sum(1)
        for ion, share in ions.items():
            deposited[ion] = deposited[ion] + share * amount
    one = np.ones((n_time, n_member))
    column_values = {
        "q_bot": column("water_out") * 1000.0 / dt, "co2_src_total": 0.0 * one, "p_surf": 101325.0 * one,
        "co2_atm": column("pco2_air"), "lime": 0.0 * one, "active": one,
        **{f"dep_{ion}": amount / dt for ion, amount in deposited.items()},
    }  # fmt: skip
    forcing_column = np.stack([column_values[v] for v in table.names("forcing", "column")], axis=1)

    def tensor(x: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(np.ascontiguousarray(x), dtype=torch.float64)

    leached = np.stack([column("flux_out_ca+2"), column("flux_out_co3-2"), column("flux_out_no3-1")], axis=1)
    return Ensemble(
        static=tensor(static_rows), state=tensor(state), forcing_layer=tensor(forcing_layer),
        forcing_column=tensor(forcing_column), ph=tensor(layered("pH")),
        leached=tensor(leached), co2_efflux=tensor(column("flux_gasout_co3-2")),
        calcite_loss=tensor(layered("lsrc_calcite")[1:].sum(1)), dt=dt, members=ds.member_id.values,
        form=np.full(n_member, "mix"), wall_s=ds.wall_s.values.astype(float), sha256=digest,
    )  # fmt: skip
