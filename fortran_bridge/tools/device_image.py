"""Compile a kernel for CUDA devices: machine code for some architectures and PTX for later ones, as one compressed image.

What:    looks for nvcc: $NVCC, the path, or the wheels of the Python registry (nvidia-cuda-nvcc and what it needs; no toolkit, no
         GPU). Nothing is downloaded. The image is what the driver loads; the table beside it is C++ that embeds it.
         It takes minutes: images are kept in the cache of ``calcisol compile``, under the hash of text, headers, nvcc and flags.
Limits:  nvcc 12.8 or later, the first that knows sm_100.
Use:     ``python device_image.py KERNEL.cu TABLE.cpp INCLUDE IMAGE TABLE_WITH_IMAGE.cpp``, run by meson and ``calcisol compile``;
         ``python device_image.py --find`` prints nvcc and its version, or nothing
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ARCHITECTURES = (80, 90, 100)  # A100, H100 and H200, B200: machine code; whatever else there is compiles the PTX of the first
FLAGS = ("-std=c++17", "-O3", "-fmad=false", "-Wno-deprecated-gpu-targets")
"""-fmad=false: products and sums are fused only where the text says so, as on hosts (src/native/cell.hpp)."""
OLDEST = (12, 8)


def candidates() -> list[str]:
    """Where nvcc may be, best first."""
    found = [os.environ.get("NVCC", ""), shutil.which("nvcc") or ""]
    spec = importlib.util.find_spec("nvidia")
    for folder in spec.submodule_search_locations or [] if spec else []:
        found += sorted(map(str, Path(folder).glob("*/bin/nvcc")), reverse=True)
    return [name for name in found if name]


def find() -> tuple[str, str] | None:
    """Path and version of the first nvcc that will do."""
    for name in candidates():
        try:
            text = subprocess.run([name, "--version"], capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            continue
        version = re.search(r"release (\d+)\.(\d+)", text)
        if version and tuple(map(int, version.groups())) >= OLDEST:
            return name, ".".join(version.groups())
    return None


def command(nvcc: str, source: Path, include: Path, image: Path, architectures: tuple[int, ...] = ARCHITECTURES) -> list[str]:
    """The call of nvcc."""
    codes = [f"-gencode=arch=compute_{a},code=sm_{a}" for a in architectures]
    codes.append(f"-gencode=arch=compute_{architectures[0]},code=compute_{architectures[0]}")
    return [nvcc, *FLAGS, *codes, "-fatbin", "--compress-mode=size", f"-I{include}", str(source), "-o", str(image)]


def target(version: str, architectures: tuple[int, ...] = ARCHITECTURES) -> str:
    """What is in an image, in words."""
    return " ".join([*(f"sm_{a}" for a in architectures), f"compute_{architectures[0]}"]) + f", CUDA {version}"


def kept(kernel: Path, include: Path, words: list[str], version: str) -> Path:
    """Where an image of these inputs is kept."""
    digest = hashlib.sha256(" ".join([version, *words]).encode() + kernel.read_bytes())
    for header in sorted((include / "native").glob("*.hpp")):
        digest.update(header.read_bytes())
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "calcisol"
    return folder / f"image-{digest.hexdigest()[:24]}"


def compile_image(nvcc: str, version: str, kernel: Path, include: Path, image: Path) -> int:
    """The exit code of nvcc, 0 where the image is there already."""
    cached = kept(kernel, include, [*command("nvcc", Path("k"), Path("i"), Path("o"))], version)
    if cached.is_file():
        shutil.copyfile(cached, image)
        return 0
    code = subprocess.run(command(nvcc, kernel, include, image), check=False).returncode
    try:
        cached.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = cached.with_suffix(f".{os.getpid()}")
        shutil.copyfile(image, fresh)
        fresh.replace(cached)
    except OSError:  # a home without room: the next build compiles again
        pass
    return code


def main() -> int:
    """As the arguments say."""
    parser = argparse.ArgumentParser(description="Compile a kernel for CUDA devices.")
    parser.add_argument("--find", action="store_true", help="print nvcc and its version, or nothing")
    for name in ("kernel", "table", "include", "image", "output"):
        parser.add_argument(name, type=Path, nargs="?")
    args = parser.parse_args()
    found = find()
    if args.find:
        print(" ".join(found) if found else "", end="")
        return 0
    if found is None:
        print("no nvcc 12.8 or later; pip install nvidia-cuda-nvcc, or set NVCC", file=sys.stderr)
        return 1
    nvcc, version = found
    code = compile_image(nvcc, version, args.kernel, args.include, args.image)
    if code:
        return code
    head = f'#define CALCISOL_IMAGE "{args.image.resolve()}"\n#define CALCISOL_IMAGE_TARGET "{target(version)}"\n'
    args.output.write_text(head + args.table.read_text(encoding="utf-8"), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
