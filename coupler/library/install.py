"""Where the installed library, header and Fortran module are, and the flags to compile against them.

What:    paths and flags for hosts that do not use pkg-config; behind ``calcisol config``.
Use:     ``gcc host.c $(calcisol config --cflags --libs)``, ``gfortran host.f90 $(calcisol config --fflags --libs)``
"""

from __future__ import annotations

import shlex
from pathlib import Path

from ...emulator.contract.bundle import default_bundle
from ..errors import ArgumentError
from . import _build

PACKAGE = Path(__file__).resolve().parents[2]


def include_dir() -> Path:
    """Folder of calcisol.h."""
    return PACKAGE / "include"


def library_dir() -> Path:
    """Folder of libcalcisol.so."""
    return PACKAGE / "lib"


def fortran_source_dir() -> Path:
    """Folder of the Fortran sources, to be compiled by the host's compiler."""
    return include_dir() / "fortran"


def fortran_sources() -> list[Path]:
    """The sources of module calcisol, in the order in which a compiler needs them."""
    names = ("calcisol_variables.f90", "calcisol_c.f90", "calcisol_linking.f90", "calcisol_bundle.f90", "calcisol.f90")
    return [fortran_source_dir() / name for name in names]


def module_dir() -> Path:
    """Folder of the .mod files made by the compiler of this installation."""
    return fortran_source_dir() / _build.FORTRAN_TAG


def pkgconfig_dir() -> Path:
    """Folder to put in PKG_CONFIG_PATH; the files calcisol, calcisol_fortran and calcisol_stub."""
    return library_dir() / "pkgconfig"


def cflags() -> str:
    """Flags for a C or C++ compiler."""
    return shlex.quote(f"-I{include_dir()}")


def fflags() -> str:
    """Flags for the Fortran compiler that made the .mod files."""
    return shlex.quote(f"-I{module_dir()}")


def libs(*, stub: bool = False) -> str:
    """Flags for the linker. Fortran hosts that compile the two sources themselves may drop -lcalcisol_fortran."""
    name = "calcisol_stub" if stub else "calcisol"
    return f"{shlex.quote(f'-L{library_dir()}')} -lcalcisol_fortran -l{name} {shlex.quote(f'-Wl,-rpath,{library_dir()}')}"


def config(name: str) -> str:
    """One item by the name of its option; see ``calcisol config --help``."""
    items = {
        "cflags": cflags,
        "fflags": fflags,
        "libs": libs,
        "stub-libs": lambda: libs(stub=True),
        "include-dir": lambda: str(include_dir()),
        "library-dir": lambda: str(library_dir()),
        "fortran-dir": lambda: str(fortran_source_dir()),
        "fortran-sources": lambda: shlex.join(map(str, fortran_sources())),
        "pkgconfig-dir": lambda: str(pkgconfig_dir()),
        "cmake-dir": lambda: str(library_dir() / "cmake" / "calcisol"),
        "bundle": lambda: str(default_bundle()),
    }
    if name not in items:
        raise ArgumentError(f"{name!r} is no item of the configuration; known are {', '.join(items)}")
    return items[name]()
