"""Somebody else's archive for the tests: the runs of examples/06_min3p_to_bundle, whole or to be damaged.

What:    ten MIN3P runs under names of their own: two sites, four layers, time in years, output twice a year, the echo in place of
         the database.
Use:     ``folder = unpack(tmp_path, ("lys_01", "lys_02"))``; ``mapping = mapped(tmp_path, text)``
"""

from __future__ import annotations

import tarfile
from pathlib import Path

from calcisol.emulator.min3p.archive.mapping import Mapping, read_mapping

from .sources import ROOT

PACKED = ROOT / "examples" / "06_min3p_to_bundle" / "archive.tar.xz"
THREE = ("lys_01", "lys_02", "lys_03")


def unpack(target: Path, runs: tuple[str, ...]) -> Path:
    """Some runs of the example's archive."""
    with tarfile.open(PACKED) as packed:
        members = [m for m in packed.getmembers() if m.name.split("/")[1] in runs]
        packed.extractall(target, members=members, filter="data")
    return target / "lysimeters"


def mapped(folder: Path, text: str) -> Mapping:
    """A map as a user saves it."""
    path = folder / "map.toml"
    path.write_text(text, encoding="utf-8")
    return read_mapping(path)


def silent(_: str) -> None:
    """Say nothing."""
