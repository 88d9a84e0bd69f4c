"""torch is loaded by the first bundle, not by the library: a host that opens none pays nothing, and one without torch starts."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from calcisol.coupler import _build
from calcisol.coupler.capi import torch_folder
from calcisol.coupler.install import PACKAGE

HERE = Path(__file__).parent
STRICT = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic")
OK, ERROR_TORCH = 0, 4  # calcisol_status_code

pytestmark = [
    pytest.mark.skipif(_build.TORCH_MINOR == "none", reason="this build has no torch"),
    pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs /proc/self/maps"),
]


def run(host: Path, bundle: Path, expected: int, **settings: str) -> str:
    done = subprocess.run(
        [str(host), str(bundle), str(expected)], capture_output=True, text=True, check=False, env={**os.environ, **settings}
    )
    assert done.returncode == 0 and not done.stderr, f"{done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


def test_torch_comes_with_the_first_bundle(toy: Path, tmp_path: Path, compile_host: Callable[..., Path]) -> None:
    host = compile_host("gcc", [HERE / "lazy.c"], tmp_path / "lazy", *STRICT)
    assert "torch" not in subprocess.run(["ldd", str(host)], capture_output=True, text=True, check=True).stdout
    assert run(host, toy, OK) == ""


def test_without_torch_the_host_starts_and_is_told(toy: Path, tmp_path: Path) -> None:
    """The installation moved to where no torch is: a status and a sentence at open; with torch named it runs."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    lib, folder = tmp_path / "moved" / "lib", torch_folder()
    assert folder is not None
    shutil.copytree(PACKAGE / "lib", lib)
    host = tmp_path / "lazy"
    words = [f"-I{PACKAGE / 'include'}", str(HERE / "lazy.c"), "-o", str(host), f"-L{lib}", "-lcalcisol", f"-Wl,-rpath,{lib}"]
    subprocess.run(["gcc", *STRICT, *words], check=True)
    told = run(host, toy, ERROR_TORCH, LD_LIBRARY_PATH="")
    assert told.count("torch cannot be loaded (") == 2 and "install torch" in told
    assert run(host, toy, OK, LD_LIBRARY_PATH=str(folder / "lib")) == ""
    (lib / "libcalcisol_torch.so").unlink()
    assert "libcalcisol_torch.so" in run(host, toy, ERROR_TORCH, LD_LIBRARY_PATH="")
