"""The teacher asked again: do MIN3P runs with and without nitrogen show the effect that the emulator claims?

What:    columns of the training design (seed of its own, so none was trained on), each run twice in the user's MIN3P, with its
         nitrogen and without; the emulator follows both from the same start. Where MIN3P is not there, this part is left out.
Units:   mol CaCO3 m-2 over the run, [column].
Source:  min3p/twins.py (what a column without nitrogen is); deletion test of science notes E.7: take the driver away and look.
Use:     ``check = ask(step, folder, columns=20, years=8)``; needs MIN3P_EXE and MIN3P_DB
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from .. import sampling
from ..learning_set import load_learning_file
from ..min3p.collect import collect
from ..min3p.deck import DeckOptions
from ..min3p.member import Task, run_member
from ..min3p.store import Plan, records
from ..rollout import rollout
from .compare import spearman

SEED = 7007  # of the Sobol sequence; training uses others
WALL_LIMIT = 300.0  # s per run
LEAST_CACO3 = 0.2  # %
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


def chosen_points(columns: int) -> list[int]:
    """Numbers of the first design points with nitrogen and calcite enough."""
    points = sampling.draw(8 * columns, SEED)
    return [p.index for p in points if p.values["nitrogen"] >= LEAST_N and p.values["caco3"] > LEAST_CACO3][:columns]


def run_pairs(folder: Path, columns: int, years: int, workers: int) -> list[Path]:
    """Learning files of the columns with nitrogen and of their twins without; runs found in ``folder`` are used again."""
    files = []
    for name, twin in (("with", None), ("without", "no_nitrogen")):
        home = folder / name
        Plan(SEED, years, DeckOptions().sites, twin).check_or_write(home)
        (home / "members").mkdir(parents=True, exist_ok=True)
        there = {r["index"] for r in records(home)}
        tasks = [Task(home, i, SEED, years, WALL_LIMIT, twin) for i in chosen_points(columns) if i not in there]
        if tasks:
            with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
                list(pool.map(run_member, tasks))
        collect(home, home / "learning.nc")
        files.append(home / "learning.nc")
    return files


def losses(step: nn.Module, file: Path) -> dict[int, tuple[float, float]]:
    """Change of calcite [mol m-2] of each member: by MIN3P, and by the step from the same start under the same forcing."""
    out: dict[int, tuple[float, float]] = {}
    for data in load_learning_file(file):
        prepared = step.prepare(data.static)  # type: ignore[operator]
        run = rollout(step, replace(data, static=prepared))
        own, true = ((s[-1, 0] - s[0, 0]).sum(0) for s in (run.state, data.state))
        for k, member in enumerate(np.asarray(data.members).tolist()):
            out[int(member)] = (float(true[k]), float(own[k]))
    return out


def ask(step: nn.Module, folder: Path, columns: int = 20, years: int = 8, workers: int = 2) -> Teacher:
    """Run the pairs in MIN3P and follow them with ``step``."""
    with_n, without = (losses(step, f) for f in run_pairs(folder, columns, years, workers))
    whole = sorted(set(with_n) & set(without))
    effect = np.array([[with_n[i][k] - without[i][k] for k in (0, 1)] for i in whole]).reshape(-1, 2)
    return Teacher(effect[:, 0], effect[:, 1], len(chosen_points(columns)) - len(whole))
