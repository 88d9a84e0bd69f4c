"""ATen operators of the traced step as scalar expressions: the pass over the graph, and which handler takes an operator.

What:    walks a graph of emulator/training/graph.py and returns the outputs of a program of the step as Values. Elementwise
         operators map to nodes (elementwise.py); views only move references (views.py); what couples layers becomes a walk
         (coupled.py), a marked loop its body (loops.py). An operator without a handler is an error that names it: nothing is
         approximated.
Use:     ``outputs = Lowering(graph_module, names, ("static",), (layers, columns), tensors, masks).run()``
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from torch import fx

from .coupled import Coupled
from .elementwise import DTYPES
from .ir import Graph
from .loops import Loops
from .values import CELL, COLUMN, LAYER, Unsupported, Value, array, map_nodes, scalar

UNARY = {
    "neg", "reciprocal", "exp", "log", "log10", "log1p", "expm1", "sqrt", "rsqrt", "abs", "tanh", "sigmoid", "silu", "asinh",
    "sin", "cos", "softplus", "relu", "square",
}  # fmt: skip
BINARY = {"mul": "mul", "add": "add", "sub": "sub", "div": "div", "minimum": "minimum", "maximum": "maximum"}
COMPARE = {"lt", "le", "gt", "ge", "eq", "ne"}
LOGIC = {"bitwise_and": "and", "bitwise_or": "or", "logical_and": "and", "logical_or": "or"}
SAME = {"detach", "clone", "alias", "contiguous", "lift_fresh_copy", "lift_fresh"}


class Lowering(Coupled, Loops):
    """State of one pass over the graph of one program; ``tensors`` and ``masks`` are those of the whole kernel."""

    def __init__(
        self,
        module: fx.GraphModule,
        names: dict[str, str],
        arguments: tuple[str, ...],
        sizes: tuple[int, int],
        tensors: dict[str, tuple[str, tuple[int, ...]]],
        masks: dict[str, list[float]],
    ) -> None:
        self.module, self.names, self.arguments = module, names, arguments
        layers, columns = sizes
        self.sizes = {layers: LAYER, columns: COLUMN, layers * columns: CELL}
        self.layers = layers
        self.graph = Graph()
        self.tensors = tensors  # name -> dtype, shape, in order of first use
        self.masks = masks  # tensors of zeros and ones: structure, written into the kernel
        self.env: dict[fx.Node, Any] = {}

    def run(self) -> list[Value]:
        """The outputs of the program."""
        placeholders = iter(self.arguments)
        for node in self.module.graph.nodes:
            if node.op == "placeholder":
                self.env[node] = self.argument(next(placeholders), node.meta["tensor_meta"].shape)
            elif node.op == "get_attr":
                self.env[node] = self.tensor(node.target)
            elif node.op == "output":
                outputs = fx.node.map_arg(node.args[0], lambda n: self.env[n])
                outputs = [outputs] if isinstance(outputs, Value) else outputs
                return [Value(v.dims, map_nodes(self.field if v.layered else self.per_column, v.nodes)) for v in outputs]
            else:
                args = fx.node.map_arg(node.args, lambda n: self.env[n])
                kwargs = fx.node.map_arg(node.kwargs, lambda n: self.env[n])
                self.env[node] = self.call(node.target, args, kwargs)
        raise Unsupported("the graph has no output")

    def argument(self, block: str, shape: tuple[int, ...]) -> Value:
        dims = tuple(self.sizes.get(int(n), int(n)) for n in shape)
        if not dims:
            return scalar(self.graph.input(block, 0, "S"))
        rows = int(shape[0])  # of an argument, the rows are always a number
        space = "F" if LAYER in dims else "C"
        return Value(dims, array([self.graph.input(block, row, space) for row in range(rows)], (rows,)))

    def tensor(self, target: str) -> Value:
        found = getattr(self.module, target)
        dtype, shape = DTYPES[found.dtype], tuple(found.shape)
        if target not in self.names:  # made in the step itself: a literal
            return Value(shape, array([self.graph.literal(x, dtype) for x in found.flatten().tolist()], shape))
        name = self.names[target]
        if dtype == "d" and bool(((found == 0.0) | (found == 1.0)).all()):
            self.masks[name] = found.flatten().tolist()
            return Value(shape, array([self.graph.literal(x) for x in self.masks[name]], shape))
        self.tensors.setdefault(name, (dtype, shape))
        return Value(shape, array([self.graph.parameter(name, i, dtype) for i in range(found.numel())], shape))

    def call(self, target: Any, args: Any, kwargs: Any) -> Any:
        if target is operator.getitem:
            return args[0][args[1]]
        name = str(target).split(".")[1]  # aten.NAME.overload
        if name in SAME:
            return args[0]
        if name in UNARY and not (name == "silu" and self.in_block(args[0])):
            return self.unary(name, args[0])
        if name in BINARY:
            if kwargs.get("alpha", 1) != 1 or kwargs.get("rounding_mode"):
                raise Unsupported(f"{target} with {kwargs}")
            return self.elementwise(BINARY[name], *args)
        if name in COMPARE:
            return self.elementwise(name, *args, dtype="b")
        if name in LOGIC:
            return self.elementwise(LOGIC[name], *args)
        handler: Callable[..., Any] | None = getattr(self, "op_" + name.lstrip("_"), None)
        if handler is None:
            raise Unsupported(f"operator {target} has no handler; add one to elementwise.py, views.py or coupled.py")
        return handler(*args, **kwargs)
