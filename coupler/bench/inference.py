"""The network of a bundle alone, through calcisol's native engine and through another program, interleaved in one run.

What:    ``calcisol bench --peer PROGRAM``. Ours is a kernel made by generator, headers and flags of the native engine from the
         core alone: the very loops that run inside ``calcisol_step``, without the chemistry around them. The peer is a program
         of the user's, so calcisol does not depend on any other coupler.
Peer:    started as ``PROGRAM core.pt features.txt`` with one thread. core.pt is TorchScript, [row, feature] -> [row, 5], float32;
         features.txt holds some rows of text, to be repeated in order up to the rows wanted. It reads lines ``rows repeats``,
         calls the network ``repeats`` times on that many rows, and answers ``seconds sum``: CPU seconds of one call, and the sum
         of all numbers of the last answer. End of input ends it.
Units:   microseconds of CPU time a call. Ours reads and writes float64, as inside a step; the peer float32.
Use:     ``print(bench_peer("/path/to/peer", None, 7))``
"""

from __future__ import annotations

import contextlib
import ctypes as ct
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from ...emulator.contract.bundle import default_bundle
from ..errors import CalcisolError
from ..library.compile import build

ROWS = (64, 256, 1024, 16384, 131072)
TARGETS = {64: 1.0, 256: 1.0, 1024: 1.0, 16384: 1.8, 131072: 3.5}  # peer / calcisol
BUDGET = 0.1  # CPU seconds of one side in one round; at least one call
SAME = 1e-5
"""Largest relative difference of the two sums: float32 round-off (1e-7) of some thousand rows that partly cancel."""


class _Tensor(ct.Structure):  # calcisol_kernel_tensor of fortran_bridge/src/native/kernel.hpp
    _fields_ = [
        ("name", ct.c_char_p), ("is_float32", ct.c_int), ("count", ct.c_int), ("offset", ct.c_int), ("expected", ct.c_void_p),
    ]  # fmt: skip


class _Call(ct.Structure):  # calcisol_kernel_call
    _fields_ = [
        ("layers", ct.c_int), ("columns", ct.c_int), ("statics", ct.c_void_p), ("layer", ct.c_void_p), ("column", ct.c_void_p),
        ("state", ct.c_void_p), ("dt", ct.c_double), ("result", ct.c_void_p), ("output_layer", ct.c_void_p),
        ("output_column", ct.c_void_p), ("flag", ct.c_void_p), ("doubles", ct.c_void_p), ("floats", ct.c_void_p),
        ("scratch", ct.c_void_p),
    ]  # fmt: skip


class _Program(ct.Structure):  # calcisol_kernel_program
    _fields_ = [("scratch_bytes", ct.c_int64), ("run", ct.CFUNCTYPE(None, ct.POINTER(_Call)))]


class _Kernel(ct.Structure):  # calcisol_kernel
    _fields_ = [
        ("version", ct.c_int), ("fingerprint", ct.c_char_p), ("target", ct.c_char_p), ("n_tensors", ct.c_int),
        ("tensors", ct.POINTER(_Tensor)), ("doubles", ct.c_int), ("floats", ct.c_int), ("max_layers", ct.c_int),
        ("prepare", _Program), ("initial_state", _Program), ("step", _Program), ("laboratory_ph", _Program),
    ]  # fmt: skip


class Own:
    """The network through a kernel, ``library`` made by ``compile.build(core=True)``."""

    def __init__(self, library: Path, folder: Path) -> None:
        get = ct.CDLL(str(library)).calcisol_kernel_get
        get.restype = ct.POINTER(_Kernel)
        self.kernel = get().contents
        self.target = self.kernel.target.decode()
        self.doubles, self.floats = np.zeros(self.kernel.doubles), np.zeros(self.kernel.floats, dtype=np.float32)
        with np.load(folder / "tensors.npz") as tensors:
            for tensor in self.kernel.tensors[: self.kernel.n_tensors]:
                if tensor.expected:  # a mask, written into the kernel
                    continue
                to = self.floats if tensor.is_float32 else self.doubles
                to[tensor.offset : tensor.offset + tensor.count] = tensors[tensor.name.decode()].ravel()
        scratch = np.zeros(self.kernel.step.scratch_bytes + 64, dtype=np.uint8)
        self.scratch = scratch[-scratch.ctypes.data % 64 :]
        self.features = np.loadtxt(folder / "features.txt")
        self.factors = np.loadtxt(folder / "answers.txt").shape[1]

    def prepare(self, rows: int) -> None:
        """Arrays for ``rows`` rows; the features are repeated."""
        self.layer = np.ascontiguousarray(np.resize(self.features, (rows, self.features.shape[1])).T)
        self.out, self.flag = np.full((self.factors, rows), np.nan), np.zeros(rows, dtype=np.int32)
        self.call = _Call(layers=1, columns=rows, dt=1.0)  # dt: the whole of the longest step
        for name, array in (
            ("layer", self.layer), ("output_layer", self.out), ("flag", self.flag), ("doubles", self.doubles),
            ("floats", self.floats), ("scratch", self.scratch),
        ):  # fmt: skip
            setattr(self.call, name, array.ctypes.data)

    def time(self, repeats: int) -> tuple[float, float]:
        """CPU seconds of a call, and the sum of the answer."""
        step, call = self.kernel.step.run, ct.byref(self.call)
        start = time.thread_time()
        for _ in range(repeats):
            step(call)
        return (time.thread_time() - start) / repeats, float(self.out.sum())


class Other:
    """The user's program."""

    def __init__(self, program: str, folder: Path) -> None:
        command = [program, str(folder / "core.pt"), str(folder / "features.txt")]
        threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        try:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **threads}
            )
        except OSError as error:
            raise CalcisolError(f"peer {program} cannot be started ({error.strerror}); give the path of a program") from None
        self.program = program

    def time(self, rows: int, repeats: int) -> tuple[float, float]:
        """As ``Own.time``."""
        assert self.process.stdin and self.process.stdout
        try:
            self.process.stdin.write(f"{rows} {repeats}\n")
            self.process.stdin.flush()
            seconds, total = map(float, self.process.stdout.readline().split())
        except (ValueError, BrokenPipeError):
            raise CalcisolError(
                f"peer {self.program} did not answer '{rows} {repeats}' with seconds and a sum; see coupler/bench/inference.py"
            ) from None
        return seconds, total

    def close(self) -> None:
        """Let the program end; one that has ended already, or does not end, does not spoil the table."""
        assert self.process.stdin and self.process.stdout
        with contextlib.suppress(BrokenPipeError):  # closing writes what it never read
            self.process.stdin.close()
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def bench_peer(program: str, bundle: str | None, rounds: int, sizes: tuple[int, ...] = ROWS) -> str:
    """The table, as markdown. Raises CalcisolError where peer, compiler or bundle cannot be used, or where the answers differ."""
    path = Path(bundle) if bundle else default_bundle()
    lines = ["| rows | peer us/call | calcisol us/call | peer / calcisol | target | |", "|---|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory(prefix="calcisol-") as name:
        folder = Path(name)
        command = [sys.executable, "-m", "calcisol.emulator.training.core_alone", str(path), name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no text"])[-1]
            raise CalcisolError(f"the network of {path} cannot be taken out of its bundle: {last}")
        build(path, folder / "core.so", core=True)
        own, other = Own(folder / "core.so", folder), Other(program, folder)
        try:
            other.time(32, 20)  # torch specialises for the first shape it meets, and is slower on that one ever after
            for rows in sizes:
                own.prepare(rows)
                mine, theirs = own.time(3), other.time(rows, 3)  # not counted: start-up; the numbers are compared
                if not abs(mine[1] - theirs[1]) <= SAME * abs(own.out).sum():
                    raise CalcisolError(f"the peer's answer on {rows} rows sums to {theirs[1]:g}, calcisol's to {mine[1]:g}")
                repeats = [max(1, int(BUDGET / max(t[0], 1e-7))) for t in (mine, theirs)]
                samples = [(own.time(repeats[0])[0], other.time(rows, repeats[1])[0]) for _ in range(rounds)]
                a, b = (statistics.median(s) for s in zip(*samples, strict=True))
                ratio = statistics.median(s[1] / s[0] for s in samples)
                verdict = "" if rows not in TARGETS else "pass" if ratio >= TARGETS[rows] else "**miss**"
                target = f"{TARGETS[rows]:g} x" if rows in TARGETS else ""
                lines.append(f"| {rows:,} | {b * 1e6:,.1f} | {a * 1e6:,.1f} | {ratio:.2f} x | {target} | {verdict} |")
        finally:
            other.close()
    head = f"the network of {path.name} alone, {own.target}, one thread, CPU time, medians of {rounds} interleaved rounds"
    return "\n".join([head, "", *lines])
