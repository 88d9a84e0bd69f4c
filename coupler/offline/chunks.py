"""Many chunks on many workers: the European run on this machine or on a Dask cluster.

What:    ``run`` splits the domain into chunks, has each stepped by time_loop.run_task in one process, several, or on the
         workers of a Dask scheduler, and shows the time left. Which worker steps a chunk changes no bit of it.
Memory:  a worker holds one chunk (128 columns: some tens of MB, whatever the grid); nothing is sent back but the clock.
Source:  DESIGN.md 7.
Use:     ``folder = run(domain, config, resume=True)``; results.gather reads the folder.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path

from ...emulator.contract.bundle import default_bundle, read_contract
from ..config import RunConfig
from ..errors import CalcisolError
from ..europe.domain import Domain
from ..europe.scenario import load_scenarios
from . import checkpoint, time_loop
from .clock import Clock
from .time_loop import Task


def open_model(config: RunConfig):
    """The emulator of this run; imported late so that ``calcisol --help`` needs no compiled library."""
    from ..library.model import Model

    return Model(config.bundle or None)


def run_task(task: Task, model=None) -> Clock:
    """One chunk; opens the emulator where none is given."""
    if model is not None:
        return time_loop.run_task(task, model)
    with open_model(task.config) as model:
        return time_loop.run_task(task, model)


CONNECT_SECONDS = 30
_worker_model = None


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Processes started meanwhile never hear Ctrl-C, not even while they start.

    A terminal sends it to all processes: a worker that died of it would look like one that was killed.
    """
    if threading.current_thread() is not threading.main_thread():  # which alone may say what happens on a signal
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _watch_parent(stopped: Event) -> None:
    """Pool initialiser: a worker ends when its parent says so or is gone, so that none goes on beside a resumed run."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent and not stopped.wait(0.5):
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _worker(task: Task) -> Clock:
    """Entry of a pool process or Dask worker: the model is opened once per process."""
    global _worker_model
    if _worker_model is None:
        _worker_model = open_model(task.config)
    return run_task(task, _worker_model)


def make_tasks(domain: Domain, config: RunConfig, folder: Path) -> list[Task]:
    """Chunks of ``config.chunk`` columns, in domain order."""
    scenarios = tuple(load_scenarios(config.scenarios))
    cuts = range(0, len(domain), config.chunk)
    return [Task(i, domain.subset(slice(a, a + config.chunk)), config, scenarios, folder) for i, a in enumerate(cuts)]


def work_folder(domain: Domain, config: RunConfig) -> Path:
    """Folder of the chunk files; its name changes with anything that changes the numbers."""
    bundle = read_contract(config.bundle or default_bundle()).get("records_sha256", "")
    values = {"lat": domain.lat, "lon": domain.lon, **{k: f.values for k, f in domain.fields.items()}}
    physics = {**config.physics(), "tier": domain.tier}
    return Path(config.out).resolve() / ".work" / checkpoint.fingerprint(physics, values, bundle)


_began = time.monotonic()


def progress_line(done: int, total: int, what: str) -> None:
    """One line on the terminal with the time left; where stderr is no terminal, a line per tenth."""
    global _began
    if done == 0:
        _began = time.monotonic()
    spent = time.monotonic() - _began
    left = spent / done * (total - done) if done else 0.0
    line = f"calcisol: {done} of {total} {what}, {spent:.0f} s, about {left:.0f} s left"
    if sys.stderr.isatty():
        print("\r\033[K" + line, end="" if done < total else "\n", file=sys.stderr, flush=True)
    elif done == total or (done and done * 10 // total != (done - 1) * 10 // total):
        print(line, file=sys.stderr, flush=True)


def _here(tasks: list[Task], config: RunConfig) -> Iterator[Clock]:
    with open_model(config) as model:
        for task in tasks:
            yield run_task(task, model)


def _pool(tasks: list[Task], workers: int) -> Iterator[Clock]:
    fresh = multiprocessing.get_context("spawn")  # torch must not be forked
    stopped = fresh.Event()
    with ProcessPoolExecutor(workers, mp_context=fresh, initializer=_watch_parent, initargs=(stopped,)) as pool:
        with _deaf_to_ctrl_c():
            waiting = [pool.submit(_worker, task) for task in tasks]
        try:
            for future in as_completed(waiting):
                yield future.result()
        except BrokenProcessPool:
            raise CalcisolError("a worker was killed (out of memory?); go on with --resume, or with fewer --workers") from None
        except BaseException:
            stopped.set()
            pool.shutdown(cancel_futures=True)  # waits: a worker that is still starting looks for what this process holds
            raise


def _dask(tasks: list[Task], address: str) -> Iterator[Clock]:
    """Chunks on the workers of a Dask scheduler; they must see the folder of results under the same path."""
    try:
        from distributed import Client
        from distributed import as_completed as arriving
    except ImportError:
        raise CalcisolError('--dask needs the package distributed; install it with pip install "calcisol[distributed]"') from None
    try:
        client = Client(address, timeout=CONNECT_SECONDS)
    except (OSError, TimeoutError, ValueError) as error:
        raise CalcisolError(f"no Dask scheduler answers at {address} ({error}); start one or use --workers") from None
    with client:
        waiting = client.map(_worker, tasks, pure=False, retries=2)
        for future in arriving(waiting):
            yield future.result()
            future.release()


def run(domain: Domain, config: RunConfig, resume: bool = False, clock: Clock | None = None, what: str = "chunks") -> Path:
    """Run everything; returns the folder of chunk files. Without ``resume`` earlier chunk files of this run are removed."""
    folder = work_folder(domain, config)
    if not resume and folder.is_dir():
        for file in folder.glob("chunk_*.npz"):
            file.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    tasks = make_tasks(domain, config, folder)
    progress_line(0, len(tasks), what)
    workers = min(config.workers, len(tasks))
    finished = _dask(tasks, config.dask) if config.dask else _here(tasks, config) if workers <= 1 else _pool(tasks, workers)
    for i, spent in enumerate(finished):
        if clock is not None:
            clock.add(spent)
        progress_line(i + 1, len(tasks), what)
    return folder
