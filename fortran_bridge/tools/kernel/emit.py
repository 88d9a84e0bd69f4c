"""C++ text of one program of a kernel: a function per action of its plan, and the function that runs them over a tile.

What:    loops over cells, bodies of marked loops and the code that repeats them, routines along layers, and their order.
Use:     ``text = Program("forward", plan, bodies, outputs, tables).text()``; file.py puts the programs together
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from .expressions import Expressions, Tables
from .ir import Node
from .outline import Body
from .schedule import Loop, Plan, Strip, Turns, Walk
from .values import Row, Value

TARGETS = {
    "prepare": ("result",),
    "initial_state": ("result",),
    "forward": ("result", "output_layer", "output_column", "flag"),
    "laboratory_ph": ("result",),
}
"""Where the outputs of each program go in ``calcisol_kernel_call`` (src/native/kernel.hpp)."""


BLOCKS = {"state": "call.state", "static": "call.statics", "layer": "call.layer", "column": "call.column"}
Given = Mapping[tuple[str, int], float]
"""What inputs are, by block and row (given.py)."""


def row_text(row: Row) -> str:
    """A row in C++."""
    return f"{row[0]} * t.layers + {row[1]}" if row[0] else str(row[1])


class Program(Expressions):
    """Writes one program."""

    def __init__(
        self, name: str, plan: Plan, bodies: list[Body], outputs: list[Value], tables: Tables, given: Given | None = None
    ) -> None:
        super().__init__(plan, tables)
        self.name, self.bodies, self.outputs, self.given = name, bodies, outputs, given or {}

    # ---- functions

    def loop(self, name: str, action: Loop) -> list[str]:
        stores = set(action.stores)
        lines: list[str] = []
        self.wide = action.wide
        for node, statements in self.statements(action.nodes, self.load):
            lines += statements
            if node in stores:
                place = self.place(node)
                if node.dtype == "f" and node.space in "SC":
                    place = f"reinterpret_cast<float *>({place})"
                lines.append(f"    store({place}, v{node.number});")
        span = "int from, int to" if action.space == "F" else "int to"
        start = "from" if action.space == "F" else "0"
        head = [
            f"__attribute__((noinline)) void {name}(const Tile &t, {span}) {{",
            f"  for (int i = {start}; i < to; i += {self.lanes()}) {{",
        ]
        return [*head, *lines, "  }", "}"]

    def statements(self, nodes: list[Node], load: Callable[[Node], str]) -> Iterator[tuple[Node, list[str]]]:
        """Each node with its statement, after those that load what it reads and is not there yet; leaves are only loaded."""
        there: set[Node] = set()
        for node in nodes:
            lines = []
            for a in node.args or (node,):
                if a not in there:
                    there.add(a)
                    lines.append(f"    const {self.type(a.dtype)} v{a.number} = {load(a)};")
            if node not in there:
                there.add(node)
                value = self.expression(node, [f"v{a.number}" for a in node.args])
                lines.append(f"    const {self.type(node.dtype)} v{node.number} = {value};")
            yield node, lines

    def body(self, body: Body) -> list[str]:
        """One iteration over some cells: ``a`` are the ports, ``c`` the carried values, replaced once all of them are read."""

        def load(n: Node) -> str:
            if n.op not in ("port", "carried"):
                return self.load(n)
            at = ("a" if n.op == "port" else "c") + f"[{n.attr}]" + (" + i" if n.space == "F" else "")
            if self.wide:
                return f"load_w({at})" if n.space == "F" else f"all_w(*{at})"
            return f"load{'' if n.dtype == 'd' else '_m'}({at})"

        self.wide = body.dtype == "f"
        of = "float" if self.wide else "double"
        lines = [line for _, statements in self.statements([*body.nodes, *body.ends], load) for line in statements]
        lines += [f"    store(c[{i}] + i, v{end.number});" for i, end in enumerate(body.ends)]
        arguments = f"const Tile &t, const {of} *const *a, {of} *const *c, int cells"
        head = [
            f"__attribute__((noinline)) void body_{body.number}({arguments}) {{",
            "  static_cast<void>(t);",
            f"  for (int i = 0; i < cells; i += {self.lanes()}) {{",
        ]
        return [*head, *lines, "  }", "}"]

    def turns(self, name: str, action: Turns) -> list[str]:
        """The values that enter are copied to where they are carried; then the iterations."""
        node, count = action.node, len(action.turned)
        of = "float" if node.dtype == "f" else "double"

        def places(nodes: Sequence[Node]) -> str:
            texts = [self.place(n, "from") for n in nodes]
            far = of == "float"  # of a number per call, which lies among float64
            return ", ".join(f"(const float *)({x})" if far and n.space == "S" else x for n, x in zip(nodes, texts, strict=True))

        carried, starts = places(action.turned), places(node.args[:count])
        ports = places(node.args[count:]) or "nullptr"
        return [
            f"__attribute__((noinline)) void {name}(const Tile &t, int from, int to) {{",
            f"  {of} *const c[] = {{{carried}}};",
            f"  const {of} *const a[] = {{{ports}}};",
            f"  const {of} *const starts[] = {{{starts}}};",
            f"  carry(c, starts, {count}, to - from);",
            f"  for (int n = 0; n < {node.attr.n}; ++n)",
            f"    body_{node.attr.body.number}(t, a, c, to - from);",
            "}",
        ]

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
                body = self.systems(action.nodes)
            else:
                body.append(f"  {node.op}(t, out, {self.place(node.args[0], '0')});")
        return [f"inline void {name}(const Tile &t) {{", *body, "}"]

    def systems(self, nodes: list[Node]) -> list[str]:
        """Tridiagonal systems side by side."""
        texts = [[self.place(a, "0") for a in (n, *n.args)] for n in nodes]
        for n, places in zip(nodes, texts, strict=True):
            above, below = n.attr
            places[1] += " - t.columns" if above else ""
            places[3] += " + t.columns" if below else ""
        lines = [
            f"  {'' if name == 'out' else 'const '}double *const {name}[] = {{{', '.join(places)}}};"
            for name, places in zip(("out", "lower", "diagonal", "upper", "right"), zip(*texts, strict=True), strict=True)
        ]
        return [*lines, f"  solve(t, {len(nodes)}, out, lower, diagonal, upper, right, {self.plan.sizes['f']});"]

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
        offsets = self.tables.offsets
        weights = f"t.q + {offsets[w]}, t.q + {offsets[b]}"
        shape = f"{len(node.args)}, {str(active).lower()}"
        return [*body, f"  dense<{shape}>({x}, {weights}, {out}, STRIDE, {self.plan.used[node]}, t.padded);"]

    # ---- the whole program

    def text(self) -> list[str]:
        """Lines of the namespace of this program."""
        functions: list[str] = []
        once: list[str] = []
        each: list[str] = []
        for body in self.bodies:
            functions += [*self.body(body), ""]
        for number, action in enumerate(self.plan.calls()):
            if isinstance(action, Strip):
                names = [f"{'turns' if isinstance(a, Turns) else 'loop'}_{number}_{i}" for i, a in enumerate(action.loops)]
                for name, part in zip(names, action.loops, strict=True):
                    functions += [*(self.turns(name, part) if isinstance(part, Turns) else self.loop(name, part)), ""]
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
        sizes = self.plan.sizes
        return [
            f"namespace {self.space} {{",
            "",
            *functions,
            "struct Program {",
            f"  static constexpr std::int64_t fields = {sizes['f'] + self.plan.systems}, per_column = {sizes['c']}, "
            f"per_call = {sizes['s']}, float_fields = {sizes['g']}, locals = {sizes['l']}, float_locals = {sizes['h']};",
            "  static bool fits(const calcisol_kernel_call &call, int at, int columns) {",
            *self.condition(),
            "  }",
            "  static void read_inputs(const Tile &t, const calcisol_kernel_call &call, int at) {",
            *self.reads(),
            "  }",
            "  static void write_outputs(const Tile &t, const calcisol_kernel_call &call, int at) {",
            *self.writes(),
            "  }",
            "  static void once(const Tile &t) {",
            "    static_cast<void>(t);",
            *(f"    {c}" for c in once),
            "  }",
            "  static void each_tile(const Tile &t) {",
            *(f"    {c}" for c in each),
            "  }",
            "};",
            "",
            f"}} // namespace {self.space}",
            "",
        ]

    @property
    def space(self) -> str:
        """Namespace of the program."""
        return f"usual_{self.name}" if self.given else self.name

    def condition(self) -> list[str]:
        """Whether the inputs of some columns are what the program was written for."""
        if not self.given:
            return ["    static_cast<void>(call), static_cast<void>(at), static_cast<void>(columns);", "    return true;"]
        lines = ["    const std::ptrdiff_t size = static_cast<std::ptrdiff_t>(call.layers) * call.columns;"]
        tests = [f"all_are(call, {BLOCKS[b]} + {row} * size + at, columns, {x.hex()})" for (b, row), x in self.given.items()]
        return [*lines, f"    return {' && '.join(tests)};"]

    def reads(self) -> list[str]:
        lines = ["    [[maybe_unused]] const std::ptrdiff_t size = static_cast<std::ptrdiff_t>(call.layers) * call.columns;"]
        for node in self.plan.nodes:
            if node.op == "input" and node.space != "S":
                block, row = node.attr
                slot = self.plan.slots[node][1]
                if node.space == "F":
                    lines.append(f"    read_field(t, {slot}, {BLOCKS[block]} + {row} * size, at, call.columns);")
                else:
                    lines.append(f"    read_column(t, {slot}, {BLOCKS[block]} + {row} * call.columns, at);")
        return lines

    def writes(self) -> list[str]:
        lines = ["    const std::ptrdiff_t size = static_cast<std::ptrdiff_t>(call.layers) * call.columns;"]
        for value, target in zip(self.outputs, TARGETS[self.name], strict=True):
            for row, node in enumerate(value.nodes.reshape(-1)):
                place = self.place(node, "0")
                if target == "flag":
                    lines.append(f"    write_integers(t, {place}, call.flag, at, call.columns);")
                elif target == "output_column":
                    lines.append(f"    write_column(t, {place}, call.output_column + {row} * call.columns, at);")
                else:
                    lines.append(f"    write_field(t, {place}, call.{target} + {row} * size, at, call.columns);")
        return lines
