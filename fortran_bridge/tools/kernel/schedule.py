"""The order of the kernel: what is computed when, in which loop, and where it is kept.

What:    nodes needed for the outputs, by level: first the walks of a level, then one elementwise pass over columns, then passes
         over cells, cut into loops of about ``LOOP`` operations so that a loop's code and temporaries stay in the nearest cache.
         The loops over cells of one level are a ``Strip``: they run one after the other over a few cells at a time, and with
         them the ``Turns``, what repeats a body on those cells (outline.py).
         A value that leaves its loop is kept in a slot; slots are used again once their last reader is done. What does not leave
         its strip has a slot in a buffer of a few cells ("l"), so that it never leaves the nearest cache.
Use:     ``plan = Plan(outputs); for action in plan.actions: ...``
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .again import compute_again
from .ir import Node
from .values import Unsupported
from .wide import ordered, wide_nodes

LOOP = 800  # operations in a loop over cells; by measurement (fortran_bridge/docs/performance_log.md)
COST = {"exp": 20, "log": 25, "log10": 25, "pow": 50, "asinh": 60, "tanh": 30, "div": 2, "reciprocal": 2}


@dataclass
class Loop:
    """Elementwise nodes of one space, computed together."""

    space: str
    nodes: list[Node]
    wide: bool = False  # in whole vectors of float32
    stores: list[Node] = field(default_factory=list)


@dataclass
class Strip:
    """Loops over cells that follow each other."""

    loops: list[Loop | Turns]


@dataclass
class Turns:
    """A body, repeated; ``turned`` are the values it carries, as they leave."""

    node: Node
    turned: list[Node]


@dataclass
class Walk:
    """One routine along layers (or one matrix product), for one node or, of tridiagonal systems, for all of a level at once."""

    nodes: list[Node]

    @property
    def node(self) -> Node:
        return self.nodes[0]


def needed(outputs: Iterable[Node]) -> list[Node]:
    """Nodes the outputs depend on, arguments first."""
    seen: dict[int, Node] = {}
    stack = list(outputs)
    while stack:
        node = stack.pop()
        if node.number not in seen:
            seen[node.number] = node
            stack.extend(node.args)
    return [seen[n] for n in sorted(seen)]


class Plan:
    """Actions in order, and the slot of every value that is kept."""

    def __init__(self, outputs: list[Node], loop: int = LOOP, *, vectors: bool = True) -> None:
        self.outputs = outputs
        self.nodes = needed(outputs)
        self.wide = wide_nodes(self.nodes, outputs) if vectors else set()
        self.actions: list[Loop | Walk | Turns] = []
        self.turned = {(n.args[0], n.attr): n for n in self.nodes if n.op == "turned"}
        for level in range(max(n.level for n in self.nodes) + 1):
            here = [n for n in self.nodes if n.level == level]
            self.actions += self.walks(here)
            for space in "SCF":
                of_space = [n for n in here if n.space == space and (n.op == "turned" or self.computed(n))]
                self.cut(space, [n for n in ordered(of_space, self.wide) if self.computed(n)], loop)
        if vectors:
            compute_again([a for a in self.actions if isinstance(a, Loop) and a.space == "F"], self.kept())
        self.slots: dict[Node, tuple[str, int]] = {}  # pool and number
        self.blocks: dict[Node, int] = {}  # first float32 field of the inputs of a matrix product
        self.used: dict[Node, int] = {}  # outputs of a matrix product that are read
        self.copies: list[tuple[Node, Node, int]] = []  # inputs of a product that are kept elsewhere too: product, input, field
        self.sizes = {"f": 0, "c": 0, "s": 0, "g": 0, "l": 0, "h": 0}
        self.systems = max((len(a.nodes) for a in self.actions if isinstance(a, Walk)), default=0)  # at a time, each with scratch
        self.place()

    def calls(self) -> list[Loop | Strip | Walk]:
        """The actions, loops over cells gathered into strips."""
        out: list[Loop | Strip | Walk] = []
        for action in self.actions:
            if isinstance(action, Walk) or (isinstance(action, Loop) and action.space != "F"):
                out.append(action)
            elif out and isinstance(out[-1], Strip):
                out[-1].loops.append(action)
            else:
                out.append(Strip([action]))
        return out

    @staticmethod
    def walks(nodes: list[Node]) -> list[Walk]:
        """Of one level: the systems together and last, since their latencies overlap."""
        systems = [n for n in nodes if n.op == "solve"]
        made = [Walk([n]) for n in nodes if n.walks and n.op not in ("take", "solve")]
        return [*made, Walk(systems)] if systems else made

    @staticmethod
    def computed(node: Node) -> bool:
        return node.op not in ("input", "literal", "parameter", "turned") and not node.walks

    def cut(self, space: str, nodes: list[Node], loop: int) -> None:
        """Loops of at most ``loop`` operations, and what repeats a body between them."""
        batch: list[Node] = []
        spent = 0

        def close() -> None:
            nonlocal batch, spent
            if batch:
                self.actions.append(Loop(space, batch, batch[0] in self.wide))
            batch, spent = [], 0

        for node in nodes:
            if node.op == "turns":
                close()
                self.actions.append(Turns(node, self.turned_of(node)))
                continue
            if batch and (batch[0] in self.wide) != (node in self.wide):
                close()
            batch.append(node)
            spent += COST.get(node.op, 1)
            if spent >= loop:
                close()
        close()

    def kept(self) -> set[Node]:
        """What others than loops over cells read."""
        found = set(self.outputs)
        for action in self.actions:
            if isinstance(action, Turns):
                found.update(action.node.args)
            elif isinstance(action, Walk) or action.space != "F":
                found.update(a for n in action.nodes for a in n.args)
        return found

    def turned_of(self, node: Node) -> list[Node]:
        """What leaves a loop, including what nothing reads."""
        count = len(node.attr.body.carried)
        return [self.turned.get((node, i)) or Node("turned", (node,), i, "F", node.dtype, -1) for i in range(count)]

    def place(self) -> None:
        """Give every value that outlives its loop a slot."""
        last: dict[Node, int] = {}
        end = len(self.actions)
        for i, action in enumerate(self.actions):
            nodes = [action.node] if isinstance(action, Turns) else action.nodes
            here = set(nodes) if isinstance(action, Loop) else set()
            for a in (a for node in nodes for a in node.args if a not in here):
                last[a.args[0] if a.op == "take" else a] = i
        for node in self.outputs:
            last[node.args[0] if node.op == "take" else node] = end
        for node in self.nodes:
            if node.op == "dense":
                self.reserve(node)
        whole = self.ends_of_strips()
        free: dict[str, list[int]] = {pool: [] for pool in self.sizes}
        ending: dict[int, list[Node]] = {}
        stored: set[Node] = set()
        for node in self.nodes:
            if node.op == "input" and node.space != "S":
                self.give(node, free, ending, last[node])
        for i, action in enumerate(self.actions):
            if isinstance(action, Loop):
                for node in action.nodes:
                    if last.get(node, i) > i and node not in stored:
                        self.give(node, free, ending, last[node], last[node] <= whole[i])
                        action.stores.append(node)
                        stored.add(node)
            elif isinstance(action, Turns):
                for node in action.turned:
                    self.give(node, free, ending, last.get(node, i), last.get(node, i) <= whole[i])
            elif action.node.op != "dense":
                for node in action.nodes:
                    self.give(node, free, ending, last[node])
            for node in ending.pop(i, []):
                pool, slot = self.slots[node]
                free[pool].append(slot)

    def ends_of_strips(self) -> list[int]:
        """Of each action, the last one of its strip."""
        ends: list[int] = []
        for size in (len(call.loops) if isinstance(call, Strip) else 1 for call in self.calls()):
            ends += [len(ends) + size - 1] * size
        return ends

    def give(self, node: Node, free: dict[str, list[int]], ending: dict[int, list[Node]], last: int, local: bool = False) -> None:
        """A free slot of its pool; inputs of a matrix product have theirs already. ``local``: read in its strip alone."""
        if node in self.slots:
            return
        pools = ("g", "h") if node.dtype == "f" or node in self.wide else ("f", "l")
        pool = pools[local] if node.space == "F" else node.space.lower()
        if pool in "gh" and node.walks:
            raise Unsupported(f"{node.op} of float32 along layers")
        if not free[pool]:
            free[pool].append(self.sizes[pool])
            self.sizes[pool] += 1
        self.slots[node] = (pool, free[pool].pop())
        ending.setdefault(last, []).append(node)

    def reserve(self, dense: Node) -> None:
        """Fields side by side for the outputs of a matrix product, and for its inputs unless another one makes them."""
        used = [n.attr for n in self.nodes if n.op == "take" and n.args[0] is dense]
        followed = any(self.chained(n) is dense for n in self.nodes if n.op == "dense")
        self.used[dense] = dense.attr[2] if followed else max(used) + 1
        self.slots[dense] = ("g", self.sizes["g"])
        self.sizes["g"] += dense.attr[2]
        source = self.chained(dense)
        if source is not None:
            self.blocks[dense] = self.slots[source][1]
            return
        self.blocks[dense] = self.sizes["g"]
        for i, argument in enumerate(dense.args):
            if argument.op != "take" and argument not in self.slots:
                self.slots[argument] = ("g", self.sizes["g"] + i)
            else:
                self.copies.append((dense, argument, self.sizes["g"] + i))
        self.sizes["g"] += len(dense.args)

    def chained(self, dense: Node) -> Node | None:
        """The product whose outputs are, in order and all, the inputs of this one."""
        first = dense.args[0]
        if first.op != "take" or len(dense.args) != first.args[0].attr[2]:
            return None
        fits = all(a.op == "take" and a.attr == i and a.args == first.args for i, a in enumerate(dense.args))
        return first.args[0] if fits else None
