"""What a run of a forcing file has computed so far, on disk, so that a run that is stopped or killed goes on with the same bits.

What:    ``Parts`` keeps the outputs of blocks of steps and, with the last of them, the state and the budgets.
Shapes:  outputs (step, column[, soil_layer]); state (column, soil_layer).
Use:     ``parts.add(result, keep)``; ``for begin, arrays in parts: ...``; files appear whole or not at all
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from ..errors import CalcisolError
from . import checkpoint

LAST = "last.npz"  # state and budgets after the last whole block
BLOCK_BYTES = 64e6  # outputs held in memory before they are written
BLOCK_SECONDS = 20.0  # and no longer than that


class Parts:
    """The files of one run in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.done = 0
        self.begins: list[int] = []
        self._held: list[dict[str, np.ndarray]] = []
        self._since = time.monotonic()

    def restore(self) -> dict[str, np.ndarray]:
        """State and budgets of the last block that is whole; {} where there is none."""
        saved = checkpoint.load(self.folder / LAST) or {}
        begins = [int(b) for b in saved.get("begins", ())]
        if not saved or not all(checkpoint.whole(self._file(b)) for b in begins):
            return {}
        self.begins, self.done = begins, int(saved["done"])
        return saved

    def _file(self, begin: int) -> Path:
        return self.folder / f"steps_{begin:08d}.npz"

    def add(self, result: dict[str, np.ndarray], keep: Callable[[], dict[str, np.ndarray]], last: bool = False) -> None:
        """Add the outputs of one step; now and then all is written, with what ``keep`` gives. Raises OutputError."""
        self._held.append(result)
        size = sum(a.nbytes for a in result.values()) * len(self._held)
        if last or size > BLOCK_BYTES or time.monotonic() - self._since > BLOCK_SECONDS:
            self.flush(keep)

    def flush(self, keep: Callable[[], dict[str, np.ndarray]]) -> None:
        """Write what is held. Raises OutputError."""
        if not self._held:
            return
        begin = self.done
        done, begins = begin + len(self._held), [*self.begins, begin]
        checkpoint.save(self._file(begin), {k: np.stack([h[k] for h in self._held]) for k in self._held[0]})
        checkpoint.save(self.folder / LAST, {"done": np.array(done), "begins": np.array(begins), **keep()})
        self.done, self.begins, self._held, self._since = done, begins, [], time.monotonic()

    def __iter__(self) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
        """Blocks in order: number of their first step, outputs."""
        for begin in self.begins:
            yield begin, checkpoint.load(self._file(begin)) or {}

    def remove(self) -> None:
        """Remove the files of this run, and the folder above where no other run left anything."""
        shutil.rmtree(self.folder, ignore_errors=True)
        try:
            self.folder.parent.rmdir()
        except OSError:
            pass  # an earlier start left its work there


def work_folder(out: Path, key: str, resume: bool) -> Path:
    """Folder for the work of a run with ``key``. Raises CalcisolError where it holds work that nobody said to go on with."""
    folder = out / ".work" / key
    if not resume and (folder / LAST).is_file():
        raise CalcisolError(
            f"{folder} holds the work of an earlier run of this configuration; continue it with --resume, or remove that folder "
            "to begin again"
        )
    return folder
