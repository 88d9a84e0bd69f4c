"""Hosts in C, C++ and Fortran, compiled against the installed package: abuse, threads, traps, the stub."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from helpers.bad_bundles import broken_bundles
from helpers.hosts import compile_host
from helpers.toy_bundle import write_toy

HERE = Path(__file__).parent
STRICT = ("-Wall", "-Wextra", "-Werror", "-pedantic")


def run(*command: object) -> str:
    """Output of a host that must end well."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == "", "the library or the host has printed: " + done.stderr
    return done.stdout


@pytest.mark.parametrize(("compiler", "standard"), [("gcc", "-std=c11"), ("g++", "-std=c++17")])
def test_header_alone_is_clean(compiler: str, standard: str, tmp_path: Path) -> None:
    source = tmp_path / ("alone.c" if compiler == "gcc" else "alone.cpp")
    source.write_text("#include <calcisol.h>\nint main(void) { return calcisol_abi_version() - CALCISOL_ABI_VERSION; }\n")
    run(compile_host(compiler, [source], tmp_path / "alone", standard, *STRICT))


def test_abuse(toy: Path, tmp_path: Path) -> None:
    host = compile_host("gcc", [HERE / "abuse.c"], tmp_path / "abuse", "-std=c11", *STRICT, "-lm")
    broken = broken_bundles(toy, tmp_path)
    throws = write_toy(tmp_path / "throws.calcisol", "throws")
    output = run(host, toy, throws, broken["truncated"], broken["tampered"], broken["schema"])
    assert output.endswith("0 failures\n")


@pytest.mark.parametrize("bundle", ["toy", "shipped"])
def test_two_threads_give_the_bits_of_one(bundle: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    host = compile_host("gcc", [HERE / "threads.c"], tmp_path / "threads", "-std=c11", *STRICT, "-pthread")
    run(host, request.getfixturevalue(bundle))


@pytest.mark.parametrize("kinds", [(), ("-fdefault-real-8", "-fconvert=big-endian")])
def test_fortran_host_with_traps(kinds: tuple[str, ...], shipped: Path, tmp_path: Path) -> None:
    """The module is compiled from its installed source with the host's flags; the toy module computes 0/0 and 1/0."""
    from calcisol.coupler.library.install import fortran_sources

    flags = ("-g", "-fcheck=all", "-ffpe-trap=invalid,zero,overflow", "-fopenmp", f"-J{tmp_path}", *kinds)
    host = compile_host("gfortran", [*fortran_sources(), HERE / "traps.f90"], tmp_path / "traps", *flags)
    assert run(host, write_toy(tmp_path / "nan.calcisol", "nan")) == "fine\n"
    assert run(host, shipped) == "fine\n"


@pytest.mark.parametrize("bundle", ["toy", "shipped"])
def test_an_unusual_environment_changes_nothing_and_is_kept(bundle: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    host = compile_host(
        "gcc",
        [HERE / "environment.c"],
        tmp_path / "environment",
        "-std=c11",
        "-O1",
        "-frounding-math",
        *STRICT,
        "-Wl,--no-as-needed,-lm",
    )
    assert run(host, request.getfixturevalue(bundle)) == ""


def test_fortran_host_splits_its_layers(toy: Path, tmp_path: Path) -> None:
    from calcisol.coupler.library.install import fortran_sources

    flags = ("-g", "-fcheck=all", "-ffpe-trap=invalid,zero,overflow", f"-J{tmp_path}", "-Wall")
    assert run(compile_host("gfortran", [*fortran_sources(), HERE / "pieces.f90"], tmp_path / "pieces", *flags), toy) == ""


def test_fortran_host_chooses_the_engine(shipped: Path, toy: Path, tmp_path: Path) -> None:
    from calcisol.coupler.library.install import fortran_sources
    from calcisol.coupler.library.model import Model

    host = compile_host("gfortran", [*fortran_sources(), HERE / "engines.f90"], tmp_path / "engines", f"-J{tmp_path}", "-Wall")
    if not Model(shipped).contract["engine"].startswith("native"):
        pytest.skip("the shipped bundle has no native kernel in this build")
    assert run(host, shipped, toy) == ""


def test_stub_has_the_same_entries_and_no_torch(tmp_path: Path) -> None:
    source = HERE.parents[1] / "examples" / "02_c_host" / "host.c"
    host = compile_host("gcc", [source], tmp_path / "host", "-std=c11", package="calcisol_stub")
    assert "pH 6.200" in run(host, "any name")  # ph0, the static pH of the stub
    linked = subprocess.run(["ldd", str(host)], capture_output=True, text=True, check=True).stdout
    assert "libcalcisol_stub" in linked
    assert "torch" not in linked


def test_cmake_finds_the_package(toy: Path, tmp_path: Path) -> None:
    if shutil.which("cmake") is None:
        pytest.skip("cmake is not installed")
    from calcisol.coupler.library import install

    example = HERE.parents[1] / "examples" / "02_c_host" / "host.c"
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.16)\nproject(host C)\nfind_package(calcisol 0.1 REQUIRED)\n"
        f"add_executable(host {example})\ntarget_link_libraries(host calcisol::calcisol)\n"
    )
    found = f"-Dcalcisol_DIR={install.config('cmake-dir')}"
    for command in (["cmake", "-S", tmp_path, "-B", tmp_path / "b", found], ["cmake", "--build", tmp_path / "b"]):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "column 3" in run(tmp_path / "b" / "host", toy)


def test_installed_libraries_hold_no_path_of_the_build_machine() -> None:
    from calcisol.coupler.library.install import PACKAGE

    found = [*PACKAGE.rglob("*.so")]
    assert len(found) >= 3
    for file in found:
        done = subprocess.run(["readelf", "-d", str(file)], capture_output=True, text=True, check=True)
        paths = [line.split("[")[1].split("]")[0] for line in done.stdout.splitlines() if "PATH)" in line]
        assert all(entry.startswith("$ORIGIN") for path in paths for entry in path.split(":")), (file.name, paths)
        assert "libgomp" not in done.stdout, f"{file.name} brings an OpenMP runtime of its own"
