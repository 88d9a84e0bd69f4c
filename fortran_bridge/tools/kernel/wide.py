"""Which values are computed in whole vectors of float32, twice as many cells at a time, and in what order that leaves.

What:    elementwise float32 nodes, and masks that nothing else reads, are ``wide``: their loops hold nothing but them. Of a
         level, loops of both kinds take turns; ``ordered`` puts each node into the earliest phase that keeps the order of the
         program as far as that goes, so that values live no longer than they must.
Use:     ``wide = wide_nodes(nodes, outputs); here = ordered(here, wide)``
"""

from __future__ import annotations

from collections import defaultdict

from .ir import Node

LEAVES = ("input", "literal", "parameter", "turned", "port", "carried")
OPERATIONS = {
    "mul", "add", "sub", "div", "reciprocal", "neg", "fma", "fms", "fnma", "abs", "minimum", "maximum", "at_least", "at_most",
    "where", "lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not", "to_f", "exp", "log", "pow", "sqrt", "tanh",
}  # fmt: skip


def fits(node: Node, wide: set[Node]) -> bool:
    """Whether every argument can be read in vectors of float32."""
    return all((a.dtype == "f" and a.space in "SF") or a in wide for a in node.args)


def wide_nodes(nodes: list[Node], outputs: list[Node]) -> set[Node]:
    """Those of ``nodes``, arguments first, that float32 vectors compute."""
    users: dict[Node, list[Node]] = defaultdict(list)
    for node in nodes:
        for a in node.args:
            users[a].append(node)
    known = {n for n in nodes if n.op in OPERATIONS and n.dtype in "fb" and n.space == "F" and n.args}
    known |= {n for n in nodes if n.op == "turns" and n.attr.body.dtype == "f"}
    kept = set(outputs)
    while True:
        masks = {n for n in known if n.dtype == "b" and (n in kept or any(u not in known for u in users[n]))}
        narrow = {n for n in known if n.op != "turns" and not fits(n, known)}
        if not masks | narrow:
            return known
        known -= masks | narrow


def ordered(nodes: list[Node], wide: set[Node]) -> list[Node]:
    """``nodes`` of one level, arguments first, so that those of a kind stand together."""
    here = set(nodes)
    kind = {n: int((n.args[0] if n.op == "turned" else n) in wide) for n in nodes}
    early: dict[Node, int] = {}
    for n in nodes:
        early[n] = max((early[a] + (kind[a] != kind[n]) for a in n.args if a in here), default=kind[n])
        early[n] = max(early[n], kind[n])
    end = max(early.values(), default=0)
    late = {n: end - ((end - kind[n]) & 1) for n in nodes}
    for n in reversed(nodes):
        for a in n.args:
            if a in here:
                late[a] = min(late[a], late[n] - (kind[a] != kind[n]))
    phase: dict[Node, int] = {}
    now = 0
    for n in nodes:
        phase[n] = min(late[n], max(early[n], now + ((now - kind[n]) & 1)))
        now = max(now, phase[n])
    return sorted(nodes, key=lambda n: phase[n])
