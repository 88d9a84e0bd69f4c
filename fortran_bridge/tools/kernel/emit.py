"""C++ text of a kernel: one function per action of the plan, and the function that runs them over the tiles of a call.

Use:     ``text = Writer(plan, outputs, tensors, masks, fingerprint).text()``
"""

from __future__ import annotations

from .expressions import TYPES, Expressions
from .ir import Node
from .schedule import Loop, Plan, Strip, Walk
from .values import Row, Value


def row_text(row: Row) -> str:
    """A row in C++."""
    return f"{row[0]} * t.layers + {row[1]}" if row[0] else str(row[1])


class Writer(Expressions):
    """Writes one kernel."""

    def __init__(
        self,
        plan: Plan,
        outputs: list[Value],
        tensors: dict[str, tuple[str, tuple[int, ...]]],
        masks: dict[str, list[float]],
        fingerprint: str,
    ) -> None:
        super().__init__(plan, tensors)
        self.outputs, self.masks, self.fingerprint = outputs, masks, fingerprint

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
