"""What each host provides and how it is converted: the mappings of ``hosts/*.toml``.

What:    ``load(name)``, one host's mapping as a checked dataclass; ``lines`` prints it.
Units:   as the host has them; the adapter in fortran_bridge/fortran/hosts converts, a test keeps the two consistent.
Source:  the hosts' own sources; emulator/contract/variables.toml for ours.
Use:     ``calcisol describe --host orchidee``; ``load("ctsm").rows``
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from ..errors import CalcisolError
from ..library.columns import table

FOLDER = Path(__file__).parent
ROLES = ("static", "forcing", "output")


class HostError(CalcisolError):
    """No such host, or its mapping names something that does not exist."""


@dataclass(frozen=True)
class Row:
    """One variable: ours, the host's, the host's unit, and how one is converted to the other."""

    role: str
    variable: str
    source: str
    units: str
    how: str


@dataclass(frozen=True)
class HostMap:
    """One host."""

    host: str
    adapter: str
    page: str
    call: str
    arrays: str
    rows: tuple[Row, ...]

    def names(self, role: str) -> list[str]:
        """Our variables of a role that this host provides or receives."""
        return [row.variable for row in self.rows if row.role == role]


def known() -> list[str]:
    """Names of the hosts with a mapping."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(name: str) -> HostMap:
    """The mapping of a host. Raises HostError for an unknown host, role or variable."""
    path = FOLDER / f"{name}.toml"
    if name not in known():
        raise HostError(f"there is no mapping of the host {name!r}; known are {', '.join(known())}")
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    rows = tuple(Row(*row) for row in raw.pop("map"))
    for row in rows:
        if row.role not in ROLES or row.variable not in table().names(row.role):
            raise HostError(f"{path.name} maps {row.role} {row.variable!r}, which variables.toml does not have")
    return HostMap(rows=rows, **raw)


def lines(name: str) -> list[str]:
    """The mapping as text."""
    mapping = load(name)
    text = [f"{mapping.host}: {mapping.call}", f"arrays: {mapping.arrays}", f"adapter: {mapping.adapter}, page: {mapping.page}"]
    for role in ROLES:
        text += ["", role]
        for row in mapping.rows:
            if row.role == role:
                text.append(f"  {row.variable:14s} {row.units:16s} {row.source}{'; ' + row.how if row.how else ''}")
    return text
