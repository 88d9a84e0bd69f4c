"""The cells of a European run and what is known of each, every field with its provenance.

What:    Domain = coordinates, country and named Fields; ``load_domain`` picks Tier B (real fields, where a data folder
         is there) or Tier A (embedded: real grid, country nitrogen, regression climate and soil).
Units:   each Field carries its own; arrays are (cell,) or (cell, month).
Source:  each Field carries its own, with licence; tier_a.py and tier_b.py say how it was made.
Use:     ``domain = load_domain(config); domain["caco3"]``; ``domain.subset(mask)``; tag: real | estimated | synthetic.
"""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from .config import ConfigError, RunConfig

EARTH_RADIUS_M = 6.371e6
CELL_DEGREES = 0.5
PROVENANCE = ("real", "estimated", "synthetic")
NATURAL_EARTH = "Natural Earth 1:50m (world-atlas 2.0.2)"
ETOPO5 = "ETOPO5, NOAA National Geophysical Data Center 1988"
FUBC = "Ludemann et al. 2022, doi:10.1038/s41597-022-01592-z, survey year 2018"
GEMAS = (
    "Reimann et al. 2014, Chemistry of Europe's Agricultural Soils, Geol. Jahrbuch B102/B103 (calcite estimated from total Ca)"
)


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


def cell_area(lat: np.ndarray, degrees: float = CELL_DEGREES) -> np.ndarray:
    """Area of a cell on the sphere [m2]; ``lat`` is its centre in degrees."""
    half = np.radians(degrees / 2)
    lat = np.radians(np.asarray(lat, float))
    return EARTH_RADIUS_M**2 * np.radians(degrees) * (np.sin(lat + half) - np.sin(lat - half))


def read_cells() -> Domain:
    """The embedded land cells: country, land share, altitude, distance to the coast (all real)."""
    with Path(__file__).with_name("data").joinpath("cells.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    column = {k: np.array([float(r[k]) for r in rows]) for k in ("lat", "lon", "land", "altitude", "coast")}
    domain_public = "public domain"
    return Domain(
        tier="A",
        lat=column["lat"],
        lon=column["lon"],
        country=np.array([r["country"] for r in rows]),
        fields={
            "cell_area": Field(cell_area(column["lat"]), "m2", "area of the cell", "real", "sphere of 6371 km", domain_public),
            "land": Field(column["land"], "1", "share of the cell that is land", "real", NATURAL_EARTH, domain_public),
            "altitude": Field(column["altitude"], "m", "mean altitude of the land in the cell", "real", ETOPO5, domain_public),
            "coast": Field(column["coast"], "km", "distance to the nearest coast", "real", NATURAL_EARTH, domain_public),
        },
    )


def read_countries() -> dict[str, dict[str, float]]:
    """Facts by ISO country: arable_mha, mineral_n (kg N/ha), calcareous_share (NaN where unknown), calcareous_sites."""
    with Path(__file__).with_name("data").joinpath("nitrogen.csv").open(encoding="utf-8") as file:
        return {
            row["country"]: {k: float(v) if v else float("nan") for k, v in row.items() if k != "country"}
            for row in csv.DictReader(file)
        }


def data_folder(config: RunConfig) -> Path | None:
    """Folder of real fields: --data, CALCISOL_DATA, ../shared/data beside the working folder; None = embedded default.

    Raises ConfigError when the user names a folder that is not there.
    """
    if config.data == "none":
        return None
    named = config.data or os.environ.get("CALCISOL_DATA", "")
    if named == "none":
        return None
    if named:
        folder = Path(named)
        if not (folder / "soil_climate").is_dir():
            raise ConfigError(
                f'data = {named} holds no folder soil_climate; name the folder that does, or "none" for the embedded default'
            )
        return folder
    beside = Path("../shared/data")
    return beside if (beside / "soil_climate").is_dir() else None


def load_domain(config: RunConfig) -> Domain:
    """All fields of the run's cells, cut to the arable (and by default calcareous) ones."""
    from . import tier_a, tier_b

    folder = data_folder(config)
    domain = tier_a.build() if folder is None else tier_b.build(folder)
    if config.fields:
        from .fields import replace_fields

        domain = replace_fields(domain, config.fields)
    return refined(select(domain, config), config.refine)


def refined(domain: Domain, times: int) -> Domain:
    """Each cell cut into times x times smaller ones: areas shared, fields as in the cell, carbonate drawn from its spread."""
    if times == 1:
        return domain
    from .tier_a import draw

    step = domain.degrees / times
    offset = (np.arange(times) + 0.5) * step - domain.degrees / 2
    lat = (domain.lat[:, None, None] + offset[None, :, None] + 0 * offset[None, None, :]).ravel()
    lon = (domain.lon[:, None, None] + 0 * offset[None, :, None] + offset[None, None, :]).ravel()
    cut = domain.subset(np.repeat(np.arange(len(domain)), times**2))
    fields = {k: replace(f, values=f.values / times**2) if f.units == "m2" else f for k, f in cut.fields.items()}
    content = np.clip(cut["caco3"] * np.exp(cut["caco3_ln_sd"] * draw(10 * lat, 10 * lon)), 0.02, 0.8)
    fields["caco3"] = replace(
        cut.fields["caco3"],
        values=content,
        provenance="synthetic",
        source=f"a draw from the spread inside the {domain.degrees:g} degree cell around its value: "
        + cut.fields["caco3"].source,
    )
    order = np.lexsort((lon, lat))
    return replace(cut, lat=lat, lon=lon, fields=fields, degrees=step).subset(order)


def select(domain: Domain, config: RunConfig) -> Domain:
    """Arable cells; with ``domain = "calcareous"`` the largest ones that hold ``coverage`` of the calcareous arable area."""
    area = domain["area"]
    if config.domain == "all":
        return domain.subset(area > 0)
    order = np.argsort(-area, kind="stable")
    total = np.cumsum(area[order])
    keep = np.sort(order[: int(np.searchsorted(total, config.coverage * total[-1])) + 1])
    return domain.subset(keep)
