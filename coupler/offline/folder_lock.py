"""One run at a time in a folder of results, and files that appear whole or not at all.

What:    ``folder_lock`` holds a folder for one process; ``whole_file`` gives a temporary name and renames at the end.
Errors:  FolderBusy and OutputError, one sentence each; a full disk, a quota or a lost mount is an OutputError.
Source:  flock(2): the lock ends with its process, however that ends, so that no lock is ever left behind. On NFS Linux maps it to
         a byte-range lock of the server, seen by all clients.
Use:     ``with folder_lock(Path("out")): ...``; ``with whole_file(Path("out/a.nc")) as path: write(path)``
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import CalcisolError

LOCK_NAME = ".calcisol.lock"
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # file systems that have none, e.g. Lustre without -o flock
LEAST_FREE = 1 << 20  # bytes: with less than this left, a failed write is a full disk whatever the library calls it


class FolderBusy(CalcisolError):
    """Another run writes into the folder."""


class OutputError(CalcisolError):
    """A file of results cannot be written; the text says why and what is kept."""


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold ``folder`` (made where it is missing) for this process. Raises FolderBusy, naming who holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK_NAME).open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in NO_LOCKS:
                why = f"{folder} lies on a file system without locks ({error.strerror})"
                raise OutputError(f"{why}; give another --out") from None
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            file.seek(0)
            holder = " ".join(file.read().split()) or "an unknown process"
            raise FolderBusy(f"{folder} is in use by another run ({holder}); wait for its end or give another --out") from None
        file.seek(0)
        file.truncate()
        file.write(f"process {os.getpid()} on {socket.gethostname()} since {time.strftime('%Y-%m-%d %H:%M:%S')}\n")
        file.flush()
        yield  # closing the file gives the lock back; the empty file stays: removing it would open a race


def is_full(folder: Path) -> bool:
    """Whether the disk below ``folder`` has nothing left to write to."""
    try:
        left = os.statvfs(folder)
    except OSError:
        return False
    return left.f_bavail * left.f_frsize < LEAST_FREE or (left.f_files > 0 and left.f_favail == 0)


def why_not(path: Path, error: BaseException, kept: str = "") -> OutputError:
    """The sentence for a write to ``path`` that failed; ``kept`` says what remains and how to go on."""
    code, text = getattr(error, "errno", None), getattr(error, "strerror", None) or " ".join(str(error).split())
    if code in NO_SPACE or is_full(path.parent):
        return OutputError(f"{path} cannot be written: the disk is full or over its quota; free some space{kept}")
    return OutputError(f"{path} cannot be written ({text}); check the folder and its disk{kept}")


def remove_parts(folder: Path, process: int | None) -> None:
    """Remove what a process that was killed had begun to write into ``folder``."""
    for part in folder.glob(f".*.{process}.*.part"):
        with suppress(OSError):
            part.unlink()


@contextmanager
def whole_file(path: Path, kept: str = "") -> Iterator[Path]:
    """A temporary name beside ``path``, of this process alone; renamed to ``path`` at the end, removed after an error.

    Raises OutputError where it cannot be written (netCDF tells a full disk as a RuntimeError).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}.part")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except (OSError, RuntimeError) as error:
        if isinstance(error, CalcisolError):
            raise
        if isinstance(error, RuntimeError) and not (is_full(path.parent) or "NetCDF" in str(error)):
            raise  # a defect, not the disk
        raise why_not(path, error, kept) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
