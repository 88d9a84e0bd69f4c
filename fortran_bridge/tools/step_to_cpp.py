"""Write the native kernel of a step: C++ generated from its traced graphs, a program for each.

What:    builds the step a bundle was exported from (chemistry and network size out of its contract), traces it, writes C++.
         Weights are not written: the kernel reads them from the bundle it is opened with.
Source:  emulator/training/graph.py (trace), kernel/ (lower.py: operators; algebra.py: fewer of them; outline.py: bodies of loops;
         schedule.py: order; emit.py: text of a program; file.py: of all), ../src/native (headers).
Use:     ``python step_to_cpp.py BUNDLE OUTPUT.cpp DEPENDENCIES``, run by meson; with ``--core`` before BUNDLE the network alone
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]  # the emulator as built, not one that may be installed

from kernel.algebra import simplified  # noqa: E402
from kernel.emit import Program  # noqa: E402
from kernel.expressions import Tables  # noqa: E402
from kernel.file import kernel_file  # noqa: E402
from kernel.lower import Lowering  # noqa: E402
from kernel.outline import outlined  # noqa: E402
from kernel.schedule import LOOP, Plan  # noqa: E402

from emulator.contract.bundle import read_contract  # noqa: E402
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


def write(bundle: Path, loop: int = LOOP, *, core: bool = False) -> str:
    """The kernel for a bundle, or for its network alone. Raises Unsupported where an operator has no handler."""
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
    tables = Tables(tensors)
    made = []
    for name, values in lowered.items():
        outputs, bodies = outlined(simplified(values))
        plan = Plan([node for value in outputs for node in value.nodes.reshape(-1)], loop)
        made.append(Program(name, plan, bodies, outputs, tables))
    return kernel_file(made, tables, masks, fingerprint(step, graphs))


def sources() -> list[str]:
    """Files the kernel was made from: what is loaded of the emulator and of the generator."""
    files = [getattr(m, "__file__", None) for n, m in sys.modules.items() if n.partition(".")[0] in ("emulator", "kernel")]
    return sorted({str(Path(f).resolve()) for f in files if f})


if __name__ == "__main__":
    core = sys.argv[1] == "--core"
    bundle, output, *dependencies = sys.argv[2 if core else 1 :]
    Path(output).write_text(write(Path(bundle), core=core), encoding="utf-8")
    if dependencies:
        Path(dependencies[0]).write_text(f"{output}: {' '.join(sources())}\n", encoding="utf-8")
