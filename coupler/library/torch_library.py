"""torch's C++ libraries, where TorchScript is to step a bundle: found without importing torch; a clear error if missing.

What:    libcalcisol loads torch by itself where it is beside the package; elsewhere (user site, system site) it is loaded here.
Why:     the native engine needs none, so none of this happens until an open has failed for want of torch.
Errors:  TorchError with one sentence: what is installed, what is needed.
Use:     ``if status == CALCISOL_ERROR_TORCH and load_torch(): try again``
"""

from __future__ import annotations

import ctypes
import importlib.util
from importlib import metadata
from pathlib import Path

from ...emulator.contract.extras import sentence
from .. import errors
from . import _build

LIBRARIES = ("libc10.so", "libtorch_cpu.so", "libtorch.so")


def torch_folder() -> Path | None:
    """Folder of the installed torch package, found without importing it; None where there is none."""
    spec = importlib.util.find_spec("torch")
    return Path(next(iter(spec.submodule_search_locations))) if spec and spec.submodule_search_locations else None


def load_torch() -> bool:
    """Load the libraries from where torch is installed; False where libcalcisol looks for them itself.

    Raises TorchError where torch is missing or of another minor version: the loader would say "undefined symbol".
    """
    folder = torch_folder()
    if folder is None:
        raise errors.TorchError(sentence("stepping this bundle with TorchScript", "torch", "learn"))
    try:
        found = metadata.version("torch")
    except metadata.PackageNotFoundError:
        found = f"{_build.TORCH_MINOR}."  # a build without package data: the library compares versions itself
    if not found.startswith(f"{_build.TORCH_MINOR}."):
        raise errors.TorchError(
            f"torch {found} is installed, libcalcisol was built with {_build.TORCH_MINOR}; "
            f"run `pip install torch=={_build.TORCH_MINOR}.*` or build calcisol again"
        )
    if (Path(__file__).parents[3] / "torch").exists():
        return False
    for name in LIBRARIES:
        ctypes.CDLL(str(folder / "lib" / name), mode=ctypes.RTLD_GLOBAL)
    return True
