"""The last lines of a run's budgets: what moved over the whole run, without reading the tables.

What:    what entered and left of each component (``.mac``), how far each mineral (``.mmc``) and each reaction in water (``.mic``)
         went. Their stoichiometry makes the shares: minerals that feed each other (calcite and gypsum) count with what passed
         between them, of which ``.mac`` has the difference alone.
Units:   mol m-2 over the run.
Use:     ``ends = read_ends(run, database); ends.share("calcite", {"ca+2": 1, "co3-2": 1}, "ca+2")``
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..tables import iter_zones
from .database import Database
from .inventory import Run, last_row

SHOWN = {"carbon": "co3-2", "calcium": "ca+2"}
WEAK = ("h+1", "co3-2")
"""Components whose charge pH decides: not counted with that of the ions."""
INTERNAL = ("total source/sink from gas phase", "total source/sink from sorbed phase")
"""Columns of ``.mac`` that stay within the column."""
REACTED = ("total source/sink from mineral phase", "total source/sink from intra-aqueous")
_CHARGE = re.compile(r"[+-](\d*)$")
COLUMNS = {"mmc": "total contribution [mol/elapsed time]", "mic": "total contribution [mol]"}


def charge_of(component: str) -> float:
    """Charge of an ion by its name, without its sign: ``fe+3`` 3, ``cr(oh)2+`` 1; 0 for WEAK and for what has no charge."""
    found = _CHARGE.search(component)
    return 0.0 if component in WEAK or found is None else float(found[1] or 1)


@dataclass
class Ends:
    """Amounts over the run."""

    moved: dict[str, float] = field(default_factory=dict)  # component -> sum of what entered, left and reacted
    extents: dict[str, float] = field(default_factory=dict)  # mineral or reaction -> mol that reacted

    @property
    def charge(self) -> float:
        """Charge of the ions that moved."""
        return sum(charge_of(c) * amount for c, amount in self.moved.items())

    def share(self, name: str, releases: Mapping[str, float], component: str) -> float | None:
        """Share of what moved of a component that a mineral or reaction gave or took; None where nothing is known."""
        if name not in self.extents or not self.moved.get(component):
            return None
        return abs(self.extents[name] * releases.get(component, 0.0)) / self.moved[component]

    def shares(self, name: str, releases: Mapping[str, float]) -> str:
        """Its shares of carbon, calcium and charge in words; "" where nothing is known."""
        if name not in self.extents:
            return ""
        found = {word: self.share(name, releases, component) for word, component in SHOWN.items()}
        if self.charge:
            own = sum(charge_of(c) * abs(releases.get(c, 0.0)) for c in self.moved)
            found["charge"] = abs(self.extents[name]) * own / self.charge
        told = [f"{value:.1%} of the {word}" for word, value in found.items() if value is not None and value >= 5e-4]
        return ", ".join(told) or ("it moved nothing" if self.extents[name] == 0.0 else "less than 0.1% of any budget")

    def charge_share(self, component: str) -> float | None:
        """Share of the charge that moved which a component carried."""
        return charge_of(component) * self.moved.get(component, 0.0) / self.charge if self.charge else None


def column_names(path: Path) -> list[str]:
    """Names of the columns of a table, from its header alone."""
    for zone, _ in iter_zones(path, block_rows=1):
        return zone.names
    return []


def _extents(run: Run, family: str, names: list[str]) -> dict[str, float]:
    """mol that reacted, by name, from the last line of each budget of a family."""
    found = {}
    for index, name in enumerate(names, 1):
        path = run.files.path(family, index)
        if path.is_file():
            columns, row = column_names(path), last_row(path)
            if COLUMNS[family] in columns and len(row) == len(columns):
                found[name] = row[columns.index(COLUMNS[family])]
    return found


def read_ends(run: Run, database: Database) -> Ends | None:
    """Amounts over a run; None where it wrote no budgets."""
    if run.setup is None or "mac" not in run.files.sizes:
        return None
    ends = Ends(extents=_extents(run, "mmc", run.setup.minerals) | _extents(run, "mic", run.setup.reactions))
    entries = database.minerals | database.reactions
    known = all(name in ends.extents and name in entries for name in (*run.setup.minerals, *run.setup.reactions))
    for index, component in enumerate(run.setup.components, 1):
        path = run.files.path("mac", index)
        if path.is_file():
            ends.moved[component] = sum(
                abs(value)
                for name, value in zip(column_names(path), last_row(path), strict=False)
                if name.startswith("total ") and "elapsed" in name and "storage" not in name
                and not name.startswith(INTERNAL if not known else INTERNAL + REACTED)
            )  # fmt: skip
            if known:
                ends.moved[component] += sum(
                    abs(amount * entries[name].releases.get(component, 0.0)) for name, amount in ends.extents.items()
                )
    return ends
