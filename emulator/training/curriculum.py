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
import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..contract.constants import MOLAR_MASS_C, MOLAR_MASS_N
from ..contract.errors import InputError
from ..contract.rows import column_rows, layer_rows, state_rows
from ..processes.recent_climate import drivers, running_mean, start
from ..processes.sources import add_sources, liming
from ..processes.water import face_fluxes
from ..step.correction import Core, NoCore
from ..step.step import Step
from .dataset import Ensemble
from .rollout import W_LIQ, WATER, cut_step

SCALES = {"ph": 0.01, "calcite": 0.01, "leaching": 0.02, "pressure": 0.02}
"""Errors that cost one: pH; share of the window's calcite turnover; share of the mean leaching; ln of pCO2."""


MAY_BE_ZERO = ("seed", "on_policy", "weight_decay")


@dataclass(frozen=True)
class TrainingConfig:
    """What decides a training run; read from TOML, unknown keys are an error."""

    seed: int = 1
    width: int = 32
    thermodynamics: str = "phreeqc"
    aluminium: str = "AlOHX2"
    phases: tuple[tuple[int, int, float], ...] = ((1, 300, 2e-3), (3, 300, 1e-3), (6, 100, 4e-4))
    """(unrolled intervals of the archive, iterations, learning rate), in order; see ``substeps``."""
    substeps: tuple[int, ...] = (4, 4, 8)
    """Equal steps an interval is cut into; one is drawn for each window, so that the core knows steps of several lengths."""
    batch: int = 48
    on_policy: float = 0.7
    """Chance, in the later phases, that the next windows continue where the last ones ended, in the emulator's own states."""
    report: int = 50
    """Iterations between two checks, checkpoints and lines of progress."""
    weight_decay: float = 1e-5
    bootstrap: bool = False
    """Draw the training columns with replacement: members of an ensemble, whose spread then tells what the columns decide."""

    @classmethod
    def from_toml(cls, path: Path) -> TrainingConfig:
        """Read a config. Raises ValueError naming an unknown key, or one whose value cannot be."""
        raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        known = {f.name for f in fields(cls)}
        for key in raw:
            if key not in known:
                raise InputError(f"{path}: key {key!r} is unknown; known are {', '.join(sorted(known))}")
        for f in fields(cls):
            value = raw.get(f.name, f.default)
            like = list if isinstance(f.default, tuple) else type(f.default)
            if f.name in raw and not (type(value) is like or (like is float and type(value) is int)):
                raise InputError(f"{path}: {f.name} = {value!r} must be of the kind of {f.default!r}")
            if isinstance(value, int | float) and not isinstance(value, bool) and value < (0 if f.name in MAY_BE_ZERO else 1):
                raise InputError(f"{path}: {f.name} = {value!r} is too small")
        try:
            if "phases" in raw:
                raw["phases"] = tuple((int(k), int(n), float(rate)) for k, n, rate in raw["phases"])
            if "substeps" in raw:
                raw["substeps"] = tuple(int(n) for n in raw["substeps"])
        except (TypeError, ValueError):
            text = "phases = [[intervals, iterations, rate], ...], substeps = [parts, ...]"
            raise InputError(f"{path}: phases or substeps are no numbers; write {text}") from None
        return cls(**raw)


RANGE_STEPS = (1800.0, 86400.0)
"""s; short steps whose features count for the training ranges, so that the core knows them."""


class FeatureRecorder(NoCore):
    """Stands in for the core and keeps the features it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Tensor] = []

    def forward(self, features: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
        """As B0."""
        self.seen.append(features.detach().flatten(1))
        return super().forward(features, share)


def make_step(config: TrainingConfig, core: Core | NoCore | None) -> Step:
    """A step with the chemistry of ``config``."""
    return Step(core, config.thermodynamics, config.aluminium)


def fit_core(config: TrainingConfig, sets: list[Ensemble]) -> Core:
    """A fresh core; its scaling and ranges come from single B0 steps from states of the training columns, long and short."""
    recorder = FeatureRecorder()
    step = make_step(config, recorder)
    with torch.no_grad():
        for data in sets:
            layer, column = data.forcing_layer, data.forcing_column
            lengths = (*(data.dt / n for n in config.substeps), *RANGE_STEPS)
            for n in range(0, column.shape[0], 5):
                for seconds in (data.dt, lengths[n // 5 % len(lengths)]):
                    now = layer[n].clone()
                    before = data.state[n, WATER]
                    now[W_LIQ] = before + (layer[n, W_LIQ] - before) * (seconds / data.dt)
                    step(data.state[n], data.static, now, column[n], torch.tensor(seconds, dtype=torch.float64))
    core = Core(config.width, config.seed)
    samples = torch.cat(recorder.seen, 1)
    pick = torch.randperm(samples.shape[1], generator=torch.Generator().manual_seed(config.seed))[:400_000]
    core.fit_scaling(samples[:, pick])
    ranges = [climate_range(data) for data in sets]
    core.fit_past(torch.stack([low for low, _ in ranges]).amin(0), torch.stack([high for _, high in ranges]).amax(0))
    return core


def climate_range(data: Ensemble) -> tuple[Tensor, Tensor]:
    """Least and most [3] of the recent climate of the columns of ``data`` over its whole length."""
    dt = torch.tensor(data.dt, dtype=torch.float64)
    memory = start(data.static[0])
    low, high = memory.amin((1, 2)), memory.amax((1, 2))
    for n in range(data.forcing_column.shape[0]):
        x, f, c = state_rows(data.state[n]), layer_rows(data.forcing_layer[n]), column_rows(data.forcing_column[n])
        q_lower, _ = face_fluxes(f.w_liq + f.w_ice, x.water, f.w_sink, f.q_lat, c.q_bot, f.q_if, dt)
        now = drivers(f.t_soil, q_lower, add_sources(x, f, c, dt).acid, liming(c, dt), dt)
        memory = running_mean(memory, now, dt)
        low, high = torch.minimum(low, memory.amin((1, 2))), torch.maximum(high, memory.amax((1, 2)))
    return low, high


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


def train(config: TrainingConfig, sets: list[Ensemble], folder: Path, say: Callable[[str], None] = print) -> Core:
    """Train a core on the training columns of ``sets`` (one per number of layers), checkpoints and learning curve in ``folder``.

    Returns the core that was best on the validation columns; the untrained one (B0) is a candidate. Started again on the same
    folder it continues where it stopped, bit for bit. Raises ValueError when the folder belongs to another config or archive.
    """
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint, curve = folder / "checkpoint.pt", folder / "learning_curve.csv"
    train_sets = [d for d in (s.part("train") for s in sets) if len(d.members)]
    check_sets = [d for d in (s.part("validation") for s in sets) if len(d.members)]
    weights = torch.tensor([float(len(d.members)) for d in train_sets])
    pools = [torch.arange(len(d.members)) for d in train_sets]
    if config.bootstrap:
        drawn = torch.Generator().manual_seed(config.seed)
        pools = [p[torch.randint(len(p), (len(p),), generator=drawn)] for p in pools]
    identity = {"config": repr(asdict(config)), "data": sets[0].sha256}
    core = fit_core(config, train_sets)
    step = make_step(config, core)
    optimiser = torch.optim.AdamW(core.parameters(), lr=1e-3, weight_decay=config.weight_decay)
    generator = torch.Generator().manual_seed(config.seed)
    done = 0
    best: dict[str, Any] = {"loss": float("inf"), "core": {}}  # on the validation columns; the untrained core is a candidate
    chain: dict[str, Any] = {}  # windows that may continue from the emulator's own states
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        if saved["identity"] != identity:
            raise InputError(f"{checkpoint} belongs to another config or archive; give another --out folder")
        core.load_state_dict(saved["core"])
        optimiser.load_state_dict(saved["optimiser"])
        generator.set_state(saved["generator"])
        done, chain, best = int(saved["done"]), saved["chain"], saved["best"]
        say(f"resuming after iteration {done}")
    plan = [(length, rate, phase) for phase, (length, count, rate) in enumerate(config.phases) for _ in range(count)]
    began = time.monotonic()
    n_time = min(d.forcing_column.shape[0] for d in train_sets)
    skip, length_check = min(24, n_time // 4), min(24, n_time // 2)
    lengths = sorted(set(config.substeps))
    if not best["core"]:
        best = {"loss": sum(validate(step, check_sets, skip, length_check, n) for n in lengths), "core": copy(core)}
        say(f"without network: validation({length_check}) {best['loss']:.3f}")
    for iteration in range(done, len(plan)):
        length, rate, phase = plan[iteration]
        first = sum(c for _, c, _ in config.phases[:phase])
        for group in optimiser.param_groups:
            group["lr"] = rate * (1.0 - 0.7 * (iteration - first) / config.phases[phase][1])
        goes_on = float(torch.rand(1, generator=generator)) < config.on_policy
        if phase > 0 and goes_on and chain and int(chain["start"].max()) + length < n_time:
            which, member, start, begin = chain["which"], chain["member"], chain["start"], chain["state"]
        else:
            which = int(torch.multinomial(weights, 1, generator=generator))
            member = pools[which][torch.randint(len(pools[which]), (config.batch,), generator=generator)]
            start = torch.randint(n_time - 2 * length, (config.batch,), generator=generator)
            begin = train_sets[which].state[start, :, :, member].permute(1, 2, 0)
        parts = config.substeps[int(torch.randint(len(config.substeps), (1,), generator=generator))]
        optimiser.zero_grad()
        loss, end = window_loss(step, train_sets[which], start, begin, member, length, parts)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(core.parameters(), 1.0)
        if torch.isfinite(norm):
            optimiser.step()
        sound = bool(torch.isfinite(end).all())
        chain = {"which": which, "member": member, "start": start + length, "state": end} if sound else {}
        if (iteration + 1) % config.report == 0 or iteration + 1 == len(plan):
            check = [validate(step, check_sets, skip, length_check, n) for n in lengths]
            if sum(check) < best["loss"]:
                best = {"loss": sum(check), "core": copy(core)}
            left = (time.monotonic() - began) / (iteration + 1 - done) * (len(plan) - iteration - 1)
            say(
                f"{iteration + 1}/{len(plan)} window {length} loss {loss.item():.3f} "
                f"validation({length_check}) {' '.join(f'{x:.3f}' for x in check)} left {left / 60:.1f} min"
            )
            fresh = not curve.exists()
            with curve.open("a", newline="") as stream:
                writer = csv.writer(stream)
                if fresh:
                    writer.writerow(["iteration", "window", "loss", *(f"validation_{n}" for n in lengths)])
                writer.writerow([iteration + 1, length, f"{loss.item():.6g}", *(f"{x:.6g}" for x in check)])
            save_atomically(
                {"identity": identity, "core": core.state_dict(), "optimiser": optimiser.state_dict(),
                 "generator": generator.get_state(), "done": iteration + 1, "chain": chain, "best": best}, checkpoint,
            )  # fmt: skip
    core.load_state_dict(best["core"])
    return core
