"""Arrays in the memory of a CUDA device, and in pinned memory of the host, through the driver alone: what the bench needs.

What:    ``Driver`` opens libcuda.so.1 and makes the primary context current, as most hosts have it; ``upload`` and ``pinned``
         give addresses that views can point to. No toolkit, no torch.
Errors:  UnsupportedError with the driver's own words.
Use:     ``driver = Driver(); address = driver.upload(array); driver.copy_rate()``
"""

from __future__ import annotations

import ctypes
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UnsupportedError

PROCESSORS, CLOCK_KHZ, MAJOR, MINOR = 16, 13, 75, 76  # CUdevice_attribute of cuda.h
FP64_LANES = {(7, 0): 32, (8, 0): 32, (9, 0): 64, (10, 0): 64}
"""Instructions of float64 a multiprocessor and clock (CUDA C++ programming guide, throughput of arithmetic instructions)."""
FEW_LANES = 2  # of devices made for graphics
COPY_BYTES = 2**28


class Driver:
    """The driver, with the primary context of device 0 current on this thread."""

    def __init__(self) -> None:
        try:
            self.lib = ctypes.CDLL("libcuda.so.1")
        except OSError:
            raise UnsupportedError("there is no CUDA driver (libcuda.so.1); run where there is a GPU") from None
        self.must("cuInit", 0)
        context = ctypes.c_void_p()
        self.must("cuDevicePrimaryCtxRetain", ctypes.byref(context), 0)
        self.must("cuCtxPushCurrent_v2", context)
        self.kept: list[Any] = []

    def must(self, name: str, *arguments: Any) -> None:
        """Call a function of the driver. Raises UnsupportedError where it is not there or fails."""
        function = getattr(self.lib, name, None)
        code = -1 if function is None else function(*arguments)
        if code:
            raise UnsupportedError(f"{name} of the CUDA driver {'is not there' if code == -1 else f'failed with {code}'}")

    def attribute(self, number: int) -> int:
        """Of the device, 0 where it is not told."""
        value = ctypes.c_int()
        self.must("cuDeviceGetAttribute", ctypes.byref(value), number, 0)
        return value.value

    def name(self) -> str:
        """Of the device and of its driver."""
        text, version = ctypes.create_string_buffer(128), ctypes.c_int()
        self.must("cuDeviceGetName", text, 127, 0)
        self.must("cuDriverGetVersion", ctypes.byref(version))
        return f"{text.value.decode()}, driver for CUDA {version.value // 1000}.{version.value % 1000 // 10}"

    def allocate(self, size: int) -> int:
        """Bytes of the device."""
        at = ctypes.c_ulonglong()
        self.must("cuMemAlloc_v2", ctypes.byref(at), ctypes.c_size_t(size))
        return at.value

    def free(self, at: int) -> None:
        self.must("cuMemFree_v2", ctypes.c_ulonglong(at))

    def upload(self, array: NDArray[Any]) -> int:
        """A copy of an array, bytes in order, on the device."""
        at = self.allocate(array.nbytes)
        source = ctypes.c_void_p(array.__array_interface__["data"][0])
        self.must("cuMemcpyHtoDAsync_v2", ctypes.c_ulonglong(at), source, ctypes.c_size_t(array.nbytes), None)
        self.must("cuStreamSynchronize", None)
        return at

    def pinned(self, array: NDArray[Any]) -> NDArray[Any]:
        """A copy of an array in pinned memory of the host, as long as this driver lives."""
        at = ctypes.c_void_p()
        self.must("cuMemAllocHost_v2", ctypes.byref(at), ctypes.c_size_t(array.nbytes))
        raw = (ctypes.c_char * array.nbytes).from_address(at.value or 0)
        out = np.frombuffer(memoryview(raw), dtype=array.dtype).reshape(array.shape, order="F")
        out[...] = array
        self.kept.append(raw)
        return out

    def copy_rate(self) -> float:
        """Bytes a second that a copy on the device reads and writes."""
        one, two = self.allocate(COPY_BYTES), self.allocate(COPY_BYTES)
        best = float("inf")
        for _ in range(5):
            start = time.perf_counter()
            words = ctypes.c_ulonglong(two), ctypes.c_ulonglong(one), ctypes.c_size_t(COPY_BYTES), None
            self.must("cuMemcpyDtoDAsync_v2", *words)
            self.must("cuStreamSynchronize", None)
            best = min(best, time.perf_counter() - start)
        for at in (one, two):
            self.free(at)
        return 2 * COPY_BYTES / best

    def fp64_rate(self) -> float:
        """Instructions of float64 a second, from what the device says of itself; 0 where it says nothing."""
        lanes = FP64_LANES.get((self.attribute(MAJOR), self.attribute(MINOR)), FEW_LANES)
        return self.attribute(PROCESSORS) * self.attribute(CLOCK_KHZ) * 1e3 * lanes
