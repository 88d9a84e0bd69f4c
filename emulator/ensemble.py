"""``calcisol ensemble``: simulate the design with the user's MIN3P, keep what closes, build the learning file and its data card.

What:    one folder holds the plan, one record and one netCDF per member; started again it goes on where it stopped.
         Members run in parallel processes here, or on a Dask cluster; failures are kept with their reason.
Units:   of the learning file: see ``min3p.learning``; layers of shorter columns are padded with NaN.
Source:  MIN3P is the user's own (MIN3P_EXE, MIN3P_DB); parameters and their ranges: ``sampling.PARAMETERS``.
Use:     ``calcisol ensemble --members 64 --years 40 --out ens64``
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

from . import sampling
from .min3p import acceptance, runner
from .min3p.collect import WIDE, collect
from .min3p.deck import DeckOptions, write_run
from .min3p.design import build_column
from .min3p.learning import RunError, learning_member
from .min3p.store import EnsembleError, Plan, member_path, record_path, records, write_text

HELP = "run MIN3P over a design of soil columns and build the learning file"
EXAMPLE = "example: MIN3P_EXE=... MIN3P_DB=... calcisol ensemble --members 64 --years 40 --workers 2 --out ens64"


def run_member(folder: Path, index: int, seed: int, years: int, wall_limit: float, keep: bool = False) -> dict[str, Any]:
    """Simulate, check and store one member; returns its record. Never raises for a member that fails: the record says why."""
    program, stock = runner.executable(), runner.stock_database()
    scratch = folder / "scratch" / f"m{index:05d}-{os.getpid()}"
    record: dict[str, Any] = {"index": index, "seed": seed, "years": years, "state": "failed", "reason": "", "wall_s": 0.0}
    try:
        point = sampling.draw(1, seed, start=index)[0]
        column = build_column(point, years)
        record["parameters"] = column.labels
        options = DeckOptions()
        record["deck"] = {"tolerance": options.tolerance, "dt_max_d": options.dt_max}
        record["database_sha256"] = write_run(scratch, column, stock, options)["database_sha256"]
        result = runner.run(scratch, program, wall_limit)
        record.update(wall_s=round(result.wall_s, 2), min3p_version=result.status.version, steps=result.status.steps)
        if not result.status.ok:
            record["reason"] = result.status.reason
        else:
            member = learning_member(scratch, column)
            verdict = acceptance.accept(member)
            record["checks"] = {k: v[0] for k, v in verdict.checks.items()}
            record["state"] = "accepted" if verdict.ok else "refused"
            record["reason"] = "; ".join(verdict.reasons)
            member.attrs.update(index=index, seed=seed, wall_s=record["wall_s"], min3p_version=result.status.version)
            target = member_path(folder, index)
            part = target.with_name(f"{target.name}.{os.getpid()}.part")
            member.to_netcdf(part, engine="netcdf4", encoding=_encoding(member))
            os.replace(part, target)
    except (RunError, ValueError, OSError) as error:  # RunnerError means a broken set-up and must stop the whole ensemble
        record["reason"] = f"{type(error).__name__}: {error}"
    finally:
        if not keep:
            shutil.rmtree(scratch, ignore_errors=True)
    write_text(record_path(folder, index), json.dumps(record, default=float, indent=1))
    return record


def _encoding(member: Any) -> dict[str, dict[str, Any]]:
    """Float32 but for what increments are formed from (pools, minerals)."""
    out = {}
    for name, variable in member.data_vars.items():
        if variable.dtype.kind == "f":
            wide = str(name).startswith(WIDE)
            out[str(name)] = {
                "zlib": variable.ndim > 0,
                "complevel": 4,
                "shuffle": True,
                "dtype": "float64" if wide else "float32",
            }
    return out


# ------------------------------------------------------------------------------------------------ running many
def _local(tasks: Iterable[tuple], workers: int) -> Iterator[dict[str, Any]]:
    """Records as they come, from ``workers`` processes of this machine; only as many tasks are queued as can run."""
    queue = iter(tasks)
    with ProcessPoolExecutor(workers) as pool:
        pending: set[Future] = set()
        try:
            while True:
                while len(pending) < workers and (task := next(queue, None)) is not None:
                    pending.add(pool.submit(run_member, *task))
                if not pending:
                    return
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            for future in pending:
                future.cancel()


def _cluster(tasks: Iterable[tuple], address: str) -> Iterator[dict[str, Any]]:
    """The same over a Dask cluster whose workers see the folder and the executable under the same paths."""
    try:
        from dask.distributed import Client, as_completed
    except ImportError:
        raise EnsembleError("--dask needs dask.distributed; install it with pip install distributed") from None
    with Client(address) as client:
        futures = [client.submit(run_member, *task, pure=False) for task in tasks]
        for future in as_completed(futures):
            yield future.result()


def simulate(
    folder: Path, members: int, seed: int, years: int, workers: int, wall_limit: float, retry: bool, dask: str | None
) -> None:
    """Run what is missing of the first ``members`` design points, with a line of progress per member."""
    runner.executable(), runner.stock_database()
    Plan(seed, years, DeckOptions().sites).check_or_write(folder)
    (folder / "members").mkdir(exist_ok=True)
    shutil.rmtree(folder / "scratch", ignore_errors=True)
    done = {r["index"]: r["state"] for r in records(folder)}
    missing = [i for i in range(members) if i not in done or (retry and done[i] != "accepted")]
    counts = {
        state: sum(1 for i, s in done.items() if s == state and i not in missing) for state in ("accepted", "refused", "failed")
    }
    tasks = [(folder, i, seed, years, wall_limit) for i in missing]
    goal = max(members, len(done))
    begin = time.monotonic()
    for n, record in enumerate(_cluster(tasks, dask) if dask else _local(tasks, workers), 1):
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
        "--out", type=Path, required=True, metavar="DIR", help="folder of the ensemble; started again, it goes on there"
    )
    parser.add_argument("--members", type=int, help="how many columns (default: 16)")
    parser.add_argument(
        "--tier",
        choices=tuple(sampling.TIERS),
        help="or a named size: " + ", ".join(f"{k} {v}" for k, v in sampling.TIERS.items()),
    )
    parser.add_argument("--years", type=int, default=40, help="length of each run (default: 40)")
    parser.add_argument("--seed", type=int, default=1, help="of the Sobol sequence (default: 1)")
    parser.add_argument("--workers", type=int, default=1, help="processes on this machine (default: 1)")
    parser.add_argument("--wall-limit", type=float, default=900.0, metavar="S", help="seconds a run may take (default: 900)")
    parser.add_argument("--retry", action="store_true", help="run failed and refused members again")
    parser.add_argument("--dask", metavar="ADDRESS", help="run on the Dask cluster at this address")
    parser.add_argument("--collect", action="store_true", help="only build the learning file from what is there")
    parser.add_argument("--file", default="learning.nc", help="name of the learning file within DIR (default: learning.nc)")
    parser.add_argument("--report", action="store_true", help="only write the data card from what is there")


def run(args: argparse.Namespace) -> int:
    """Run the command; 0 on success, 1 with one sentence on stderr otherwise."""
    from . import datacard

    members = args.members or sampling.TIERS.get(args.tier or "smoke", 16)
    if not 1 <= args.years <= 83:
        print(
            f"calcisol ensemble: --years {args.years} is outside 1 to 83 (MIN3P keeps 1000 monthly factors); choose fewer",
            file=sys.stderr,
        )
        return 1
    try:
        if not (args.collect or args.report):
            simulate(args.out, members, args.seed, args.years, max(1, args.workers), args.wall_limit, args.retry, args.dask)
        if not args.report:
            target = args.out / args.file
            made = collect(args.out, target, args.members or sampling.TIERS.get(args.tier or ""))
            print(f"{target}: {made['members']} columns of {made['years']} years, {made['bytes'] / 1e6:.0f} MB")
        print(datacard.write(args.out))
    except (EnsembleError, runner.RunnerError) as error:
        print(f"calcisol ensemble: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("calcisol ensemble: stopped; the same command goes on from here", file=sys.stderr)
        return 1
    return 0
