"""A MIN3P database as data: the ``*.dbs`` files of a folder, or the echo ``<stem>_o.dbs`` that MIN3P writes beside each run.

What:    components, complexes, gases, exchange species and minerals with log10 K at 25 degC, enthalpies, activity parameters and
         stoichiometry, as written there. The echo holds the entries a run used, between markers that name their file.
Units:   log10 K (mol, L, atm), kcal mol-1, angstrom, g mol-1, g cm-3.
Source:  formats of MIN3P 2.6.2's readers (readcomp, readsspc, readgses, readsorb, readmin_new).
Traps:   the echo finds its entries by the beginning of the name, so that a run that used 'ca-x(na)' may echo another entry that
         begins like it: an entry whose name is not the one asked for is told, never taken.
Use:     ``database = read_folder(run / "db")``; ``database = read_echo(run / "soil_o.dbs")``
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from ..tables import to_float

FILES = ("comp.dbs", "complex.dbs", "gases.dbs", "sorption.dbs", "mineral.dbs", "redox.dbs")
_ITEM = re.compile(r"'([^']*)'|([^\s']+)")
_MARK = re.compile(r"^<-+\s*(\S+)\s*:\s*(start|end) of")


@dataclass(frozen=True)
class Species:
    """A dissolved species, a gas or an exchange species: formed from components, ``takes`` mol of each."""

    name: str
    log_k: float = 0.0
    enthalpy: float = 0.0
    charge: float = 0.0
    size: float = 0.0
    b: float = 0.0
    takes: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Mineral:
    """A mineral or a kinetic reaction: what a mole of it releases, its equilibrium, and the keywords of its rate law."""

    name: str
    weight: float  # g mol-1
    density: float  # g cm-3
    releases: dict[str, float]
    reversible: bool
    log_k: float  # of formation, as the file states it
    enthalpy: float
    laws: tuple[str, ...]

    @property
    def molar_volume(self) -> float:
        """m3 mol-1."""
        return self.weight / self.density * 1.0e-6


@dataclass
class Database:
    """What was read, by name in small letters; ``sha256`` names the source."""

    source: str
    sha256: str = ""
    components: dict[str, Species] = field(default_factory=dict)
    complexes: dict[str, Species] = field(default_factory=dict)
    gases: dict[str, Species] = field(default_factory=dict)
    sorbed: dict[str, Species] = field(default_factory=dict)
    minerals: dict[str, Mineral] = field(default_factory=dict)
    reactions: dict[str, Mineral] = field(default_factory=dict)


def _items(line: str) -> list[str]:
    return [a or b for a, b in _ITEM.findall(line.split("!")[0])]


def _numbers(items: Iterable[str]) -> list[float]:
    found = []
    for item in items:
        try:
            found.append(to_float(item))
        except ValueError:
            break
    return found


def _pairs(items: list[str]) -> dict[str, float]:
    """``n name coefficient name coefficient ...`` as a dictionary; what cannot be read is left out."""
    found: dict[str, float] = {}
    for name, value in zip(items[1::2], items[2::2], strict=False):
        try:
            found[name.lower()] = found.get(name.lower(), 0.0) + to_float(value)
        except ValueError:
            break
    return found


def _lines(text: str) -> Iterator[str]:
    """Lines that hold something besides a comment."""
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line.strip() and not line.lstrip().startswith("!"):
            yield line


def _components(text: str) -> dict[str, Species]:
    found: dict[str, Species] = {}
    for line in _lines(text):
        items = _items(line)
        numbers = _numbers(items[1:])
        if items and len(numbers) >= 3:
            name, (charge, size, b) = items[0].lower(), numbers[:3]
            found.setdefault(name, Species(name, 0.0, 0.0, charge, size, b, {name: 1.0}))
    return found


def _two_lines(text: str, kind: str) -> dict[str, Species]:
    """Species of two lines: name and numbers, then components. ``kind``: which numbers follow the log K."""
    found: dict[str, Species] = {}
    held: tuple[str, list[float]] | None = None
    for line in _lines(text):
        items = _items(line)
        if not items:
            continue
        numbers = _numbers(items)
        if held is None or not numbers:  # a name, or one whose components never came
            numbers = _numbers(items[1:])
            held = (items[0].lower(), numbers) if len(numbers) >= 2 else None
            continue
        name, values = held
        charge, size, b = (values[2:5] + [0.0] * 3)[:3] if kind == "complex" else ([*values[2:3], 0.0][0], 0.0, 0.0)
        found.setdefault(name, Species(name, values[1], values[0], charge, size, b, _pairs(items)))
        held = None
    return found


def _entries(text: str) -> Iterator[tuple[str, list[str]]]:
    """(name, lines) of the entries of mineral.dbs or redox.dbs: a quoted name, then 'surface' or a stoichiometry."""
    lines = list(_lines(text))
    starts = [
        i
        for i, line in enumerate(lines)
        if line.lstrip().startswith("'")
        and i + 1 < len(lines)
        and lines[i + 1].strip().lower().startswith(("'surface'", "'transport'"))
    ]
    for start, stop in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield _items(lines[start])[0].lower(), lines[start + 1 : stop]


def _minerals(text: str) -> dict[str, Mineral]:
    found: dict[str, Mineral] = {}
    for name, lines in _entries(text):
        if len(lines) < 4:
            continue
        size, stoichiometry = _numbers(_items(lines[1])), _items(lines[2])
        rest = lines[3:]
        while rest and _numbers(_items(rest[0])) == [] and not rest[0].lstrip().startswith("'"):
            rest = rest[1:]
        law = _items(rest[0]) if rest else []
        reversible = bool(law) and law[0].lower() == "reversible"
        log_k, enthalpy = [*_numbers(law[1:]), 0.0, 0.0][:2] if reversible else [0.0, 0.0]
        keywords = tuple(_items(line)[0].lower() for line in rest if line.lstrip().startswith("'"))
        if len(size) >= 2 and size[1] > 0.0:
            found.setdefault(name, Mineral(name, size[0], size[1], _pairs(stoichiometry), reversible, log_k, enthalpy, keywords))
    return found


_NUMBERS_ONLY = re.compile(r"^\s*\d+\s+'")


def _reactions(text: str) -> dict[str, Mineral]:
    """Kinetic reactions in water: a quoted name, then the line ``n 'component' coefficient ...`` before anything else."""
    found: dict[str, Mineral] = {}
    lines = list(_lines(text))
    for i, line in enumerate(lines):
        if not line.lstrip().startswith("'") or len(_items(line)) != 1:
            continue
        for following in lines[i + 1 : i + 4]:
            if _NUMBERS_ONLY.match(following):
                name = _items(line)[0].lower()
                pairs = _pairs(_items(following))
                if pairs and name not in pairs:
                    found.setdefault(name, Mineral(name, 1.0, 1.0, pairs, False, 0.0, 0.0, ()))
                break
            if (
                following.lstrip().startswith("'")
                and len(_items(following)) == 1
                and "kinetic" not in following
                and "type" not in following
            ):
                break
    return found


def _fill(database: Database, name: str, text: str) -> None:
    """Add the entries of one file."""
    if name == "comp.dbs":
        database.components |= _components(text)
    elif name == "complex.dbs":
        database.complexes |= _two_lines(text, "complex")
    elif name == "gases.dbs":
        database.gases |= _two_lines(text, "gas")
    elif name == "sorption.dbs":
        database.sorbed |= _two_lines(text, "sorbed")
    elif name == "mineral.dbs":
        database.minerals |= _minerals(text)
    elif name.startswith("redox"):
        database.reactions |= _reactions(text)


def read_folder(folder: Path) -> Database | None:
    """The ``*.dbs`` files of a folder; None where it holds neither complexes nor minerals."""
    found = (
        {path.name.lower(): path for path in sorted(folder.glob("*")) if path.name.lower() in FILES} if folder.is_dir() else {}
    )
    if not {"complex.dbs", "mineral.dbs"} & set(found):
        return None
    texts = {name: path.read_text(encoding="latin-1") for name, path in sorted(found.items())}
    return _parsed(f"database folder {folder.name}", tuple(texts.items()))


@lru_cache(maxsize=4)  # the runs of an archive mostly share one database of half a megabyte
def _parsed(source: str, texts: tuple[tuple[str, str], ...]) -> Database:
    """A database of these files."""
    database, digest = Database(source), hashlib.sha256()
    for name, text in texts:
        digest.update(name.encode() + b"\n" + text.encode("latin-1"))
        _fill(database, name, text)
    database.sha256 = digest.hexdigest()
    return database


def read_echo(path: Path) -> Database | None:
    """The echo of a run; None where there is none or it holds no section."""
    if not path.is_file():
        return None
    text = path.read_text(encoding="latin-1")
    parts: dict[str, list[str]] = {}
    section = ""
    for line in text.splitlines():
        if found := _MARK.match(line.strip()):
            section = found[1].lower() if found[2] == "start" else ""
        elif section:
            parts.setdefault(section, []).append(line)
    if not parts:
        return None
    database = Database(f"echo {path.name}", hashlib.sha256(text.encode("latin-1")).hexdigest())
    for name, lines in parts.items():
        _fill(database, name, "\n".join(lines))
    return database
