"""Bundles of the step of this version with made-up weights, of the shipped network's width or another.

What:    ``made_up`` takes the graph of the shipped bundle where the library steps it, so that nothing is scripted again; else,
         and for another width, it scripts the step.
         A step of another width names no graph before ``generate`` has traced it for its kernel.
Use:     ``made_up(shipped, tmp_path / "mine.calcisol", seed=3)``
"""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import torch
from calcisol.coupler.library.compile import NATIVE
from calcisol.coupler.library.model import Model
from calcisol.emulator.contract.bundle import read_contract, update_contract, write_bundle
from calcisol.emulator.training.graph import fingerprint, step_of_contract
from calcisol.emulator.training.scripted import load_scripted

UNKNOWN = "0" * 64  # a graph that nobody has traced yet


def generate(bundle: Path) -> Path:
    """The source of the kernel of a bundle, beside it; its contract then names the graph. Half a minute: once a module."""
    text = bundle.with_suffix(".cpp")
    subprocess.run([sys.executable, str(NATIVE / "tools" / "step_to_cpp.py"), str(bundle), str(text)], check=True)
    (graph,) = set(re.findall(r'"([0-9a-f]{64})"', text.read_text(encoding="utf-8")))
    update_contract(bundle, step_graph=graph)
    return text


@cache
def _module(shipped: Path, width: int | None) -> tuple[Any, dict[str, Any]]:
    """Scripted step and its contract, the fingerprint of its graph in it; once a session."""
    contract = read_contract(shipped, verify=False)
    contract.pop("records_sha256")
    if width is None and Model(shipped).contract["engine"].startswith("native"):
        return load_scripted(shipped), contract
    if width is not None:
        contract["parameters"]["network"]["width"] = width
    step = step_of_contract(contract)
    contract["step_graph"] = fingerprint(step) if width is None else UNKNOWN
    for parameter in step.parameters():
        parameter.requires_grad_(False)
    return torch.jit.script(step), contract


def made_up(shipped: Path, target: Path, seed: int, width: int | None = None, high: float | None = None) -> Path:
    """A bundle at ``target``; ``high``: upper limits of the network's features (1e30: it always answers, -1e30: never)."""
    module, contract = _module(shipped, width)
    before = {k: v.clone() for k, v in module.state_dict().items()}
    generator = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        parameter.requires_grad_(False).normal_(0.0, 0.1, generator=generator)
    module.core.scale.fill_(3.0)
    if high is not None:
        module.core.high.fill_(high)
    write_bundle(target, module, contract)
    module.load_state_dict(before)
    return target
