"""The files of an archive, folder by folder: which runs they belong to, which of them look cut. Opens none of them.

What:    names and sizes alone, from one pass over the tree; a folder is forgotten before the next is listed.
Use:     ``for files in scan(root): print(files.folder, files.stem, files.outputs("gst"))``
"""

from __future__ import annotations

import os
import re
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ...contract.errors import InputError
from ..folder import FAMILIES

KINETIC = "mic"
"""Budgets of kinetic reactions in water: a family of its own beside those of folder.FAMILIES."""
_KNOWN = {*FAMILIES, KINETIC}
_NAME = re.compile(r"^(?P<stem>.+?)_(?P<index>\d+|[oO])(?:_\d+)?$")
WHOLE, BARE = -1, -2
SHORT = 0.98
"""Files of one family are equally long but for the digits of a time: one shorter than this share of the median was cut."""


@dataclass
class RunFiles:
    """Files of one run: sizes by family and index (WHOLE: ``_o``, of the whole run; BARE: no number in the name)."""

    folder: Path
    stem: str
    sizes: dict[str, dict[int, int]] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)  # names that are no output: deck, log, companions
    spelled: dict[tuple[str, int], str] = field(default_factory=dict)  # names that are not in small letters

    @property
    def bytes(self) -> int:
        """Bytes of all outputs."""
        return sum(sum(files.values()) for files in self.sizes.values())

    def outputs(self, family: str) -> list[int]:
        """Output numbers of a family of profiles."""
        return sorted(i for i in self.sizes.get(family, {}) if i >= 0)

    def path(self, family: str, index: int) -> Path:
        """Path of an output."""
        number = {WHOLE: "_o", BARE: ""}.get(index, f"_{index}")
        return self.folder / self.spelled.get((family, index), f"{self.stem}{number}.{family}")

    def companion(self, ending: str) -> Path | None:
        """``<stem><ending>`` where the folder has it, in whatever case."""
        wanted = f"{self.stem}{ending}".lower()
        return next((self.folder / name for name in self.others if name.lower() == wanted), None)

    def cut_files(self) -> list[str]:
        """Names of profiles that are empty or shorter than their sisters. The start state has no time in its header."""
        found = []
        for family, files in self.sizes.items():
            if family not in FAMILIES or family.startswith(("ma", "mg", "mm", "mv", "ms", "mr", "gb", "gc")):
                continue
            numbered = {i: size for i, size in files.items() if i > 0}
            if not numbered:
                continue
            usual = statistics.median(numbered.values())
            found += [
                f"{self.stem}_{i}.{family}"
                for i, size in files.items()
                if i >= 0 and (not size or size < SHORT * usual * (0.9 if i == 0 else 1.0))
            ]
        return sorted(found)


def _list(folder: str) -> tuple[dict[str, RunFiles], list[str], set[str]]:
    """Runs of one folder, its sub-folders, and the names that belong to no output."""
    runs: dict[str, RunFiles] = {}
    below: list[str] = []
    others: set[str] = set()
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                below.append(entry.path)
                continue
            stem, _, ending = entry.name.rpartition(".")
            family = ending.lower()
            if family not in _KNOWN or not stem:
                others.add(entry.name)
                continue
            found = _NAME.match(stem)
            name = found["stem"] if found else stem
            index = BARE if found is None else (WHOLE if found["index"] in "oO" else int(found["index"]))
            try:
                size = entry.stat().st_size
            except OSError:  # a link to nothing
                continue
            run = runs.setdefault(name, RunFiles(Path(folder), name))
            sizes = run.sizes.setdefault(family, {})
            sizes[index] = max(sizes.get(index, 0), size)
            if not entry.name.endswith(f"{'' if found is None else '_' + found['index'].lower()}.{family}"):
                run.spelled[family, index] = entry.name
    return runs, sorted(below), others


def _deck_alone(folder: str, others: set[str]) -> list[str]:
    """Stems of decks that left no output: named by root.dat, or with a log beside them."""
    stems = []
    for name in others:
        stem, _, ending = name.rpartition(".")
        if ending.lower() == "dat" and stem.lower() != "root" and (f"{stem}.log" in others or "root.dat" in others):
            stems.append(stem)
    return sorted(stems)


def one_run(folder: Path, stem: str) -> RunFiles:
    """The files of one run, listed anew. Raises InputError where it is gone."""
    runs, _, others = _list(str(folder))
    if stem not in runs:
        raise InputError(f"{folder} no longer holds the run {stem!r}")
    runs[stem].others = others
    return runs[stem]


def scan(root: Path) -> Iterator[RunFiles]:
    """All runs below a folder, one folder at a time, in the order of their paths. Raises InputError where there is no folder."""
    if not root.is_dir():
        raise InputError(f"{root} is no folder; give the folder of a MIN3P run, or one that holds many")
    waiting = [str(root)]
    while waiting:
        folder = waiting.pop()
        try:
            runs, below, others = _list(folder)
        except PermissionError:
            continue
        for stem in _deck_alone(folder, others):
            runs.setdefault(stem, RunFiles(Path(folder), stem))
        for run in runs.values():
            run.others = others
        yield from (runs[stem] for stem in sorted(runs))
        waiting += reversed(below)
