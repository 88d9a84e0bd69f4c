"""Tensors of the traced step as arrays of scalar expressions.

What:    a ``Value`` is a tensor whose layer and column dimensions stay symbolic and whose other dimensions are expanded into an
         array of nodes. Slices of layers keep the node of the whole field and say which rows they mean; ``Rows`` counts from
         the top (0, k) or from the bottom (1, -k), so that the number of layers stays open.
Use:     ``Value(("3", "L", "C"), nodes, start, stop)``; ``pick(value, dim, i)``
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .ir import Graph, Node

LAYER, COLUMN, CELL = "L", "C", "LC"
Row = tuple[int, int]  # (a, b) is row a * layers + b
TOP, BOTTOM = (0, 0), (1, 0)


class Unsupported(ValueError):
    """The step does something the generator cannot write; the text says what and where."""


def minus(x: Row, y: Row) -> Row:
    """Difference of two rows."""
    return x[0] - y[0], x[1] - y[1]


def plus(x: Row, y: Row) -> Row:
    """Sum of two rows."""
    return x[0] + y[0], x[1] + y[1]


@dataclass(frozen=True)
class Value:
    """``dims``: sizes of expanded dimensions, LAYER, COLUMN or CELL; ``nodes``: array over the expanded ones."""

    dims: tuple[Any, ...]
    nodes: np.ndarray
    start: Row = TOP
    stop: Row = BOTTOM

    @property
    def dtype(self) -> str:
        """Of the elements."""
        return self.nodes.flat[0].dtype

    @property
    def layered(self) -> bool:
        """Has a layer dimension of its own."""
        return LAYER in self.dims

    def axis(self, dim: int) -> int:
        """Axis of ``nodes`` of expanded dimension ``dim``."""
        return sum(isinstance(d, int) for d in self.dims[: dim % len(self.dims)])

    def drop(self, dim: int) -> tuple[Any, ...]:
        """Dimensions without one."""
        dim %= len(self.dims)
        return self.dims[:dim] + self.dims[dim + 1 :]


def array(nodes: Any, shape: tuple[int, ...] = ()) -> np.ndarray:
    """Array of nodes of this shape from a flat list."""
    out = np.empty(shape, dtype=object)
    out.reshape(-1)[:] = nodes if isinstance(nodes, list) else [nodes]
    return out


def take(nodes: np.ndarray, index: int, axis: int) -> np.ndarray:
    """One entry along an axis, always an array (numpy unpacks the last object)."""
    return np.moveaxis(nodes, axis, 0)[index : index + 1 or None].reshape(nodes.shape[:axis] + nodes.shape[axis + 1 :])


def scalar(node: Node) -> Value:
    """0-d value."""
    return Value((), array(node))


def map_nodes(function: Any, nodes: np.ndarray) -> np.ndarray:
    """Function of every node, same shape."""
    return array([function(n) for n in nodes.reshape(-1)], nodes.shape)


def shifted(graph: Graph, node: Node, by: Row) -> Node:
    """The field whose row r is row r + ``by`` of ``node``; rows that do not exist hold an arbitrary finite value."""
    if by == TOP or node.space != "F":
        return node
    if by[0]:
        raise Unsupported(f"a shift by {by[0]} x layers + {by[1]} rows")
    return graph.make("rows", (node,), ((TOP, BOTTOM, by),), "F", node.dtype)


def to_column(graph: Graph, value: Value, dim: int, row: Row) -> Value:
    """One row of a layered value, as a value per column without dimension ``dim``."""
    return Value(
        value.drop(dim),
        map_nodes(lambda n: graph.make("row", (n,), row, "C", n.dtype) if n.space == "F" else n, value.nodes),
    )


def broadcast(graph: Graph, values: list[Value]) -> tuple[tuple[Any, ...], list[np.ndarray], Row, Row]:
    """Common dimensions, node arrays of the common expanded shape, rows of the common layer dimension."""
    depth = max(len(v.dims) for v in values)
    padded = [replace(v, dims=(1,) * (depth - len(v.dims)) + v.dims, nodes=_lead(v, depth)) for v in values]
    dims: list[Any] = []
    for d in range(depth):
        sizes = {v.dims[d] for v in padded} - {1}
        if len(sizes) > 1:
            raise Unsupported(f"dimensions {[v.dims for v in values]} do not broadcast")
        dims.append(sizes.pop() if sizes else 1)
    start, stop = TOP, BOTTOM
    layered = [v for v in padded if v.layered]
    if layered:
        start, stop = layered[0].start, layered[0].stop
    out = []
    for v in padded:
        nodes = v.nodes
        if v.layered and minus(v.stop, v.start) != minus(stop, start):
            raise Unsupported(f"rows {v.start} to {v.stop} do not broadcast with {start} to {stop}")
        if v.layered and v.start != start:
            by = minus(v.start, start)
            nodes = array([shifted(graph, n, by) for n in nodes.reshape(-1)], nodes.shape)
        out.append(_expand(v, nodes, dims))
    return tuple(dims), out, start, stop


def _lead(value: Value, depth: int) -> np.ndarray:
    return value.nodes.reshape((1,) * (depth - len(value.dims)) + value.nodes.shape)


def _expand(value: Value, nodes: np.ndarray, dims: list[Any]) -> np.ndarray:
    """Nodes over the expanded dimensions of ``dims``; a size 1 that meets layers, columns or cells is dropped."""
    axis = 0
    for own, common in zip(value.dims, dims, strict=True):
        if isinstance(own, int) and not isinstance(common, int):
            nodes = take(nodes, 0, axis)
        elif isinstance(own, int):
            axis += 1
    return np.broadcast_to(nodes, tuple(d for d in dims if isinstance(d, int)))
