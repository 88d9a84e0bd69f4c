"""`calcisol learn`: an archive and its map become a learning file; runs that cannot be trusted are refused with the reason.

What:    one pass to choose the runs (whole, of one version, one set of constants and one time axis), one to read, close and write
         them, a run at a time; the file appears whole or not at all.
Output:  the learning file; beside it ``*.closure.csv`` (residual of every run and component, layers where they differ most).
Use:     ``summary = learn(Path("archive"), read_mapping(path), Path("learning.nc"), print)``
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...chemistry.stated import differences
from ...contract.errors import InputError
from ..store import FORMAT
from .chemistry import Read, read_constants
from .closure import Closure
from .database import Database
from .inventory import Run, constants_of, describe, inventory, printable
from .learning_file import LearningFile
from .mapping import Mapping
from .member import build
from .scan import one_run
from .split import member_ids

TOLERANCE_DAYS = 0.02
LEAST = 1e-9
"""Share of the largest value of a pool below which a negative one is round-off."""


@dataclass(frozen=True)
class Candidate:
    """What is kept of a run between the passes."""

    name: str
    folder: Path
    stem: str
    version: str
    layers: int
    axis: tuple[float, ...]  # number of outputs, spacing, last: days


@dataclass
class Row:
    """How one run went."""

    name: str
    taken: bool
    reason: str = ""
    closure: Closure = field(default_factory=Closure)
    how: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass
class Summary:
    """What `calcisol learn` made."""

    rows: list[Row]
    constants: Read
    target: Path
    days: float

    @property
    def taken(self) -> list[Row]:
        """Runs in the file."""
        return [row for row in self.rows if row.taken]


def _candidate(run: Run, every: float | None) -> Candidate:
    low, high = (every, every) if run.by_cell and every else run.spacing
    axis = (float(run.times[2]), round(0.5 * (low + high), 3), round(run.times[1], 2))
    return Candidate(run.name, run.files.folder, run.files.stem, run.version, run.layers, axis)


def _regular(run: Run) -> str:
    """Why the outputs of a run are no time axis to learn on; "" where they are."""
    low, high = run.spacing
    if not np.isfinite(low):
        return "its output times are unknown"
    if high - low > max(TOLERANCE_DAYS, 0.1 * high):  # calendar months are months
        return f"its outputs are {low:.4g} to {high:.4g} days apart; intervals of one length are needed"
    return ""


def choose(root: Path, mapping: Mapping) -> tuple[list[Candidate], list[Row]]:
    """Runs that can be read together, and why the others cannot. Raises InputError where there is none."""
    found: list[Candidate] = []
    refused: list[Row] = []
    for run in inventory(root):
        why = _regular(run) if run.learnable else "; ".join(run.reasons)
        if why:
            refused.append(Row(run.name, False, why))
        else:
            found.append(_candidate(run, mapping.learn.get("every")))
    asked = mapping.learn.get("version")
    version = asked or (Counter(c.version for c in found).most_common(1) or [("", 0)])[0][0]
    kept = [c for c in found if c.version == version]
    others = f"{'the map asks for' if asked else 'the others are of'} {version}"
    refused += [Row(c.name, False, f"MIN3P {c.version or 'unknown'}; {others}") for c in found if c.version != version]
    every = mapping.learn.get("every")
    axes = Counter(c.axis for c in kept if every is None or abs(c.axis[1] - float(every)) <= 0.1 * float(every))
    if not axes:
        raise InputError(_nothing(root, refused, every, kept))
    axis = axes.most_common(1)[0][0]
    text = f"this file has {_axis(axis)} (`every` under [learn] chooses)"
    refused += [Row(c.name, False, f"{_axis(c.axis)}; {text}") for c in kept if c.axis != axis]
    return [c for c in kept if c.axis == axis], refused


def _axis(axis: tuple[float, ...]) -> str:
    return f"{axis[0]:.0f} outputs every {axis[1]:g} days"


def _nothing(root: Path, refused: list[Row], every: float | None, kept: list[Candidate]) -> str:
    if kept:
        return (
            f"no run below {root} has outputs every {every} days; there are {', '.join(sorted({f'{c.axis[1]:g}' for c in kept}))}"
        )
    reasons = Counter(row.reason for row in refused).most_common(2)
    told = "; ".join(f"{n} run{'s' if n > 1 else ''}: {why}" for why, n in reasons) or "there is no run"
    return f"no run below {root} can be learned from ({told}); `calcisol archive {root}` lists them all"


class _Constants:
    """The constants of the archive: those of the first run; runs of others are refused."""

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.first: Read | None = None

    def of(self, run: Run) -> Database:
        """The database of a run. Raises InputError where it states others than the first one's."""
        assert run.setup is not None
        database = constants_of(run)
        if database is None:
            raise InputError("its constants are unknown: no database folder and no echo (_o.dbs)")
        self.mapping.check(run.setup)
        read = read_constants(run.setup, database, self.mapping)
        if self.first is None:
            self.first = read
        else:
            rows = differences(self.first.stated, read.stated)
            if rows:
                what, first, other = rows[0]
                raise InputError(f"its constants are others than the first run's: {what} is {other}, not {first}")
        return database


def learn(root: Path, mapping: Mapping, target: Path, say: Callable[[str], None]) -> Summary:
    """Write the learning file of an archive. Raises InputError where no run can be learned from."""
    if not target.name or target.is_dir():
        raise InputError(f"--out {target} is a folder; give the name of the learning file, such as {target / 'learning.nc'}")
    if target.exists() and target.resolve() == Path(mapping.path).resolve():
        raise InputError(f"--out {target} is the map; give another name")
    candidates, rows = choose(root, mapping)
    constants = _Constants(mapping)
    target.parent.mkdir(parents=True, exist_ok=True)
    file = LearningFile(target, max(c.layers for c in candidates))
    taken: list[Candidate] = []
    try:
        for number, candidate in enumerate(candidates, 1):
            row = _one(candidate, mapping, constants, file)
            rows.append(row)
            taken += [candidate] if row.taken else []
            say(f"{number}/{len(candidates)} {row.name}: " + (_closed(row) if row.taken else f"refused: {row.reason}"))
        if not taken or constants.first is None:
            usual = Counter(r.reason for r in rows if not r.taken).most_common(1)[0][0]
            raise InputError(f"no run below {root} could be learned from ({usual}); nothing was written")
        names = [printable(str(c.folder.relative_to(root) / c.stem)) for c in taken]
        file.finish(member_ids(names), _attributes(mapping, constants.first, rows, taken))
    except BaseException:
        if file.part.exists():
            file.give_up()
        raise
    _write_closure(target.with_suffix(".closure.csv"), rows)
    return Summary(rows, constants.first, target, candidates[0].axis[1])


def _one(candidate: Candidate, mapping: Mapping, constants: _Constants, file: LearningFile) -> Row:
    """Read, close and write one run."""
    row = Row(candidate.name, False)
    try:
        run = describe(one_run(candidate.folder, candidate.stem))
        member = build(run, mapping, constants.of(run))
        row.closure, row.how, row.notes = member.closure, member.how, member.notes
        broken = [n for n, (_, v) in member.variables.items() if not np.isfinite(v).all()]
        found = [f"{broken[0]} holds values that are no numbers"] if broken else []
        below = [n for n, (_, v) in member.variables.items() if n.startswith("pool_") and np.min(v) < -LEAST * np.max(np.abs(v))]
        found += [f"{below[0]} is negative, {np.min(member.variables[below[0]][1]):.3g} mol m-2 at the least"] if below else []
        row.reason = "; ".join([*member.closure.reasons, *found])
        if not row.reason:
            file.add(candidate.name, member)
            row.taken = True
    except (InputError, OSError, IndexError, KeyError) as error:
        row.reason = " ".join(str(error).split()) or type(error).__name__
    return row


def _closed(row: Row) -> str:
    pool, worst = row.closure.worst
    return f"taken; budgets within {abs(worst):.1e} ({pool}), water {abs(row.closure.water):.1e}"


def _attributes(mapping: Mapping, read: Read, rows: list[Row], taken: list[Candidate]) -> dict[str, str]:
    return {
        "title": "MIN3P runs of an archive, read through a map", "format": FORMAT, "origin": "archive",
        "constants": json.dumps(read.stated.as_dict()), "notes": json.dumps(read.notes), "map": mapping.text,
        "refused": json.dumps({r.name: r.reason for r in rows if not r.taken}), "min3p_version": taken[0].version or "unknown",
        "database_sha256": read.stated.source, "stoichiometry": "{}", "plan": "{}", "twin": "",
    }  # fmt: skip


def _write_closure(path: Path, rows: list[Row]) -> None:
    """Residuals of every run; layers by how far flux and water x concentration differ."""
    lines = ["run,taken,component,layer,what,value"]
    for row in rows:
        name = row.name.replace(",", ";")
        lines += [
            f"{name},{int(row.taken)},{pool},,open share of the budget,{value:.3e}" for pool, value in row.closure.pools.items()
        ]
        lines += [
            f"{name},{int(row.taken)},{pool},,share moved by what the map leaves out,{v:.3e}"
            for pool, v in row.closure.left_out.items()
        ]
        for pool, layers in row.closure.faces.items():
            lines += [f"{name},{int(row.taken)},{pool},{i},flux through the lower face against water x concentration,{v:.3e}"
                      for i, v in enumerate(layers, 1)]  # fmt: skip
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
