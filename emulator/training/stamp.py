"""Write the fingerprint of the step graph into a bundle's contract, after checking it: the native engine asks for it.

What:    a bundle exported elsewhere gets the entries ``step_graph`` and ``tensors``; nothing else changes.
Checks:  the step of this version with the tensors of the bundle answers as the module in the bundle does, over a year of months
         and of days, on soils with and without calcite.
Use:     ``python -m calcisol.emulator.training.stamp my.calcisol``; ``calcisol export`` does it by itself
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor

from ..contract.bundle import BundleError, read_contract, tensor_records, update_contract
from ..contract.variables import load_table
from .graph import fingerprint, step_of_contract

AGREEMENT = 1e-9
"""Largest relative difference, as in export.py: round-off through root-finding; another operator shows at 1e-3 and more."""
LAYERS, COLUMNS = 8, 16
STEPS = 12
DAY = 86400.0  # s


def sample() -> tuple[Tensor, Tensor, Tensor]:
    """Static, layer and column forcing of loamy soils from no calcite to 30 %."""
    table = load_table()
    given: dict[str, Tensor | float] = {
        "dz": 0.15, "clay": 0.2, "caco3": torch.linspace(0.0, 0.3, COLUMNS, dtype=torch.float64), "w_liq": 40.0, "t_soil": 283.15,
        "q_bot": 1e-5, "co2_src_total": 2e-8, "n_nit": 1e-10, "dep_nh4": 1e-8,
    }  # fmt: skip

    def block(role: str, dims: str, shape: tuple[int, ...]) -> Tensor:
        values = [torch.as_tensor(given.get(v.name, v.fill), dtype=torch.float64).expand(shape) for v in table.select(role, dims)]
        return torch.stack(values).contiguous()

    cells = (LAYERS, COLUMNS)
    return block("static", "layer", cells), block("forcing", "layer", cells), block("forcing", "column", (COLUMNS,))


def stamp(path: Path) -> str:
    """Write the entry; returns the fingerprint. Raises BundleError when the bundle holds another step than this version."""
    contract = read_contract(path)
    module = torch.jit.load(str(path)).eval()
    step = step_of_contract(contract)
    try:
        step.load_state_dict(dict(module.state_dict()))
    except RuntimeError:
        raise BundleError(f"bundle {path} has other tensors than the step of this version; export it with this version") from None
    with torch.no_grad():
        static, layer, column = sample()
        static = module.prepare(static)
        start = module.initial_state(static, layer, column)
        for dt in (DAY, 365.0 / 12.0 * DAY):
            mine = theirs = start
            for _ in range(STEPS):
                seconds = torch.tensor(dt, dtype=torch.float64)
                a, b = step(mine, static, layer, column, seconds), module(theirs, static, layer, column, seconds)
                for x, y in zip(a, b, strict=True):
                    scale = y.double().abs().flatten(1).amax(1).clamp(min=1e-12).view(-1, *[1] * (y.dim() - 1))
                    if not float(((x - y).double().abs() / scale).max()) <= AGREEMENT:
                        raise BundleError(f"bundle {path} steps otherwise than this version; export it with this version")
                mine, theirs = a[0], b[0]
    graph = fingerprint(step)
    update_contract(path, step_graph=graph, tensors=tensor_records(module, path.read_bytes()))
    return graph


if __name__ == "__main__":
    print(stamp(Path(sys.argv[1])))
