"""Arrays as the C interface takes them: types, strides, broadcasts without a copy.

Shapes:  (column, soil_layer) or (column,); any strides, float32 or float64 as they are.
Source:  calcisol_view and calcisol_target of fortran_bridge/include/calcisol.h.
Use:     ``array = broadcast("w_liq", as_array("w_liq", value), (ncol, nlay)); set_view(view, array, ffi)``
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ArgumentError
from . import capi

_FLOAT64 = np.dtype(np.float64)


@cache
def _codes() -> dict[np.dtype[Any], int]:
    """What the C interface calls the types of arrays."""
    lib, _ = capi.library()
    known = {np.float64: lib.CALCISOL_F64, np.float32: lib.CALCISOL_F32, np.int32: lib.CALCISOL_I32}
    return {np.dtype(kind): int(code) for kind, code in known.items()}


def as_array(name: str, value: ArrayLike) -> NDArray[Any]:
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


def broadcast(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """The array in the shape asked for, without a copy. Raises ArgumentError naming both shapes."""
    if array.shape == shape:
        return array
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        dims = "(column, soil_layer)" if len(shape) == 2 else "(column,)"
        raise ArgumentError(f"{name} has shape {array.shape}, not {dims} = {shape}") from None


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


def soil_arrays(
    properties: Mapping[str, ArrayLike], ncol: int | None, nlay: int | None
) -> tuple[dict[str, NDArray[Any]], tuple[int, int]]:
    """Soil properties as arrays, and (column, soil_layer) of the columns they make. Raises ArgumentError."""
    arrays = {name: as_array(name, value) for name, value in properties.items()}
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
    return arrays, (int(shape[0]), int(shape[1]))
