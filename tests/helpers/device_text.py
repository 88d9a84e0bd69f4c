"""The device text of the shipped bundle's step, and the same as plain C++ with emulated threads; nothing here needs a GPU.

What:    the kernels for host and device and the table of an image, from one trace, and compiled.
Units:   blocks are float64 [row][layer][column] in the order of variables.toml, as in fortran_bridge/src/native/kernel.hpp.
Use:     ``text = DeviceText(folder, bundle); text.device("step", shape, statics=..., result=...)``
"""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from calcisol.coupler.library.install import PACKAGE
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parents[1] / "bridge"
NATIVE = PACKAGE / "native"
EXACT = ("-std=c++20", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC", "-w")
QUICK = "-O0"
"""Bits do not depend on optimisation, and the text is large: optimised it takes minutes to compile."""
BUFFERS, TABLES = 24, 56
"""Numbers of shared memory a thread, and a block (tools/kernel/cuda.py, device.py)."""
PROGRAMS = ("prepare", "initial_state", "step", "laboratory_ph")
Block = NDArray[Any]


class Tensor(ctypes.Structure):
    """calcisol_kernel_tensor."""

    _fields_ = (
        ("name", ctypes.c_char_p), ("is_float32", ctypes.c_int), ("count", ctypes.c_int), ("offset", ctypes.c_int),
        ("expected", ctypes.c_void_p),
    )  # fmt: skip


class Program(ctypes.Structure):
    """calcisol_kernel_program."""

    _fields_ = (("scratch_bytes", ctypes.c_int64), ("run", ctypes.CFUNCTYPE(None, ctypes.c_void_p)))


class Kernel(ctypes.Structure):
    """calcisol_kernel."""

    _fields_ = (
        ("version", ctypes.c_int), ("fingerprint", ctypes.c_char_p), ("target", ctypes.c_char_p), ("n_tensors", ctypes.c_int),
        ("tensors", ctypes.POINTER(Tensor)), ("doubles", ctypes.c_int), ("floats", ctypes.c_int), ("max_layers", ctypes.c_int),
        ("programs", Program * len(PROGRAMS)),
    )  # fmt: skip


POINTERS = ("statics", "layer", "column", "state")
ANSWERS = ("result", "output_layer", "output_column", "flag")


class HostCall(ctypes.Structure):
    """calcisol_kernel_call."""

    _fields_ = (
        ("layers", ctypes.c_int), ("columns", ctypes.c_int), *((name, ctypes.c_void_p) for name in POINTERS),
        ("dt", ctypes.c_double),
        *((name, ctypes.c_void_p) for name in ANSWERS), *((name, ctypes.c_void_p) for name in ("doubles", "floats", "scratch")),
    )  # fmt: skip


class DeviceCall(ctypes.Structure):
    """calcisol_device_call, its shape first."""

    _fields_ = (
        ("layers", ctypes.c_int32), ("width", ctypes.c_int32), ("columns", ctypes.c_int32),
        *((name, ctypes.c_void_p) for name in POINTERS), ("dt", ctypes.c_double), *((name, ctypes.c_void_p) for name in ANSWERS),
        ("lane", ctypes.c_void_p), ("has_state", ctypes.c_void_p),
    )  # fmt: skip


def write_texts(bundle: Path, folder: Path) -> None:
    """Both kernels of the step of a bundle, and the table of an image."""
    names = [str(folder / name) for name in ("kernel.cpp", "kernel.cu", "table.cpp")]
    words = [sys.executable, str(NATIVE / "tools/step_to_cpp.py"), str(bundle), names[0], "--device", *names[1:]]
    subprocess.run(words, check=True)


def compile_quickly(source: Path, target: Path, *words: str) -> subprocess.Popen[bytes]:
    """Started; to be waited for."""
    include = (f"-I{NATIVE / 'include'}", f"-I{HERE}", f"-I{source.parent}")
    return subprocess.Popen(["g++", QUICK, *EXACT, *include, *words, str(source), "-o", str(target), "-ldl"])


class DeviceText:
    """Both kernels of the step of a bundle, with the same weights."""

    def __init__(self, folder: Path, weights: dict[str, Block]) -> None:
        self.host = ctypes.CDLL(str(folder / "host.so"))
        self.emulated = ctypes.CDLL(str(folder / "emulated.so"))
        self.host.calcisol_kernel_get.restype = ctypes.POINTER(Kernel)
        self.kernel = self.host.calcisol_kernel_get().contents
        self.doubles, self.floats = np.zeros(self.kernel.doubles), np.zeros(self.kernel.floats, np.float32)
        for tensor in self.kernel.tensors[: self.kernel.n_tensors]:
            if not tensor.expected:
                to = self.floats if tensor.is_float32 else self.doubles
                to[tensor.offset : tensor.offset + tensor.count] = weights[tensor.name.decode()].reshape(-1)
        for name, values in (("calcisol_doubles", self.doubles), ("calcisol_floats", self.floats)):
            at = ctypes.addressof(ctypes.c_char.in_dll(self.emulated, name))
            ctypes.memmove(at, values.ctypes.data, values.nbytes)
        self.scratch = np.zeros(max(p.scratch_bytes for p in self.kernel.programs) // 8 + 16)

    def on_host(self, program: str, layers: int, columns: int, dt: float = 0.0, **blocks: Block) -> None:
        """Run a program of the host's kernel on these blocks."""
        call = HostCall(layers=layers, columns=columns, dt=dt, **{k: v.ctypes.data for k, v in blocks.items()})
        call.doubles, call.floats = self.doubles.ctypes.data, self.floats.ctypes.data
        call.scratch = (self.scratch.ctypes.data + 63) // 64 * 64
        self.kernel.programs[PROGRAMS.index(program)].run(ctypes.addressof(call))

    def on_device(self, program: str, layers: int, columns: int, dt: float = 0.0, **blocks: Block) -> None:
        """The same by emulated threads, as many a block as a device would get."""
        width = min(192 // layers, columns)
        call = DeviceCall(layers=layers, width=width, columns=columns, dt=dt, **{k: v.ctypes.data for k, v in blocks.items()})
        lane, has_state = np.ones(columns, np.uint8), np.zeros(columns, np.uint8)  # all good, none with a state
        call.lane, call.has_state = lane.ctypes.data, has_state.ctypes.data
        kernel = ctypes.cast(getattr(self.emulated, f"calcisol_{program}"), ctypes.c_void_p)
        blocks_of_threads, threads = -(-columns // width), layers * width
        self.emulated.emulated_launch(
            kernel, ctypes.byref(call), blocks_of_threads, threads, ctypes.c_size_t((threads * BUFFERS + TABLES) * 8)
        )


def weights_of(bundle: Path) -> dict[str, Block]:
    """All tensors of the module in a bundle."""
    import torch

    module = torch.jit.load(str(bundle))
    named = [*module.named_parameters(), *module.named_buffers()]
    return {name: tensor.detach().numpy().copy() for name, tensor in named}


def build(bundle: Path, folder: Path) -> Path:
    """All texts of the step of a bundle, compiled: ``host.so``, and ``emulated.so`` for threads emulated."""
    write_texts(bundle, folder)
    march = ("-march=x86-64-v3",) if platform.machine() == "x86_64" else ()
    visible = '-DCALCISOL_KERNEL_EXPORT=__attribute__((visibility("default")))'
    started = [
        compile_quickly(folder / "kernel.cpp", folder / "host.so", visible, *march),
        compile_quickly(HERE / "emulated.cpp", folder / "emulated.so", f'-DKERNEL="{folder / "kernel.cu"}"'),
    ]
    assert [compiler.wait() for compiler in started] == [0, 0], "g++ could not compile a text"
    return folder
