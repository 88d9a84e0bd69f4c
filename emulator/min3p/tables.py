"""One MIN3P output file: its header and its numbers, with every quirk a Fortran writer can produce.

What:    headers ``title`` / ``variables`` / ``zone`` (any may be missing) and rows of numbers, read block by block.
Quirks:  touching numbers (``1.0E+000-2.0E-001``), exponents without a letter (``1.0-101``), ``D`` exponents, overflow
         (``****`` becomes NaN), ``.5`` without a leading zero, tabs, a last line cut short by a killed run (dropped, reported).
Shapes:  arrays are float64 [row, column] in file order.
Use:     ``for zone, rows in iter_zones(path): ...``
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..contract.errors import InputError

BLOCK_ROWS = 4096
_QUOTED = re.compile(r'"([^"]*)"')
_TIME = re.compile(r"(?:\bT|time)\s*=\s*([-+.\dEeDd]+)\s*([A-Za-z]*)")
_SHAPE = re.compile(r"\b([ijk])\s*=\s*(\d+)")
_COMMA = re.compile(r"(?<=\d),(?=\d)")  # a decimal one: headers of MIN3P have none between digits
_PLACE = re.compile(r"\b([xyz])\s*=\s*([-+.\dEeDd]+)")
_TOUCHING = re.compile(r"(?<=\d)([-+])(?=\d*\.\d)")  # a sign straight after a digit that opens a number with a decimal point
_LETTERLESS = re.compile(r"(\d)([-+]\d{3})(?![\d.])")  # 1.0-101: three-digit exponent without its letter
_STARS = re.compile(r"\*+")
_NUMBER = re.compile(r"^[\s\d.+\-EeDdNnaAIiFfTtYy*,]+$")


@dataclass
class Zone:
    """Header of one block of rows."""

    path: Path
    names: list[str] = field(default_factory=list)  # empty: the file has no header
    title: str = ""
    time: float | None = None
    time_unit: str = ""
    shape: tuple[int, int, int] | None = None  # i, j, k
    place: dict[str, float] = field(default_factory=dict)  # x, y, z of a transient file
    cut_short: bool = False  # the last row was incomplete


def to_float(text: str) -> float:
    """One Fortran number; overflow stars are NaN. Raises ValueError for anything else that is no number."""
    try:
        return float(text)  # most are plain
    except ValueError:
        pass
    text = text.strip()
    if text and set(text) == {"*"}:
        return float("nan")
    return float(_LETTERLESS.sub(r"\1E\2", text.replace("D", "E").replace("d", "e")))


def parse_rows(text: str, columns: int | None = None) -> np.ndarray:
    """Numbers of several lines as [row, column]; without ``columns`` the first line decides.

    Raises ValueError when a line holds another number of values or something that is no number.
    """
    if "," in text and "." not in text:  # decimal commas: MIN3P's numbers all have a point
        text = text.replace(",", ".")
    if "*" in text:
        text = _STARS.sub(" nan ", text)
    text = text.replace("D", "E").replace("d", "e").replace("\t", " ")
    text = _LETTERLESS.sub(r"\1E\2", _TOUCHING.sub(r" \1", text))
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return np.empty((0, columns or 0))
    columns = columns or len(lines[0].split())
    values = np.array(" ".join(lines).replace(",", " ").split(), dtype=float)
    if values.size != columns * len(lines):
        raise InputError(f"{len(lines)} rows of {columns} columns expected, {values.size} numbers found")
    return values.reshape(len(lines), columns)


def parse_zone(path: Path, names: list[str], line: str) -> Zone:
    """Read a ``zone t = "..."`` line."""
    quoted = _QUOTED.search(line)
    zone = Zone(path, names=list(names), title=quoted[1] if quoted else line.strip())
    if found := _TIME.search(_COMMA.sub(".", line)):
        zone.time, zone.time_unit = to_float(found[1]), found[2]
    size = {axis: int(n) for axis, n in _SHAPE.findall(line)}
    if size:
        zone.shape = (size.get("i", 1), size.get("j", 1), size.get("k", 1))
    zone.place = {axis: to_float(v) for axis, v in _PLACE.findall(_COMMA.sub(".", zone.title))}
    return zone


def iter_zones(path: Path, block_rows: int = BLOCK_ROWS) -> Iterator[tuple[Zone, np.ndarray]]:
    """Blocks of at most ``block_rows`` rows with the zone they belong to; a zone without rows comes once, empty.

    A last line that is cut short is dropped and marks its zone. Raises ValueError for a file that is no table.
    """
    zone = Zone(path)
    buffer: list[str] = []
    fresh = False  # a zone header was read but no row yet

    def flush(last: bool) -> np.ndarray:
        columns = len(zone.names) or None
        try:
            return parse_rows("".join(buffer), columns)
        except ValueError as error:
            if last and len(buffer) > 0:  # a killed run leaves half a line
                zone.cut_short = True
                try:
                    return parse_rows("".join(buffer[:-1]), columns)
                except ValueError:
                    pass
            raise InputError(f"{path} is no MIN3P table near {zone.title!r}: {error}") from None

    with open(path, encoding="latin-1") as stream:
        for line in stream:
            head = line.lstrip()[:9].lower()
            if head.startswith(("title", "variables", "zone")):
                if buffer:
                    yield zone, flush(last=False)
                    buffer.clear()
                elif fresh:
                    yield zone, np.empty((0, len(zone.names)))
                if head.startswith("variables"):
                    zone = Zone(path, names=[n.strip() for n in _QUOTED.findall(line)])
                elif head.startswith("zone"):
                    zone, fresh = parse_zone(path, zone.names, line), True
            elif head.startswith('"') and not buffer:  # the list of variables went over the line's end
                zone.names += [n.strip() for n in _QUOTED.findall(line)]
            elif line.strip():
                if not zone.names and not buffer and not _NUMBER.match(line):
                    raise InputError(f"{path} is no MIN3P table: it holds {line.strip()[:40]!r}")
                buffer.append(line)
                fresh = False
                if len(buffer) >= block_rows + 1:  # one line is kept back, so that a cut last line can be told from a bad one
                    kept = buffer.pop()
                    yield zone, flush(last=False)
                    buffer[:] = [kept]
    if buffer:
        yield zone, flush(last=True)
    elif fresh:
        yield zone, np.empty((0, len(zone.names)))


def read_table(path: Path) -> tuple[Zone, np.ndarray]:
    """Whole file of one zone: header of the last zone and all rows [row, column]. Raises ValueError as ``iter_zones``."""
    pieces = list(iter_zones(path))
    if not pieces:
        return Zone(path), np.empty((0, 0))
    return pieces[-1][0], np.concatenate([rows for _, rows in pieces])
