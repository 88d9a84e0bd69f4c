"""Pages of the hosts, as they lie in the installed product: the code a page tells a host to type passes the host's compiler.

What:    the code blocks of each page stand in a skeleton of the host's own names (hosts_pages/), and the result is compiled
         with the host's flags against the adapter that ships; completeness of the folder.
         The adapters' own runs: test_hosts_mock.py; mappings: tests/coupler/test_host_maps.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from calcisol.coupler.library.install import fortran_source_dir
from helpers.hosts import compile_files, pkg_config
from helpers.mock_hosts import BY_NAME, sources
from helpers.pages import blocks, filled

FOLDER = fortran_source_dir() / "hosts"
REPOSITORY = Path(__file__).parents[2] / "fortran_bridge" / "fortran" / "hosts"
SKELETONS = Path(__file__).parent / "hosts_pages"
FLAGS = {
    "orchidee": ("-fdefault-real-8", "-fopenmp"),
    "ctsm": ("-fconvert=big-endian", "-ffree-line-length-none", "-fopenmp"),
    "noahmp": ("-fconvert=big-endian", "-fno-range-check"),
}


@pytest.mark.parametrize("name", FLAGS)
def test_the_lines_of_a_page_compile_in_fortran(name: str, tmp_path: Path) -> None:
    code = filled((SKELETONS / f"{name}.F90").read_text(), blocks((FOLDER / f"{name}.md").read_text(), "fortran"))
    (tmp_path / "page.F90").write_text(code)
    compile_files("gfortran", tmp_path, "-c", "-O0", *FLAGS[name], *sources(BY_NAME[name], [tmp_path / "page.F90"]))
    assert "%step(" in code.lower()


def test_the_lines_of_the_page_of_lpjml_compile(tmp_path: Path) -> None:
    code = filled((SKELETONS / "lpjml.c").read_text(), blocks((FOLDER / "lpjml.md").read_text(), "c"))
    (tmp_path / "page.c").write_text(code)
    mock = SKELETONS.parent / "hosts_mock" / "lpjml"
    folders = [f"-I{mock}", f"-I{FOLDER}", *pkg_config("--cflags", "calcisol")]
    compile_files("gcc", tmp_path, "-c", "-std=gnu11", "-Wall", "-Wextra", "-Wno-unused-parameter", *folders, "page.c")
    assert "calcisol_lpjml_step()" in code


def test_every_source_and_page_is_installed() -> None:
    own = {path.name for path in REPOSITORY.iterdir() if path.suffix in (".f90", ".c", ".h", ".md")}
    assert own <= {path.name for path in FOLDER.iterdir()}


def test_every_page_is_reached_from_the_readme() -> None:
    readme = (FOLDER / "README.md").read_text()
    for page in FOLDER.glob("*.md"):
        assert page.name == "README.md" or f"]({page.name})" in readme, f"{page.name} is linked from nowhere"
