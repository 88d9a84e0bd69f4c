"""The repository as its readers see it: tracked files, Python modules and what they import.

What:    paths are relative to the root; a module is named by its path, ``coupler.offline.chunks``; its room is the folder
         below the top one, ``coupler.offline``, or the module itself where it lies directly in the top folder.
"""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GENERATED = ("coupler.library._build", "coupler._fhost", "coupler.fhost")
"""Modules that the build makes."""


@cache
def tracked() -> frozenset[Path]:
    """Every file of the repository, also one not yet committed; without git, every file that is no build product."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):  # an unpacked archive
        made = {".venv", "build", "out", "__pycache__", ".pytest_cache"}
        files = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
        return frozenset(path for path in files if not made & set(path.parts))
    return frozenset(Path(name) for name in names if (ROOT / name).is_file())


def python_files(*tops: str) -> list[Path]:
    """The Python files below some folders."""
    return sorted(path for path in tracked() if path.suffix == ".py" and path.parts[0] in tops)


def module_name(path: Path) -> str:
    """``coupler/offline/chunks.py`` is ``coupler.offline.chunks``; a folder's ``__init__.py`` is the folder."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


@cache
def imports(*tops: str, lazy: bool = True) -> dict[str, set[str]]:
    """Modules below the folders that each module imports; ``lazy``: also inside functions."""
    paths = {module_name(path): path for path in python_files(*tops)}
    return {name: _imported(path, paths, lazy) - {name} for name, path in paths.items()}


def _imported(path: Path, known: dict[str, Path], lazy: bool) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    nodes = ast.walk(tree) if lazy else iter(tree.body)
    package = () if path.parent.name == "_namespace" else path.parent.parts  # installed as calcisol itself
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            wanted = [alias.name.removeprefix("calcisol.") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            source = ".".join([*base, *([node.module] if node.module else [])]).removeprefix("calcisol.")
            wanted = [f"{source}.{alias.name}" for alias in node.names]
            wanted = [name if name in known else source for name in wanted]
            there = not node.level or source.startswith(GENERATED) or _is_module(source)
            assert there, f"{path} imports {source}, which is not there"
        else:
            continue
        found |= {name for name in wanted if name in known}
    return found


def _is_module(name: str) -> bool:
    file = ROOT.joinpath(*name.split("."))
    return file.with_suffix(".py").is_file() or file.is_dir()


def room(module: str) -> str:
    """The folder below the top one, or the module itself where there is none."""
    parts = module.split(".")
    return ".".join(parts[:2])


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of nodes that reach each other: none where the graph is acyclic."""
    reach: dict[str, set[str]] = {}
    for start in graph:
        seen: set[str] = set()
        todo = list(graph[start])
        while todo:
            node = todo.pop()
            if node not in seen:
                seen.add(node)
                todo += graph.get(node, ())
        reach[start] = seen
    groups = {tuple(sorted(b for b in reach[a] if a in reach.get(b, ()))) for a in graph if a in reach[a]}
    return [list(group) for group in sorted(groups)]
