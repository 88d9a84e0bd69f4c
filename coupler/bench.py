"""How fast the compiled step is on this machine.

What:    steps synthetic calcareous columns through the library and prints columns-years per second.
Units:   microseconds per layer-cell and step; columns-years per second at monthly steps.
Source:  DESIGN.md 5: the same path a land model calls.
Use:     ``calcisol bench --columns 128 --steps 24``
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from .config import RunConfig
from .offline import open_model
from .units import MONTH_SECONDS


def bench(config: RunConfig, columns: int, layers: int, steps: int) -> str:
    """One line of timing; the first two steps (start-up) are not counted."""
    rng = np.random.default_rng(1)
    dz = np.full((columns, layers), 1.5 / layers)
    forcing = {
        "w_liq": 250.0 * dz,
        "t_soil": np.full(dz.shape, 283.15),
        "w_sink": np.zeros(dz.shape),
        "q_bot": np.full(columns, 200.0 / 3.15e7),
        "co2_src_total": rng.uniform(0.3, 0.8, columns) / 3.15e7,
        "dep_nh4": np.full(columns, 2e-8),
        "n_nit": np.full(dz.shape, 1e-11),
    }
    with open_model(config) as model:
        soil = model.columns(
            {
                "dz": dz,
                "caco3": np.broadcast_to(rng.uniform(0.02, 0.4, columns)[:, None], dz.shape).copy(),
            }
        )
        for _ in range(2):
            soil.step(MONTH_SECONDS, forcing)
        start = time.perf_counter()
        for _ in range(steps):
            soil.step(MONTH_SECONDS, forcing)
        spent = time.perf_counter() - start
    cell = spent / steps / columns / layers * 1e6
    rate = columns * steps / 12 / spent
    return (
        f"{columns} columns x {layers} layers, {steps} steps: {cell:.2f} us per layer-cell and step, {rate:.0f} columns-years/s"
    )


def run(args: argparse.Namespace) -> int:
    """Command ``calcisol bench``."""
    if args.device != "host":
        from .bench_device import bench_device

        sizes = args.sizes or ([1000, 10_000, 100_000, 1_000_000] if args.device == "cuda" else [100])
        print(bench_device(args.device, sizes, args.layers, args.repeat, args.bundle))
        return 0
    print(bench(RunConfig(bundle=args.bundle or ""), args.columns, args.layers, args.steps))
    return 0
