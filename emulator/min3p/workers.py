"""Members in parallel: processes of this machine, or a Dask cluster. A worker that dies costs one member at most.

What:    iterators of records as members finish. When a local worker dies, the members that were under way are run again, each
         alone: the one that kills its worker a second time is recorded as failed, the others count as if nothing had happened.
Source:  Linux: children ask the kernel to end with their parent (prctl, PR_SET_PDEATHSIG), so that nothing of an ensemble
         that was killed keeps writing into its folder.
Use:     ``for record in local(tasks, workers=2): ...``; ``for record in cluster(tasks, "tcp://head:8786"): ...``
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol

from ..contract.extras import sentence
from .runner import RunnerError, end_with_parent
from .store import EnsembleError

DIED = "the process of this member was killed twice, from outside or for want of memory"


class AnyTask(Protocol):
    """One member of any kind of ensemble; made here, run elsewhere."""

    def run(self) -> dict[str, Any]:
        """Simulate and store it; its record."""

    def lost(self, reason: str) -> dict[str, Any]:
        """Store and return the record of a member whose process did not live to write one."""


def run_task(task: AnyTask) -> dict[str, Any]:
    """What a worker does."""
    return task.run()


def local(tasks: Iterable[AnyTask], workers: int) -> Iterator[dict[str, Any]]:
    """Records from ``workers`` processes of this machine. Raises RunnerError for a set-up that fails every member."""
    queue = deque(tasks)
    while queue:
        under_way: list[AnyTask] = []
        yield from _pool(queue, workers, under_way)
        suspects = deque(under_way)
        while suspects:  # one at a time: the one that dies again is the one that kills
            again: list[AnyTask] = []
            yield from _pool(suspects, 1, again)
            for task in again:
                yield task.lost(DIED)


def _pool(queue: deque[AnyTask], workers: int, under_way: list[AnyTask]) -> Iterator[dict[str, Any]]:
    """Take tasks from ``queue`` until it is empty or a worker dies; then ``under_way`` holds those without a record."""
    pending: dict[Future, AnyTask] = {}
    fresh = multiprocessing.get_context("spawn")  # a fork of a process in which torch has used threads can hang in its locks
    with ProcessPoolExecutor(workers, mp_context=fresh, initializer=end_with_parent, initargs=(os.getpid(),)) as pool:
        try:
            while pending or (queue and not under_way):
                while queue and len(pending) < workers and not under_way:  # only as many are queued as can run
                    task = queue.popleft()
                    try:
                        pending[pool.submit(run_task, task)] = task
                    except BrokenProcessPool:
                        under_way.append(task)
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    task = pending.pop(future)
                    try:
                        record = future.result()
                    except BrokenProcessPool:
                        under_way.append(task)
                    else:
                        yield record
        finally:
            for future in pending:
                future.cancel()


def cluster(tasks: Iterable[AnyTask], address: str) -> Iterator[dict[str, Any]]:
    """Records from a Dask cluster whose workers see the folder and the executable under the same paths.

    Dask runs a member elsewhere when its worker dies, three times by default; after that it is recorded as failed.
    """
    try:
        from dask.distributed import Client, as_completed
        from distributed.comm.addressing import get_address_host_port
    except ImportError:
        raise EnsembleError(sentence("--dask", "distributed", "distributed")) from None
    try:
        if not address.startswith("inproc:"):  # no host or no port: a Client that finds out by itself is left half made
            get_address_host_port(address)
        client = Client(address)
    except (OSError, ValueError) as error:  # nobody there, or no address
        raise EnsembleError(f"--dask {address} cannot be reached ({error}); give the address of a running scheduler") from None
    with client:
        futures = {client.submit(run_task, task, pure=False): task for task in tasks}
        for future in as_completed(list(futures)):
            task = futures.pop(future)
            failure = future.exception()
            if isinstance(failure, RunnerError):
                raise failure
            yield future.result() if failure is None else task.lost(f"Dask gave this member up: {type(failure).__name__}")
