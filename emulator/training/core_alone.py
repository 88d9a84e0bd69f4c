"""The learned core by itself, rows of features in and factors out: what other ways of calling a network are timed on.

What:    ``Rows``, a plain module for any runner of TorchScript; ``CoreStep``, the same network with the signature of a step, from
         which the generator makes a kernel of the very code the native engine runs inside a step.
Shapes:  Rows: [row, feature] float32 -> [row, factor] float32. CoreStep: as ``Step.forward``, the features in place of the layer
         forcing, the factors in place of the layer outputs.
Use:     ``python -m calcisol.emulator.training.core_alone BUNDLE FOLDER``; ``calcisol bench --peer PROGRAM``
"""

import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..step.correction import Core
from ..step.features import FEATURES

SAMPLE = 64  # rows of features.txt


class Rows(nn.Module):
    """Rows of features to rows of factors at the longest step; arithmetic as in ``Core.forward``."""

    def __init__(self, core: Core) -> None:
        super().__init__()
        self.core = core
        self.n_features: int = len(FEATURES)

    def forward(self, rows: Tensor) -> Tensor:
        """[row, feature] float32 -> [row, factor] float32."""
        core = self.core
        x = rows.t()
        inside = ((x >= core.low) & (x <= core.high)).all(0)
        x = ((x - core.mean) / core.scale).clamp(-6.0, 6.0).t()
        x = torch.nn.functional.silu(core.input(x))
        x = torch.nn.functional.silu(core.hidden(x))
        y = core.output(x)[:, : core.n_factors]
        bound = core.bound.t()
        return bound * torch.tanh(y / bound) * inside.unsqueeze(1).to(torch.float32)


class CoreStep(nn.Module):
    """A "step" that is the core alone: no state, features [feature, layer, column] in, factors [factor, layer, column] out."""

    def __init__(self, core: nn.Module) -> None:
        super().__init__()
        self.core = core

    def forward(
        self, state: Tensor, static: Tensor, layer: Tensor, column: Tensor, dt: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """``dt`` is the share of the longest step; the flag is 1 inside the training ranges."""
        factors, inside = self.core(layer, dt)
        return state, factors, column, inside.to(torch.int32)


def core_of(bundle: Path) -> Core:
    """The core of a bundle with its weights. Raises KeyError or RuntimeError when it holds another network."""
    tensors = torch.jit.load(str(bundle)).state_dict()
    own = {name.removeprefix("core."): t for name, t in tensors.items() if name.startswith("core.")}
    core = Core(own["input.weight"].shape[0])
    core.load_state_dict(own)
    return core.eval()


def sample(core: Core, rows: int = SAMPLE) -> Tensor:
    """Features [row, feature] within the training ranges, two standard deviations around the mean."""
    spread = 4.0 * torch.rand((len(FEATURES), rows), generator=torch.Generator().manual_seed(0)) - 2.0
    return (core.mean + core.scale * spread).clamp(core.low, core.high).t().contiguous()


def export(bundle: Path, folder: Path) -> None:
    """Write what a comparison needs: core.pt (TorchScript), features.txt, answers.txt of it, tensors.npz (weights by name)."""
    core = core_of(bundle)
    module = torch.jit.script(Rows(core).eval())
    torch.jit.save(module, str(folder / "core.pt"))
    with torch.no_grad():
        features = sample(core)
        for name, rows in (("features.txt", features), ("answers.txt", module(features))):
            np.savetxt(folder / name, rows.numpy(), fmt="%.9g")
    np.savez(folder / "tensors.npz", **{f"core.{name}": t.numpy() for name, t in core.state_dict().items()})


if __name__ == "__main__":
    export(Path(sys.argv[1]), Path(sys.argv[2]))
