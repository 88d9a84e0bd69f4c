"""Text of a program for a device: one function, which a thread runs for its cell; CUDA, and plain C++ to emulate it.

What:    the plan of the host's kernel (schedule.py) with everything of a level in one piece and values in registers. What runs
         along layers goes through shared memory: values are put there between two barriers, and walks in earnest (sums, the
         tridiagonal solver) are dealt out over the threads of a column, one walk a thread.
Why:     one kernel a step and no field in memory: a cell reads what a step must read, and writes what it must write.
Source:  src/native/block.hpp (walks, products), exchange.hpp (the kernels around the step); expressions.py (values).
Use:     ``text = CellProgram("forward", device_plan(outputs), outputs, tables).text()``; device.py puts the programs together
"""

from __future__ import annotations

from .emit import TARGETS
from .expressions import Expressions, Tables
from .ir import Node
from .schedule import Loop, Plan, Strip, Turns, Walk
from .values import BOTTOM, TOP, Row, Unsupported, Value

WHOLE = 10**9  # operations of a loop: everything of a level in one
BUFFERS = 24  # values of a cell that lie in shared memory at a time: 36 kB a block of 192 threads
THREADS = 192  # of a block, at most: as cells of a tile, so that both take columns of the same number of layers
TYPES = {"d": "V", "f": "F", "b": "M", "i": "I"}
BLOCKS = {"state": "a.state", "static": "a.statics", "layer": "a.layer", "column": "a.column"}
KERNELS = {"prepare": "prepare", "initial_state": "initial_state", "forward": "step", "laboratory_ph": "laboratory_ph"}
LIBM = ("expm1", "sin", "cos")  # of the host's: a device has others


def device_plan(outputs: list[Value]) -> Plan:
    """The plan of a program for one thread a cell."""
    return Plan([node for value in outputs for node in value.nodes.reshape(-1)], WHOLE, vectors=False)


def row_text(row: Row) -> str:
    """A row in C++."""
    return f"({row[0]} * p.layers + {row[1]})" if row[0] else f"({row[1]})"


def exchanged(walk: Node) -> list[Node]:
    """What other layers read of the arguments of a walk."""
    if walk.op == "rows":
        parts = zip(walk.args, walk.attr, strict=True)
        return [x for x, (_, _, by) in parts if by != TOP and x.space == "F" and x.op not in ("literal", "parameter", "spread")]
    return list(dict.fromkeys(walk.args))


class CellProgram(Expressions):
    """Writes one program."""

    def __init__(self, name: str, plan: Plan, outputs: list[Value], tables: Tables) -> None:
        super().__init__(plan, tables)
        self.name, self.outputs = name, outputs
        self.lines: list[str] = []
        self.names: dict[object, str] = {}  # of what has been computed
        self.count = 0

    # ---- values

    def conversion(self, source: str, target: str, x: str) -> str:
        if target == "b":
            return x if source == "b" else f"({x} != 0)"
        return f"static_cast<{TYPES[target]}>({x})"

    def expression(self, node: Node, args: list[str]) -> str:
        if node.op in LIBM or (node.op == "tanh" and node.dtype == "d"):
            raise Unsupported(f"{node.op} on a device, whose last bit is not the host's")
        if node.op == "not":
            return f"{'!' if node.dtype == 'b' else '~'}{args[0]}"
        return super().expression(node, args)

    def emit(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def new(self, prefix: str) -> str:
        """A name not used before."""
        self.count += 1
        return f"{prefix}{self.count}"

    def define(self, name: str, dtype: str, text: str) -> str:
        self.emit(f"const {TYPES[dtype]} {name} = {text};")
        return name

    def value(self, node: Node) -> str:
        """What a value is called; inputs are read when they are first needed."""
        if node.op == "literal":
            return self.literal(node.attr, node.dtype)
        if node.op == "parameter":
            at = self.tables.offsets[node.attr[0]] + node.attr[1]
            return f"calcisol_{'doubles' if node.dtype == 'd' else 'floats'}[{at}]"
        if node.op == "input" and node.space == "S":
            return "a.dt"
        if node.op == "spread":
            return self.value(node.args[0])
        key = (node.args[0], node.attr) if node.op == "take" else node
        if key not in self.names and node.op == "input":
            block, row = node.attr
            at = f"p.column_row({row})" if node.space == "C" else f"p.row({row})"
            self.names[key] = self.define(self.new("i"), "d", f"{BLOCKS[block]}[{at}]")
        return self.names[key]

    # ---- actions

    def loop(self, action: Loop) -> None:
        for node in action.nodes:
            self.names[node] = self.define(f"v{node.number}", node.dtype, self.expression(node, [*map(self.value, node.args)]))

    def turns(self, action: Turns) -> None:
        """A body, repeated; what it carries is replaced once all of it has been read."""
        node, count, name = action.node, len(action.turned), self.new("t")
        starts, ports = ([*map(self.value, args)] for args in (node.args[:count], node.args[count:]))
        for i, start in enumerate(starts):
            self.emit(f"{TYPES[node.dtype]} {name}c{i} = {start};")
        self.emit("CALCISOL_ROLLED")
        self.emit(f"for (int n = 0; n < {node.attr.n}; ++n) {{")
        local: dict[Node, str] = {}

        def inside(n: Node) -> str:
            if n.op in ("port", "carried"):
                return ports[n.attr] if n.op == "port" else f"{name}c{n.attr}"
            return local[n] if n in local else self.value(n)

        for n in node.attr.body.nodes:
            local[n] = self.define(f"{name}b{n.number}", n.dtype, self.expression(n, [*map(inside, n.args)]))
        for i, end in enumerate(node.attr.body.ends):
            self.define(f"{name}e{i}", node.dtype, inside(end))
        for i in range(count):
            self.emit(f"{name}c{i} = {name}e{i};")
        self.emit("}")
        self.names.update({turned: f"{name}c{i}" for i, turned in enumerate(action.turned)})

    def dense(self, node: Node) -> None:
        w, b, _, active = node.attr
        used, name = self.plan.used[node], self.new("d")
        self.emit(f"const F {name}x[] = {{{', '.join(map(self.value, node.args))}}};")
        self.emit(f"F {name}y[{used}];")
        weights = ", ".join(f"calcisol_floats + {self.tables.offsets[tensor]}" for tensor in (w, b))
        self.emit(f"dense<{len(node.args)}, {used}, {str(active).lower()}>({name}x, {weights}, {name}y);")
        self.names.update({(node, i): f"{name}y[{i}]" for i in range(used)})

    # ---- walks along layers

    def walks(self, walks: list[Node]) -> None:
        """Walks of one level: those that stay in their layer at once, the others through shared memory, a batch at a time."""
        batch: list[Node] = []
        for walk in walks:
            if walk.op == "spread":
                continue
            if not exchanged(walk):
                self.rows(walk, {})
                continue
            if batch and self.room([*batch, walk]) > BUFFERS:
                self.exchange(batch)
                batch = []
            batch.append(walk)
        if batch:
            self.exchange(batch)

    @staticmethod
    def room(batch: list[Node]) -> int:
        """Buffers a batch takes."""
        return len({x for walk in batch for x in exchanged(walk)}) + sum(
            {"solve": 2, "sum": 1, "cumsum": 1}.get(walk.op, 0) for walk in batch
        )

    def exchange(self, batch: list[Node]) -> None:
        """Put values into shared memory, walk there, and take what the threads of other layers have put or made."""
        buffers: dict[Node, int] = {}
        for walk in batch:
            for x in exchanged(walk):
                buffers.setdefault(x, len(buffers))
        values = [self.value(x) for x in buffers]
        self.emit("barrier();")
        for k, text in enumerate(values):
            self.emit(f"sh[{k} * T + t.index] = {text};")
        self.emit("barrier();")
        jobs = [walk for walk in batch if walk.op in ("sum", "cumsum", "solve")]
        for walk in batch:
            if walk not in jobs:
                self.rows(walk, buffers)
        if jobs:
            self.deal_out(jobs, buffers)

    def deal_out(self, jobs: list[Node], buffers: dict[Node, int]) -> None:
        """One thread of a column a walk; then all take their own row of what was made."""
        free, made = len(buffers), {}
        self.emit(f"for (int job = p.layer; job < {len(jobs)}; job += p.layers)")
        self.emit("  switch (job) {")
        for number, walk in enumerate(jobs):
            places = [f"sh + {buffers[x]} * T + p.lane" for x in walk.args]
            for i, sign, there in ((0, "-", 0), (2, "+", 1)) if walk.op == "solve" else ():
                places[i] += f" {sign} p.width" if walk.attr[there] else ""
            made[walk] = free
            out = f"sh + {free} * T + p.lane"
            free += 1
            if walk.op == "solve":
                places.append(f"sh + {free} * T + p.lane")
                free += 1
                call = "solve_column"
            else:
                call = f"{walk.op}_of_column"
            self.emit(f"  case {number}: {call}({out}, {', '.join(places)}, p); break;")
        self.emit("  }")
        self.emit("barrier();")
        for walk, k in made.items():
            at = "p.lane" if walk.op == "sum" else "t.index"
            self.names[walk] = self.define(self.new("w"), "d", f"sh[{k} * T + {at}]")

    def rows(self, walk: Node, buffers: dict[Node, int]) -> None:
        """A row, the rows from bottom to top, or rows of several fields one below the other."""
        if walk.op in ("row", "flip"):
            row = row_text(walk.attr) if walk.op == "row" else "(p.layers - 1 - p.layer)"
            text = f"sh[{buffers[walk.args[0]]} * T + {row} * p.width + p.lane]"
            self.names[walk] = self.define(self.new("w"), walk.dtype, text)
            return
        done, layer = walk.attr[-1][1], "p.layer"
        if done != BOTTOM:  # rows past the end hold the last one
            layer = self.new("r")
            self.emit(f"const int {layer} = p.layer < {row_text(done)} ? p.layer : {row_text(done)} - 1;")
        text = ""
        for i, (x, (_, stop, by)) in enumerate(zip(walk.args, walk.attr, strict=True)):
            if x in buffers and by != TOP:
                row = f"clamp_row({layer} + {row_text(by)}, p.layers)"
                part = f"sh[{buffers[x]} * T + {row} * p.width + p.lane]"
            else:
                part = self.value(x)
            text += part if i == len(walk.args) - 1 else f"{layer} < {row_text(stop)} ? {part} : "
        self.names[walk] = self.define(self.new("w"), walk.dtype, text)

    # ---- the whole program

    def text(self) -> list[str]:
        """Lines of the namespace of this program."""
        pending: list[Node] = []

        def flush() -> None:
            self.walks(pending)
            pending.clear()

        for call in self.plan.calls():
            if isinstance(call, Walk) and call.node.op != "dense":
                if pending and pending[-1].level != call.node.level:
                    flush()
                pending.extend(call.nodes)
                continue
            flush()
            if isinstance(call, Walk):
                self.dense(call.node)
            for action in call.loops if isinstance(call, Strip) else [call]:
                if not isinstance(action, Walk):
                    (self.turns if isinstance(action, Turns) else self.loop)(action)  # type: ignore[arg-type]
        flush()
        self.writes()
        head = [
            f"namespace {self.name} {{",
            "CALCISOL_LANES void body(const calcisol_device_call &a, const Thread &t) {",
            "  const Place p = place_of(a.shape, t);",
            "  [[maybe_unused]] double *const sh = t.shared + TABLES;",
            "  [[maybe_unused]] const int T = p.layers * p.width;",
            *(["  if (!wanted_here(a, p))", "    return;"] if self.name == "initial_state" else []),
            "  fill_tables(t);",
        ]
        kernel = f"CALCISOL_KERNEL(calcisol_{KERNELS[self.name]}, calcisol_device_call, lanes::{self.name}::body)"
        return ["namespace lanes {", *head, *self.lines, "}", f"}} // namespace {self.name}", "} // namespace lanes", kernel, ""]

    def writes(self) -> None:
        """All values first: the block written may be the one read."""
        texts = [[*map(self.value, value.nodes.reshape(-1))] for value in self.outputs]
        self.emit("if (!p.there" + (" || !wanted(a, p.column))" if self.name == "initial_state" else ")"))
        self.emit("  return;")
        for values, target in zip(texts, TARGETS[self.name], strict=True):
            for row, text in enumerate(values):
                if target == "flag":
                    self.emit(f"a.flag[p.cell] = static_cast<std::int32_t>({text});")
                elif target == "output_column":
                    self.emit("if (p.layer == 0)")
                    self.emit(f"  a.output_column[p.column_row({row})] = {text};")
                else:
                    self.emit(f"a.{target}[p.row({row})] = {text};")
