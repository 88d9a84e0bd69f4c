"""The last lines of a run's budgets: what moved over the whole run, without reading the tables.

What:    cumulated influx, outflux and sources of each component (``.mac``), extent of each mineral (``.mmc``).
Units:   mol m-2 over the run.
Use:     ``ends = read_ends(run); ends.share("calcite", {"ca+2": 1, "co3-2": 1}, "ca+2")``
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..tables import iter_zones
from .inventory import Run, last_row

CHARGE = {
    "ca+2": 2,
    "mg+2": 2,
    "k+1": 1,
    "na+1": 1,
    "nh4+1": 1,
    "no3-1": 1,
    "cl-1": 1,
    "so4-2": 2,
    "al+3": 3,
    "fe+2": 2,
    "fe+3": 3,
    "mn+2": 2,
}
SHOWN = {"carbon": "co3-2", "calcium": "ca+2"}


@dataclass
class Ends:
    """Amounts over the run."""

    moved: dict[str, float] = field(default_factory=dict)  # component -> sum of what entered, left and reacted
    extents: dict[str, float] = field(default_factory=dict)  # mineral -> mol that reacted

    def share(self, mineral: str, releases: Mapping[str, float], component: str) -> float | None:
        """Share of what moved of a component that a mineral gave or took; None where nothing is known."""
        if mineral not in self.extents or not self.moved.get(component):
            return None
        return abs(self.extents[mineral] * releases.get(component, 0.0)) / self.moved[component]

    def shares(self, mineral: str, releases: Mapping[str, float]) -> str:
        """Its shares of carbon, calcium and charge in words; "" where nothing is known."""
        found = {word: self.share(mineral, releases, component) for word, component in SHOWN.items()}
        charge = sum(z * self.moved.get(c, 0.0) for c, z in CHARGE.items())
        if mineral in self.extents and charge:
            own = sum(z * abs(releases.get(c, 0.0)) for c, z in CHARGE.items())
            found["charge"] = abs(self.extents[mineral]) * own / charge
        return ", ".join(f"{value:.1%} of the {word}" for word, value in found.items() if value)

    def charge_share(self, component: str) -> float | None:
        """Share of the charge that moved which a component carried."""
        charge = sum(z * self.moved.get(c, 0.0) for c, z in CHARGE.items())
        return CHARGE.get(component, 0) * self.moved.get(component, 0.0) / charge if charge else None


def column_names(path: Path) -> list[str]:
    """Names of the columns of a table, from its header alone."""
    for zone, _ in iter_zones(path, block_rows=1):
        return zone.names
    return []


def read_ends(run: Run) -> Ends | None:
    """Amounts over a run; None where it wrote no budgets."""
    if run.setup is None or "mac" not in run.files.sizes:
        return None
    ends = Ends()
    for index, component in enumerate(run.setup.components, 1):
        path = run.files.path("mac", index)
        if path.is_file():
            names, row = column_names(path), last_row(path)
            cumulated = [
                v for n, v in zip(names, row, strict=False) if n.startswith("total ") and "elapsed" in n and "storage" not in n
            ]
            ends.moved[component] = sum(map(abs, cumulated))
    for index, mineral in enumerate(run.setup.minerals, 1):
        path = run.files.path("mmc", index)
        if path.is_file():
            names, row = column_names(path), last_row(path)
            if "total contribution [mol/elapsed time]" in names and len(row) == len(names):
                ends.extents[mineral] = row[names.index("total contribution [mol/elapsed time]")]
    return ends
