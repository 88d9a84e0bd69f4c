"""The weights of a bundle in the step of this version: what a new variable or a changed process asks for.

What:    writes a bundle with the tensors of an older one, the step and the variable table of this version, and its step graph;
         training data, envelope and scores stay those of the older bundle. Nothing is trained.
Checks:  every tensor of the step is in the older bundle, with its shape. Whether the scores still hold: `calcisol evaluate`.
Use:     ``python -m calcisol.emulator.training.carry_over OLD.calcisol NEW.calcisol``; `calcisol export` for new weights
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import torch

from ..contract.bundle import BundleError, read_contract, write_bundle
from .export import BUNDLE_VERSION, script
from .graph import fingerprint, step_of_contract


def carry_over(old: Path, new: Path) -> str:
    """Write ``new``; returns its step graph. Raises BundleError when the tensors do not fit the step of this version."""
    contract = read_contract(old, verify=False)  # of another variable table: that is what this is for
    step = step_of_contract(contract)
    try:
        step.load_state_dict(dict(torch.jit.load(str(old)).state_dict()))
    except RuntimeError as error:
        lines = str(error).splitlines()
        raise BundleError(
            f"bundle {old} has other tensors than the step of this version: {lines[-1].strip()}; train it anew"
        ) from None
    for parameter in step.parameters():
        parameter.requires_grad_(False)
    del contract["records_sha256"]
    contract["step_graph"] = fingerprint(step)
    contract["bundle_version"] = BUNDLE_VERSION
    contract["created"] = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d")
    write_bundle(new, script(step.eval()), contract)
    return str(contract["step_graph"])


if __name__ == "__main__":
    print(carry_over(Path(sys.argv[1]), Path(sys.argv[2])))
