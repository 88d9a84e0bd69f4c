"""From a training run to a bundle: script the step, check it three ways, write it with its contract.

What:    the only file that scripts and exports; refuses a module whose eager, scripted and exported outputs differ.
Shapes:  checked on a handful of columns of the archive, over ``CHECK_STEPS`` steps.
Source:  contract/bundle.py has the format.
Use:     ``export_bundle(core, config, data, path)``
"""

from __future__ import annotations

import datetime as dt
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..chemistry.constants import EXCHANGE_LOG_K
from ..chemistry.stated import Stated
from ..contract.bundle import write_bundle
from ..processes.recent_climate import PAST
from ..step.chosen import parameters_of
from ..step.correction import FACTORS, Core
from ..step.features import FEATURES
from ..step.step import Step
from .baselines import train_baseline
from .curriculum import TrainingConfig, make_step
from .dataset import SPLIT_SEED, SPLITS, Ensemble
from .graph import fingerprint
from .metrics import score
from .rollout import rollout, substeps_for

BUNDLE_VERSION = "0.3.0"
"""Of the bundles that this version writes: a new one for every other step, variable or weight of the default bundle."""
CHECK_STEPS = 24
CHECK_COLUMNS = 4
AGREEMENT = 1e-9
"""Largest relative difference between eager, scripted and exported outputs: float64 round-off through 24 steps of root-finding;
a wrong operator shows at 1e-3 and more."""


class ExportError(RuntimeError):
    """The module must not be shipped; the text says which outputs differ and by how much."""


def script(step: nn.Module) -> torch.jit.ScriptModule:
    """TorchScript of the step (deprecated upstream; the warnings are silenced here and nowhere else)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return torch.jit.script(step.eval())


def check_agreement(step: Step, scripted: torch.jit.ScriptModule, data: Ensemble) -> None:
    """Raise ExportError unless eager, scripted and torch.export-ed steps agree over ``CHECK_STEPS`` steps."""
    parts = substeps_for(step, data.dt)
    seconds = torch.tensor(data.dt / parts, dtype=torch.float64)
    arguments = (data.state[0], data.static, data.forcing_layer[0], data.forcing_column[0], seconds)
    with torch.no_grad():
        exported = torch.export.export(step, arguments, strict=False).module()
        for name, other in (("scripted", scripted), ("exported", exported)):
            mine, theirs = data.state[0], data.state[0]
            for n in range(min(CHECK_STEPS, data.forcing_column.shape[0])):
                forcing = (data.static, data.forcing_layer[n], data.forcing_column[n], seconds)
                a, b = step(mine, *forcing), other(theirs, *forcing)
                for output, (x, y) in enumerate(zip(a, b, strict=True)):
                    difference = _relative(x.double(), y.double())
                    if difference > AGREEMENT:
                        raise ExportError(
                            f"{name} output {output} differs from eager by {difference:.1e} (limit {AGREEMENT:g}) at step {n}"
                        )
                mine, theirs = a[0], b[0]


def _relative(x: Tensor, y: Tensor) -> float:
    """Largest difference, relative to the largest entry of each row."""
    scale = x.flatten(1).abs().amax(1, keepdim=True).clamp(min=1e-12)
    return float(((x - y).flatten(1).abs() / scale).max())


def _by_site(stated: Stated) -> dict[str, dict[str, float]]:
    """Stated exchange constants in the form of ``EXCHANGE_LOG_K``."""
    sites = zip(EXCHANGE_LOG_K.items(), stated.protons, strict=True)
    return {name: {ion: h if ion == "h" else stated.selectivity[ion] for ion in site} for (name, site), h in sites}


def build_contract(core: Core, config: TrainingConfig, sets: list[Ensemble], step: nn.Module) -> dict[str, Any]:
    """What a bundle says of itself, besides the variable table."""
    tests = [d for d in (s.part("test") for s in sets) if len(d.members)]
    stated = sets[0].constants
    competitors: dict[str, nn.Module] = {
        "B0": make_step(config, None, stated),
        "B1": train_baseline(sets, increments=False),
        "B2": train_baseline(sets, increments=True),
        "bundle": step,
    }
    return {
        "name": "calcisol default bundle" if stated is None else f"bundle with the constants of an archive: {stated.source}",
        "bundle_version": BUNDLE_VERSION,
        "created": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d"),
        "licence": "MIT",
        "citation": "calcisol authors (2026): calcisol 0.1, soil acidity and inorganic carbon in land models; see CITATION.cff",
        "step_graph": fingerprint(make_step(config, core, stated)),
        "parameters": {
            **parameters_of(config.thermodynamics, config.aluminium, stated),
            "exchange_log_k": EXCHANGE_LOG_K if stated is None else _by_site(stated),
            "longest_step_s": float(make_step(config, None, stated).longest),
            "network": {"width": config.width, "features": list(FEATURES), "factors": list(FACTORS)},
        },
        "envelope": {
            name: [float(low), float(high)]
            for name, low, high in (
                *zip(FEATURES, core.low.flatten(), core.high.flatten(), strict=True),
                *zip(PAST, core.past_low.flatten(), core.past_high.flatten(), strict=True),
            )
        },
        "data": {
            "reference_model": sets[0].reference_model,
            "archive_sha256": sets[0].sha256,
            "columns": sum(len(s.members) for s in sets),
            "years": sets[0].years,
            "layers": sorted(int(s.static.shape[1]) for s in sets),
            "interval_s": sets[0].dt,
            "split": {"seed": SPLIT_SEED, **{k: list(v) for k, v in SPLITS.items()}},
        },
        "training": asdict(config),
        "scores": {name: asdict(score([rollout(m, d) for d in tests], tests)) for name, m in competitors.items()},
    }


def export_bundle(core: Core, config: TrainingConfig, sets: list[Ensemble], path: Path) -> dict[str, Any]:
    """Check and write a bundle; returns its contract. Raises ExportError and writes nothing when the checks fail."""
    step = make_step(config, core, sets[0].constants).eval()
    for parameter in step.parameters():
        parameter.requires_grad_(False)
    scripted = script(step)
    for data in sets:
        check_agreement(step, scripted, data.select(np.arange(min(len(data.members), CHECK_COLUMNS))))
    contract = build_contract(core, config, sets, scripted)
    write_bundle(path, scripted, contract)
    return contract
