"""What the kernel's generator computes in whole vectors of float32, in which order, and bands that a solver reads in place."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "fortran_bridge" / "tools"))

from kernel.algebra import simplified
from kernel.ir import Graph, Node
from kernel.schedule import Loop, Plan, Walk
from kernel.values import BOTTOM, TOP, scalar
from kernel.wide import ordered, wide_nodes


def single(graph: Graph, row: int) -> Node:
    """A row of the state in float32."""
    return graph.apply("to_f", graph.input("state", row, "F"), dtype="f")


def test_float32_and_its_own_masks_are_wide() -> None:
    g = Graph()
    a, b = single(g, 0), single(g, 1)
    inside = g.apply("lt", a, b, dtype="b")
    chosen = g.apply("where", inside, g.apply("mul", a, b), b, dtype="f")
    told = g.apply("lt", a, chosen, dtype="b")  # read by the host, who reads masks of 64 bits
    wide = wide_nodes(g.nodes, [chosen, told])
    assert {inside, chosen} <= wide and chosen.args[1] in wide
    assert not wide & {a, b, told}


def test_what_a_mask_of_float64_chooses_is_not() -> None:
    g = Graph()
    x, y = g.input("state", 0, "F"), g.input("state", 1, "F")
    chosen = g.apply("where", g.apply("lt", x, y, dtype="b"), single(g, 0), single(g, 1), dtype="f")
    assert chosen not in wide_nodes(g.nodes, [chosen])


def test_kinds_take_turns_and_arguments_come_first() -> None:
    g = Graph()
    nodes, x = [], g.input("state", 0, "F")
    for _ in range(3):
        short = g.apply("to_f", x, dtype="f")
        nodes += [short, g.apply("exp", short), g.apply("log", x)]
        x = g.apply("add", g.apply("to_d", nodes[-2], dtype="d"), nodes[-1])
        nodes += [x.args[0], x]
    wide = wide_nodes(g.nodes, [x])
    found = ordered(nodes, wide)
    assert sorted(n.number for n in found) == sorted(n.number for n in nodes)
    place = {n: i for i, n in enumerate(found)}
    assert all(place[a] < place[n] for n in found for a in n.args if a in place)
    changes = sum((p in wide) != (n in wide) for p, n in pairwise(found))
    assert changes == 6, "three times there and back"
    loops = [a for a in Plan([x]).actions if isinstance(a, Loop)]
    assert all(len({n in wide for n in loop.nodes}) == 1 for loop in loops)


def test_systems_of_a_level_are_solved_together_and_moved_bands_read_in_place() -> None:
    g = Graph()
    zero = g.literal(0.0)
    fields = [g.input("state", i, "F") for i in range(4)]
    above = g.make("rows", (zero, fields[0]), ((TOP, (0, 1), TOP), ((0, 1), BOTTOM, (0, -1))), "F", "d")
    below = g.make("rows", (fields[2], zero), ((TOP, (1, -1), (0, 1)), ((1, -1), BOTTOM, TOP)), "F", "d")
    plain = g.make("solve", fields, None, "F", "d")
    moved = g.make("solve", (above, fields[1], below, fields[3]), None, "F", "d")
    new = simplified([scalar(plain), scalar(moved)])
    outputs = [v.nodes.reshape(-1)[0] for v in new]
    assert [n.attr for n in outputs] == [(False, False), (True, True)]
    assert outputs[0].args == outputs[1].args, "no field is moved"
    walks = [a for a in Plan(outputs).actions if isinstance(a, Walk)]
    assert [[n.op for n in w.nodes] for w in walks] == [["solve", "solve"]]
