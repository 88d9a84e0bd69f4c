"""Training of the learned core through unrolled steps, resumable to the bit.

What:    windows of a MIN3P archive, started from true states and unrolled through the whole step, ever longer; later phases
         start from the emulator's own states too, so that the core sees the errors it makes.
Loss:    pH, calcite of each layer over the window, leaching of Ca, DIC and NO3, CO2 pressure, each over its scale (``SCALES``).
Source:  unrolled training with a curriculum against drift (Sanchez-Gonzalez et al. 2020; Silva et al. 2024, arXiv 2405.14548).
Use:     ``train(TrainingConfig.from_toml(path), data, folder)``
"""

from __future__ import annotations

import csv
import os
import time
import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .chemistry.constants import MOLAR_MASS_C, MOLAR_MASS_N
from .core import Core, NoCore
from .dataset import Ensemble
from .rollout import rollout
from .step import Step

SCALES = {"ph": 0.02, "calcite": 0.02, "leaching": 0.05, "pressure": 0.03}
"""Errors that cost one: pH; share of the window's calcite turnover; share of the mean leaching; ln of pCO2."""


@dataclass(frozen=True)
class TrainingConfig:
    """What decides a training run; read from TOML, unknown keys are an error."""

    seed: int = 1
    width: int = 64
    thermodynamics: str = "min3p"
    aluminium: str = "AlX3"
    phases: tuple[tuple[int, int, float], ...] = ((4, 400, 2e-3), (12, 500, 1e-3), (36, 250, 4e-4))
    """(unrolled steps, iterations, learning rate), in order."""
    batch: int = 64
    on_policy: float = 0.5
    """Share of windows of the later phases that start from the emulator's own rollout."""
    refresh: int = 100
    """Iterations between two rollouts that refresh those states."""
    weight_decay: float = 1e-5

    @classmethod
    def from_toml(cls, path: Path) -> TrainingConfig:
        """Read a config. Raises ValueError naming an unknown key."""
        raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        known = {f.name for f in fields(cls)}
        for key in raw:
            if key not in known:
                raise ValueError(f"{path}: key {key!r} is unknown; known are {', '.join(sorted(known))}")
        if "phases" in raw:
            raw["phases"] = tuple((int(k), int(n), float(rate)) for k, n, rate in raw["phases"])
        return cls(**raw)


class FeatureRecorder(NoCore):
    """Stands in for the core and keeps the features it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Tensor] = []

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """As B0."""
        self.seen.append(features.detach().flatten(1))
        return super().forward(features)


def make_step(config: TrainingConfig, core: nn.Module | None) -> Step:
    """A step with the chemistry of ``config``."""
    return Step(core, config.thermodynamics, config.aluminium)


def fit_core(config: TrainingConfig, data: Ensemble) -> Core:
    """A fresh core whose scaling and ranges come from a B0 rollout over the training columns."""
    recorder = FeatureRecorder()
    rollout(make_step(config, recorder), data)
    core = Core(config.width, config.seed)
    samples = torch.cat(recorder.seen[::3], 1)
    pick = torch.randperm(samples.shape[1], generator=torch.Generator().manual_seed(config.seed))[:400_000]
    core.fit_scaling(samples[:, pick])
    return core


def window_loss(step: nn.Module, data: Ensemble, start: Tensor, begin: Tensor, member: Tensor, length: int) -> Tensor:
    """Loss of windows of ``length`` steps from states ``begin`` [slot, layer, batch] at times ``start`` of columns ``member``."""
    dt = torch.tensor(data.dt, dtype=torch.float64)
    static = data.static[..., member]
    state = begin
    ph_error = pressure_error = torch.zeros((), dtype=torch.float64)
    leached = []
    for n in range(length):
        at = start + n
        layer = data.forcing_layer[at, :, :, member].permute(1, 2, 0)
        column = data.forcing_column[at, :, member].t()
        state, _, out, _ = step(state, static, layer, column, dt)
        truth = data.state[at + 1, :, :, member].permute(1, 2, 0)
        ph_error = ph_error + nn.functional.huber_loss(state[12] / SCALES["ph"], truth[12] / SCALES["ph"], delta=3.0)
        pressure_error = pressure_error + torch.square((state[11] / truth[11]).log() / SCALES["pressure"]).clamp(max=100.0).mean()
        leached.append(torch.stack([out[4], out[2] / MOLAR_MASS_C, out[5] / MOLAR_MASS_N]) * dt)
    end = data.state[start + length, 0, :, member].t()
    first = data.state[start, 0, :, member].t()
    turnover = (end - first).abs().sum(0) + 0.002 * length
    error = (state[0] - begin[0]) - (end - first)
    calcite = nn.functional.huber_loss(error / turnover / SCALES["calcite"], torch.zeros_like(error), delta=3.0)
    true_leached = torch.stack([data.leached[start + n, :, member].t() for n in range(length)]).sum(0)
    leach = (torch.stack(leached).sum(0) - true_leached) / (true_leached + 0.05 * true_leached.mean(1, keepdim=True) + 1e-6)
    leaching = nn.functional.huber_loss(leach / SCALES["leaching"], torch.zeros_like(leach), delta=3.0)
    return (ph_error + 0.3 * pressure_error) / length + calcite + leaching


def save_atomically(payload: dict[str, Any], path: Path) -> None:
    """torch.save under a temporary name, then rename."""
    part = path.with_name(path.name + ".part")
    torch.save(payload, part)
    os.replace(part, path)


def train(config: TrainingConfig, data: Ensemble, folder: Path, say: Callable[[str], None] = print) -> Core:
    """Train a core on the training columns of ``data``; checkpoints and learning curve go to ``folder``.

    Started again on the same folder it goes on where it stopped, with the same bits. Raises ValueError when the
    folder belongs to another config or another archive.
    """
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint, curve = folder / "checkpoint.pt", folder / "learning_curve.csv"
    train_set, check_set = data.part("train"), data.part("validation")
    identity = {"config": repr(asdict(config)), "data": data.sha256}
    core = fit_core(config, train_set)
    step = make_step(config, core)
    optimiser = torch.optim.AdamW(core.parameters(), lr=1e-3, weight_decay=config.weight_decay)
    generator = torch.Generator().manual_seed(config.seed)
    done = 0
    own = train_set.state
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        if saved["identity"] != identity:
            raise ValueError(f"{checkpoint} belongs to another config or archive; give another --out folder")
        core.load_state_dict(saved["core"])
        optimiser.load_state_dict(saved["optimiser"])
        generator.set_state(saved["generator"])
        done, own = int(saved["done"]), saved["own"]
        say(f"resuming after iteration {done}")
    plan = [(length, rate, phase) for phase, (length, count, rate) in enumerate(config.phases) for _ in range(count)]
    began = time.monotonic()
    skip, length_check = min(24, data.forcing_column.shape[0] // 4), min(120, data.forcing_column.shape[0] // 2)
    n_time, n_member = train_set.forcing_column.shape[0], train_set.static.shape[-1]
    for iteration in range(done, len(plan)):
        length, rate, phase = plan[iteration]
        if phase > 0 and iteration % config.refresh == 0:
            own = rollout(step, train_set).state
        within = iteration - sum(c for _, c, _ in config.phases[:phase])
        for group in optimiser.param_groups:
            group["lr"] = rate * (1.0 - 0.7 * within / config.phases[phase][1])
        member = torch.randint(n_member, (config.batch,), generator=generator)
        start = torch.randint(n_time - length, (config.batch,), generator=generator)
        begin = train_set.state[start, :, :, member].permute(1, 2, 0)
        if phase > 0:
            mine = torch.rand(config.batch, generator=generator) < config.on_policy
            begin = torch.where(mine, own[start, :, :, member].permute(1, 2, 0), begin)
        optimiser.zero_grad()
        loss = window_loss(step, train_set, start, begin, member, length)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(core.parameters(), 1.0)
        if torch.isfinite(norm):
            optimiser.step()
        if (iteration + 1) % config.refresh == 0 or iteration + 1 == len(plan):
            with torch.no_grad():
                columns = torch.arange(check_set.static.shape[-1])
                check = window_loss(step, check_set, torch.full_like(columns, skip), check_set.state[skip], columns, length_check)
            left = (time.monotonic() - began) / (iteration + 1 - done) * (len(plan) - iteration - 1)
            say(
                f"{iteration + 1}/{len(plan)} window {length} loss {loss.item():.3f} "
                f"validation({length_check}) {check.item():.3f} left {left / 60:.1f} min"
            )
            fresh = not curve.exists()
            with curve.open("a", newline="") as stream:
                writer = csv.writer(stream)
                if fresh:
                    writer.writerow(["iteration", "window", "loss", "validation"])
                writer.writerow([iteration + 1, length, f"{loss.item():.6g}", f"{check.item():.6g}"])
            save_atomically(
                {"identity": identity, "core": core.state_dict(), "optimiser": optimiser.state_dict(),
                 "generator": generator.get_state(), "done": iteration + 1, "own": own}, checkpoint,
            )  # fmt: skip
    return core
