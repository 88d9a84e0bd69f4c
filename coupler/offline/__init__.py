"""The offline run: chunks, time loop, results, budget, checkpoints."""

from ...emulator.contract.old_names import from_module

__getattr__ = from_module(__name__, "chunks")
