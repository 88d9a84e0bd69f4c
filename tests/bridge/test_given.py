"""The generator's programs for usual inputs, and values computed again where they are read: exact, and with less to do."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "fortran_bridge" / "tools"))

from kernel.given import with_given
from kernel.ir import Graph, Node
from kernel.schedule import Loop, Plan, Turns, needed
from kernel.values import Unsupported, scalar

USUAL = {("static", 0): 0.0}


def given(*outputs: Node) -> list[Node]:
    """The outputs where row 0 of the soil is zero."""
    return [v.nodes.reshape(-1)[0] for v in with_given([scalar(n) for n in outputs], USUAL)]


def fields(g: Graph, n: int) -> list[Node]:
    return [g.input("state", i, "F") for i in range(n)]


def test_what_a_usual_input_decides_is_gone() -> None:
    g = Graph()
    a, b = fields(g, 2)
    limit = g.apply("exp", g.input("static", 0, "F"))
    beyond = g.apply("gt", a, g.apply("mul", limit, b), dtype="b")
    rests = g.apply("and", beyond, g.apply("gt", limit, g.literal(1.0), dtype="b"), dtype="b")
    chosen = g.apply("where", rests, g.apply("exp", a), g.apply("fma", limit, a, b), dtype="d")
    (new,) = given(chosen)
    assert [n.op for n in needed([new])] == ["input", "input", "add"]


def test_literals_round_as_the_kernel_does() -> None:
    g = Graph()
    x = g.apply("to_f", g.apply("add", g.input("static", 0, "F"), g.literal(0.1)), dtype="f")
    (new,) = given(g.apply("add", x, g.literal(1.0, "f"), dtype="f"))
    assert new.op == "literal" and new.attr == float(np.float32(0.1) + np.float32(1.0))


def test_zeros_are_not_folded_into_products() -> None:
    g = Graph()
    (a,) = fields(g, 1)
    (new,) = given(g.apply("mul", g.input("static", 0, "F"), a))
    assert new.op == "mul", "0 times infinity is not 0"


def test_fields_that_have_become_numbers_are_written_for_routines_along_layers() -> None:
    g = Graph()
    (new,) = given(g.make("sum", (g.input("static", 0, "F"),), None, "C", "d"))
    assert new.op == "sum" and (new.args[0].op, new.args[0].space) == ("fill", "F")


def test_a_mask_the_same_everywhere_is_no_output() -> None:
    g = Graph()
    with pytest.raises(Unsupported):
        given(g.apply("le", g.input("static", 0, "F"), g.literal(1.0), dtype="b"))


def stores(outputs: list[Node]) -> set[Node]:
    loops = [a for a in Plan(outputs).actions if isinstance(a, Loop) and not isinstance(a, Turns)]
    return {n for loop in loops for n in loop.stores}


def test_a_conversion_is_made_again_by_its_reader() -> None:
    g = Graph()
    a, b = fields(g, 2)
    short = g.apply("exp", g.apply("to_f", a, dtype="f"))
    long = g.apply("to_d", short, dtype="d")
    later = g.make("rows", (b,), (((0, 0), (1, 0), (0, 1)),), "F", "d")  # not before a routine along layers
    out = g.apply("exp", g.apply("mul", later, g.apply("exp", g.apply("add", long, b))))
    kept = stores([out, g.apply("log", g.apply("mul", long, later))])
    assert short in kept and long not in kept


def test_what_costs_more_than_its_field_is_kept() -> None:
    g = Graph()
    a, b = fields(g, 2)
    power = g.apply("exp", a)
    later = g.make("rows", (b,), (((0, 0), (1, 0), (0, 1)),), "F", "d")
    assert power in stores([g.apply("mul", later, power)])


def test_what_others_read_is_kept() -> None:
    g = Graph()
    a, b = fields(g, 2)
    total = g.apply("add", a, b)
    moved = g.make("rows", (total,), (((0, 0), (1, 0), (0, 1)),), "F", "d")
    assert total in stores([g.apply("mul", moved, total)])
