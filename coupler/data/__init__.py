"""The embedded tables: one file each, its origin in its first lines or in make_tables.py."""

from __future__ import annotations

from pathlib import Path


def data_file(name: str) -> Path:
    """Path of an embedded table, e.g. ``data_file("cells.csv")``."""
    return Path(__file__).with_name(name)
