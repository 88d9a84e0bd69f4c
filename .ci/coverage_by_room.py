"""Lines that the tests ran, room by room, of the coverage data of the last run (`make test COVERAGE=1`). A table, not a gate.

Use:     ``.venv/bin/python .ci/coverage_by_room.py`` beside the file ``.coverage``
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import PurePath

import coverage


def main() -> None:
    """Print a row a room, and the sum."""
    data = coverage.Coverage()
    data.load()
    rooms: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for file in data.get_data().measured_files():
        _, lines, _, missing, _ = data.analysis2(file)
        inside = PurePath(file).parts
        inside = inside[len(inside) - inside[::-1].index("calcisol") :]
        for name in ("/".join(inside[: min(2, len(inside) - 1)]) or "calcisol", "all"):
            rooms[name][0] += len(lines)
            rooms[name][1] += len(lines) - len(missing)
    print(f"{'room':32}{'lines':>8}{'run':>8}{'share':>8}")
    for name, (lines, ran) in sorted(rooms.items(), key=lambda row: (row[0] == "all", row[0])):
        print(f"{name:32}{lines:8}{ran:8}{ran / max(lines, 1):8.0%}")


if __name__ == "__main__":
    main()
