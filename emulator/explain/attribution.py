"""What drivers do in time, as numbers of the report: response to nitrogen, Shapley values, integrated gradients.

What:    the picked columns of the inherited landscape: those whose carbonate has an origin unrelated to any driver.
Units:   kg C m-2 of the whole profile over the horizon; mol CaCO3 per mol_c; kg C per kg N. Shapes [driver, column], [column].
Source:  emulator/docs/science.md, 13.2 and 13.5; temporal.py, shapley.py, gradients.py hold the methods.
Use:     ``pick = calcareous(land, 48)``; ``numbers = temporal_part(member, land, runs, pick, settings, out)``
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from . import gradients, shapley, temporal
from .landscapes import Landscapes
from .rollouts import CHUNK, Member, Run, change, cut, rollout
from .settings import Results, Settings
from .world import DRIVERS, World

LEAST_CACO3 = 0.1  # %: columns without carbonate have no response to explain


def calcareous(land: Landscapes, count: int) -> np.ndarray:
    """At most ``count`` calcareous columns of the inherited landscape, evenly spread."""
    return spread(np.flatnonzero((land.arm == "inherited") & (land.caco3 > LEAST_CACO3)), count)


def spread(positions: np.ndarray, count: int) -> np.ndarray:
    """At most ``count`` of the positions, evenly spread."""
    if len(positions) <= count:
        return positions
    return positions[np.linspace(0, len(positions) - 1, count).round().astype(int)]


def temporal_part(
    member: Member, land: Landscapes, runs: dict[str, Run], pick: np.ndarray, settings: Settings, out: Results
) -> dict[str, Any]:
    """Numbers of the response to nitrogen of the picked columns."""
    i = torch.as_tensor(pick)
    own = {n: cut(r, i) for n, r in runs.items()}
    window = min(settings.gradient_years, settings.years)
    response = temporal.nitrogen_response(member, land.world.take(pick), land.state[..., i], settings.years, own, window)
    out.arrays |= {
        "finite": response.finite, "autograd": response.autograd, "per_mole": response.per_mole, "per_kg": response.per_kg,
        "gone_with": response.gone_with, "gone_without": response.gone_without, "pick": pick,
    }  # fmt: skip
    sooner = (response.gone_without - response.gone_with) / response.gone_without
    return {
        "agreement": temporal.agreement(response), "window": window, "columns": len(pick),
        "per_mole": np.nanquantile(response.per_mole, [0.05, 0.5, 0.95]).tolist(),
        "per_kg": np.nanquantile(response.per_kg, [0.05, 0.5, 0.95]).tolist(),
        "mean_change": {n: float(change(r).mean()) for n, r in own.items()},
        "gone_with": float(np.nanmedian(response.gone_with)), "gone_without": float(np.nanmedian(response.gone_without)),
        "sooner": float(np.nanmedian(sooner)),
    }  # fmt: skip


def shapley_part(member: Member, world: World, state: Tensor, years: int) -> tuple[np.ndarray, np.ndarray]:
    """(Shapley value [driver, column], total [column]) of the change of the whole profile, kg C m-2."""
    sets = shapley.coalitions(len(DRIVERS))
    n, copies = len(world), torch.arange(len(world)).repeat(len(sets))
    amounts = torch.cat([world.amounts(**dict(zip(DRIVERS, s.astype(float), strict=True))) for s in sets], 1)
    parts = []
    for a in range(0, len(copies), 4 * CHUNK):  # the forcing of all 2^k copies at once would be a gigabyte
        rows = slice(a, a + 4 * CHUNK)
        parts.append(change(rollout(member, world.take(copies[rows]), amounts[:, rows], state[..., copies[rows]], years)).numpy())
    values = np.concatenate(parts).reshape(len(sets), n)
    return shapley.shapley(values, len(DRIVERS)), values[-1] - values[0]


def drivers_part(member: Member, land: Landscapes, settings: Settings, out: Results) -> dict[str, Any]:
    """Numbers of the Shapley values."""
    chosen = calcareous(land, settings.shapley_columns)
    values, total = shapley_part(member, land.world.take(chosen), land.state[..., torch.as_tensor(chosen)], settings.years)
    out.arrays |= {"shapley": values, "shapley_caco3": land.caco3[chosen], "shapley_total": total}
    return {
        "mean": dict(zip(DRIVERS, values.mean(1).tolist(), strict=True)), "total": float(total.mean()), "columns": len(chosen),
        "gap": float(np.abs(values.sum(0) - total).max()),
    }  # fmt: skip


def path_part(member: Member, land: Landscapes, pick: np.ndarray, settings: Settings, out: Results) -> dict[str, Any]:
    """Numbers of the integrated gradients: which year's nitrogen, which depth."""
    path = spread(pick, settings.path_columns)
    found = gradients.integrated_gradients(
        member, land.world.take(path), land.state[..., torch.as_tensor(path)], settings.years, settings.nodes
    )
    out.arrays |= {"by_year": found.share, "path": path, "path_error": found.error, "path_segments": found.segments}
    return {
        "completeness_median": float(np.median(found.error)), "completeness_max": float(found.error.max()),
        "within_1": float((found.error <= gradients.COMPLETE).mean()), "columns": len(path),
        "bands": found.share.sum(1).mean(0).tolist(), "cut": int((found.segments > 1).sum()),
    }  # fmt: skip
