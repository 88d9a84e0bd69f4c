"""Write the kernels of a step, generated from its traced graphs, a program for each: C++ for the host, CUDA for a device.

What:    builds the step a bundle was exported from (chemistry and network size out of its contract), traces it, writes C++.
         Weights are not written: the kernel reads them from the bundle it is opened with.
Source:  emulator/training/graph.py (trace), kernel/ (lower.py: operators; algebra.py: fewer of them; outline.py: bodies of loops;
         schedule.py: order; emit.py and file.py: text; cuda.py and device.py: text for a device), ../src/native (headers).
Use:     ``python step_to_cpp.py BUNDLE OUTPUT.cpp --dependencies FILE``, run by meson; with ``--core`` the network alone; with
         ``--device KERNEL.cu TABLE.cpp`` the kernel for CUDA devices too
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]  # the emulator as built, not one that may be installed

from kernel.algebra import simplified  # noqa: E402
from kernel.cuda import CellProgram, device_plan  # noqa: E402
from kernel.device import device_file, device_table  # noqa: E402
from kernel.emit import Program  # noqa: E402
from kernel.expressions import Tables  # noqa: E402
from kernel.file import kernel_file  # noqa: E402
from kernel.given import USUAL, with_given  # noqa: E402
from kernel.lower import Lowering  # noqa: E402
from kernel.outline import Body, outlined  # noqa: E402
from kernel.schedule import LOOP, Plan  # noqa: E402
from kernel.values import Value  # noqa: E402

from emulator.contract.bundle import read_contract  # noqa: E402
from emulator.contract.variables import load_table  # noqa: E402
from emulator.training.core_alone import CoreStep  # noqa: E402
from emulator.training.graph import (  # noqa: E402
    COLUMNS,
    LAYERS,
    PROGRAMS,
    core_arguments,
    fingerprint,
    programs,
    step_of_contract,
    tensor_names,
    trace,
)


@dataclass
class Traced:
    """The programs of a step as values, fewest operations, and the tensors they read."""

    fingerprint: str
    outputs: dict[str, tuple[list[Value], list[Body]]]
    tables: Tables
    masks: dict[str, list[float]] = field(default_factory=dict)
    usual: dict[str, tuple[list[Value], list[Body], dict[tuple[str, int], float]]] = field(default_factory=dict)

    def host(self, loop: int = LOOP) -> str:
        """C++ of the kernel for hosts."""
        made = []
        for name, (outputs, bodies) in self.outputs.items():
            made.append(self.program(name, outputs, bodies, {}, loop))
            if name in self.usual:
                made.append(self.program(name, *self.usual[name], loop))
        return kernel_file(made, self.tables, self.masks, self.fingerprint)

    def program(
        self, name: str, outputs: list[Value], bodies: list[Body], given: dict[tuple[str, int], float], loop: int
    ) -> Program:
        """One program of the host's kernel."""
        plan = Plan([node for value in outputs for node in value.nodes.reshape(-1)], loop)
        return Program(name, plan, bodies, outputs, self.tables, given)

    def device(self) -> tuple[str, str]:
        """CUDA of the kernel for devices, and C++ of the table that goes with its image."""
        made = [CellProgram(n, device_plan(outputs), outputs, self.tables) for n, (outputs, _) in self.outputs.items()]
        return device_file(made, self.tables), device_table(self.tables, self.masks, self.fingerprint)


def traced(bundle: Path, *, core: bool = False) -> Traced:
    """The step of a bundle, or its network alone. Raises Unsupported where an operator has no handler."""
    step = step_of_contract(read_contract(bundle, verify=False))
    if core:
        step = CoreStep(step.get_submodule("core"))
    graphs = {name: trace(step, name, core_arguments() if core else None) for name in programs(step)}
    tensors: dict[str, tuple[str, tuple[int, ...]]] = {}
    masks: dict[str, list[float]] = {}
    lowered = {
        name: Lowering(g, tensor_names(step, g), PROGRAMS[name], (LAYERS, COLUMNS), tensors, masks).run()
        for name, g in graphs.items()
    }
    simple = {name: simplified(values) for name, values in lowered.items()}
    outputs = {name: outlined(values) for name, values in simple.items()}
    usual = {}
    if not core:
        given = usual_inputs()
        usual["forward"] = (*outlined(with_given(simple["forward"], given)), given)
    return Traced(fingerprint(step, graphs), outputs, Tables(tensors), masks, usual)


def usual_inputs() -> dict[tuple[str, int], float]:
    """Inputs that are mostly the same, by block and row."""
    names = {"static": load_table().names("static")}
    return {(block, names[block].index(name)): x for block, values in USUAL.items() for name, x in values.items()}


def sources() -> list[str]:
    """Files the kernel was made from: what is loaded of the emulator and of the generator."""
    files = [getattr(m, "__file__", None) for n, m in sys.modules.items() if n.partition(".")[0] in ("emulator", "kernel")]
    return sorted({str(Path(f).resolve()) for f in files if f})


def main() -> None:
    """As the arguments say."""
    parser = argparse.ArgumentParser(description="Write the kernels of the step of a bundle.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("output", type=Path, help="C++ for hosts")
    parser.add_argument("--dependencies", type=Path, metavar="FILE", help="what it was made from, for make")
    parser.add_argument("--core", action="store_true", help="the network alone")
    parser.add_argument("--device", type=Path, nargs=2, metavar=("KERNEL.cu", "TABLE.cpp"), help="CUDA, and its table")
    args = parser.parse_args()
    made = traced(args.bundle, core=args.core)
    texts = {args.output: made.host()}
    if args.device:
        texts.update(zip(args.device, made.device(), strict=True))
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    if args.dependencies:
        args.dependencies.write_text(f"{args.output}: {' '.join(sources())}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
