"""A process on a mocked CUDA device (tests/bridge/mock_driver.cpp): what a host does there, in Python.

What:    ``MOCK`` is the driver; ``DeviceArray`` an array in its memory; ``Views`` the views of a step, wherever the arrays lie.
Use:     only in processes started by test_device_native.py: the driver is found once in the life of a process
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from calcisol.coupler.library import capi
from calcisol.coupler.library.columns import Columns, table
from numpy.typing import NDArray

MOCK = ctypes.CDLL("libcuda.so.1")
MOCK.mock_array.restype = ctypes.c_ulonglong
MOCK.mock_array.argtypes = [ctypes.c_size_t, ctypes.c_int]
MOCK.mock_put.argtypes = [ctypes.c_ulonglong, ctypes.c_void_p, ctypes.c_size_t]
MOCK.mock_get.argtypes = [ctypes.c_void_p, ctypes.c_ulonglong, ctypes.c_size_t]
MOCK.mock_free.argtypes = [ctypes.c_ulonglong]
MOCK.mock_stream.argtypes = [ctypes.c_void_p]
Array = NDArray[Any]


def calls(name: str) -> int:
    """How often a function of the driver was called, or a kernel launched."""
    return int(MOCK.mock_count(name.encode()))


class DeviceArray:
    """A copy of an array, strides included, in the memory of a device."""

    def __init__(self, array: Array, device: int = 0) -> None:
        self.base = array if array.base is None else array.base
        assert isinstance(self.base, np.ndarray)
        self.dtype, self.shape, self.strides = array.dtype, array.shape, array.strides
        self.offset = array.__array_interface__["data"][0] - self.base.__array_interface__["data"][0]
        self.at = MOCK.mock_array(self.base.nbytes, device)
        MOCK.mock_put(self.at, self.base.ctypes.data, self.base.nbytes)

    def fetched(self) -> Array:
        """The whole of what was copied, as it is now on the device."""
        out = np.empty_like(self.base)
        MOCK.mock_get(out.ctypes.data, self.at, self.base.nbytes)
        return out


class Views:
    """Views of forcing, outputs and flag of one step; host arrays and device arrays side by side."""

    def __init__(self, columns: Columns, forcing: dict[str, Any], outputs: dict[str, Any], flag: Any = None) -> None:
        self.ffi = capi.library()[1]
        self.columns, self.kept = columns, (forcing, outputs, flag)
        self.forcing = self.ffi.new("calcisol_view[]", len(table().select("forcing")))
        self.outputs = self.ffi.new("calcisol_target[]", len(table().select("output")))
        self.flag = self.ffi.new("calcisol_target *")
        for arrays, views, role in ((forcing, self.forcing, "forcing"), (outputs, self.outputs, "output")):
            for name, array in arrays.items():
                self.show(views[table().names(role).index(name)], array)
        if flag is not None:
            self.show(self.flag[0], flag)

    def show(self, view: Any, array: Any) -> None:
        lib, ffi = capi.library()
        there = isinstance(array, DeviceArray)
        start = array.at + array.offset if there else array.__array_interface__["data"][0]
        view.data = ffi.cast("void *", start)
        view.dtype = {"float64": lib.CALCISOL_F64, "float32": lib.CALCISOL_F32, "int32": lib.CALCISOL_I32}[array.dtype.name]
        view.memory = lib.CALCISOL_DEVICE if there else lib.CALCISOL_HOST
        view.column_stride = array.strides[0] // array.dtype.itemsize
        view.layer_stride = array.strides[1] // array.dtype.itemsize if len(array.shape) == 2 else 0

    def step(self, dt: float) -> int:
        """The status of a step."""
        lib, ffi = capi.library()
        sizes = len(table().select("forcing")), len(table().select("output"))
        handle = self.columns.handle
        return int(lib.calcisol_step(handle, dt, self.forcing, sizes[0], self.outputs, sizes[1], self.flag, ffi.NULL))
