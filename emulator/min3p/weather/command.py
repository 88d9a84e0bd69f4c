"""``calcisol ensemble --weather``: columns with roots, evaporation and daily rain, one daily file each, and their manifest.

What:    one folder holds the plan, a record and a daily file per column, and ``manifest.json``; started again it continues.
Use:     ``calcisol ensemble --weather --members 24 --years 10 --out columns``; then ``calcisol evaluate --daily columns``
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .. import runner
from ..selection import select
from ..simulate import Options, simulate
from ..store import EnsembleError, keep_plan, read_plan, records, write_text
from .climate import read_weather
from .member import WEATHER, WeatherTask, file_path
from .parameters import PARAMETERS
from .probe import check

FORMAT = "calcisol-weather-1"
MADE = "made"
YEARS, MEMBERS, LONGEST = 10, 24, 100
REFUSED = {"twin": None, "part": None, "of": None, "tier": None, "collect": False}
"""Options that only the other ensemble knows, as they are when nobody gives them."""


@dataclass(frozen=True)
class WeatherPlan:
    """What a folder was started with; it never mixes two."""

    seed: int
    years: int
    weather: str  # MADE, or the SHA-256 of the user's file
    min3p_sha256: str
    format: str = FORMAT

    def check_or_write(self, folder: Path) -> None:
        """Write the plan into a new folder; raise EnsembleError when the folder holds another one."""
        keep_plan(folder, asdict(self))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``--weather``, beside the options of ``calcisol ensemble`` that it shares: --out --members --only --years --seed ..."""
    group = parser.add_argument_group(
        "columns with weather", "other columns: roots, evaporation, daily rain, water tables, irrigation"
    )
    group.add_argument(
        "--weather", nargs="?", const=MADE, metavar="FILE.csv",
        help="simulate those, one file each, for `calcisol evaluate --daily`; weather is made, or read from a CSV file: rain,pet "
        "(mm a day) and, where known, tas,lai,irrigation. --out --members --only --years --seed --workers --dask --wall-limit "
        f"--retry --report mean the same; --members is then {MEMBERS}, --years {YEARS}, --wall-limit 1800 unless given",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Run the command; 0 on success. Raises EnsembleError and RunnerError."""
    for name, unset in REFUSED.items():
        if getattr(args, name) != unset:
            raise EnsembleError(f"--{name} does not go with --weather; leave one of them out")
    if not args.report:
        _simulate(args)
    made = manifest(args.out)
    print(f"{args.out}: {made['columns']} columns of {made['years']} years, {made['failed'] or 'none'} failed or refused")
    print(f"next: calcisol evaluate --daily {args.out}")
    return 0


def _simulate(args: argparse.Namespace) -> None:
    years, seed = YEARS if args.years is None else args.years, 1 if args.seed is None else args.seed
    for name, value, low in (("members", args.members, 1), ("seed", seed, 0), ("workers", args.workers, 1), ("years", years, 2)):
        if value is not None and value < low:
            raise EnsembleError(f"--{name} {value} must be {low} or more")
    if years > LONGEST:
        raise EnsembleError(f"--years {years} is more than {LONGEST}; choose fewer")
    chosen = select(args.members or MEMBERS, args.only)
    program, stock = runner.executable(), runner.stock_database()
    made = args.weather == MADE
    if not made:
        read_weather(Path(args.weather), years)  # refused before anything is made
    plan = WeatherPlan(seed, years, MADE if made else sha256(Path(args.weather)), sha256(program))
    check(program, stock)
    plan.check_or_write(args.out)
    if not made and not (args.out / WEATHER).is_file():
        part = args.out / f"{WEATHER}.{os.getpid()}.part"
        shutil.copyfile(args.weather, part)
        os.replace(part, args.out / WEATHER)  # whole or not at all
    limit = args.wall_limit or 1800.0

    def task(index: int) -> WeatherTask:
        return WeatherTask(args.out.absolute(), index, seed, years, limit, made)

    simulate(args.out, chosen, plan, task, Options(args.workers, args.dask, limit, args.retry))


def sha256(path: Path) -> str:
    """Of a file's content."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def manifest(folder: Path) -> dict[str, Any]:
    """What the folder holds, from its records; also written as ``manifest.json``. Raises EnsembleError for an empty folder."""
    plan, everything = read_plan(folder), records(folder)
    good = [r for r in everything if r["state"] == "accepted"]
    if plan.get("format") != FORMAT:
        raise EnsembleError(f"{folder} holds an ensemble of another kind; give the folder of one made with --weather")
    if not good:
        raise EnsembleError(f"{folder} holds no column that ran through; the records in {folder}/members say why")
    data = {
        **plan,
        "columns": len(good),
        "failed": len(everything) - len(good),
        "files": {file_path(folder, r["index"]).name: sha256(file_path(folder, r["index"])) for r in good},
        "failures": {str(r["index"]): f"{r['state']}: {r['reason']}" for r in everything if r["state"] != "accepted"},
        "min3p_version": sorted({r["min3p_version"] for r in good}),
        "database_sha256": sorted({r["database_sha256"] for r in good}),
        "largest_gaps": {name: max(abs(r["checks"][name]) for r in good) for name in good[0]["checks"]},
        "parameters": {p.name: {"unit": p.unit, "range": _range(p.name, good), "note": p.note} for p in PARAMETERS},
    }
    write_text(folder / "manifest.json", json.dumps(data, indent=1))
    return data


def _range(name: str, good: list[dict[str, Any]]) -> list[float]:
    values = [float(r["parameters"][name]) for r in good]
    return [min(values), max(values)]
