"""ATen operators of the traced step as scalar expressions: one handler per operator.

What:    walks the graph of emulator/graph.py and returns the four outputs of a step as Values. Elementwise operators map to
         nodes; views only move references; what couples layers becomes a walk. An operator without handler is an error that
         names it: nothing is approximated.
Use:     ``outputs = Lowering(graph_module, names, layers, columns).run()``
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import fx

from .ir import Graph, Node
from .values import (
    BOTTOM,
    CELL,
    COLUMN,
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
    scalar,
    shifted,
    take,
    to_column,
)

DTYPES = {torch.float64: "d", torch.float32: "f", torch.bool: "b", torch.int32: "i", torch.int64: "i"}
ARGUMENTS = ("state", "static", "layer", "column", "dt")
UNARY = {
    "neg", "reciprocal", "exp", "log", "log10", "log1p", "expm1", "sqrt", "rsqrt", "abs", "tanh", "sigmoid", "silu", "asinh",
    "sin", "cos", "softplus", "relu", "square",
}  # fmt: skip
BINARY = {"mul": "mul", "add": "add", "sub": "sub", "div": "div", "minimum": "minimum", "maximum": "maximum"}
COMPARE = {"lt", "le", "gt", "ge", "eq", "ne"}
LOGIC = {"bitwise_and": "and", "bitwise_or": "or", "logical_and": "and", "logical_or": "or"}
SAME = {"detach", "clone", "alias", "contiguous", "lift_fresh_copy", "lift_fresh"}


class Lowering:
    """State of one pass over the graph."""

    def __init__(self, module: fx.GraphModule, names: dict[str, str], layers: int, columns: int) -> None:
        self.module, self.names = module, names
        self.sizes = {layers: LAYER, columns: COLUMN, layers * columns: CELL}
        self.layers = layers
        self.graph = Graph()
        self.tensors: dict[str, tuple[str, tuple[int, ...]]] = {}  # name -> dtype, shape, in order of first use
        self.masks: dict[str, list[float]] = {}  # tensors of zeros and ones: structure, written into the kernel
        self.env: dict[fx.Node, Any] = {}

    def run(self) -> list[Value]:
        """The outputs of the step."""
        placeholders = iter(ARGUMENTS)
        for node in self.module.graph.nodes:
            if node.op == "placeholder":
                self.env[node] = self.argument(next(placeholders), node.meta["tensor_meta"].shape)
            elif node.op == "get_attr":
                self.env[node] = self.tensor(node.target)
            elif node.op == "output":
                outputs = fx.node.map_arg(node.args[0], lambda n: self.env[n])
                return [Value(v.dims, map_nodes(self.field if v.layered else self.per_column, v.nodes)) for v in outputs]
            else:
                args = fx.node.map_arg(node.args, lambda n: self.env[n])
                kwargs = fx.node.map_arg(node.kwargs, lambda n: self.env[n])
                self.env[node] = self.call(node.target, args, kwargs)
        raise Unsupported("the graph has no output")

    def argument(self, block: str, shape: tuple[int, ...]) -> Value:
        dims = tuple(self.sizes.get(int(n), int(n)) for n in shape)
        if not dims:
            return scalar(self.graph.input(block, 0, "S"))
        rows = int(shape[0])  # of an argument, the rows are always a number
        space = "F" if LAYER in dims else "C"
        return Value(dims, array([self.graph.input(block, row, space) for row in range(rows)], (rows,)))

    def tensor(self, target: str) -> Value:
        found = getattr(self.module, target)
        dtype, shape = DTYPES[found.dtype], tuple(found.shape)
        if target not in self.names:  # made in the step itself: a literal
            return Value(shape, array([self.graph.literal(x, dtype) for x in found.flatten().tolist()], shape))
        name = self.names[target]
        if dtype == "d" and bool(((found == 0.0) | (found == 1.0)).all()):
            self.masks[name] = found.flatten().tolist()
            return Value(shape, array([self.graph.literal(x) for x in self.masks[name]], shape))
        self.tensors.setdefault(name, (dtype, shape))
        return Value(shape, array([self.graph.parameter(name, i, dtype) for i in range(found.numel())], shape))

    def call(self, target: Any, args: Any, kwargs: Any) -> Any:
        if target is operator.getitem:
            return args[0][args[1]]
        name = str(target).split(".")[1]  # aten.NAME.overload
        if name in SAME:
            return args[0]
        if name in UNARY and not (name == "silu" and self.in_block(args[0])):
            return self.unary(name, args[0])
        if name in BINARY:
            if kwargs.get("alpha", 1) != 1 or kwargs.get("rounding_mode"):
                raise Unsupported(f"{target} with {kwargs}")
            return self.elementwise(BINARY[name], *args)
        if name in COMPARE:
            return self.elementwise(name, *args, dtype="b")
        if name in LOGIC:
            return self.elementwise(LOGIC[name], *args)
        handler: Callable[..., Any] | None = getattr(self, "op_" + name.lstrip("_"), None)
        if handler is None:
            raise Unsupported(f"operator {target} has no handler; add one to lower.py")
        return handler(*args, **kwargs)

    # ---- elementwise

    def value(self, x: Any, dtype: str) -> Value:
        """A literal as a value; a value as it is, converted to ``dtype``."""
        if not isinstance(x, Value):
            return scalar(self.graph.literal(x, dtype))
        return x if x.dtype == dtype or dtype == "b" else self.convert(x, dtype)

    def convert(self, x: Value, dtype: str) -> Value:
        return Value(x.dims, map_nodes(lambda n: self.graph.apply("to_" + dtype, n, dtype=dtype), x.nodes), x.start, x.stop)

    def unary(self, op: str, x: Value, attr: Any = None, dtype: str | None = None) -> Value:
        return Value(x.dims, map_nodes(lambda n: self.graph.apply(op, n, attr=attr, dtype=dtype), x.nodes), x.start, x.stop)

    def elementwise(self, op: str, *args: Any, dtype: str | None = None) -> Value:
        order = "bifd"
        # a 0-d float64 or a literal does not promote a float32 tensor, and a literal takes the type of what it meets
        tensors = [a for a in args if isinstance(a, Value)]
        dimensioned = [a for a in tensors if a.dims] or tensors
        common = max((a.dtype for a in dimensioned), key=order.index)
        values = [self.value(a, common) for a in args]
        dims, nodes, start, stop = broadcast(self.graph, values)
        shape = nodes[0].shape
        made = [self.simple(op, elements, dtype) for elements in zip(*(n.reshape(-1) for n in nodes), strict=True)]
        return Value(dims, array(made, shape), start, stop)

    def simple(self, op: str, args: tuple[Node, ...], dtype: str | None) -> Node:
        """One elementwise node; a product with the literal 1 is its other factor."""
        if op == "mul":
            for one, other in (args, args[::-1]):
                if one.op == "literal" and one.attr == 1.0:
                    return other
        return self.graph.apply(op, *args, dtype=dtype)

    def op_rsub(self, x: Value, y: Any) -> Value:
        return self.elementwise("sub", y, x)

    def op_clamp(self, x: Value, min: Any = None, max: Any = None) -> Value:
        for limit, op in ((min, "at_least"), (max, "at_most")):
            if limit is not None:
                x = self.elementwise(op, x, limit)
        return x

    def op_clamp_min(self, x: Value, limit: Any) -> Value:
        return self.op_clamp(x, min=limit)

    def op_pow(self, x: Value, exponent: float) -> Value:
        whole = {2.0: ("mul", 2), 3.0: ("mul", 3), -1.0: ("reciprocal", 1), 0.5: ("sqrt", 1), -2.0: ("reciprocal", 2)}
        if not isinstance(exponent, (int, float)):
            raise Unsupported("pow with an exponent that is no literal")
        if exponent not in whole:
            return self.unary("pow", x, attr=float(exponent))
        op, copies = whole[float(exponent)]
        product = x
        for _ in range(copies - 1):
            product = self.elementwise("mul", product, x)
        return product if op == "mul" else self.unary(op, product)

    def op_isnan(self, x: Value) -> Value:
        return self.elementwise("ne", x, x, dtype="b")

    def op_where(self, condition: Value, x: Any, y: Any) -> Value:
        common = max((a.dtype for a in (x, y) if isinstance(a, Value)), key="bifd".index)
        values = [condition, self.value(x, common), self.value(y, common)]
        dims, nodes, start, stop = broadcast(self.graph, values)
        made = [self.graph.apply("where", *n, dtype=common) for n in zip(*(a.reshape(-1) for a in nodes), strict=True)]
        return Value(dims, array(made, nodes[0].shape), start, stop)

    def op_bitwise_not(self, x: Value) -> Value:
        return self.unary("not", x)

    op_logical_not = op_bitwise_not

    def op_to_copy(self, x: Value, dtype: torch.dtype | None = None, **_: Any) -> Value:
        return x if dtype is None or DTYPES[dtype] == x.dtype else self.convert(x, DTYPES[dtype])

    # ---- tensors of one value

    def full(self, like: Value, value: float, dtype: torch.dtype | None) -> Value:
        node = self.graph.literal(float(value), DTYPES[dtype] if dtype else like.dtype)
        return Value(like.dims, array([node] * like.nodes.size, like.nodes.shape), like.start, like.stop)

    def op_zeros_like(self, x: Value, dtype: torch.dtype | None = None, **_: Any) -> Value:
        return self.full(x, 0.0, dtype)

    def op_ones_like(self, x: Value, dtype: torch.dtype | None = None, **_: Any) -> Value:
        return self.full(x, 1.0, dtype)

    def op_full_like(self, x: Value, value: float, dtype: torch.dtype | None = None, **_: Any) -> Value:
        return self.full(x, value, dtype)

    # ---- views

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
        """Row that an index of a slice means; huge ones mean the end."""
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

    # ---- reductions

    def fold(self, x: Value, dim: Any, op: str) -> Value:
        dims = [dim] if isinstance(dim, int) else list(dim)
        if len(dims) != 1 or not isinstance(x.dims[dims[0]], int):
            raise Unsupported(f"{op} over layers, columns or several dimensions")
        parts = self.op_unbind(x, dims[0])
        total = parts[0]
        for part in parts[1:]:
            total = self.elementwise(op, total, part)
        return total

    def op_amax(self, x: Value, dim: Any = (), keepdim: bool = False) -> Value:
        total = self.fold(x, dim, "maximum")
        return self.op_unsqueeze(total, dim[0]) if keepdim else total

    def op_all(self, x: Value, dim: int) -> Value:
        return self.fold(x, dim, "and")

    def op_any(self, x: Value, dim: int) -> Value:
        return self.fold(x, dim, "or")

    # ---- along layers

    def walk(self, op: str, x: Value, dim: int) -> Value:
        if x.dims[dim] != LAYER or (x.start, x.stop) != (TOP, BOTTOM):
            raise Unsupported(f"{op} over something other than all layers")
        return Value(x.dims, map_nodes(lambda n: self.graph.make(op, (self.field(n),), None, "F", n.dtype), x.nodes))

    def field(self, n: Node) -> Node:
        """A node computed in every cell."""
        if n.space == "S":
            return self.graph.make("fill", (n,), None, "F", n.dtype)
        return self.graph.spread(n)

    def per_column(self, n: Node) -> Node:
        """A node computed in every column."""
        return n if n.space == "C" else self.graph.make("fill", (n,), None, "C", n.dtype)

    def op_cumsum(self, x: Value, dim: int) -> Value:
        return self.walk("cumsum", x, dim)

    def op_flip(self, x: Value, dims: list[int]) -> Value:
        return self.walk("flip", x, dims[0])

    def op_ordered_sum(self, x: Value, dim: int) -> Value:
        dim %= len(x.dims)
        if isinstance(x.dims[dim], int):
            return self.fold(x, dim, "add")
        if x.dims[dim] != LAYER or (x.start, x.stop) != (TOP, BOTTOM):
            raise Unsupported("a sum over something other than all layers")
        return Value(x.drop(dim), map_nodes(lambda n: self.graph.make("sum", (self.field(n),), None, "C", n.dtype), x.nodes))

    def op_solve(self, *bands: Value) -> Value:
        dims, nodes, start, stop = broadcast(self.graph, list(bands))
        if (start, stop) != (TOP, BOTTOM):
            raise Unsupported("a tridiagonal solve over something other than all layers")
        made = [
            self.graph.make("solve", [self.field(n) for n in row], None, "F", "d")
            for row in zip(*(n.reshape(-1) for n in nodes), strict=True)
        ]
        return Value(dims, array(made, nodes[0].shape))

    # ---- matrix products: one routine for all outputs, lanes over cells

    def op_addmm(self, bias: Value, x: Value, weight: Value) -> Value:
        w, b = self.matrix(weight), self.matrix(bias)
        inputs = [self.field(n) for n in x.nodes.reshape(-1)]
        if x.dims[0] != CELL or x.dtype != "f":
            raise Unsupported("a matrix product that is not [cell, feature] float32")
        n = weight.dims[1]
        dense = self.graph.make("dense", inputs, (w, b, n, False), "F", "f")
        return Value((CELL, n), array([self.graph.make("take", (dense,), i, "F", "f") for i in range(n)], (n,)))

    def matrix(self, x: Value) -> str:
        """Name of the tensor whose elements these are, in row order (a matrix transposed, as torch keeps its weights)."""
        nodes = (x.nodes.T if x.nodes.ndim == 2 else x.nodes).reshape(-1)
        first = nodes[0]
        if first.op != "parameter" or any(n.attr != (first.attr[0], i) for i, n in enumerate(nodes)):
            raise Unsupported("a matrix product with something other than a whole tensor of the bundle")
        return str(first.attr[0])

    def in_block(self, x: Value) -> bool:
        """All outputs of one matrix product, in order."""
        nodes = list(x.nodes.reshape(-1))
        if nodes[0].op != "take" or nodes[0].args[0].attr[2] != len(nodes):
            return False
        return all(n.op == "take" and n.attr == i and n.args == nodes[0].args for i, n in enumerate(nodes))

    def op_silu(self, x: Value) -> Value:
        """Right behind a matrix product: part of its routine."""
        dense = x.nodes.reshape(-1)[0].args[0]
        w, b, n, _ = dense.attr
        made = self.graph.make("dense", dense.args, (w, b, n, True), "F", "f")
        return Value(x.dims, array([self.graph.make("take", (made,), i, "F", "f") for i in range(n)], x.nodes.shape))
