"""The inventory in words: kinds of runs, and every run that cannot be learned, with its reason.

What:    runs alike in components, minerals, exchanger, layers and outputs are one kind; streams: what is kept of a run is a line.
Use:     ``print("\\n".join(Inventory(root).lines()))``
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .inventory import Run, inventory
from .setup import Setup

WIDTH = 118
ALIKE = 6
"""Rows of a kind that are those of the first one, from which on only the others are printed."""
MOST_ROWS = 40
"""Runs that are listed one by one; of more, those alike are counted."""


@dataclass
class Kind:
    """Runs that are set up alike."""

    example: Run
    runs: list[str] = field(default_factory=list)
    learnable: int = 0
    bytes: int = 0


@dataclass
class Found:
    """What is kept of a run."""

    name: str
    state: str
    why: str


def _signature(run: Run) -> tuple[object, ...]:
    setup = run.setup
    if setup is None:
        return ("no deck", tuple(run.components), run.layers)
    return (
        tuple(setup.components), tuple(setup.minerals), tuple(setup.sorbed), tuple(setup.gases), tuple(setup.drives),
        tuple(np.round(setup.thickness, 6)), len(setup.outputs), setup.end, run.teaches,
    )  # fmt: skip


class Inventory:
    """The inventory of a tree, drawn up in one pass."""

    def __init__(self, root: Path, runs: Iterable[Run] | None = None) -> None:
        self.root = root
        self.kinds: dict[tuple[object, ...], Kind] = {}
        self.left_out: list[Found] = []
        self.states: Counter[str] = Counter()
        self.versions: Counter[str] = Counter()
        self.learnable = 0
        for run in inventory(root) if runs is None else runs:
            self._add(run)

    def _add(self, run: Run) -> None:
        self.states[run.state] += 1
        self.versions[run.version or "unknown"] += 1
        kind = self.kinds.setdefault(_signature(run), Kind(run))
        if run.setup is not None:  # a zone with monthly rate factors for decades holds megabytes
            run.setup.zones.clear()
            run.setup.zone_of.clear()
        if run.learnable and not kind.example.learnable:
            kind.example = run
        kind.runs.append(run.name)
        kind.bytes += run.files.bytes
        kind.learnable += run.learnable
        self.learnable += run.learnable
        if not run.learnable or run.notes:
            self.left_out.append(Found(run.name, run.state, "; ".join([*run.reasons, *run.notes]) or "-"))

    def by_number(self) -> list[Kind]:
        """Kinds, those with most runs to learn from first."""
        return sorted(self.kinds.values(), key=lambda k: (-k.learnable, k.example.setup is None, -len(k.runs)))

    def examples(self) -> list[Run]:
        """A run of each kind that has a deck and its constants; of kinds that can be learned from where there are any."""
        usable = [k for k in self.by_number() if k.example.setup is not None and k.example.database]
        return [k.example for k in usable if k.learnable] or [k.example for k in usable]

    @property
    def count(self) -> int:
        """Runs found."""
        return sum(self.states.values())

    def lines(self) -> list[str]:
        """The inventory, a line each."""
        if not self.count:
            return [f"{self.root} holds no MIN3P run: no deck with a log, and no output file such as soil_1.gst"]
        size = sum(k.bytes for k in self.kinds.values())
        states = ", ".join(f"{n} {state}" for state, n in self.states.most_common())
        versions = ", ".join(f"{v} ({n})" for v, n in self.versions.most_common())
        out = [f"{self.count} runs below {self.root}: {states}; {size / 1e6:,.0f} MB of output; MIN3P {versions}"]
        out.append(f"{self.learnable} can be learned from, as far as decks, logs and ends of files tell")
        first: dict[str, str] = {}
        for number, kind in enumerate(self.by_number(), 1):
            rows = _kind_rows(kind.example)
            other = {name: text for name, text in rows.items() if first.get(name) != text}
            alike = len(rows) - len(other) >= ALIKE
            out += ["", *_kind_lines(number, kind, other if alike else rows, alike)]
            first = first or rows
        if self.left_out:
            out += ["", "runs that cannot be learned, or of which something was left out:"]
            out += _rows(self.left_out)
        if len(set(self.versions) - {"unknown"}) > 1:
            out += ["", "several versions of MIN3P: `calcisol learn` takes the most frequent one and says which it leaves out"]
        return out


def _kind_rows(run: Run) -> dict[str, str]:
    """What a run is, in rows of words."""
    setup = run.setup
    if setup is None:
        return {"profiles": f"{run.times[2]} of {run.layers} rows", "components": " ".join(run.components), "deck": "none"}
    return {
        "layers": _layers(setup), "time": _time(run), "components": " ".join(setup.components), "gases": " ".join(setup.gases),
        "exchanger": _exchanger(setup), "minerals": " ".join(setup.minerals), "reactions in water": " ".join(setup.reactions),
        "driven by": ", ".join(setup.drives) or "nothing that changes in time", "constants": _constants(run),
        "teaches": run.teaches,
    }  # fmt: skip


def _kind_lines(number: int, kind: Kind, rows: dict[str, str], after_first: bool) -> list[str]:
    runs = f"{len(kind.runs)} runs, for example {kind.example.name}" if len(kind.runs) > 1 else kind.runs[0]
    out = [f"kind {number}: {runs} ({kind.bytes / 1e6:,.0f} MB)" + (", as kind 1 but for" if after_first else "")]
    for name, text in rows.items():
        out += _wrapped(f"  {name + ':':20s}", text or "none")
    return out


def _layers(setup: Setup) -> str:
    if not setup.layers:
        return "no vertical column"
    t = setup.thickness
    return f"{setup.layers} of {t.min():.3g} to {t.max():.3g} m, {t.sum():.4g} m in all; in a vertical column"


def _time(run: Run) -> str:
    first, last, count = run.times
    low, high = run.spacing
    if run.by_cell:
        return (
            f"{first:.6g} to {last:.6g} days ({last / 365.0:.3g} years), every cell at every step; learned by the day, or `every`"
        )
    if not np.isfinite(last):
        return f"{count} profiles"
    spacing = (
        ""
        if not np.isfinite(low)
        else (f", every {low:.4g} days" if high - low < 0.02 * high else f", every {low:.4g} to {high:.4g} days")
    )
    return f"{first:.6g} to {last:.6g} days ({last / 365.0:.3g} years), {count} profiles{spacing}"


def _exchanger(setup: Setup) -> str:
    if not setup.sorbed:
        return "none"
    sites = " ".join(setup.sites) or "one site"
    return f"{setup.sorption}, {len(setup.sites) or 1} site(s) {sites}: {' '.join(setup.sorbed)}"


def _constants(run: Run) -> str:
    if not run.database:
        return "unknown: no database folder and no echo (_o.dbs)"
    path = Path(run.database)
    return f"database folder {path.name}" if path.is_dir() else f"echo {path.name}"


def _wrapped(head: str, text: str) -> list[str]:
    """Text in lines of at most WIDTH, the head before the first."""
    out, line = [], head
    for word in text.split():
        if len(line) + len(word) + 1 > WIDTH and line.strip():
            out.append(line.rstrip())
            line = " " * len(head)
        line += word + " "
    return [*out, line.rstrip()]


def _rows(found: list[Found]) -> list[str]:
    """Runs with their reasons; those of one reason together where there are many."""
    if len(found) <= MOST_ROWS:
        return [line for f in found for line in _wrapped(f"  {f.name:30s} {f.state:8s} ", f.why)]
    groups: dict[tuple[str, str], list[str]] = {}
    for f in found:
        groups.setdefault((f.state, f.why), []).append(f.name)
    out = []
    for (state, why), names in sorted(groups.items(), key=lambda g: -len(g[1])):
        more = f", ... ({len(names)} runs)" if len(names) > 3 else ""
        out += _wrapped(f"  {state:8s} ", f"{why}: {', '.join(names[:3])}{more}")
    return out
