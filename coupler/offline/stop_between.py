"""Ctrl-C and SIGTERM between two steps: a step in progress ends, so that what is written belongs together.

What:    within ``stop_between`` a signal is noted; ``stopped`` says so, ``go`` then lets it act as it would have at once.
         A second signal acts at once. In a thread, where no signal can be caught, nothing changes.
Use:     ``with stop_between() as stop: ...; if stop.stopped: save(); stop.go()``
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """What was heard."""

    def __init__(self) -> None:
        self.signal = 0
        self._before: dict[int, Any] = {}

    @property
    def stopped(self) -> bool:
        """Whether a signal came."""
        return bool(self.signal)

    def hear(self) -> None:
        """Note signals from now on."""
        self._before = {s: signal.signal(s, self._note) for s in SIGNALS}

    def _note(self, number: int, _: Any) -> None:
        self.signal = number
        self.deaf()

    def deaf(self) -> None:
        """Signals act as before."""
        for number, action in self._before.items():
            signal.signal(number, action)

    def go(self) -> None:
        """Let the signal act."""
        self.deaf()
        os.kill(os.getpid(), self.signal)
        signal.pause()  # it acts before this returns


@contextmanager
def stop_between() -> Iterator[Stop]:
    """Note Ctrl-C and SIGTERM instead of acting on them."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    stop.hear()
    try:
        yield stop
    finally:
        stop.deaf()
