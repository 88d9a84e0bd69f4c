"""Every file that a comment, a docstring, the Makefile or a page names is there, and none that its reader does not have.

What:    links of pages lead somewhere; words that look like a file of ours (a known ending, or a path that starts in one of our
         folders) are the end of the path of a file or folder of the repository, or a path from where they stand.
Not ours, by rule: what a build or a run makes (MADE); files of outside software (OUTSIDE); placeholders, which pages write
         with capitals, <angle brackets>, * or {braces}; a host's own sources on the pages of hosts, which tell their versions.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.sources import ROOT, tracked

TOPS = ("coupler", "emulator", "examples", "findings", "fortran_bridge", "tests", ".ci", ".github")
ENDINGS = (
    "py",
    "md",
    "toml",
    "c",
    "h",
    "cpp",
    "hpp",
    "cu",
    "f90",
    "F90",
    "sh",
    "yml",
    "yaml",
    "in",
    "build",
    "options",
    "cff",
    "svg",
)
WORD = re.compile(r"(?<![\w./~$<>{}*%-])(?:[\w.-]+/)*[\w.-]*\w(?![\w]*[/<>{}*(\[])")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
MADE = re.compile(
    r"^(out|build|\.venv|\.cache|calcisol)/"
    r"|^(map\.toml|learning\.card\.md)$"
    r"|^(calcisol_variables\.(h|f90)|calcisol_constants\.hpp|variables\.md|f90wrap_calcisol_host\.f90|fhost\.py)$"
)
OUTSIDE = {
    "bmi.h": "the Basic Model Interface of CSDMS",
    "c10/cuda/CUDAStream.cpp": "torch",
    "cuda.h": "CUDA",
    "hydrol.f90": "ORCHIDEE",
    "intpolt.F90": "MIN3P",
    "linux/falloc.h": "Linux",
    "linux/prctl.h": "Linux",
    "nexttime.F90": "MIN3P",
    "outputvs.F90": "MIN3P",
    "phcorr.F90": "MIN3P",
    "readtemp.F90": "MIN3P",
    "sorbspc.F90": "MIN3P",
    "torch/version.py": "torch",
}
HIDDEN = re.compile(
    r"DESIGN\.md|\.\./shared(?!/data)|\bshared/(?!data)|\breference/(?:science|min3p|performance|coupling|hosts|aesthetics|data)\b"
)
"""What lies beside the repository where it was written. ../shared/data is where CALCISOL_DATA points by default."""


def pages() -> list[Path]:
    return sorted(path for path in tracked() if path.suffix in (".md", ".html") and path.parts[0] != "out")


def comments_of_python(source: str) -> Iterator[str]:
    """Comments and docstrings."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value


def comments_of_others(path: Path, source: str) -> Iterator[str]:
    """Comments of the other languages, by their marks; a page is text as a whole."""
    if path.suffix in (".c", ".h", ".cpp", ".hpp", ".cu"):
        yield from re.findall(r"//[^\n]*|/\*.*?\*/", source, re.S)
    elif path.suffix in (".f90", ".F90"):
        yield from re.findall(r"(?m)(?:^|\s)!(?!\$)[^\n]*", source)
    else:
        yield from re.findall(r"(?m)(?:^|\s)#[^\n]*", source)


def texts() -> Iterator[tuple[Path, str]]:
    """Every text a reader meets, with its file."""
    others = {".c", ".h", ".cpp", ".hpp", ".cu", ".f90", ".F90", ".toml", ".build", ".options", ".yml"}
    for path in sorted(tracked()):
        if path in pages():
            yield path, (ROOT / path).read_text()
        elif path.suffix == ".py":
            yield from ((path, text) for text in comments_of_python((ROOT / path).read_text()))
        elif path.suffix in others or path.name in ("Makefile", "run", "system"):
            yield from ((path, text) for text in comments_of_others(path, (ROOT / path).read_text()))


def known_ends() -> set[str]:
    """Every end of the path of every file and folder: ``offline/chunks.py`` and ``chunks.py``."""
    whole = {part for path in tracked() for part in (path, *path.parents)}
    return {"/".join(path.parts[i:]) for path in whole for i in range(len(path.parts))}


def names_a_file(word: str) -> bool:
    """Whether a word claims to be a file or folder of ours."""
    path = Path(word)
    if MADE.match(word) or word in OUTSIDE or path.stem.isupper() or not path.stem:
        return False
    return path.suffix.removeprefix(".") in ENDINGS or (path.parts[0] in TOPS and len(path.parts) > 1)


def missing(path: Path, text: str, ends: set[str]) -> list[str]:
    """Words of a text that name a file which is not there."""
    words = {word.rstrip(".-") for word in WORD.findall(text)}
    here = ROOT / path.parent
    return sorted(word for word in words if names_a_file(word) and word not in ends and not (here / word).exists())


def of_a_host(path: Path) -> bool:
    """Pages that quote the sources of a host, and their skeletons."""
    return (path.suffix == ".md" and path.parent.name == "hosts") or path.parent.name == "hosts_pages"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("as in coupler/offline/chunks.py and chunks.py, ../pyproject.toml", []),
        ("as in coupler/chunks.py, (nowhere.py), `tests/nowhere`.", ["coupler/chunks.py", "nowhere.py", "tests/nowhere"]),
        ("out/report.md, CONFIG.toml, <name>.py, test_*.py, https://example.org/page.md, e.g. 3.14", []),
    ],
)
def test_names_of_files_are_seen(text: str, found: list[str]) -> None:
    assert missing(Path("tests/test_mentions.py"), text, known_ends()) == found


def test_links_lead_somewhere() -> None:
    broken = []
    for page in pages():
        for target in LINK.findall((ROOT / page).read_text()):
            if "://" not in target and not target.startswith("mailto:") and not (ROOT / page.parent / target).exists():
                broken.append(f"{page}: {target}")
    assert not broken, "\n".join(broken)


def test_files_that_are_named_exist() -> None:
    ends = known_ends()
    found = [f"{path}: {word}" for path, text in texts() if not of_a_host(path) for word in missing(path, text, ends)]
    assert not found, "\n".join(found)


def test_no_file_is_named_that_its_reader_does_not_have() -> None:
    found = [f"{path}: {match}" for path, text in texts() for match in HIDDEN.findall(text)]
    assert not found, "\n".join(found)
