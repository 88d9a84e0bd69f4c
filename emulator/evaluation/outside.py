"""Is a cell flagged when its column is unlike anything in the training? AUROC of the flag for six ways of being so.

What:    ten years of columns as they are and changed: drainage x 2, +4 K, sodium nitrate, twice as deep, a pulse of lime,
         irrigation with hard water. Score of a column: share of its cell-months flagged ``outside_envelope``.
Units:   AUROC 0..1: chance that a changed column scores above an unchanged one never trained on (ties count half).
Note:    a change alone need not leave the envelope: drainage twice that of a dry column is that of a wet one. Each arm is
         therefore scored twice: changed columns of validation and test; and ``beyond``, all whose changed driver exceeds every
         ten years of every training column. Those may be training columns: once changed, they are as new as any other.
Use:     ``rows = outside(roll, sets)``; ``print(report(rows))``
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..contract.constants import MOLAR_MASS_N
from ..contract.variables import load_table
from ..training.dataset import Ensemble
from ..training.rollout import Roll

OUTSIDE = 2  # bit of ``flag`` (variables.toml)
TARGET = 0.9
MONTHS = 120
YEAR = 365.0 * 86400.0
LIME = 40.0  # mol CaCO3 m-2: 40 t ha-1, ten times a usual dressing
HARD_WATER = 30.0  # mol Ca(HCO3)2 m-2 in ten years: 1 m of water with 3 mmol L-1 each summer
SODIUM_NITRATE = 150.0  # kg N ha-1 yr-1

_TABLE = load_table()
_STATIC = {n: i for i, n in enumerate(_TABLE.names("static"))}
_STATE = {n: i for i, n in enumerate(_TABLE.names("state"))}
_LAYER = {n: i for i, n in enumerate(_TABLE.names("forcing", "layer"))}
_COLUMN = {n: i for i, n in enumerate(_TABLE.names("forcing", "column"))}
_PER_AREA = ("w_liq", "w_ice", "w_sink", "co2_src", "n_nit", "n_min", "n_up_nh4", "n_up_no3", "n_den", "h_src", "bc_up", "weath")
_POOLS = ("calcite", "ca", "mg", "k", "na", "nh4", "no3", "cl", "so4", "dic", "water")


def _add(data: Ensemble, amounts: dict[str, Tensor]) -> Ensemble:
    """More of some column forcings; ``amounts`` [time] per second."""
    column = data.forcing_column.clone()
    for name, rate in amounts.items():
        column[:, _COLUMN[name]] += rate.unsqueeze(-1)
    return replace(data, forcing_column=column)


def _season(data: Ensemble, months: tuple[int, ...], total: float) -> Tensor:
    """Rate [time] that brings ``total`` in the ten years, in ``months`` of each year."""
    on = torch.tensor([float(t % 12 in months) for t in range(data.forcing_column.shape[0])], dtype=torch.float64)
    return total * on / (on.sum() * data.dt)


def drainage(data: Ensemble) -> Ensemble:
    """Twice the drainage."""
    column = data.forcing_column.clone()
    column[:, _COLUMN["q_bot"]] *= 2.0
    return replace(data, forcing_column=column)


def warmer(data: Ensemble) -> Ensemble:
    """4 K warmer."""
    layer = data.forcing_layer.clone()
    layer[:, _LAYER["t_soil"]] += 4.0
    return replace(data, forcing_layer=layer)


def sodium_nitrate(data: Ensemble) -> Ensemble:
    """A fertiliser that no training column saw."""
    rate = _season(data, (2, 3, 4), SODIUM_NITRATE * 1e-4 / MOLAR_MASS_N * MONTHS / 12.0)
    return _add(data, {"dep_na": rate, "dep_no3": rate})


def deeper(data: Ensemble) -> Ensemble:
    """Every layer twice as thick, with all that is in it."""
    static, state, layer = data.static.clone(), data.state.clone(), data.forcing_layer.clone()
    static[_STATIC["dz"]] *= 2.0
    state[:, [_STATE[n] for n in _POOLS]] *= 2.0
    layer[:, [_LAYER[n] for n in _PER_AREA]] *= 2.0
    return replace(data, static=static, state=state, forcing_layer=layer)


def limed(data: Ensemble) -> Ensemble:
    """40 t of lime per hectare within one month."""
    rate = torch.zeros(data.forcing_column.shape[0], dtype=torch.float64)
    rate[2] = LIME / data.dt
    return _add(data, {"dep_ca": rate, "dep_dic": rate})


def irrigated(data: Ensemble) -> Ensemble:
    """Hard water every summer."""
    rate = _season(data, (5, 6, 7), HARD_WATER)
    return _add(data, {"dep_ca": rate, "dep_dic": 2.0 * rate})


def _yearly_drainage(d: Ensemble) -> Tensor:
    return d.forcing_column[:, _COLUMN["q_bot"]].mean(0)


def _warmth(d: Ensemble) -> Tensor:
    return d.forcing_layer[:, _LAYER["t_soil"], 0].mean(0)


def _sodium(d: Ensemble) -> Tensor:
    return d.forcing_column[:, _COLUMN["dep_na"]].mean(0)


def _depth(d: Ensemble) -> Tensor:
    return d.static[_STATIC["dz"]].sum(0)


def _pulse(d: Ensemble) -> Tensor:
    return d.forcing_column[:, _COLUMN["dep_ca"]].amax(0)


def _hardness(d: Ensemble) -> Tensor:
    return d.forcing_column[:, _COLUMN["dep_dic"]].mean(0)


ARMS: dict[str, tuple[Callable[[Ensemble], Ensemble], Callable[[Ensemble], Tensor]]] = {
    "drainage x 2": (drainage, _yearly_drainage), "+4 K": (warmer, _warmth), "sodium nitrate": (sodium_nitrate, _sodium),
    "twice as deep": (deeper, _depth), "40 t of lime at once": (limed, _pulse), "hard irrigation": (irrigated, _hardness),
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One arm: AUROC over its columns of validation and test and over all beyond the training, and how many these are."""

    name: str
    auroc: float
    beyond: float
    columns: int
    columns_beyond: int


def _ten_years(data: Ensemble, first: int = 0) -> Ensemble:
    """Ten years from month ``first`` on."""
    last = first + MONTHS
    return replace(
        data,
        forcing_layer=data.forcing_layer[first:last],
        forcing_column=data.forcing_column[first:last],
        state=data.state[first : last + 1],
    )


def _most(of: Callable[[Ensemble], Tensor], data: Ensemble) -> float:
    """Largest ``of`` any ten years of any column of ``data``, starting with any of its years."""
    months = data.forcing_column.shape[0]
    return max(float(of(_ten_years(data, first)).max()) for first in range(0, max(months - MONTHS, 0) + 1, 12))


def _stack(parts: list[Ensemble]) -> Ensemble:
    """Side by side, so that one rollout does all arms."""

    def joined(name: str) -> Tensor:
        return torch.cat([getattr(p, name) for p in parts], -1)

    return replace(
        parts[0],
        static=joined("static"),
        state=joined("state"),
        forcing_layer=joined("forcing_layer"),
        forcing_column=joined("forcing_column"),
    )


def outside(roll: Roll, sets: list[Ensemble]) -> list[Row]:
    """Rows of the table; ``sets`` is a whole archive: limits from its training columns, scores from all others."""
    known = [d for d in (s.part("train") for s in sets) if len(d.members)]
    limits = {name: max(_most(of, d) for d in known) for name, (_, of) in ARMS.items()}
    plain: list[np.ndarray] = []
    changed: dict[str, list[np.ndarray]] = {name: [] for name in ARMS}
    outer: dict[str, list[np.ndarray]] = {name: [] for name in ARMS}
    for whole in sets:
        unseen = np.isin(whole.members, np.concatenate([whole.part(p).members for p in ("validation", "test")]))
        data = _ten_years(whole)
        arms = {name: make(data) for name, (make, _) in ARMS.items()}
        flags = (roll(_stack([data, *arms.values()])).flag & OUTSIDE).ne(0).double().mean((0, 1))
        shares = flags.reshape(len(arms) + 1, -1).numpy()
        plain.append(shares[0][unseen])
        for (name, arm), share in zip(arms.items(), shares[1:], strict=True):
            changed[name].append(share[unseen])
            outer[name].append(share[ARMS[name][1](arm).numpy() > limits[name]])
    base = np.concatenate(plain)
    rows = []
    for name in ARMS:
        share, out = np.concatenate(changed[name]), np.concatenate(outer[name])
        rows.append(Row(name, auroc(share, base), auroc(out, base), share.size, out.size))
    return rows


def auroc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Chance that a value of ``positive`` exceeds one of ``negative``; NaN without any."""
    if not positive.size or not negative.size:
        return float("nan")
    difference = positive[:, None] - negative[None, :]
    return float((difference > 0.0).mean() + 0.5 * (difference == 0.0).mean())


def report(rows: list[Row]) -> str:
    """Markdown table."""
    lines = [
        "| changed column | AUROC, any | columns | AUROC, beyond the training | columns | target | |",
        "|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        verdict = "pass" if r.beyond >= TARGET else ("no case" if r.beyond != r.beyond else "miss")
        lines.append(f"| {r.name} | {r.auroc:.2f} | {r.columns} | {r.beyond:.2f} | {r.columns_beyond} | {TARGET:g} | {verdict} |")
    return "\n".join(lines)
