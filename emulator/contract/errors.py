"""Wrong input of a user, told in one sentence; everything else that goes wrong is a defect and shows its traceback.

Use:     ``raise InputError("width = 0 must be 1 or more")``; the command line prints the sentence and ends with code 2.
"""

from __future__ import annotations


class InputError(ValueError):
    """A file, an option or a value of the user's cannot be used; the text names it, the fault and how to fix it."""
