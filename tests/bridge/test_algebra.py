"""The generator's algebra: the same values with fewer operations, on formulas of which both are known."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "fortran_bridge" / "tools"))

from kernel.algebra import simplified
from kernel.ir import Graph, Node
from kernel.schedule import needed
from kernel.values import scalar

ROUNDING = 1e-13
"""Relative: some tens of roundings of 1e-16 in sums that do not cancel; another formula shows at 1e-2."""
FUNCTIONS: dict[str, Any] = {
    "mul": np.multiply, "add": np.add, "sub": np.subtract, "div": np.divide, "neg": np.negative, "reciprocal": np.reciprocal,
    "exp": np.exp, "log": np.log, "minimum": np.minimum, "fma": lambda a, b, c: a * b + c, "fms": lambda a, b, c: a * b - c,
    "fnma": lambda a, b, c: c - a * b,
}  # fmt: skip


def values(outputs: list[Node], inputs: dict[int, float]) -> list[float]:
    """Of the outputs; inputs by their row."""
    found: dict[Node, float] = {}
    for node in needed(outputs):
        if node.op == "input":
            found[node] = inputs[node.attr[1]]
        else:
            found[node] = node.attr if node.op == "literal" else FUNCTIONS[node.op](*(found[a] for a in node.args))
    return [float(found[n]) for n in outputs]


def rewritten(*outputs: Node) -> tuple[list[Node], Counter[str]]:
    """Simplified outputs and how many operations of each kind they need."""
    new = [v.nodes.reshape(-1)[0] for v in simplified([scalar(n) for n in outputs])]
    return new, Counter(n.op for n in needed(new))


def rows(graph: Graph, n: int) -> list[Node]:
    return [graph.input("state", i, "F") for i in range(n)]


def test_quotients_with_a_common_divisor_share_one_division() -> None:
    g = Graph()
    a, b, c, d = rows(g, 4)
    h = g.apply("exp", d)
    new, count = rewritten(g.apply("div", a, h), g.apply("div", g.apply("mul", b, c), h), g.apply("div", c, g.apply("mul", h, b)))
    assert count["div"] + count["reciprocal"] == 2  # 1 / h for all, c / b
    assert values(new, dict(enumerate((2.0, 3.0, 5.0, 0.7)))) == pytest.approx(
        [2.0 * np.exp(-0.7), 15.0 * np.exp(-0.7), 5.0 * np.exp(-0.7) / 3.0], rel=ROUNDING
    )


def test_what_does_not_change_is_multiplied_once() -> None:
    """k x g with two values of x: the product of the two old factors is shared although both formulas begin with k x."""
    g = Graph()
    k, gamma, start = rows(g, 3)
    xs = [g.apply("exp", start), g.apply("log", start)]
    _, count = rewritten(*(g.apply("mul", g.apply("mul", k, x), gamma) for x in xs))
    assert count["mul"] == 3


def test_masks_and_literals_disappear() -> None:
    g = Graph()
    a, b, _, _ = rows(g, 4)
    none, one = g.literal(0.0), g.literal(1.0)
    cube, u = g.apply("exp", g.apply("mul", g.literal(3.0), b)), g.apply("exp", b)
    fraction = [g.apply("mul", m, g.apply("mul", a, cube)) for m in (one, none)]
    new, count = rewritten(g.apply("add", u, fraction[0]), g.apply("sub", u, fraction[1]), g.apply("add", a, g.apply("neg", u)))
    assert count["exp"] == 1 and count["neg"] == 0
    e = np.exp(0.3)
    assert values(new, {0: 2.0, 1: 0.3}) == pytest.approx([e + 2.0 * e**3, e, 2.0 - e], rel=ROUNDING)


def test_a_product_that_only_a_sum_reads_is_fused_with_it() -> None:
    g = Graph()
    a, b, c = rows(g, 3)
    twice = g.apply("mul", b, c)  # read by two sums: computed once, not fused
    new, count = rewritten(
        g.apply("sub", c, g.apply("mul", a, b)),
        g.apply("add", g.apply("mul", a, c), b),
        g.apply("add", twice, a),
        g.apply("sub", twice, b),
    )
    assert (count["fnma"], count["fma"], count["mul"], count["add"], count["sub"]) == (1, 1, 1, 1, 1)
    assert values(new, {0: 2.0, 1: 3.0, 2: 5.0}) == [-1.0, 13.0, 17.0, 12.0]


@pytest.mark.parametrize("seed", range(20))
def test_random_formulas_keep_their_values(seed: int) -> None:
    rng = np.random.default_rng(seed)
    g = Graph()
    nodes = [*rows(g, 6), g.literal(0.0), g.literal(1.0), g.literal(2.0), g.literal(-3.0)]
    inputs = {i: float(x) for i, x in enumerate(rng.uniform(0.5, 2.0, 6))}
    exact = {n: values([n], inputs)[0] for n in nodes}
    while len(nodes) < 80:
        op = str(rng.choice(list(FUNCTIONS)[:9], p=[0.3, 0.15, 0.1, 0.2, 0.05, 0.05, 0.05, 0.05, 0.05]))
        picked = rng.choice(len(nodes), 1 if op in ("neg", "reciprocal", "exp", "log") else 2)
        made = g.apply(op, *(nodes[i] for i in picked))
        with np.errstate(all="ignore"):
            value = float(FUNCTIONS[op](*(exact[nodes[i]] for i in picked)))
        terms = max(abs(exact[nodes[i]]) for i in picked)
        if (
            1e-3 < abs(value) < 1e3
            and not (op in ("add", "sub") and abs(value) < 0.1 * terms)
            and not (op == "log" and abs(value) < 0.1)
        ):
            nodes.append(made)
            exact[made] = value
    outputs = nodes[-12:]
    new, _ = rewritten(*outputs)  # errors grow along 80 operations
    assert values(new, inputs) == pytest.approx([exact[n] for n in outputs], rel=1e3 * ROUNDING)
