"""A program for columns where some inputs are what they mostly are: the same bits with fewer operations.

What:    of a step whose inputs are mostly zero (``USUAL``), the values with those zeros put in. Only what is exact is folded,
         after all that rounds otherwise is done (algebra.py): a tile whose inputs are so takes this program, others the general
         one, and a column has the same bits in both.
Use:     ``outputs = with_given(outputs, {("static", 13): 0.0})``, between ``simplified`` and ``outlined``
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .algebra import Pass
from .ir import Node
from .values import Unsupported, Value, map_nodes

USUAL = {"static": {"si_pedogenic": 0.0, "si_gibbsite": 0.0}}
"""Inputs by block and name: calcite that forms at saturation, gibbsite that is saturated."""
FLOAT: dict[str, Any] = {"d": np.float64, "f": np.float32}
COMPARE: dict[str, Any] = {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}
ARITHMETIC: dict[str, Any] = {"mul": np.multiply, "add": np.add, "sub": np.subtract, "div": np.divide}


def with_given(outputs: list[Value], given: Mapping[tuple[str, int], float]) -> list[Value]:
    """The same outputs where the inputs named by block and row are these."""
    folded = Given([node for value in outputs for node in value.nodes.reshape(-1)], given)
    new = folded.run()
    made = [Value(v.dims, map_nodes(new.__getitem__, v.nodes), v.start, v.stop) for v in outputs]
    if any(n.op == "literal" and n.dtype == "b" for v in made for n in v.nodes.reshape(-1)):
        raise Unsupported("a mask that is the same in all cells as an output")
    return made


class Given(Pass):
    """Puts numbers in and folds what follows exactly."""

    def __init__(self, outputs: list[Node], given: Mapping[tuple[str, int], float]) -> None:
        super().__init__(outputs)
        self.given = given

    def rewrite(self, node: Node) -> Node | None:
        if node.op == "input" and node.attr in self.given:
            return self.graph.literal(self.given[node.attr], node.dtype)
        args = [self.new[a] for a in node.args]
        if node.op in ("solve", "dense", "sum", "cumsum", "flip", "row", "enter", "turns"):  # of whole fields
            return self.graph.make(
                node.op, [self.whole(a, like) for a, like in zip(args, node.args, strict=True)], node.attr, node.space, node.dtype
            )
        if node.walks or node.op in ("carried", "turned") or not args:
            return super().rewrite(node)
        numbers = [a.attr if a.op == "literal" else None for a in args]
        made = self.number(node, args, numbers)
        return made or self.neutral(node, args, numbers) or super().rewrite(node)

    def whole(self, a: Node, like: Node) -> Node:
        """A number as a field again."""
        return self.graph.make("fill", (a,), None, like.space, like.dtype) if a.space != like.space else a

    def number(self, node: Node, args: list[Node], numbers: list[Any]) -> Node | None:
        """What is made of literals alone."""
        if None in numbers:
            return None
        kind = FLOAT.get(args[0].dtype, np.float64)
        x = [kind(n) for n in numbers]
        if node.op in ARITHMETIC:
            return self.graph.literal(float(ARITHMETIC[node.op](*x)), node.dtype)
        if node.op in COMPARE:
            return self.graph.literal(float(COMPARE[node.op](*x)), "b")
        if node.op == "exp" and x[0] == 0.0:
            return self.graph.literal(1.0, node.dtype)
        if node.op == "reciprocal":
            return self.graph.literal(float(kind(1.0) / x[0]), node.dtype)
        if node.op in ("to_d", "to_f"):
            return self.graph.literal(float(FLOAT[node.dtype](numbers[0])), node.dtype)
        return None

    def neutral(self, node: Node, args: list[Node], numbers: list[Any]) -> Node | None:
        """What one literal decides, or leaves as it is."""
        op = node.op
        if op == "where":
            return args[1 if numbers[0] else 2] if numbers[0] is not None else args[1] if args[1] is args[2] else None
        if op in ("and", "or"):
            if args[0] is args[1]:
                return args[0]
            for i in (0, 1):
                if numbers[i] is not None:
                    return args[1 - i] if bool(numbers[i]) == (op == "and") else args[i]
        if op == "not" and numbers[0] is not None:
            return self.graph.literal(1.0 - numbers[0], "b")
        if op in ("mul", "div") and numbers[1] == 1.0:
            return args[0]
        if op in ("mul", "fma", "fms", "fnma"):
            for i in (0, 1):
                if numbers[i] == 1.0:
                    rest = args[1 - i]
                    return rest if op == "mul" else self.sum(op, rest, args[2])
        return None

    def sum(self, op: str, x: Node, c: Node) -> Node:
        """Of a fused operation whose product is ``x``; it rounds once either way."""
        if op == "fma":
            return self.apply("add", x, c)
        return self.apply("sub", x, c) if op == "fms" else self.apply("sub", c, x)
