"""Values that are computed again where they are read: cheaper than to write a field and to read it.

What:    a value that leaves its loop costs a store and loads; one or two operations on what the readers have at hand anyway cost
         less, and the same operations on the same numbers give the same bits. Above all a conversion between float32 and
         float64, for which two fields would hold one number. A value is computed again in all loops that read it, or in none.
Costs:   cycles of a vector of 64 bytes on Zen 4, by measurement (fortran_bridge/docs/performance_log.md).
Use:     ``compute_again(loops, kept, wide)`` on the loops over cells of a plan
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from .ir import Node

STORE = {"d": 1.4, "b": 1.4, "i": 1.4, "f": 0.8}
LOAD = {"d": 0.8, "b": 0.8, "i": 0.8, "f": 0.6}
OPERATION = 0.5
COSTS = {"to_d": 0.9, "to_f": 1.2, "where": 0.9}
CHEAP = {
    "mul", "add", "sub", "neg", "fma", "fms", "fnma", "abs", "minimum", "maximum", "at_least", "at_most", "where", "lt", "le",
    "gt", "ge", "eq", "ne", "and", "or", "not", "to_d",
}  # fmt: skip
DEEPEST = 3  # operations one upon the other
NEVER = 1e9


class Cells(Protocol):
    """A loop over cells."""

    nodes: list[Node]
    wide: bool


class Again:
    """Chooses what is computed again. ``kept``: what others than loops read, or hold."""

    def __init__(self, loops: Sequence[Cells], kept: set[Node]) -> None:
        self.loops, self.kept = loops, kept
        self.made: list[set[Node]] = [set(loop.nodes) for loop in loops]
        self.wide = {n for loop in loops if loop.wide for n in loop.nodes}
        self.home = {n: i for i, loop in reversed(list(enumerate(loops))) for n in loop.nodes}

    def read(self) -> None:
        """Which loops load a value, and what its own loop makes of it."""
        self.readers: dict[Node, set[int]] = {}
        self.inner: set[Node] = set()
        for i, loop in enumerate(self.loops):
            for n in loop.nodes:
                for a in n.args:
                    if a in self.made[i]:
                        self.inner.add(a)
                    else:
                        self.readers.setdefault(a, set()).add(i)

    def width(self, n: Node, i: int) -> str:
        """Type as which a value stands in a field that loop ``i`` reads; wide vectors hold twice as many cells."""
        return "d" if self.loops[i].wide else n.dtype

    def stored(self, n: Node) -> bool:
        return n not in self.home or n in self.kept or bool(self.readers.get(n))

    def cost(self, n: Node, i: int, depth: int = 0) -> float:
        """To have a value in loop ``i``, where it is not made."""
        if n.space == "S" or n in self.made[i]:
            return 0.0
        if i in self.readers.get(n, ()) and depth:
            return 0.0
        load = LOAD[self.width(n, i)] + (0.0 if self.stored(n) else STORE[self.width(n, i)])
        return min(load, self.operation(n, i, depth)) if depth else self.operation(n, i, depth)

    def operation(self, n: Node, i: int, depth: int) -> float:
        """To compute it there."""
        if n.op not in CHEAP or n not in self.home or depth >= DEEPEST or (n in self.wide) != self.loops[i].wide:
            return NEVER
        return COSTS.get(n.op, OPERATION) + sum(self.cost(a, i, depth + 1) for a in n.args)

    def choose(self) -> bool:
        """One round; whether anything was chosen."""
        self.read()
        found = False
        for n in sorted(self.home, key=lambda n: n.number):
            readers = self.readers.get(n, set())
            if n in self.kept or not readers:
                continue
            saved = STORE[self.width(n, self.home[n])] + sum(LOAD[self.width(n, i)] for i in readers)
            if sum(self.cost(n, i) for i in readers) >= saved:
                continue
            for i in readers:
                self.put(n, i, 0)
            self.readers.pop(n)
            found = True
        return found

    def put(self, n: Node, i: int, depth: int) -> None:
        """Have a value made in a loop, with what of its arguments is cheaper made than loaded."""
        self.made[i].add(n)
        for a in n.args:
            if a.space == "S" or a in self.made[i] or i in self.readers.get(a, ()):
                continue
            load = LOAD[self.width(a, i)] + (0.0 if self.stored(a) else STORE[self.width(a, i)])
            if self.operation(a, i, depth + 1) < load:
                self.put(a, i, depth + 1)
            else:
                self.readers.setdefault(a, set()).add(i)

    def order(self) -> None:
        """Each loop's nodes anew: what is computed again stands before its first reader, and what nothing needs is gone."""
        needed = set(self.kept)
        for i in range(len(self.loops) - 1, -1, -1):
            loop, made = self.loops[i], self.made[i]
            used: set[Node] = set()
            for n in sorted(made, key=lambda n: -n.number):
                if n in used or (self.home[n] == i and n in needed):
                    used.add(n)
                    used.update(n.args)
                    needed.update(a for a in n.args if a not in made)
            made &= used
            nodes: list[Node] = []
            there: set[Node] = set()
            for n in loop.nodes:
                self.append(n, made, nodes, there)
            loop.nodes = nodes

    def append(self, n: Node, made: set[Node], nodes: list[Node], there: set[Node]) -> None:
        if n in made and n not in there:
            for a in n.args:
                self.append(a, made, nodes, there)
            there.add(n)
            nodes.append(n)


def compute_again(loops: Sequence[Cells], kept: set[Node]) -> None:
    """Change ``loops`` so that they compute what costs less than it costs to keep."""
    again = Again(loops, kept)
    for _ in range(4):
        if not again.choose():
            break
        again.order()
