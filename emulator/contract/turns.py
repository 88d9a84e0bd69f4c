"""Marks around the body of a loop, so that a trace of the step writes the body down once instead of unrolling it.

What:    identities for torch, eager or scripted. While ``graph.py`` traces, ``turns`` is one and ``enter`` and ``leave`` are
         operators: what lies between them is the body, repeated on the values that enter and leave.
Why:     a hundred Newton steps are one body and a number in the native kernel; unrolled, it would not fit a processor's cache.
Rules:   nothing made inside is read outside but what leaves; values that enter have the shapes of those that leave.
Use:     ``for _ in range(turns(n)): x, y = enter([x, y], n); ...; x, y = leave([x, y])``; no __future__ annotations (TorchScript)
"""

from torch import Tensor


def turns(n: int) -> int:
    """How often the loop runs."""
    return n


def enter(values: list[Tensor], n: int) -> list[Tensor]:
    """``values`` as they enter the body of a loop of ``n`` turns."""
    return values


def leave(values: list[Tensor]) -> list[Tensor]:
    """``values`` as they leave the body."""
    return values
