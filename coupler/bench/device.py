"""How fast the step is on a CUDA device, from where its arrays lie; ``calcisol bench --device cuda`` prints the table.

What:    three data paths, interleaved in one run: all arrays on the device; forcing and outputs in pinned host memory; the same
         pageable. Steps captured into CUDA graphs and launched one by one. Times by CUDA events, median and 10-90 %.
Units:   milliseconds a step; nanoseconds per layer-cell; share of the floor = time to move what a step must move (state in
         and out, forcing in, outputs out) at the copy rate measured in the same run.
Method:  >= 20 warm-up steps, >= 100 timed, real inputs, poisoned outputs, the
         host's answer beside it. ``--device emulated`` runs the script without a GPU: its times mean nothing.
Use:     ``print(bench_device("cuda", [1000, 100_000], 10, 100))``
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from typing import Any

from ...emulator.contract.extras import need
from ...emulator.contract.variables import load_table
from ..library import capi
from ..library.columns import Columns
from ..library.model import Model
from ..units import MONTH_SECONDS

STEP_SECONDS = MONTH_SECONDS / 4  # the host's path cuts a month into four; a device takes no step above 8 days
WARM_UP = 20
PATHS = ("device-resident", "pinned", "pageable")
OUTPUTS = ("ph", "pco2", "sic", "co2_adj")


def _weather(torch: Any, columns: int, layers: int) -> dict[str, Any]:
    """Forcing of calcareous columns, float64, on the host."""
    generator = torch.Generator().manual_seed(1)

    def between(low: float, high: float, *shape: int) -> Any:
        return low + (high - low) * torch.rand(*shape, generator=generator, dtype=torch.float64)

    return {  # (layer, column): columns are neighbours, as in a Fortran host
        "w_liq": between(230.0, 260.0, layers, columns) * 1.5 / layers,
        "t_soil": between(281.0, 287.0, layers, columns),
        "q_bot": between(150.0, 350.0, columns) / 3.15e7,
        "co2_src_total": between(0.3, 0.8, columns) / 3.15e7,
    }


class _Path:
    """Columns with their views, wherever the arrays lie."""

    def __init__(self, torch: Any, model: Model, where: str, device: Any, columns: int, layers: int) -> None:
        lib, ffi = capi.library()
        table = load_table()
        caco3 = torch.linspace(0.02, 0.4, columns, dtype=torch.float64).numpy()[:, None].repeat(layers, 1)
        self.soil = Columns(model, {"dz": [1.5 / layers] * layers, "caco3": caco3}, ncol=columns, nlay=layers)
        self.inputs = _weather(torch, columns, layers)
        self.outputs = {
            v.name: torch.full((layers, columns) if v.dims == "layer" else (columns,), math.nan, dtype=torch.float64)
            for v in table.select("output")
            if v.name in OUTPUTS
        }
        for arrays in (self.inputs, self.outputs):
            for name, array in arrays.items():
                arrays[name] = array.to(device) if where == PATHS[0] else array.pin_memory() if where == PATHS[1] else array
        memory = lib.CALCISOL_DEVICE if where == PATHS[0] else lib.CALCISOL_HOST
        self.forcing = ffi.new("calcisol_view[]", lib.CALCISOL_N_FORCING)
        self.output = ffi.new("calcisol_target[]", lib.CALCISOL_N_OUTPUT)
        for arrays, views, role in ((self.inputs, self.forcing, "forcing"), (self.outputs, self.output, "output")):
            for name, array in arrays.items():
                view = views[table.names(role).index(name)]
                view.data, view.dtype, view.memory = ffi.cast("void *", array.data_ptr()), lib.CALCISOL_F64, memory
                view.column_stride, view.layer_stride = 1, columns

    def step(self) -> None:
        lib, ffi = capi.library()
        counts = lib.CALCISOL_N_FORCING, lib.CALCISOL_N_OUTPUT
        capi.check(
            lib.calcisol_step(self.soil.handle, STEP_SECONDS, self.forcing, counts[0], self.output, counts[1], ffi.NULL, ffi.NULL)
        )

    def bytes_moved(self) -> int:
        """What any implementation must read and write: forcing, outputs, float64 state twice."""
        state = 2 * 8 * len(load_table().state) * self.soil.ncol * self.soil.nlay
        return state + sum(8 * a.numel() for arrays in (self.inputs, self.outputs) for a in arrays.values())


def _timer(torch: Any, device: Any) -> Callable[[Callable[[], object]], float]:
    """Milliseconds of one call: by CUDA events, or by the clock without CUDA."""

    def clock(call: Callable[[], object]) -> float:
        start = time.perf_counter()
        call()
        return 1e3 * (time.perf_counter() - start)

    def events(call: Callable[[], object]) -> float:
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        call()
        end.record()
        end.synchronize()
        return float(start.elapsed_time(end))

    return events if device.type == "cuda" else clock


def _launches(torch: Any, path: _Path, device: Any) -> str:
    """Kernels and copies of one step, counted by torch's profiler."""
    if device.type != "cuda":
        return "-"
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as record:
        path.step()
        torch.cuda.synchronize()
    return str(sum(event.count for event in record.key_averages()))


def bench_device(kind: str, sizes: list[int], layers: int, steps: int, bundle: str | None = None) -> str:
    """The table as text. Raises UnsupportedError where there is no CUDA device: nothing is timed elsewhere instead."""
    need("calcisol bench --device", "learn")
    import torch

    device = torch.device("cuda" if kind == "cuda" else "cpu")
    host_model = Model(bundle)
    graph, eager = (Model(bundle, device=kind, device_graph=g) for g in (True, False))
    name = torch.cuda.get_device_name() if kind == "cuda" else "emulated device: times mean nothing"
    timed = _timer(torch, device)
    block = torch.ones(2**27 if kind == "cuda" else 2**20, dtype=torch.float32, device=device)
    copies = [timed(lambda: block.clone()) for _ in range(10)]
    rate = 2 * 4 * block.numel() / (1e-3 * statistics.median(copies))  # bytes s-1, read and written
    length = f"{steps} steps of {STEP_SECONDS / 86400:.2g} days"
    lines = [f"{name}; {capi.build_info()}; copy {rate / 1e9:.0f} GB/s; {layers} layers, {length}", ""]
    titles = ("columns", "arrays", "ms a step, graph (10-90 %)", "launched one by one", "ns per cell", "of the floor", "launches")
    lines += [f"| {' | '.join(titles)} | pH off |", "|---" * (len(titles) + 1) + "|"]
    for columns in sizes:
        wheres = PATHS if kind == "cuda" else PATHS[2:]
        paths = {(w, g): _Path(torch, m, w, device, columns, layers) for w in wheres for g, m in ((1, graph), (0, eager))}
        times: dict[tuple[str, int], list[float]] = {key: [] for key in paths}
        for _ in range(WARM_UP):
            for path in paths.values():
                path.step()
        for _ in range(steps):
            for key, path in paths.items():
                times[key].append(timed(path.step))
        host = _Path(torch, host_model, PATHS[2], device, min(columns, 1000), layers) if columns <= 1000 else None
        for _ in range(WARM_UP + steps if host else 0):
            host.step()  # type: ignore[union-attr]
        for where in wheres:
            a, b = sorted(times[where, 1]), statistics.median(times[where, 0])
            middle, low, high = statistics.median(a), a[len(a) // 10], a[len(a) * 9 // 10]
            path = paths[where, 1]
            share = path.bytes_moved() / rate * 1e3 / middle
            off = f"{(path.outputs['ph'].cpu() - host.outputs['ph']).abs().max():.1e}" if host else "-"
            count = _launches(torch, paths[where, 0], device)
            lines.append(
                f"| {columns} | {where} | {middle:.3f} ({low:.3f}-{high:.3f}) | {b:.3f} | {middle * 1e6 / columns / layers:.2f} "
                f"| {share:.1%} | {count} | {off} |"
            )
    return "\n".join(lines)
