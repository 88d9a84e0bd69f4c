"""Training of the learned core through unrolled steps, resumable to the bit.

What:    windows of a MIN3P archive, started from true states and unrolled through the whole step, ever longer; in later phases
         windows continue from the emulator's own states, so that the core sees the errors it makes.
Loss:    pH, calcite of each layer over the window, leaching of Ca, DIC and NO3, CO2 pressure, each over its scale (``SCALES``).
Source:  unrolled training with a curriculum against drift (Sanchez-Gonzalez et al. 2020; Silva et al. 2024, arXiv 2405.14548).
Use:     ``train(TrainingConfig.from_toml(path), data, folder)``
"""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..contract.constants import MOLAR_MASS_C, MOLAR_MASS_N
from ..contract.errors import InputError
from ..step.correction import Core
from .config import TrainingConfig
from .dataset import Ensemble
from .fresh_core import fit_core, make_step
from .rollout import cut_step

SCALES = {"ph": 0.01, "calcite": 0.01, "leaching": 0.02, "pressure": 0.02}
"""Errors that cost one: pH; share of the window's calcite turnover; share of the mean leaching; ln of pCO2."""


def cauchy(x: Tensor) -> Tensor:
    """Mean of ln(1 + x^2 / 2): quadratic for small errors; a few cells that swing cannot drown the others."""
    return torch.log1p(0.5 * torch.square(x)).mean()


def window_loss(
    step: nn.Module, data: Ensemble, start: Tensor, begin: Tensor, member: Tensor, length: int, parts: int
) -> tuple[Tensor, Tensor]:
    """Loss, and states at the end, of windows of ``length`` intervals, each in ``parts`` equal steps.

    They start from states ``begin`` [slot, layer, batch] at times ``start`` of columns ``member``.
    """
    static = data.static[..., member]
    state = begin
    ph_error = pressure_error = torch.zeros((), dtype=torch.float64)
    leached = []
    for n in range(length):
        at = start + n
        layer = data.forcing_layer[at, :, :, member].permute(1, 2, 0)
        column = data.forcing_column[at, :, member].t()
        state, out, _ = cut_step(step, state, static, layer, column, data.dt, parts)
        truth = data.state[at + 1, :, :, member].permute(1, 2, 0)
        ph_error = ph_error + cauchy((state[12] - truth[12]) / SCALES["ph"])
        pressure_error = pressure_error + cauchy((state[11] / truth[11]).log() / SCALES["pressure"])
        leached.append(torch.stack([out[4], out[2] / MOLAR_MASS_C, out[5] / MOLAR_MASS_N]) * data.dt)
    end = data.state[start + length, 0, :, member].t()
    first = data.state[start, 0, :, member].t()
    turnover = (end - first).abs().sum(0) + 0.002 * length
    error = (state[0] - begin[0]) - (end - first)
    calcite = cauchy(error / turnover / SCALES["calcite"])
    true_leached = torch.stack([data.leached[start + n, :, member].t() for n in range(length)]).sum(0)
    leach = (torch.stack(leached).sum(0) - true_leached) / (true_leached + 0.05 * true_leached.mean(1, keepdim=True) + 1e-6)
    leaching = cauchy(leach / SCALES["leaching"])
    return (ph_error + 0.3 * pressure_error) / length + calcite + leaching, state.detach()


def save_atomically(payload: dict[str, Any], path: Path) -> None:
    """torch.save under a temporary name, then rename."""
    part = path.with_name(path.name + ".part")
    torch.save(payload, part)
    os.replace(part, path)


def copy(core: nn.Module) -> dict[str, Tensor]:
    """Its weights as they are now."""
    return {name: value.detach().clone() for name, value in core.state_dict().items()}


def validate(step: nn.Module, sets: list[Ensemble], skip: int, length: int, parts: int) -> float:
    """Mean loss of one window of ``length`` intervals per column, weighted by columns."""
    total, count = 0.0, 0
    with torch.no_grad():
        for data in sets:
            columns = torch.arange(data.static.shape[-1])
            loss, _ = window_loss(step, data, torch.full_like(columns, skip), data.state[skip], columns, length, parts)
            total, count = total + float(loss) * len(columns), count + len(columns)
    return total / max(count, 1)


@dataclass(frozen=True)
class Batch:
    """Windows to unroll: columns ``member`` of set ``which`` from times ``start`` in states ``begin`` [slot, layer, batch]."""

    which: int
    member: Tensor
    start: Tensor
    begin: Tensor


class Windows:
    """Training columns, and the draw of windows from them."""

    def __init__(self, config: TrainingConfig, sets: list[Ensemble]) -> None:
        self.config, self.sets = config, sets
        self.weights = torch.tensor([float(len(d.members)) for d in sets])
        self.pools = [torch.arange(len(d.members)) for d in sets]
        if config.bootstrap:
            drawn = torch.Generator().manual_seed(config.seed)
            self.pools = [p[torch.randint(len(p), (len(p),), generator=drawn)] for p in self.pools]
        self.n_time = min(d.forcing_column.shape[0] for d in sets)

    def draw(self, length: int, phase: int, chain: dict[str, Any], generator: torch.Generator) -> Batch:
        """Windows of ``length`` intervals: those that go on from ``chain``, by chance in later phases, else new ones."""
        goes_on = float(torch.rand(1, generator=generator)) < self.config.on_policy
        if phase > 0 and goes_on and chain and int(chain["start"].max()) + length < self.n_time:
            return Batch(chain["which"], chain["member"], chain["start"], chain["state"])
        size = (self.config.batch,)
        which = int(torch.multinomial(self.weights, 1, generator=generator))
        pool = self.pools[which]
        member = pool[torch.randint(len(pool), size, generator=generator)]
        start = torch.randint(self.n_time - 2 * length, size, generator=generator)
        return Batch(which, member, start, self.sets[which].state[start, :, :, member].permute(1, 2, 0))


class Training:
    """A core in training, with all that a later process needs to go on with the same bits."""

    def __init__(self, config: TrainingConfig, sets: list[Ensemble], folder: Path) -> None:
        self.config = config = config.for_interval(max(d.dt for d in sets))
        self.checkpoint, self.curve = folder / "checkpoint.pt", folder / "learning_curve.csv"
        self.identity = {"config": repr(asdict(config)), "data": sets[0].sha256}
        train_sets = [d for d in (s.part("train") for s in sets) if len(d.members)]
        self.windows = Windows(config, train_sets)
        self.check_sets = [d for d in (s.part("validation") for s in sets) if len(d.members)]
        self.skip, self.check_length = min(24, self.windows.n_time // 4), min(24, self.windows.n_time // 2)
        self.substeps = sorted(set(config.substeps))
        self.core = fit_core(config, train_sets)
        self.step = make_step(config, self.core, train_sets[0].constants)
        self.optimiser = torch.optim.AdamW(self.core.parameters(), lr=1e-3, weight_decay=config.weight_decay)
        self.generator = torch.Generator().manual_seed(config.seed)
        self.done = 0
        self.best: dict[str, Any] = {"loss": float("inf"), "core": {}}  # on the validation columns
        self.chain: dict[str, Any] = {}  # windows that may continue from the emulator's own states

    def resume(self) -> bool:
        """Go on from the checkpoint where there is one. Raises InputError when it belongs to another config or archive."""
        if not self.checkpoint.exists():
            return False
        saved = torch.load(self.checkpoint, weights_only=True)
        if saved["identity"] != self.identity:
            raise InputError(f"{self.checkpoint} belongs to another config or archive; give another --out folder")
        self.core.load_state_dict(saved["core"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.generator.set_state(saved["generator"])
        self.done, self.chain, self.best = int(saved["done"]), saved["chain"], saved["best"]
        return True

    def save(self) -> None:
        """Write the checkpoint."""
        save_atomically(
            {"identity": self.identity, "core": self.core.state_dict(), "optimiser": self.optimiser.state_dict(),
             "generator": self.generator.get_state(), "done": self.done, "chain": self.chain, "best": self.best}, self.checkpoint,
        )  # fmt: skip

    def check(self) -> list[float]:
        """Loss of the validation columns for each length of step; the core is kept where their sum is the least so far."""
        losses = [validate(self.step, self.check_sets, self.skip, self.check_length, n) for n in self.substeps]
        if not self.best["core"] or sum(losses) < self.best["loss"]:
            self.best = {"loss": sum(losses), "core": copy(self.core)}
        return losses

    def iterate(self, length: int, phase: int, rate: float) -> float:
        """One step of the optimiser on windows of ``length`` intervals; returns their loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        batch = self.windows.draw(length, phase, self.chain, self.generator)
        substeps = self.config.substeps
        parts = substeps[int(torch.randint(len(substeps), (1,), generator=self.generator))]
        self.optimiser.zero_grad()
        data = self.windows.sets[batch.which]
        loss, end = window_loss(self.step, data, batch.start, batch.begin, batch.member, length, parts)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.core.parameters(), 1.0)
        if torch.isfinite(norm):
            self.optimiser.step()
        sound = bool(torch.isfinite(end).all())
        after = {"which": batch.which, "member": batch.member, "start": batch.start + length, "state": end}
        self.chain = after if sound else {}
        self.done += 1
        return float(loss.item())

    def record(self, length: int, loss: float, losses: list[float]) -> None:
        """A line of the learning curve."""
        fresh = not self.curve.exists()
        with self.curve.open("a", newline="") as stream:
            writer = csv.writer(stream)
            if fresh:
                writer.writerow(["iteration", "window", "loss", *(f"validation_{n}" for n in self.substeps)])
            writer.writerow([self.done, length, f"{loss:.6g}", *(f"{x:.6g}" for x in losses)])


def schedule(config: TrainingConfig) -> list[tuple[int, int, float]]:
    """(length of the windows, phase, learning rate) of every iteration; within a phase the rate falls to 30 %."""
    return [
        (length, phase, rate * (1.0 - 0.7 * i / count))
        for phase, (length, count, rate) in enumerate(config.phases)
        for i in range(count)
    ]


def train(config: TrainingConfig, sets: list[Ensemble], folder: Path, say: Callable[[str], None] = print) -> Core:
    """Train a core on the training columns of ``sets`` (one per number of layers), checkpoints and learning curve in ``folder``.

    Returns the core that was best on the validation columns; the untrained one (B0) is a candidate. Started again on the same
    folder it continues where it stopped, bit for bit. Raises ValueError when the folder belongs to another config or archive.
    """
    folder.mkdir(parents=True, exist_ok=True)
    training, plan = Training(config, sets, folder), schedule(config)
    if training.resume():
        say(f"resuming after iteration {training.done}")
    if not training.best["core"]:
        losses = training.check()
        say(f"without network: validation({training.check_length}) {sum(losses):.3f}")
    began, before = time.monotonic(), training.done
    for iteration in range(before, len(plan)):
        loss = training.iterate(*plan[iteration])
        if training.done % config.report == 0 or training.done == len(plan):
            losses = training.check()
            left = (time.monotonic() - began) / (training.done - before) * (len(plan) - training.done)
            say(
                f"{training.done}/{len(plan)} window {plan[iteration][0]} loss {loss:.3f} "
                f"validation({training.check_length}) {' '.join(f'{x:.3f}' for x in losses)} left {left / 60:.1f} min"
            )
            training.record(plan[iteration][0], loss, losses)
            training.save()
    training.core.load_state_dict(training.best["core"])
    return training.core
