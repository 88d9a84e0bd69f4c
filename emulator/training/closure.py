"""Training of the learned core as a subgrid closure: from fine runs, what thick layers and long steps smear out.

What:    the fluxes of single steps are matched (closure_fluxes.py, closure_loss.py): no rollout is differentiated. Columns of a
         MIN3P archive, whose layers are those of the reference, hold the factors at 1 where soils are like them: there the step
         has nothing to close.
Units:   features as of step/features.py. Shapes: [feature, sample].
Use:     ``python -m calcisol.emulator.training.closure SETS OLD.calcisol NEW.calcisol --archive ENSEMBLE.nc``; resumable
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..contract.bundle import read_contract
from ..contract.constants import LONGEST_SUBSTEP
from ..contract.errors import InputError
from ..contract.rows import state_rows
from ..processes.recent_climate import climate_of
from ..step.chosen import chosen_step
from ..step.correction import Core
from ..step.features import FEATURES
from ..step.step import Step
from .closure_bundle import write_closure
from .closure_fluxes import fluxes, shorter, told
from .closure_loss import flux_loss, rows_of
from .closure_sets import CoarseSet, of_archive, read_sets
from .curriculum import save_atomically
from .fresh_core import climate_range
from .learning_set import load_archive

DAY = 86400.0
FIRST_RATE, LAST_RATE = 5e-3, 3e-5
BOUND = (2.5, 4.0, 1.5, 1.5, 1.5)
"""Largest |ln factor| at the longest step, wider than those of a core for thin layers: a layer that is half drowned conducts a
fiftieth of what its mean air would."""
LN_DT, LN_DT_OFFSET = FEATURES.index("ln dt"), 14.0  # as features.py takes it off


@dataclass(frozen=True)
class ClosureConfig:
    """What decides a training run."""

    seed: int = 5
    width: int = 32
    every: tuple[tuple[float, int], ...] = ((DAY, 12), (7.0 * DAY, 4))
    """Lengths of steps [s] whose fluxes are matched, and of how many one is taken."""
    iterations: int = 4000
    samples: int = 4096
    archive: float = 0.3
    """Weight of the factors in the columns of the archive."""


@dataclass(frozen=True)
class Samples:
    """Normalised features [sample, feature] with what their fluxes ask for [sample, row], and features of the archive."""

    features: Tensor
    rows: Tensor
    archive: Tensor


class Closure:
    """A core in training; ``save`` and ``resume`` keep all that the same bits need."""

    def __init__(self, config: ClosureConfig, sets: list[CoarseSet], archive: list[CoarseSet], chemistry: dict[str, Any]) -> None:
        self.config, self.sets, self.archive = config, sets, archive
        self.generator = torch.Generator().manual_seed(config.seed)
        self.core = Core(config.width, config.seed)
        self.core.bound.copy_(torch.tensor(BOUND).view(-1, 1))
        self.samples = self._samples(chosen_step(None, chemistry))
        self.optimiser = torch.optim.AdamW(self.core.parameters(), weight_decay=1e-5)
        self.done = 0

    def _samples(self, physical: Step) -> Samples:
        """Fluxes of single steps, and the scaling and ranges of the core."""
        seen, rows = [], []
        with torch.no_grad():
            for data in self.sets:
                every = dict(self.config.every).get(data.dt)
                if every is None:
                    continue
                first = int(torch.randint(every, (1,), generator=self.generator))
                found = [fluxes(physical, data, n) for n in range(first, data.steps, every)]
                seen.append(torch.cat([f.features.flatten(1) for f in found], 1).float())
                rows.append(rows_of(found))
            if not seen:
                raise InputError(f"no learning set has steps of {' or '.join(f'{dt:g}' for dt, _ in self.config.every)} s")
            resting = [self._archive_samples(physical, data) for data in self.archive] or [seen[0][:, :0]]
            features, wanted, rest = torch.cat(seen, 1), torch.cat(rows, 1), torch.cat(resting, 1)
            sound = torch.isfinite(features).all(0) & torch.isfinite(wanted).all(0)
            features, wanted = features[:, sound], wanted[:, sound]
            self.core.fit_scaling(self._some(torch.cat([features, rest], 1)))
            self._fit_climate()
        return Samples(self._normal(features), wanted.t().contiguous(), self._normal(rest))

    def _some(self, features: Tensor, most: int = 400_000) -> Tensor:
        return features[:, torch.randperm(features.shape[1], generator=self.generator)[:most]]

    def _normal(self, features: Tensor) -> Tensor:
        return ((features - self.core.mean) / self.core.scale).clamp(-6.0, 6.0).t().contiguous()

    def _archive_samples(self, physical: Step, data: CoarseSet, moments: int = 60) -> Tensor:
        found = []
        for n in torch.randint(data.steps, (moments,), generator=self.generator).tolist():
            for parts in (4, 8, 30):
                state, layer, column = shorter(data, n, data.dt / parts)
                found.append(told(physical, data, state, layer, column, data.dt / parts).features.flatten(1).float())
        return torch.cat(found, 1)

    def _fit_climate(self) -> None:
        """The recent climate of the fine runs, which have one, and what that of the archive would become."""
        climates = [climate_of(state_rows(data.state.permute(1, 2, 0, 3).flatten(2))) for data in self.sets]
        ranges = [(c.amin((1, 2)), c.amax((1, 2))) for c in climates] + [climate_range(data) for data in self.archive]
        low, high = (torch.stack(limit) for limit in zip(*ranges, strict=True))
        self.core.fit_past(low.amin(0), high.amax(0))

    def factors(self, normal: Tensor) -> Tensor:
        """Log factors [factor, sample] of normalised features [sample, feature]: ``Core.forward`` behind its scaling."""
        core, silu = self.core, torch.nn.functional.silu
        y = core.output(silu(core.hidden(silu(core.input(normal)))))[:, : core.n_factors].t()
        ln_dt = normal[:, LN_DT] * core.scale[LN_DT] + core.mean[LN_DT] + LN_DT_OFFSET
        return (torch.exp(ln_dt) / LONGEST_SUBSTEP).clamp(max=1.0) * core.bound * torch.tanh(y / core.bound)

    def loss(self, count: int) -> Tensor:
        """Loss of the fluxes of ``count`` samples, and of the factors in the archive."""
        of = self.samples
        i = torch.randint(len(of.features), (count,), generator=self.generator)
        loss = flux_loss(self.factors(of.features[i]), of.rows[i].t())
        if len(of.archive):
            rest = self.factors(of.archive[torch.randint(len(of.archive), (max(1, count // 4),), generator=self.generator)])
            loss = loss + self.config.archive * (rest[1:].square().mean() + 0.05 * rest[0].square().mean())
        return loss

    def train(self, checkpoint: Path, say: Callable[[str], None] = print, report: int = 500) -> None:
        """All iterations; started again on the same checkpoint it goes on where it stopped."""
        self._resume(checkpoint)
        while self.done < self.config.iterations:
            share = self.done / self.config.iterations
            for group in self.optimiser.param_groups:
                group["lr"] = FIRST_RATE * 0.5 * (1.0 + math.cos(math.pi * share)) + LAST_RATE
            self.optimiser.zero_grad()
            loss = self.loss(self.config.samples)
            loss.backward()
            self.optimiser.step()
            self.done += 1
            if self.done % report == 0 or self.done == self.config.iterations:
                self._save(checkpoint)
                say(f"{self.done}/{self.config.iterations} loss {float(loss.detach()):.4f}")

    def _save(self, checkpoint: Path) -> None:
        state = {"config": repr(asdict(self.config)), "core": self.core.state_dict(), "optimiser": self.optimiser.state_dict()}
        save_atomically(state | {"generator": self.generator.get_state(), "done": self.done}, checkpoint)

    def _resume(self, checkpoint: Path) -> None:
        if not checkpoint.exists():
            return
        saved = torch.load(checkpoint, weights_only=True)
        if saved["config"] != repr(asdict(self.config)):
            raise InputError(f"{checkpoint} belongs to another training; remove it or name another bundle")
        self.core.load_state_dict(saved["core"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.generator.set_state(saved["generator"])
        self.done = int(saved["done"])


def main() -> None:
    """Train and write a bundle."""
    parser = argparse.ArgumentParser(description="train the learned core on fine runs", epilog=(__doc__ or "").splitlines()[-1])
    parser.add_argument("sets", type=Path, help="folder of learning sets, made by `python -m calcisol.coupler.fine_runs`")
    parser.add_argument("old", type=Path, help="bundle whose chemistry and contract are kept")
    parser.add_argument("new", type=Path, help="bundle to write; NEW.checkpoint is what a later start goes on from")
    parser.add_argument("--archive", type=Path, help="MIN3P ensemble whose layers are those of the reference")
    args = parser.parse_args()
    whole = load_archive(args.archive) if args.archive else []
    archive = [of_archive(part) for part in (d.part("train") for d in whole) if len(part.members)]
    training = Closure(ClosureConfig(), read_sets(args.sets), archive, read_contract(args.old)["parameters"])
    training.train(args.new.with_suffix(".checkpoint"))
    print(write_closure(args.old, args.new, training.core, asdict(training.config), training.sets, whole))


if __name__ == "__main__":
    main()
