"""Rebuilds the two small tables of this folder from public-domain sources; run by hand, never at build or run time.

What:    ``cells.csv``   0.5 degree land cells of Europe: country, share of land, altitude, distance to the coast.
         ``borders.csv`` coast lines and borders, thinned to 0.04 degree, for the maps.
Source:  Natural Earth 1:50m (public domain, npm package world-atlas 2.0.2, file countries-50m.json);
         ETOPO5 (NOAA, public domain, Debian package ferret-datasets, file etopo5.cdf).
Use:     python coupler/data/make_tables.py countries-50m.json etopo5.cdf
Units:   lat, lon degrees (cell centre); altitude m above sea level; coast km; land 1.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path as FilePath

import netCDF4
import numpy as np
from matplotlib.path import Path

SOUTH, NORTH, WEST, EAST, STEP = 34.0, 72.0, -11.0, 42.0, 0.5
SAMPLES = 10  # points per cell edge that decide country and share of land
TOLERANCE = 0.04  # degrees a thinned line may leave the original
EARTH_RADIUS_KM = 6371.0
# Natural Earth name -> ISO 3166-1 alpha-3, for the countries a cell can carry
ISO = {
    "Albania": "ALB", "Austria": "AUT", "Belarus": "BLR", "Belgium": "BEL", "Bosnia and Herz.": "BIH", "Bulgaria": "BGR",
    "Croatia": "HRV", "Cyprus": "CYP", "Czechia": "CZE", "Denmark": "DNK", "Estonia": "EST", "Finland": "FIN", "France": "FRA",
    "Germany": "DEU", "Greece": "GRC", "Hungary": "HUN", "Ireland": "IRL", "Italy": "ITA", "Kosovo": "XKX", "Latvia": "LVA",
    "Lithuania": "LTU", "Luxembourg": "LUX", "Macedonia": "MKD", "Moldova": "MDA", "Montenegro": "MNE", "Netherlands": "NLD",
    "Norway": "NOR", "Poland": "POL", "Portugal": "PRT", "Romania": "ROU", "Serbia": "SRB", "Slovakia": "SVK", "Slovenia": "SVN",
    "Spain": "ESP", "Sweden": "SWE", "Switzerland": "CHE", "Ukraine": "UKR", "United Kingdom": "GBR",
}  # fmt: skip


def decode_arcs(topology: dict) -> list[np.ndarray]:
    """Arcs of a quantised TopoJSON as (point, lon/lat) arrays in degrees."""
    scale, offset = np.array(topology["transform"]["scale"]), np.array(topology["transform"]["translate"])
    return [np.cumsum(np.array(arc), axis=0) * scale + offset for arc in topology["arcs"]]


def rings(geometry: dict, arcs: list[np.ndarray]) -> list[np.ndarray]:
    """Closed rings (outer and holes alike) of one country; a negative arc number means the arc backwards."""
    polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
    return [np.concatenate([arcs[i] if i >= 0 else arcs[~i][::-1] for i in ring]) for polygon in polygons for ring in polygon]


def inside(rings_: list[np.ndarray], points: np.ndarray) -> np.ndarray:
    """Even-odd rule over all rings: True where a point (n, 2) lies in the country."""
    hit = np.zeros(len(points), bool)
    for ring in rings_:
        low, high = ring.min(0), ring.max(0)
        near = np.flatnonzero(((points >= low) & (points <= high)).all(1))
        if near.size:
            hit[near] ^= Path(ring).contains_points(points[near])
    return hit


def distance_km(lat: float, lon: float, other: np.ndarray) -> float:
    """Great-circle distance from one point to the nearest of (n, lon/lat) points."""
    a, b = np.radians(lat), np.radians(other[:, 1])
    h = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.radians(other[:, 0] - lon) / 2) ** 2
    return float(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(h.min())))


def thin(line: np.ndarray) -> np.ndarray:
    """Douglas-Peucker: the fewest points that stay within TOLERANCE of the line (n, 2)."""
    keep = np.zeros(len(line), bool)
    keep[[0, -1]] = True
    stack = [(0, len(line) - 1)]
    while stack:
        first, last = stack.pop()
        if last - first < 2:
            continue
        chord, rel = line[last] - line[first], line[first + 1 : last] - line[first]
        length = np.hypot(*chord)
        away = np.hypot(*rel.T) if length == 0 else np.abs(chord[0] * rel[:, 1] - chord[1] * rel[:, 0]) / length
        worst = int(away.argmax())
        if away[worst] > TOLERANCE:
            middle = first + 1 + worst
            keep[middle] = True
            stack += [(first, middle), (middle, last)]
    return line[keep]


def arc_uses(countries: list[dict]) -> Counter[int]:
    """How many rings each arc is part of: one for a coast line, two for a border."""
    return Counter(
        i if i >= 0 else ~i
        for g in countries
        for polygon in (g["arcs"] if g["type"] == "MultiPolygon" else [g["arcs"]])
        for ring in polygon
        for i in ring
    )


def arcs_nearby(arcs: list[np.ndarray]) -> list[int]:
    """Numbers of the arcs in or around the domain: far enough out that the nearest coast of every cell is among them."""
    return [
        i for i, a in enumerate(arcs)
        if a[:, 0].max() > WEST - 12 and a[:, 0].min() < EAST + 12 and a[:, 1].max() > SOUTH - 8 and a[:, 1].min() < NORTH + 4
    ]  # fmt: skip


def owners(countries: list[dict], arcs: list[np.ndarray], lats: np.ndarray, lons: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Country code and whether it is land, at SAMPLES x SAMPLES points of every cell: (lat, sample, lon, sample)."""
    offsets = (np.arange(SAMPLES) + 0.5) / SAMPLES * STEP
    grid_lat = (lats[:, None] + offsets).ravel()
    grid_lon = (lons[:, None] + offsets).ravel()
    points = np.stack(np.meshgrid(grid_lon, grid_lat), -1).reshape(-1, 2)
    owner = np.full(len(points), "", dtype="U3")
    land = np.zeros(len(points), bool)
    for geometry in countries:
        hit = inside(rings(geometry, arcs), points)
        land |= hit
        owner[hit] = ISO.get(geometry["properties"]["name"], "")
    blocks = (len(lats), SAMPLES, len(lons), SAMPLES)
    return np.reshape(owner, blocks), np.reshape(land, blocks)


class Relief:
    """Altitude of ETOPO5, m above sea level."""

    def __init__(self, path: str) -> None:
        with netCDF4.Dataset(path) as data:
            self.height = data["ROSE"][:].filled(np.nan)
            self.lat, self.lon = np.asarray(data["ETOPO05_Y"][:]), (np.asarray(data["ETOPO05_X"][:]) + 180) % 360 - 180

    def mean(self, south: float, west: float) -> float:
        """Of the land in one cell; 1 m where the relief knows only water."""
        rows, columns = (self.lat >= south) & (self.lat < south + STEP), (self.lon >= west) & (self.lon < west + STEP)
        box = self.height[np.ix_(rows, columns)]
        above = box[box > 0]
        return above.mean() if above.size else 1.0


def cell_rows(countries: list[dict], arcs: list[np.ndarray], coast: np.ndarray, relief: Relief) -> list[str]:
    """Lines of ``cells.csv``: every cell with land of a known country."""
    lats, lons = np.arange(SOUTH, NORTH, STEP), np.arange(WEST, EAST, STEP)
    owner, land = owners(countries, arcs, lats, lons)
    rows = ["lat,lon,country,land,altitude,coast"]
    for j, south in enumerate(lats):
        for i, west in enumerate(lons):
            names = Counter(owner[j, :, i, :][land[j, :, i, :]].tolist())
            names.pop("", None)
            if not names:
                continue
            country = names.most_common(1)[0][0]  # the largest; the share of land counts all of them
            lat, lon, share = south + STEP / 2, west + STEP / 2, land[j, :, i, :].mean()
            altitude, away = relief.mean(south, west), distance_km(lat, lon, coast)
            rows.append(f"{lat:g},{lon:g},{country},{share:g},{altitude:.0f},{away:.0f}")
    return rows


def border_lines(arcs: list[np.ndarray], near: list[int], used: Counter[int]) -> list[str]:
    """Lines of ``borders.csv``: "c" (coast) or "b" (border), the first point and the steps from it, in 0.01 degree."""
    lines = []
    for i in near:
        line = arcs[i]
        if line[:, 0].max() < WEST or line[:, 0].min() > EAST or line[:, 1].max() < SOUTH or line[:, 1].min() > NORTH:
            continue
        steps = np.diff(np.rint(thin(line) * 100).astype(int), axis=0, prepend=0)
        if len(steps) > 2 or np.abs(np.ptp(line, axis=0)).max() > 0.2:
            lines.append(("c" if used[i] == 1 else "b") + " " + " ".join(f"{x},{y}" for x, y in steps))
    return lines


def main(topology_file: str, relief_file: str) -> None:
    """Write both tables beside this script."""
    topology = json.loads(FilePath(topology_file).read_text(encoding="utf-8"))
    arcs, countries = decode_arcs(topology), topology["objects"]["countries"]["geometries"]
    used, near = arc_uses(countries), arcs_nearby(arcs)
    coast = np.concatenate([arcs[i] for i in near if used[i] == 1])  # an arc of one country alone borders the sea
    tables = {
        "cells.csv": cell_rows(countries, arcs, coast, Relief(relief_file)),
        "borders.csv": border_lines(arcs, near, used),
    }
    for name, lines in tables.items():
        FilePath(__file__).with_name(name).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("usage: python make_tables.py countries-50m.json etopo5.cdf")
    main(sys.argv[1], sys.argv[2])
