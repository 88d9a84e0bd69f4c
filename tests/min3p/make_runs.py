"""Make the run folders under ``runs/``: our own MIN3P output, trimmed to what the tests read.

What:    ``good`` (three months of ``small_column``) and ``failed`` (a run that MIN3P gives up with exit code 0).
Use:     ``MIN3P_EXE=... MIN3P_DB=... python -m tests.min3p.make_runs``
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from calcisol.emulator.min3p import runner
from calcisol.emulator.min3p.deck import STEM
from calcisol.emulator.min3p.write_run import write_run

from ..helpers.small_column import small_column

RUNS = Path(__file__).with_name("runs")
KEEP = ("gst", "gsm", "gsg", "gsv", "gsb", "gsp", "mac", "mvc")


def _thin_budget(path: Path, target: Path) -> None:
    """Header and the rows at the ends of months: cumulated columns need no others."""
    lines = path.read_text().splitlines()
    rows = [
        line for line in lines[3:] if abs(float(line[:25]) / (365.0 / 12.0) - round(float(line[:25]) / (365.0 / 12.0))) < 1e-6
    ]
    target.write_text("\n".join(lines[:3] + rows) + "\n")


def _ends(path: Path, target: Path, head: int, tail: int) -> None:
    lines = path.read_text(errors="replace").splitlines()
    # the command line in the log names folders of the machine
    lines = [line for line in lines[:head] + lines[-tail:] if "Command line" not in line and line.strip()]
    target.write_text("\n".join(lines) + "\n")


def _file_list(path: Path, target: Path) -> None:
    """Units: the part of the file list on budgets and on the first profiles."""
    lines = path.read_text(errors="replace").splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith(f"{STEM}_2.g"))
    target.write_text("\n".join(line for line in lines[:first] if line.strip()) + "\n")


def main() -> None:
    """Run, trim, store."""
    program, stock = runner.executable(), runner.stock_database()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "good"
        column = small_column()
        write_run(folder, column, stock)
        result = runner.run(folder, program, 120.0)
        if not result.status.ok:
            raise SystemExit(f"the small run did not finish: {result.status.reason}")
        target = RUNS / "good"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for path in folder.glob(f"{STEM}_*.*"):
            if path.suffix == ".mac":
                _thin_budget(path, target / path.name)
            elif path.suffix[1:] in KEEP:
                shutil.copy(path, target / path.name)
        for name in ("root.dat", "column.json"):
            shutil.copy(folder / name, target / name)
        _ends(folder / f"{STEM}.log", target / f"{STEM}.log", 12, 30)
        _file_list(folder / f"{STEM}_o.fls", target / f"{STEM}_o.fls")
        (target / f"{STEM}.dat").write_text("'time step control - global system'\n'days'\n0.0\n91.25\n10.0\n1.0d-6\n'done'\n")

        folder = Path(scratch) / "failed"
        # sodium and magnesium alone outweigh the anions: no calcium closes the charge
        write_run(folder, replace(column, start={"na+1": 2.0e-2}, caco3=0.0 * column.caco3), stock)
        result = runner.run(folder, program, 120.0)
        if result.status.ok:
            raise SystemExit("the run that should fail finished")
        target = RUNS / "failed"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        shutil.copy(folder / "root.dat", target / "root.dat")
        _ends(folder / f"{STEM}.log", target / f"{STEM}.log", 12, 20)


if __name__ == "__main__":
    main()
