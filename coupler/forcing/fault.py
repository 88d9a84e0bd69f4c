"""The error of a forcing file: one sentence that names the variable, the fault and how to fix it."""

from __future__ import annotations

from ..errors import CalcisolError


class ForcingError(CalcisolError):
    """The forcing file cannot be used."""
