"""A bundle opened by the library: what columns are made from.

What:    ``OpenBundle`` owns the C handle; every failing call raises the class of ``errors.py`` for its status.
Source:  fortran_bridge/include/calcisol.h is the only declaration of what is called.
Use:     through ``Model`` (model.py)
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any, Self, TypedDict, Unpack

from ...emulator.contract.bundle import default_bundle
from .. import errors
from . import capi
from .torch_library import load_torch

ENGINES = ("auto", "torchscript", "native")  # enum calcisol_engine
DEVICES = {"host": "CALCISOL_HOST", "cuda": "CALCISOL_DEVICE", "emulated": "CALCISOL_EMULATED"}


class Options(TypedDict, total=False):
    """Keywords of ``Model``; what is left out is as in ``DEFAULTS``."""

    threads: int
    """Of torch inside a call."""
    tile_columns: int | None
    """Columns handed to the emulator at once (None: 128); fewer suit hosts of a few columns; the same value, the same bits."""
    device: str
    """ "host", "cuda" or "emulated"."""
    device_index: int | None
    """Which device; None: the current one."""
    device_graph: bool
    """Whether steps are replayed as CUDA graphs."""
    log: Callable[[int, str], object] | None
    """``log(level, text)`` hears at the end of a call what was opened (1), warned of (2) or refused (3)."""
    engine: str
    """ "auto", "torchscript" or "native"; ``contract["engine"]`` says which one runs."""
    engine_library: str | os.PathLike[str] | None
    """A file of ``calcisol compile``, code that the native engine then runs; None: CALCISOL_ENGINE_LIBRARY in the environment."""


DEFAULTS: Options = {
    "threads": 1, "tile_columns": None, "device": "host", "device_index": None, "device_graph": True, "log": None,
    "engine": "auto", "engine_library": None,
}  # fmt: skip


class OpenBundle:
    """A bundle, loaded and checked; ``Model`` adds the making of columns.

    Parameters: ``path`` of a ``.calcisol`` file (None: the one that ships with the package), or the file's ``bytes``; keywords as
    described in ``Options``. Raises BundleError, TorchError, ArgumentError, UnsupportedError with one sentence.
    """

    def __init__(self, path: str | os.PathLike[str] | bytes | None = None, **options: Unpack[Options]) -> None:
        lib, ffi = capi.library()
        unknown = sorted(set(options) - set(DEFAULTS))
        if unknown:
            raise errors.ArgumentError(f"option {unknown[0]!r} is unknown; give one of {', '.join(DEFAULTS)}")
        chosen: Options = {**DEFAULTS, **options}
        c_options = self._c_options(chosen)
        library = chosen["engine_library"]
        kernel = ffi.NULL if library is None else ffi.new("char[]", os.fsencode(library))  # alive until opened
        c_options.engine_library = kernel
        handle = ffi.new("calcisol_model **")

        def opened() -> int:
            if isinstance(path, bytes):
                return int(lib.calcisol_open_from_memory(path, len(path), c_options, handle))
            return int(lib.calcisol_open(os.fsencode(default_bundle() if path is None else path), c_options, handle))

        status = opened()
        if status == lib.CALCISOL_ERROR_TORCH and load_torch():
            status = opened()
        capi.check(status)
        self._handle = ffi.gc(handle, lib.calcisol_close)

    def _c_options(self, chosen: Options) -> Any:
        """The C struct of these options, the path of the engine's library aside; keeps the callback of ``log`` alive."""
        lib, ffi = capi.library()
        device, engine, say = chosen["device"], chosen["engine"], chosen["log"]
        if device not in DEVICES:
            raise errors.ArgumentError(f"device is {device!r}; give one of {', '.join(DEVICES)}")
        if engine not in ENGINES:
            raise errors.ArgumentError(f"engine {engine!r} is unknown; give one of {', '.join(ENGINES)}")
        options = ffi.new("calcisol_options *")
        capi.check(lib.calcisol_options_init(options, ffi.sizeof("calcisol_options")))
        options.threads = chosen["threads"]
        options.tile_columns = chosen["tile_columns"] or 0
        options.device = getattr(lib, DEVICES[device])
        options.device_index = -1 if chosen["device_index"] is None else chosen["device_index"]
        options.device_graph = 0 if chosen["device_graph"] else 1
        options.engine = ENGINES.index(engine)
        self.log_callback: Any = None
        if say is not None:  # the closure must not hold the model, which holds it
            self.log_callback = ffi.callback(
                "void(void *, int32_t, const char *)",
                lambda user, level, text: say(level, ffi.string(text).decode("utf-8", "replace")),
            )
            options.log = self.log_callback
        return options

    @property
    def handle(self) -> Any:
        """The C handle. Raises ArgumentError once the model is closed."""
        if self._handle is None:
            raise errors.ArgumentError("this model is closed; open it again")
        return self._handle[0]

    @property
    def contract(self) -> dict[str, Any]:
        """The bundle's own description: variables, units, ranges, data, scores (a fresh dict)."""
        lib, ffi = capi.library()
        text = ffi.new("const char **")
        capi.check(lib.calcisol_describe(self.handle, text))
        return json.loads(ffi.string(text[0]))

    def close(self) -> None:
        """Free the model; columns made from it stay usable. Closing twice is fine."""
        if self._handle is not None:
            lib, _ = capi.library()
            lib.calcisol_close(self._handle)
            self._handle = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
