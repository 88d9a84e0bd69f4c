"""The columns of a table: found whatever their case, with the unit their header states, and coordinates with their hemisphere.

What:    ``find`` gives the one column that bears one of several names; ``coordinates`` gives latitude and longitude.
Units:   degrees north and east. West and south are read from a sign, a letter beside the number, a column of letters (LUCAS:
         GPS_EW) or the header ("lon_w"); degrees, minutes and seconds become degrees.
Source:  LUCAS topsoil and microdata (ESDAC, Eurostat), WoSIS, Darwin Core (decimalLatitude) for the names.
Use:     ``lat, lon, sign = coordinates(frame, ["caco3"], path)``
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..units import UnitError, convert
from .places import check_places, east
from .table_text import TableError, decimal_sign, parse

PREFIX = "(?P<kind>th|gps|decimal|site|sample|point|wgs84|x|y)?"
NAMES = {
    "latitude": re.compile(PREFIX + r"(lat|latitude)(?P<rest>wgs84|dd|deg|degrees|decimal|n|s|north|south|degreesnorth|ns)?"),
    "longitude": re.compile(
        PREFIX + r"(lon|long|longitude)(?P<rest>wgs84|dd|deg|degrees|decimal|e|w|east|west|degreeseast|degreeswest|ew)?"
    ),
}
OPPOSITE = ("s", "south", "w", "west", "degreeswest", "degreessouth")
SIDES = {
    "latitude": {
        **dict.fromkeys(("n", "north", "nord", "norte"), 1.0),
        **dict.fromkeys(("s", "south", "sud", "süd", "sur"), -1.0),
    },
    "longitude": {
        **dict.fromkeys(("e", "east", "est", "este", "ost"), 1.0),
        **dict.fromkeys(("w", "west", "ouest", "oeste"), -1.0),
    },
}
LETTERS = {"latitude": "N or S", "longitude": "E or W"}
UNCLEAR = {"o"}  # Ost or Ouest
HINTS = {"latitude": ("ns", "lat", "north", "south", "hemi"), "longitude": ("ew", "lon", "east", "west", "hemi")}
KINDS = ("", "th", "gps")  # LUCAS has the place of its grid and the place that was reached; the first two are preferred
MISSING = (999.0, 9999.0, 99999.0)  # no coordinate; 99 degrees west is one
NOWHERE, NOT_RELEVANT = "8", 88.88888  # LUCAS: not relevant, as the side and as a coordinate
DEGREES = re.compile(
    r"(?P<a>[NSEW])?\s*(?P<sign>[+-]?)(?P<d>\d+(?:[.,]\d+)?)\s*(?:°|º|deg|d)?\s*(?:(?P<m>\d+(?:[.,]\d+)?)\s*(?:'|′|’|m)\s*)?"
    r"(?:(?P<s>\d+(?:[.,]\d+)?)\s*(?:\"|″|”|''|s)\s*)?(?P<b>[NSEW])?",
    re.I,
)


def plain(name: str) -> str:
    """A header in lower case, letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def stated_unit(name: str) -> tuple[str, str]:
    """A header as name and unit: ``CaCO3 (g/kg)`` and ``CaCO3 [g/kg]`` give "CaCO3" and "g/kg"; no unit gives ""."""
    match = re.fullmatch(r"(.*?)\s*[\[(]([^\])]*)[\])]\s*", name)
    return (match[1], match[2].strip()) if match and match[1] else (name, "")


def is_unit(text: str, target: str) -> bool:
    """Whether what stands in brackets in a header is a unit that can become ``target``."""
    try:
        convert(np.zeros(1), text, target)
    except UnitError:
        return False
    return True


def find(
    frame: pd.DataFrame, names: Sequence[str], what: str, path: Path, needed: bool = True, target: str = "1"
) -> tuple[str, str]:
    """The column with one of the names, and the unit in its header; ("", "") where there is none and none is needed.

    Raises TableError where there is none, or more than one. A bracket that holds no unit of the kind of ``target`` belongs to
    the name: "OC (20-30 cm)" is not OC, though UDUNITS reads a length in it.
    """
    wanted = {plain(n) for n in names}
    found: list[tuple[str, str]] = []
    for header in map(str, frame.columns):
        base, unit = stated_unit(header)
        if plain(base) in wanted and (not unit or is_unit(unit, target)):
            found.append((header, unit))
        elif plain(header) in wanted:  # pH (H2O)
            found.append((header, ""))
    if len(found) > 1:
        raise TableError(f"table {path.name} has columns {' and '.join(f for f, _ in found)} for {what}; keep one of them")
    if not found and needed:
        raise TableError(
            f"table {path.name} has no column {' or '.join(names)} ({what}); its columns are {', '.join(map(str, frame.columns))}"
        )
    return found[0] if found else ("", "")


def _column_of(frame: pd.DataFrame, what: str, path: Path) -> dict[str, tuple[str, float]]:
    """Columns of a coordinate by kind ("", "th", "gps"), each with the sign its header states."""
    found: dict[str, tuple[str, float]] = {}
    for header in map(str, frame.columns):
        base, unit = stated_unit(header)
        match = NAMES[what].fullmatch(plain(base)) or NAMES[what].fullmatch(plain(header))
        if not match:
            continue
        side = [x for x in (match["rest"], plain(unit)) if x]
        letters = frame[header].str.lower().isin([*SIDES[what], ""])
        if letters.all():  # LONG_EW and the like hold letters
            continue
        kind = match["kind"] if match["kind"] in KINDS else ""
        if kind in found:
            raise TableError(f"table {path.name} has columns {found[kind][0]} and {header} for {what}; keep one of them")
        found[kind] = (header, -1.0 if any(x in OPPOSITE for x in side) else 1.0)
    return found


def _pair(frame: pd.DataFrame, path: Path) -> tuple[tuple[str, float], tuple[str, float], str]:
    minutes = [h for h in map(str, frame.columns) if re.fullmatch(r"(lat|lon)[a-z]*(min|minutes|sec|seconds)", plain(h))]
    if minutes:
        raise TableError(f"table {path.name} holds minutes of degrees in {minutes[0]}; write each coordinate in one column")
    lats, lons = (_column_of(frame, what, path) for what in ("latitude", "longitude"))
    for kind in KINDS:
        if kind in lats and kind in lons:
            return lats[kind], lons[kind], kind
    missing = "latitude" if not lats else "longitude"
    short = {"latitude": "TH_LAT or GPS_LAT or lat or latitude", "longitude": "TH_LONG or GPS_LONG or lon or longitude"}[missing]
    raise TableError(f"table {path.name} has no column {short} ({missing}); its columns are {', '.join(map(str, frame.columns))}")


def _side(frame: pd.DataFrame, what: str, kind: str, used: set[str], path: Path) -> np.ndarray | None:
    """+1 or -1 from a column of letters (E, W, east ...), None where there is none. Raises TableError where it is unclear."""
    sides = SIDES[what]
    clear: list[str] = []
    unclear: list[str] = []
    for header in map(str, frame.columns):
        values = frame[header].str.lower()
        said = set(values.unique()) - {""}
        if header in used or not said:
            continue
        named = plain(header)
        hinted = any(named.endswith(h) or named.startswith(h) for h in HINTS[what])
        known = set(sides) | ({NOWHERE} if any(named.startswith(k) for k in KINDS[1:]) else set())
        if said <= known:
            (clear if hinted else unclear).append(header)
        elif (hinted and said & (set(sides) | UNCLEAR)) or named in (f"{k}{HINTS[what][0]}" for k in KINDS):
            odd = next(x for x in frame[header] if x and x.lower() not in sides)
            raise TableError(f"table {path.name}: {header} = {odd!r} is not clear; write {LETTERS[what]}")
    mine = [c for c in clear if kind and plain(c).startswith(kind)] or clear
    west = [c for c in unclear if what == "longitude" and (frame[c].str.lower().map(sides) < 0).any()]
    if len(mine) > 1:
        raise TableError(f"table {path.name} has columns {mine[0]} and {mine[1]} with the side of its {what}s; keep one of them")
    if not mine and west:
        raise TableError(f"table {path.name}: {west[0]} looks like the side of the longitude; call that column EW, or remove it")
    if not mine:
        return None
    return np.array([sides.get(x, np.nan) for x in frame[mine[0]].str.lower()])


def _nowhere(values: np.ndarray | float) -> np.ndarray:
    """True where a coordinate is a code for none."""
    size = np.abs(values)
    return np.isnan(size) | np.isin(size, MISSING) | (np.abs(size - NOT_RELEVANT) < 1e-4)


def degrees(text: str, decimal: str, what: str) -> tuple[float, bool]:
    """A coordinate of any spelling in degrees, and whether it says its side itself. Raises ValueError."""
    try:
        return parse(text, decimal), False
    except ValueError:
        match = DEGREES.fullmatch(text.strip())
    if not match or (match["a"] and match["b"]):
        raise ValueError(text)
    letter = (match["a"] or match["b"] or "").lower()
    if letter and (letter not in SIDES[what] or match["sign"] == "-"):
        raise ValueError(text)
    parts = [parse(p, decimal) if p else 0.0 for p in (match["d"], match["m"], match["s"])]
    if parts[1] >= 60 or parts[2] >= 60:
        raise ValueError(text)
    value = parts[0] + parts[1] / 60 + parts[2] / 3600
    sign = SIDES[what][letter] if letter else -1.0 if match["sign"] == "-" else 1.0
    return sign * value, bool(letter)


def _axis(
    frame: pd.DataFrame, header: str, stated: float, side: np.ndarray | None, decimal: str, what: str, path: Path
) -> np.ndarray:
    texts = frame[header].to_numpy()
    values = np.full(len(texts), np.nan)
    for i, text in enumerate(texts):
        try:
            values[i], told = degrees(text, decimal, what)
        except ValueError:
            raise TableError(
                f"table {path.name}: {header} = {text!r} in row {frame.index[i]} is no {what}; write degrees, e.g. -3.75"
            ) from None
        if told:
            continue
        sign = stated if side is None else side[i]
        if np.isnan(sign) and not _nowhere(values[i]):
            raise TableError(
                f"table {path.name}: the side of {header} = {text} in row {frame.index[i]} is empty; write {LETTERS[what]}"
            )
        if sign < 0:
            values[i] = -abs(values[i])
        elif side is not None and values[i] < 0:
            raise TableError(
                f"table {path.name}: {header} = {text} in row {frame.index[i]} is negative, its side says the other; correct one"
            )
    return values


def coordinates(frame: pd.DataFrame, others: Sequence[str], path: Path) -> tuple[np.ndarray, np.ndarray, str]:
    """Latitude, longitude (-180 to 180) of every row, and the decimal sign of the table and its number columns ``others``.

    Raises TableError (no or two columns, an unclear side, a row that is no place) and PlaceError (beyond the Earth).
    """
    (lat, lat_sign), (lon, lon_sign), kind = _pair(frame, path)
    sign = decimal_sign([frame[lat], frame[lon], *(frame[o] for o in others)], 2, path)
    used = {lat, lon, *others}
    made = []
    for header, stated, what in ((lat, lat_sign, "latitude"), (lon, lon_sign, "longitude")):
        made.append(_axis(frame, header, stated, _side(frame, what, kind, used, path), sign, what, path))
    north, there = (np.where(_nowhere(x), np.nan, x) for x in made)
    check_places(north, there, f"table {path.name}")
    return north, east(there), sign
