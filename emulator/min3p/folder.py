"""What lies in a MIN3P run folder: which runs, which output families, and which units the run itself states.

What:    groups output files by run (stem) and family, reads ``<stem>_o.fls`` for units and the deck for the start time.
Source:  file families of MIN3P-THCm (user manual 2019, section 5); any component, mineral or geometry.
Use:     ``for run in find_runs(root): print(run.stem, run.status.state, sorted(run.families))``
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .runner import RunStatus, status

SPATIAL = {  # extension -> prefix of the variable
    "gst": "tot", "gsc": "c", "gsm": "", "gsg": "p", "gsgr": "rate_gas", "gsv": "phi", "gsb": "sorb", "gss": "si",
    "gsx": "si_excluded", "gsd": "rate", "gsi": "rate_aqueous", "gsp": "", "gsa": "activity", "vel": "",
}  # fmt: skip
"""Profiles and fields at output times."""
TRANSIENT = {f"gb{k[2:]}": v for k, v in SPATIAL.items() if k.startswith("gs")}
"""The same quantities at chosen cells, every n-th step."""
BALANCE = {  # tables over time
    "mac": "component budget", "mae": "component budget error", "mgc": "gas budget", "mmc": "mineral budget",
    "mrc": "reaction budget", "mas": "system mass, dissolved", "mss": "system mass, sorbed", "mgs": "system mass, gas",
    "mms": "system mass, minerals", "mvc": "water budget", "mve": "water budget error", "mvs": "system mass, water",
    "gcvel": "component fluxes through a face",
}  # fmt: skip
FAMILIES = {**SPATIAL, **TRANSIENT, **BALANCE}
_NAME = re.compile(r"^(?P<stem>.+?)_(?P<index>\d+|o)(?:_(?P<face>\d+))?$")
_ENTRY = re.compile(r"^\s*(\d+)\s+\S")
_FILE = re.compile(r"^(\S+)\.([A-Za-z]+)\b")


@dataclass(frozen=True)
class OutputFile:
    """One output file; ``index`` is the output number, cell or component (None: not in the name), ``face`` that of a gcvel."""

    path: Path
    index: int | None
    face: int | None


@dataclass
class Run:
    """One run: all files of one stem in one folder."""

    folder: Path
    stem: str
    status: RunStatus
    families: dict[str, list[OutputFile]] = field(default_factory=dict)
    units: dict[str, list[str]] = field(default_factory=dict)  # family -> unit by column, as the run's own file list states
    time_unit: str = ""  # of the deck; empty when there is no deck
    start_time: float | None = None

    def unit(self, family: str, column: int, name: str) -> str:
        """Unit of a column: the run's file list, else brackets in the column's name, else "unknown". Never guessed."""
        listed = self.units.get(family, [])
        if column < len(listed) and listed[column]:
            return listed[column]
        found = re.search(r"\[([^\]]+)\]", name)
        return found[1].strip() if found else "unknown"


def read_file_list(path: Path, most: int | None = None) -> dict[str, list[str]]:
    """Units per family and column from ``<stem>_o.fls``, of its first ``most`` lines; a family's first file speaks for all."""
    out: dict[str, list[str]] = {}
    family, offset = "", -1
    for line in path.read_text(encoding="latin-1").splitlines()[:most]:
        text = line.strip()
        if found := _FILE.match(text):
            family = found[2].lower() if found[2].lower() in FAMILIES else ""
            offset = -1
        elif text.startswith("column") and "unit" in line:
            offset = line.index("unit")
        elif family and offset > 0 and (entry := _ENTRY.match(line)) and len(line) > offset:
            units = out.setdefault(family, [])
            if int(entry[1]) == len(units) + 1:  # in order, and from the first file of the family alone
                units.append(line[offset - 1 :].strip() if line[offset - 1] != " " else line[offset:].strip())
    return out


def read_deck_time(path: Path) -> tuple[str, float | None]:
    """(time unit, start time) of the deck's time-step block; ("", None) when it has none."""
    lines = [line.split("!")[0].split(";")[0].strip() for line in path.read_text(encoding="latin-1").splitlines()]
    lines = [line for line in lines if line]
    for i, line in enumerate(lines):
        if line.strip("'\" ").lower().startswith("time step control") and i + 2 < len(lines):
            try:
                return lines[i + 1].strip("'\" ").lower(), float(lines[i + 2].split()[0].lower().replace("d", "e"))
            except (ValueError, IndexError):
                return lines[i + 1].strip("'\" ").lower(), None
    return "", None


def list_runs(folder: Path) -> list[Run]:
    """Runs in one folder, sub-folders left out; one per stem that has at least one output file."""
    runs: dict[str, Run] = {}
    for path in sorted(folder.iterdir()):
        family = path.suffix[1:].lower()
        if family not in FAMILIES or not path.is_file():
            continue
        found = _NAME.match(path.stem)
        stem = found["stem"] if found else path.stem
        index = int(found["index"]) if found and found["index"] != "o" else None
        face = int(found["face"]) if found and found["face"] else None
        runs.setdefault(stem, Run(folder, stem, status(folder, stem))).families.setdefault(family, []).append(
            OutputFile(path, index, face)
        )
    for run in runs.values():
        for files in run.families.values():
            files.sort(key=lambda f: (f.index if f.index is not None else -1, f.face or 0))
        file_list, deck = folder / f"{run.stem}_o.fls", folder / f"{run.stem}.dat"
        if file_list.is_file():
            run.units = read_file_list(file_list)
        if deck.is_file():
            run.time_unit, run.start_time = read_deck_time(deck)
    return list(runs.values())


def find_runs(root: Path) -> Iterator[Run]:
    """All runs below ``root``, one folder at a time. Raises FileNotFoundError when ``root`` is no folder."""
    if not root.is_dir():
        raise FileNotFoundError(f"{root} is no folder; give the folder of a MIN3P run, or one that holds many")
    yield from list_runs(root)
    for folder in sorted(p for p in root.rglob("*") if p.is_dir()):
        yield from list_runs(folder)
