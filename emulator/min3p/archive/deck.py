"""The deck of any MIN3P run, read into its blocks and keywords: whatever its order, quotes, comments or line ends.

What:    a block runs from its title to 'done'; a keyword is a quoted line inside it, followed by its values; zones run from
         'number and name of zone' (or the zone's name alone) to 'end of zone'. Nothing is interpreted here but numbers.
Source:  MIN3P-THCm user manual (2019) and its list-directed reading: of a line only as many items are read as are asked for.
Use:     ``deck = read_deck(path); deck.names("geochemical system", "components")``
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from ...contract.errors import InputError
from ..tables import to_float

_ITEM = re.compile(r"'([^']*)'|\"([^\"]*)\"|([^\s,]+)")
_COUNT = re.compile(r"^\d+$")
ZONE, END_OF_ZONE, EXTENT = "number and name of zone", "end of zone", "extent of zone"
MOST_BYTES = 50_000_000
"""A deck with 1000 rate rows for each of 60 zones has 5 MB; what is larger is no deck."""


@dataclass(frozen=True)
class Line:
    """One line without its comment: the items on it, and whether it opens with a quote (a keyword, a name)."""

    items: tuple[str, ...]
    quoted: bool

    @property
    def text(self) -> str:
        """The first item in small letters."""
        return self.items[0].lower()

    def numbers(self) -> list[float]:
        """Leading numbers of the line."""
        found = []
        for item in self.items:
            try:
                found.append(to_float(item))
            except ValueError:
                break
        return found


@dataclass
class Zone:
    """A zone of a block: its name, its six bounds [m] and the lines between."""

    name: str
    lines: list[Line] = field(default_factory=list)

    def after(self, keyword: str) -> list[Line]:
        """Lines after a keyword, up to the end of the zone; empty where the zone has none."""
        return after(self.lines, keyword)

    @property
    def extent(self) -> list[float]:
        """xmin xmax ymin ymax zmin zmax; empty where the zone states none."""
        found = numbers_after(self.lines, EXTENT, 6)
        return found if len(found) == 6 else []


@dataclass(frozen=True)
class Deck:
    """Blocks of a deck by title, in small letters."""

    path: Path
    blocks: dict[str, list[Line]]

    def block(self, title: str) -> list[Line]:
        """Lines of a block; the title may go on with anything. Empty where the deck has none."""
        return next((lines for name, lines in self.blocks.items() if name.startswith(title)), [])

    def has(self, title: str, keyword: str) -> bool:
        """Whether a block holds a keyword."""
        return any(line.quoted and line.text == keyword for line in self.block(title))

    def names(self, title: str, keyword: str) -> list[str]:
        """Names listed after a keyword: a count, then one name a line."""
        lines = after(self.block(title), keyword)
        if not lines or not _COUNT.match(lines[0].items[0]):
            return []
        count = int(lines[0].items[0])
        return [line.items[0].lower() for line in lines[1 : 1 + count]]

    def word(self, title: str, keyword: str) -> str:
        """The word or path after a keyword; "" where there is none."""
        lines = after(self.block(title), keyword)
        return lines[0].items[0] if lines else ""

    def number(self, title: str, keyword: str) -> float | None:
        """The number after a keyword."""
        found = numbers_after(self.block(title), keyword, 1)
        return found[0] if found else None

    def zones(self, title: str) -> list[Zone]:
        """Zones of a block, in its order."""
        found: list[Zone] = []
        lines = self.block(title)
        i = 0
        while i < len(lines):
            line = lines[i]
            if line.quoted and line.text == ZONE and i + 2 < len(lines):
                found.append(Zone(lines[i + 2].items[0]))
                i += 3
                continue
            if line.quoted and line.text == END_OF_ZONE:
                found.append(Zone(""))  # what follows belongs to no zone until the next one opens
            elif found and found[-1].name:
                found[-1].lines.append(line)
            i += 1
        return [zone for zone in found if zone.name]

    def switches(self) -> list[bool]:
        """The logicals of the first block: variably saturated, steady flow, fully saturated, reactive transport, root uptake."""
        return [
            line.items[0].lower().startswith((".t", "t"))
            for line in self.block("global control parameters")
            if not line.quoted and re.match(r"^\.?[tf](rue|alse)?\.?$", line.items[0].lower())
        ]


def after(lines: list[Line], keyword: str) -> list[Line]:
    """Lines after the first occurrence of a keyword."""
    for i, line in enumerate(lines):
        if line.quoted and line.text == keyword:
            return lines[i + 1 :]
    return []


def numbers_after(lines: list[Line], keyword: str, count: int) -> list[float]:
    """The next ``count`` numbers after a keyword, over as many lines as they take; fewer where something else comes first."""
    found: list[float] = []
    for line in after(lines, keyword):
        numbers = line.numbers()
        if not numbers or line.quoted:
            break
        found += numbers
        if len(found) >= count:
            break
    return found[:count]


def _uncommented(text: str) -> str:
    """A line up to its comment; quotes protect what they hold."""
    if "!" not in text and ";" not in text:
        return text
    inside = ""
    for i, letter in enumerate(text):
        if inside:
            inside = "" if letter == inside else inside
        elif letter in "'\"":
            inside = letter
        elif letter in "!;":
            return text[:i]
    return text


def read_deck(path: Path) -> Deck:
    """Read a deck. Raises InputError for a file that holds no block of a deck."""
    if path.stat().st_size > MOST_BYTES:
        raise InputError(f"{path} has {path.stat().st_size} bytes; a MIN3P deck has fewer than {MOST_BYTES}")
    blocks: dict[str, list[Line]] = {}
    current: list[Line] | None = None
    with open(path, encoding="latin-1") as stream:
        for raw in stream:
            text = _uncommented(raw).strip()
            if not text:
                continue
            if "'" in text or '"' in text:
                items = tuple(a or b or c for a, b, c in _ITEM.findall(text))
            else:
                items = tuple(text.replace(",", " ").split())
            if not items:
                continue
            line = Line(items, text[0] in "'\"")
            if current is None and line.quoted:
                current = blocks.setdefault(line.text, [])
            elif line.quoted and line.text in ("done", "end"):
                current = None
            elif current is not None:
                current.append(line)
    if not any(name.startswith(("geochemical system", "global control", "spatial disc")) for name in blocks):
        raise InputError(f"{path} is no MIN3P deck: it holds no block 'geochemical system'")
    return Deck(path, blocks)
