"""Bodies of loops as functions of their own: one for all loops with the same body.

What:    what depends on the values a loop carries is its ``Body``; what does not is computed once, before, and enters by a port.
         Loops with equal bodies share one, and of two that follow each other with the same ports one is made. In the graph that
         is left a loop is a single node: "turns", its arguments the values that enter and then the ports.
Use:     ``outputs, bodies = outlined(outputs)``
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from .algebra import Pass
from .ir import Graph, Node
from .values import Unsupported, Value, map_nodes

INLINE = ("literal", "parameter")  # known when the kernel is written or opened: no port


@dataclass(eq=False)
class Body:
    """Nodes of an iteration, arguments first; its leaves are "carried" and "port" nodes, numbered, and literals."""

    number: int
    nodes: list[Node]
    ends: list[Node]  # what becomes of each carried value
    carried: list[Node]
    dtype: str  # of what it carries; a body in float32 holds nothing else


@dataclass(frozen=True)
class Repeated:
    """Attribute of a "turns" node: its body, and how often it is repeated."""

    body: Body
    n: int

    def __repr__(self) -> str:  # part of the key under which the node is interned
        return f"Repeated({self.body.number}, {self.n})"


def outlined(outputs: list[Value]) -> tuple[list[Value], list[Body]]:
    """The same outputs with every loop as one node, and the bodies."""
    outline = Outline([node for value in outputs for node in value.nodes.reshape(-1)])
    new = outline.run()
    return [Value(v.dims, map_nodes(new.__getitem__, v.nodes), v.start, v.stop) for v in outputs], list(outline.bodies.values())


class Outline(Pass):
    """Takes the bodies out of the graph."""

    def run(self) -> dict[Node, Node]:
        self.users = Counter(a for n in self.nodes for a in n.args)
        self.users.update(self.outputs)
        self.bodies: dict[Any, Body] = {}
        self.parts = {n: self.body_of(n) for n in self.nodes if n.op == "turns"}
        inner = {n for part in self.parts.values() for n in part}
        for node in self.nodes:
            if node.variant and node not in inner:
                raise Unsupported(f"{node.op} of a value inside a loop is read outside it")
        return super().run()

    def body_of(self, turns: Node) -> list[Node]:
        """Variant nodes that lead from what a loop carries to what leaves it, arguments first."""
        found: dict[int, Node] = {}
        stack = [n for n in turns.args[1:] if n.variant]
        while stack:
            node = stack.pop()
            if node.number in found:
                continue
            if node.walks or (node.op == "carried" and node.args[0] is not turns.args[0]):
                raise Unsupported(f"{node.op} inside a loop")
            found[node.number] = node
            stack.extend(a for a in node.args if a.variant)
        return [found[n] for n in sorted(found)]

    def rewrite(self, node: Node) -> Node | None:
        if node.variant or node.op == "enter":
            return None
        return self.turns(node) if node.op == "turns" else super().rewrite(node)

    def turns(self, node: Node) -> Node:
        starts = [self.new[a] for a in node.args[0].args]
        body, ports = self.body(node)
        n = node.attr[1]
        before = starts[0].args[0] if starts[0].op == "turned" else None
        if (
            before is not None
            and before.attr.body is body
            and all(s.op == "turned" and s.args[0] is before and s.attr == i for i, s in enumerate(starts))
            and list(before.args[len(starts) :]) == ports
            and all(self.users[a] == 1 for a in node.args[0].args)
        ):
            starts, n = list(before.args[: len(starts)]), n + before.attr.n
        return self.graph.make("turns", (*starts, *ports), Repeated(body, n), "F", node.dtype)

    def body(self, turns: Node) -> tuple[Body, list[Node]]:
        """Body of a loop, an equal one if there is one, and the nodes of the graph at its ports."""
        graph, made, ports = Graph(), dict[Node, Node](), list[Node]()
        key: list[Any] = []

        def inner(a: Node) -> Node:
            if a not in made:
                if a.op in INLINE or (a.op == "input" and a.space == "S"):
                    made[a] = graph.make(a.op, (), a.attr, a.space, a.dtype)
                elif turns.dtype == "f" and a.dtype == "b":  # a mask has the width of what it compares
                    made[a] = graph.make(a.op, [inner(x) for x in a.args], a.attr, a.space, a.dtype)
                    own.append(made[a])
                else:
                    made[a] = graph.make("port", (), len(ports), a.space, a.dtype)
                    ports.append(self.new[a])
            return made[a]

        own: list[Node] = []
        carried = [graph.make("carried", (), i, "F", turns.dtype) for i in range(len(turns.args) - 1)]
        for node in self.parts[turns]:
            if node.op == "carried":
                made[node] = carried[node.attr]
                continue
            args = [inner(a) for a in node.args]
            made[node] = graph.make(node.op, args, node.attr, node.space, node.dtype)
            own.append(made[node])
        ends = [inner(a) for a in turns.args[1:]]
        for node in graph.nodes:
            key.append((node.op, tuple(a.number for a in node.args), repr(node.attr), node.space, node.dtype))
            if turns.dtype == "f" and node.dtype not in "fb":
                raise Unsupported(f"{node.op} of another type inside a loop in float32")
        key.append(tuple(n.number for n in ends))
        body = self.bodies.setdefault(tuple(key), Body(len(self.bodies), own, ends, carried, turns.dtype))
        return body, ports
