"""C++ text of one value of a kernel: literals, where a kept value lies, and the expression of each operator.

What:    float64 lanes are V, float32 F, masks and integers M (src/native/lanes.hpp); tensors of the bundle lie one after the
         other in two arrays, float64 and float32, at the offsets given here.
Use:     methods of ``emit.Program``: ``self.expression(node, ["v1", "v2"])``
"""

from __future__ import annotations

import math

from .ir import Node
from .schedule import Plan
from .values import Unsupported

TYPES = {"d": "V", "f": "F", "b": "M", "i": "M"}
WIDE = {"f": "W", "b": "WI"}  # in loops over nothing but float32
INFIX = {"mul": "*", "add": "+", "sub": "-", "div": "/", "and": "&", "or": "|"}
COMPARE = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
CALLS = {
    "exp", "log", "log10", "log1p", "expm1", "sqrt", "abs", "tanh", "sigmoid", "silu", "asinh", "sin", "cos", "softplus", "relu",
    "minimum", "maximum", "at_least", "at_most", "fma", "fms", "fnma",
}  # fmt: skip


class Tables:
    """Where the tensors of a kernel lie; name -> dtype, shape is what its programs read."""

    def __init__(self, tensors: dict[str, tuple[str, tuple[int, ...]]]) -> None:
        self.tensors: list[tuple[str, str, int, int]] = []  # name, dtype, count, offset
        self.offsets: dict[str, int] = {}
        self.sizes = {"d": 0, "f": 0}
        for name, (dtype, shape) in tensors.items():
            count = 1
            for n in shape:
                count *= n
            if dtype not in self.sizes:
                raise Unsupported(f"tensor {name} is neither float64 nor float32")
            self.offsets[name] = self.sizes[dtype]
            self.tensors.append((name, dtype, count, self.sizes[dtype]))
            self.sizes[dtype] += count


class Expressions:
    """What a node is in C++."""

    def __init__(self, plan: Plan, tables: Tables) -> None:
        self.plan, self.tables = plan, tables
        self.wide = False  # what is being written is a loop over float32 alone

    def type(self, dtype: str) -> str:
        return (WIDE if self.wide else TYPES)[dtype]

    def lanes(self) -> str:
        """Cells of a turn of the loop that is being written."""
        return "WIDE" if self.wide else "N"

    def single(self, text: str) -> str:
        """A float32 number in all lanes."""
        return f"all_{'w' if self.wide else 'f'}({text})"

    def literal(self, value: float, dtype: str) -> str:
        if dtype in "bi":
            return f"all_i({int(value)})"
        if math.isnan(value):
            text = '__builtin_nan("")'
        else:
            text = ("-" if value < 0 else "") + "__builtin_inf()" if math.isinf(value) else value.hex()
        return f"all({text})" if dtype == "d" else self.single(f"float({text})")

    def place(self, node: Node, index: str = "i") -> str:
        """Address of a kept value at lane ``index``."""
        if node.op == "take":
            return f"t.floats({self.plan.slots[node.args[0]][1] + node.attr}) + {index}"
        pool, slot = self.plan.slots[node]
        base = {"f": "t.field", "c": "t.column", "g": "t.floats", "l": "t.local", "h": "t.local_floats"}
        index = f"{index} - from" if pool in "lh" else index
        return f"t.s + {slot} * N" if pool == "s" else f"{base[pool]}({slot}) + {index}"

    def load(self, node: Node) -> str:
        if node.op == "literal":
            return self.literal(node.attr, node.dtype)
        if node.op == "parameter":
            at = self.tables.offsets[node.attr[0]] + node.attr[1]
            return f"all(t.p[{at}])" if node.dtype == "d" else self.single(f"t.q[{at}]")
        if node.op == "input" and node.space == "S":
            return "all(t.dt)"
        if node.dtype == "f" and node.space in "SC" and node.op != "take":
            if self.wide:
                return f"all_w(*reinterpret_cast<const float *>({self.place(node)}))"
            return f"load_f(reinterpret_cast<const float *>({self.place(node)}))"
        if self.wide:
            return f"load_w{'i' if node.dtype == 'b' else ''}({self.place(node)})"
        return f"load{ {'d': '', 'f': '_f', 'b': '_m', 'i': '_m'}[node.dtype] }({self.place(node)})"

    def expression(self, node: Node, args: list[str]) -> str:
        op, kind = node.op, node.args[0].dtype
        if op in INFIX:
            return f"{args[0]} {INFIX[op]} {args[1]}"
        if op in COMPARE:
            return f"mask({args[0]} {COMPARE[op]} {args[1]})"
        if op in CALLS:
            return f"{op}({', '.join(args)})"
        if op == "where":
            return f"select({', '.join(args)})"
        if op == "pow":
            return f"pow({args[0]}, {node.attr.hex()})"
        if op == "square":
            return f"{args[0]} * {args[0]}"
        one = "all(1.0)" if kind == "d" else self.single("1.0f")
        if op in ("reciprocal", "rsqrt"):
            return f"{one} / {args[0]}" if op == "reciprocal" else f"{one} / sqrt({args[0]})"
        if op == "neg":
            return f"-{args[0]}"
        if op == "not":
            return f"~{args[0]}"
        if op == "fill":
            return args[0]
        if op.startswith("to_"):
            return self.conversion(kind, op[3:], args[0])
        raise Unsupported(f"no C++ for {op}")

    def conversion(self, source: str, target: str, x: str) -> str:
        if source == "b":  # masks are 0 or -1
            x, source = f"({x} & 1)", "i"
        if target == "b":
            return f"mask({x} != 0)"
        if source == target:
            return x
        return f"__builtin_convertvector({x}, {self.type(target)})"

    def number(self, node: Node) -> str:
        """A float64 value per call as one number."""
        if node.dtype != "d":
            raise Unsupported("rows of a value per call that is not float64")
        if node.op == "literal":
            return str(node.attr.hex())
        if node.op == "parameter":
            return f"t.p[{self.tables.offsets[node.attr[0]] + node.attr[1]}]"
        return "t.dt" if node.op == "input" else f"t.s[{self.plan.slots[node][1]} * N]"
