"""The TorchScript module inside a bundle: loaded after its checks, and the same bundle with other weights.

What:    what evaluation and explanation need of a bundle's module; the bundle itself (contract, hash) is ``bundle.py``.
Use:     ``step = load_scripted(path)``; ``b0 = with_weights(path, physical_weights(path))``
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import Any

import torch

from ..contract.bundle import read_contract, write_bundle


def load_scripted(path: Path) -> torch.jit.ScriptModule:
    """The scripted step of a verified bundle. Raises BundleError."""
    read_contract(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return torch.jit.load(str(path)).eval()


def with_weights(source: Path, weights: dict[str, torch.Tensor]) -> bytes:
    """The bundle ``source`` with other weights: what a compiled engine needs to run a changed step."""
    module: Any = load_scripted(source)
    module.load_state_dict({**module.state_dict(), **weights})
    contract = {k: v for k, v in read_contract(source).items() if k != "records_sha256"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "changed.calcisol"
        write_bundle(path, module, contract)
        return path.read_bytes()


def physical_weights(source: Path) -> dict[str, torch.Tensor]:
    """Weights that make the bundle ``source`` the physical step: zero output of the network is B0 (step/correction.py)."""
    state = load_scripted(source).state_dict()
    return {k: torch.zeros_like(v) for k, v in state.items() if k.startswith("core.output.")}
