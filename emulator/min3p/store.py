"""The folder of an ensemble: its plan, one record per member, and files that are never half written.

What:    ``plan.json`` (what it was started with), ``members/m00042.json`` (how it went), ``members/m00042.nc`` (if it ran).
Use:     ``Plan(seed, years, sites, twin=None).check_or_write(folder)``; ``for record in records(folder): ...``
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

FORMAT = "calcisol-ensemble-1"


class EnsembleError(RuntimeError):
    """The ensemble cannot start or continue; the text names the setting and how to fix it."""


@dataclass(frozen=True)
class Plan:
    """What an ensemble folder was started with; a folder never mixes two plans."""

    seed: int
    years: int
    sites: dict[str, float]
    twin: str | None = None  # see ``twins``; plans written before there were twins have no such line
    format: str = FORMAT

    def check_or_write(self, folder: Path) -> None:
        """Write the plan into a new folder; raise EnsembleError when the folder holds another one."""
        keep_plan(folder, asdict(self))


class AnyPlan(Protocol):
    """What an ensemble of any kind was started with."""

    def check_or_write(self, folder: Path) -> None:
        """As ``Plan.check_or_write``."""


def keep_plan(folder: Path, plan: dict[str, Any]) -> None:
    """Write the plan into a new folder; raise EnsembleError when the folder holds another one."""
    if (folder / "plan.json").is_file():
        old = read_plan(folder)
        for key, value in ({"format": plan["format"]} | plan).items():
            if old.get(key) != value:
                raise EnsembleError(
                    f"{folder} was started with {key} = {old.get(key)!r}, not {value!r}; use another --out or the old value"
                )
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "plan.json", json.dumps(plan, indent=1))


def read_plan(folder: Path) -> dict[str, Any]:
    """The plan of a folder. Raises EnsembleError when it has none."""
    path = folder / "plan.json"
    if not path.is_file():
        raise EnsembleError(f"{folder} holds no plan.json; start an ensemble there with `calcisol ensemble --out {folder}`")
    return json.loads(path.read_text())


@contextmanager
def lock(folder: Path, patience: float = 5.0) -> Iterator[None]:
    """Hold the folder; raise EnsembleError when another command holds it for longer than ``patience`` seconds.

    The kernel lets go when the last process of a killed command has ended. A file system without locks is not held.
    """
    with open(folder / "lock", "a") as stream:
        begin = time.monotonic()
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() - begin > patience:
                    raise EnsembleError(
                        f"another calcisol ensemble is at work in {folder}; wait for it, or use another --out"
                    ) from None
                time.sleep(0.1)
            except OSError:
                break
        yield


def write_text(path: Path, text: str) -> None:
    """Write under another name, then rename: a killed run leaves no half file behind."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(text)
    os.replace(part, path)


def record_path(folder: Path, index: int) -> Path:
    """Record of one member."""
    return folder / "members" / f"m{index:05d}.json"


def member_path(folder: Path, index: int) -> Path:
    """Data of one member."""
    return record_path(folder, index).with_suffix(".nc")


def records(folder: Path) -> list[dict[str, Any]]:
    """All member records of a folder, by index."""
    return [json.loads(p.read_text()) for p in sorted((folder / "members").glob("m*.json"))]
