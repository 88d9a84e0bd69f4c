"""The embedded cells and countries: what both tiers start from.

What:    the 0.5 degree land cells of Europe (country, land share, altitude, distance to the coast) and facts by country.
Units:   in each Field. Source: in each Field, with licence.
Use:     ``cells = read_cells(); countries = read_countries()``
"""

from __future__ import annotations

import csv

import numpy as np

from ..data import data_file
from .domain import CELL_DEGREES, Domain, Field

EARTH_RADIUS_M = 6.371e6
NATURAL_EARTH = "Natural Earth 1:50m (world-atlas 2.0.2)"
ETOPO5 = "ETOPO5, NOAA National Geophysical Data Center 1988"
FUBC = "Ludemann et al. 2022, doi:10.1038/s41597-022-01592-z, survey year 2018"
GEMAS = (
    "Reimann et al. 2014, Chemistry of Europe's Agricultural Soils, Geol. Jahrbuch B102/B103 (calcite estimated from total Ca)"
)


def cell_area(lat: np.ndarray, degrees: float = CELL_DEGREES) -> np.ndarray:
    """Area of a cell on the sphere [m2]; ``lat`` is its centre in degrees."""
    half = np.radians(degrees / 2)
    lat = np.radians(np.asarray(lat, float))
    return EARTH_RADIUS_M**2 * np.radians(degrees) * (np.sin(lat + half) - np.sin(lat - half))


def read_cells() -> Domain:
    """The embedded land cells: country, land share, altitude, distance to the coast (all real)."""
    with data_file("cells.csv").open(encoding="utf-8") as file:
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
    with data_file("nitrogen.csv").open(encoding="utf-8") as file:
        return {
            row["country"]: {k: float(v) if v else float("nan") for k, v in row.items() if k != "country"}
            for row in csv.DictReader(file)
        }
