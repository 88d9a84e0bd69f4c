"""Print what the build needs of the installed torch, without importing it.

What:    folder of the package and its version; meson calls this once.
Use:     ``python find_torch.py [FOLDER]`` prints two lines: folder, version; ends with 1 and a sentence when there is none.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path


def folder(given: str) -> Path:
    """Given folder, or the one this Python would import from."""
    if given:
        return Path(given)
    spec = importlib.util.find_spec("torch")
    if spec is None or not spec.submodule_search_locations:
        sys.exit(
            "torch is not installed for this Python; run `pip install torch==2.13.0` and build with --no-build-isolation, "
            "or give -Dtorch_dir=FOLDER"
        )
    return Path(next(iter(spec.submodule_search_locations)))


def version(torch: Path) -> str:
    """Version out of ``torch/version.py`` ("2.13.0+cpu")."""
    found = re.search(r"__version__\s*=\s*['\"]([^'\"]+)", (torch / "version.py").read_text(encoding="utf-8"))
    return found.group(1) if found else "unknown"


if __name__ == "__main__":
    where = folder(sys.argv[1] if len(sys.argv) > 1 else "")
    if not (where / "lib").is_dir():
        sys.exit(f"{where} has no folder lib; give -Dtorch_dir=FOLDER of an installed torch package")
    print(where)
    print(version(where))
