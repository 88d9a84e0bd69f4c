"""Write the native kernel of a step: C++ generated from its traced graph.

What:    builds the step a bundle was exported from (chemistry and network size out of its contract), traces it, writes C++.
         Weights are not written: the kernel reads them from the bundle it is opened with.
Source:  emulator/graph.py (trace), kernel/ (lower.py: operators; algebra.py: fewer of them; schedule.py: order; emit.py: text),
         ../src/native (headers).
Use:     ``python step_to_cpp.py BUNDLE OUTPUT.cpp DEPENDENCIES``, run by meson
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
from emulator.graph import COLUMNS, LAYERS, fingerprint, step_of_contract, tensor_names, trace  # noqa: E402


def write(bundle: Path, loop: int = LOOP) -> str:
    """The kernel for a bundle. Raises Unsupported when the step does what the generator does not know."""
    step = step_of_contract(read_contract(bundle, verify=False))
    graph = trace(step)
    lowering = Lowering(graph, tensor_names(step, graph), LAYERS, COLUMNS)
    outputs = simplified(lowering.run())
    plan = Plan([node for value in outputs for node in value.nodes.reshape(-1)], loop)
    return Writer(plan, outputs, lowering.tensors, lowering.masks, fingerprint(step, graph)).text()


def sources() -> list[str]:
    """Files the kernel was made from: what is loaded of the emulator and of the generator."""
    files = [getattr(m, "__file__", None) for n, m in sys.modules.items() if n.partition(".")[0] in ("emulator", "kernel")]
    return sorted({str(Path(f).resolve()) for f in files if f})


if __name__ == "__main__":
    text = write(Path(sys.argv[1]))
    Path(sys.argv[2]).write_text(text, encoding="utf-8")
    if len(sys.argv) > 3:
        Path(sys.argv[3]).write_text(f"{sys.argv[2]}: {' '.join(sources())}\n", encoding="utf-8")
