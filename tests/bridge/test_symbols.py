"""What the libraries export and what they can call: nothing that ends a process or prints is even linked."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

LIBRARIES = ("libcalcisol.so", "libcalcisol_stub.so")
TORCH = "libcalcisol_torch.so"  # the part that libcalcisol loads by itself
# Ends of a process, and everything of stdio and iostreams that reaches a terminal. Files are read by std::ifstream alone.
FORBIDDEN = re.compile(
    r"(quick_|_)?[eE]xit|abort|raise|kill|tgkill|__assert_fail|_ZSt9terminatev|err[x]?|warn[x]?|error|perror|psignal"
    r"|_?_?v?[fsdan]*printf(_chk)?|_?_?v?snprintf(_chk)?|f?put(s|c|char)(_unlocked)?|fwrite(_unlocked)?|write|writev|syslog"
    r"|std(out|err)|_ZSt(4cout|4cerr|4clog|5wcout)|system|popen|fork|execv[pe]*|signal|sigaction"
)


def symbols(name: str, which: str) -> set[str]:
    """Dynamic symbols of an installed library: ``defined`` or ``undefined``, without versions."""
    from calcisol.coupler.library.install import library_dir

    if shutil.which("nm") is None:
        pytest.skip("nm (binutils) is not installed")
    command = ["nm", "-D", f"--{which}-only", str(library_dir() / name)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return {line.split()[-1].split("@")[0] for line in lines}


def test_the_pattern_catches_what_it_should() -> None:
    caught = ["exit", "_exit", "_Exit", "abort", "printf", "fprintf", "__printf_chk", "__vfprintf_chk", "snprintf", "puts"]
    caught += ["putchar", "_ZSt4cout", "_ZSt9terminatev", "__assert_fail", "perror", "fwrite", "vsnprintf", "__sprintf_chk"]
    for name in caught:
        assert FORBIDDEN.fullmatch(name), name
    for name in ("strlen", "memcpy", "__cxa_throw", "dlopen", "_ZSt20__throw_length_errorPKc", "getenv"):
        assert not FORBIDDEN.fullmatch(name), name


@pytest.mark.parametrize("name", [*LIBRARIES, TORCH])
def test_libraries_cannot_stop_or_print(name: str) -> None:
    undefined = symbols(name, "undefined")
    assert "dlsym" in undefined  # the list is that of our library
    assert not {s for s in undefined if FORBIDDEN.fullmatch(s)}


def test_libraries_export_only_the_c_abi() -> None:
    """The same entries in both, those of calcisol.h and nothing else."""
    from calcisol.coupler.library.install import include_dir

    header = (include_dir() / "calcisol.h").read_text()
    declared = set(re.findall(r"\b(calcisol_\w+)\(", re.sub(r"/\*.*?\*/", "", header, flags=re.S)))
    declared -= {"calcisol_f64", "calcisol_f32", "calcisol_to_f64", "calcisol_to_f32", "calcisol_to_i32", "calcisol_device"}
    for name in LIBRARIES:
        assert {s for s in symbols(name, "defined") if not s.startswith("_")} == declared
    assert {s for s in symbols(TORCH, "defined") if not s.startswith("_")} == {"calcisol_torch_engine"}
