"""The reference model run again: do MIN3P runs with and without nitrogen show the effect that the emulator claims?

What:    columns of the training design (seed of its own, so none was trained on), each run twice in the user's MIN3P, with its
         nitrogen and without; the emulator follows both from the same start. Where MIN3P is not there, this part is left out.
Units:   mol CaCO3 m-2 over the run, [column].
Source:  min3p/twins.py (what a column without nitrogen is); deletion test (emulator/docs/science.md, 13.7).
Use:     ``check = judge(step, run_pairs(folder, columns=20))``; needs MIN3P_EXE and MIN3P_DB where runs are missing. Alone:
         ``python -m calcisol.emulator.explain.reference_model FOLDER --columns 20`` (killed, it continues where it stopped)
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from ..contract.bundle import default_bundle, read_contract
from ..min3p import sampling
from ..min3p.collect import collect
from ..min3p.deck import DeckOptions
from ..min3p.member import Task
from ..min3p.store import Plan, records
from ..min3p.workers import local
from ..training.learning_set import load_learning_file
from ..training.rollout import rollout
from . import sanity
from .compare import spearman

SEED = 7007  # of the Sobol sequence; training uses others
YEARS = 8
TWINS = {"with": None, "without": "no_nitrogen"}  # folder -> twin (min3p/twins.py)
WALL_LIMIT = 900.0  # s per run: ten seconds on a core of its own, minutes on a full machine
LEAST_CACO3 = 0.2  # %
LEAST_N = 40.0  # kg N ha-1: with less there is no effect to check


@dataclass(frozen=True)
class Pairs:
    """MIN3P runs with and without nitrogen."""

    files: tuple[Path, ...]  # learning files, with and without
    columns: list[int]  # design points of which both runs were accepted
    failed: int
    years: int
    hashes: dict[str, str]  # SHA-256 of both files and of the database


@dataclass(frozen=True)
class Agreement:
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


def whole_pairs(folder: Path) -> tuple[list[int], list[int]]:
    """(columns with both runs accepted, columns with both run) that ``folder`` holds."""
    runs = [{r["index"]: r["state"] for r in records(folder / name)} for name in TWINS]
    both = sorted(set(runs[0]) & set(runs[1]))
    return [i for i in both if all(r[i] == "accepted" for r in runs)], both


def run_pairs(folder: Path, columns: int, years: int = YEARS, workers: int = 2) -> Pairs:
    """Run columns with nitrogen and their twins without until ``columns`` pairs are accepted; what ``folder`` holds counts.

    A column that MIN3P or the checks refuse is replaced by the next of the design, up to as many again. Killed, it continues
    where it stopped. Raises RunnerError when there is no MIN3P, EnsembleError when the folder was started otherwise.
    """
    for name, twin in TWINS.items():
        Plan(SEED, years, DeckOptions().sites, twin).check_or_write(folder / name)
        (folder / name / "members").mkdir(parents=True, exist_ok=True)
    while len(whole_pairs(folder)[0]) < columns:
        good, both = whole_pairs(folder)
        tried = chosen_points(2 * columns)
        missing = [i for i in tried if i not in both][: columns - len(good)]
        if not missing:
            break
        there = {name: {r["index"] for r in records(folder / name)} for name in TWINS}
        tasks = [
            Task(folder / name, i, SEED, years, WALL_LIMIT, twin)
            for i in missing
            for name, twin in TWINS.items()
            if i not in there[name]
        ]
        for _ in local(tasks, workers):
            pass
    return collected(folder)


def collected(folder: Path) -> Pairs:
    """The learning files of the pairs that ``folder`` holds. Raises EnsembleError when it holds none."""
    good, both = whole_pairs(folder)
    manifests = [collect(folder / name, folder / name / "learning.nc") for name in TWINS]
    files = tuple(folder / name / "learning.nc" for name in TWINS)
    hashes = {name: str(m["sha256"]) for name, m in zip(TWINS, manifests, strict=True)}
    hashes["database"] = ", ".join(manifests[0]["database_sha256"])
    return Pairs(files, good, len(both) - len(good), int(manifests[0]["years"]), hashes)


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


def judge(step: nn.Module, pairs: Pairs) -> Agreement:
    """Follow the pairs with ``step``."""
    with_n, without = (losses(step, f) for f in pairs.files)
    effect = np.array([[with_n[i][k] - without[i][k] for k in (0, 1)] for i in pairs.columns]).reshape(-1, 2)
    return Agreement(effect[:, 0], effect[:, 1], pairs.failed)


def main(arguments: list[str] | None = None) -> int:
    """The check alone: run what is missing, print one JSON line a member. Needs MIN3P only where pairs are missing."""
    program = "python -m calcisol.emulator.explain.reference_model"
    parser = argparse.ArgumentParser(prog=program, description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="where the MIN3P runs are kept")
    parser.add_argument("--bundle", type=Path, action="append", help="bundle; repeated: several (default: the shipped one)")
    parser.add_argument("--columns", type=int, default=20, help="pairs of runs (20)")
    parser.add_argument("--workers", type=int, default=2, help="runs at a time (2)")
    a = parser.parse_args(arguments)
    bundles = a.bundle or [default_bundle()]
    pairs = run_pairs(a.folder, a.columns, YEARS, a.workers)
    steps = {**{p.stem: sanity.load_step(p) for p in bundles}, "B0": sanity.physical(bundles[0])}
    about = {
        "years": pairs.years,
        "sha256": pairs.hashes,
        "bundle": {p.stem: read_contract(p)["records_sha256"] for p in bundles},
    }
    print(json.dumps(about))
    for name, step in steps.items():
        found = judge(step, pairs).as_dict()
        print(json.dumps({"member": name, **{k: v for k, v in found.items() if k not in ("min3p", "emulator")}}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
