"""One member of an ensemble: design point -> deck -> MIN3P -> learning member -> checks -> its record and netCDF.

What:    ``run_member`` runs in a process (or on a cluster) of its own; what it leaves behind is complete or not there.
Units:   of the netCDF: see ``learning``; ``wall_s`` seconds.
Use:     ``record = run_member(Task(folder, index=3, seed=1, years=40, wall_limit=900.0))``
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import acceptance, runner, sampling
from .collect import WIDE
from .deck import DeckOptions
from .learning import RunError, learning_member
from .store import member_path, record_path, write_text
from .twins import build_twin
from .write_run import write_run

_WRITING = threading.Lock()  # netCDF is not thread-safe, and a Dask worker runs several members in threads


@dataclass(frozen=True)
class Task:
    """What one member needs to be run anywhere that sees ``folder``."""

    folder: Path
    index: int
    seed: int
    years: int
    wall_limit: float  # s
    twin: str | None = None

    def record(self) -> dict[str, Any]:
        """Record of a member that has not succeeded yet."""
        return {
            "index": self.index, "seed": self.seed, "years": self.years, "twin": self.twin, "state": "failed", "reason": "",
            "wall_s": 0.0,
        }  # fmt: skip

    def run(self) -> dict[str, Any]:
        """``run_member``, for a worker."""
        return run_member(self)

    def lost(self, reason: str) -> dict[str, Any]:
        """Store and return the record of a member whose process did not live to write one."""
        record = {**self.record(), "reason": reason}
        record["parameters"] = build_twin(sampling.draw(1, self.seed, start=self.index)[0], self.years, self.twin).labels
        write_text(record_path(self.folder, self.index), json.dumps(record, default=float, indent=1))
        return record


def run_member(task: Task, keep: bool = False) -> dict[str, Any]:
    """Simulate, check and store one member; returns its record. Never raises for a member that fails: the record says why.

    Raises RunnerError for a set-up that would fail every member (no executable, unknown version).
    """
    program, stock = runner.executable(), runner.stock_database()
    scratch = task.folder / "scratch" / f"m{task.index:05d}-{socket.gethostname()}-{os.getpid()}"
    record = task.record()
    try:
        point = sampling.draw(1, task.seed, start=task.index)[0]
        column = build_twin(point, task.years, task.twin)
        record["parameters"] = column.labels
        options = DeckOptions()
        record["deck"] = {"tolerance": options.tolerance, "dt_max_d": options.dt_max}
        record["database_sha256"] = write_run(scratch, column, stock, options)["database_sha256"]
        result = runner.run(scratch, program, task.wall_limit)
        record.update(wall_s=round(result.wall_s, 2), min3p_version=result.status.version, steps=result.status.steps)
        if not result.status.ok:
            record["reason"] = result.status.reason
        else:
            member = learning_member(scratch, column)
            verdict = acceptance.accept(member)
            record["checks"] = {k: v[0] for k, v in verdict.checks.items()}
            record["state"] = "accepted" if verdict.ok else "refused"
            record["reason"] = "; ".join(verdict.reasons)
            member.attrs.update(index=task.index, seed=task.seed, twin=task.twin or "", wall_s=record["wall_s"])
            member.attrs["min3p_version"] = result.status.version
            _write(member, member_path(task.folder, task.index))
    except (RunError, ValueError, OSError) as error:  # RunnerError means a broken set-up and must stop the whole ensemble
        record["reason"] = f"{type(error).__name__}: {error}"
    finally:
        if not keep:
            shutil.rmtree(scratch, ignore_errors=True)
    write_text(record_path(task.folder, task.index), json.dumps(record, default=float, indent=1))
    return record


def _write(member: Any, target: Path) -> None:
    """Float32 but for what increments are formed from (pools, minerals); whole or not at all."""
    encoding: dict[str, dict[str, Any]] = {}
    for name, variable in member.data_vars.items():
        if variable.dtype.kind == "f":
            kind = "float64" if str(name).startswith(WIDE) else "float32"
            encoding[str(name)] = {"zlib": variable.ndim > 0, "complevel": 4, "shuffle": True, "dtype": kind}
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    with _WRITING:
        member.to_netcdf(part, engine="netcdf4", encoding=encoding)
    os.replace(part, target)
