"""Views of the traced step: select, slice, reshape, stack, concatenate. They move references; only joining rows costs anything.

What:    dimensions that are layers keep their tag and become a range of rows, all others are expanded into single nodes.
Use:     methods of ``lower.Lowering``, each named after its ATen operator.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .ir import Graph
from .values import (
    BOTTOM,
    LAYER,
    TOP,
    Row,
    Unsupported,
    Value,
    array,
    broadcast,
    map_nodes,
    minus,
    plus,
    shifted,
    take,
    to_column,
)


class Views:
    """Handlers of operators that compute nothing."""

    graph: Graph
    layers: int
    sizes: dict[int, str]

    def op_unbind(self, x: Value, dim: int = 0) -> list[Value]:
        size = x.dims[dim]
        if not isinstance(size, int):
            raise Unsupported("unbind over layers; use ordered_sum or solve")
        return [self.op_select(x, dim, i) for i in range(size)]

    def op_select(self, x: Value, dim: int, index: int) -> Value:
        dim %= len(x.dims)
        if x.dims[dim] == LAYER:
            return to_column(self.graph, x, dim, plus(x.start if index >= 0 else x.stop, (0, index)))
        self.expanded(x, dim, "select")
        return Value(x.drop(dim), take(x.nodes, index, x.axis(dim)), x.start, x.stop)

    def op_slice(self, x: Value, dim: int = 0, start: int | None = None, stop: int | None = None, step: int = 1) -> Value:
        dim %= len(x.dims)
        if x.dims[dim] == LAYER:
            first, last = self.row(x, start, x.start), self.row(x, stop, x.stop)
            return Value(x.dims, x.nodes, first, last)
        self.expanded(x, dim, "slice")
        keep = [slice(None)] * x.nodes.ndim
        keep[x.axis(dim)] = slice(start, stop, step)
        nodes = x.nodes[tuple(keep)]
        return Value((*x.dims[:dim], nodes.shape[x.axis(dim)], *x.dims[dim + 1 :]), nodes, x.start, x.stop)

    def row(self, x: Value, index: int | None, default: Row) -> Row:
        """Row that an index of a slice means; very large ones mean the end."""
        if index is None or index > self.layers:
            return default
        return plus(x.start if index >= 0 else x.stop, (0, index))

    def op_unsqueeze(self, x: Value, dim: int) -> Value:
        dim %= len(x.dims) + 1
        axis = sum(isinstance(d, int) for d in x.dims[:dim])
        return Value((*x.dims[:dim], 1, *x.dims[dim:]), np.expand_dims(x.nodes, axis), x.start, x.stop)

    def op_squeeze(self, x: Value, dim: int) -> Value:
        return self.op_select(x, dim, 0)

    def op_t(self, x: Value) -> Value:
        if len(x.dims) < 2:
            return x
        return Value(x.dims[::-1], x.nodes.T, x.start, x.stop)

    def op_permute(self, x: Value, order: list[int]) -> Value:
        expanded = [d for d in order if isinstance(x.dims[d], int)]
        return Value(tuple(x.dims[d] for d in order), x.nodes.transpose([x.axis(d) for d in expanded]), x.start, x.stop)

    def op_view(self, x: Value, shape: list[int]) -> Value:
        if x.layered and (x.start, x.stop) != (TOP, BOTTOM):
            raise Unsupported("reshape of a slice of layers")
        if -1 in shape:
            number = {tag: size for size, tag in self.sizes.items()}
            total = math.prod(number.get(d, d) for d in x.dims)
            shape = [total // math.prod(n for n in shape if n != -1) if n == -1 else n for n in shape]
        sizes = [self.sizes.get(n, n) for n in shape]
        return Value(tuple(sizes), x.nodes.reshape(tuple(n for n in sizes if isinstance(n, int))))

    op_reshape = op_unsafe_view = op_view

    def op_expand(self, x: Value, shape: list[int], **_: Any) -> Value:
        sizes: list[Any] = []
        for own, n in zip((1,) * (len(shape) - len(x.dims)) + x.dims, shape, strict=True):
            sizes.append(own if n == -1 or own == LAYER else self.sizes.get(n, n))
        like = Value(tuple(sizes), array([self.graph.literal(0.0)], (1,) * sum(isinstance(n, int) for n in sizes)))
        like = Value(like.dims, np.broadcast_to(like.nodes, tuple(n for n in sizes if isinstance(n, int))), x.start, x.stop)
        dims, nodes, start, stop = broadcast(self.graph, [like, x])
        return Value(dims, nodes[1], start, stop)

    def op_stack(self, values: list[Value], dim: int = 0) -> Value:
        return self.op_cat([self.op_unsqueeze(v, dim) for v in values], dim)

    def op_cat(self, values: list[Value], dim: int = 0) -> Value:
        dim %= len(values[0].dims)
        if any(v.dims[dim] == LAYER for v in values):
            return self.cat_layers(values, dim)
        axis = values[0].axis(dim)
        layered = next((v for v in values if v.layered), values[0])
        nodes = np.concatenate([self.aligned(v, layered.start) for v in values], axis)
        dims = (*layered.dims[:dim], nodes.shape[axis], *layered.dims[dim + 1 :])
        return Value(dims, nodes, layered.start, layered.stop)

    def aligned(self, x: Value, start: Row) -> np.ndarray:
        """Nodes of ``x`` whose row ``start`` is the first row ``x`` means."""
        if not x.layered or x.start == start:
            return x.nodes
        by = minus(x.start, start)
        return map_nodes(lambda n: shifted(self.graph, n, by), x.nodes)

    def cat_layers(self, values: list[Value], dim: int) -> Value:
        """Rows of several fields one below the other: one "rows" walk for each element."""
        at: Row = TOP
        pieces: list[tuple[np.ndarray, Row, Row, Row]] = []
        for v in values:
            if v.dims[dim] == LAYER:
                end = plus(at, minus(v.stop, v.start))
                pieces.append((v.nodes, at, end, minus(v.start, at)))
            else:
                end = plus(at, (0, v.dims[dim]))
                if v.dims[dim] != 1:
                    raise Unsupported("cat along layers of a tensor without layers")
                pieces.append((take(v.nodes, 0, v.axis(dim)), at, end, TOP))
            at = end
        layered = next(v for v in values if v.dims[dim] == LAYER)
        shape = layered.nodes.shape
        made = []
        for i in range(layered.nodes.size):
            parts = [np.broadcast_to(p[0], shape).reshape(-1)[i] for p in pieces]
            attr = tuple((p[1], p[2], p[3]) for p in pieces)
            made.append(self.graph.make("rows", parts, attr, "F", layered.dtype))
        return Value(layered.dims, array(made, shape), TOP, at)

    def expanded(self, x: Value, dim: int, what: str) -> None:
        if not isinstance(x.dims[dim], int):
            raise Unsupported(f"{what} over columns or cells would mix them")
