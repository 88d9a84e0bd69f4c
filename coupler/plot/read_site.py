"""The file of a plot: TOML with a small table of its history, and the CSV files it names.

What:    ``read_site`` reads, checks and completes: climate of the embedded Europe, texture of deeper layers, density.
Units:   as the keys say. Shapes: site.py.
Errors:  SiteError, one sentence with key, value and what to write instead.
Source:  coupler/docs/plot.md describes every key for users.
Use:     ``site = read_site(Path("SITE.toml"))``
"""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from ..europe import embedded
from ..europe.cells import read_cells
from ..land import aluminium, climate, weathering
from . import read_history, read_weather
from .read_toml import SiteError, Table
from .site import CATIONS, Parameters, Place, Site, Soil, Weather

YEARS = (1700, 2500)
LEAST_DEPTH = 1.0  # m; the last surveyed layer is taken to reach at least so deep


def _place(t: Table) -> Place:
    return Place(
        t.number("latitude", -90, 90), t.number("longitude", -180, 180), t.number("altitude_m", -400, 6000, 100.0),
        t.text("country", default=""),
    )  # fmt: skip


def _embedded(place: Place) -> dict[str, np.ndarray]:
    """Climate of the embedded Europe at a place."""
    cells = read_cells()
    if not (33 <= place.latitude <= 73 and -13 <= place.longitude <= 42):
        raise SiteError(
            f"[place] {place.latitude:g} N {place.longitude:g} E lies outside the embedded climate of Europe; give [climate] "
            "with temperature_c, rain_mm and pet_mm"
        )
    near = int(np.argmin(np.hypot(cells.lat - place.latitude, 0.6 * (cells.lon - place.longitude))))
    cell = cells.subset(np.array([near]))
    return {k: f.values[0] for k, f in embedded.climate_fields(cell).items()}


def _monthly(t: Table, key: str, low: float, high: float) -> np.ndarray | None:
    """Twelve monthly values, or None."""
    if not isinstance(t.get(key), list):
        return None
    return t.numbers(key, 12, low, high)


def _weather(t: Table, place: Place) -> Weather:
    """Monthly climate: as given, the rest by the regressions of the embedded Europe."""
    lat = np.array([place.latitude])
    given = [k for k in ("temperature_c", "rain_mm", "pet_mm") if k in t]
    own = _embedded(place) if len(given) < 3 else {}
    air = _monthly(t, "temperature_c", -60, 60)
    if air is None:
        mean = t.number("temperature_c", -30, 40, float(own["mat"]) if own else None)
        swing = t.number("amplitude_c", 0, 40, float(own["t_amplitude"]) if own else 7.0)
        air = climate.air_temperature(np.array([mean]), np.array([swing]))[0]
    rain = _monthly(t, "rain_mm", 0, 2000)
    if rain is None:
        shape = own["rain_shape"] if own else np.full(12, 1 / 12)
        rain = t.number("rain_mm", 50, 10000, float(own["rain"]) if own else None) * shape
    pet = _monthly(t, "pet_mm", 0, 500)
    if pet is None:
        pet = t.number("pet_mm", 50, 4000, float(own["pet"]) if own else None) * climate.pet_shape(lat, air[None])[0]
    t.get("amplitude_c")
    t.done()
    return Weather(air, rain, pet, "given: " + ", ".join(given) if given else "embedded Europe")


def _soil(t: Table) -> Soil:
    depth = t.get("depth_cm")
    if not isinstance(depth, list) or not depth:
        raise SiteError(f"{t.where}: depth_cm must list the lower edge of each surveyed layer, e.g. [23, 46]")
    n = len(depth)
    edges = t.numbers("depth_cm", n, 1, 500) / 100
    if (np.diff(edges) <= 0).any():
        raise SiteError(f"{t.where}: depth_cm = {depth} must grow downward")
    cacl2 = "ph_cacl2" in t
    if cacl2 and "ph_h2o" in t:
        raise SiteError(f"{t.where}: ph_h2o and ph_cacl2 are both given; give the one that was read")
    clay, sand = t.numbers("clay_percent", n, 0, 100) / 100, t.numbers("sand_percent", n, 0, 100) / 100
    if (clay + sand > 1.001).any():
        raise SiteError(f"{t.where}: clay_percent and sand_percent add up to more than 100")
    carbon = t.numbers("organic_carbon_percent", n, 0, 60) / 100
    held = t.numbers("si_gibbsite", n, -4, 3, np.nan)
    density = t.numbers("bulk_density_t_m3", n, 0.2, 2.4, np.nan) * 1e3
    usual = np.clip(1464.8 + 134.3 * clay - 6616.0 * carbon, 1000.0, 1600.0)  # europe/embedded.py, soil_fields
    soil = Soil(
        edges=np.append(edges[:-1], max(edges[-1], LEAST_DEPTH)),
        clay=clay, sand=sand, carbon=carbon,
        density=np.where(np.isnan(density), usual, density),
        stones=t.numbers("stones_percent", n, 0, 90, 0.0) / 100,
        ph=t.numbers("ph_cacl2" if cacl2 else "ph_h2o", n, 2.5, 9.5),
        cacl2=cacl2,
        ratio=t.number("suspension", 1, 10, 2.5),
        capacity=t.numbers("cec_mmolc_kg", n, 2, 2000, np.nan) / 1e3,
        bases={ion: t.numbers(f"{ion}_mmolc_kg", n, 0, 2000, np.nan) / 1e3 for ion in CATIONS},
        caco3=t.numbers("caco3_percent", n, 0, 95, 0.0) / 100,
        aluminium=np.where(np.isnan(held), aluminium.saturation(carbon), held),
        parent=t.text("parent_material", ("", *weathering.CLASSES), ""),
    )  # fmt: skip
    t.done()
    return soil


def _by_year(t: Table, key: str, high: float) -> dict[int, float]:
    """A number for all years, or a table of years."""
    value = t.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        return {YEARS[0]: t.number(key, 0, high)}
    inner = Table(value, f"{t.where} {key}")
    if not all(k.isdigit() for k in value):
        raise SiteError(f"{t.where}: {key} must be a number or a table of years, e.g. {{ 1900 = 20, 1970 = 40 }}")
    return {int(k): inner.number(k, 0, high) for k in value}


def _parameters(t: Table) -> Parameters:
    usual, limits = dataclasses.asdict(Parameters()), {"cec_variable": (0.3, 0.95)}
    made = {name: t.number(name, *limits.get(name, (0.0, 10.0)), value) for name, value in usual.items()}
    t.done()
    return Parameters(**made)


def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SiteError(f"{path} does not exist; give the path of the file of a plot (TOML)") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SiteError(
            f"{path} cannot be read ({getattr(error, 'strerror', None) or error}); see coupler/docs/plot.md"
        ) from None


def read_site(path: Path, *, observed: bool = True) -> Site:
    """The plot of a file; not ``observed``: without the readings it names. Raises SiteError."""
    t = Table(_load(path), path.name)
    name, start, end = t.text("name", default=path.stem), int(t.number("start", *YEARS)), int(t.number("end", *YEARS))
    if end < start:
        raise SiteError(f"{path.name}: end = {end} lies before start = {start}")
    place_table = Table(t.get("place", {}), f"{path.name} [place]")
    place = _place(place_table)
    place_table.done()
    soil_table = Table(t.get("soil", {}), f"{path.name} [soil]")
    soil = _soil(soil_table)
    surveyed = soil_table.numbers("depth_cm", len(soil.edges), 1, 500) / 100
    air = Table(t.get("deposition", {}), f"{path.name} [deposition]")
    sulphur, nitrogen = _by_year(air, "sulphur_kg_ha", 500), _by_year(air, "nitrogen_kg_ha", 200)
    air.done()
    treatments = t.get("treatments", ["plot"])
    if not isinstance(treatments, list) or not treatments or not all(isinstance(x, str) for x in treatments):
        raise SiteError(f'{path.name}: treatments = {treatments!r} must be a list of names, e.g. ["nil", "limed"]')
    if len(set(treatments)) < len(treatments):
        raise SiteError(f"{path.name}: treatments names one twice; name each once")
    names = tuple(treatments)
    lines = read_history.lines(t.get("history", []), path.parent, names, (start, end), f"{path.name} [[history]]")
    named = t.get("observations", "")
    readings = read_history.readings(named if observed else "", path.parent, names)
    depths = read_history.depths(t.get("sampling_cm"), surveyed, readings, path.name)
    climate_table = Table(t.get("climate", {}), f"{path.name} [climate]")
    file = climate_table.text("years", default="")
    weather = _weather(climate_table, place)
    site = Site(
        name, (start, end), place, weather, soil,
        t.number("plough_cm", 0, 60, 0.0 if read_history.grass(lines) else 23.0) / 100, names, lines, depths,
        int(t.number("sampling_month", 1, 12, 10)) - 1, readings, sulphur, nitrogen,
        _parameters(Table(t.get("parameters", {}), f"{path.name} [parameters]")), path.parent,
        read_weather.years(path.parent, file, weather) if file else {},
    )  # fmt: skip
    t.done()
    return site
