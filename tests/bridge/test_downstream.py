"""One project for each way to build: plain make, CMake, meson, and the flags FCM builds with, against the installed tree.

What:    the Fortran example (and for CMake the C one too) built by each system, run on the stub's library where torch is not
         what is tested. A moved copy of the installation must work as well: nothing may hold the path it was installed to.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FORTRAN, C = EXAMPLES / "03_fortran_host" / "host.f90", EXAMPLES / "02_c_host" / "host.c"


PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"  # calcisol, meson and ninja are in the venv


def need(*tools: str) -> None:
    for tool in tools:
        if shutil.which(tool, path=PATH) is None:
            pytest.skip(f"{tool} is not installed")


def run(*command: object, cwd: Path, **settings: str) -> str:
    """Output of a command that must end well; compilers may not warn."""
    environment = {**os.environ, "PATH": PATH, **settings}
    done = subprocess.run([str(c) for c in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def answers(host: Path, cwd: Path) -> None:
    """The stub lets any name of a bundle pass: what is tested is that the program links, loads and runs."""
    assert "same bits: T" in run(host, "any name", cwd=cwd)


def test_plain_make(tmp_path: Path) -> None:
    """Flags by `calcisol config`: no pkg-config, no CMake on the host's side."""
    need("make", "gfortran")
    (tmp_path / "Makefile").write_text(
        f"host: {FORTRAN}\n\tgfortran -O1 $< -o $@ $(shell calcisol config --fflags) $(shell calcisol config --stub-libs)\n"
    )
    run("make", "-s", cwd=tmp_path)
    answers(tmp_path / "host", tmp_path)


def test_cmake(tmp_path: Path) -> None:
    need("cmake", "make", "gfortran")
    from calcisol.coupler.library.install import config

    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.16)\nproject(host C Fortran)\nfind_package(calcisol 0.1 REQUIRED)\n"
        f"add_executable(chost {C})\ntarget_link_libraries(chost calcisol::stub)\n"
        f"add_executable(host {FORTRAN})\ntarget_link_libraries(host calcisol::fortran)\n"
        "add_library(own ${CALCISOL_FORTRAN_SOURCES})\n"  # as a host with another Fortran compiler would
        "target_link_libraries(own calcisol::stub)\nset_target_properties(own PROPERTIES Fortran_MODULE_DIRECTORY own)\n"
    )
    run("cmake", "-S", tmp_path, "-B", tmp_path / "b", f"-Dcalcisol_DIR={config('cmake-dir')}", cwd=tmp_path)
    run("cmake", "--build", tmp_path / "b", cwd=tmp_path)
    assert "pH 6.200" in run(tmp_path / "b" / "chost", "any name", cwd=tmp_path)
    assert "libcalcisol.so" in run("ldd", tmp_path / "b" / "host", cwd=tmp_path)


def test_meson(tmp_path: Path) -> None:
    need("meson", "ninja", "pkg-config", "gfortran")
    from calcisol.coupler.library.install import config

    shutil.copy(C, tmp_path), shutil.copy(FORTRAN, tmp_path)
    (tmp_path / "meson.build").write_text(
        "project('host', 'c', 'fortran', default_options: ['c_std=c11'])\n"
        "executable('chost', 'host.c', dependencies: dependency('calcisol_stub'))\n"
        "executable('host', 'host.f90', dependencies: dependency('calcisol_fortran'))\n"
    )
    run("meson", "setup", "b", cwd=tmp_path, PKG_CONFIG_PATH=config("pkgconfig-dir"))
    run("meson", "compile", "-C", "b", cwd=tmp_path)
    assert "pH 6.200" in run(tmp_path / "b" / "chost", "any name", cwd=tmp_path)


def test_fcm_like(tmp_path: Path) -> None:
    """As FCM builds ORCHIDEE: our sources beside the host's, one object each, -fdefault-real-8, linked with gfortran."""
    need("gfortran")
    from calcisol.coupler.library.install import fortran_sources, library_dir

    flags = ["-cpp", "-O1", "-fdefault-real-8", "-ffree-line-length-none", "-fbacktrace", "-I."]
    objects = []
    for source in [*fortran_sources(), FORTRAN]:
        objects.append(f"{source.stem}.o")
        run("gfortran", *flags, "-c", source, "-o", objects[-1], cwd=tmp_path)
    run("gfortran", "-o", "host", *objects, f"-L{library_dir()}", "-lcalcisol_stub", f"-Wl,-rpath,{library_dir()}", cwd=tmp_path)
    answers(tmp_path / "host", tmp_path)


def test_relocated_tree(tmp_path: Path) -> None:
    """The installation copied elsewhere: pkg-config and CMake files find themselves, and name what static linkers ask for."""
    need("pkg-config", "gcc")
    from calcisol.coupler.library.install import PACKAGE

    for part in ("lib", "include"):
        shutil.copytree(PACKAGE / part, tmp_path / "moved" / part, ignore=shutil.ignore_patterns("libcalcisol.so"))
    where = {"PKG_CONFIG_PATH": str(tmp_path / "moved" / "lib" / "pkgconfig")}
    flags = run("pkg-config", "--cflags", "--libs", "calcisol_stub", cwd=tmp_path, **where).split()
    assert str(PACKAGE) not in " ".join(flags)
    run("gcc", "-std=c11", C, "-o", "host", *flags, cwd=tmp_path)
    assert "pH 6.200" in run("./host", "any name", cwd=tmp_path)
    assert str(tmp_path / "moved") in run("ldd", "host", cwd=tmp_path)
    static = run("pkg-config", "--static", "--libs", "calcisol", cwd=tmp_path, **where)
    assert "-lstdc++" in static and "torch" not in static  # libcalcisol loads torch itself
    for file in (tmp_path / "moved" / "lib").rglob("*.[pc]*"):
        if file.suffix in (".pc", ".cmake"):
            assert str(PACKAGE) not in file.read_text(), file


def test_modules_lie_in_a_folder_named_after_their_compiler() -> None:
    from calcisol.coupler.library.install import fortran_sources, module_dir

    assert all(source.is_file() for source in fortran_sources())
    if shutil.which("gfortran"):
        major = subprocess.run(["gfortran", "-dumpversion"], capture_output=True, text=True, check=True).stdout.split(".")[0]
        assert module_dir().name == f"gfortran-{major.strip()}"
        assert {"calcisol.mod", "calcisol_linking.mod"} <= {file.name for file in module_dir().iterdir()}
