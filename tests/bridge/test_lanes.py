"""The vector functions of the native engine against long double, over their whole range and at its edges."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "fortran_bridge" / "src"
FLAGS = ["-std=c++20", "-O2", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-Wno-psabi"]
ULP = {"exp": 1.5, "exp_small": 1.0, "log": 2.0, "log10": 4.0, "pow": 2.0, "log1p": 3, "asinh": 4, "sigmoid": 3, "sqrt": 0.5}
"""Largest errors in units in the last place: series and reduction of lanes.hpp; a wrong coefficient shows at hundreds."""
SINGLE = {"exp_single": 1.5, "log_single": 1.5, "log_near_1": 1.5, "pow_single": 6.0, "tanh_single": 8.0, "sqrt_single": 0.5}
"""The same of float32 functions, in float32 units: those of powers grow with the logarithm, of tanh where 1 is taken off."""
DENSE = 8.0
"""Of the sum of the sizes of its terms, in half float32 steps: 25 roundings that mostly cancel, and SiLU within 3 ulp."""


def flags_of_this_machine() -> list[str]:
    if platform.machine() != "x86_64":
        return [""]
    known = Path("/proc/cpuinfo").read_text(encoding="utf-8").split() if os.path.exists("/proc/cpuinfo") else []
    wanted = {"-march=x86-64-v3": ("avx2", "fma"), "-march=x86-64-v4": ("avx512f", "avx512dq", "avx512bw", "avx512vl")}
    return ["", *(flag for flag, needs in wanted.items() if all(n in known for n in needs))]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[str]]]:
    """Lines of the program, by instruction set."""
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("g++ is not installed")
    folder = tmp_path_factory.mktemp("lanes")
    found = {}
    for i, flag in enumerate(flags_of_this_machine()):
        program = folder / f"lanes{i}"
        source = str(Path(__file__).with_name("lanes.cpp"))
        command = [compiler, *FLAGS, *([flag] if flag else []), f"-I{SOURCE}", source, "-o", str(program)]
        subprocess.run(command, check=True, capture_output=True)
        done = subprocess.run([str(program)], check=True, capture_output=True, text=True)
        found[flag] = [line.split() for line in done.stdout.splitlines()]
    return found


def test_errors_are_a_few_units_in_the_last_place(answers: dict[str, list[list[str]]]) -> None:
    for flag, lines in answers.items():
        values = {name: (float(worst), int(wrong)) for name, worst, wrong in lines[:-1]}
        for name, limit in {**ULP, **SINGLE, "dense": DENSE}.items():
            worst, wrong = values[name]
            assert worst <= limit, f"{name} {flag}: {worst} ulp"
            assert wrong == 0, f"{name} {flag}: {wrong} wrong zeros, infinities or NaN"


def test_bits_do_not_depend_on_the_instruction_set(answers: dict[str, list[list[str]]]) -> None:
    hashes = {flag: lines[-1][1] for flag, lines in answers.items() if flag}
    if len(hashes) < 2:
        pytest.skip("this machine has fewer than two instruction sets with fused multiply-add")
    assert len(set(hashes.values())) == 1, hashes
