"""Run what is missing of an ensemble, with a line of progress per member.

What:    the members of a folder that have no record yet, in processes here or on a Dask cluster; what is under way when the
         command is stopped is run again by the next.
Use:     ``simulate(folder, chosen, plan, lambda i: Task(folder, i, ...), Options(workers=2))``
"""

from __future__ import annotations

import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import runner
from .store import AnyPlan, lock, records
from .workers import AnyTask, cluster, local


@dataclass(frozen=True)
class Options:
    """How the members are run; nothing here changes a result."""

    workers: int = 1  # processes on this machine
    dask: str | None = None  # address of a Dask scheduler, whose workers then run them
    wall_limit: float = 900.0  # s that a run may take
    retry: bool = False  # run failed and refused members again


def simulate(folder: Path, chosen: list[int], plan: AnyPlan, task_of: Callable[[int], AnyTask], options: Options) -> None:
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
        counts: Counter[Any] = Counter(state for i, state in done.items() if i not in missing)
        tasks = [task_of(i) for i in missing]
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
