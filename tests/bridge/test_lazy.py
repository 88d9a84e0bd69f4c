"""torch is loaded by the first bundle that TorchScript steps: other hosts pay nothing, and need none on their machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from calcisol.coupler import errors
from calcisol.coupler.library import _build
from calcisol.coupler.library.capi import build_info
from calcisol.coupler.library.install import PACKAGE
from calcisol.coupler.library.torch_library import load_torch, torch_folder
from helpers.hosts import compile_host

HERE = Path(__file__).parent
STRICT = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic")
OK, ERROR_TORCH = 0, 4  # calcisol_status_code
TORCHSCRIPT, NATIVE = 1, 2  # calcisol_engine

needs_kernel = pytest.mark.skipif(", native kernel" not in build_info(), reason="this build has no kernel for this processor")
pytestmark = [
    pytest.mark.skipif(_build.TORCH_MINOR == "none", reason="this build has no torch"),
    pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs /proc/self/maps"),
]


def run(host: Path, bundle: Path, expected: int, engine: int, **settings: str) -> str:
    done = subprocess.run(
        [str(host), str(bundle), str(expected), str(engine)],
        capture_output=True, text=True, check=False, env={**os.environ, **settings},
    )  # fmt: skip
    assert done.returncode == 0 and not done.stderr, f"{done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture
def moved(tmp_path: Path) -> tuple[Path, Path]:
    """A host, and the folder of libraries it is linked with: the installation moved to where no torch is."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    lib, host = tmp_path / "moved" / "lib", tmp_path / "lazy"
    shutil.copytree(PACKAGE / "lib", lib)
    words = [f"-I{PACKAGE / 'include'}", str(HERE / "lazy.c"), "-o", str(host), f"-L{lib}", "-lcalcisol", f"-Wl,-rpath,{lib}"]
    subprocess.run(["gcc", *STRICT, *words], check=True)
    return host, lib


def test_torch_comes_with_the_first_bundle(shipped: Path, tmp_path: Path) -> None:
    host = compile_host("gcc", [HERE / "lazy.c"], tmp_path / "lazy", *STRICT)
    assert "torch" not in subprocess.run(["ldd", str(host)], capture_output=True, text=True, check=True).stdout
    assert run(host, shipped, OK, TORCHSCRIPT) == ""


def test_without_torch_the_host_is_told(shipped: Path, moved: tuple[Path, Path]) -> None:
    """A status and a sentence at open; with torch named it runs."""
    host, lib = moved
    folder = torch_folder()
    assert folder is not None
    told = run(host, shipped, ERROR_TORCH, TORCHSCRIPT, LD_LIBRARY_PATH="")
    assert told.count("torch cannot be loaded (") == 2 and "install torch" in told
    assert run(host, shipped, OK, TORCHSCRIPT, LD_LIBRARY_PATH=str(folder / "lib")) == ""
    (lib / "libcalcisol_torch.so").unlink()
    assert "libcalcisol_torch.so" in run(host, shipped, ERROR_TORCH, TORCHSCRIPT, LD_LIBRARY_PATH="")


def test_a_torch_of_another_version_is_told(shipped: Path, tmp_path: Path) -> None:
    """What is loaded, what is needed, and the mend; again at the second open."""
    if shutil.which("g++") is None:
        pytest.skip("g++ is not installed")
    host = compile_host("gcc", [HERE / "lazy.c"], tmp_path / "lazy", *STRICT)
    other = tmp_path / "another_torch.so"
    subprocess.run(["g++", "-shared", "-fPIC", str(HERE / "another_torch.cpp"), "-o", str(other)], check=True)
    minor = _build.TORCH_MINOR
    sentence = f"torch 1.99.7 is loaded, libcalcisol was built with {minor}; install torch {minor} or build calcisol again\n"
    assert run(host, shipped, ERROR_TORCH, TORCHSCRIPT, LD_PRELOAD=str(other)) == 2 * sentence


def test_python_names_a_torch_of_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calcisol.coupler.library.torch_library.metadata.version", lambda name: "1.99.7")
    with pytest.raises(errors.TorchError, match=r"torch 1\.99\.7 is installed, .* run `pip install torch==.* or build calcisol"):
        load_torch()


@needs_kernel
def test_the_native_engine_needs_no_torch(shipped: Path, moved: tuple[Path, Path]) -> None:
    """Soil, first state, step and laboratory pH with no torch on the machine, and not even our own part on it."""
    host, lib = moved
    (lib / "libcalcisol_torch.so").unlink()
    assert run(host, shipped, OK, NATIVE, LD_LIBRARY_PATH="") == ""


@needs_kernel
def test_the_native_engine_loads_no_torch_that_is_there(shipped: Path, tmp_path: Path) -> None:
    host = compile_host("gcc", [HERE / "lazy.c"], tmp_path / "lazy", *STRICT)
    assert run(host, shipped, OK, NATIVE) == ""


@needs_kernel
def test_python_runs_without_torch() -> None:
    """A run over Europe imports none and loads none; TorchScript without it is one sentence."""
    program = """
import sys
sys.modules["torch"] = None
from calcisol.coupler import errors
from calcisol.coupler.capi import Model
from calcisol.coupler.torch_library import load_torch
out = Model().columns({"dz": [[0.1, 0.2]]}).step(86400.0, {"w_liq": [[25.0, 50.0]], "t_soil": 285.0, "q_bot": [0.0]})
assert (out["ph"] > 4.0).all() and "libtorch" not in open("/proc/self/maps").read()
try:
    load_torch()
    sys.exit("torch that is not there was loaded")
except errors.TorchError as error:
    assert "TorchScript needs torch, which is not installed; run `pip install " in str(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
