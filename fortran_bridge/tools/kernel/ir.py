"""Scalar expressions of the kernel: each node is one number per cell, per column, or per call.

What:    nodes are interned, so that a common subexpression is one node; ``space`` says how often it is computed
         ("S" once a call, "C" once a column, "F" once a cell), ``dtype`` as what ("d" float64, "f" float32, "b" mask, "i" int).
         Operations along layers ("walks") are nodes too; ``level`` is the number of walks a value must wait for. ``variant`` is
         what changes between iterations of a loop (loops.py).
Use:     ``graph = Graph(); x = graph.input("state", 0, "F"); y = graph.apply("exp", x)``
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

SPACES = "SCF"
# operations that need a whole field or column before they start; all others are elementwise
WALKS = {"rows", "row", "spread", "sum", "cumsum", "flip", "solve", "dense", "take"}


@dataclass(eq=False)
class Node:
    """One value. ``attr`` holds what is not a node: literals, rows, names of tensors."""

    op: str
    args: tuple[Node, ...]
    attr: Any
    space: str
    dtype: str
    number: int
    level: int = field(default=0)
    variant: bool = False

    @property
    def walks(self) -> bool:
        """Computed by a routine along layers, not inside an elementwise loop."""
        return self.op in WALKS


class Graph:
    """All nodes, in an order in which arguments come first."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._known: dict[Any, Node] = {}

    def make(self, op: str, args: Sequence[Node], attr: Any, space: str, dtype: str) -> Node:
        """The node of this operation; the same one when asked twice."""
        key = (op, tuple(a.number for a in args), repr(attr), space, dtype)
        if key not in self._known:
            node = Node(op, tuple(args), attr, space, dtype, len(self.nodes))
            node.variant = op == "carried" or (op != "turns" and any(a.variant for a in args))
            node.level = max((a.level for a in args), default=0) + (node.walks and op != "take")
            self.nodes.append(node)
            self._known[key] = node
        return self._known[key]

    def literal(self, value: float, dtype: str = "d") -> Node:
        """A number known when the kernel is written."""
        return self.make("literal", (), float(value), "S", dtype)

    def input(self, block: str, row: int, space: str) -> Node:
        """A row of a block that the host provides."""
        return self.make("input", (), (block, row), space, "d")

    def parameter(self, tensor: str, index: int, dtype: str) -> Node:
        """An element of a tensor of the bundle, known when it is opened."""
        return self.make("parameter", (), (tensor, index), "S", dtype)

    def spread(self, x: Node) -> Node:
        """A column's value in all its layers."""
        return self.make("spread", (x,), None, "F", x.dtype) if x.space == "C" else x

    def apply(self, op: str, *args: Node, dtype: str | None = None, attr: Any = None) -> Node:
        """Elementwise operation, computed as seldom as its arguments allow."""
        space = max((a.space for a in args), key=SPACES.index)
        if space == "F":
            args = tuple(self.spread(a) for a in args)
        return self.make(op, args, attr, space, dtype or args[0].dtype)
