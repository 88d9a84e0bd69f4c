"""A bundle of a core that learned from fine runs: the chemistry and the variables of an older bundle, its own record of training.

What:    writes weights, ranges, the data they come from, and scores on the test columns of the archive beside those of B0.
Use:     ``write_closure(old, new, core, settings, sets, archive)``
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..contract.bundle import read_contract, write_bundle
from ..processes.recent_climate import PAST
from ..step.chosen import chosen_step
from ..step.correction import FACTORS, Core
from ..step.features import FEATURES
from ..step.step import Step
from .closure_sets import CoarseSet
from .dataset import SPLIT_SEED, SPLITS, Ensemble
from .export import BUNDLE_VERSION, script
from .graph import fingerprint
from .metrics import score
from .rollout import rollout


def write_closure(
    old: Path, new: Path, core: Core, settings: dict[str, Any], sets: Sequence[CoarseSet], archive: Sequence[Ensemble]
) -> str:
    """Write ``new``; returns its step graph. Without an ``archive`` the bundle has no scores."""
    contract = {k: v for k, v in read_contract(old, verify=False).items() if k not in ("records_sha256", "scores", "training")}
    step = chosen_step(core, contract["parameters"]).eval()
    for parameter in step.parameters():
        parameter.requires_grad_(False)
    network = {"width": settings["width"], "features": list(FEATURES), "factors": list(FACTORS)}
    limits = (
        *zip(FEATURES, core.low.flatten(), core.high.flatten(), strict=True),
        *zip(PAST, core.past_low.flatten(), core.past_high.flatten(), strict=True),
    )
    if archive:
        contract["data"] = contract["data"] | _data(archive)
        contract["scores"] = _scores(step, chosen_step(None, contract["parameters"]), archive)
    contract |= {
        "bundle_version": BUNDLE_VERSION,
        "created": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d"),
        "step_graph": fingerprint(step),
        "parameters": contract["parameters"] | {"network": network},
        "envelope": {name: [float(low), float(high)] for name, low, high in limits},
        "closure": {
            "reference": "fine runs of the physical step itself, 19 layers by the day",
            "columns_on_grids": sum(s.columns for s in sets if s.dt == sets[0].dt),
            "layers": sorted({s.layers for s in sets}),
            "steps_s": sorted({s.dt for s in sets}),
            **settings,
        },
    }
    write_bundle(new, script(step), contract)
    return str(contract["step_graph"])


def _data(archive: Sequence[Ensemble]) -> dict[str, Any]:
    """The archive that holds the factors at 1 and that the scores are of."""
    first = archive[0]
    return {
        "reference_model": first.reference_model,
        "archive_sha256": first.sha256,
        "columns": sum(len(d.members) for d in archive),
        "years": first.years,
        "layers": sorted(int(d.static.shape[1]) for d in archive),
        "interval_s": first.dt,
        "split": {"seed": SPLIT_SEED, **{k: list(v) for k, v in SPLITS.items()}},
    }


def _scores(step: Step, physical: Step, archive: Sequence[Ensemble]) -> dict[str, Any]:
    """Of free rollouts over the test columns."""
    tests = [d for d in (s.part("test") for s in archive) if len(d.members)]
    competitors = {"B0": physical, "bundle": step}
    return {name: asdict(score([rollout(s, d) for d in tests], tests)) for name, s in competitors.items()}
