"""The teacher asked again: do MIN3P runs with and without nitrogen show the effect that the emulator claims?

What:    columns of the training design (seed of its own, so none was trained on), each run twice in the user's MIN3P, with its
         nitrogen and without; the emulator follows both from the same start. Where MIN3P is not there, this part is left out.
Units:   mol CaCO3 m-2 over the run, [column].
Source:  min3p/ (decks, runner, reader); deletion test of science notes E.7: take the driver away and look.
Use:     ``check = ask(step, folder, columns=20, years=8)``; needs MIN3P_EXE and MIN3P_DB
"""

from __future__ import annotations

import json
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from .. import sampling
from ..rollout import rollout
from .compare import spearman

SEED = 7007  # of the Sobol sequence; training uses others
WALL_LIMIT = 300.0  # s per run
LEAST_N = 40.0  # kg N ha-1: with less there is no effect to check


@dataclass(frozen=True)
class Teacher:
    """Effect of nitrogen on the calcite of each column [mol m-2], by MIN3P and by the step."""

    min3p: np.ndarray
    emulator: np.ndarray
    failed: int

    def as_dict(self) -> dict[str, Any]:
        """Numbers of the report."""
        big = np.abs(self.min3p) > 0.05 * np.abs(self.min3p).max() if len(self.min3p) else np.zeros(0, bool)
        return {
            "columns": len(self.min3p),
            "failed": self.failed,
            "rank": spearman(self.emulator, self.min3p),
            "signs": float((np.sign(self.emulator[big]) == np.sign(self.min3p[big])).mean()) if big.any() else float("nan"),
            "ratio": float(self.emulator.sum() / self.min3p.sum()) if len(self.min3p) else float("nan"),
            "median_error": float(np.median(np.abs(self.emulator - self.min3p)[big] / np.abs(self.min3p[big])))
            if big.any()
            else float("nan"),
            "min3p": self.min3p.tolist(),
            "emulator": self.emulator.tolist(),
        }


def available() -> bool:
    """True where MIN3P_EXE and MIN3P_DB are set."""
    return bool(os.environ.get("MIN3P_EXE") and os.environ.get("MIN3P_DB"))


def _one(task: tuple[Path, int, sampling.Point, int]) -> dict[str, Any]:
    """One run, stored as member ``index``; its record."""
    import shutil

    from ..min3p import runner
    from ..min3p.deck import DeckOptions, write_run
    from ..min3p.design import build_column
    from ..min3p.learning import RunError, learning_member
    from ..min3p.store import member_path, record_path, write_text

    folder, index, point, years = task
    scratch = folder / "scratch" / f"m{index:05d}"
    record: dict[str, Any] = {"index": index, "state": "failed", "reason": "", "wall_s": 0.0}
    try:
        column = build_column(point, years)
        record["parameters"] = column.labels
        record["database_sha256"] = write_run(scratch, column, runner.stock_database(), DeckOptions())["database_sha256"]
        result = runner.run(scratch, runner.executable(), WALL_LIMIT)
        record.update(wall_s=round(result.wall_s, 2), min3p_version=result.status.version)
        if result.status.ok:
            learning_member(scratch, column).to_netcdf(member_path(folder, index), engine="netcdf4")
            record["state"] = "accepted"
        else:
            record["reason"] = result.status.reason
    except (RunError, ValueError, OSError) as error:
        record["reason"] = f"{type(error).__name__}: {error}"
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    write_text(record_path(folder, index), json.dumps(record, default=float))
    return record


def pairs(columns: int) -> list[tuple[sampling.Point, sampling.Point]]:
    """Design points with nitrogen and calcite, each beside itself without nitrogen."""
    out: list[tuple[sampling.Point, sampling.Point]] = []
    for point in sampling.draw(8 * columns, SEED):
        if point.values["nitrogen"] >= LEAST_N and point.values["caco3"] > 0.2 and len(out) < columns:
            out.append((point, replace(point, values={**point.values, "nitrogen": 0.0})))
    return out


def ask(step: nn.Module, folder: Path, columns: int = 20, years: int = 8, workers: int = 2) -> Teacher:
    """Run the pairs in MIN3P and follow them with ``step``. Runs found in ``folder`` are used again."""
    from ..learning_set import load_learning_file
    from ..min3p.collect import collect
    from ..min3p.deck import DeckOptions
    from ..min3p.store import Plan, records

    Plan(SEED, years, DeckOptions().sites).check_or_write(folder)
    (folder / "members").mkdir(parents=True, exist_ok=True)
    there = {r["index"] for r in records(folder)}
    chosen = pairs(columns)
    tasks = [(folder, 2 * i + j, point, years) for i, pair in enumerate(chosen) for j, point in enumerate(pair)]
    missing = [t for t in tasks if t[1] not in there]
    if missing:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            list(pool.map(_one, missing))
    collect(folder, folder / "pairs.nc", 2 * len(chosen))
    moved: dict[int, tuple[float, float]] = {}
    for data in load_learning_file(folder / "pairs.nc"):
        with torch.no_grad():
            run = rollout(step, replace(data, static=step.prepare(data.static)))  # type: ignore[operator]
        own = (run.state[-1, 0] - run.state[0, 0]).sum(0)
        true = (data.state[-1, 0] - data.state[0, 0]).sum(0)
        for k, member in enumerate(np.asarray(data.members).tolist()):
            moved[int(member)] = (float(true[k]), float(own[k]))
    whole = [i for i in range(len(chosen)) if 2 * i in moved and 2 * i + 1 in moved]
    effect = np.array([[moved[2 * i][k] - moved[2 * i + 1][k] for k in (0, 1)] for i in whole]).reshape(-1, 2)
    return Teacher(effect[:, 0], effect[:, 1], len(chosen) - len(whole))
