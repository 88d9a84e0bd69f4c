"""Tables of points a user may have: LUCAS topsoil, or any table with latitude, longitude and a field.

What:    ``read_points`` (lat, lon, value) in the units of a run's fields; tables by country: countries.py, HWSD2: hwsd.py.
Units:   LUCAS: CaCO3 and OC in g/kg, clay and sand in %; other tables: the unit in the header ("caco3 [%]"), else the run's own.
Source:  LUCAS topsoil 2009-2018 (ESDAC; "< LOD" counts as 0).
Use:     ``points = read_points(Path("LUCAS.csv"), "caco3")``
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from ..units import UnitError, convert
from . import hwsd, products
from .countries import kind as kind_of
from .missing import missing
from .places import Points
from .table_columns import coordinates, find, plain
from .table_text import TableError, numbers, read_table

LUCAS = {
    "caco3": (("CaCO3",), "g/kg"),
    "soc": (("OC",), "g/kg"),
    "ph_survey": (("pH_H2O", "pH_in_H2O", "pH(H2O)"), "1"),
    "clay": (("clay",), "%"),
    "sand": (("sand",), "%"),
}
YEAR = re.compile(r"year|survey|campaign|date|^yr$|jahr|ann[eé]e", re.I)
DEPTH = re.compile(r"depth|horizon|layer|^hz|^(upper|lower|top|bottom|from|to)(?![a-z])", re.I)
LUCAS_HEADERS = ("pointid", "thlat", "thlong", "gpslat", "gpslong")
HWSD2 = hwsd.FIELDS
BELOW_DETECTION = ("caco3", "soc", "mineral_n", "manure_n", "deposition_n")  # fields where "< LOD" means next to nothing


def kind(path: Path) -> str:
    """ "hwsd2", "eurostat", "faostat" or "points", by the header. Raises TableError."""
    return kind_of(read_table(path))


def _is_lucas(frame: pd.DataFrame) -> bool:
    return any(plain(str(h)) in LUCAS_HEADERS for h in frame.columns)


def _names(field: str) -> tuple[str, ...]:
    """Headers under which a table may have a field, its own name first."""
    others = [n for n in LUCAS.get(field, ((), ""))[0] if plain(n) != plain(field)]
    return (field, *others)


def _unit(frame: pd.DataFrame, header: str, stated: str, field: str, path: Path) -> str:
    """Unit of a column: what its header states, else LUCAS's, else the run's own. Raises TableError where nothing says it."""
    own = products.FIELD_UNITS[field]
    if stated:
        return stated
    if field in LUCAS and _is_lucas(frame):
        return LUCAS[field][1]
    if plain(header) != plain(field) and own != "1":
        raise TableError(
            f"table {path.name}: {header} states no unit; write it into the header, e.g. {header} [{LUCAS[field][1]}]"
        )
    return own


def _check_depths(frame: pd.DataFrame, lat: np.ndarray, lon: np.ndarray, path: Path) -> None:
    """Raise TableError where a place has rows of several depths: their mean would be that of no layer."""
    places = pd.DataFrame({"lat": lat, "lon": lon})
    again = places.duplicated(keep=False) & places.notna().all(axis=1)
    for header in map(str, frame.columns):
        if again.any() and DEPTH.search(header):
            said = places.assign(depth=frame[header].to_numpy())[again]
            if (said.groupby(["lat", "lon"])["depth"].nunique() > 1).any():
                raise TableError(f"table {path.name} has rows of several depths at a place ({header}); keep those of the topsoil")


def _repeated(frame: pd.DataFrame, lat: np.ndarray, lon: np.ndarray, values: np.ndarray) -> str:
    """What to tell where places have several rows that differ, each of which then counts in the mean of its cell; else ""."""
    rows = pd.DataFrame({"lat": lat, "lon": lon, "value": values}).dropna()
    differ = rows.groupby(["lat", "lon"])["value"].nunique() > 1
    if not differ.any():
        return ""
    year = next((h for h in map(str, frame.columns) if YEAR.search(h) and frame[h][rows.index].nunique() > 1), "")
    which = f"of {year} {frame[year][rows.index].min()} to {frame[year][rows.index].max()}" if year else "that differ"
    places = f"{int(differ.sum())} places have" if differ.sum() > 1 else "1 place has"
    return f"{places} several rows {which}, which count alike; keep one year where that is meant"


def has(path: Path, field: str) -> bool:
    """True where a table of points has a column of the field."""
    return bool(find(read_table(path), _names(field), field, path, False, products.FIELD_UNITS[field])[0])


def read_points(path: Path, field: str) -> Points:
    """A field from a point table (LUCAS or any with lat, lon and the field's name) or from HWSD2 layers. Raises TableError."""
    frame = read_table(path)
    if kind_of(frame) == "hwsd2":
        return hwsd.read_layers(path, frame, field)
    header, stated = find(frame, _names(field), field, path, False, products.FIELD_UNITS[field])
    lat, lon, sign = coordinates(frame, [header] if header else [], path)
    if not header:
        find(frame, _names(field), field, path, True, products.FIELD_UNITS[field])
    _check_depths(frame, lat, lon, path)
    raw = numbers(frame[header], sign, path, below=0.0 if field in BELOW_DETECTION else None)
    unit, own = _unit(frame, header, stated, field, path), products.FIELD_UNITS[field]
    try:
        values = np.asarray(convert(raw, unit, own, products.SUBSTANCE.get(field)), float)
    except UnitError as error:
        raise TableError(f"table {path.name}: {header}: {error}") from None
    values = np.where(missing(raw, field, values), np.nan, values)
    most = np.nanmax(raw, initial=-np.inf, where=np.isfinite(values))
    if not stated and unit != own and 0 < most <= 1:  # LUCAS would hold g/kg or %: these look like shares
        raise TableError(f"table {path.name}: {header} holds at most {most:g}, little for {unit}; write the unit into the header")
    good = np.isfinite(lat) & np.isfinite(lon) & np.isfinite(values)
    name = "LUCAS topsoil" if _is_lucas(frame) and field in LUCAS else "a table of points"
    note = _repeated(frame.reset_index(drop=True), lat, lon, values)
    return Points(lat[good], lon[good], values[good], 0.0, name, lost=int((~good).sum()), note=note)
