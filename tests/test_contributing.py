"""The page for contributors names every environment variable that is read and every make target there is."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
READ = re.compile(r'(?:environ(?:\.get|\.pop)?[(\[]|getenv\()\s*"([A-Z][A-Z0-9_]+)"')
OF_THE_SYSTEM = {"PATH"}


def test_environment_variables() -> None:
    found: set[str] = set()
    for folder in ("coupler", "emulator", "fortran_bridge/src", "tests"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".cpp", ".hpp"):
                found |= set(READ.findall(path.read_text(encoding="utf-8")))
    assert {"CALCISOL_DATA", "MIN3P_EXE", "CALCISOL_ENGINE_LIBRARY"} <= found, "the search finds nothing"
    missing = {name for name in found - OF_THE_SYSTEM if f"`{name}`" not in PAGE}
    assert not missing, f"add {', '.join(sorted(missing))} to .github/CONTRIBUTING.md"


def test_make_targets() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"\bmake (?!clean)([a-z]+)\b", " ".join(re.findall(r"`[^`\n]*`|^make .*$", PAGE, re.MULTILINE))))
    assert named <= targets and {"setup", "test", "slow", "fortran", "lint", "europe", "explain"} <= named, named ^ targets
