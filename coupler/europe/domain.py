"""The cells of a European run and what is known of each, every field with its provenance.

What:    Domain = coordinates, country and named Fields; load.py makes one.
Units:   each Field carries its own; arrays are (cell,) or (cell, month).
Source:  each Field carries its own, with licence; embedded.py and observed.py say how it was made.
Use:     ``domain["caco3"]``; ``domain.subset(mask)``; tag: real | estimated | synthetic.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

CELL_DEGREES = 0.5
PROVENANCE = ("real", "estimated", "synthetic")


@dataclass(frozen=True)
class Field:
    """One quantity of all cells; shape (cell,) or (cell, 12)."""

    values: np.ndarray
    units: str
    long_name: str
    provenance: str
    source: str
    licence: str

    def __post_init__(self) -> None:
        """Refuse a field without an honest tag."""
        if self.provenance not in PROVENANCE:
            raise ValueError(f"{self.long_name}: provenance {self.provenance!r} is not one of {PROVENANCE}")


@dataclass(frozen=True)
class Domain:
    """Cells (lat, lon of the centre, degrees; ISO country) and their fields."""

    tier: str
    lat: np.ndarray
    lon: np.ndarray
    country: np.ndarray
    fields: dict[str, Field]
    degrees: float = CELL_DEGREES  # size of a cell

    def __len__(self) -> int:
        """Number of cells."""
        return len(self.lat)

    def __getitem__(self, name: str) -> np.ndarray:
        """Values of a field."""
        return self.fields[name].values

    def subset(self, index: np.ndarray | slice) -> Domain:
        """The same with some cells (boolean mask or positions)."""
        cut = {k: replace(f, values=f.values[index]) for k, f in self.fields.items()}
        return replace(self, lat=self.lat[index], lon=self.lon[index], country=self.country[index], fields=cut)

    def with_fields(self, **fields: Field) -> Domain:
        """The same with further fields."""
        return replace(self, fields={**self.fields, **fields})


def stacked(domains: list[Domain]) -> Domain:
    """Several domains with the same fields one after the other."""
    first = domains[0]
    fields = {k: replace(f, values=np.concatenate([d.fields[k].values for d in domains])) for k, f in first.fields.items()}
    lat, lon, country = (np.concatenate([getattr(d, a) for d in domains]) for a in ("lat", "lon", "country"))
    return replace(first, lat=lat, lon=lon, country=country, fields=fields)
