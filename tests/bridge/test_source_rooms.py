"""The rooms of ``fortran_bridge/src``: includes point one way, between the rooms and between headers."""

import re
from pathlib import Path

SRC = Path(__file__).parents[2] / "fortran_bridge" / "src"
ROOMS = ("base", "bundle", "native", "engine", "columns", "device", "api")
"""From the bottom up: a file includes files of its own room and of rooms before it. ``native`` stands alone: kernels are
compiled from it on users' machines too (``calcisol compile``)."""


def sources() -> list[Path]:
    found = sorted(p for p in SRC.rglob("*") if p.suffix in (".cpp", ".hpp"))
    assert len(found) > 40
    return found


def includes(source: Path) -> list[str]:
    """Files included by name from this tree, relative to ``src``."""
    named = re.findall(r'^#include "([^"]+)"', source.read_text(encoding="utf-8"), flags=re.MULTILINE)
    local = [str((source.parent / name).relative_to(SRC)) if "/" not in name else name for name in named]
    return [name for name in local if (SRC / name).is_file()]


def test_includes_point_to_rooms_below() -> None:
    seen = set()
    for source in sources():
        room = source.parent.name
        allowed = ROOMS[: ROOMS.index(room) + 1] if room != "native" else ("native",)
        for name in includes(source):
            assert Path(name).parent.name in allowed, f"{source.relative_to(SRC)} includes {name}"
            seen.add((room, Path(name).parent.name))
    assert ("api", "columns") in seen and ("engine", "native") in seen  # the expression still finds includes


def test_headers_include_each_other_in_no_circle() -> None:
    below = {str(p.relative_to(SRC)): includes(p) for p in sources() if p.suffix == ".hpp"}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path, name))
        if name not in done:
            for other in below.get(name, []):
                visit(other, (*path, name))
            done.add(name)

    for header in below:
        visit(header, ())
