"""One chunk of columns through time: spin-up, then each scenario from the same start, with checkpoints.

What:    ``run_task`` steps a chunk and leaves one file per segment; a chunk never sees another, so neither the number of
         workers nor a kill changes a bit of it.
Units:   yearly records: layer variables (year, column, soil_layer), column variables (year, column), contract units.
Source:  the compiled library that land models call: state, pools and budgets are read back through it.
Use:     ``clock = run_task(task, model)``; the files are read by results.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..config import RunConfig
from ..europe.domain import Domain
from ..europe.monthly import Europe, Year
from ..europe.scenario import Scenario
from ..units import C_KG_PER_MOL, CACO3_KG_PER_MOL, MONTH_SECONDS
from . import checkpoint
from .budget import Budget, stocks
from .clock import Clock
from .flags import Reports

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
DRIVERS = ("mineral_n", "harvested_n", "supplied_n", "co2_src", "drainage", "lime")
LABORATORY = ("ph_h2o", "ph_cacl2")  # read off the soil at the end of each year
OUTPUTS = (*MEAN_LAYER, *END_LAYER, *MEAN_COLUMN)
SPINUP = "spinup"
SETTLED = 1e-3  # a spin-up to equilibrium ends when no pool of a column changes by more than this share in a year
SETTLING = ("ca", "mg", "k", "na", "dic")
LONGEST_SPINUP = 400  # years; exchangers turn over in 10-100 years (emulator/docs/science.md, 7)


@dataclass(frozen=True)
class Task:
    """One chunk of columns through spin-up and all scenarios."""

    number: int
    domain: Domain
    config: RunConfig
    scenarios: tuple[Scenario, ...]
    folder: Path
    laboratory: bool = True  # with the pH of suspensions, two more equilibria a year
    stop_after: int | None = None  # tests: raise after this many years, as a kill would


class Stopped(RuntimeError):
    """Raised by a task that was told to stop early (tests of restart)."""


def chunk_file(folder: Path, number: int, segment: str, part: bool = False) -> Path:
    """File of one chunk and segment (spin-up or scenario)."""
    return folder / f"chunk_{number:04d}_{segment}{'.part' if part else ''}.npz"


def _empty(names: tuple[str, ...], shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    return {name: np.zeros(shape) for name in names}


def _group(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


def surveyed_calcite(europe: Europe) -> np.ndarray:
    """Calcite of the soil as surveyed, mol m-2 (column, soil_layer)."""
    static = europe.static()
    return static["caco3"] * static["bulk_density"] * static["dz"] / CACO3_KG_PER_MOL


def spin_up(model, europe: Europe, task: Task, clock: Clock) -> None:
    """Bring water, exchanger, gas and nitrogen into step with the first year's forcing; write the state scenarios start from.

    "survey" runs the years asked for, "equilibrium" goes on until the pools stand still. Either way calcite is set back to
    the survey at the end: the survey is what is known, and carbonate itself has no equilibrium under leaching.
    """
    config = task.config
    final, part = (chunk_file(task.folder, task.number, SPINUP, p) for p in (False, True))
    year = config.start_year - 1
    columns = model.columns(europe.static())
    n, nlay = europe.clay.shape
    nh4 = no3 = np.zeros((n, nlay))
    done, out, state = 0, {}, {}
    saved = checkpoint.load(part)
    if saved is not None:
        done, state = int(saved["done"]), _group(saved, "state:")
        columns.set_state(state)
        nh4, no3 = state["nh4"], state["no3"]
    limit = config.spinup_years if config.spinup == "survey" else max(config.spinup_years, LONGEST_SPINUP)
    while done < limit:
        before = state
        for month in range(12):
            with clock("forcing"):
                forcing = europe.forcing(None, year, month, nh4, no3)
            with clock("step"):
                out = columns.step(MONTH_SECONDS, forcing, ("dic",))
                state = columns.state()
            nh4, no3 = state["nh4"], state["no3"]
        done += 1
        clock.column_years += n
        if config.spinup == "equilibrium" and done >= config.spinup_years and before:
            moved = max(float(np.abs(state[k].sum(1) / before[k].sum(1) - 1.0).max()) for k in SETTLING)
            if moved < SETTLED:
                break
        if done % config.checkpoint_years == 0 and done < limit:
            with clock("io"):
                checkpoint.save(part, {"done": np.array(done), **{f"state:{k}": v for k, v in state.items()}})
    state["calcite"] = surveyed_calcite(europe)
    output = {"sic": state["calcite"] * C_KG_PER_MOL, "dic": out["dic"] if out else state["dic"] * C_KG_PER_MOL}
    with clock("io"):
        checkpoint.save(
            final,
            {
                "done": np.array(done),
                **{f"state:{k}": v for k, v in state.items()},
                **{f"output:{k}": v for k, v in output.items()},
            },
        )
    part.unlink(missing_ok=True)


class Segment:
    """The records of one chunk over the years of a segment, and what a checkpoint needs to go on with them."""

    def __init__(self, shape: tuple[int, int, int], laboratory: bool) -> None:
        """``shape``: years, columns, layers."""
        years, n, nlay = shape
        end = END_LAYER + (LABORATORY if laboratory else ())
        self.layer = {**_empty(MEAN_LAYER + end, (years, n, nlay)), "flag": np.zeros((years, n, nlay), np.int32)}
        self.column = _empty((*MEAN_COLUMN, *DRIVERS), (years, n))
        self.laboratory = laboratory
        self.budget, self.reports = Budget(), Reports()
        self.begin = np.zeros((n, nlay))
        self.done = 0

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Take up a checkpoint."""
        self.done = int(saved["done"])
        self.budget, self.reports, self.begin = Budget.restore(saved), Reports.restore(saved), saved["start:sic"]
        for group, values in (("layer", self.layer), ("column", self.column)):
            for key in values:
                values[key][: self.done] = saved[f"{group}:{key}"]

    def add(self, i: int, out: dict[str, np.ndarray], columns) -> None:
        """One month of year ``i``."""
        for key in MEAN_LAYER:
            self.layer[key][i] += out[key] / 12
        for key in MEAN_COLUMN:
            self.column[key][i] += out[key] / 12
        self.layer["flag"][i] |= out["flag"]
        self.reports.add(columns)

    def end_of_year(self, i: int, out: dict[str, np.ndarray], brought: Year, columns) -> None:
        """Stocks, what the year brought, and what suspensions of the soil would read."""
        for key in END_LAYER:
            self.layer[key][i] = out[key]
        if self.laboratory:
            for key, values in zip(LABORATORY, columns.laboratory_ph(), strict=True):
                self.layer[key][i] = values
        self.column["mineral_n"][i], self.column["lime"][i] = brought.mineral_n, brought.lime / 12
        self.column["harvested_n"][i], self.column["supplied_n"][i] = brought.plan.harvested, brought.plan.supplied
        self.column["co2_src"][i], self.column["drainage"][i] = brought.source.mean(1), brought.weather.water.q_bot.mean(1)
        self.done = i + 1

    def arrays(self, state: dict[str, np.ndarray], out: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Everything so far, for a checkpoint."""
        return {
            "done": np.array(self.done),
            "start:sic": self.begin,
            **{f"layer:{k}": v[: self.done] for k, v in self.layer.items()},
            **{f"column:{k}": v[: self.done] for k, v in self.column.items()},
            **{f"state:{k}": v for k, v in state.items()},
            **{f"output:{k}": out[k] for k in ("sic", "dic")},
            **self.budget.arrays(),
            **self.reports.arrays(),
        }


def run_segment(
    model, europe: Europe, task: Task, scenario: Scenario, years: list[int], start: dict[str, np.ndarray] | None, clock: Clock
) -> None:
    """Step one chunk through ``years`` and write its result; goes on from a checkpoint where there is one.

    ``start`` is the result file of the spin-up (None: begin with the soil as surveyed).
    """
    final, part = (chunk_file(task.folder, task.number, scenario.key, p) for p in (False, True))
    n, nlay, steps = len(task.domain), len(task.config.layers), len(years)
    segment = Segment((steps, n, nlay), task.laboratory)
    budget = segment.budget
    columns = model.columns(europe.static())
    segment.reports.quote(columns)
    state: dict[str, np.ndarray] = {} if start is None else _group(start, "state:")
    carbon = None if start is None else _group(start, "output:")
    if carbon:
        segment.begin = carbon["sic"]
    saved = checkpoint.load(part)
    if saved is not None:
        segment.restore(saved)
        segment.reports.quote(columns)
        budget, state = segment.budget, _group(saved, "state:")
    nh4 = no3 = np.zeros((n, nlay))
    if state:
        columns.set_state(state)
        nh4, no3 = state["nh4"], state["no3"]
        if saved is None:
            budget.open(stocks(carbon or {}, state))
    out: dict[str, np.ndarray] = {}
    for i in range(segment.done, steps):
        with clock("forcing"):
            brought = europe.year(scenario, years[i])
        for month in range(12):
            with clock("forcing"):
                forcing = europe.forcing(scenario, years[i], month, nh4, no3)
            with clock("step"):
                out = columns.step(MONTH_SECONDS, forcing, OUTPUTS)
                state = columns.state()
            nh4, no3 = state["nh4"], state["no3"]
            if not budget.first:  # the very first step makes the state: budgets begin after it
                budget.open(stocks(out, state))
                segment.begin = out["sic"]
            else:
                budget.add(MONTH_SECONDS, forcing, out)
            segment.add(i, out, columns)
        with clock("laboratory"):
            segment.end_of_year(i, out, brought, columns)
        clock.column_years += n
        last = i + 1 == steps
        if last:
            budget.close(stocks(out, state))
        if last or (i + 1) % task.config.checkpoint_years == 0:
            with clock("io"):
                checkpoint.save(final if last else part, segment.arrays(state, out))
        if task.stop_after is not None and i + 1 >= task.stop_after and not last:
            raise Stopped(f"chunk {task.number} stopped after {i + 1} years, as asked")
    part.unlink(missing_ok=True)


def run_task(task: Task, model) -> Clock:
    """One chunk through everything; finished segments are kept. Returns where its time went."""
    clock = Clock()
    with clock("forcing"):
        europe = Europe(task.domain, task.config)
    config = task.config
    before = chunk_file(task.folder, task.number, SPINUP)
    if config.spinup_years and not checkpoint.whole(before):
        spin_up(model, europe, task, clock)
    with clock("io"):
        start = checkpoint.load(before) if config.spinup_years else None
    years = list(range(config.start_year, config.end_year + 1))
    for scenario in task.scenarios:
        if not checkpoint.whole(chunk_file(task.folder, task.number, scenario.key)):
            run_segment(model, europe, task, scenario, years, start, clock)
    return clock.stop()
