"""Pages and adapters of the hosts, as they lie in the installed product: what a page tells a host to type must exist.

What:    each call in a code block of a page is compared with its procedure, by the number of arguments; completeness
         of the folder. The adapters' own compilation and runs: test_hosts_mock.py; mappings: tests/coupler/test_host_maps.py.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from calcisol.coupler.library.install import fortran_source_dir

FOLDER = fortran_source_dir() / "hosts"
REPOSITORY = Path(__file__).parents[2] / "fortran_bridge" / "fortran" / "hosts"


def arguments(text: str, start: int) -> list[str]:
    """Arguments of the parenthesis that opens at ``start``, split at the commas of its own level."""
    depth, parts, current = 0, [], ""
    for letter in text[start:]:
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(letter, 0)
        if depth == 0:
            parts.append(current)
            break
        if letter == "," and depth == 1:
            parts.append(current)
            current = ""
        elif not (letter == "(" and depth == 1 and not current and not parts):
            current += letter
    return [part.strip() for part in parts if part.strip()]


def plain(text: str) -> str:
    """Source without comments and continuation marks."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return re.sub(r"&[ \t]*\n", "\n", re.sub(r"![^\n]*", "", text))


def procedures() -> dict[str, tuple[int, int]]:
    """Least and most arguments of every procedure an adapter offers."""
    found: dict[str, tuple[int, int]] = {}
    for file in FOLDER.glob("calcisol_*.f90"):
        text = plain(file.read_text())
        for match in re.finditer(r"^ *(?:subroutine|function) (\w+)(?=\()", text, re.M):
            names = arguments(text, match.end())
            body = text[match.end() : text.index("end " + match.group().split()[0], match.end())]
            optional = re.findall(r"optional ::([^\n]*)", body)
            count = sum(len(re.findall(rf"\b{name}\b", line)) > 0 for name in names for line in optional)
            found[match.group(1)] = (len(names) - count, len(names))
    for file in FOLDER.glob("calcisol_*.h"):
        text = plain(file.read_text())
        for match in re.finditer(r"\b(calcisol_\w+)(?=\()", text):
            names = [name for name in arguments(text, match.end()) if name != "void"]
            found[match.group(1)] = (len(names), len(names))
    return found


def calls(page: Path) -> list[tuple[str, int]]:
    """Procedures called in the code blocks of a page, with their numbers of arguments; an abbreviated call is left out."""
    found = []
    for block in re.findall(r"```\w+\n(.*?)```", page.read_text(), re.S):
        text = plain(block)
        for match in re.finditer(r"\b(calcisol_(?:orchidee|ctsm|noahmp|lpjml|soil)_\w+)(?=\()", text):
            given = arguments(text, match.end())
            if "..." not in given:
                found.append((match.group(1), len(given)))
    return found


@pytest.mark.parametrize("name", ["orchidee", "ctsm", "noahmp", "lpjml"])
def test_calls_of_a_page_have_the_arguments_of_the_adapter(name: str) -> None:
    known, found = procedures(), calls(FOLDER / f"{name}.md")
    assert any(procedure.endswith("_step") for procedure, _ in found)
    for procedure, count in found:
        if procedure.endswith("_soil"):  # an object, indexed
            continue
        assert procedure in known, f"{name}.md calls {procedure}, which no adapter has"
        least, most = known[procedure]
        assert least <= count <= most, f"{name}.md gives {procedure} {count} arguments, it takes {least} to {most}"


def test_every_source_and_page_is_installed() -> None:
    own = {path.name for path in REPOSITORY.iterdir() if path.suffix in (".f90", ".c", ".h", ".md")}
    assert own <= {path.name for path in FOLDER.iterdir()}


def test_every_page_is_reached_from_the_readme() -> None:
    readme = (FOLDER / "README.md").read_text()
    for page in FOLDER.glob("*.md"):
        assert page.name == "README.md" or f"]({page.name})" in readme, f"{page.name} is linked from nowhere"
