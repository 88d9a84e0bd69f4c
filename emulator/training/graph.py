"""The graphs of a step: what its four methods compute, written down once, for the native kernel and for its fingerprint.

What:    traces a method to ATen operators. The two operations that walk along layers (tridiagonal solve, ordered sum) stay whole,
         so that the number of layers can stay open; the body of a marked loop (turns.py) is traced once, between ``enter`` and
         ``leave``; everything else is elementwise, a shift by one layer, or a matrix product.
Why:     the native engine of libcalcisol is generated from this graph, so there is one implementation of the chemistry. A bundle
         names the fingerprint of its step; a kernel answers for a bundle only where both name the same.
Shapes:  traced at ``LAYERS`` x ``COLUMNS``, primes that no row count of the step equals: a size says which dimension it is.
Use:     ``graph = trace(step, "forward"); print(fingerprint(step))``
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.fx.experimental.proxy_tensor import make_fx

from ..contract.ordered import ordered_sum
from ..contract.turns import enter, leave, turns
from ..contract.variables import load_table
from ..processes.tridiagonal import solve
from ..step.chosen import chosen_step
from ..step.correction import Core
from ..step.features import FEATURES

LAYERS, COLUMNS = 61, 67
DAY = 86400.0  # s; the length of the traced step, its value leaves no trace
PROGRAMS = {
    "prepare": ("static",),
    "initial_state": ("static", "layer", "column"),
    "forward": ("state", "static", "layer", "column", "dt"),
    "laboratory_ph": ("static", "state"),
}
"""What a step can do, and the blocks it is given for it."""

_leaves = torch.library.Library("calcisol", "DEF")
_leaves.define("solve(Tensor lower, Tensor diagonal, Tensor upper, Tensor right) -> Tensor")
_leaves.define("ordered_sum(Tensor x, int dim) -> Tensor")
_leaves.define("enter(Tensor[] values, int n) -> Tensor[]")
_leaves.define("leave(Tensor[] values) -> Tensor[]")


def _like_sum(x: Tensor, dim: int) -> Tensor:
    shape = list(x.shape)
    del shape[dim]
    return x.new_ones(shape)


_leaves.impl("solve", lambda lower, diagonal, upper, right: torch.ones_like(right), "CompositeExplicitAutograd")
_leaves.impl("ordered_sum", _like_sum, "CompositeExplicitAutograd")
_leaves.impl("enter", lambda values, n: [v.clone() for v in values], "CompositeExplicitAutograd")
_leaves.impl("leave", lambda values: [v.clone() for v in values], "CompositeExplicitAutograd")


@contextmanager
def _whole_leaves() -> Iterator[None]:
    """``solve``, ``ordered_sum`` and the marks of loops as one operator each, wherever a module of the emulator imports them."""
    leaves: dict[int, Any] = {id(f): getattr(torch.ops.calcisol, f.__name__) for f in (solve, ordered_sum, enter, leave)}
    leaves[id(turns)] = lambda n: min(n, 1)
    package = __name__.rsplit(".", 2)[0]
    changed = []
    for name, module in list(sys.modules.items()):
        if not name.startswith(package + ".") or name == __name__:
            continue
        for key, value in list(vars(module).items()):
            if id(value) in leaves:
                changed.append((module, key, value))
                setattr(module, key, leaves[id(value)])
    try:
        yield
    finally:
        for module, key, value in changed:
            setattr(module, key, value)


def step_of_contract(contract: dict[str, Any]) -> nn.Module:
    """A step with the graph of the one a bundle holds: its chemistry and network size, other weights."""
    parameters = contract["parameters"]
    return chosen_step(Core(parameters["network"]["width"]), parameters).eval()


def example_arguments(layers: int = LAYERS, columns: int = COLUMNS) -> dict[str, Tensor]:
    """Blocks of the right shapes; the graph of a step does not depend on values."""
    table = load_table()
    rows = {
        "state": len(table.state),
        "static": len(table.select("static")),
        "layer": len(table.select("forcing", "layer")),
        "column": len(table.select("forcing", "column")),
    }
    blocks = {
        name: torch.ones((n, columns) if name == "column" else (n, layers, columns), dtype=torch.float64)
        for name, n in rows.items()
    }
    return {**blocks, "dt": torch.tensor(DAY, dtype=torch.float64)}


def core_arguments(layers: int = LAYERS, columns: int = COLUMNS) -> dict[str, Tensor]:
    """Blocks of ``core_alone.CoreStep``: features in place of the layer forcing, nothing else."""
    nothing = torch.ones((0, layers, columns), dtype=torch.float64)
    return {
        "state": nothing,
        "static": nothing,
        "layer": torch.ones((len(FEATURES), layers, columns), dtype=torch.float64),
        "column": torch.ones((0, columns), dtype=torch.float64),
        "dt": torch.tensor(1.0, dtype=torch.float64),
    }


def programs(step: nn.Module) -> list[str]:
    """Those of ``PROGRAMS`` that this step has."""
    return [name for name in PROGRAMS if hasattr(step, name)]


def trace(step: nn.Module, program: str = "forward", arguments: dict[str, Tensor] | None = None) -> fx.GraphModule:
    """The graph of a method of ``step``. Tensors of the step are attributes; ``tensor_names`` says which."""
    given = example_arguments() if arguments is None else arguments
    wanted = [(p, p.requires_grad) for p in step.parameters()]
    for parameter, _ in wanted:
        parameter.requires_grad_(False)
    try:
        with _whole_leaves(), torch.no_grad():
            module = make_fx(lambda *blocks: getattr(step, program)(*blocks))(*(given[name] for name in PROGRAMS[program]))
    finally:
        for parameter, gradient in wanted:
            parameter.requires_grad_(gradient)
    module.graph.eliminate_dead_code()
    return module


def tensor_names(step: nn.Module, graph: fx.GraphModule) -> dict[str, str]:
    """Name in the step ("core.input.weight") of each attribute of the graph that is one of its parameters or buffers."""
    own = {t.data_ptr(): name for name, t in [*step.named_parameters(), *step.named_buffers()] if t.numel()}
    found = {}
    for node in graph.graph.nodes:
        if node.op == "get_attr":
            tensor = getattr(graph, node.target)
            if tensor.data_ptr() in own:
                found[node.target] = own[tensor.data_ptr()]
    return found


def fingerprint(step: nn.Module, graphs: dict[str, fx.GraphModule] | None = None) -> str:
    """SHA-256 of the graphs: operators, literals and shapes, not the values of the step's own tensors."""
    graphs = {name: trace(step, name) for name in programs(step)} if graphs is None else graphs
    digest = hashlib.sha256()
    for name, graph in graphs.items():
        digest.update(f"{name}\n".encode())
        for line in _lines(step, graph):
            digest.update(f"{line}\n".encode())
    return digest.hexdigest()


def _lines(step: nn.Module, graph: fx.GraphModule) -> Iterator[str]:
    """A line for each node of a graph."""
    names = tensor_names(step, graph)
    number: dict[fx.Node, int] = {}

    def text(x: Any) -> str:
        if isinstance(x, fx.Node):
            return f"%{number[x]}"
        if isinstance(x, (list, tuple)):
            return "[" + ", ".join(text(y) for y in x) + "]"
        return x.hex() if isinstance(x, float) else str(x)

    for i, node in enumerate(graph.graph.nodes):
        number[node] = i
        parts = [node.op, str(node.target) if node.op == "call_function" else "", text(node.args)]
        parts += [f"{k}={text(v)}" for k, v in sorted(node.kwargs.items())]
        if node.op == "get_attr":
            tensor = getattr(graph, node.target)
            parts += [str(tensor.dtype), str(tuple(tensor.shape)), names.get(node.target) or str(tensor.tolist())]
        yield " ".join(parts)
