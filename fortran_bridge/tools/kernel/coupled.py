"""Operators of the traced step that couple elements: reductions, walks along layers, matrix products.

What:    sums over the elements of a cell become nodes; what runs over layers, and a layer of the network, becomes one routine of
         src/native (tile.hpp, dense.hpp).
Use:     methods of ``lower.Lowering``, each named after its ATen operator.
"""

from __future__ import annotations

from typing import Any

from .elementwise import Elementwise
from .ir import Node
from .values import BOTTOM, CELL, LAYER, TOP, Unsupported, Value, array, broadcast, map_nodes
from .views import Views


class Coupled(Elementwise, Views):
    """Handlers of operators that read more than one element."""

    # ---- reductions

    def fold(self, x: Value, dim: Any, op: str) -> Value:
        dims = [dim] if isinstance(dim, int) else list(dim)
        if len(dims) != 1 or not isinstance(x.dims[dims[0]], int):
            raise Unsupported(f"{op} over layers, columns or several dimensions")
        parts = self.op_unbind(x, dims[0])
        total = parts[0]
        for part in parts[1:]:
            total = self.elementwise(op, total, part)
        return total

    def op_amax(self, x: Value, dim: Any = (), keepdim: bool = False) -> Value:
        total = self.fold(x, dim, "maximum")
        return self.op_unsqueeze(total, dim[0]) if keepdim else total

    def op_all(self, x: Value, dim: int) -> Value:
        return self.fold(x, dim, "and")

    def op_any(self, x: Value, dim: int) -> Value:
        return self.fold(x, dim, "or")

    # ---- along layers

    def walk(self, op: str, x: Value, dim: int) -> Value:
        if x.dims[dim] != LAYER or (x.start, x.stop) != (TOP, BOTTOM):
            raise Unsupported(f"{op} over something other than all layers")
        return Value(x.dims, map_nodes(lambda n: self.graph.make(op, (self.field(n),), None, "F", n.dtype), x.nodes))

    def field(self, n: Node) -> Node:
        """A node computed in every cell."""
        if n.space == "S":
            return self.graph.make("fill", (n,), None, "F", n.dtype)
        return self.graph.spread(n)

    def per_column(self, n: Node) -> Node:
        """A node computed in every column."""
        return n if n.space == "C" else self.graph.make("fill", (n,), None, "C", n.dtype)

    def op_cumsum(self, x: Value, dim: int) -> Value:
        return self.walk("cumsum", x, dim)

    def op_flip(self, x: Value, dims: list[int]) -> Value:
        return self.walk("flip", x, dims[0])

    def op_ordered_sum(self, x: Value, dim: int) -> Value:
        dim %= len(x.dims)
        if isinstance(x.dims[dim], int):
            return self.fold(x, dim, "add")
        if x.dims[dim] != LAYER or (x.start, x.stop) != (TOP, BOTTOM):
            raise Unsupported("a sum over something other than all layers")
        return Value(x.drop(dim), map_nodes(lambda n: self.graph.make("sum", (self.field(n),), None, "C", n.dtype), x.nodes))

    def op_solve(self, *bands: Value) -> Value:
        dims, nodes, start, stop = broadcast(self.graph, list(bands))
        if (start, stop) != (TOP, BOTTOM):
            raise Unsupported("a tridiagonal solve over something other than all layers")
        made = [
            self.graph.make("solve", [self.field(n) for n in row], None, "F", "d")
            for row in zip(*(n.reshape(-1) for n in nodes), strict=True)
        ]
        return Value(dims, array(made, nodes[0].shape))

    # ---- matrix products: one routine for all outputs, lanes over cells

    def op_addmm(self, bias: Value, x: Value, weight: Value) -> Value:
        w, b = self.matrix(weight), self.matrix(bias)
        inputs = [self.field(n) for n in x.nodes.reshape(-1)]
        if x.dims[0] != CELL or x.dtype != "f":
            raise Unsupported("a matrix product that is not [cell, feature] float32")
        n = weight.dims[1]
        dense = self.graph.make("dense", inputs, (w, b, n, False), "F", "f")
        return Value((CELL, n), array([self.graph.make("take", (dense,), i, "F", "f") for i in range(n)], (n,)))

    def matrix(self, x: Value) -> str:
        """Name of the tensor whose elements these are, in row order (a matrix transposed, as torch keeps its weights)."""
        nodes = (x.nodes.T if x.nodes.ndim == 2 else x.nodes).reshape(-1)
        first = nodes[0]
        if first.op != "parameter" or any(n.attr != (first.attr[0], i) for i, n in enumerate(nodes)):
            raise Unsupported("a matrix product with something other than a whole tensor of the bundle")
        return str(first.attr[0])

    def in_block(self, x: Value) -> bool:
        """All outputs of one matrix product, in order."""
        nodes = list(x.nodes.reshape(-1))
        if nodes[0].op != "take" or nodes[0].args[0].attr[2] != len(nodes):
            return False
        return all(n.op == "take" and n.attr == i and n.args == nodes[0].args for i, n in enumerate(nodes))

    def op_silu(self, x: Value) -> Value:
        """Right after a matrix product: part of its routine."""
        dense = x.nodes.reshape(-1)[0].args[0]
        w, b, n, _ = dense.attr
        made = self.graph.make("dense", dense.args, (w, b, n, True), "F", "f")
        return Value(x.dims, array([self.graph.make("take", (made,), i, "F", "f") for i in range(n)], x.nodes.shape))
