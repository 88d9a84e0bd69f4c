"""What the device's compiler makes of the text: registers, spills, size. Needs nvcc 12.8 or later, and no GPU.

What:    the limits under which two blocks share a multiprocessor and the local memory stays in the nearest cache; measured for
         sm_90: 168 registers, 2,404 bytes of spills stored and 5,128 loaded (CUDA 13.0), 28,500 instructions, 3,900 of them
         in float64.
Why:     a change that costs a third block, or twice the spills, shows here and not only on a GPU.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from calcisol.coupler.library.capi import build_info
from helpers.device_text import NATIVE
from helpers.hosts import run

REGISTERS = 168  # 65,536 of a multiprocessor by two blocks of 192 threads
STORED, LOADED = 2_500, 7_000  # bytes of spills
CODE = 520_000  # bytes of a step
IMAGE = 2**20  # bytes of the compressed image in the library


@pytest.fixture(scope="module")
def nvcc() -> str:
    found = run(sys.executable, NATIVE / "tools/device_image.py", "--find")
    if not found:
        pytest.skip("there is no nvcc 12.8 or later")
    return found.split()[0]


def test_what_a_step_needs_of_a_multiprocessor(nvcc: str, device_text: Path, tmp_path: Path) -> None:
    flags = ("-std=c++17", "-O3", "-fmad=false", "-arch=sm_90", "-cubin", "-Xptxas", "-v", f"-I{NATIVE / 'include'}")
    words = [nvcc, *flags, str(device_text / "kernel.cu"), "-o", str(tmp_path / "kernel.cubin")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    told = done.stdout + done.stderr
    spills = r"(\d+) bytes spill stores, (\d+) bytes spill loads"
    kernels = re.findall(rf"Function properties for (calcisol_\w+)\n.*?{spills}\n.*?Used (\d+) ", told)
    found = {name: (int(registers), int(stored), int(loaded)) for name, stored, loaded, registers in kernels}
    assert len(found) == 7, told
    for name, (registers, stored, loaded) in found.items():
        assert registers <= REGISTERS and stored <= STORED and loaded <= LOADED, f"{name}: {found[name]}"
    for name in ("calcisol_gather", "calcisol_deliver", "calcisol_hand_out", "calcisol_prepare"):
        assert found[name][1:] == (0, 0), f"{name} spills"
    assert len((tmp_path / "kernel.cubin").read_bytes()) < 3 * CODE


def test_the_library_stays_small(nvcc: str) -> None:
    """Device code of three architectures and PTX, compressed."""
    if ", no device code" in build_info():
        pytest.skip("this build has no device code")
    from calcisol.coupler.library.install import PACKAGE

    sizes = {name: (PACKAGE / "lib" / f"{name}.so").stat().st_size for name in ("libcalcisol", "libcalcisol_torch")}
    without = 1_300_000  # bytes of libcalcisol without device code: two kernels of the step, without debug names
    assert sizes["libcalcisol"] < without + IMAGE, sizes
