"""Forcing files: what they hold, how they are laid out, whether they can run."""

from ...emulator.contract.old_names import from_module

__getattr__ = from_module(__name__, "files")
