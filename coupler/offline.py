"""The time loop of the European run: chunks of columns, monthly steps, spin-up shared by the scenarios.

What:    ``run`` splits the domain into chunks, steps each through spin-up and every scenario, and leaves one file per chunk and
         scenario; chunks never see each other, so any number of workers gives the same bits.
Units:   yearly records: layer variables (year, column, soil_layer), column variables (year, column), contract units.
Source:  DESIGN.md 7. State, pools and budgets are read back through the same compiled path that land models call.
Use:     ``results = run(domain, config, resume=True)``.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..emulator.bundle import default_bundle, read_contract
from . import restart
from .budget import Budget, stocks
from .config import RunConfig
from .domain import Domain
from .errors import CalcisolError
from .europe import Europe
from .scenario import Scenario, load_scenario
from .units import MONTH_SECONDS

# yearly means of monthly rates and states, and end-of-year stocks
MEAN_LAYER, END_LAYER = ("ph", "pco2"), ("sic", "dic", "base_sat")
MEAN_COLUMN = (
    "ph_top",
    "co2_adj",
    "dic_leach",
    "alk_leach",
    "ca_leach",
    "no3_leach",
    "nh4_leach",
    "n_sink",
    "ca_sink",
    "acid_load",
    "calcite_loss",
)
SPINUP = "spinup"


@dataclass(frozen=True)
class Task:
    """One chunk of columns through spin-up and all scenarios."""

    number: int
    domain: Domain
    config: RunConfig
    scenarios: tuple[Scenario, ...]
    folder: Path
    stop_after: int | None = None  # tests: raise after this many years, as a kill would


class Stopped(RuntimeError):
    """Raised by a task that was told to stop early (tests of restart)."""


def open_model(config: RunConfig):
    """The emulator of this run; imported late so that ``calcisol --help`` needs no compiled library."""
    from .capi import Model

    return Model(config.bundle or None)


def chunk_file(folder: Path, number: int, segment: str, part: bool = False) -> Path:
    """File of one chunk and segment (spin-up or scenario)."""
    return folder / f"chunk_{number:04d}_{segment}{'.part' if part else ''}.npz"


def _empty(names: tuple[str, ...], shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    return {name: np.zeros(shape) for name in names}


def _group(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


def run_segment(
    model, europe: Europe, task: Task, scenario: Scenario | None, years: list[int], start: dict[str, np.ndarray] | None
) -> None:
    """Step one chunk through ``years`` and write its result; goes on from a checkpoint where there is one.

    ``start`` is the result file of the spin-up (None: begin with the soil as surveyed).
    """
    name = SPINUP if scenario is None else scenario.key
    final, part = (chunk_file(task.folder, task.number, name, p) for p in (False, True))
    n, nlay, steps = len(task.domain), len(task.config.layers), len(years)
    layer = {**_empty(MEAN_LAYER + END_LAYER, (steps, n, nlay)), "flag": np.zeros((steps, n, nlay), np.int32)}
    column = _empty((*MEAN_COLUMN, "mineral_n", "harvested_n", "supplied_n", "co2_src", "drainage"), (steps, n))
    budget, done = Budget(), 0
    columns = model.columns(europe.static())
    state: dict[str, np.ndarray] = {} if start is None else _group(start, "state:")
    carbon = None if start is None else _group(start, "output:")
    begin = carbon["sic"] if carbon else np.zeros((n, nlay))
    saved = restart.load(part)
    if saved is not None:
        done = int(saved["done"])
        budget, begin = Budget.restore(saved), saved["start:sic"]
        for group, values in (("layer", layer), ("column", column)):
            for key in values:
                values[key][:done] = saved[f"{group}:{key}"]
        state = _group(saved, "state:")
    nh4 = no3 = np.zeros((n, nlay))
    if state:
        columns.set_state(state)
        nh4, no3 = state["nh4"], state["no3"]
        if saved is None:
            budget.open(stocks(carbon or {}, state))
    out: dict[str, np.ndarray] = {}
    for i in range(done, steps):
        plan, source = europe.plan(scenario, years[i])
        for month in range(12):
            forcing = europe.forcing(scenario, years[i], month, nh4, no3)
            out = columns.step(MONTH_SECONDS, forcing)
            state = columns.state()
            nh4, no3 = state["nh4"], state["no3"]
            if not budget.first:  # the very first step makes the state: budgets begin after it
                budget.open(stocks(out, state))
                begin = out["sic"]
            else:
                budget.add(MONTH_SECONDS, forcing, out)
            for key in MEAN_LAYER:
                layer[key][i] += out[key] / 12
            for key in MEAN_COLUMN:
                column[key][i] += out[key] / 12
            layer["flag"][i] |= out["flag"]
        for key in END_LAYER:
            layer[key][i] = out[key]
        column["mineral_n"][i] = europe.mineral_n(scenario, years[i])
        column["harvested_n"][i], column["supplied_n"][i] = plan.harvested, plan.supplied
        column["co2_src"][i], column["drainage"][i] = source.mean(1), europe.water.q_bot.mean(1)
        last = i + 1 == steps
        if last:
            budget.close(stocks(out, state))
        if last or (i + 1) % task.config.checkpoint_years == 0:
            restart.save(
                final if last else part,
                {
                    "done": np.array(i + 1),
                    "start:sic": begin,
                    **{f"layer:{k}": v[: i + 1] for k, v in layer.items()},
                    **{f"column:{k}": v[: i + 1] for k, v in column.items()},
                    **{f"state:{k}": v for k, v in state.items()},
                    **{f"output:{k}": out[k] for k in ("sic", "dic")},
                    **budget.arrays(),
                },
            )
        if task.stop_after is not None and i + 1 >= task.stop_after and not last:
            raise Stopped(f"chunk {task.number} stopped after {i + 1} years, as asked")
    part.unlink(missing_ok=True)


def run_task(task: Task, model=None) -> int:
    """One chunk through everything; finished segments are kept. Returns the number of column-steps it took."""
    own = model is None
    model = open_model(task.config) if own else model
    try:
        europe = Europe(task.domain, task.config)
        config, steps = task.config, 0
        before = chunk_file(task.folder, task.number, SPINUP)
        spin_years = [config.start_year - config.spinup_years + i for i in range(config.spinup_years)]
        if spin_years and restart.load(before) is None:
            run_segment(model, europe, task, None, spin_years, None)
            steps += 12 * len(spin_years) * len(task.domain)
        start = restart.load(before) if spin_years else None
        years = list(range(config.start_year, config.end_year + 1))
        for scenario in task.scenarios:
            if restart.load(chunk_file(task.folder, task.number, scenario.key)) is None:
                run_segment(model, europe, task, scenario, years, start)
                steps += 12 * len(years) * len(task.domain)
        return steps
    finally:
        if own:
            model.close()


_worker_model = None


def _watch_parent() -> None:
    """Pool initialiser: a worker ends with its parent, so that none goes on beside a resumed run."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _worker(task: Task) -> tuple[int, int]:
    """Pool entry: the model is opened once per process."""
    global _worker_model
    if _worker_model is None:
        _worker_model = open_model(task.config)
    return task.number, run_task(task, _worker_model)


def make_tasks(domain: Domain, config: RunConfig, folder: Path) -> list[Task]:
    """Chunks of ``config.chunk`` columns, in domain order."""
    scenarios = tuple(load_scenario(name) for name in config.scenarios)
    cuts = range(0, len(domain), config.chunk)
    return [Task(i, domain.subset(slice(a, a + config.chunk)), config, scenarios, folder) for i, a in enumerate(cuts)]


def work_folder(domain: Domain, config: RunConfig) -> Path:
    """Folder of the chunk files; its name changes with anything that changes the numbers."""
    bundle = read_contract(config.bundle or default_bundle()).get("records_sha256", "")
    values = {"lat": domain.lat, "lon": domain.lon, **{k: f.values for k, f in domain.fields.items()}}
    physics = {**config.physics(), "tier": domain.tier}
    return Path(config.out) / ".work" / restart.fingerprint(physics, values, bundle)


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


def run(domain: Domain, config: RunConfig, resume: bool = False) -> Path:
    """Run everything; returns the folder of chunk files. Without ``resume`` earlier chunk files of this run are removed."""
    folder = work_folder(domain, config)
    if not resume and folder.is_dir():
        for file in folder.glob("chunk_*.npz"):
            file.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    tasks = make_tasks(domain, config, folder)
    progress_line(0, len(tasks), "chunks")
    workers = min(config.workers, len(tasks))
    if workers <= 1:
        with open_model(config) as model:
            for i, task in enumerate(tasks):
                run_task(task, model)
                progress_line(i + 1, len(tasks), "chunks")
        return folder
    # spawn: torch must not be forked
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_watch_parent) as pool:
        waiting = [pool.submit(_worker, task) for task in tasks]
        try:
            for i, future in enumerate(as_completed(waiting)):
                future.result()
                progress_line(i + 1, len(tasks), "chunks")
        except BrokenProcessPool:
            raise CalcisolError("a worker was killed (out of memory?); go on with --resume, or with fewer --workers") from None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return folder
