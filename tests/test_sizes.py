"""Files and functions that one reads at once: at most 300 lines a file, 60 lines and eight arguments a function.

What:    every Python file, and the hand-written sources of the bridge. A function without its ``self``; its arguments as one
         calls it, defaults included.
Why:     what is larger holds more than one idea, or passes what belongs into a record.
"""

from __future__ import annotations

import ast

import pytest
from helpers.sources import ROOT, python_files, tracked

MAX_LINES, MAX_FUNCTION, MAX_ARGUMENTS = 300, 60, 8
FOLDERS = ("coupler", "emulator", "fortran_bridge", "tests", "examples")


def functions_too_large(source: str) -> list[str]:
    """Names of the functions of a module that are too long or take too much."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        given = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
        count = len([name for name in given if name not in ("self", "cls")])
        if node.end_lineno - node.lineno + 1 > MAX_FUNCTION or count > MAX_ARGUMENTS:
            found.append(node.name)
    return found


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(a, b, c, d, e, f, g, h): pass", []),
        ("def f(a, b, c, d, e, f, g, h, *, i=1): pass", ["f"]),
        ("class C:\n    def f(self, a, b, c, d, e, f, g, h): pass", []),
        ("def f():\n" + "    x = 1\n" * 59, []),
        ("def f():\n" + "    x = 1\n" * 60, ["f"]),
    ],
)
def test_sizes_are_counted(source: str, names: list[str]) -> None:
    assert functions_too_large(source) == names


def test_functions_have_one_idea() -> None:
    files = python_files(*FOLDERS)
    assert len(files) > 200
    large = {f"{path} {name}" for path in files for name in functions_too_large((ROOT / path).read_text())}
    assert large == set(), "too long, or too many arguments"


def test_files_are_read_at_once() -> None:
    kinds = (".py", ".cpp", ".hpp", ".c", ".h", ".f90", ".F90", ".cu")
    files = [path for path in tracked() if path.suffix in kinds and path.parts[0] in FOLDERS]
    large = {str(path) for path in files if len((ROOT / path).read_text().splitlines()) > MAX_LINES}
    assert large == set()
