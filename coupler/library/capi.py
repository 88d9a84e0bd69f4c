"""libcalcisol through cffi: loaded once, its ABI checked, its statuses raised as the classes of ``errors.py``.

Source:  fortran_bridge/include/calcisol.h is the only declaration of what is called.
Use:     ``lib, ffi = library(); check(lib.calcisol_step(...))``
Note:    libcalcisol loads torch's C++ libraries for a bundle that TorchScript steps; the Python module torch is never imported.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from .. import errors


@cache
def library() -> tuple[Any, Any]:
    """``(lib, ffi)`` of the extension."""
    extension = import_module("._capi", __package__)
    found = extension.lib.calcisol_abi_version()
    if found != extension.lib.CALCISOL_ABI_VERSION:
        raise errors.InternalError(
            f"libcalcisol has ABI {found}, its extension was built for {extension.lib.CALCISOL_ABI_VERSION}"
        )
    return extension.lib, extension.ffi


def last_error() -> str:
    """Text of the last call of this thread that failed or met a bad cell; empty if none did."""
    lib, ffi = library()
    return ffi.string(lib.calcisol_last_error()).decode("utf-8", "replace")


def check(status: int) -> None:
    """Raise the error of a status that is not 0."""
    if status:
        raise errors.BY_STATUS.get(status, errors.CalcisolError)(last_error())


def build_info() -> str:
    """Version, ABI, schema and torch of the library, in one line."""
    lib, ffi = library()
    return ffi.string(lib.calcisol_build_info()).decode()
