"""``calcisol ensemble``: simulate the design with the user's MIN3P, keep what closes, build the learning file and its data card.

What:    one folder holds the plan, one record and one netCDF per member; started again it continues where it stopped.
         Members run in parallel processes here, or on a Dask cluster; failures are kept with their reason.
Units:   of the learning file: see ``min3p.learning``; layers of shorter columns are padded with NaN.
Source:  MIN3P is the user's own (MIN3P_EXE, MIN3P_DB); parameters and their ranges: ``sampling.PARAMETERS``.
Use:     ``calcisol ensemble --members 64 --years 40 --out ens64``
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from . import runner, sampling
from .collect import collect
from .deck import DeckOptions
from .member import Task
from .selection import own_twins, plan_of, select
from .store import EnsembleError, Plan, lock, records
from .twins import TWINS
from .workers import cluster, local

HELP = "run MIN3P over a design of soil columns and build the learning file"
EXAMPLE = "example: MIN3P_EXE=... MIN3P_DB=... calcisol ensemble --members 64 --years 40 --workers 2 --out ens64"


@dataclass(frozen=True)
class Options:
    """How the members are run; nothing here changes a result."""

    workers: int = 1  # processes on this machine
    dask: str | None = None  # address of a Dask scheduler, whose workers then run them
    wall_limit: float = 900.0  # s that a run may take
    retry: bool = False  # run failed and refused members again


def simulate(folder: Path, chosen: list[int], plan: Plan, options: Options) -> None:
    """Run what is missing of the ``chosen`` design points, with a line of progress per member.

    Raises EnsembleError (another plan, a folder in use) and RunnerError (no MIN3P).
    """
    runner.executable(), runner.stock_database()
    plan.check_or_write(folder)
    (folder / "members").mkdir(exist_ok=True)
    with lock(folder):
        if options.dask is None:  # on a cluster somebody may still be at work in there
            shutil.rmtree(folder / "scratch", ignore_errors=True)
        done = {r["index"]: r["state"] for r in records(folder)}
        missing = [i for i in chosen if i not in done or (options.retry and done[i] != "accepted")]
        counts = Counter(state for i, state in done.items() if i not in missing)
        tasks = [Task(folder, i, plan.seed, plan.years, options.wall_limit, plan.twin) for i in missing]
        goal = len(set(chosen) | set(done))
        begin = time.monotonic()
        for n, record in enumerate(cluster(tasks, options.dask) if options.dask else local(tasks, options.workers), 1):
            counts[record["state"]] += 1
            left = (time.monotonic() - begin) / n * (len(tasks) - n)
            note = f": {record['reason']}" if record["reason"] else ""
            print(
                f"member {record['index']:5d} {record['state']} in {record['wall_s']:.0f} s{note} | "
                f"{sum(counts.values())} of {goal}, {counts['accepted']} accepted, {counts['refused']} refused, "
                f"{counts['failed']} failed, {left / 60.0:.0f} min left",
                file=sys.stderr, flush=True,
            )  # fmt: skip


# ------------------------------------------------------------------------------------------------ command
def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``calcisol ensemble``."""
    parser.epilog = EXAMPLE
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the ensemble; started again, it continues there"
    )
    parser.add_argument("--members", type=int, help="how many columns (default: 16)")
    parser.add_argument(
        "--tier",
        choices=tuple(sampling.TIERS),
        help="or a named size: " + ", ".join(f"{k} {v}" for k, v in sampling.TIERS.items()),
    )
    parser.add_argument("--only", metavar="LIST", help="or these design points, as in 3,17,20-25")
    parser.add_argument("--part", help="or this part (train, validation, test) of the split of the learning file --of")
    parser.add_argument("--of", type=Path, metavar="FILE", help="learning file that --part is of; seed and years are its own")
    parser.add_argument(
        "--twin", choices=TWINS, help="simulate the same columns without a driver (no_nitrogen: see min3p/twins.py)"
    )
    parser.add_argument("--years", type=int, help="length of each run (default: 40)")
    parser.add_argument("--seed", type=int, help="of the Sobol sequence (default: 1)")
    parser.add_argument("--workers", type=int, default=1, help="processes on this machine (default: 1)")
    parser.add_argument("--wall-limit", type=float, default=900.0, metavar="S", help="seconds a run may take (default: 900)")
    parser.add_argument("--retry", action="store_true", help="run failed and refused members again")
    parser.add_argument("--dask", metavar="ADDRESS", help="run on the Dask cluster at this address")
    parser.add_argument("--collect", action="store_true", help="only build the learning file from what is there")
    parser.add_argument("--file", default="learning.nc", help="name of the learning file within DIR (default: learning.nc)")
    parser.add_argument("--report", action="store_true", help="only write the data card from what is there")


def run(args: argparse.Namespace) -> int:
    """Run the command; 0 on success, else one sentence on stderr: 2, or 130 when stopped, as every command of calcisol."""
    from . import datacard

    try:
        if not (args.collect or args.report):
            _simulate(args)
        if not args.report:
            target = args.out / args.file
            made = collect(args.out, target, args.members or sampling.TIERS.get(args.tier or ""))
            print(f"{target}: {made['members']} columns of {made['years']} years, {made['bytes'] / 1e6:.0f} MB")
        print(datacard.write(args.out))
    except (EnsembleError, runner.RunnerError) as error:
        print(f"calcisol ensemble: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("calcisol ensemble: stopped; the same command continues from here", file=sys.stderr)
        return 130
    return 0


def _simulate(args: argparse.Namespace) -> None:
    """From the options to the members that are to be run."""
    base = plan_of(args.of) if args.of else {}
    seed = args.seed if args.seed is not None else base.get("seed", 1)
    years = args.years if args.years is not None else base.get("years", 40)
    for name, value in (("seed", seed), ("years", years)):
        if base and base[name] != value:
            raise EnsembleError(f"--{name} {value} is not that of {args.of} ({base[name]}); leave --{name} out")
    least = {"members": 1, "seed": 0, "workers": 1}
    for name, low in least.items():
        value = seed if name == "seed" else getattr(args, name)
        if value is not None and value < low:
            raise EnsembleError(f"--{name} {value} must be {low} or more")
    if not args.wall_limit > 0:
        raise EnsembleError(f"--wall-limit {args.wall_limit:g} must lie above 0 s")
    if not 1 <= years <= 83:
        raise EnsembleError(f"--years {years} is outside 1 to 83 (MIN3P keeps 1000 monthly factors); choose fewer")
    chosen = select(args.members or sampling.TIERS.get(args.tier or "smoke", 16), args.only, args.part, args.of)
    if args.twin:
        same = own_twins(chosen, seed)
        if same:
            print(f"without nitrogen of their own, left out: members {', '.join(map(str, same))}", file=sys.stderr)
        chosen = [i for i in chosen if i not in same]
    options = Options(args.workers, args.dask, args.wall_limit, args.retry)
    simulate(args.out, chosen, Plan(seed, years, DeckOptions().sites, args.twin), options)
