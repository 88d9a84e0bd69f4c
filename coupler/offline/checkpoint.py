"""Checkpoints: atomic npz files that let a killed run go on with the same bits.

What:    ``save`` writes all or nothing (temporary name, fsync, rename); ``load`` gives back exact float64 arrays.
Shapes:  any; names are the keys. Units as stored by the caller.
Use:     ``save(path, {"state:ca": ca, ...}); arrays = load(path)``; a damaged file counts as absent.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .folder_lock import whole_file

KEPT = "; what is done is kept: continue with the same command and --resume"


def save(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays to ``path`` atomically. Raises OutputError on a full disk and the like; what was there stays."""
    with whole_file(path, KEPT) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def load(path: Path) -> dict[str, np.ndarray] | None:
    """Arrays of a checkpoint, or None when there is none that can be read."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, KeyError):
        return None


def whole(path: Path) -> bool:
    """Whether a checkpoint is there and undamaged, without keeping its arrays."""
    try:
        with zipfile.ZipFile(path) as file:
            return file.testzip() is None
    except (OSError, zipfile.BadZipFile):
        return False


def fingerprint(physics: dict[str, Any], arrays: Mapping[str, np.ndarray], bundle: str) -> str:
    """Twelve hex digits that change with configuration, domain values or bundle."""
    digest = hashlib.sha256(json.dumps(physics, sort_keys=True, default=str).encode())
    digest.update(bundle.encode())
    for name in sorted(arrays):
        digest.update(name.encode() + np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()[:12]
