"""How fast the compiled step is on this machine: both engines side by side, and what it replaces.

What:    the same columns through the native engine and through TorchScript, interleaved in one run; medians and ratios.
Units:   microseconds of CPU time a call, nanoseconds a layer-cell and step. Absolute numbers drift on a busy machine; ratios
         inside one run hold.
Method:  one thread, candidates interleaved in rounds, medians.
Use:     ``calcisol bench``; ``calcisol bench --columns 128 --dt 604800``; ``calcisol bench --dt 86400 --peers`` with PhreeqcRM
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import ArgumentError, TorchError, UnsupportedError
from ..library.capi import build_info
from ..library.model import Model
from ..units import SECONDS_PER_YEAR
from .call import Call
from .peers import Peer, live, with_timed

SIZES = (1, 10, 100, 1000, 10000)
DAY = 86400.0
ROUNDS = 7
BUDGET = 0.15  # CPU seconds of one engine in one round; at least one step


@dataclass(frozen=True)
class Timing:
    """CPU seconds of a step by engine, median over the rounds."""

    columns: int
    layers: int
    seconds: dict[str, float]
    peers: dict[str, float] = field(default_factory=dict)  # CPU seconds of a cell and step of others, in the same rounds

    def cell(self, engine: str) -> float:
        """Seconds a layer-cell."""
        return self.seconds[engine] / self.columns / self.layers

    def ratio(self) -> float:
        """How many times faster native is; NaN where one of the two does not run."""
        return self.seconds.get("torchscript", math.nan) / self.seconds.get("native", math.nan)

    def entry(self, engine: str) -> str:
        """Two entries of the table: microseconds a call, nanoseconds a layer-cell."""
        return f"{self.seconds[engine] * 1e6:,.0f} | {self.cell(engine) * 1e9:,.0f}" if engine in self.seconds else "- | -"


def engines(bundle: str | None) -> dict[str, Model]:
    """The engines this bundle has here. Raises CalcisolError where it has none."""
    found, reasons = {}, []
    for engine in ("torchscript", "native"):
        try:
            found[engine] = Model(bundle, engine=engine)
        except (TorchError, UnsupportedError) as error:
            reasons.append(error)  # its column of the table is empty
    if not found:
        raise reasons[0]
    return found


def measure(
    models: dict[str, Model],
    columns: int,
    layers: int,
    dt: float,
    rounds: int = ROUNDS,
    peers: Mapping[str, Callable[[], float]] | None = None,
) -> Timing:
    """Interleaved medians, ``peers`` timed in every round; the first steps (initial state, start-up) are not counted."""
    peers = peers or {}
    calls = {name: Call(model, columns, layers, dt) for name, model in models.items()}
    repeats = {}
    for name, call in calls.items():
        for _ in range(2):
            call.step()
        repeats[name] = max(1, int(BUDGET / call.time(1)))
    samples: dict[str, list[float]] = {name: [] for name in (*calls, *peers)}
    for _ in range(rounds):
        for name, call in calls.items():
            samples[name].append(call.time(repeats[name]))
        for name, time in peers.items():
            samples[name].append(time())
    medians = {name: statistics.median(s) for name, s in samples.items()}
    return Timing(columns, layers, {n: medians[n] for n in calls}, {n: medians[n] for n in peers})


def lines(timings: Sequence[Timing], others: Sequence[Peer], dt: float) -> list[str]:
    """The table, as markdown."""
    out = [
        f"{build_info()}; {timings[0].layers} layers, dt {dt:g} s, one thread, CPU time, medians of interleaved rounds",
        "",
        "| columns | native us/call | native ns/cell | TorchScript us/call | TorchScript ns/cell | TorchScript / native |",
        "|---|---|---|---|---|---|",
    ]
    for t in timings:
        ratio = "-" if math.isnan(t.ratio()) else f"{t.ratio():.1f}"
        out.append(f"| {t.columns:,} | {t.entry('native')} | {t.entry('torchscript')} | {ratio} |")
    best = timings[-1]
    fast = "native" if "native" in best.seconds else "torchscript"
    out += ["", f"Against others, at {best.columns:,} columns:"]
    for name, step in (("daily", DAY), ("weekly", 7 * DAY)):
        year = best.seconds[fast] / best.columns * (SECONDS_PER_YEAR / step)
        for peer in others:
            if peer.per_column_year:
                out.append(f"- {peer.name}, {name} steps: {peer.seconds / year:,.0f} x per column-year ({peer.origin})")
    for peer in others:
        if not peer.per_column_year:
            out.append(f"- {peer.name}: {peer.seconds / best.cell(fast):,.0f} x per cell-step ({peer.origin})")
    return out


def run(args: argparse.Namespace) -> int:
    """Command ``calcisol bench``. Raises ArgumentError for numbers that leave nothing to time."""
    counts = {"columns": [args.columns or 0] if args.columns is not None else [], "sizes": args.sizes or []}
    for name, values in {**counts, "layers": [args.layers], "rounds": [args.rounds], "repeat": [args.repeat]}.items():
        if any(v < 1 for v in values):
            raise ArgumentError(f"--{name} {min(values)} must be 1 or more")
    if args.peer:
        from .inference import bench_peer

        print(bench_peer(args.peer, args.bundle, args.rounds))
        return 0
    if args.device != "host":
        from . import device

        sizes = args.sizes or ([*device.SIZES] if args.device == "cuda" else [100])
        print(device.bench_device(args.device, sizes, args.layers, args.repeat, args.bundle))
        return 0
    models = engines(args.bundle)
    sizes = SIZES if args.columns is None else (args.columns,)
    peers = live() if args.peers else {}
    timings = [measure(models, n, args.layers, args.dt, args.rounds, peers if n == sizes[-1] else None) for n in sizes]
    print("\n".join(lines(timings, with_timed(timings[-1].peers), args.dt)))
    return 0
