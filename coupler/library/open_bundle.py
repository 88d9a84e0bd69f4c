"""A bundle opened by the library: what columns are made from.

What:    ``OpenBundle`` owns the C handle; every failing call raises the class of ``errors.py`` for its status.
Source:  fortran_bridge/include/calcisol.h is the only declaration of what is called.
Use:     through ``Model`` (model.py)
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any, Self

from ...emulator.contract.bundle import default_bundle
from .. import errors
from . import capi
from .torch_library import load_torch

ENGINES = ("auto", "torchscript", "native")  # enum calcisol_engine


class OpenBundle:
    """A bundle, loaded and checked; ``Model`` is this and makes columns.

    Parameters: ``path`` of a ``.calcisol`` file (None: the one that ships with the package), or the file's ``bytes``;
    ``threads`` of torch inside a call; ``tile_columns`` handed to the emulator at once (None: 128; fewer suits hosts of a
    few columns; the same value gives the same bits); ``device`` "host", "cuda" or "emulated" with ``device_index`` (None: the
    current one) and ``device_graph`` (steps replayed as CUDA graphs); ``log(level, text)`` hears at the end of a call what was
    opened (1), warned of (2) or refused (3).
    ``engine`` "auto", "torchscript" or "native"; ``contract["engine"]`` says which one runs. ``engine_library``: a file of
    ``calcisol compile``, code that the native engine then runs (None: CALCISOL_ENGINE_LIBRARY in the environment, or none).
    Raises BundleError, TorchError, ArgumentError, UnsupportedError with one sentence.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | bytes | None = None,
        *,
        threads: int = 1,
        tile_columns: int | None = None,
        device: str = "host",
        device_index: int | None = None,
        device_graph: bool = True,
        log: Callable[[int, str], object] | None = None,
        engine: str = "auto",
        engine_library: str | os.PathLike[str] | None = None,
    ) -> None:
        lib, ffi = capi.library()
        options = ffi.new("calcisol_options *")
        capi.check(lib.calcisol_options_init(options, ffi.sizeof("calcisol_options")))
        options.threads = threads
        options.tile_columns = tile_columns or 0
        kinds = {"host": lib.CALCISOL_HOST, "cuda": lib.CALCISOL_DEVICE, "emulated": lib.CALCISOL_EMULATED}
        if device not in kinds:
            raise errors.ArgumentError(f"device is {device!r}; give one of {', '.join(kinds)}")
        options.device = kinds[device]
        options.device_index = -1 if device_index is None else device_index
        options.device_graph = 0 if device_graph else 1
        self.log_callback: Any = None
        if log is not None:
            say = log  # the closure must not hold the model, which holds it
            self.log_callback = ffi.callback(
                "void(void *, int32_t, const char *)",
                lambda user, level, text: say(level, ffi.string(text).decode("utf-8", "replace")),
            )
            options.log = self.log_callback
        if engine not in ENGINES:
            raise errors.ArgumentError(f"engine {engine!r} is unknown; give one of {', '.join(ENGINES)}")
        options.engine = ENGINES.index(engine)
        kernel = ffi.new("char[]", os.fsencode(engine_library)) if engine_library is not None else ffi.NULL  # alive until opened
        options.engine_library = kernel
        handle = ffi.new("calcisol_model **")

        def opened() -> int:
            if isinstance(path, bytes):
                return int(lib.calcisol_open_from_memory(path, len(path), options, handle))
            return int(lib.calcisol_open(os.fsencode(default_bundle() if path is None else path), options, handle))

        status = opened()
        if status == lib.CALCISOL_ERROR_TORCH and load_torch():
            status = opened()
        capi.check(status)
        self._handle = ffi.gc(handle, lib.calcisol_close)

    @property
    def handle(self) -> Any:
        """The C handle. Raises ArgumentError once the model is closed."""
        if self._handle is None:
            raise errors.ArgumentError("this model is closed; open it again")
        return self._handle[0]

    @property
    def contract(self) -> dict[str, Any]:
        """What the bundle says of itself: variables, units, ranges, data, scores (a fresh dict)."""
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
