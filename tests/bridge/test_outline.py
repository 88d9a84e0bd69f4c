"""Marked loops in the generator: one body for loops that do the same, and what does not change computed outside."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "fortran_bridge" / "tools"))

from kernel.algebra import simplified
from kernel.coupled import Coupled
from kernel.ir import Graph, Node
from kernel.loops import Loops
from kernel.outline import Body, outlined
from kernel.schedule import needed
from kernel.values import COLUMN, LAYER, Unsupported, Value, array
from test_algebra import FUNCTIONS

ROUNDING = 1e-14
"""Relative: a few roundings of 1e-16."""


class Handlers(Coupled, Loops):
    """The handlers of the marks on a graph of our own."""

    def __init__(self) -> None:
        self.graph = Graph()

    def value(self, n: Node) -> Value:
        return Value((LAYER, COLUMN), array([n], ()))

    def root(self, a: Node, x: Node, n: int, scale: Node) -> Node:
        """``n`` turns of Heron's rule for the root of ``a`` times twice a ``scale``, from ``x``."""
        g = self.graph
        (inside,) = self.op_enter([self.value(x)], n)
        x = inside.nodes.reshape(-1)[0]
        mean = g.apply("mul", g.literal(0.5), g.apply("add", x, g.apply("div", g.apply("mul", a, g.apply("exp", scale)), x)))
        (outside,) = self.op_leave([self.value(mean)])
        return outside.nodes.reshape(-1)[0]


def inputs(handlers: Handlers, n: int) -> list[Node]:
    return [handlers.graph.input("state", i, "F") for i in range(n)]


def run(outputs: list[Value], given: list[float]) -> list[float]:
    """Values of outlined outputs, bodies repeated."""
    found: dict[Node, object] = {}

    def turned(node: Node) -> list[float]:
        body: Body = node.attr.body
        count = len(body.carried)
        carried, ports = [found[a] for a in node.args[:count]], [found[a] for a in node.args[count:]]
        for _ in range(node.attr.n):
            inner: dict[Node, object] = dict(zip(body.carried, carried, strict=True))
            for n in needed(body.ends):
                if n.op == "port":
                    inner[n] = ports[n.attr]
                elif n.op == "literal":
                    inner[n] = n.attr
                elif n.op != "carried":
                    inner[n] = FUNCTIONS[n.op](*(inner[a] for a in n.args))
            carried = [inner[e] for e in body.ends]
        return carried

    nodes = [n for v in outputs for n in v.nodes.reshape(-1)]
    for node in needed(nodes):
        if node.op == "input":
            found[node] = given[node.attr[1]]
        elif node.op == "literal":
            found[node] = node.attr
        elif node.op == "turns":
            found[node] = turned(node)
        elif node.op == "turned":
            found[node] = found[node.args[0]][node.attr]
        else:
            found[node] = FUNCTIONS[node.op](*(found[a] for a in node.args))
    return [float(found[n]) for n in nodes]


def test_loops_that_do_the_same_share_a_body() -> None:
    h = Handlers()
    a, b, s = inputs(h, 3)
    roots = [h.root(a, a, 6, s), h.root(b, b, 5, s)]
    outputs, bodies = outlined(simplified([h.value(x) for x in roots]))
    assert len(bodies) == 1
    assert sorted(n.attr.n for n in needed([v.nodes.reshape(-1)[0] for v in outputs]) if n.op == "turns") == [5, 6]
    assert run(outputs, [4.0, 9.0, 0.0]) == pytest.approx([2.0, 3.0], rel=1e-4)


def test_what_does_not_change_stays_outside() -> None:
    h = Handlers()
    a, s = inputs(h, 2)
    _, (body,) = outlined(simplified([h.value(h.root(a, a, 6, s))]))
    assert [n.op for n in body.nodes].count("exp") == 0
    assert {n.op for n in body.nodes} <= {"add", "mul", "div", "fma"}


def test_a_loop_that_goes_on_where_another_ended_is_the_same_loop() -> None:
    h = Handlers()
    a, s = inputs(h, 2)
    once = h.root(a, h.root(a, a, 4, s), 3, s)
    outputs, _ = outlined(simplified([h.value(once)]))
    turns = [n for n in needed([outputs[0].nodes.reshape(-1)[0]]) if n.op == "turns"]
    assert [n.attr.n for n in turns] == [7]
    x = 2.5
    for _ in range(7):
        x = 0.5 * (x + 2.5 * np.exp(0.3) / x)
    assert run(outputs, [2.5, 0.3]) == pytest.approx([x], rel=ROUNDING)


def test_a_loop_whose_start_somebody_else_reads_stays_two() -> None:
    h = Handlers()
    a, s = inputs(h, 2)
    first = h.root(a, a, 4, s)
    outputs, _ = outlined(simplified([h.value(first), h.value(h.root(a, first, 3, s))]))
    assert sorted(n.attr.n for n in needed([v.nodes.reshape(-1)[0] for v in outputs]) if n.op == "turns") == [3, 4]


def test_what_is_made_inside_must_leave_by_the_mark() -> None:
    h = Handlers()
    a, b = inputs(h, 2)
    (inside,) = h.op_enter([h.value(a)], 3)
    leaked = h.graph.apply("exp", inside.nodes.reshape(-1)[0])
    (left,) = h.op_leave([h.value(h.graph.apply("add", leaked, b))])
    with pytest.raises(Unsupported, match="read outside"):
        outlined(simplified([left, h.value(h.graph.apply("log", leaked))]))


def test_a_loop_inside_a_loop_is_refused() -> None:
    h = Handlers()
    (a,) = inputs(h, 1)
    (inside,) = h.op_enter([h.value(a)], 3)
    with pytest.raises(Unsupported, match="inside a loop"):
        h.op_enter([inside], 2)
