"""An installation in a folder whose name has a space: what `calcisol config` and pkg-config print compiles, links and runs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOST = """
#include <calcisol.h>
#include <stdio.h>
int main(void) { printf("%d\\n", (int)calcisol_abi_version()); return 0; }
"""
FORTRAN = """
program host
  use calcisol
  implicit none
  type(calcisol_model) :: model
  integer :: stat
  character(len=:), allocatable :: message
  call model%open('absent.calcisol', stat, message)
  print '(i0)', merge(1, 0, stat /= 0)
end program
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A copy of the package as `pip install --target` would put it there."""
    import calcisol

    (source,) = calcisol.__path__
    folder = tmp_path_factory.mktemp("site") / "my soil tools"
    shutil.copytree(source, folder / "calcisol", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def shell(line: str, folder: Path, installed: Path) -> str:
    """A command line as a user types it."""
    environment = {**os.environ, "PYTHONPATH": str(installed), "PKG_CONFIG_PATH": str(installed / "calcisol/lib/pkgconfig")}
    done = subprocess.run(["bash", "-c", line], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout.strip()


@pytest.mark.parametrize("tool", ["config", "pkg-config"])
@pytest.mark.parametrize("language", ["c", "fortran"])
def test_a_host_is_built_against_it(tmp_path, installed, tool, language):
    compiler, file, text = {"c": ("gcc", "host.c", HOST), "fortran": ("gfortran", "host.f90", FORTRAN)}[language]
    for needed in (compiler, "pkg-config"):
        if shutil.which(needed) is None:
            pytest.skip(f"{needed} is not installed")
    (tmp_path / file).write_text(text, encoding="utf-8")
    own = f"{sys.executable} -m calcisol.coupler.cli config --{'cflags' if language == 'c' else 'fflags'} --libs"
    package = f"pkg-config --cflags --libs calcisol{'_fortran' if language == 'fortran' else ''}"
    asked = own if tool == "config" else package
    assert "my soil tools" in shell(asked, tmp_path, installed).replace("\\", "")  # this one, not the tests' own
    shell(f'eval "{compiler} {file} $({asked}) -o host"', tmp_path, installed)
    assert shell("./host", tmp_path, installed) == "1"
