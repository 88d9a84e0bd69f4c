"""Many chunks on many workers: the European run on this machine or on a Dask cluster.

What:    ``run`` splits the domain into chunks, has each stepped by time_loop.run_task in one process, several, or on the
         workers of a Dask scheduler, and shows the time left. Which worker steps a chunk changes no bit of it.
Memory:  a worker holds one chunk (350 columns and three scenarios: 100 MB, whatever the grid and the years); nothing is sent back
         but the clock.
Use:     ``folder = run(domain, config, resume=True)``; results.gather reads the folder.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from pathlib import Path

from ...emulator.contract.bundle import default_bundle, read_contract
from ..config import RunConfig
from ..errors import CalcisolError
from ..europe.domain import Domain
from ..europe.scenario import load_scenarios
from ..forcing.file_names import files_of
from . import checkpoint, time_loop
from .clock import Clock
from .folder_lock import remove_parts, why_not
from .layer_groups import chunks_of
from .on_dask import on_dask
from .progress import progress_line
from .task import Task


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


RECORDS = 2  # counts up when the chunk files hold other things
_worker_model = None


@contextmanager
def _signals_wait() -> Iterator[None]:
    """Processes started meanwhile never hear Ctrl-C or SIGTERM, not even while they start; this one hears them at the end.

    A terminal sends the first to all processes, a batch system the second: a worker that died of it would look like one that
    was killed. A blocked signal is inherited and, unlike an ignored one, not lost here.
    """
    if threading.current_thread() is not threading.main_thread():  # which alone hears signals
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _watch_parent() -> None:
    """Pool initialiser: a worker ends when its parent is gone, so that none goes on beside a resumed run."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _worker(task: Task) -> Clock:
    """Entry of a pool process or Dask worker: the model is opened once per process."""
    global _worker_model
    if _worker_model is None:
        _worker_model = open_model(task.config)
    return run_task(task, _worker_model)


def make_tasks(domain: Domain, config: RunConfig, folder: Path, laboratory: bool = True) -> list[Task]:
    """Chunks of at most ``config.chunk`` columns, those on layers as asked for first, each group in domain order."""
    scenarios = tuple(load_scenarios(config.scenarios))
    return [
        Task(i, domain.subset(c.columns), c.config, scenarios, folder, laboratory=laboratory, pieces=c.pieces)
        for i, c in enumerate(chunks_of(domain, config))
    ]


def work_folder(domain: Domain, config: RunConfig, laboratory: bool = True) -> Path:
    """Folder of the chunk files; its name changes with anything that changes the numbers or what is recorded of them."""
    bundle = read_contract(config.bundle or default_bundle()).get("records_sha256", "")
    values = {"lat": domain.lat, "lon": domain.lon, **{k: f.values for k, f in domain.fields.items()}}
    physics = {**config.physics(), "tier": domain.tier, "records": RECORDS, "laboratory": laboratory}
    weather = [Path(name) for given in config.weather_files for name in files_of(Path(given))]
    physics["weather_files"] = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in weather]
    return Path(config.out).resolve() / ".work" / checkpoint.fingerprint(physics, values, bundle)


def _here(tasks: list[Task], config: RunConfig) -> Iterator[Clock]:
    with open_model(config) as model:
        for task in tasks:
            yield run_task(task, model)


def _pool(tasks: list[Task], workers: int) -> Iterator[Clock]:
    before = {child.pid for child in multiprocessing.active_children()}
    resource_tracker.ensure_running()  # its start would unblock the signals that wait
    fresh = multiprocessing.get_context("spawn")  # torch must not be forked
    with ProcessPoolExecutor(workers, mp_context=fresh, initializer=_watch_parent) as pool:
        with _signals_wait():
            waiting = [pool.submit(_worker, task) for task in tasks]
        try:
            for future in as_completed(waiting):
                yield future.result()
        except BaseException as error:
            ours = [child for child in multiprocessing.active_children() if child.pid not in before]
            for child in ours:  # they hear no SIGTERM; files they were writing are not renamed
                child.kill()
            pool.shutdown(cancel_futures=True)
            for child in ours:
                child.join()
                remove_parts(tasks[0].folder, child.pid)
            if isinstance(error, BrokenProcessPool):
                raise CalcisolError(
                    "a worker was killed (out of memory?); go on with --resume, or with fewer --workers"
                ) from None
            raise


def _start(folder: Path, resume: bool) -> None:
    """Make the work folder. Raises CalcisolError where it holds another run's work that nobody said to go on with."""
    if not resume and folder.is_dir() and any(folder.glob("chunk_*.npz")):
        raise CalcisolError(
            f"{folder} holds the work of an earlier run of this configuration; continue it with --resume, or remove that folder "
            "to begin again"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise why_not(folder, error) from None


def run(
    domain: Domain,
    config: RunConfig,
    resume: bool = False,
    clock: Clock | None = None,
    what: str = "chunks",
    laboratory: bool = True,
) -> Path:
    """Run everything; returns the folder of chunk files. ``laboratory``: with the pH of suspensions at the end of each year.

    Raises CalcisolError where the folder holds the work of an earlier run and ``resume`` is not given: nothing is deleted.
    """
    folder = work_folder(domain, config, laboratory)
    _start(folder, resume)
    tasks = make_tasks(domain, config, folder, laboratory)
    progress_line(0, len(tasks), what)
    workers = min(config.workers, len(tasks))
    if config.workers > len(tasks) and len(domain) > len(tasks):
        sys.stderr.write(f"calcisol: {len(tasks)} chunks for {config.workers} workers; a smaller chunk would give work to all\n")
    if config.dask:
        finished = on_dask(_worker, tasks, config.dask)
    else:
        finished = _here(tasks, config) if workers <= 1 else _pool(tasks, workers)
    for i, spent in enumerate(finished):
        if clock is not None:
            clock.add(spent)
        progress_line(i + 1, len(tasks), what)
    return folder


def tidy(folder: Path) -> None:
    """Remove the work of a run that is done, and the folder around it where no other work is in it."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        folder.parent.rmdir()
