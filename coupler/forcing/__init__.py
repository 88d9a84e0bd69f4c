"""Forcing files: what they hold, how they are laid out, whether they can run."""

from typing import Any

from ...emulator.contract.old_names import from_module

_old = from_module(__name__, "forcing_file")


def __getattr__(name: str) -> Any:
    """Classes of the module that this folder once was."""
    if not name[:1].isupper():  # a file of this folder, which the import system finds
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _old(name)
