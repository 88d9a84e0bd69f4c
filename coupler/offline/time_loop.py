"""One chunk of columns through time: spin-up, then all scenarios from the same start, with checkpoints.

What:    ``run_task`` steps a chunk and leaves one file per segment; a chunk never sees another, so neither the number of
         workers nor a kill changes a bit of it. Scenarios that share the water of a year live it together (together.py).
Units:   yearly records: records.py.
Source:  the compiled library that land models call: state, pools and budgets are read back through it.
Use:     ``clock = run_task(task, model)``; the files are read by results.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..config import MONTHLY, RunConfig
from ..europe.daily import DailyEurope
from ..europe.domain import Domain
from ..europe.monthly import Europe
from ..europe.steps import AnyEurope
from ..units import C_KG_PER_MOL, CACO3_KG_PER_MOL
from . import checkpoint
from .clock import Clock
from .segment import Segment
from .stepper import Stepper
from .task import SPINUP, Stopped, Task, chunk_file, finished, group
from .together import Together

SETTLED = 1e-3  # a spin-up to equilibrium ends when no pool of a column changes by more than this share in a year
SETTLING = ("ca", "mg", "k", "na", "dic")
LONGEST_SPINUP = 400  # years; exchangers turn over in 10-100 years (emulator/docs/science.md, 7)


def open_europe(domain: Domain, config: RunConfig) -> AnyEurope:
    """The driver that the configuration asks for."""
    return Europe(domain, config) if config.weather == MONTHLY else DailyEurope(domain, config)


def surveyed_calcite(europe: AnyEurope) -> np.ndarray:
    """Calcite of the soil as surveyed, mol m-2 (column, soil_layer)."""
    static = europe.static()
    return static["caco3"] * static["bulk_density"] * static["dz"] / CACO3_KG_PER_MOL


def _spinup_limit(config: RunConfig) -> int:
    """Years after which a spin-up ends in any case."""
    return config.spinup_years if config.spinup == "survey" else max(config.spinup_years, LONGEST_SPINUP)


def spin_up(model: Any, europe: AnyEurope, task: Task, clock: Clock) -> None:
    """Bring water, exchanger, gas and nitrogen into step with the first year's inputs; write the state scenarios start from.

    "survey" runs the years asked for, "equilibrium" goes on until the pools stand still. Either way calcite is set back to
    the survey at the end: the survey is what is known, and carbonate itself has no equilibrium under leaching.
    """
    config = task.config
    final, part = (chunk_file(task.folder, task.number, SPINUP, p) for p in (False, True))
    stepper = Stepper(model, europe.static(), task.pieces)
    done, limit, dic = 0, _spinup_limit(config), np.zeros(task.shape)
    saved = checkpoint.load(part)
    if saved is not None:
        done = int(saved["done"])
        stepper.set_state(group(saved, "state:"))
        europe.recall(group(saved, "memory:"))
    while done < limit:
        before = stepper.state
        _spinup_year(europe, config.start_year - limit + done, stepper, dic, clock)
        state = stepper.state
        done += 1
        clock.column_years += len(task.domain)
        if config.spinup == "equilibrium" and done >= config.spinup_years and before:
            moved = max(float(np.abs(state[k].sum(1) / before[k].sum(1) - 1.0).max()) for k in SETTLING)
            if moved < SETTLED:
                break
        if done % config.checkpoint_years == 0 and done < limit:
            with clock("io"):
                checkpoint.save(part, {"done": np.array(done), **_kept(state, europe)})
    state = {**stepper.state, "calcite": surveyed_calcite(europe)}
    sic = state["calcite"] * C_KG_PER_MOL
    output = {"output:sic": sic if stepper.fold is None else stepper.fold.total(sic), "output:dic": dic}
    with clock("io"):
        checkpoint.save(final, {"done": np.array(done), **_kept(state, europe), **output})
    part.unlink(missing_ok=True)


def _spinup_year(europe: AnyEurope, weather_of: int, stepper: Stepper, dic: np.ndarray, clock: Clock) -> None:
    """One year with the inputs before the first and weather of its own; ``dic`` takes the carbon dissolved at its end."""
    year = europe.config.start_year - 1
    with clock("water"):
        brought = europe.year(None, year, weather_of)
    for step in europe.steps_of(brought):
        with clock("forcing"):
            forcing = europe.forcing_of(brought, step, *stepper.pools(("nh4", "no3"), step))
        with clock("step"):
            out = stepper.step(step, forcing, ("dic",))
        dic[slice(None) if step.columns is None else step.columns] = out["dic"]


def _kept(state: dict[str, np.ndarray], europe: AnyEurope) -> dict[str, np.ndarray]:
    """State of soil and water for a checkpoint."""
    return {**{f"state:{k}": v for k, v in state.items()}, **{f"memory:{k}": v for k, v in europe.memory().items()}}


def run_segments(model: Any, europe: AnyEurope, task: Task, start: dict[str, np.ndarray] | None, clock: Clock) -> None:
    """All scenarios of a chunk that have no result yet, year by year."""
    left = [s for s in task.scenarios if not finished(task.folder, task.number, s.key)]
    segments = [Segment(model, europe, task, scenario, start) for scenario in left]
    if not segments:
        return
    first = min(segments, key=lambda s: s.done)
    europe.recall(first.memory)
    every, years = task.config.checkpoint_years, len(first.years)
    groups: list[Together] = []
    for i in range(first.done, years):
        lived = [s for s in segments if s.done == i]
        for segment in segments:
            if segment.done > i:  # a kill came between the files of two scenarios
                europe.live_through(segment.scenario, segment.years[i])
        if sum(len(g.segments) for g in groups) != len(lived):
            groups = _grouped(model, europe, lived, groups)
        for each in groups:
            each.live(clock)
        if i + 1 == years or (i + 1) % every == 0:
            for each in groups:
                each.part()
            for segment in lived:
                segment.save(europe.memory(), clock)
        if task.stop_after is not None and i + 1 >= task.stop_after and i + 1 < years:
            raise Stopped(f"chunk {task.number} stopped after {i + 1} years, as asked")


def _grouped(model: Any, europe: AnyEurope, segments: list[Segment], before: list[Together]) -> list[Together]:
    """Segments by the water they share; those that went on together until now give their states back first."""
    for each in before:
        each.part()
    shared: dict[str, list[Segment]] = {}
    for segment in segments:
        shared.setdefault(europe.shares_water(segment.scenario), []).append(segment)
    return [Together(model, europe, some) for some in shared.values()]


def run_task(task: Task, model: Any) -> Clock:
    """One chunk through everything; finished segments are kept. Returns where its time went."""
    clock = Clock()
    with clock("water"):
        europe = open_europe(task.domain, task.config)
    before = chunk_file(task.folder, task.number, SPINUP)
    if task.config.spinup_years and not checkpoint.whole(before):
        spin_up(model, europe, task, clock)
    with clock("io"):
        start = checkpoint.load(before) if task.config.spinup_years else None
    run_segments(model, europe, task, start, clock)
    return clock.stop()
