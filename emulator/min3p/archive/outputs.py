"""The outputs of one run as arrays over time and layer, each file read once, with the units the run states.

What:    profiles of the families a learning member needs, budgets as amounts per interval, water in and out.
Units:   as MIN3P writes them; checked against the run's own file list (``_o.fls``) before anything is read.
Shapes:  [time, layer] from the surface down; budgets [time], the amount of the interval that ends there (0 for the first).
Use:     ``out = Outputs(run, times); out.profile("gst", "ca+2"); out.budget("mac", 1, "total mass influx [mol/elapsed time]")``
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...contract.errors import InputError
from ..folder import read_file_list
from ..tables import parse_zone, read_table
from .scan import WHOLE, RunFiles

FAMILIES = ("gst", "gsm", "gsg", "gsv", "gsb", "gsp")
SAME_TIME = 1e-4
"""Share of the run by which a profile's own time and the deck's may differ: headers print seven digits."""
MOST_LIST = 4000
"""Lines of a file list that are read: the first file of each family speaks for all, and a long run lists thousands."""
UNITS = {  # family -> (column name or "" for all but x y z, units that mean what is taken here)
    "gst": ("moles/l h2o", "mol/l h2o", "mol/l water"), "gsg": ("atm",), "gsb": ("meq/100g", "meq/100 g"),
    "gsv": ("-", "m3/m3", "m^3/m^3", "m3 m-3 bulk", "m^3 m^-3 bulk"),
}  # fmt: skip


class OutputError(InputError):
    """An output is missing, cut or of another unit; the text names the file."""


def fast_table(path: Path) -> tuple[list[str], np.ndarray]:
    """Column names and rows of a table of one zone; plain numbers by numpy's own reader, anything else by ``read_table``."""
    names, rows, _ = timed_table(path)
    return names, rows


def timed_table(path: Path) -> tuple[list[str], np.ndarray, float | None]:
    """``fast_table`` and the time in its header, in the deck's unit; None where it states none (the start, a steady state)."""
    data = path.read_bytes()
    first = data.find(b"\n")
    second = data.find(b"\n", first + 1)
    third = data.find(b"\n", second + 1)
    head, zone_line = data[first + 1 : second], data[second + 1 : third]
    if third > 0 and head.lstrip()[:9].lower() == b"variables" and zone_line[:4].lower() == b"zone":
        names = [part.decode("latin-1").strip() for part in head.split(b'"')[1::2]]
        body = data[third + 1 :]
        lines = body.count(b"\n") + (not body.endswith(b"\n"))
        if names and b"," not in body and b"*" not in body and b"D" not in body and b"zone" not in body:
            values = _plain_numbers(body)
            if values.size == lines * len(names):
                return names, values.reshape(lines, len(names)), parse_zone(path, [], zone_line.decode("latin-1")).time
    zone, rows = read_table(path)
    if zone.cut_short:
        raise OutputError(f"{path.name} ends in the middle of a line")
    return zone.names, rows, zone.time


def _plain_numbers(body: bytes) -> np.ndarray:
    """All numbers of a text; none where it holds anything that is no plain number."""
    try:
        return np.fromstring(body, sep=" ") if body.strip() else np.empty(0)
    except ValueError:
        return np.empty(0)


class Outputs:
    """Outputs of a run at its profiles ``first`` to the last."""

    def __init__(self, files: RunFiles, times: np.ndarray, layers: int, time_in_days: float) -> None:
        self._prepare(files, times, layers, time_in_days)
        if len(self.numbers) != len(times):
            raise OutputError(f"{len(self.numbers)} profiles .gst for {len(times)} times")

    def _prepare(self, files: RunFiles, times: np.ndarray, layers: int, time_in_days: float) -> None:
        self.files, self.times, self.layers, self.in_days = files, times, layers, time_in_days
        self.numbers = files.outputs("gst")
        self._families: dict[str, tuple[list[str], np.ndarray]] = {}
        self._tables: dict[Path, tuple[list[str], np.ndarray]] = {}
        self._steps: np.ndarray | None = None

    def check_units(self, assume: bool) -> None:
        """Raises OutputError where the file list states another unit, or where there is none and none may be assumed."""
        path = self.files.companion("_o.fls")
        if path is None:
            if not assume:
                raise OutputError(
                    f"no file list {self.files.stem}_o.fls states the units; "
                    "say `units` under [learn] in the map if they are MIN3P's own"
                )
            return
        stated = read_file_list(path, MOST_LIST)
        for family, known in UNITS.items():
            units = [u.lower() for u in stated.get(family, [])[3:] if u and u.lower() not in ("m", "-")]
            wrong = [u for u in units if u not in known]
            if wrong:
                raise OutputError(f".{family} is in {wrong[0]!r} by {path.name}; {known[0]!r} can be read")

    def family(self, name: str) -> tuple[list[str], np.ndarray]:
        """(names, [time, layer, column]) of a family of profiles."""
        if name not in self._families:
            numbers = self.files.outputs(name)
            steady = name == "gsp" and len(numbers) == 2 and len(self.numbers) > 2  # steady flow writes two
            missing = [] if steady else [i for i in self.numbers if i not in self.files.sizes.get(name, {})]
            if missing or not numbers:
                raise OutputError(f"{self.files.stem}_{missing[0] if missing else 1}.{name} is missing")
            names: list[str] = []
            blocks = []
            for k, i in enumerate([numbers[-1]] * len(self.numbers) if steady else self.numbers):
                path = self.files.path(name, i)
                found, rows, at = timed_table(path)
                days = self.times[k] if at is None or steady else at * self.in_days
                if abs(days - self.times[k]) > SAME_TIME * max(self.times[-1], 1.0):
                    raise OutputError(f"{path.name} is of {days:g} days; by the deck that is {self.times[k]:g}")
                if len(rows) != self.layers or (names and found != names):
                    raise OutputError(
                        f"{path.name} has {len(rows)} rows of {len(found)} columns; {self.layers} rows are expected"
                    )
                names = found
                blocks.append(rows)
            values = np.stack(blocks)
            if "z" in names and values[0, 0, names.index("z")] < values[0, -1, names.index("z")]:
                values = values[:, ::-1]  # z is elevation: the surface comes last
            self._families[name] = names, values
        return self._families[name]

    def has(self, family: str, name: str) -> bool:
        """Whether a family holds a column."""
        return family in self.files.sizes and name in self.family(family)[0]

    def profile(self, family: str, name: str) -> np.ndarray:
        """One variable [time, layer]. Raises OutputError where it is not there."""
        names, values = self.family(family)
        if name not in names:
            raise OutputError(f".{family} has no column {name!r}; it has {', '.join(names[3:])}")
        return values[:, :, names.index(name)]

    def table(self, family: str, index: int) -> tuple[list[str], np.ndarray]:
        """A budget, all its steps."""
        path = self.files.path(family, index)
        if path not in self._tables:
            if not path.is_file():
                raise OutputError(f"{path.name} is missing")
            names, rows = fast_table(path)
            if not len(rows):
                raise OutputError(f"{path.name} holds no row")
            least = self.times[-2] if family == "mvc" else self.times[-1]  # the last step of water is not always written
            if rows[-1, 0] * self.in_days < least * (1.0 - 1e-6):
                raise OutputError(f"{path.name} ends at {rows[-1, 0] * self.in_days:g} of {self.times[-1]:g} days")
            self._tables = {path: (names, rows)}  # one at a time: a budget of 60 years has megabytes
        return self._tables[path]

    def budget(self, family: str, index: int, column: str) -> np.ndarray:
        """Amount per interval [time] from a cumulated column."""
        names, rows = self.table(family, index)
        if column not in names:
            raise OutputError(f"{self.files.path(family, index).name} has no column {column!r}")
        return self._per_interval(rows[:, 0], rows[:, names.index(column)])

    def rate_budget(self, family: str, index: int, column: int) -> np.ndarray:
        """Amount per interval [time] from a column of rates per day, each valid over the step that ends at its row."""
        _, rows = self.table(family, index)
        if column >= rows.shape[1]:
            return np.zeros(len(self.times))
        days = rows[:, 0] * self.in_days
        if len(rows) == 1:  # steady flow: one row for the whole run
            return rows[0, column] * np.diff(self.times, prepend=self.times[0])
        rates = rows[:, column]
        if days[-1] < self.times[-1]:  # the last step, at the rate of the one before
            days, rates = np.append(days, self.times[-1]), np.append(rates, rates[-1])
        steps = np.diff(days, prepend=min(self.times[0], days[0]))
        return self._per_interval(days / self.in_days, np.cumsum(rates * steps))

    def steps(self) -> np.ndarray | None:
        """Ends of the time steps [days]; None where no table has a row for each."""
        if self._steps is None and "mvc" in self.files.sizes:
            _, rows = self.table("mvc", WHOLE)
            self._steps = rows[:, 0] * self.in_days
        return self._steps if self._steps is not None and len(self._steps) > len(self.times) else None

    def _per_interval(self, time: np.ndarray, cumulated: np.ndarray) -> np.ndarray:
        at = np.interp(self.times, time * self.in_days, cumulated, left=0.0)
        return np.diff(at, prepend=at[:1])
