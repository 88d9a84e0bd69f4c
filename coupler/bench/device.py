"""How fast the step is on a CUDA device, and what that is worth: ``calcisol bench --device cuda`` prints the table.

What:    the native engine on the device from arrays there, in pinned and in pageable memory of the host; TorchScript there; the
         native engine on one and on all cores of the host. All in one run, interleaved; what is not there is said and left out.
Units:   microseconds a step (median, 10-90 %), nanoseconds per layer-cell. Memory floor: time to move what any step must move
         (state in and out, forcing in, outputs out) at the rate of a copy; FP64 floor: its instructions at the device's rate.
Method:  >= 10 warm-up steps; wall clock of a batch of steps between two synchronisations, since steps on a device are queued;
         pH beside the host's.
         ``--device emulated`` times TorchScript's tensor operations on the host: a trial of the script, no measurement.
Use:     ``print(bench_device("cuda", [1000, 100_000], 11, 100))``
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ...emulator.contract.extras import need
from ...emulator.contract.variables import load_table
from ..errors import CalcisolError
from ..library import capi
from ..library.columns import Columns, set_view
from ..library.model import Model
from ..library.sample import soil, weather
from .cuda_memory import Driver

DAY = 86400.0
WARM_UP, BATCHES = 10, 9
MOST_COMPARED, MOST_ON_ONE_CORE = 10_000, 100_000  # columns
OUTPUTS = ("ph", "pco2", "sic", "co2_adj")
FP64_OF_A_CELL = 11_750  # instructions of a step, counted in the machine code for sm_90 (fortran_bridge/docs/performance_log.md)
PLACES = ("device", "pinned", "pageable")
SIZES = (1_000, 10_000, 100_000, 1_000_000, 4_000_000)


class Steps:
    """Columns and the views of a step, its arrays in one place."""

    def __init__(self, model: Model, columns: int, layers: int, place: str = "pageable", driver: Driver | None = None) -> None:
        self.lib, ffi = capi.library()
        self.columns: Columns = model.columns(soil(columns, layers))
        self.driver, self.addresses, self.kept = driver, list[int](), list[Any]()
        table = load_table()
        shapes = {v.name: (columns, layers) if v.dims == "layer" else (columns,) for v in table.select("output")}
        blank = {name: np.full(shapes[name], np.nan, order="F") for name in OUTPUTS}
        self.forcing = ffi.new("calcisol_view[]", self.lib.CALCISOL_N_FORCING)
        self.output = ffi.new("calcisol_target[]", self.lib.CALCISOL_N_OUTPUT)
        self.null, self.moved, self.ph = ffi.NULL, 0, blank["ph"]
        for arrays, views, role in ((weather(columns, layers), self.forcing, "forcing"), (blank, self.output, "output")):
            for name, array in arrays.items():
                self.moved += array.nbytes
                self.show(views[table.names(role).index(name)], array, place, ffi)
        self.moved += 2 * 8 * len(table.state) * columns * layers

    def show(self, view: Any, array: Any, place: str, ffi: Any) -> None:
        array = self.driver.pinned(array) if place == "pinned" and self.driver else array
        set_view(view, array, ffi)
        self.kept.append(array)
        if place == "device" and self.driver:
            self.addresses.append(self.driver.upload(array))
            view.data, view.memory = ffi.cast("void *", self.addresses[-1]), self.lib.CALCISOL_DEVICE

    def step(self) -> None:
        counts = self.lib.CALCISOL_N_FORCING, self.lib.CALCISOL_N_OUTPUT
        capi.check(
            self.lib.calcisol_step(
                self.columns.handle, DAY, self.forcing, counts[0], self.output, counts[1], self.null, self.null
            )
        )

    def batch(self, steps: int) -> float:
        """Wall seconds of a step."""
        start = time.perf_counter()
        for _ in range(steps):
            self.step()
        capi.check(self.lib.calcisol_synchronize(self.columns.handle))
        return (time.perf_counter() - start) / steps

    def close(self) -> None:
        """Give the arrays back."""
        for at in self.addresses:
            assert self.driver is not None
            self.driver.free(at)


class OnAllCores:
    """The same columns on the host, dealt out over threads: a column of it for each core."""

    def __init__(self, model: Model, columns: int, layers: int, cores: int) -> None:
        self.parts = [Steps(model, max(1, columns // cores), layers) for _ in range(cores)]
        self.pool = ThreadPoolExecutor(cores)

    def batch(self, steps: int) -> float:
        start = time.perf_counter()
        list(self.pool.map(lambda part: part.batch(steps), self.parts))
        return (time.perf_counter() - start) / steps

    def close(self) -> None:
        self.pool.shutdown()


@dataclass(frozen=True)
class Row:
    """Seconds of a step by what was timed: median, tenth and ninetieth percentile."""

    columns: int
    layers: int
    seconds: dict[str, tuple[float, float, float]]
    moved: int
    off: float  # largest difference in pH from the host

    def cell(self, what: str) -> float:
        return self.seconds[what][0] / self.columns / self.layers if what in self.seconds else float("nan")

    def entry(self, what: str) -> str:
        if what not in self.seconds:
            return "-"
        middle, low, high = (x * 1e6 for x in self.seconds[what])
        return f"{middle:,.0f} ({low:,.0f}-{high:,.0f}), {self.cell(what) * 1e9:.2f}"


@dataclass(frozen=True)
class Bench:
    """The models there are, and why others are not."""

    device: Model | None
    torch: Model | None
    host: Model
    driver: Driver | None
    missing: list[str]

    def candidates(self, columns: int, layers: int) -> Iterator[tuple[str, Callable[[], Any]]]:
        """What is timed at this size, made when it is asked for."""
        for place in PLACES:
            if self.device is not None and (self.driver is not None or place == "pageable"):
                yield place, partial(Steps, self.device, columns, layers, place, self.driver)
        if self.torch is not None:
            place = "device" if self.driver is not None else "pageable"
            yield "torch", partial(Steps, self.torch, columns, layers, place, self.driver)
        if columns <= MOST_ON_ONE_CORE:
            yield "one core", partial(Steps, self.host, columns, layers)
        yield "all cores", partial(OnAllCores, self.host, columns, layers, len(os.sched_getaffinity(0)))

    def row(self, columns: int, layers: int, steps: int) -> Row:
        """Times at one size, interleaved."""
        made, moved = {}, 0
        for name, make in self.candidates(columns, layers):
            try:
                made[name] = make()
                made[name].batch(WARM_UP if columns < 10**6 else 1)
            except CalcisolError as error:
                made.pop(name, None)
                self.missing.append(f"{name} at {columns:,} columns: {error}")
        samples: dict[str, list[float]] = {name: [] for name in made}
        for _ in range(BATCHES):
            for name, candidate in made.items():
                samples[name].append(candidate.batch(max(1, steps // BATCHES)))
        for candidate in made.values():
            moved = max(moved, getattr(candidate, "moved", 0))
            candidate.close()
        ends = {n: sorted(s) for n, s in samples.items()}
        spread = {n: (statistics.median(s), s[len(s) // 10], s[len(s) * 9 // 10]) for n, s in ends.items()}
        return Row(columns, layers, spread, moved, self.off(columns, layers))

    def off(self, columns: int, layers: int) -> float:
        """Largest difference in pH between device and host after three steps; NaN where there are too many columns to wait."""
        there = self.device or self.torch
        if there is None or columns > MOST_COMPARED:
            return float("nan")
        both = [Steps(model, columns, layers) for model in (there, self.host)]
        for steps in both:
            steps.batch(3)
        return float(np.abs(both[0].ph - both[1].ph).max())


@contextmanager
def opened(kind: str, bundle: str | None) -> Iterator[Bench]:
    """Every engine that runs here. Raises UnsupportedError where the device has none: nothing is timed elsewhere instead."""
    missing: list[str] = []
    found: dict[str, Model] = {}
    first: CalcisolError | None = None
    if kind == "emulated":
        need("calcisol bench --device emulated", "learn")
    for engine in ("native", "torchscript") if kind != "emulated" else ("torchscript",):
        try:
            found[engine] = Model(bundle, device=kind, engine=engine)
        except CalcisolError as error:
            first = first or error
            missing.append(f"{engine} on the device: {error}")
    if not found:
        raise first or CalcisolError("no engine runs on the device")
    driver = None
    try:
        driver = Driver() if kind == "cuda" else None
    except CalcisolError as error:
        missing.append(f"arrays on the device: {error}")
    yield Bench(found.get("native"), found.get("torchscript"), Model(bundle), driver, missing)


def lines(rows: list[Row], bench: Bench) -> Iterator[str]:
    """The table, and what it says in words."""
    named = {"device": "device-resident", "pinned": "pinned", "pageable": "pageable", "torch": "TorchScript"}
    timed = [*named, "one core", "all cores"]
    yield "us a step (10-90 %), ns per cell"
    yield ""
    titles = [
        *(named.get(n, n) for n in timed),
        "all cores / device",
        "TorchScript / device",
        "memory floor",
        "FP64 floor",
        "pH off",
    ]
    yield f"| columns | {' | '.join(titles)} |"
    yield "|---" * (len(titles) + 1) + "|"
    rates = {"moved": bench_rate(bench, "copy_rate"), "fp64": bench_rate(bench, "fp64_rate")}
    for row in rows:
        here = "device" if "device" in row.seconds else "pageable"
        ratios = [f"{row.cell(n) / row.cell(here):.2f}" for n in ("all cores", "torch")]
        floors = {"moved": row.moved, "fp64": FP64_OF_A_CELL * row.columns * row.layers}
        shares = [
            f"{floors[n] / rates[n] / row.seconds[here][0]:.1%}" if rates[n] and here in row.seconds else "-" for n in floors
        ]
        yield f"| {row.columns:,} | {' | '.join([*map(row.entry, timed), *ratios, *shares, f'{row.off:.1e}'])} |"
    yield ""
    timed_here = {n: [row.cell(n) for row in rows if n in row.seconds] for n in ("device", "pageable", "all cores")}
    best = {n: min(cells, default=float("nan")) for n, cells in timed_here.items()}
    peak = best["device" if timed_here["device"] else "pageable"]
    yield f"peak to peak, all cores / device: {best['all cores'] / peak:.2f}"
    ahead = [row.columns for row in rows if row.cell("device") < row.cell("all cores")]
    yield (
        f"the device is ahead of all cores from {ahead[0]:,} columns on"
        if ahead
        else "the device is ahead at none of these sizes"
    )
    yield "launches a step: 3 by native kernels (one more while columns have no state)"
    yield from (f"not here: {text}" for text in dict.fromkeys(bench.missing))


def bench_rate(bench: Bench, name: str) -> float:
    """A rate of the device, 0 where it cannot be had."""
    try:
        return float(getattr(bench.driver, name)()) if bench.driver else 0.0
    except CalcisolError as error:
        bench.missing.append(f"{name}: {error}")
        return 0.0


def bench_device(kind: str, sizes: list[int], layers: int, steps: int, bundle: str | None = None) -> str:
    """The table as text. Raises UnsupportedError where no engine runs on the device."""
    with opened(kind, bundle) as bench:
        name = bench.driver.name() if bench.driver else "emulated device: times mean nothing"
        cores = len(os.sched_getaffinity(0))
        head = f"{time.strftime('%Y-%m-%d')}, {name}; {capi.build_info()}; {layers} layers, steps of a day, {cores} cores"
        return "\n".join([head, *lines([bench.row(n, layers, steps) for n in sizes], bench)])
