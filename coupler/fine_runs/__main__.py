"""Make the learning sets of the closure: ``python -m calcisol.coupler.fine_runs FOLDER``; runs that are done are kept."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from ...emulator.commands import physical_bundle
from ...emulator.contract.bundle import default_bundle
from .grouped import grouped, layerings, write
from .run import fine_run

YEAR = 365
STEPS = {1: YEAR, 7: 52}  # days of a step: steps of one year of it, or a year


def main() -> None:
    """One file for each run of ``--columns`` columns, layering and length of step."""
    parser = argparse.ArgumentParser(description="fine, daily runs grouped to layers and steps of land models")
    parser.add_argument("folder", type=Path, help="where the sets go (*.npz)")
    parser.add_argument("--runs", type=int, default=10, help="how many (default 10; the last is held out of training)")
    parser.add_argument("--columns", type=int, default=48, help="columns of a run (default 48)")
    parser.add_argument("--years", type=int, default=5, help="years of a run, the first to settle (default 5)")
    args = parser.parse_args()
    if min(args.runs, args.columns) < 1 or args.years < 2:
        parser.error("give one run and one column or more, and two years or more: the first is for the soil to settle")
    args.folder.mkdir(parents=True, exist_ok=True)
    bundle = physical_bundle(default_bundle())
    for seed in range(1, args.runs + 1):
        name = "held_out" if seed == args.runs else "run"
        done = args.folder / f"{name}_{seed:03d}.done"
        if done.exists():
            continue
        run = fine_run(bundle, seed, args.columns, args.years)
        rng = np.random.default_rng([seed, 1])
        for number, grid in enumerate(layerings(rng)):
            for days, a_year in STEPS.items():
                years = args.years - 1 if days > 1 else 1
                first = YEAR - 1 if days > 1 else YEAR - 1 + YEAR * int(rng.integers(args.years - 1))
                path = args.folder / f"{name}_{seed:03d}_{number}_{len(grid.member):02d}x{days}d.npz"
                write(path, grouped(run, grid, first, days, years * a_year))
        done.touch()
        print(f"{done.stem}: {int(run.sound.sum())} of {args.columns} columns", flush=True)


if __name__ == "__main__":
    main()
