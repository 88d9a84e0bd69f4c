"""``calcisol ensemble``: simulate the design with the user's MIN3P, keep what closes, build the learning file and its data card.

What:    one folder holds the plan, one record and one netCDF per member; started again it continues where it stopped.
         Members run in parallel processes here, or on a Dask cluster; failures are kept with their reason.
Units:   of the learning file: see ``min3p.learning``; layers of shorter columns are padded with NaN.
Source:  MIN3P is the user's own (MIN3P_EXE, MIN3P_DB); parameters and their ranges: ``sampling.PARAMETERS``.
Use:     ``calcisol ensemble --members 64 --years 40 --out ens64``
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import runner, sampling
from .collect import collect
from .deck import DeckOptions
from .member import Task
from .selection import own_twins, plan_of, select
from .simulate import Options, simulate
from .store import EnsembleError, Plan
from .twins import TWINS
from .weather import command as weather

HELP = "run MIN3P over a design of soil columns and build the learning file"
EXAMPLE = (
    "example: MIN3P_EXE=... MIN3P_DB=... calcisol ensemble --members 64 --years 40 --workers 2 --out ens64; with roots and daily "
    "rain: calcisol ensemble --weather --members 24 --years 10 --out columns"
)


# ------------------------------------------------------------------------------------------------ command
def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``calcisol ensemble``."""
    parser.epilog = EXAMPLE
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the ensemble; started again, it continues there"
    )
    weather.add_arguments(parser)
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
    parser.add_argument("--wall-limit", type=float, metavar="S", help="seconds a run may take (default: 900)")
    parser.add_argument("--retry", action="store_true", help="run failed and refused members again")
    parser.add_argument("--dask", metavar="ADDRESS", help="run on the Dask cluster at this address")
    parser.add_argument("--collect", action="store_true", help="only build the learning file from what is there")
    parser.add_argument("--file", default="learning.nc", help="name of the learning file within DIR (default: learning.nc)")
    parser.add_argument("--report", action="store_true", help="only write the data card from what is there")


def run(args: argparse.Namespace) -> int:
    """Run the command; 0 on success, else one sentence on stderr: 2, or 130 when stopped, as every command of calcisol."""
    from . import datacard

    try:
        if args.wall_limit is not None and not args.wall_limit > 0:
            raise EnsembleError(f"--wall-limit {args.wall_limit:g} must lie above 0 s")
        if args.weather is not None:
            return weather.run(args)
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
    if not 1 <= years <= 83:
        raise EnsembleError(f"--years {years} is outside 1 to 83 (MIN3P keeps 1000 monthly factors); choose fewer")
    chosen = select(args.members or sampling.TIERS.get(args.tier or "smoke", 16), args.only, args.part, args.of)
    if args.twin:
        same = own_twins(chosen, seed)
        if same:
            print(f"without nitrogen of their own, left out: members {', '.join(map(str, same))}", file=sys.stderr)
        chosen = [i for i in chosen if i not in same]
    limit = args.wall_limit or 900.0

    def task(index: int) -> Task:
        return Task(args.out, index, seed, years, limit, args.twin)

    plan = Plan(seed, years, DeckOptions().sites, args.twin)
    simulate(args.out, chosen, plan, task, Options(args.workers, args.dask, limit, args.retry))
