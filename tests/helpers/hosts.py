"""Host programs: compiled as a user would, against the installed package, and run.

Use:     ``program = compile_host("gfortran", sources, folder / "host", "-O2"); print(run(program, bundle))``
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def host_environment() -> dict[str, str]:
    """Environment in which pkg-config finds the installed package."""
    from calcisol.coupler.library.install import pkgconfig_dir

    return {**os.environ, "PKG_CONFIG_PATH": str(pkgconfig_dir())}


def need(*tools: str) -> None:
    """Skip the test where a program is missing."""
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")


def run(*command: object, cwd: Path | None = None, expected: int = 0, **settings: str) -> str:
    """What a command prints; ``settings`` join the environment.

    Raises:  AssertionError with its messages where it ends with another code than ``expected``.
    """
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env={**os.environ, **settings}, capture_output=True, text=True, check=False)
    assert done.returncode == expected, f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def pkg_config(*words: str) -> list[str]:
    """Flags of the installed package."""
    need("pkg-config")
    found = subprocess.run(["pkg-config", *words], env=host_environment(), capture_output=True, text=True, check=True)
    return found.stdout.split()


def compile_files(compiler: str, folder: Path, *words: object, warnings: bool = False) -> None:
    """One call of a compiler in ``folder``; a warning is a defect of what we ship, unless ``warnings`` are allowed."""
    need(compiler)
    checks = os.environ.get("FFLAGS", "").split() if compiler == "gfortran" else []  # as `make fortran` built the module
    command = [compiler, *checks, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"
    assert warnings or done.stderr == "", done.stderr


def compile_host(compiler: str, sources: list[Path], output: Path, *flags: str, package: str = "calcisol") -> Path:
    """Build a host program from ``sources`` through pkg-config, in the folder of ``output``."""
    compile_files(compiler, output.parent, *flags, *sources, "-o", output, *pkg_config("--cflags", "--libs", package))
    return output
