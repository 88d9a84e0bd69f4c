"""The same values with fewer operations: algebraic simplification of the step before the kernel is written.

What:    three passes over the nodes the outputs need, arguments first. ``Fold``: zeros, ones and literals; exp(3 x) beside exp(x)
         is a product. ``Factor``: products and quotients become lists of factors, oldest first, so that what does not change
         between the passes of a solver is computed once; a divisor that several products share is inverted once, the others of
         a product share one division; signs go into sums. ``Fuse``: a product that only a sum reads is rounded with it (fma).
Why:     only rounding changes, a few units in the last place of each value. (Where x is not finite, 0 x and x - x are 0 here.)
Use:     ``outputs = simplified(outputs)``
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from .bands import bands
from .ir import SPACES, Graph, Node
from .schedule import needed
from .values import Value, map_nodes

HIGHEST = 4  # exponent n up to which exp(n x) is written as a product
WHOLE = {"mul": lambda a, b: a * b, "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "div": lambda a, b: a / b}


def simplified(outputs: list[Value]) -> list[Value]:
    """Outputs of the same step."""
    for rules in (Fold, Factor, Fuse, Bands):
        new = rules([node for value in outputs for node in value.nodes.reshape(-1)]).run()
        outputs = [Value(v.dims, map_nodes(new.__getitem__, v.nodes), v.start, v.stop) for v in outputs]
    return outputs


class Pass:
    """Rebuilds a graph node by node."""

    def __init__(self, outputs: list[Node]) -> None:
        self.outputs = outputs
        self.nodes = needed(outputs)
        self.graph = Graph()
        self.new: dict[Node, Node] = {}

    def run(self) -> dict[Node, Node]:
        """The new node of every old one that is still needed."""
        for node in self.nodes:
            made = self.rewrite(node)
            if made is not None:
                self.new[node] = made
        return self.new

    def rewrite(self, node: Node) -> Node | None:
        return self.graph.make(node.op, [self.new[a] for a in node.args], node.attr, node.space, node.dtype)

    def apply(self, op: str, *args: Node) -> Node:
        """An operation on values of one type that are already broadcast."""
        return self.graph.make(op, args, None, max((a.space for a in args), key=SPACES.index), args[0].dtype)


class Fold(Pass):
    """Literals."""

    def run(self) -> dict[Node, Node]:
        self.powers = {n.args[0] for n in self.nodes if n.op == "exp"}
        return super().run()

    def rewrite(self, node: Node) -> Node | None:
        if node.dtype not in "df" or node.walks or not node.args:
            return super().rewrite(node)
        args = [self.new[a] for a in node.args]
        numbers = [a.attr if a.op == "literal" and a.dtype in "df" else None for a in args]
        if node.op in WHOLE and None not in numbers and not (node.op == "div" and numbers[1] == 0.0):
            return self.graph.literal(WHOLE[node.op](*numbers), node.dtype)
        if node.op in ("to_f", "to_d") and numbers[0] is not None:
            return self.graph.literal(numbers[0], node.dtype)
        if node.op == "to_f" and args[0].op == "to_d" and args[0].args[0].dtype == "f":
            return args[0].args[0]
        if node.op == "mul" and 0.0 in numbers:
            return self.graph.literal(0.0, node.dtype)
        for i, neutral in ((0, {"mul": 1.0, "add": 0.0}), (1, {"mul": 1.0, "add": 0.0, "sub": 0.0, "div": 1.0})):
            if numbers[i : i + 1] == [neutral.get(node.op, None)] and numbers[i] is not None:
                return args[1 - i]
        if node.op == "sub" and args[0] is args[1]:
            return self.graph.literal(0.0, node.dtype)
        if node.op == "sub" and numbers[0] == 0.0:
            return self.apply("neg", args[1])
        if node.op == "exp" and node.args[0].op == "mul":
            return self.power(node.args[0].args) or super().rewrite(node)
        return super().rewrite(node)

    def power(self, factors: tuple[Node, ...]) -> Node | None:
        """exp(n x) where exp(x) is there anyway."""
        for literal, x in (factors, factors[::-1]):
            if literal.op == "literal" and literal.attr in range(2, HIGHEST + 1) and x in self.powers:
                one = self.apply("exp", self.new[x])
                product = one
                for _ in range(int(literal.attr) - 1):
                    product = self.apply("mul", product, one)
                return product
        return None


@dataclass(frozen=True)
class Product:
    """Factors of the numerator and of the denominator."""

    sign: int
    literal: float
    above: tuple[Node, ...]
    below: tuple[Node, ...]

    def __mul__(self, other: Product) -> Product:
        return Product(self.sign * other.sign, self.literal * other.literal, self.above + other.above, self.below + other.below)

    def inverse(self) -> Product:
        return Product(self.sign, 1.0 / self.literal, self.below, self.above)


class Factor(Pass):
    """Products, quotients and signs."""

    def run(self) -> dict[Node, Node]:
        self.users = Counter(a for n in self.nodes for a in n.args)
        self.users.update(self.outputs)
        inner = {a for n in self.nodes if self.product(n) for a in n.args if self.inside(a)}
        self.roots = {n: self.expand(n) for n in self.nodes if self.product(n) and n not in inner}
        self.inner = inner
        self.divides = Counter(b for p in self.roots.values() for b in set(p.below))
        self.age: dict[Node, float] = {}  # of a new node: number of the old one
        return super().run()

    def product(self, node: Node) -> bool:
        return node.op in ("mul", "div", "reciprocal", "neg") and node.dtype in "df"

    def inside(self, node: Node) -> bool:
        """Part of the product of its only user."""
        return self.product(node) and self.users[node] == 1

    def expand(self, node: Node) -> Product:
        if node.op == "literal":
            return Product(1, node.attr, (), ())
        args = [self.expand(a) if a.op == "literal" or self.inside(a) else Product(1, 1.0, (a,), ()) for a in node.args]
        if node.op == "neg":
            return Product(-1, 1.0, (), ()) * args[0]
        if node.op == "reciprocal":
            return args[0].inverse()
        return args[0] * (args[1].inverse() if node.op == "div" else args[1])

    def rewrite(self, node: Node) -> Node | None:
        if node in self.inner:
            return None
        made: Node | None
        if node in self.roots:
            made = self.build(self.roots[node], node.dtype)
        elif node.op in ("add", "sub") and node.dtype in "df":
            made = self.sum(node.op, *(self.new[a] for a in node.args))
        else:
            made = super().rewrite(node)
        assert made is not None
        self.age.setdefault(made, node.number)
        return made

    def build(self, p: Product, dtype: str) -> Node:
        factors: list[Node] = []
        alone: list[Node] = []
        sign = p.sign
        turning = any(self.new[atom].variant for atom in (*p.above, *p.below))
        for atom in (*p.above, *p.below):
            x = self.new[atom]
            sign, x = (-sign, x.args[0]) if x.op == "neg" else (sign, x)
            if len(factors) + len(alone) < len(p.above):
                factors.append(x)
            elif self.divides[atom] > 1 or x.space == "S" or (turning and not x.variant):
                one = self.apply("reciprocal", x)
                self.age.setdefault(one, self.age.get(x, -1.0) + 0.5)
                factors.append(one)
            else:
                alone.append(x)
        if p.literal != 1.0:
            factors.append(self.graph.literal(sign * p.literal, dtype))
            sign = 1
        made = self.multiply(factors)
        if alone:
            below = self.multiply(alone)
            assert below is not None  # of at least one factor
            made = self.apply("div", made, below) if made else self.apply("reciprocal", below)
        made = made or self.graph.literal(1.0, dtype)
        return made if sign > 0 else self.apply("neg", made)

    def multiply(self, factors: list[Node]) -> Node | None:
        """Oldest first, those that are not computed in every cell, or in every iteration of a loop, before the others."""
        factors = sorted(factors, key=lambda x: (SPACES.index(x.space), x.variant, self.age.get(x, -1.0)))
        product: Node | None = None
        for x in factors:
            if product is not None:
                age = max(self.age.get(product, -1.0), self.age.get(x, -1.0))
                x = self.apply("mul", product, x)
                self.age.setdefault(x, age)
            product = x
        return product

    def sum(self, op: str, a: Node, b: Node) -> Node:
        """a + -b is a - b, and so on."""
        if b.op == "neg":
            op, b = {"add": "sub", "sub": "add"}[op], b.args[0]
        if a.op == "neg" and op == "add":
            return self.apply("sub", b, a.args[0])
        if a.op == "neg":  # -a - b: the sign is passed on to the nodes that read it
            made = self.apply("add", a.args[0], b)
            self.age.setdefault(made, max(self.age.get(a.args[0], -1.0), self.age.get(b, -1.0)))
            return self.apply("neg", made)
        return self.apply(op, a, b)


class Fuse(Pass):
    """a b + c, a b - c and c - a b."""

    def run(self) -> dict[Node, Node]:
        users = Counter(a for n in self.nodes for a in n.args)
        users.update(self.outputs)
        self.fused: dict[Node, int] = {}  # sum -> which of its terms is the product
        for n in self.nodes:
            for i in (1, 0) if n.op in ("add", "sub") and n.dtype in "df" else ():
                m = n.args[i]
                # not across levels and spaces: the product may be ready before the sum is; in a loop both start with it
                together = m.variant if n.variant else (m.level, m.space) == (n.level, n.space)
                if m.op == "mul" and users[m] == 1 and together:
                    self.fused[n] = i
                    break
        self.inner = {n.args[i] for n, i in self.fused.items()}
        return super().run()

    def rewrite(self, node: Node) -> Node | None:
        if node in self.inner:
            return None
        if node not in self.fused:
            return super().rewrite(node)
        i = self.fused[node]
        op = "fma" if node.op == "add" else "fnma" if i else "fms"
        return self.apply(op, *(self.new[a] for a in node.args[i].args), self.new[node.args[1 - i]])


class Bands(Pass):
    """Bands of a tridiagonal system read from where they were made."""

    def rewrite(self, node: Node) -> Node | None:
        if node.op != "solve":
            return super().rewrite(node)
        args, moved = bands([self.new[a] for a in node.args])
        return self.graph.make("solve", args, moved, node.space, node.dtype)
