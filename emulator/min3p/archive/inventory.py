"""What each run of an archive is: whole or cut, what it simulates, what drives it, and what it can teach.

What:    reads the deck, the ends of the log, the headers of two profiles and the last lines of the budgets; never a whole table.
Units:   as the run states them; times in days where the deck's unit is known, else in its own.
Use:     ``for run in inventory(Path("archive")): print(run.state, run.teaches, run.why_not)``
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...contract.errors import InputError
from ..runner import status
from ..tables import iter_zones, parse_rows
from .database import read_echo, read_folder
from .deck import read_deck
from .exchange import foreign_laws
from .scan import RunFiles, scan
from .setup import DAYS, Setup, read_setup

STATE = {"gst": "dissolved totals", "gsm": "pH", "gsg": "soil air", "gsv": "minerals", "gsb": "exchangeable ions", "gsp": "water"}
"""Profiles that a state is made of."""
BUDGETS = ("mac", "mvc", "mmc")
NEEDED = ("ca+2", "co3-2", "h+1")
TAIL = 16384
LAST_STEP = 0.01
"""Share of a run by which the water budget may stop early: MIN3P does not always write its last step."""
FEWEST_OUTPUTS = 3


@dataclass
class Run:
    """One run of an archive."""

    files: RunFiles
    state: str  # whole, cut, failed, unknown
    reason: str = ""
    version: str = ""
    setup: Setup | None = None
    layers: int = 0
    times: tuple[float, float, int] = (np.nan, np.nan, 0)  # first, last, number of profiles
    spacing: tuple[float, float] = (np.nan, np.nan)  # least and most between profiles, days
    components: list[str] = field(default_factory=list)
    database: str = ""  # where its constants are: a folder, the echo, or nothing
    teaches: str = ""
    why_not: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    same_as: str = ""
    unread: str = ""  # why its deck cannot be read
    by_cell: bool = False  # states are printed cell by cell at every step, not as profiles

    @property
    def name(self) -> str:
        """Folder and stem, as far as they can be printed."""
        return printable(f"{self.files.folder.name}/{self.files.stem}")

    @property
    def reasons(self) -> list[str]:
        """Why it cannot be learned from; empty where it can."""
        copy = [f"the same as {self.same_as}"] if self.same_as else []
        told = self.reason if self.state == "unknown" and self.reason else f"{self.state}: {self.reason}"
        ended = [told] if self.state != "whole" else []
        return [*copy, *ended, *self.why_not]

    @property
    def learnable(self) -> bool:
        """Whether `calcisol learn` can take it, as far as names and ends of files tell."""
        return not self.reasons


def printable(name: str) -> str:
    """A file's name without what no terminal and no NetCDF file takes: line ends, bytes that are no text."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in name)


def last_row(path: Path) -> list[float]:
    """Numbers of the last line of a table that is complete; empty for none. Reads the last bytes alone."""
    with open(path, "rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - TAIL))
        text = stream.read().decode("latin-1")
    lines = text.replace("\r", "").split("\n")
    whole = [line for line in (lines[:-1] if not text.endswith("\n") else lines) if line.strip()]
    for line in reversed(whole[-3:]):
        try:
            return [float(x) for x in parse_rows(line)[0]]
        except ValueError:
            continue
    return []


def _header(path: Path) -> tuple[float | None, list[str], int]:
    """Time, column names and rows of a profile."""
    rows, names, time = 0, [], None
    for zone, block in iter_zones(path):
        names, time, rows = zone.names, zone.time, rows + len(block)
    return time, names, rows


def _profiles(run: Run) -> None:
    """Layers, times and components from the first and last profile of the dissolved totals."""
    numbers = run.files.outputs("gst")
    if not numbers:
        return
    try:
        _, names, rows = _header(run.files.path("gst", numbers[0]))
        last, _, _ = _header(run.files.path("gst", numbers[-1]))
    except (InputError, OSError) as error:
        run.notes.append(str(error))
        return
    run.layers, run.components = rows, run.components or [n for n in names if n not in ("x", "y", "z")]
    run.times = (np.nan, last if last is not None else np.nan, len(numbers))
    if numbers != list(range(numbers[0], numbers[-1] + 1)):
        missing = sorted(set(range(numbers[0], numbers[-1] + 1)) - set(numbers))
        run.notes.append(f"profiles {', '.join(map(str, missing[:5]))} are missing")
        run.state, run.reason = ("cut", "profiles are missing in between") if run.state == "whole" else (run.state, run.reason)
    short = run.files.cut_files()
    if short:
        run.notes.append(f"{len(short)} files are cut short ({', '.join(short[:3])})")
        if run.state in ("whole", "unknown"):
            run.state, run.reason = "cut", f"{short[0]} is shorter than its sisters"


def _times(run: Run, setup: Setup) -> None:
    """Span and spacing of the profiles in days, from the deck's list as far as there are files."""
    count = run.times[2]
    listed = [setup.start, *setup.outputs][: max(count, 1)]
    days = np.array([setup.days(t) for t in listed])
    if len(days) > 2:
        run.spacing = (float(np.diff(days[1:]).min()), float(np.diff(days[1:]).max())) if len(days) > 2 else (np.nan, np.nan)
    run.times = (float(days[0]) if len(days) else np.nan, float(days[-1]) if len(days) else np.nan, count)
    if setup.outputs and count and count < len(setup.outputs) + 1:
        run.notes.append(f"{count - 1} of {len(setup.outputs)} outputs are there")
        if run.state == "unknown":
            run.state, run.reason = "cut", f"{count - 1} of {len(setup.outputs)} outputs are there"


def _judge_by_outputs(run: Run, setup: Setup) -> None:
    """A run without a log is whole where its last profile is that of the deck's end."""
    if run.state == "unknown" and setup.outputs and run.times[2] == len(setup.outputs) + 1:
        run.state, run.reason = "whole", "no log; every output of the deck is there"


def _budgets(run: Run) -> None:
    """A budget whose last line is not of the end of the run was cut."""
    for family in BUDGETS:
        for index in run.files.sizes.get(family, {}):
            path = run.files.path(family, index)
            row = last_row(path)
            end = run.setup.end if run.setup else np.nan
            if not row or (np.isfinite(end) and row[0] < end * (1.0 - (LAST_STEP if family == "mvc" else 1e-6))):
                run.notes.append(f"{path.name} ends at {row[0]:g} of {end:g}" if row else f"{path.name} holds no row")
                if run.state in ("whole", "unknown"):
                    run.state, run.reason = "cut", f"the budget .{family} does not reach the end of the run"
                break


def _by_cell(run: Run) -> None:
    """Runs that print every cell at every step in place of profiles: `every` of the map chooses the interval."""
    setup = run.setup
    if setup is None or run.times[2] >= FEWEST_OUTPUTS or len(run.files.outputs("gbt")) != setup.layers or not setup.layers:
        return
    run.by_cell = True
    run.times = (setup.days(setup.start), setup.days(setup.end), run.times[2])
    run.spacing = (1.0, 1.0)


def _teaches(run: Run) -> str:
    """What the outputs there are allow to learn."""
    have = set(run.files.sizes)
    wanted = {ending: f"gb{ending[2:]}" if run.by_cell else ending for ending in STATE}
    missing = [e for e, name in wanted.items() if name not in have and not (e == "gsb" and run.setup and not run.setup.sorbed)]
    if missing:
        return f"nothing: no {', '.join(f'.{m} ({STATE[m]})' for m in missing)}"
    if not {"mac", "mvc"} <= have:
        return "states at the outputs alone; fluxes and extents with the uncertainty of their spacing"
    if "mmc" in have or "mic" in have:
        return "states, fluxes, and exact extents of the column by reaction"
    return "states and fluxes; extents from the budgets of the components"


def _why_not(run: Run) -> list[str]:
    """Reasons that no file can mend, in the order a modeller would ask."""
    setup = run.setup
    if setup is None:
        return [run.unread or "there is no deck: exchange capacity, bulk density and sources are unknown"]
    found = []
    lacking = [c for c in NEEDED if c not in setup.components]
    if lacking:
        found.append(f"no component {', '.join(lacking)}")
    if not setup.layers:
        found.append("no vertical column (cells lie side by side)")
    elif setup.layers < 2:
        found.append("a single cell")
    if setup.saturated:
        found.append("water-saturated throughout: no soil air that CO2 could leave by")
    elif "co2(g)" not in setup.gases:
        found.append("no gas co2(g): CO2 cannot leave the soil")
    if not np.isfinite(setup.days(setup.end)):
        found.append(f"the end of the run, {setup.end:g} in {setup.time_unit!r}, is no time; MIN3P has {', '.join(DAYS)}")
    if not setup.sorbed:
        found.append("no cation exchanger")
    found += foreign_laws(setup)
    if setup.sorbed and setup.layers and not np.isfinite(setup.cec * setup.bulk_density).all():
        found.append("no exchange capacity or bulk density ('sorption parameter input of ion-exchange') in some zone")
    if setup.layers and not any(name.startswith("calcite") for name in setup.minerals):
        found.append("no calcite")
    if run.teaches.startswith("nothing"):
        found.append(run.teaches.removeprefix("nothing: "))
    elif run.times[2] < FEWEST_OUTPUTS and not run.by_cell:
        found.append(f"{run.times[2]} profiles in time; at least {FEWEST_OUTPUTS} are needed")
    if not run.database:
        found.append("its constants are unknown: no database folder and no echo (_o.dbs)")
    return found


def _database(run: Run) -> str:
    """Where the constants of a run are."""
    if run.setup and run.setup.database and not Path(run.setup.database).is_absolute():
        folder = run.files.folder / run.setup.database
        if read_folder_exists(folder):
            return str(folder)
    echo = run.files.companion("_o.dbs")
    return str(echo) if echo is not None and echo.is_file() else ""


def read_folder_exists(folder: Path) -> bool:
    """Whether a folder holds a database."""
    return folder.is_dir() and any((folder / name).is_file() for name in ("complex.dbs", "mineral.dbs"))


def constants_of(run: Run):
    """The database of a run: its folder, else its echo; None where there is neither."""
    if not run.database:
        return None
    path = Path(run.database)
    return read_folder(path) if path.is_dir() else read_echo(path)


def _digest(run: Run) -> str:
    """What two copies of one run share: the deck and the last profile of the dissolved totals."""
    digest = hashlib.sha256()
    deck = run.files.companion(".dat")
    numbers = run.files.outputs("gst")
    for path in (deck, run.files.path("gst", numbers[-1]) if numbers else None):
        if path is not None and path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest() if numbers else ""


def describe(files: RunFiles) -> Run:
    """One run. Never raises for what its files hold: what is wrong is a note or a reason."""
    found = status(files.folder, files.stem)
    states = {"finished": "whole", "failed": "failed", "partial": "cut", "no log": "unknown"}
    run = Run(files, states.get(found.state, "unknown"), found.reason, found.version)
    deck = files.companion(".dat")
    if deck is not None:
        try:
            run.setup = read_setup(read_deck(deck))
            run.components = run.setup.components
        except (InputError, ValueError, IndexError, OverflowError, OSError) as error:
            run.unread = f"its deck cannot be read ({error})"
    _profiles(run)
    if run.setup is not None:
        _times(run, run.setup)
        _judge_by_outputs(run, run.setup)
        if run.setup.layers and run.layers and run.setup.layers != run.layers:
            run.notes.append(f"the deck has {run.setup.layers} cells, the profiles have {run.layers} rows")
            run.why_not.append("deck and outputs are of different runs")
    _by_cell(run)
    _budgets(run)
    run.database = _database(run)
    run.teaches = _teaches(run)
    run.why_not += _why_not(run)
    return run


def inventory(root: Path) -> Iterator[Run]:
    """All runs below ``root``; of runs that are the same, the later ones name the first. Raises InputError as ``scan``."""
    seen: dict[str, str] = {}
    for files in scan(root):
        run = describe(files)
        digest = _digest(run)
        if digest and digest in seen:
            run.same_as = seen[digest]
        elif digest:
            seen[digest] = run.name
        yield run
