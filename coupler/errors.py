"""Errors of calcisol: one class per status of the C ABI, each with one sentence.

What:    ``CalcisolError`` and its subclasses; the text names the variable, the value and how to fix it.
Source:  the status codes of fortran_bridge/include/calcisol.h, in order.
Use:     ``except CalcisolError as error: print(error)``
"""

from __future__ import annotations


class CalcisolError(Exception):
    """Any failure of the library."""


class ArgumentError(CalcisolError, ValueError):
    """NULL, negative, of the wrong shape or type, or an unknown name."""


class MissingError(CalcisolError, KeyError):
    """A required variable was not given."""

    __str__ = Exception.__str__  # KeyError would put the sentence in quotes


class BundleError(CalcisolError, ValueError):
    """The file is no bundle, damaged, changed, or of another schema or variable table."""


class TorchError(CalcisolError, ImportError):
    """torch is missing or not the minor version the library was built with."""


class ModelError(CalcisolError, RuntimeError):
    """The module in the bundle failed or answered with wrong shapes."""


class OutOfMemoryError(CalcisolError, MemoryError):
    """Out of memory."""


class UnsupportedError(CalcisolError, NotImplementedError):
    """Not available in this build."""


class StateError(CalcisolError, RuntimeError):
    """The state is incomplete or asked for before the first step."""


class InternalError(CalcisolError, RuntimeError):
    """A defect of the library."""


BY_STATUS: dict[int, type[CalcisolError]] = {
    1: ArgumentError,
    2: MissingError,
    3: BundleError,
    4: TorchError,
    5: ModelError,
    6: OutOfMemoryError,
    7: UnsupportedError,
    8: StateError,
    9: InternalError,
}
