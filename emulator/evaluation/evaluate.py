"""`calcisol evaluate`: a bundle's free rollouts against MIN3P columns it never saw, beside baseline B0.

What:    scorecard (Markdown, JSON), the other targets, two figures: change of SIC, pH of the columns that change most.
Units:   mol m-2 of calcite in the figures; pH.
Use:     ``evaluate(archive, bundle, "test", folder)``
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..contract.bundle import default_bundle, read_contract
from ..step.chosen import chosen_step
from ..training.dataset import DataError, Ensemble
from ..training.learning_set import load_archive
from ..training.metrics import Scores, score, table
from ..training.rollout import Roll, Rollout, rollout, substeps_for
from ..training.scripted import load_scripted, physical_weights, with_weights
from . import checks, outside, spread
from .constants_first import say_first
from .long_intervals import cut, joined, parts_for

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]
OpenReplay = Callable[[bytes], Callable[..., Arrays] | None]
"""A compiled rollout of a bundle, or None where there is none; the command line has one (coupler/explain_engine/replay.py)."""


@dataclass(frozen=True)
class Judged:
    """Rollouts of a bundle and of B0 over the same columns, and their scores."""

    sets: list[Ensemble]
    b0: list[Rollout]
    bundle: list[Rollout]
    scores: dict[str, Scores]
    seconds: float  # of CPU that the bundle's rollouts took

    @property
    def columns(self) -> int:
        """How many."""
        return sum(len(d.members) for d in self.sets)


def evaluate(
    archive: Path,
    bundle: Path | None,
    part: str,
    folder: Path,
    twins: Path | None = None,
    members: list[Path] | None = None,
    only_scores: bool = False,
    open_replay: OpenReplay | None = None,
) -> dict[str, Scores]:
    """Print and write the scorecard; returns the scores by competitor.

    The other targets follow (``checks``, ``outside``) unless ``only_scores``; ``twins`` is the archive of the same members
    without their nitrogen, ``members`` an ensemble of bundles whose spread is judged. With ``open_replay`` the compiled library
    does the rollouts, else the module itself (half an hour for 300 columns). Raises DataError when the part has no column.
    """
    path = bundle or default_bundle()
    whole = load_archive(archive)
    sets = whole if part == "all" else [d for d in (s.part(part) for s in whole) if len(d.members)]
    if not sets:
        raise DataError(f"{archive} has no column in the part {part!r}; choose another --part")
    said, _ = say_first(read_contract(path), sets)
    print(said)
    scripted = load_scripted(path)
    roll = make_roll(path.read_bytes(), scripted, open_replay)
    judged = judge(path, part, sets, roll, open_replay)
    text = table(judged.scores)
    _print_scores(judged, text, part, substeps_for(scripted, sets[0].dt))
    folder.mkdir(parents=True, exist_ok=True)
    text = f"{said}\n\n{text}"
    if not only_scores and not _monthly(whole):
        print("step lengths, layerings and the envelope are judged on monthly archives of ten years and more: left out")
    elif not only_scores:
        others = [
            checks.report(scripted, roll, whole, load_archive(twins) if twins else None),
            outside.report(outside.outside(roll, whole)),
        ]
        if members:
            others.append(spread.report([make_roll(m.read_bytes(), load_scripted(m), open_replay) for m in members], whole))
        print("\n".join(others))
        text = "\n\n".join([text, *others])
    (folder / "scorecard.md").write_text(text + "\n", encoding="utf-8")
    payload = {"archive_sha256": sets[0].sha256, "part": part, **{k: asdict(v) for k, v in judged.scores.items()}}
    (folder / "scorecard.json").write_text(json.dumps(payload, indent=1), encoding="utf-8")
    _plot_change(judged, folder / "dsic.png")
    _plot_ph(judged, folder / "ph.png")
    print(f"wrote {folder}/scorecard.md, scorecard.json, dsic.png, ph.png")
    return judged.scores


def _monthly(whole: list[Ensemble]) -> bool:
    """Whether the checks of ``outside`` and ``checks`` have the months they count by."""
    return all(abs(d.dt / checks.MONTH - 1.0) < 0.1 and d.forcing_column.shape[0] >= outside.MONTHS for d in whole)


def judge(path: Path, part: str, sets: list[Ensemble], roll: Roll, open_replay: OpenReplay | None) -> Judged:
    """Roll the bundle and B0 out over all columns and score both; B1 and B2 where the bundle holds their scores on the same."""
    contract = read_contract(path)
    chosen = contract["parameters"]
    b0 = chosen_step(None, chosen)
    b0_roll = make_roll(with_weights(path, physical_weights(path)), b0, open_replay)
    b0_results = [b0_roll(d) for d in sets]
    began = time.process_time()
    results = [roll(d) for d in sets]
    seconds = time.process_time() - began
    # B1 and B2 were trained and scored once, at export, on the same columns
    recorded = contract["scores"] if (sets[0].sha256, part) == (contract["data"]["archive_sha256"], "test") else {}
    plain = {name: Scores(**recorded[name]) for name in ("B1", "B2") if name in recorded}
    scores = {"B0": score(b0_results, sets), **plain, "bundle": score(results, sets)}
    return Judged(sets, b0_results, results, scores, seconds)


def _print_scores(judged: Judged, text: str, part: str, substeps: int) -> None:
    """The scorecard, what left the training ranges, and the cost beside MIN3P's."""
    sets, columns = judged.sets, judged.columns
    days = sets[0].dt / substeps / 86400.0
    print(f"{columns} columns ({part}), {sets[0].years:.1f} years, driven by forcing alone; steps of {days:.3g} days")
    print(text)
    flagged = sum(_share(r, 2) * len(d.members) for r, d in zip(judged.bundle, sets, strict=True)) / columns
    print(f"lowest pool {judged.scores['bundle'].lowest_pool:.2e} mol m-2; outside the envelope {flagged:.2%} of cell-steps")
    reference = sum(float(torch.as_tensor(d.wall_s).sum()) for d in sets)
    seconds = judged.seconds
    known = (
        f", MIN3P needed {reference:.0f} s of wall time ({reference / seconds:.0f} times as much)"
        if reference == reference
        else ""
    )
    print(f"cost: {seconds:.2f} s of CPU{known}")


def make_roll(bundle: bytes, step: nn.Module, open_replay: OpenReplay | None) -> Roll:
    """Compiled where the caller can open one and it has the kernel; else the module itself."""
    replay = open_replay(bundle) if open_replay else None
    if replay is None:
        return partial(rollout, step)

    def compiled(data: Ensemble) -> Rollout:
        parts = parts_for(data.dt)
        d = cut(data, parts) if parts > 1 else data
        given = (x.numpy() for x in (d.static, d.state[0], d.forcing_layer, d.forcing_column))
        result = Rollout(*(torch.from_numpy(x) for x in replay(*given, d.dt)))
        return joined(result, parts) if parts > 1 else result

    return compiled


def _share(result: Rollout, bit: int) -> float:
    return float((result.flag & bit).ne(0).double().mean())


def _plot_change(judged: Judged, path: Path) -> None:
    """Change of calcite per column against MIN3P's."""
    figure, axes = _figure(1, 1, (5, 5))
    axis = axes[0, 0]

    def change(states: list[Tensor]) -> Tensor:
        return torch.cat([(s[-1, 0] - s[0, 0]).sum(0) for s in states])

    truth = change([d.state for d in judged.sets])
    for results, label, marker in ((judged.b0, "B0 (no network)", "x"), (judged.bundle, "bundle", "o")):
        axis.plot(truth, change([r.state for r in results]), marker, ms=5, mfc="none", label=label)
    limits = [float(truth.min()) * 1.05, max(0.0, float(truth.max()) * 1.05)]
    axis.plot(limits, limits, color="0.6", lw=0.8, zorder=0)
    axis.set_xlabel("MIN3P (mol m$^{-2}$)")
    axis.set_ylabel("emulated (mol m$^{-2}$)")
    axis.set_title(f"Change of calcite in the column over {judged.sets[0].years:.0f} years")
    axis.legend(frameon=False)
    figure.savefig(path, dpi=150)


def _plot_ph(judged: Judged, path: Path) -> None:
    """pH of the six plough layers that acidify most."""
    sets = judged.sets
    falls = [
        (float(d.ph[:12, 0, m].mean() - d.ph[-12:, 0, m].mean()), i, m) for i, d in enumerate(sets) for m in range(len(d.members))
    ]
    figure, axes = _figure(2, 3, (10, 5.2))
    for axis, (_, i, m) in zip(axes.flat, sorted(falls, reverse=True)[:6], strict=False):
        years = torch.arange(sets[i].ph.shape[0]) * sets[i].dt / (365.0 * 86400.0)
        axis.plot(years, sets[i].ph[:, 0, m], color="k", lw=1.2, label="MIN3P")
        axis.plot(years, judged.b0[i].state[:, 12, 0, m], color="C0", lw=0.8, label="B0")
        axis.plot(years, judged.bundle[i].state[:, 12, 0, m], color="C1", lw=0.8, label="bundle")
        axis.set_title(f"column {int(sets[i].members[m])}", fontsize=9)
    axes[0, 0].legend(frameon=False, fontsize=8)
    figure.supxlabel("years")
    figure.supylabel("pore-water pH of the plough layer")
    figure.savefig(path, dpi=150)


def _figure(rows: int, columns: int, size: tuple[float, float]) -> tuple[Any, np.ndarray]:
    """A figure that no window shows, and its axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots(rows, columns, sharex=True, squeeze=False)
