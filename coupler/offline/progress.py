"""How far a run is: a bar on a terminal, a line per tenth where stderr is a file.

What:    ``progress_line(done, total, what)``; the first call, with 0, starts the clock.
Source:  tqdm draws the bar. Use: ``progress_line(3, 9, "chunks")``
"""

from __future__ import annotations

import sys
import time

from tqdm import tqdm

tqdm.monitor_interval = 0  # no thread beside the run's own: it would outlive a stopped one
FORM = "{desc}: {n_fmt} of {total_fmt} {unit}, {elapsed}, about {remaining} left |{bar}|"
_began = time.monotonic()
_bar: tqdm | None = None


def progress_line(done: int, total: int, what: str) -> None:
    """Say that ``done`` of ``total`` are finished and how long the rest may take."""
    global _began, _bar
    if done == 0:
        _began = time.monotonic()
        if _bar is not None:
            _bar.close()
            _bar = None
    if sys.stderr.isatty():
        if _bar is None:
            _bar = tqdm(total=total, desc="calcisol", unit=what, file=sys.stderr, bar_format=FORM, dynamic_ncols=True)
        _bar.update(done - _bar.n)
        if done >= total:
            _bar.close()
            _bar = None
        return
    spent = time.monotonic() - _began
    left = spent / done * (total - done) if done else 0.0
    if done == total or (done and done * 10 // total != (done - 1) * 10 // total):
        print(f"calcisol: {done} of {total} {what}, {spent:.0f} s, about {left:.0f} s left", file=sys.stderr, flush=True)
