"""C++ text of a kernel: one function per action of the plan, and the function that runs them over the tiles of a call.

Use:     ``text = Writer(plan, outputs, tensors, masks, fingerprint).text()``
"""

from __future__ import annotations

import math

from .ir import Node
from .schedule import Loop, Plan, Strip, Walk
from .values import Row, Unsupported, Value

TYPES = {"d": "V", "f": "F", "b": "M", "i": "M"}
INFIX = {"mul": "*", "add": "+", "sub": "-", "div": "/", "and": "&", "or": "|"}
COMPARE = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
CALLS = {
    "exp", "log", "log10", "log1p", "expm1", "sqrt", "abs", "tanh", "sigmoid", "silu", "asinh", "sin", "cos", "softplus", "relu",
    "minimum", "maximum", "at_least", "at_most", "fma", "fms", "fnma",
}  # fmt: skip


def row_text(row: Row) -> str:
    """A row in C++."""
    return f"{row[0]} * t.layers + {row[1]}" if row[0] else str(row[1])


class Writer:
    """Writes one kernel."""

    def __init__(
        self,
        plan: Plan,
        outputs: list[Value],
        tensors: dict[str, tuple[str, tuple[int, ...]]],
        masks: dict[str, list[float]],
        fingerprint: str,
    ) -> None:
        self.plan, self.outputs, self.masks, self.fingerprint = plan, outputs, masks, fingerprint
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

    # ---- expressions

    def literal(self, value: float, dtype: str) -> str:
        if dtype in "bi":
            return f"all_i({int(value)})"
        if math.isnan(value):
            text = '__builtin_nan("")'
        else:
            text = ("-" if value < 0 else "") + "__builtin_inf()" if math.isinf(value) else value.hex()
        return f"all({text})" if dtype == "d" else f"all_f(float({text}))"

    def place(self, node: Node, index: str = "i") -> str:
        """Address of a kept value at lane ``index``."""
        if node.op == "take":
            return f"t.floats({self.plan.slots[node.args[0]][1] + node.attr}) + {index}"
        pool, slot = self.plan.slots[node]
        base = {"f": "t.field", "c": "t.column", "g": "t.floats", "l": "t.local"}
        index = f"{index} - from" if pool == "l" else index
        return f"t.s + {slot} * N" if pool == "s" else f"{base[pool]}({slot}) + {index}"

    def load(self, node: Node) -> str:
        if node.op == "literal":
            return self.literal(node.attr, node.dtype)
        if node.op == "parameter":
            at = self.offsets[node.attr[0]] + node.attr[1]
            return f"all(t.p[{at}])" if node.dtype == "d" else f"all_f(t.q[{at}])"
        if node.op == "input" and node.space == "S":
            return "all(t.dt)"
        if node.dtype == "f" and node.space in "SC" and node.op != "take":
            return f"load_f(reinterpret_cast<const float *>({self.place(node)}))"
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
        one = "all(1.0)" if kind == "d" else "all_f(1.0f)"
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
        return f"__builtin_convertvector({x}, {TYPES[target]})"

    # ---- functions

    def loop(self, name: str, action: Loop) -> list[str]:
        own = set(action.nodes)
        body, named = [], {}

        def text(a: Node) -> str:
            if a not in named:
                named[a] = f"v{a.number}"
                body.append(f"    const {TYPES[a.dtype]} v{a.number} = {self.load(a)};")
            return named[a]

        stores = set(action.stores)
        for node in action.nodes:
            args = [named[a] if a in own else text(a) for a in node.args]
            named[node] = f"v{node.number}"
            body.append(f"    const {TYPES[node.dtype]} v{node.number} = {self.expression(node, args)};")
            if node in stores:
                place = self.place(node)
                if node.dtype == "f" and node.space in "SC":
                    place = f"reinterpret_cast<float *>({place})"
                body.append(f"    store({place}, v{node.number});")
        span = "int from, int to" if action.space == "F" else "int to"
        start = "from" if action.space == "F" else "0"
        head = [
            f"__attribute__((noinline)) void {name}(const Tile &t, {span}) {{",
            f"  for (int i = {start}; i < to; i += N) {{",
        ]
        return [*head, *body, "  }", "}"]

    def strip(self, name: str, loops: list[str]) -> list[str]:
        return [
            f"inline void {name}(const Tile &t) {{",
            "  for (int from = 0; from < t.padded; from += STRIP) {",
            "    const int to = smaller(from + STRIP, t.padded);",
            *(f"    {loop}(t, from, to);" for loop in loops),
            "  }",
            "}",
        ]

    def walk(self, name: str, action: Walk) -> list[str]:
        node = action.node
        body: list[str] = []
        if node.op == "dense":
            body = self.dense(node)
        else:
            out = self.place(node, "0")
            body.append(f"  double *out = {out};")
            if node.op == "rows":
                body += self.rows(node)
            elif node.op == "row":
                body.append(f"  row(t, out, {self.place(node.args[0], '0')}, {row_text(node.attr)});")
            elif node.op == "solve":
                places = ", ".join(self.place(a, "0") for a in node.args)
                body.append(f"  solve(t, out, {places}, t.field({self.plan.sizes['f']}));")
            else:
                body.append(f"  {node.op}(t, out, {self.place(node.args[0], '0')});")
        return [f"inline void {name}(const Tile &t) {{", *body, "}"]

    def rows(self, node: Node) -> list[str]:
        body = []
        for argument, (start, stop, by) in zip(node.args, node.attr, strict=True):
            span = f"{row_text(start)}, {row_text(stop)}"
            if argument.space == "F":
                body.append(f"  rows(t, out, {self.place(argument, '0')}, {span}, {row_text(by)});")
            elif argument.space == "C":
                body.append(f"  rows_of_column(t, out, {self.place(argument, '0')}, {span});")
            else:
                body.append(f"  rows_of_number(t, out, {self.number(argument)}, {span});")
        return [*body, f"  finish(t, out, {row_text(node.attr[-1][1])});"]

    def number(self, node: Node) -> str:
        """A float64 value per call as one number."""
        if node.dtype != "d":
            raise Unsupported("rows of a value per call that is not float64")
        if node.op == "literal":
            return str(node.attr.hex())
        if node.op == "parameter":
            return f"t.p[{self.offsets[node.attr[0]] + node.attr[1]}]"
        return "t.dt" if node.op == "input" else f"t.s[{self.plan.slots[node][1]} * N]"

    def dense(self, node: Node) -> list[str]:
        w, b, _, active = node.attr
        body = [
            f"  std::memcpy(t.floats({to}), {self.place(source, '0')}, sizeof(float) * t.padded);"
            for dense, source, to in self.plan.copies
            if dense is node
        ]
        x, out = f"t.floats({self.plan.blocks[node]})", f"t.floats({self.plan.slots[node][1]})"
        weights = f"t.q + {self.offsets[w]}, t.q + {self.offsets[b]}"
        shape = f"{len(node.args)}, {str(active).lower()}"
        return [*body, f"  dense<{shape}>({x}, {weights}, {out}, STRIDE, {self.plan.used[node]}, t.padded);"]

    # ---- the whole

    def text(self) -> str:
        functions: list[str] = []
        once: list[str] = []
        each: list[str] = []
        for number, action in enumerate(self.plan.calls()):
            if isinstance(action, Strip):
                names = [f"loop_{number}_{i}" for i in range(len(action.loops))]
                for name, loop in zip(names, action.loops, strict=True):
                    functions += [*self.loop(name, loop), ""]
                functions += [*self.strip(f"strip_{number}", names), ""]
                each.append(f"strip_{number}(t);")
            elif isinstance(action, Loop):
                functions += [*self.loop(f"loop_{number}", action), ""]
                (once if action.space == "S" else each).append(
                    f"loop_{number}(t, {'N' if action.space == 'S' else 't.columns_padded'});"
                )
            else:
                functions += [*self.walk(f"walk_{number}", action), ""]
                each.append(f"walk_{number}(t);")
        lines = [
            "// Generated by fortran_bridge/tools/step_to_cpp.py from the traced step; do not edit.",
            '#include "native/dense.hpp"',
            '#include "native/tile.hpp"',
            "",
            "namespace lanes {",
            "namespace {",
            "",
            f"constexpr std::int64_t fields = {self.plan.sizes['f'] + 1}, per_column = {self.plan.sizes['c']}, "
            f"per_call = {self.plan.sizes['s']}, float_fields = {self.plan.sizes['g']}, locals = {self.plan.sizes['l']};",
            "",
            *functions,
            "void read_inputs(const Tile &t, const calcisol_kernel_call &call, int at) {",
            *self.reads(),
            "}",
            "",
            "void write_outputs(const Tile &t, const calcisol_kernel_call &call, int at) {",
            *self.writes(),
            "}",
            "",
            "void once(const Tile &t) {",
            *(f"  {c}" for c in once),
            "}",
            "",
            "void each_tile(const Tile &t) {",
            *(f"  {c}" for c in each),
            "}",
            "",
            *self.table(),
        ]
        return "\n".join(lines) + "\n"

    def reads(self) -> list[str]:
        names = {"state": "call.state", "static": "call.statics", "layer": "call.layer", "column": "call.column"}
        lines = ["  const std::ptrdiff_t size = static_cast<std::ptrdiff_t>(call.layers) * call.columns;"]
        for node in self.plan.nodes:
            if node.op == "input" and node.space != "S":
                block, row = node.attr
                slot = self.plan.slots[node][1]
                if node.space == "F":
                    lines.append(f"  read_field(t, {slot}, {names[block]} + {row} * size, at, call.columns);")
                else:
                    lines.append(f"  read_column(t, {slot}, {names[block]} + {row} * call.columns, at);")
        return lines

    def writes(self) -> list[str]:
        lines = ["  const std::ptrdiff_t size = static_cast<std::ptrdiff_t>(call.layers) * call.columns;"]
        for value, target in zip(self.outputs, ("state", "output_layer", "output_column", "flag"), strict=True):
            for row, node in enumerate(value.nodes.reshape(-1)):
                place = self.place(node, "0")
                if target == "flag":
                    lines.append(f"  write_integers(t, {place}, call.flag, at, call.columns);")
                elif target == "output_column":
                    lines.append(f"  write_column(t, {place}, call.output_column + {row} * call.columns, at);")
                else:
                    lines.append(f"  write_field(t, {place}, call.{target} + {row} * size, at, call.columns);")
        return lines

    def table(self) -> list[str]:
        masks = list(self.masks.items())
        return [
            *(f"const double mask_{i}[] = {{{', '.join(x.hex() for x in values)}}};" for i, (_, values) in enumerate(masks)),
            "const calcisol_kernel_tensor tensors[] = {",
            *(f'  {{"{name}", {int(dtype == "f")}, {count}, {offset}, nullptr}},' for name, dtype, count, offset in self.tensors),
            *(f'  {{"{name}", 0, {len(values)}, 0, mask_{i}}},' for i, (name, values) in enumerate(masks)),
            "};",
            f'constexpr const char *fingerprint = "{self.fingerprint}";',
            f"constexpr int doubles = {self.sizes['d']}, floats = {self.sizes['f']};",
            "",
            "} // namespace",
            "} // namespace lanes",
            "",
            '#include "native/run.hpp"',
        ]
