"""Write the native kernel of a step: C++ generated from its traced graph.

What:    builds the step a bundle was exported from (chemistry and network size out of its contract), traces it, writes C++.
         Weights are not written: the kernel reads them from the bundle it is opened with.
Source:  emulator/graph.py (trace), kernel/ (lower.py: operators; algebra.py: fewer of them; schedule.py: order; emit.py: text),
         ../src/native (headers).
Use:     ``python step_to_cpp.py BUNDLE OUTPUT.cpp DEPENDENCIES``, run by meson; with ``--core`` before BUNDLE the network alone
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]  # the emulator as built, not one that may be installed

from kernel.algebra import simplified  # noqa: E402
from kernel.emit import Writer  # noqa: E402
from kernel.lower import Lowering  # noqa: E402
from kernel.schedule import LOOP, Plan  # noqa: E402

from emulator.bundle import read_contract  # noqa: E402
from emulator.core_alone import CoreStep  # noqa: E402
from emulator.graph import COLUMNS, LAYERS, core_arguments, fingerprint, step_of_contract, tensor_names, trace  # noqa: E402


def write(bundle: Path, loop: int = LOOP, *, core: bool = False) -> str:
    """The kernel for a bundle, or for its network alone. Raises Unsupported where an operator has no handler."""
    step = step_of_contract(read_contract(bundle, verify=False))
    if core:
        step = CoreStep(step.get_submodule("core"))
    graph = trace(step, core_arguments()) if core else trace(step)
    lowering = Lowering(graph, tensor_names(step, graph), LAYERS, COLUMNS)
    outputs = simplified(lowering.run())
    plan = Plan([node for value in outputs for node in value.nodes.reshape(-1)], loop)
    return Writer(plan, outputs, lowering.tensors, lowering.masks, fingerprint(step, graph)).text()


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
