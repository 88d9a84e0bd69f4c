"""Times of the compiled step, beside those of its peers."""

from ...emulator.contract.old_names import from_module

__getattr__ = from_module(__name__, "table")
