"""Marked loops of the traced step (emulator/contract/turns.py): what enters, what leaves, and the body between them.

What:    ``enter`` gives the values inside a loop, "carried"; ``leave`` closes it with "turns", whose values outside are "turned".
         A node that depends on a carried one is ``variant``: part of the body (outline.py); all others are computed once.
Use:     methods of ``lower.Lowering``, each named after its operator.
"""

from __future__ import annotations

from .ir import Graph, Node
from .values import BOTTOM, TOP, Unsupported, Value, array


class Loops:
    """Handlers of the two marks."""

    graph: Graph
    entered: tuple[Node, list[Value]] | None = None
    loops: int = 0

    def field(self, n: Node) -> Node:
        raise NotImplementedError  # coupled.py

    def inside(self, values: list[Value]) -> list[Node]:
        """All elements, computed in every cell."""
        for v in values:
            if v.dtype not in "df" or v.dtype != values[0].dtype or not v.layered or (v.start, v.stop) != (TOP, BOTTOM):
                raise Unsupported("a loop over something other than whole fields of one type")
        return [self.field(n) for v in values for n in v.nodes.reshape(-1)]

    def outside(self, like: list[Value], op: str, source: Node) -> list[Value]:
        """Values shaped as ``like`` whose elements are ``op`` 0, 1, 2 ... of ``source``."""
        made, at = [], 0
        for v in like:
            nodes = [self.graph.make(op, (source,), at + i, "F", v.dtype) for i in range(v.nodes.size)]
            made.append(Value(v.dims, array(nodes, v.nodes.shape)))
            at += v.nodes.size
        return made

    def op_enter(self, values: list[Value], n: int) -> list[Value]:
        if self.entered:
            raise Unsupported("a loop inside a loop")
        self.loops += 1  # two loops that start alike are two
        enter = self.graph.make("enter", self.inside(values), (self.loops, n), "F", values[0].dtype)
        self.entered = (enter, values)
        return self.outside(values, "carried", enter)

    def op_leave(self, values: list[Value]) -> list[Value]:
        if not self.entered:
            raise Unsupported("the end of a loop that has no start")
        enter, before = self.entered
        self.entered = None
        if [v.dims for v in values] != [v.dims for v in before]:
            raise Unsupported("a loop whose values change their shape")
        turns = self.graph.make("turns", (enter, *self.inside(values)), enter.attr, "F", enter.dtype)
        return self.outside(values, "turned", turns)
