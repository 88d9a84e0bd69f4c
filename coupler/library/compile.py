"""A native engine for a bundle whose step this library was not built with: ``calcisol compile BUNDLE``.

What:    generates the kernel of the bundle's step, compiles it with the C++ compiler found here, checks it against TorchScript,
         and keeps it in a cache folder under the hash of its inputs: step graph, generator, headers, compiler, flags.
         Retrained weights need none of this: a kernel reads them from the bundle. Another network width or chemistry does.
Trust:   what comes out is code. Nothing loads it by itself: the user names it, in ``options.engine_library`` or in the
         environment variable CALCISOL_ENGINE_LIBRARY. It is never put beside or into a bundle.
Errors:  CalcisolError with one sentence: no compiler, a step of another version, an operator the generator does not know.
Use:     ``export CALCISOL_ENGINE_LIBRARY=$(calcisol compile wide.calcisol)``
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ...emulator.contract.bundle import read_contract
from ...emulator.contract.extras import need
from ..errors import CalcisolError
from .install import PACKAGE

NATIVE = PACKAGE / "native"
FLAGS = (
    "-std=c++20", "-shared", "-fPIC", "-O3", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-fvisibility=hidden",
    "-w", '-DCALCISOL_KERNEL_EXPORT=__attribute__((visibility("default")))',
)  # fmt: skip
"""As in fortran_bridge/src/native/meson.build: nothing fused but where the code says so, so that bits are those of any build."""
AGREEMENT = 1e-4
"""Largest difference from TorchScript relative to the largest value: float32 sums in another order through one step."""
STEPS, COLUMNS, LAYERS, DAY = 3, 16, 8, 86400.0


def cache_folder() -> Path:
    """$XDG_CACHE_HOME/calcisol, or ~/.cache/calcisol."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "calcisol"


def compiler() -> str:
    """The C++ compiler: $CXX, or the first of c++, g++, clang++ on the path."""
    named = os.environ.get("CXX", "").split()[:1]
    for name in named or ("c++", "g++", "clang++"):
        found = shutil.which(name)
        if found:
            return found
    raise CalcisolError(f"no C++ compiler found{f' at CXX={named[0]}' if named else ''}; install g++, or set CXX to one")


def march() -> tuple[str, ...]:
    """Instruction set of this processor among those the library knows. Raises CalcisolError without FMA."""
    if os.uname().machine != "x86_64":
        return ()
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    flags = set(next((line for line in text.splitlines() if line.startswith("flags")), "").split())
    if {"avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512cd"} <= flags:
        return ("-march=x86-64-v4",)
    if {"avx2", "fma", "bmi2"} <= flags:
        return ("-march=x86-64-v3",)
    raise CalcisolError("this processor has no fused multiply-add, which a kernel needs; TorchScript steps the bundle")


def _call(command: list[str], what: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no text"])[-1]
        raise CalcisolError(f"{what} failed: {last}")
    return done.stdout


def _key(graph: str, cxx: str, flags: tuple[str, ...]) -> str:
    digest = hashlib.sha256(graph.encode())
    for file in sorted(p for p in NATIVE.rglob("*") if p.suffix in (".py", ".hpp")):
        digest.update(file.read_bytes())
    digest.update(_call([cxx, "--version"], cxx).encode() + " ".join(flags).encode())
    return digest.hexdigest()


def build(bundle: Path, target: Path, *, core: bool = False, graph: str | None = None) -> None:
    """Generate and compile the kernel of a bundle into a shared library ``target``; ``core``: of its network alone.

    Raises CalcisolError when a step fails, or when the kernel's step is not ``graph``; MissingExtra without torch.
    """
    need("compiling a kernel", "learn")
    cxx, flags = compiler(), (*FLAGS, *march())
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)  # what is loaded from there is code
    with tempfile.TemporaryDirectory(prefix="calcisol-") as folder:
        text = Path(folder) / "kernel.cpp"
        generator = [sys.executable, str(NATIVE / "tools/step_to_cpp.py"), *(["--core"] if core else []), str(bundle), str(text)]
        _call(generator, f"writing the kernel of {bundle}")
        if graph is not None and f'"{graph}"' not in text.read_text(encoding="utf-8"):
            raise CalcisolError(f"bundle {bundle} holds a step of another version of calcisol; export it again with this one")
        made = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            _call([cxx, *flags, f"-I{NATIVE / 'include'}", str(text), "-o", str(made)], f"compiling the kernel with {cxx}")
            made.replace(target)
        finally:
            made.unlink(missing_ok=True)


def check(bundle: Path, library: Path) -> None:
    """Raise CalcisolError unless the library steps the bundle as TorchScript does."""
    import numpy as np

    from .model import Model
    from .sample import soil, weather

    answers = []
    for model in (Model(bundle, engine="torchscript"), Model(bundle, engine="native", engine_library=library)):
        with model:
            columns = model.columns(soil(COLUMNS, LAYERS))
            answers.append([columns.step(DAY, weather(COLUMNS, LAYERS)) for _ in range(STEPS)][-1])
    for name in ("ph", "dic", "sic", "pco2"):
        mine, theirs = answers[1][name], answers[0][name]
        if not np.abs(mine - theirs).max() <= AGREEMENT * np.abs(theirs).max():
            raise CalcisolError(f"the compiled kernel gives another {name} than TorchScript; it is not kept, please report it")


def compile_bundle(bundle: Path, out: Path | None = None) -> Path | None:
    """The library for a bundle, made or found in the cache; None where libcalcisol steps it natively as it is."""
    from .model import Model

    graph = read_contract(bundle).get("step_graph")
    if not graph:
        raise CalcisolError(
            f"{bundle} does not name its step graph; run `python -m calcisol.emulator.training.stamp {bundle}` first"
        )
    before = os.environ.pop("CALCISOL_ENGINE_LIBRARY", None)
    try:
        with Model(bundle) as model:
            if model.contract["engine"].startswith("native") and out is None:
                return None
    finally:
        if before is not None:
            os.environ["CALCISOL_ENGINE_LIBRARY"] = before
    key = _key(graph, compiler(), (*FLAGS, *march()))
    target = out or cache_folder() / f"engine-{graph[:12]}-{key[:12]}.so"
    if out is None and target.is_file():
        return target
    fresh = target.with_name(f"{target.stem}.unchecked.{os.getpid()}.so")
    try:
        build(bundle, fresh, graph=graph)
        check(bundle, fresh)
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
    return target


def run(bundle: str, out: str | None) -> int:
    """Command ``calcisol compile``: the path on stdout, everything else on stderr."""
    library = compile_bundle(Path(bundle), Path(out).resolve() if out else None)
    if library is None:
        print(f"{bundle} runs natively as it is: its step is the one libcalcisol was built with", file=sys.stderr)
        return 0
    print("use it with options.engine_library, Model(engine_library=...) or CALCISOL_ENGINE_LIBRARY:", file=sys.stderr)
    print(library)
    return 0
