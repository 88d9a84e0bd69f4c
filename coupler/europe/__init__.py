"""The European run: cells, their fields, scenarios, monthly forcing."""

from ...emulator.contract.old_names import from_module

__getattr__ = from_module(__name__, "monthly")
