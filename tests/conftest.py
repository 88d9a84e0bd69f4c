"""Fixtures shared by all tests: bundles, and compiling hosts against the installed package.

What:    everything is tested as installed; nothing is imported from the source folders.
Use:     ``def test_x(toy, compile_host): ...``
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hosts import host_environment

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shipped() -> Path:
    """The bundle that ships with the package."""
    from calcisol.emulator.contract.bundle import default_bundle

    if not default_bundle().is_file():
        pytest.skip("this package was built without a trained bundle (emulator/bundles/default.calcisol)")
    return default_bundle()


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy bundle of tests/bridge/toy_bundle.py."""
    from toy_bundle import write_toy

    return write_toy(tmp_path_factory.mktemp("toy") / "toy.calcisol")


@pytest.fixture(scope="session")
def compile_host() -> Callable[..., Path]:
    """``compile_host(compiler, sources, output, *flags, package="calcisol")``: build a host through pkg-config."""

    def build(compiler: str, sources: list[Path], output: Path, *flags: str, package: str = "calcisol") -> Path:
        for tool in (compiler, "pkg-config"):
            if shutil.which(tool) is None:
                pytest.skip(f"{tool} is not installed")
        found = subprocess.run(
            ["pkg-config", "--cflags", "--libs", package], env=host_environment(), capture_output=True, text=True, check=True
        )
        command = [compiler, *flags, *map(str, sources), "-o", str(output), *found.stdout.split()]
        done = subprocess.run(command, capture_output=True, text=True, cwd=output.parent, check=False)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"
        assert done.stderr == "", done.stderr  # a warning in a host's build is a defect of the header
        return output

    return build
