"""Run the user's MIN3P in a run folder, and tell from its log how it ended.

What:    MIN3P leaves with exit code 0 whatever happens, so the log decides; a wall limit ends runs whose step has collapsed.
Units:   seconds.
Source:  MIN3P-THCm 2.6.2.880; its log opens with '#Version' and a good run closes with '**** normal exit ****'.
Use:     ``result = run(folder, executable(), wall_limit=600.0)``; ``status(folder)`` for somebody else's run.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .database import STOCK_FILES

KNOWN_VERSIONS = ("2.6.",)
"""Versions whose formats and deck keywords were checked here."""
# "abnormal exit" holds the same words: only the starred line is the end of a good run
_NORMAL = re.compile(r"\*{4,}\s*normal exit\s*\*{4,}")
_VERSION = re.compile(r"^#Version\s*:\s*(\S+)", re.MULTILINE)
_STEPS = re.compile(r"total number of time steps\s*=\s*(\d+)")
_REASONS = (
    "no further time step reduction possible",
    "maximum number of iterations exceeded",
    "error reading input file",
    "not in database",
    "not found in database",
    "SIMULATION TERMINATED",
    "abnormal exit",
    "ABNORMAL EXIT",
    "Error:",
)


class RunnerError(RuntimeError):
    """MIN3P cannot be run; the text names the variable and how to fix it."""


@dataclass(frozen=True)
class RunStatus:
    """How a run ended. ``state``: "finished", "failed", "partial" (stopped without a word, or still running) or "no log"."""

    state: str
    reason: str
    version: str
    steps: int

    @property
    def ok(self) -> bool:
        """True for a run that reached its end."""
        return self.state == "finished"


@dataclass(frozen=True)
class RunResult:
    """Status of a run made here, with its cost [s]."""

    status: RunStatus
    wall_s: float


def find_log(folder: Path, stem: str | None = None) -> Path | None:
    """The run's log: ``<stem>.log``; without a stem that of root.dat, else the newest log in the folder."""
    if stem is not None:  # archives that were on Windows may be in capitals
        return next((log for log in (folder / f"{stem}.log", folder / f"{stem}.LOG") if log.is_file()), None)
    root = folder / "root.dat"
    if root.is_file():
        stem = root.read_text(errors="replace").split("\n", 1)[0].strip().strip("'\"")
        if stem and (folder / f"{stem}.log").is_file():
            return folder / f"{stem}.log"
    logs = sorted(folder.glob("*.log"), key=lambda p: p.stat().st_mtime)
    return logs[-1] if logs else None


def _ends(path: Path, head: int = 4000, tail: int = 6000) -> tuple[str, str]:
    """First and last bytes of a file; logs of long runs have tens of MB."""
    with open(path, "rb") as stream:
        first = stream.read(head)
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - tail))
        last = stream.read()
    return first.decode("latin-1"), last.decode("latin-1")


def status(folder: Path, stem: str | None = None) -> RunStatus:
    """How the run in ``folder`` (or the one named ``stem``) ended, from its log alone."""
    log = find_log(folder, stem)
    if log is None:
        return RunStatus("no log", "there is no log file", "", 0)
    head, tail = _ends(log)
    version = _VERSION.search(head)
    steps = _STEPS.findall(tail)
    number = version[1] if version else ""
    if _NORMAL.search(tail):
        return RunStatus("finished", "", number, int(steps[-1]) if steps else 0)
    for reason in _REASONS:
        if reason in tail:
            lines = [line.strip() for line in tail.splitlines() if reason in line]
            return RunStatus("failed", lines[-1], number, int(steps[-1]) if steps else 0)
    last = next((line.strip() for line in reversed(tail.splitlines()) if line.strip(" -*")), "")
    return RunStatus("partial", f"the log stops at {last[:80]!r}", number, 0)


def executable() -> Path:
    """MIN3P_EXE. Raises RunnerError when it is not set or no program."""
    value = os.environ.get("MIN3P_EXE", "")
    if not value:
        raise RunnerError("MIN3P_EXE is not set; give the path of your MIN3P executable (public at github.com/min3p-ubc/min3p)")
    path = Path(value)
    if not path.is_file() or not os.access(path, os.X_OK):
        raise RunnerError(f"MIN3P_EXE={value} is no executable file; give the path of your MIN3P executable")
    return path.resolve()


def stock_database() -> Path:
    """MIN3P_DB. Raises RunnerError when it is not set, no folder, or lacks a file: every member would fail for it."""
    value = os.environ.get("MIN3P_DB", "")
    if not value:
        raise RunnerError("MIN3P_DB is not set; give the folder of MIN3P's default database (comp.dbs, complex.dbs, ...)")
    if not Path(value).is_dir():
        raise RunnerError(
            f"MIN3P_DB={value} is no folder; give the folder of MIN3P's default database (comp.dbs, complex.dbs, ...)"
        )
    missing = [name for name in STOCK_FILES if not (Path(value) / name).is_file()]
    if missing:
        raise RunnerError(f"MIN3P_DB={value} lacks {', '.join(missing)}; give the folder of MIN3P's default database")
    return Path(value).resolve()


_PRCTL = getattr(ctypes.CDLL(None), "prctl", None)  # Linux alone
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_with_parent(parent: int) -> None:
    """Let the kernel kill this process when its parent (process ``parent``) ends, also by kill -9. Nothing outside Linux."""
    if _PRCTL is not None:
        _PRCTL(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
        if os.getppid() != parent:  # it ended before
            os._exit(1)


POLL = 0.5
"""s between two looks at what a run has written."""


def _ended(process: subprocess.Popen[bytes], until: float, meanwhile: Callable[[], None] | None) -> bool:
    """Wait; False where the process still runs at ``until`` (of the monotonic clock)."""
    while True:
        left = until - time.monotonic()
        try:
            process.wait(max(left if meanwhile is None else min(left, POLL), 0.0))
            return True
        except subprocess.TimeoutExpired:
            if time.monotonic() >= until:
                return False
            if meanwhile is not None:
                meanwhile()


def run(
    folder: Path, program: Path, wall_limit: float, niceness: int = 10, meanwhile: Callable[[], None] | None = None
) -> RunResult:
    """Run MIN3P in ``folder`` and wait for it, at most ``wall_limit`` seconds; ``meanwhile`` is called every POLL seconds.

    Raises RunnerError when the program's version is none of KNOWN_VERSIONS, so that a data set never mixes versions unseen.
    """
    begin = time.monotonic()
    late = False
    own = os.getpid()

    def start() -> None:
        os.nice(niceness)
        end_with_parent(own)

    with open(folder / "stdout.txt", "wb") as out:
        process = subprocess.Popen(
            [str(program)], cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            preexec_fn=start,
        )  # fmt: skip
        try:
            late = not _ended(process, begin + wall_limit, meanwhile)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    wall = time.monotonic() - begin
    found = status(folder)
    if late:
        found = RunStatus("failed", f"not finished within the wall limit of {wall_limit:.0f} s", found.version, found.steps)
    if found.version and not found.version.startswith(KNOWN_VERSIONS):
        raise RunnerError(f"MIN3P version {found.version} was not checked with calcisol; use {KNOWN_VERSIONS[0]}x")
    return RunResult(found, wall)
