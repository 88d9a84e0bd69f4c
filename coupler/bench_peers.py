"""What the step is measured against: MIN3P per column-year, PhreeqcRM per cell-step.

What:    quoted, not timed here: one MIN3P column takes minutes of a quiet core to time well, and PhreeqcRM with its exchanger was
         not got to converge in a run of its own. Of each range the cheaper end is used, so that ratios are not flattered.
Units:   CPU seconds on the machine of reference/performance.md (Zen 4 class server core).
Use:     ``for peer in PEERS: print(peer.name, peer.seconds)``
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    """A model and what it costs."""

    name: str
    seconds: float
    per_column_year: bool  # else per cell and step
    origin: str


PEERS = (
    Peer("MIN3P", 0.4, True, "quoted: 0.4-0.6 s a column-year in the ensemble runs"),
    Peer("PhreeqcRM, calcite kinetics and exchange over a day", 363e-6, False, "quoted: 363-724 us, performance.md 3"),
)
