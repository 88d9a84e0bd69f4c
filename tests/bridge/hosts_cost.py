"""What calcisol costs a host: the ORCHIDEE-like mock with a real number of columns, against ORCHIDEE's own step.

What:    builds the mock host with -O2, runs it with 1 and with 400 columns, prints processor time in our calls (adapter, step,
         budget check) per column and step, and its share of an ORCHIDEE step. Not a test: times are not asserted.
Source:  380 us per column and step of ORCHIDEE 2.2 at 11 layers and 1,800 s (measured November 2026); the targets are
         5 % at one column and 2 % at 400 columns a rank.
Use:     ``python tests/bridge/hosts_cost.py [BUNDLE]`` with the package installed, on a quiet machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ORCHIDEE_STEP = 380.0  # us per column and step
RUNS = ((1, 8, 200, 0.05), (400, 0, 8, 0.02))  # columns, tile (0 = 128), steps, target share


def main() -> int:
    """Print one line a run."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from calcisol.coupler.library.capi import build_info
    from calcisol.emulator.contract.bundle import default_bundle
    from helpers.mock_hosts import BY_NAME, build

    bundle = Path(sys.argv[1]) if len(sys.argv) > 1 else default_bundle()
    print(build_info())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        host = build(BY_NAME["orchidee"], folder, bundle, flags=("-O2", "-fdefault-real-8", "-fopenmp"))
        for columns, tile, steps, target in RUNS:
            host.write_switch(folder, bundle=str(bundle), tile_columns=tile, step=0.0, check_every=48)
            command = [str(host.program), str(columns), "1", str(steps), "-", "-", str(folder / "o")]
            environment = {**os.environ, "OMP_NUM_THREADS": "1"}
            done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
            cost = float(next(line for line in done.stdout.splitlines() if line.startswith("cost")).split()[-1])
            share = cost / ORCHIDEE_STEP
            verdict = "reached" if share <= target else "missed"
            print(
                f"{columns} columns x 11 layers: {cost:.1f} us per column and step, {100 * share:.1f} % of an ORCHIDEE step "
                f"(target {100 * target:.0f} %: {verdict})"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
