"""One column with weather: design point -> deck -> MIN3P -> daily file, and the record of how it went.

What:    ``WeatherTask.run`` works in a process (or on a cluster) of its own; what it leaves behind is complete or not there, and
         the same bits each time: nothing of the machine, the clock or the folder is in the file.
Use:     ``record = WeatherTask(folder, index=3, seed=1, years=10, wall_limit=1800.0, made=True).run()``
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

import numpy as np
import xarray as xr

from .. import runner
from ..learning import RunError
from ..store import record_path, write_text
from .climate import read_weather
from .daily_file import WIDE, balances, daily_file
from .days import DayBook
from .deck import write_run
from .design import WeatherColumn, build
from .parameters import draw

WEATHER = "weather.csv"
"""Name of the user's weather within the folder of an ensemble."""
LIMITS = {"water": 1e-3, "dic": 1e-3}
BALANCE_LIMIT = 1e-3
"""Share of a budget's turnover that may be missing: outputs of single steps leave 1e-6 to 1e-4."""
PH_RANGE, MOST_CO2 = (2.5, 10.5), 0.5  # atm
_WRITING = threading.Lock()  # netCDF is not thread-safe, and a Dask worker runs several members in threads


def file_path(folder: Path, index: int) -> Path:
    """Daily file of one column; at the top of the folder, where ``calcisol evaluate --daily`` looks."""
    return folder / f"w{index:05d}.nc"


@dataclass(frozen=True)
class WeatherTask:
    """What one column needs to be run anywhere that sees ``folder``."""

    folder: Path
    index: int
    seed: int
    years: int
    wall_limit: float  # s
    made: bool = True  # weather of its own; else that of WEATHER

    def column(self) -> WeatherColumn:
        """The column. Raises EnsembleError for the user's weather."""
        weather = None if self.made else read_weather(self.folder / WEATHER, self.years)
        return build(draw(1, self.seed, start=self.index)[0], self.years, weather)

    def run(self) -> dict[str, Any]:
        """Simulate, check and store the column; its record, which also says why one failed.

        Raises RunnerError for a set-up that would fail every column.
        """
        program, stock = runner.executable(), runner.stock_database()
        scratch = self.folder / "scratch" / f"w{self.index:05d}-{socket.gethostname()}-{os.getpid()}"
        record = self._record()
        try:
            column = self.column()
            record["parameters"] = column.soil.labels
            record["database_sha256"] = write_run(scratch, column, stock)
            book = DayBook(scratch, column.soil.layers, column.passive)
            result = runner.run(scratch, program, self.wall_limit, meanwhile=book.follow)
            record.update(wall_s=round(result.wall_s, 2), min3p_version=result.status.version, steps=result.status.steps)
            if not result.status.ok:
                record["reason"] = result.status.reason
            else:
                data = daily_file(column, book.finish(column.soil.months), book.start)
                record["checks"] = balances(data)
                record["reason"] = "; ".join(_reasons(data, record["checks"]))
                record["state"] = "refused" if record["reason"] else "accepted"
                if not record["reason"]:
                    self._write(data, record)
        except (RunError, ValueError, OSError) as error:  # RunnerError means a broken set-up and must stop the whole ensemble
            record["reason"] = f"{type(error).__name__}: {error}"
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        self._keep(record)
        return record

    def lost(self, reason: str) -> dict[str, Any]:
        """Store and return the record of a column whose process did not live to write one."""
        record = {**self._record(), "reason": reason, "parameters": self.column().soil.labels}
        self._keep(record)
        return record

    def _record(self) -> dict[str, Any]:
        return {"index": self.index, "seed": self.seed, "years": self.years, "state": "failed", "reason": "", "wall_s": 0.0}

    def _keep(self, record: dict[str, Any]) -> None:
        write_text(record_path(self.folder, self.index), json.dumps(record, default=float, indent=1))

    def _write(self, data: xr.Dataset, record: dict[str, Any]) -> None:
        """Float32 but for the pool of calcite; whole or not at all."""
        data.attrs |= {
            "source": f"MIN3P {record['min3p_version']}, deck by calcisol ensemble --weather",
            "index": self.index, "seed": self.seed, "database_sha256": record["database_sha256"],
            "sample": json.dumps(record["parameters"], default=float),
        }  # fmt: skip
        encoding = {
            name: {"zlib": v.ndim > 0, "complevel": 4, "shuffle": True, "dtype": "float64" if name == WIDE else "float32"}
            for name, v in data.data_vars.items()
        }
        target = file_path(self.folder, self.index)
        part = target.with_name(f"{target.name}.{os.getpid()}.part")
        with _WRITING:
            data.to_netcdf(part, engine="netcdf4", encoding=encoding)
        os.replace(part, target)


def _reasons(data: xr.Dataset, checks: dict[str, float]) -> list[str]:
    """Why a column is refused; none for one that is kept."""
    found = [f"balance of {n} is open by {v:.1e}" for n, v in checks.items() if not abs(v) < LIMITS.get(n, BALANCE_LIMIT)]
    broken = [str(n) for n, v in data.data_vars.items() if not np.isfinite(v.values).all()]
    found += [f"{broken[0]} holds values that are not finite"] if broken else []
    ph, pressure = data["ph"].values, float(data["pco2"].max())
    if not (PH_RANGE[0] < ph.min() and ph.max() < PH_RANGE[1]):
        found.append(f"pH runs from {ph.min():.2f} to {ph.max():.2f}, outside {PH_RANGE[0]} to {PH_RANGE[1]}")
    if not pressure < MOST_CO2:
        found.append(f"CO2 rises to {pressure:.2f} atm, limit {MOST_CO2}")
    return found
