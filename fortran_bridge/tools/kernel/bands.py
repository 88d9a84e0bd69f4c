"""Bands of a tridiagonal system that are another field moved by a layer: the solver reads that field, and none is moved.

What:    what leaves a layer for the next one stands in its own row of a field and in the neighbour's row of the matrix. A "solve"
         node has as attribute which of its bands, lower and upper, are read a row above or below.
Use:     the last of the passes of ``algebra.simplified``
"""

from __future__ import annotations

from .ir import Node
from .values import BOTTOM, TOP, Row

ABOVE: tuple[Row, Row, Row] = ((0, 1), BOTTOM, (0, -1))  # rows from the second on are those above
BELOW: tuple[Row, Row, Row] = (TOP, (1, -1), (0, 1))


def moved(band: Node, part: int, rows: tuple[Row, Row, Row]) -> Node | None:
    """The field that ``band`` is moved by a layer, if that is what it is; the row without a neighbour counts for nothing."""
    if band.op != "rows" or len(band.args) != 2 or band.attr[part] != rows or band.args[part].space != "F":
        return None
    return band.args[part] if band.args[part].op not in ("literal", "parameter", "spread") else None


def bands(args: list[Node]) -> tuple[list[Node], tuple[bool, bool]]:
    """Arguments of a solve (lower, diagonal, upper, right), and whether lower and upper are read from a neighbouring row."""
    above, below = moved(args[0], 1, ABOVE), moved(args[2], 0, BELOW)
    return [above or args[0], args[1], below or args[2], args[3]], (above is not None, below is not None)
