"""Tables that MIN3P is still writing: rows as they come, and the disk given back at once.

What:    ``Tail`` reads what was added to a growing file and frees the disk behind it (Linux; elsewhere the file stays whole until
         its folder goes). ``Tails`` holds many of the same steps and hands out the rows that all of them have.
Why:     every cell at every step is 30 to 40 MB of text a year of a column; a run of 20 years would leave 700 MB.
Shapes:  rows are float64 [row, column].
Use:     ``tails = Tails({"gbp": [path, ...]}); tails.read(); blocks = tails.take(rows)``
"""

from __future__ import annotations

import ctypes
import os
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..learning import RunError
from ..tables import parse_rows

Floats = NDArray[np.float64]
WIDTH = 25  # characters of a number in double precision
HEADER = 3  # lines
_NAME = re.compile(rb'"([^"]*)"')
_PUNCH = 0x01 | 0x02  # FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, linux/falloc.h
_FALLOCATE = getattr(ctypes.CDLL(None), "fallocate", None)


def numbers(text: bytes, columns: int) -> Floats:
    """Rows of whole lines. All of one width: cut by it, twenty times as fast as by blanks. Raises ValueError."""
    width = WIDTH * columns + 1
    if len(text) % width == 0:
        cells = np.frombuffer(text, dtype="S1").reshape(-1, width)
        if (cells[:, -1] == b"\n").all():
            whole = np.ascontiguousarray(cells[:, :-1]).view(f"S{WIDTH}")
            try:
                return np.asarray(whole.astype(np.float64))
            except ValueError:  # stars, exponents without a letter
                pass
    return parse_rows(text.decode("latin-1"), columns)


class Tail:
    """One growing table."""

    def __init__(self, path: Path) -> None:
        self.path, self.names = path, list[str]()
        self.rows = np.empty((0, 0))
        self._offset, self._rest = 0, b""

    def read(self) -> None:
        """Take in the whole lines that were added. Raises RunError for something that is no table."""
        if not self.path.is_file():
            return
        with open(self.path, "r+b") as stream:
            stream.seek(self._offset)
            fresh = stream.read()
            self._offset += len(fresh)
            if fresh and _FALLOCATE is not None:  # refused by some file systems: then the text stays
                _FALLOCATE(stream.fileno(), _PUNCH, ctypes.c_int64(0), ctypes.c_int64(self._offset))
        text = self._rest + fresh
        if not self.names:
            lines = text.split(b"\n", HEADER)
            if len(lines) <= HEADER:
                self._rest = text
                return
            self.names = [name.decode("latin-1").strip() for name in _NAME.findall(lines[1])]
            if not self.names:
                raise RunError(f"{self.path} names no columns; it is no table of MIN3P")
            self.rows, text = np.empty((0, len(self.names))), lines[HEADER]
        whole = text.rfind(b"\n") + 1
        self._rest = text[whole:]
        if whole:
            try:
                self.rows = np.concatenate([self.rows, numbers(text[:whole], len(self.names))])
            except ValueError as error:
                raise RunError(f"{self.path} is no table of MIN3P ({error})") from None


class Tails:
    """Tables with a row a step, by family: ``gbp`` has one for each cell from the surface down, others have one."""

    def __init__(self, paths: dict[str, list[Path]]) -> None:
        self.families = {family: [Tail(path) for path in members] for family, members in paths.items()}

    def read(self) -> int:
        """Take in what was added; how many steps all tables have. The start (time 0) is no step."""
        fewest = None
        for tail in self._all():
            tail.read()
            if len(tail.rows):
                tail.rows = tail.rows[tail.rows[:, 0] > 0.0]
            fewest = len(tail.rows) if fewest is None else min(fewest, len(tail.rows))
        return fewest or 0

    def times(self, steps: int) -> Floats:
        """End of each of the next ``steps`` steps, d. Raises RunError where tables disagree."""
        tails = self._all()
        times = tails[0].rows[:steps, 0]
        for tail in tails:
            if not np.allclose(tail.rows[:steps, 0], times, rtol=0.0, atol=1e-6):
                raise RunError(f"{tail.path} has other time steps than {tails[0].path.name}; it is another run's file")
        return times

    def take(self, steps: int) -> dict[str, tuple[list[str], Floats]]:
        """The next ``steps`` steps: family -> (names, rows [step, table, column]); they are then gone from here."""
        found = {}
        for family, tails in self.families.items():
            found[family] = (tails[0].names, np.stack([tail.rows[:steps] for tail in tails], axis=1))
            for tail in tails:
                tail.rows = tail.rows[steps:]
        return found

    def _all(self) -> list[Tail]:
        return [tail for tails in self.families.values() for tail in tails]


def forget(paths: list[Path]) -> None:
    """Let MIN3P write these files to nowhere: their names lead to the null device."""
    for path in paths:
        path.symlink_to(os.devnull)
