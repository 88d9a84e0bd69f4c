"""A native engine for a bundle whose step this library was not built with: ``calcisol compile BUNDLE``.

What:    generates the kernel of the bundle's step, compiles it with the C++ compiler found here, checks it against TorchScript,
         and keeps it in a cache folder under the hash of its inputs: step graph, generator, headers, compiler, flags.
         Retrained weights need none of this: a kernel reads them from the bundle. Another network width or chemistry does.
         With ``--device cuda`` the library holds the kernel for CUDA devices beside that for hosts; it takes nvcc, and no GPU.
Trust:   what comes out is code. Nothing loads it by itself: the user names it, in ``options.engine_library`` or in the
         environment variable CALCISOL_ENGINE_LIBRARY. It is never put beside or into a bundle.
Errors:  CalcisolError with one sentence: no compiler or nvcc, a step of another version, an operator the generator lacks.
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
from typing import Any

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


def nvcc() -> str:
    """The CUDA compiler and its version, as tools/device_image.py finds it. Raises CalcisolError where there is none."""
    found = _call([sys.executable, str(NATIVE / "tools/device_image.py"), "--find"], "looking for nvcc")
    if not found:
        raise CalcisolError("no nvcc 12.8 or later found; pip install nvidia-cuda-nvcc and what it needs, or set NVCC to one")
    return found


def _key(graph: str, cxx: str, flags: tuple[str, ...], device: str) -> str:
    digest = hashlib.sha256((graph + device).encode())
    for file in sorted(p for p in NATIVE.rglob("*") if p.suffix in (".py", ".hpp")):
        digest.update(file.read_bytes())
    digest.update(_call([cxx, "--version"], cxx).encode() + " ".join(flags).encode())
    return digest.hexdigest()


def build(bundle: Path, target: Path, *, core: bool = False, graph: str | None = None, device: bool = False) -> None:
    """Generate and compile the kernel of a bundle into a shared library ``target``; ``core``: of its network alone; ``device``:
    that for CUDA devices too.

    Raises CalcisolError when a step fails, or when the kernel's step is not ``graph``; MissingExtra without torch.
    """
    need("compiling a kernel", "learn")
    cxx, flags = compiler(), (*FLAGS, *march())
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)  # what is loaded from there is code
    with tempfile.TemporaryDirectory(prefix="calcisol-") as folder:
        names = ("kernel.cpp", "kernel.cu", "table.cpp", "image", "device.cpp")
        text, cuda, table, image, embedded = (Path(folder) / name for name in names)
        words = ["--core"] if core else ["--device", str(cuda), str(table)] if device else []
        generator = [sys.executable, str(NATIVE / "tools/step_to_cpp.py"), str(bundle), str(text), *words]
        _call(generator, f"writing the kernel of {bundle}")
        if graph is not None and f'"{graph}"' not in text.read_text(encoding="utf-8"):
            raise CalcisolError(f"bundle {bundle} holds a step of another version of calcisol; export it again with this one")
        include = NATIVE / "include"
        if device:
            compile_image = [
                sys.executable,
                str(NATIVE / "tools/device_image.py"),
                *map(str, (cuda, table, include, image, embedded)),
            ]
            _call(compile_image, "compiling the kernel with nvcc")
        sources = [str(text), *([str(embedded)] if device else [])]
        made = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            _call([cxx, *flags, f"-I{include}", *sources, "-o", str(made)], f"compiling the kernel with {cxx}")
            made.replace(target)
        finally:
            made.unlink(missing_ok=True)


def check(bundle: Path, library: Path, *, device: bool = False) -> None:
    """Raise CalcisolError unless the library steps the bundle as TorchScript does, on a device as on the host, bit for bit.

    Where there is no device that half is left out: nothing but the device's compiler can differ.
    """
    import numpy as np

    def answers(**options: Any) -> dict[str, Any]:
        with Model(bundle, **options) as model:
            columns = model.columns(soil(COLUMNS, LAYERS))
            return [columns.step(DAY, weather(COLUMNS, LAYERS)) for _ in range(STEPS)][-1]

    from .model import Model
    from .sample import soil, weather

    theirs, mine = answers(engine="torchscript"), answers(engine="native", engine_library=library)
    for name in ("ph", "dic", "sic", "pco2"):
        if not np.abs(mine[name] - theirs[name]).max() <= AGREEMENT * np.abs(theirs[name]).max():
            raise CalcisolError(f"the compiled kernel gives another {name} than TorchScript; it is not kept, please report it")
    if device and device_count():
        there = answers(engine="native", engine_library=library, device="cuda")
        if any(there[name].tobytes() != mine[name].tobytes() for name in mine):
            raise CalcisolError("the kernel on the device gives other bits than on the host; it is not kept, please report it")


def device_count() -> int:
    """CUDA devices of this machine."""
    from . import capi

    lib, ffi = capi.library()
    count = ffi.new("int32_t *")
    capi.check(lib.calcisol_device_count(count))
    return int(count[0])


def _is_built_in(bundle: Path, graph: str, device: bool) -> bool:
    """Whether libcalcisol steps the bundle natively as it is, on a device where one is asked for."""
    from .capi import build_info
    from .model import Model

    if device and f"device code {graph[:12]}" not in build_info():
        return False
    before = os.environ.pop("CALCISOL_ENGINE_LIBRARY", None)
    try:
        with Model(bundle) as model:
            return str(model.contract["engine"]).startswith("native")
    finally:
        if before is not None:
            os.environ["CALCISOL_ENGINE_LIBRARY"] = before


def compile_bundle(bundle: Path, out: Path | None = None, *, device: bool = False) -> Path | None:
    """The library for a bundle, made or found in the cache; None where libcalcisol steps it natively as it is."""
    graph = read_contract(bundle).get("step_graph")
    if not graph:
        raise CalcisolError(
            f"{bundle} does not name its step graph; run `python -m calcisol.emulator.training.stamp {bundle}` first"
        )
    if out is None and _is_built_in(bundle, graph, device):
        return None
    key = _key(graph, compiler(), (*FLAGS, *march()), nvcc() if device else "")
    target = out or cache_folder() / f"engine-{graph[:12]}-{key[:12]}.so"
    if out is None and target.is_file():
        return target
    fresh = target.with_name(f"{target.stem}.unchecked.{os.getpid()}.so")
    try:
        build(bundle, fresh, graph=graph, device=device)
        check(bundle, fresh, device=device)
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
    return target


def run(bundle: str, out: str | None, device: str = "host") -> int:
    """Command ``calcisol compile``: the path on stdout, everything else on stderr."""
    library = compile_bundle(Path(bundle), Path(out).resolve() if out else None, device=device == "cuda")
    if library is None:
        print(f"{bundle} runs natively as it is: its step is the one libcalcisol was built with", file=sys.stderr)
        return 0
    if device == "cuda" and not device_count():
        print("there is no CUDA device here: what it answers there was not compared", file=sys.stderr)
    print("use it with options.engine_library, Model(engine_library=...) or CALCISOL_ENGINE_LIBRARY:", file=sys.stderr)
    print(library)
    return 0
