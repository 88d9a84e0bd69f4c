"""What the step is compared with: MIN3P per column-year, PhreeqcRM per cell and step.

What:    quoted, unless ``live`` times PhreeqcRM between the rounds of the kernel (``calcisol bench --peers``); one MIN3P column
         takes minutes of a quiet core to time well and stays quoted. Of each quoted range the cheaper end is used, so that ratios
         are not flattered.
Units:   CPU seconds; quoted ones on one core of a Zen 4 server (AMD EPYC, AVX-512), November 2026.
Use:     ``for peer in PEERS: print(peer.name, peer.seconds)``
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    """A model and what it costs."""

    name: str
    seconds: float
    per_column_year: bool  # else per cell and step
    origin: str


PHREEQC = "PhreeqcRM, calcite kinetics and exchange over a day"
PEERS = (
    Peer("MIN3P", 0.4, True, "quoted: 0.4-0.6 s a column-year in the ensemble runs"),
    Peer(PHREEQC, 363e-6, False, "quoted: 363-724 us, a quiet and a busy core"),
)


def live() -> dict[str, Callable[[], float]]:
    """What can be timed here, by name: CPU seconds of one cell and step. Raises UnsupportedError without PhreeqcRM."""
    from .phreeqc import PhreeqcCells

    return {PHREEQC: PhreeqcCells().time}


def with_timed(seconds: dict[str, float]) -> list[Peer]:
    """The peers, those timed in this run with what was measured."""
    return [
        Peer(p.name, seconds[p.name], p.per_column_year, f"{seconds[p.name] * 1e6:,.0f} us, timed between the rounds of this run")
        if p.name in seconds
        else p
        for p in PEERS
    ]
