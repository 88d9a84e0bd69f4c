"""Chunks on the workers of a Dask scheduler: waiting is told, a scheduler that is gone is one sentence.

What:    ``on_dask`` gives the clock of each chunk as it is done. The workers must see the folder of results under the same path.
Source:  distributed: a client whose scheduler is gone tries to find it again for the time of its own settings, and cancels then.
Use:     ``for clock in on_dask(worker, tasks, "tcp://host:8786"): ...``
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from ...emulator.contract.extras import sentence
from ..errors import CalcisolError, UnsupportedError
from .clock import Clock
from .task import Task, chunk_file

CONNECT_SECONDS = 30
POLL_SECONDS = 1.0
TELL_SECONDS = 30.0  # without workers this long, the run says that it waits; again after as long
LOST_SECONDS = 15.0  # a scheduler that does not answer this long is gone


class SchedulerError(CalcisolError):
    """The Dask scheduler cannot be reached, is gone, or its workers cannot do the work."""


KEPT = "what is done is kept: continue with the same command and --resume"


class _Watch:
    """What the scheduler is like while nothing arrives."""

    def __init__(self, client: Any, address: str) -> None:
        self.client, self.address = client, address
        self.told, self.answered = -TELL_SECONDS, time.monotonic()

    def look(self, left: int) -> None:
        """Say that no worker is there. Raises SchedulerError when the scheduler is gone."""
        now = time.monotonic()
        if self.client.status == "running":
            self.answered = now
        elif now - self.answered > LOST_SECONDS or self.client.status == "closed":
            raise SchedulerError(f"the Dask scheduler at {self.address} is gone; {KEPT}")
        if now - self.told >= TELL_SECONDS and self.client.status == "running" and not self._workers():
            self.told = now
            print(f"calcisol: no Dask worker at {self.address}; {left} chunks wait for one", file=sys.stderr, flush=True)

    def _workers(self) -> int:
        try:
            return len(self.client.nthreads())
        except Exception:  # of any kind while the connection breaks: the status tells at the next look
            return 1


def on_dask(work: Callable[[Task], Clock], tasks: list[Task], address: str) -> Iterator[Clock]:
    """Clocks of the chunks as they are done. Raises SchedulerError, UnsupportedError, and what a chunk raised."""
    try:
        from distributed import Client, KilledWorker, wait
        from distributed.comm.addressing import get_address_host_port
    except ImportError:
        raise UnsupportedError(sentence("--dask", "distributed", "distributed")) from None
    for name in ("distributed.client", "distributed.core", "distributed.comm"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # its own words on a lost scheduler; ours are one sentence
    try:
        if not address.startswith("inproc:"):  # no host or no port: a Client that finds out by itself is left half made
            get_address_host_port(address)
        client = Client(address, timeout=CONNECT_SECONDS)
    except (OSError, TimeoutError, ValueError) as error:
        raise SchedulerError(f"no Dask scheduler answers at {address} ({error}); start one or use --workers") from None
    try:
        futures = dict(zip(client.map(work, tasks, pure=False, retries=2), tasks, strict=True))
        watch = _Watch(client, address)
        while futures:
            try:
                done = set(wait(list(futures), timeout=POLL_SECONDS, return_when="FIRST_COMPLETED").done)
            except TimeoutError:
                done = set()
            watch.look(len(futures))
            for future in done:
                task = futures.pop(future)
                try:
                    yield future.result(timeout=CONNECT_SECONDS)
                except KilledWorker:
                    raise SchedulerError(f"the Dask workers die at chunk {task.number} (out of memory?); {KEPT}") from None
                if not chunk_file(task.folder, task.number, task.scenarios[-1].key).is_file():
                    raise SchedulerError(f"the Dask workers do not see {task.folder}; give an --out that all machines share")
    except CalcisolError:
        raise
    except Exception as error:
        if client.status == "running" and type(error).__name__ not in ("CommClosedError", "FutureCancelledError"):
            raise
        raise SchedulerError(f"the Dask scheduler at {address} is gone ({type(error).__name__}); {KEPT}") from None
    finally:
        client.close(timeout=2)
