"""The native engine on a CUDA device, on a mocked driver that runs the device text itself: bits, arrays, launches, errors.

What:    all of the engine but the GPU: memory, views, streams, contexts, kernels (the same text, threads emulated). Each check
         is a process of its own (on_mocked_device.py), since a process looks for its driver once.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from calcisol.coupler import errors
from calcisol.coupler.library.capi import build_info
from calcisol.coupler.library.model import Model
from helpers.device_text import NATIVE
from helpers.hosts import run

HERE = Path(__file__).parent
CHECKS = (
    "bits", "arrays", "launches", "pinned", "streams_and_contexts", "no_torch", "everything_is_freed", "warmup", "failures",
)  # fmt: skip
pytestmark = [
    pytest.mark.skipif(", native kernel" not in build_info(), reason="this build has no kernel for this processor"),
    pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux"),
]


@pytest.fixture(scope="module")
def mock(device_text: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Settings of a process on the mock, and where the engine library is: the real table around an image of a mock."""
    folder = tmp_path_factory.mktemp("mock")
    (folder / "image").write_text("image of a mock")
    (folder / "table.cpp").write_text(
        f'#define CALCISOL_IMAGE "{folder / "image"}"\n#define CALCISOL_IMAGE_TARGET "a mock"\n'
        + (device_text / "table.cpp").read_text()
    )
    flags = ("-std=c++20", "-O1", "-shared", "-fPIC", f"-I{NATIVE / 'include'}")
    visible = '-DCALCISOL_KERNEL_EXPORT=__attribute__((visibility("default")))'
    subprocess.run(["g++", *flags, visible, str(folder / "table.cpp"), "-o", str(folder / "engine.so")], check=True)
    driver = [str(HERE / "mock_driver.cpp"), "-o", str(folder / "libcuda.so.1"), "-ldl"]
    subprocess.run(["g++", *flags, "-Wall", "-Wextra", *driver], check=True)
    return {
        "LD_LIBRARY_PATH": str(folder),
        "MOCK_KERNELS": str(device_text / "emulated.so"),
        "MOCK_DEVICES": "2",
        "ENGINE": str(folder / "engine.so"),
        "PYTHONPATH": f"{HERE.parent}:{HERE}",
    }


def check(mock: dict[str, str], name: str, *words: object, library: str | None = None, **settings: str) -> str:
    """What a check prints, in a process on the mock."""
    engine = mock["ENGINE"] if library is None else library
    return run(sys.executable, HERE / "on_mocked_device.py", name, engine, *words, **{**mock, **settings})


@pytest.mark.parametrize("name", CHECKS)
def test_on_the_mock(mock: dict[str, str], name: str) -> None:
    check(mock, name)


def test_what_is_not_there_is_refused_at_open(mock: dict[str, str], tmp_path: Path) -> None:
    """No device, no driver, an old driver."""
    assert "shows no device" in check(mock, "refusals", MOCK_DEVICES="0")
    old = tmp_path / "libcuda.so.1"
    subprocess.run(["gcc", "-shared", "-fPIC", str(HERE / "mock_cuda.c"), "-o", str(old)], check=True)
    assert "CUDA driver is too old" in refusal(mock, tmp_path)
    if not Path("/dev/nvidiactl").exists():
        old.unlink()
        assert "there is no CUDA driver" in refusal(mock, tmp_path)


def refusal(mock: dict[str, str], folder: Path) -> str:
    """What a process says that finds its driver in ``folder``, if there is one."""
    program = f"""
from calcisol.coupler import errors
from calcisol.coupler.library.model import Model
try:
    Model(device="cuda", engine_library={mock["ENGINE"]!r})
except errors.UnsupportedError as error:
    print(error)
"""
    return run(sys.executable, "-c", program, LD_LIBRARY_PATH=str(folder), MOCK_DEVICES="1")


def test_an_index_that_is_too_high(mock: dict[str, str]) -> None:
    program = f"""
from calcisol.coupler import errors
from calcisol.coupler.library.model import Model
try:
    Model(device="cuda", device_index=2, engine_library={mock["ENGINE"]!r})
except errors.ArgumentError as error:
    print(error)
"""
    assert "there are 2 CUDA devices" in run(sys.executable, "-c", program, **mock)


def test_which_engine_steps_on_a_device(mock: dict[str, str], toy: Path) -> None:
    """The native one where it has code for the bundle; what does not fit is refused where it was asked for."""
    if ", no device code" in build_info():
        with pytest.raises(errors.UnsupportedError, match="no device code"):
            Model(device="cuda", engine="native")
    for bundle, words in ((toy, "compile --device cuda"), (None, "holds no kernel for hosts")):
        with pytest.raises(errors.UnsupportedError, match=words):
            Model(bundle, device="cuda" if bundle else "host", engine_library=mock["ENGINE"])
    with pytest.raises(errors.UnsupportedError, match="emulated"):
        Model(device="emulated", engine="native")


def test_the_build_says_whether_it_has_device_code() -> None:
    assert ", device code " in build_info() or ", no device code" in build_info()


def test_bench_of_a_device(mock: dict[str, str]) -> None:
    """What it cannot time here it says; the bits are those of the host."""
    words = ("bench", "--device", "cuda", "--sizes", "16", "--layers", "2", "--repeat", "9")
    said = run(sys.executable, "-m", "calcisol.coupler.cli", *words, **mock, CALCISOL_ENGINE_LIBRARY=mock["ENGINE"])
    [row] = [line for line in said.splitlines() if line.startswith("| 16 |")]
    cells = [cell.strip() for cell in row.strip("| ").split("|")]
    assert cells[-1] == "0.0e+00" and cells[1] != "-" and cells[2] == "-"
    assert "not here: pinned at 16 columns: cuMemAllocHost_v2" in said and "not here: torchscript on the device" in said


def test_compiling_for_devices_needs_nvcc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from calcisol.coupler.library.compile import nvcc

    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("NVCC", str(tmp_path / "nvcc"))
    if subprocess.run(["sh", "-c", "command -v nvcc"], capture_output=True, check=False).returncode == 0:
        pytest.skip("nvcc lies among the programs of the system")
    with pytest.raises(errors.CalcisolError, match=r"no nvcc 12\.8 or later"):
        nvcc()


@pytest.mark.slow
def test_a_library_for_hosts_and_devices(shipped: Path, tmp_path: Path) -> None:
    """``calcisol compile --device cuda``: one file that steps on the host and, where there is one, on a device."""
    from calcisol.coupler.library import compile as native_compile

    try:
        native_compile.nvcc()
    except errors.CalcisolError as error:
        pytest.skip(str(error))
    library = native_compile.compile_bundle(shipped, tmp_path / "engine.so", device=True)
    assert library is not None
    with Model(shipped, engine="native", engine_library=library) as model:
        assert model.contract["engine"].endswith("engine library")
    if not Path("/dev/nvidiactl").exists():
        with pytest.raises(errors.UnsupportedError, match="no CUDA driver"):
            Model(shipped, device="cuda", engine="native", engine_library=library)


@pytest.mark.gpu
def test_bits_on_a_gpu(tmp_path: Path) -> None:
    """The same checks on a real device, by the code in the library."""
    if ", no device code" in build_info() or not Path("/dev/nvidiactl").exists():
        pytest.skip("needs a GPU and a build with device code")
    program = """
import numpy as np
from calcisol.coupler.library.model import Model
from helpers.any_soils import soil, weather
from helpers.bits import assert_same_bits
for layers, columns in ((1, 500), (3, 500), (11, 1000), (60, 50)):
    properties = soil(np.random.default_rng(layers), columns, layers)
    mine, theirs = (Model(device=d, engine="native").columns(properties) for d in ("cuda", "host"))
    for step in range(5):
        fields = weather(np.random.default_rng(step), properties, step % 2 == 1)
        assert_same_bits(theirs.step(86400.0, fields), mine.step(86400.0, fields))
        assert_same_bits(theirs.state(), mine.state())
"""
    run(sys.executable, "-c", program, PYTHONPATH=f"{HERE.parent}:{HERE}")
