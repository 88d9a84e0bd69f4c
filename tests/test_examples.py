"""The examples, run as a user would: from the installed package, compiled through pkg-config.

What:    output is compared with ``expected_output.txt``: the words exactly, the numbers within a tolerance.
Limit:   they step by the day or less, where the network's factors, proportional to the step, are small. What the network does is
         tested in tests/bridge/test_network_bits.py and tests/emulator.
Use:     after a new bundle, ``python tests/test_examples.py`` writes the expected outputs again; look at the difference.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from helpers.pages import blocks

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SCRIPTS = {"01_one_column_python": "one_column.py", "07_explain": "explain.py", "08_dynamic_ph": "dynamic_ph.py"}
HOSTS = {"02_c_host": "gcc", "03_fortran_host": "gfortran", "04_time_loop_good_and_bad": "gfortran"}

# Other processors round the float32 network differently; a thousandth of pH is far below what the emulator can claim.
RELATIVE, ABSOLUTE = 2e-3, 2e-3
NUMBER = re.compile(r"-?\d+\.\d+")


def run_script(name: str, bundle: Path) -> str:
    """Output of a Python example."""
    return finished([sys.executable, str(EXAMPLES / name / SCRIPTS[name]), str(bundle)], EXAMPLES.parent)


def run_host(name: str, folder: Path, bundle: Path, program: str = "host") -> str:
    """Output of a compiled example, built in a copy of its folder by the command of its README."""
    from calcisol.coupler.library.install import pkgconfig_dir

    copy = folder / name
    shutil.copytree(EXAMPLES / name, copy)
    command = ["make", "-s", program, f"PKG_CONFIG_PATH={pkgconfig_dir()}"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return finished([str(copy / program), str(bundle)], copy)


def finished(command: list[str], folder: Path) -> str:
    """Output of a command that must end well and print no error."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


def assert_alike(found: str, expected: str) -> None:
    """Same words, numbers within the tolerance. Lines of timings, which start with "time", are left out."""
    found, expected = (re.sub(r"^time.*\n?", "", text, flags=re.M) for text in (found, expected))
    assert NUMBER.sub("#", found).split() == NUMBER.sub("#", expected).split(), found
    pairs = list(zip(map(float, NUMBER.findall(found)), map(float, NUMBER.findall(expected)), strict=True))
    assert pairs, "an example must print numbers"
    for a, b in pairs:
        assert a == pytest.approx(b, rel=RELATIVE, abs=ABSOLUTE), found


@pytest.mark.parametrize("name", SCRIPTS)
def test_script(name: str, shipped: Path) -> None:
    if name == "07_explain":
        pytest.importorskip("shap", reason="needs the extra `explain`")
    assert_alike(run_script(name, shipped), (EXAMPLES / name / "expected_output.txt").read_text())


@pytest.mark.parametrize("name", HOSTS)
def test_host(name: str, shipped: Path, tmp_path: Path) -> None:
    for tool in ("make", "pkg-config", HOSTS[name]):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    assert_alike(run_host(name, tmp_path, shipped), (EXAMPLES / name / "expected_output.txt").read_text())


@pytest.mark.parametrize("program", ["openacc", "openmp"])
def test_gpu_host(program: str, shipped: Path, tmp_path: Path) -> None:
    """Without a GPU: compiled for the host, on an emulated device."""
    pytest.importorskip("torch")
    for tool in ("make", "pkg-config", "gfortran"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    assert_alike(
        run_host("10_gpu_hosts", tmp_path, shipped, program), (EXAMPLES / "10_gpu_hosts/expected_output.txt").read_text()
    )


def test_tutorial(tmp_path: Path) -> None:
    """The blocks of the tutorial, one after the other, print what stands below them and draw its plot."""
    pytest.importorskip("matplotlib")
    page = (EXAMPLES / "tutorial.md").read_text(encoding="utf-8")
    script = tmp_path / "tutorial.py"
    script.write_text("\n".join(blocks(page, "python")), encoding="utf-8")
    assert_alike(finished([sys.executable, str(script)], tmp_path), "".join(blocks(page, "text")))
    assert (tmp_path / "tutorial.png").stat().st_size > 10_000


def test_flags_of_the_command_compile_too(shipped: Path, tmp_path: Path) -> None:
    """Hosts without pkg-config use `calcisol config`; its flags build the Fortran example as well."""
    from calcisol.coupler.library import install

    source, host = EXAMPLES / "03_fortran_host" / "host.f90", tmp_path / "host"
    if shutil.which("gfortran") is None:
        pytest.skip("gfortran is not installed")
    command = ["gfortran", str(source), "-o", str(host), f"-J{tmp_path}", *install.fflags().split(), *install.libs().split()]
    subprocess.run(command, check=True)
    assert "same bits: T" in finished([str(host), str(shipped)], tmp_path)


def main() -> None:
    """Write all expected outputs again."""
    from calcisol.emulator.contract.bundle import default_bundle

    sys.path.insert(0, str(Path(__file__).parent / "bridge"))
    with tempfile.TemporaryDirectory() as folder:
        outputs = {name: run_script(name, default_bundle()) for name in SCRIPTS}
        outputs |= {name: run_host(name, Path(folder), default_bundle()) for name in HOSTS}
    for name, text in outputs.items():
        (EXAMPLES / name / "expected_output.txt").write_text(text)


if __name__ == "__main__":
    main()
