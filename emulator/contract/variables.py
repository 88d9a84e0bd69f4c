"""The variable table: names, units, dims, ranges and defaults of everything that crosses the library's boundary.

What:    reads ``variables.toml``, the single authority, into frozen records.
Shapes:  dims "layer" is (column, soil_layer), "column" is (column,); tensors inside the emulator are [variable, layer, column].
Source:  CF standard names, table v93 (https://cfconventions.org); names without one carry none.
Use:     ``table = load_table(); table.static[0].name; table.index("forcing", "w_liq")``
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path

ROLES = ("static", "forcing", "output", "diagnostic")
DIMS = ("layer", "column")
REQUIRED = "required"
DERIVED = "derived"


@dataclass(frozen=True)
class Variable:
    """One quantity of the contract. ``default`` is a number, "required", or "derived" (passed to the emulator as NaN)."""

    name: str
    role: str
    dims: str
    units: str
    long_name: str
    standard_name: str | None = None
    valid: tuple[float, float] | None = None
    default: float | str | None = None
    note: str | None = None

    @property
    def fill(self) -> float:
        """Number handed to the emulator when the host gives nothing: the default, or NaN for derived ones."""
        return float(self.default) if isinstance(self.default, (int, float)) else math.nan


@dataclass(frozen=True)
class StateSlot:
    """One float64 quantity carried from step to step, per layer."""

    name: str
    units: str
    long_name: str


@dataclass(frozen=True)
class Flag:
    """One bit of the per-cell flag."""

    name: str
    bit: int
    long_name: str


@dataclass(frozen=True)
class Table:
    """The whole contract, in row order."""

    schema_version: int
    variables: tuple[Variable, ...]
    state: tuple[StateSlot, ...]
    flags: tuple[Flag, ...]

    def select(self, role: str, dims: str | None = None) -> tuple[Variable, ...]:
        """Variables of one role (and dims), in row order."""
        return tuple(v for v in self.variables if v.role == role and dims in (None, v.dims))

    def names(self, role: str, dims: str | None = None) -> list[str]:
        """Names in row order; role "state" gives the state slots."""
        if role == "state":
            return [s.name for s in self.state]
        return [v.name for v in self.select(role, dims)]

    def index(self, role: str, name: str) -> int:
        """Row of a variable within the tensor of its role and dims. Raises KeyError with the known names."""
        if role == "state":
            known = self.names("state")
        else:
            dims = next((v.dims for v in self.variables if v.role == role and v.name == name), None)
            known = self.names(role, dims)
        if name not in known:
            raise KeyError(f"{name!r} is no {role} variable; known are {', '.join(known)}")
        return known.index(name)

    def contract(self) -> dict:
        """The table as plain JSON-ready data, as stored inside a bundle."""
        return {
            "schema_version": self.schema_version,
            **{role: [asdict(v) for v in self.select(role)] for role in ROLES},
            "state": [asdict(s) for s in self.state],
            "flags": [asdict(f) for f in self.flags],
        }


def load_table(path: Path | None = None) -> Table:
    """Read and check ``variables.toml``. Raises ValueError naming the variable and the fault."""
    source = path or Path(__file__).with_name("variables.toml")
    raw = tomllib.loads(source.read_text(encoding="utf-8"))
    variables = []
    for entry in raw["variable"]:
        if entry["role"] not in ROLES or entry["dims"] not in DIMS:
            raise ValueError(f"{entry['name']}: role {entry['role']!r} or dims {entry['dims']!r} is not known")
        if entry["role"] in ("static", "forcing") and ("valid" not in entry or "default" not in entry):
            raise ValueError(f"{entry['name']}: an input needs a valid range and a default")
        if "valid" in entry:
            entry["valid"] = tuple(float(x) for x in entry["valid"])
        variables.append(Variable(**entry))
    table = Table(
        schema_version=int(raw["schema_version"]),
        variables=tuple(variables),
        state=tuple(StateSlot(**s) for s in raw["state"]),
        flags=tuple(Flag(**f) for f in raw["flag"]),
    )
    for role in (*ROLES, "state"):
        names = table.names(role)
        twice = {n for n in names if names.count(n) > 1}
        if twice:
            raise ValueError(f"{role} variable {sorted(twice)} appears twice in {source.name}")
    return table
