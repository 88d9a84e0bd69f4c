"""From the steps of a run to its days: states at the end of each, amounts over it.

What:    ``DayBook`` follows a run while it goes on and keeps one record a day.
Units:   as MIN3P prints them for states; m and mol m-2 a day for amounts. Layers from the surface down.
Shapes:  (day, layer), (day,).
Source:  rates of a row hold over the step that ends there (MIN3P 2.6.2.880, outputs of every step); its balance files count up.
Use:     ``book = DayBook(folder, layers=19, passive=0.0); run(..., meanwhile=book.follow); days = book.finish(3650)``
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..deck import COMPONENTS, STEM
from ..learning import RunError
from .tail import Floats, Tails, forget

CELLS = ("gbp", "gbt", "gbm", "gbg", "gbv", "gbb")
UNREAD_CELLS = ("gbc", "gbd", "gbs", "gbroot")
FOLLOWED = tuple(c for c in COMPONENTS if c not in ("al+3", "h+1"))  # whose balance is read
BALANCES = {
    "in": "total mass influx [mol/elapsed time]", "out": "total mass outflux [mol/elapsed time]",
    "gasin": "total mass influx (gas phase) [mol/elapsed time]", "gasout": "total mass outflux (gas phase) [mol/elapsed time]",
}  # fmt: skip
STATES = {
    "gbp": ("theta_a", "temp"), "gbt": COMPONENTS, "gbm": ("pH", "ionic strength"), "gbg": ("co2(g)",), "gbv": None, "gbb": None,
}  # fmt: skip
"""Family -> columns kept at the end of a day; None: all."""
RATES = {"transpiration": "rootwat", "evaporation": "evapo", "temperature": "temp"}
MOST_TABLES = 40  # components or minerals, no deck of ours has as many
DAY = 1e-6  # d; how near a step ends to a whole day


class DayBook:
    """Days of a run, collected while MIN3P writes it. Make it before the run: what is not read is then not kept."""

    def __init__(self, folder: Path, layers: int, passive: float) -> None:
        self.layers, self.passive = layers, passive
        cells = range(layers, 0, -1)  # MIN3P counts from the bottom
        balances = {f"mac {c}": [folder / f"{STEM}_{COMPONENTS.index(c) + 1}.mac"] for c in FOLLOWED}
        self.tails = Tails(
            {f: [folder / f"{STEM}_{k}.{f}" for k in cells] for f in CELLS} | balances | {"water": [folder / f"{STEM}_o.mvc"]}
        )
        forget([folder / f"{STEM}_{k}.{f}" for k in cells for f in UNREAD_CELLS])
        unread = [i for i, c in enumerate(COMPONENTS, 1) if c not in FOLLOWED]
        forget([folder / f"{STEM}_{i}.mac" for i in unread])
        forget([folder / f"{STEM}_{i}.{f}" for i in range(1, MOST_TABLES) for f in ("mae", "mmc", "mgc")])
        self.days: list[dict[str, Floats]] = []
        self._counted = {f"{kind} {c}": 0.0 for c in FOLLOWED for kind in BALANCES}
        self._begin = 0.0  # d; end of the last step that was taken
        self._before: dict[str, Floats] = {}  # state at the start of the run

    def follow(self) -> None:
        """Take in the whole days that MIN3P has written since. Raises RunError."""
        steps = self.tails.read()
        if steps == 0:
            return
        times = self.tails.times(steps)
        ends = np.flatnonzero(np.abs(times - np.round(times)) < DAY)
        ends = ends[np.round(times[ends]) >= 1.0]
        if ends.size:
            self._book(times[: ends[-1] + 1], ends)

    def finish(self, days: int) -> dict[str, Floats]:
        """All days, first axis; ``start`` variables are of the first step. Raises RunError when the run is shorter."""
        self.follow()
        if len(self.days) != days:
            raise RunError(f"the outputs hold {len(self.days)} of {days} days; the run stopped early")
        return {name: np.stack([day[name] for day in self.days]) for name in self.days[0]}

    def _book(self, times: Floats, ends: np.ndarray) -> None:
        blocks = self.tails.take(len(times))
        steps = np.diff(times, prepend=self._begin)
        self._begin = float(times[-1])
        found = {}
        for family, wanted in STATES.items():
            names, rows = blocks[family]
            for name in wanted or names[1:]:
                found[f"{family} {name}"] = rows[ends][:, :, _column(names, name, family)]

        def over_days(rate: Floats) -> Floats:
            """Integral over each day of a rate (step, ...) that holds over its step."""
            summed = np.cumsum(rate * steps.reshape(-1, *[1] * (rate.ndim - 1)), axis=0)[ends]
            return np.diff(summed, axis=0, prepend=np.zeros_like(summed[:1]))

        names, rows = blocks["gbp"]
        for name, column in RATES.items():
            found[name] = over_days(rows[:, :, _column(names, column, "gbp")])
        if self.passive > 0.0:
            drawn = rows[:, :, _column(names, RATES["transpiration"], "gbp")] * 1e3 * self.passive  # L m-2 d-1
            dissolved, values = blocks["gbt"]
            found |= {f"passive {c}": over_days(drawn * values[:, :, _column(dissolved, c, "gbt")]) for c in FOLLOWED}
        names, rows = blocks["water"]
        found |= {f"water {kind}": over_days(rows[:, 0, k]) for k, kind in ((1, "in"), (2, "out"), (4, "roots"))}
        for c in FOLLOWED:
            names, rows = blocks[f"mac {c}"]
            for kind, title in BALANCES.items():
                counted = rows[ends, 0, _column(names, title, "mac")]
                found[f"{kind} {c}"] = np.diff(counted, prepend=self._counted[f"{kind} {c}"])
                self._counted[f"{kind} {c}"] = float(counted[-1])
        if not self._before:  # volume fractions and water before the first day: those of the first step of a microsecond
            first = {f: blocks[f] for f in ("gbv", "gbp")}
            self._before = {f"{f} {n}": v[0, :, i] for f, (ns, v) in first.items() for i, n in enumerate(ns)}
        self.days += [{name: values[i] for name, values in found.items()} for i in range(len(ends))]

    @property
    def start(self) -> dict[str, Floats]:
        """Volume fractions (``gbv``) and water (``gbp``) before the first day (layer,)."""
        return self._before


def _column(names: list[str], name: str, family: str) -> int:
    if name not in names:
        raise RunError(f"MIN3P's .{family} files have no column {name!r}; known are {', '.join(names)}")
    return names.index(name)
