"""Elementwise operators of the traced step: types promoted and shapes broadcast as torch does, one node for each element.

What:    arithmetic, comparisons, clamp, power, where, conversions, tensors of one value.
Use:     methods of ``lower.Lowering``, each named after its ATen operator.
"""

from __future__ import annotations

from typing import Any

import torch

from .ir import Graph, Node
from .values import Unsupported, Value, array, broadcast, map_nodes, scalar

DTYPES = {torch.float64: "d", torch.float32: "f", torch.bool: "b", torch.int32: "i", torch.int64: "i"}


class Elementwise:
    """Handlers of operators that compute each element on its own."""

    graph: Graph

    def value(self, x: Any, dtype: str) -> Value:
        """A literal as a value; a value as it is, converted to ``dtype``."""
        if not isinstance(x, Value):
            return scalar(self.graph.literal(x, dtype))
        return x if x.dtype == dtype or dtype == "b" else self.convert(x, dtype)

    def convert(self, x: Value, dtype: str) -> Value:
        return Value(x.dims, map_nodes(lambda n: self.graph.apply("to_" + dtype, n, dtype=dtype), x.nodes), x.start, x.stop)

    def unary(self, op: str, x: Value, attr: Any = None, dtype: str | None = None) -> Value:
        return Value(x.dims, map_nodes(lambda n: self.graph.apply(op, n, attr=attr, dtype=dtype), x.nodes), x.start, x.stop)

    def elementwise(self, op: str, *args: Any, dtype: str | None = None) -> Value:
        order = "bifd"
        # a 0-d float64 or a literal does not promote a float32 tensor, and a literal takes the type of what it meets
        tensors = [a for a in args if isinstance(a, Value)]
        dimensioned = [a for a in tensors if a.dims] or tensors
        common = max((a.dtype for a in dimensioned), key=order.index)
        values = [self.value(a, common) for a in args]
        dims, nodes, start, stop = broadcast(self.graph, values)
        shape = nodes[0].shape
        made = [self.simple(op, elements, dtype) for elements in zip(*(n.reshape(-1) for n in nodes), strict=True)]
        return Value(dims, array(made, shape), start, stop)

    def simple(self, op: str, args: tuple[Node, ...], dtype: str | None) -> Node:
        """One elementwise node; a product with the literal 1 is its other factor."""
        if op == "mul":
            for one, other in (args, args[::-1]):
                if one.op == "literal" and one.attr == 1.0:
                    return other
        return self.graph.apply(op, *args, dtype=dtype)

    def op_rsub(self, x: Value, y: Any) -> Value:
        return self.elementwise("sub", y, x)

    def op_clamp(self, x: Value, min: Any = None, max: Any = None) -> Value:
        for limit, op in ((min, "at_least"), (max, "at_most")):
            if limit is not None:
                x = self.elementwise(op, x, limit)
        return x

    def op_clamp_min(self, x: Value, limit: Any) -> Value:
        return self.op_clamp(x, min=limit)

    def op_pow(self, x: Value, exponent: float) -> Value:
        whole = {2.0: ("mul", 2), 3.0: ("mul", 3), -1.0: ("reciprocal", 1), 0.5: ("sqrt", 1), -2.0: ("reciprocal", 2)}
        if not isinstance(exponent, (int, float)):
            raise Unsupported("pow with an exponent that is no literal")
        if exponent not in whole:
            return self.unary("pow", x, attr=float(exponent))
        op, copies = whole[float(exponent)]
        product = x
        for _ in range(copies - 1):
            product = self.elementwise("mul", product, x)
        return product if op == "mul" else self.unary(op, product)

    def op_isnan(self, x: Value) -> Value:
        return self.elementwise("ne", x, x, dtype="b")

    def op_where(self, condition: Value, x: Any, y: Any) -> Value:
        common = max((a.dtype for a in (x, y) if isinstance(a, Value)), key="bifd".index)
        values = [condition, self.value(x, common), self.value(y, common)]
        dims, nodes, start, stop = broadcast(self.graph, values)
        made = [self.graph.apply("where", *n, dtype=common) for n in zip(*(a.reshape(-1) for a in nodes), strict=True)]
        return Value(dims, array(made, nodes[0].shape), start, stop)

    def op_bitwise_not(self, x: Value) -> Value:
        return self.unary("not", x)

    op_logical_not = op_bitwise_not

    def op_to_copy(self, x: Value, dtype: torch.dtype | None = None, **_: Any) -> Value:
        return x if dtype is None or DTYPES[dtype] == x.dtype else self.convert(x, DTYPES[dtype])

    # ---- tensors of one value

    def full(self, like: Value, value: float, dtype: torch.dtype | None) -> Value:
        node = self.graph.literal(float(value), DTYPES[dtype] if dtype else like.dtype)
        return Value(like.dims, array([node] * like.nodes.size, like.nodes.shape), like.start, like.stop)

    def op_zeros_like(self, x: Value, dtype: torch.dtype | None = None, **_: Any) -> Value:
        return self.full(x, 0.0, dtype)

    def op_ones_like(self, x: Value, dtype: torch.dtype | None = None, **_: Any) -> Value:
        return self.full(x, 1.0, dtype)

    def op_full_like(self, x: Value, value: float, dtype: torch.dtype | None = None, **_: Any) -> Value:
        return self.full(x, value, dtype)
