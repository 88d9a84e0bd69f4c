"""Where the time of a run goes: seconds by kind of work, and column-years.

What:    ``Clock`` adds up seconds under a name; clocks of several workers add.
Units:   s, column-years.
Use:     ``with clock("step"): columns.step(...)``; ``total.add(clock.seconds, column_years)``; ``total.line()``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

LABELS = {
    "step": "step",
    "laboratory": "laboratory pH",
    "water": "weather and water",
    "forcing": "forcing",
    "io": "input and output",
}


class Clock:
    """Seconds by kind; what no kind claims is bookkeeping."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(LABELS, 0.0)
        self.column_years = 0.0
        self.began = time.perf_counter()
        self.busy = 0.0  # seconds of all workers together

    @contextmanager
    def __call__(self, kind: str) -> Iterator[None]:
        """Count the time inside under ``kind``."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[kind] += time.perf_counter() - start

    def add(self, other: Clock) -> None:
        """Add the work of another clock (a finished chunk)."""
        for kind, spent in other.seconds.items():
            self.seconds[kind] += spent
        self.column_years += other.column_years
        self.busy += other.busy

    def stop(self) -> Clock:
        """Take the time since the start as busy."""
        self.busy = time.perf_counter() - self.began
        return self

    def rate(self) -> float:
        """Column-years per second of wall time since this clock began."""
        return self.column_years / max(time.perf_counter() - self.began, 1e-9)

    def shares(self) -> dict[str, float]:
        """Share of the busy time by kind, and "rest"."""
        busy = max(self.busy, 1e-9)
        shares = {kind: spent / busy for kind, spent in self.seconds.items()}
        return {**shares, "rest": max(0.0, 1.0 - sum(shares.values()))}

    def line(self) -> str:
        """One sentence for the terminal."""
        parts = ", ".join(f"{LABELS.get(k, 'bookkeeping')} {100 * v:.0f} %" for k, v in self.shares().items())
        each = 1e3 * self.busy / max(self.column_years, 1.0)
        done = f"{self.column_years:.0f} column-years, {self.rate():.0f} per second, {each:.2f} ms of a core for each"
        return f"{done}; time in {parts}"
