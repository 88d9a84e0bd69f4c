"""Soil columns from Python: numpy arrays in, numpy arrays out, one call per time step.

What:    ``Columns``, the static soil and the state of ncol columns of nlay layers.
Shapes:  (column, soil_layer) for layer variables, (column,) for column variables; any strides, float32 or float64 without a
         copy; scalars and (soil_layer,) are broadcast. Units: emulator/contract/variables.toml.
Source:  fortran_bridge/include/calcisol.h.
Use:     ``columns = model.columns({"dz": dz}); out = columns.step(1800.0, {"w_liq": w, "t_soil": t, "q_bot": q}); out["ph"]``
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...emulator.contract.variables import Table, Variable, load_table
from ..errors import ArgumentError
from . import capi
from .open_bundle import OpenBundle

Floats = NDArray[np.float64]
_FLOAT64 = np.dtype(np.float64)


@cache
def table() -> Table:
    """The variable table of this version."""
    return load_table()


@cache
def variables_of(role: str) -> tuple[Variable, ...]:
    """Variables of a role in the order of the interface."""
    return tuple(table().select(role))


@cache
def _names(role: str) -> dict[str, int]:
    """Their names, with the place of each."""
    return {name: place for place, name in enumerate(table().names(role))}


@cache
def _codes() -> dict[np.dtype[Any], int]:
    """What the C interface calls the types of arrays."""
    lib, _ = capi.library()
    known = {np.float64: lib.CALCISOL_F64, np.float32: lib.CALCISOL_F32, np.int32: lib.CALCISOL_I32}
    return {np.dtype(kind): int(code) for kind, code in known.items()}


def _as_array(name: str, value: ArrayLike) -> NDArray[Any]:
    """Native float32 or float64 array, copied only where its type or alignment asks for it. Masked values become NaN."""
    if type(value) is np.ndarray and value.dtype is _FLOAT64 and value.flags.c_contiguous and value.flags.aligned:
        return value  # nearly all of them: a run of Europe passes millions
    if isinstance(value, np.ma.MaskedArray):
        value = np.ma.filled(value.astype(np.float64), np.nan)
    try:
        array = np.asarray(value)
    except ValueError:
        raise ArgumentError(f"{name} has rows of different lengths; give (column, soil_layer)") from None
    if array.dtype.kind not in "fiub":
        raise ArgumentError(f"{name} has type {array.dtype}; give numbers")
    if array.dtype not in (np.dtype(np.float32), np.dtype(np.float64)) or not array.dtype.isnative:
        array = array.astype(np.float64)
    if any(stride % array.itemsize for stride in array.strides):
        array = array.copy()
    return array


def _broadcast(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """The array in the shape asked for, without a copy. Raises ArgumentError naming both shapes."""
    if array.shape == shape:
        return array
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        dims = "(column, soil_layer)" if len(shape) == 2 else "(column,)"
        raise ArgumentError(f"{name} has shape {array.shape}, not {dims} = {shape}") from None


def check_names(given: Mapping[str, Any], role: str) -> None:
    """Raise ArgumentError for a name that is no variable of the role."""
    known = _names(role)
    for name in given:
        if name not in known:
            raise ArgumentError(f"{name!r} is no {role} variable; known are {', '.join(known)}")


@cache
def _counts() -> tuple[str, ...]:
    """What a report counts."""
    return tuple(name for name, _ in capi.library()[1].typeof("calcisol_report").fields if name != "struct_size")


@cache
def _host_memory() -> int:
    """The place of numpy's arrays, as the C interface calls it."""
    return int(capi.library()[0].CALCISOL_HOST)


def set_view(view: Any, array: NDArray[Any], ffi: Any) -> None:
    """Point a calcisol_view or calcisol_target at an array of one or two dimensions."""
    if array.flags.c_contiguous and array.size:  # the buffer protocol costs a third of an address by way of ctypes
        view.data = ffi.from_buffer(array)
    else:
        view.data = ffi.cast("void *", array.ctypes.data)
    view.dtype = _codes()[array.dtype]
    view.memory = _host_memory()
    view.column_stride = array.strides[0] // array.itemsize
    view.layer_stride = array.strides[1] // array.itemsize if array.ndim == 2 else 0


class Columns:
    """Static soil and float64 state of ncol columns.

    ``properties``: static variables by name, (column, soil_layer), (soil_layer,) or scalar; ``dz`` is required, a missing
    one takes its default. ``ncol`` and ``nlay`` are needed only where no array shows them.
    Raises ArgumentError (unknown name, wrong shape or type), MissingError.
    ``report`` holds the counts of the last step, ``note`` one sentence on its first bad or clipped value ("" if none).
    """

    def __init__(self, model: OpenBundle, properties: Mapping[str, ArrayLike], *, ncol: int | None, nlay: int | None) -> None:
        lib, ffi = capi.library()
        check_names(properties, "static")
        arrays = {name: _as_array(name, value) for name, value in properties.items()}
        for what, number in (("ncol", ncol), ("nlay", nlay)):
            if number is not None and number < 0:
                raise ArgumentError(f"{what} is {number}; give 0 or more")
        for name, array in arrays.items():
            if array.ndim > 2:
                raise ArgumentError(f"{name} has shape {array.shape}, not (column, soil_layer)")
        try:
            shape = np.broadcast_shapes((ncol or 1, nlay or 1), *(a.shape for a in arrays.values()))
        except ValueError:
            shapes = ", ".join(f"{name} {a.shape}" for name, a in arrays.items())
            raise ArgumentError(f"shapes of the soil properties do not fit (column, soil_layer): {shapes}") from None
        if ncol == 0:
            shape = (0, shape[1])
            arrays = {name: a[:0] if a.ndim == 2 and a.shape[0] == 1 else a for name, a in arrays.items()}
        if (ncol not in (None, shape[0])) or (nlay not in (None, shape[1])):
            raise ArgumentError(f"the soil properties have shape {shape}, not the ({ncol}, {nlay}) asked for")
        self.ncol, self.nlay = int(shape[0]), int(shape[1])
        names = table().names("static")
        views = ffi.new("calcisol_view[]", len(names))
        kept = {name: _broadcast(name, array, shape) for name, array in arrays.items()}  # alive during the call
        for name, array in kept.items():
            set_view(views[names.index(name)], array, ffi)
        report = self._new_report()
        handle = ffi.new("calcisol_columns **")
        capi.check(lib.calcisol_columns_create(model.handle, self.ncol, self.nlay, views, len(names), report, handle))
        self._keep_report(report)
        self._log = model.log_callback  # called by these columns too, which may outlive the model
        self._handle = ffi.gc(handle, lib.calcisol_columns_free)

    def step(self, dt: float, forcing: Mapping[str, ArrayLike], outputs: Iterable[str] | None = None) -> dict[str, NDArray[Any]]:
        """One time step of ``dt`` seconds (60 to 2678400).

        ``forcing``: by name, (column, soil_layer), (soil_layer,) or scalar for layer variables, (column,) or scalar for
        column variables. Returns the outputs (all, or those named) as float64, and "flag" (column, soil_layer) int32.
        Columns with active = 0 give NaN and flag 0. Raises ArgumentError, MissingError, StateError, ModelError.
        """
        _, ffi = capi.library()
        check_names(forcing, "forcing")
        if isinstance(outputs, str):  # a string would be iterated letter by letter
            raise ArgumentError(f"outputs = {outputs!r} must be a list of names, e.g. [{outputs!r}]")
        wanted = dict.fromkeys(_names("output") if outputs is None else outputs)
        check_names(wanted, "output")
        rows = variables_of("forcing")
        views = ffi.new("calcisol_view[]", len(rows))
        kept = []
        for i, variable in enumerate(rows):
            if variable.name in forcing:
                array = _broadcast(variable.name, _as_array(variable.name, forcing[variable.name]), self.shape_of(variable.dims))
                kept.append(array)
                set_view(views[i], array, ffi)
        rows = variables_of("output")
        targets = ffi.new("calcisol_target[]", len(rows))
        result = self._empty([v for v in rows if v.name in wanted])
        for i, variable in enumerate(rows):
            if variable.name in wanted:
                set_view(targets[i], result[variable.name], ffi)
        result["flag"] = np.zeros((self.ncol, self.nlay), dtype=np.int32)
        flag = ffi.new("calcisol_target *")
        set_view(flag, result["flag"], ffi)
        self.call_step(dt, views, targets, flag)
        return result

    def call_step(self, dt: float, views: Any, targets: Any, flag: Any) -> None:
        """One step with the views and targets of the C interface; keeps its report."""
        lib, _ = capi.library()
        report = self._new_report()
        capi.check(lib.calcisol_step(self.handle, float(dt), views, len(views), targets, len(targets), flag, report))
        self._keep_report(report)

    def state(self, names: Iterable[str] | None = None) -> dict[str, Floats]:
        """State slots, all or those named, (column, soil_layer) float64, bit for bit; -9999 in columns that have no state yet.

        Raises ArgumentError for an unknown name.
        """
        lib, ffi = capi.library()
        wanted = _names("state") if names is None else dict.fromkeys(names)
        check_names(wanted, "state")
        result = {}
        for name in wanted:
            slot = _names("state")[name]
            result[name] = np.empty((self.ncol, self.nlay))
            target = ffi.new("calcisol_target *")
            set_view(target, result[name], ffi)
            capi.check(lib.calcisol_state_get(self.handle, slot, target))
        return result

    def set_state(self, state: Mapping[str, ArrayLike]) -> None:
        """Set slots by name, (column, soil_layer) float64; -9999 or NaN means: this column has no state.

        Raises ArgumentError for an unknown name or wrong shape. A column given only some of its slots fails in ``step``.
        """
        lib, ffi = capi.library()
        check_names(state, "state")
        names = table().names("state")
        arrays = {n: _broadcast(n, _as_array(n, v).astype(np.float64), (self.ncol, self.nlay)) for n, v in state.items()}
        for name, array in arrays.items():
            view = ffi.new("calcisol_view *")
            set_view(view, array, ffi)
            capi.check(lib.calcisol_state_set(self.handle, names.index(name), view))

    def warmup(self) -> None:
        """Pay the one-off cost of a first step now; state and results stay bit-identical."""
        lib, _ = capi.library()
        capi.check(lib.calcisol_warmup(self.handle))

    def laboratory_ph(self) -> tuple[Floats, Floats]:
        """pH of a suspension in water and in 0.01 M CaCl2, (column, soil_layer); NaN in columns without a state."""
        lib, ffi = capi.library()
        names = table().names("diagnostic")
        targets = ffi.new("calcisol_target[]", len(names))
        result = {name: np.empty((self.ncol, self.nlay)) for name in names}
        for i, name in enumerate(names):
            set_view(targets[i], result[name], ffi)
        capi.check(lib.calcisol_laboratory_ph(self.handle, targets, len(names)))
        return result["ph_h2o"], result["ph_cacl2"]

    @property
    def handle(self) -> Any:
        """The C handle. Raises ArgumentError once the columns are freed."""
        if self._handle is None:
            raise ArgumentError("these columns are freed; create them again")
        return self._handle[0]

    def close(self) -> None:
        """Free the columns. Closing twice is fine."""
        if self._handle is not None:
            lib, _ = capi.library()
            lib.calcisol_columns_free(self._handle)
            self._handle = None

    def __enter__(self) -> Columns:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def shape_of(self, dims: str) -> tuple[int, ...]:
        """Shape of variables with these dims of the contract."""
        return (self.ncol, self.nlay) if dims == "layer" else (self.ncol,)

    def _empty(self, variables: list[Variable]) -> dict[str, NDArray[Any]]:
        """Room for outputs, of one piece for each shape."""
        made: dict[str, NDArray[Any]] = {}
        for dims in ("layer", "column"):
            names = [v.name for v in variables if v.dims == dims]
            room = np.full((len(names), *self.shape_of(dims)), np.nan)
            made.update(zip(names, room, strict=True))
        return {v.name: made[v.name] for v in variables}

    def _new_report(self) -> Any:
        _, ffi = capi.library()
        report = ffi.new("calcisol_report *")
        report.struct_size = ffi.sizeof("calcisol_report")
        return report

    def _keep_report(self, report: Any) -> None:
        self.report: dict[str, int] = {name: int(getattr(report, name)) for name in _counts()}
        self.note: str = capi.last_error()
