"""Scores of free rollouts against MIN3P: the numbers a modeller asks for, in one table.

What:    pH by regime, change of calcite, leaching, CO2 efflux, year of depletion, closure of the budgets.
Units:   pH; shares (1 = 100 %); years. "present": layers that still hold calcite in MIN3P; "depleted": layers that lost it.
Source:  targets of emulator/docs/science.md, section 12; closure by the identities of its section 7.
Use:     ``scores = score([rollout(step, d) for d in sets], sets)``; ``print(table({"B0": b0, "bundle": scores}))``
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from ..contract.constants import MOLAR_MASS_C, MOLAR_MASS_CACO3, MOLAR_MASS_N
from ..contract.variables import load_table
from ..processes.sources import WEATHERING, alkalinity
from .dataset import Ensemble
from .rollout import Rollout

PRESENT = 1e-2  # mol m-2 of calcite in a layer: below it MIN3P's printed volume fraction no longer resolves it
LEAST_CHANGE = 1e-3  # mol m-2 over a run: columns without calcite have none

TARGETS = {
    "ph_present": 0.05, "ph_depleted": 0.15, "ph_p95": 0.3, "dsic_median": 0.05, "dsic_p95": 0.15, "depletion_years": 2.0,
    "ca_leach_bias": 0.03, "dic_leach_bias": 0.03, "no3_leach_bias": 0.03, "co2_bias": 0.03, "closure": 1e-10,
}  # fmt: skip
LABELS = {
    "ph_present": "pore-water pH RMSE, calcite present", "ph_depleted": "pore-water pH RMSE, after depletion",
    "ph_p95": "pore-water pH, 95th percentile of the absolute error",
    "dsic_median": "change of SIC over the run, median relative error",
    "dsic_p95": "change of SIC over the run, 95th percentile",
    "depletion_years": "year of depletion of a layer, median absolute error",
    "ca_leach_bias": "Ca leaching, bias", "dic_leach_bias": "DIC leaching, bias", "no3_leach_bias": "NO3 leaching, bias",
    "co2_bias": "CO2 efflux, bias", "closure": "C, Ca, N, charge closure, cumulated",
}  # fmt: skip


@dataclass(frozen=True)
class Scores:
    """One row of the scorecard; biases are shares, signed."""

    ph_present: float
    ph_depleted: float
    ph_p95: float
    dsic_median: float
    dsic_p95: float
    depletion_years: float
    ca_leach_bias: float
    dic_leach_bias: float
    no3_leach_bias: float
    co2_bias: float
    closure: float
    lowest_pool: float
    columns: int
    years: float


def score(results: list[Rollout], sets: list[Ensemble]) -> Scores:
    """Score free rollouts over ``sets`` (one per number of layers), all columns together."""
    present, depleted, everything, relative, ours, true, efflux = [], [], [], [], [], [], []
    years, closed, lowest = [], [], []
    for result, data in zip(results, sets, strict=True):
        truth = data.state[:, 0]
        error = (result.state[1:, 12] - data.ph[1:]).abs()
        holds = truth[1:] > PRESENT
        present.append(error[holds])
        depleted.append(error[~holds & (truth[0] > PRESENT)])
        everything.append(error.flatten())
        change = (result.state[-1, 0] - result.state[0, 0]).sum(0)
        true_change = (truth[-1] - truth[0]).sum(0)
        relative.append((change - true_change).abs() / true_change.abs().clamp(min=LEAST_CHANGE))
        leached = torch.stack([result.column[:, 4], result.column[:, 2] / MOLAR_MASS_C, result.column[:, 5] / MOLAR_MASS_N])
        ours.append(leached.sum((1, 2)) * data.dt)
        true.append(data.leached.sum((0, 2)))
        respired = data.forcing_layer[:, 6].sum(1)
        efflux.append(((result.column[:, 1] + respired).sum() * data.dt / MOLAR_MASS_C, data.co2_efflux.sum()))
        years.append(depletion_errors(result.state[:, 0], truth, data.dt))
        closed.append(max(closure(result, data).values()))
        lowest.append(float(result.state[:, :10].min()))
    ratio = torch.stack(ours).sum(0) / torch.stack(true).sum(0) - 1.0
    errors, when = torch.cat(relative), torch.cat(years)
    return Scores(
        ph_present=_rms(torch.cat(present)), ph_depleted=_rms(torch.cat(depleted)),
        ph_p95=_quantile(torch.cat(everything), 0.95), dsic_median=float(errors.median()), dsic_p95=_quantile(errors, 0.95),
        depletion_years=float(when.median()) if when.numel() else float("nan"),
        ca_leach_bias=float(ratio[0]), dic_leach_bias=float(ratio[1]), no3_leach_bias=float(ratio[2]),
        co2_bias=float(sum(e for e, _ in efflux) / sum(t for _, t in efflux) - 1.0), closure=max(closed),
        lowest_pool=min(lowest), columns=int(errors.numel()), years=sets[0].years,
    )  # fmt: skip


def closure(result: Rollout, data: Ensemble) -> dict[str, float]:
    """Largest relative residual over columns of the cumulated C, Ca, N and charge budgets of a whole run.

    Relative to the throughput: everything that entered the column plus what it held at the start.
    """
    table = load_table()
    first, last = result.state[0], result.state[-1]
    names = table.names("forcing", "column")
    layer_names = table.names("forcing", "layer")
    dep = {n[4:]: (data.forcing_column[:, names.index(n)] * data.dt).sum(0) for n in names if n.startswith("dep_")}
    out = {n: (result.column[:, i] * data.dt).sum(0) for i, n in enumerate(table.names("output", "column"))}
    lime = (data.forcing_column[:, names.index("lime")] * data.dt).sum(0) / MOLAR_MASS_CACO3
    mineralised = (data.forcing_layer[:, layer_names.index("n_min")].sum(1) * data.dt).sum(0) / MOLAR_MASS_N
    weathered = (data.forcing_layer[:, layer_names.index("weath")].sum(1) * data.dt).sum(0)

    def residual(change: Tensor, gain: Tensor, loss: Tensor, held: Tensor) -> float:
        return float(((change - gain + loss).abs() / (held + gain.abs() + loss.abs())).max())

    carbon = first[0] + first[9]
    budgets = {
        "carbon": residual((last[0] + last[9] - carbon).sum(0), dep["dic"] + lime,
                           (out["co2_adj"] + out["dic_leach"]) / MOLAR_MASS_C, carbon.sum(0)),
        "calcium": residual((last[0] + last[1] - first[0] - first[1]).sum(0), dep["ca"] + lime + WEATHERING[0] * weathered,
                            out["ca_leach"] + out["ca_sink"], (first[0] + first[1]).sum(0)),
        "nitrogen": residual((last[5] + last[6] - first[5] - first[6]).sum(0), dep["nh4"] + dep["no3"] + mineralised,
                             (out["no3_leach"] + out["nh4_leach"] + out["n_sink"]) / MOLAR_MASS_N, (first[5] + first[6]).sum(0)),
    }  # fmt: skip
    charge = [alkalinity(s[1:9]) + 2.0 * s[0] for s in (first, last)]
    budgets["charge"] = residual(
        (charge[1] - charge[0]).sum(0), 2.0 * lime - out["acid_load"], out["alk_leach"], charge[0].sum(0).abs()
    )
    return budgets


def table(rows: dict[str, Scores]) -> str:
    """Scorecard in Markdown: one line per quantity, one column per competitor, target and verdict for the last one."""
    names = list(rows)
    lines = [f"| quantity | {' | '.join(names)} | target | |", "|---|" + "---|" * (len(names) + 2)]
    for key, target in TARGETS.items():
        values = [asdict(rows[n])[key] for n in names]
        verdict = "pass" if abs(values[-1]) <= target else ("no case" if values[-1] != values[-1] else "miss")
        lines.append(f"| {LABELS[key]} | {' | '.join(f'{v:.3g}' for v in values)} | {target:g} | {verdict} |")
    return "\n".join(lines)


def _rms(x: Tensor) -> float:
    return float(x.square().mean().sqrt()) if x.numel() else float("nan")


def _quantile(x: Tensor, q: float) -> float:
    """As torch.quantile, which refuses more than 16 million values."""
    ordered = x.flatten().sort().values
    return float(ordered[min(int(q * ordered.numel()), ordered.numel() - 1)])


def depletion_errors(calcite: Tensor, truth: Tensor, dt: float) -> Tensor:
    """|Difference| in years of the first time without calcite [case], over layers depleted in either run."""
    n = truth.shape[0]

    def first(x: Tensor) -> Tensor:
        gone = x <= PRESENT
        return torch.where(gone.any(0), gone.to(torch.int64).argmax(0), torch.full_like(gone[0], n, dtype=torch.int64))

    ours, theirs = first(calcite), first(truth)
    cases = (truth[0] > PRESENT) & (torch.minimum(ours, theirs) < n)
    return (ours - theirs)[cases].abs().double() * dt / (365.0 * 86400.0)
