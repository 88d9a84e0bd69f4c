"""`calcisol evaluate`: a bundle's free rollouts against MIN3P columns it never saw, beside baseline B0.

What:    scorecard (Markdown and JSON) and two figures: change of SIC, and pH through time of the columns that change most.
Units:   mol m-2 of calcite in the figures; pH.
Use:     ``evaluate(archive, bundle, "test", folder)``
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path

import torch

from .bundle import default_bundle, read_contract
from .dataset import Ensemble, load_ensemble
from .metrics import Scores, score, table
from .rollout import Rollout, rollout
from .step import Step


def load_scripted(path: Path) -> torch.jit.ScriptModule:
    """The scripted step of a verified bundle."""
    read_contract(path)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return torch.jit.load(str(path)).eval()


def evaluate(archive: Path, bundle: Path | None, part: str, folder: Path) -> dict[str, Scores]:
    """Print and write the scorecard; returns the scores by competitor."""
    path = bundle or default_bundle()
    contract = read_contract(path)
    data = load_ensemble(archive)
    if part != "all":
        data = data.part(part)
    chosen = contract["parameters"]
    b0 = Step(None, chosen["thermodynamics"], chosen["aluminium"])
    b0_results = rollout(b0, data)
    began = time.process_time()
    results = rollout(load_scripted(path), data)
    seconds = time.process_time() - began
    # B1 and B2 were trained and scored once, at export, on the same columns
    recorded = contract["scores"] if (data.sha256, part) == (contract["data"]["archive_sha256"], "test") else {}
    plain = {name: Scores(**recorded[name]) for name in ("B1", "B2") if name in recorded}
    scores = {"B0": score(b0_results, data), **plain, "bundle": score(results, data)}
    text = table(scores)
    print(f"{data.static.shape[-1]} columns ({part}), {data.years:.1f} years, monthly steps, driven by forcing alone")
    print(text)
    print(f"lowest pool {scores['bundle'].lowest_pool:.2e} mol m-2; outside the envelope {_share(results, 2):.2%} of cell-steps")
    teacher = float(torch.as_tensor(data.wall_s).sum())
    print(f"cost: {seconds:.2f} s of CPU, MIN3P needed {teacher:.0f} s of wall time ({teacher / seconds:.0f} times)")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scorecard.md").write_text(text + "\n", encoding="utf-8")
    payload = {"archive_sha256": data.sha256, "part": part, **{k: asdict(v) for k, v in scores.items()}}
    (folder / "scorecard.json").write_text(json.dumps(payload, indent=1), encoding="utf-8")
    _plot(data, b0_results, results, folder)
    print(f"wrote {folder}/scorecard.md, scorecard.json, dsic.png, ph.png")
    return scores


def _share(result: Rollout, bit: int) -> float:
    return float((result.flag & bit).ne(0).double().mean())


def _plot(data: Ensemble, b0: Rollout, ours: Rollout, folder: Path) -> None:
    """Two figures."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    truth = data.state[:, 0]
    change = (truth[-1] - truth[0]).sum(0)
    fig, axis = plt.subplots(figsize=(5, 5), layout="constrained")
    for result, label, marker in ((b0, "B0 (no network)", "x"), (ours, "bundle", "o")):
        axis.plot(change, (result.state[-1, 0] - result.state[0, 0]).sum(0), marker, ms=5, mfc="none", label=label)
    limits = [float(change.min()) * 1.05, max(0.0, float(change.max()) * 1.05)]
    axis.plot(limits, limits, color="0.6", lw=0.8, zorder=0)
    axis.set_xlabel("MIN3P (mol m$^{-2}$)")
    axis.set_ylabel("emulated (mol m$^{-2}$)")
    axis.set_title(f"Change of calcite in the column over {data.years:.0f} years")
    axis.legend(frameon=False)
    fig.savefig(folder / "dsic.png", dpi=150)
    plt.close(fig)

    fall = (data.ph[:12, 0].mean(0) - data.ph[-12:, 0].mean(0)).argsort(descending=True)[:6]
    years = torch.arange(data.ph.shape[0]) * data.dt / (365.0 * 86400.0)
    fig, axes = plt.subplots(2, 3, figsize=(10, 5.2), sharex=True, layout="constrained")
    for axis, m in zip(axes.flat, fall.tolist(), strict=False):
        axis.plot(years, data.ph[:, 0, m], color="k", lw=1.2, label="MIN3P")
        axis.plot(years, b0.state[:, 12, 0, m], color="C0", lw=0.8, label="B0")
        axis.plot(years, ours.state[:, 12, 0, m], color="C1", lw=0.8, label="bundle")
        axis.set_title(f"column {int(data.members[m])}, {data.form[m].upper()}", fontsize=9)
    axes[0, 0].legend(frameon=False, fontsize=8)
    fig.supxlabel("years")
    fig.supylabel("pore-water pH of the plough layer")
    fig.savefig(folder / "ph.png", dpi=150)
    plt.close(fig)
