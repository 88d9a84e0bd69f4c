"""How much of every reaction took place, by interval and layer: exact where the run says so, else from budgets and rates.

What:    the column's amount from the budgets of the reaction (``.mmc``, ``.mic``), else from the deck where its rate depends on
         nothing else, else from the budgets of the components it moves (``.mac``); its layers from volume fractions where their
         digits resolve it, from the deck's rate constants, or from the rates at the outputs.
Units:   mol of reaction per m2 and interval, forward (dissolution) > 0. Shapes [time, layer].
Use:     ``extent = Reactions(out, setup, database).extent("x-resp")``
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ...contract.errors import InputError
from .database import Database, Mineral
from .outputs import OutputError, Outputs
from .setup import Setup, read_factors

TOTAL = "total contribution [mol/elapsed time]"
RESOLVED = 1.0e-3
"""Volume fractions that add up to the column's amount within this share have the digits to tell the layers."""
LEAST = 1e-15


class Reactions:
    """Extents of the reactions of one run."""

    def __init__(self, out: Outputs, setup: Setup, database: Database) -> None:
        self.out, self.setup, self.database = out, setup, database
        self.how: dict[str, str] = {}
        self._solved: dict[str, np.ndarray] | None = None

    def entry(self, name: str) -> Mineral:
        """The reaction in the database. Raises InputError where it is not there."""
        found = self.database.minerals.get(name) or self.database.reactions.get(name)
        if found is None:
            raise InputError(f"{self.database.source} has no mineral or reaction {name!r} that the deck uses")
        return found

    def from_fractions(self, name: str) -> np.ndarray | None:
        """Extents by layer from the volume fraction of a mineral; None where it is not written."""
        if name not in self.setup.minerals or not self.out.has("gsv", name):
            return None
        fraction = self.out.profile("gsv", name)
        return -np.diff(fraction, axis=0, prepend=fraction[:1]) * self.setup.thickness / self.entry(name).molar_volume

    def has_budget(self, name: str) -> bool:
        """Whether the run wrote a budget of the reaction itself."""
        return ("mmc" if name in self.setup.minerals else "mic") in self.out.files.sizes

    def column(self, name: str) -> np.ndarray | None:
        """Amount of the column [time] from the budget of the reaction itself; None where it was not written."""
        if name in self.setup.minerals and "mmc" in self.out.files.sizes:
            return -self.out.budget("mmc", self.setup.minerals.index(name) + 1, TOTAL)
        if name in self.setup.reactions and "mic" in self.out.files.sizes:
            return self.out.budget("mic", self.setup.reactions.index(name) + 1, "total contribution [mol]")
        return None

    def extent(self, name: str, solved_with: Iterable[str] = ()) -> np.ndarray:
        """Extents of a reaction by interval and layer. ``solved_with``: all reactions whose amounts only the components tell."""
        layers = self.from_fractions(name)
        if layers is not None and self.entry(name).reversible:
            # what the state says: where a mineral runs out, the budget .mmc goes on booking what is no longer there
            self.how[name] = "volume fractions"
            return layers
        total = self.column(name)
        if total is None and "mac" not in self.out.files.sizes:
            return self._by_rates(name)
        if total is None:
            total = self.solve(list(solved_with) or [name])[name]
            self.how[name] = "the deck's rate" if self._zero_order(name) else "budgets of the components"
        else:
            self.how[name] = "its own budget"
        if layers is not None and self._resolved(layers, total):
            self.how[name] += ", layers by volume fraction"
            return layers
        shares, how = self.shares(name)
        self.how[name] += f", layers by {how}"
        return total[:, None] * shares

    @staticmethod
    def _resolved(layers: np.ndarray, total: np.ndarray) -> bool:
        moved = np.abs(total).sum()
        return bool(moved <= LEAST or np.abs(layers.sum(1) - total).sum() <= RESOLVED * moved)

    def shares(self, name: str) -> tuple[np.ndarray, str]:
        """Share of each layer in the column's amount [time, layer], and where it comes from."""
        constant = self._rate_constants(name)
        if self._zero_order(name) and constant is not None:
            return self._normal(constant * self._factors(name)), "the deck's rate constants"
        rates = self._rates(name)
        if rates is not None:
            return self._normal(rates), "the rates at the outputs"
        if constant is not None:
            return self._normal(constant * self._factors(name)), "the deck's rate constants alone"
        return np.broadcast_to(
            self.setup.thickness / self.setup.thickness.sum(), (len(self.out.times), self.setup.layers)
        ), "thickness"

    def _zero_order(self, name: str) -> bool:
        """Whether the rate of a source depends on nothing but the deck."""
        return name in self.setup.minerals and self.entry(name).laws in ((), ("irreversible dissolution",))

    def _by_rates(self, name: str) -> np.ndarray:
        """Extents of a run without budgets [time, layer]: what the deck asks for, else the mean of the rates at both ends."""
        days = np.diff(self.out.times, prepend=self.out.times[0])[:, None]
        constant, rates = self._rate_constants(name), self._rates(name)
        if self._zero_order(name) and constant is not None:
            self.how[name] = "the deck's rate"
            return constant * self._factors(name) * 1e3 * days * 86400.0
        if rates is None:
            raise OutputError(f"how much of {name} took place is unknown: no budgets (.mac, .mmc) and no rates (.gsd)")
        self.how[name] = "the rates at the outputs"
        return rates * 1e3 * days

    def nominal(self, name: str) -> np.ndarray:
        """Amount of the column [time] that the deck asks for of a source of constant rate."""
        constant = self._rate_constants(name)
        if constant is None:
            return np.zeros(len(self.out.times))
        seconds = np.diff(self.out.times, prepend=self.out.times[0]) * 86400.0
        return (constant * self._factors(name)).sum(1) * 1e3 * seconds

    def _normal(self, weights: np.ndarray) -> np.ndarray:
        weights = np.broadcast_to(np.abs(weights), (len(self.out.times), self.setup.layers))
        total = weights.sum(1, keepdims=True)
        even = self.setup.thickness / self.setup.thickness.sum()
        return np.where(total > 0.0, weights / np.maximum(total, 1e-300), even)

    def _rate_constants(self, name: str) -> np.ndarray | None:
        """k dz of every layer; None for a reaction in water."""
        if name not in self.setup.minerals:
            return None
        rates = np.array([layer[name].rate if name in layer else np.nan for layer in self.setup.initial])
        return None if not np.isfinite(rates).all() or not rates.any() else rates * self.setup.thickness

    def _rates(self, name: str) -> np.ndarray | None:
        """Mean of the rates at both ends of each interval, times dz; None where they were not written."""
        family, column = ("gsd", f"{name}_1") if name in self.setup.minerals else ("gsi", name)
        if family not in self.out.files.sizes or not self.out.has(family, column):
            return None
        rate = np.abs(self.out.profile(family, column))
        return 0.5 * (rate + np.concatenate([rate[:1], rate[:-1]])) * self.setup.thickness

    def _factors(self, name: str) -> np.ndarray:
        """Mean rate factor of a reaction over each interval [time, layer]; 1 where it has none."""
        made = np.ones((len(self.out.times), self.setup.layers))
        known: dict[int, np.ndarray | None] = {}
        for i, zone in enumerate(self.setup.zone_of):
            if id(zone) not in known:
                found = read_factors(zone) if zone else None
                known[id(zone)] = None
                if found is not None and name in found.reactions:
                    at = np.array([self.setup.days(t) for t in found.times])
                    known[id(zone)] = self._means(at, found.values[:, found.reactions.index(name)])
            if known[id(zone)] is not None:
                made[:, i] = known[id(zone)]
        return made

    def _means(self, at: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Mean over each interval of a step function that holds ``values[i]`` from ``at[i]`` on.

        A time step of MIN3P takes the value at its end (2.6.2: a row at an output acts a step early); its steps are in ``.mvc``.
        """
        times = self.out.times
        steps = self.out.steps()
        if steps is None:  # no steps are known: the function itself
            edges = np.unique(np.concatenate([times, at]))
            held = values[np.clip(np.searchsorted(at, edges[:-1], side="right") - 1, 0, None)]
        else:
            edges = np.concatenate([times[:1], steps])
            held = values[np.clip(np.searchsorted(at, steps * (1.0 + 1e-12), side="right") - 1, 0, None)]
        integral = np.concatenate([[0.0], np.cumsum(held * np.diff(edges))])
        amount = np.diff(np.interp(times, edges, integral))
        return np.concatenate([[1.0], amount / np.diff(times)])

    def solve(self, names: list[str]) -> dict[str, np.ndarray]:
        """Amounts of the column of several reactions from the sources that ``.mac`` books for each component.

        Reactions of one stoichiometry count as the first of them. Raises OutputError where the components cannot tell them apart.
        """
        if self._solved is not None:
            return self._solved
        components = self.setup.components
        columns = ("total source/sink from intra-aqueous", "total source/sink from mineral phase")
        booked = np.stack([self._booked(i + 1, columns) for i in range(len(components))])
        known = [m for m in self.setup.minerals if m not in names]
        for mineral in known:
            extent = self.column(mineral)
            layers = self.from_fractions(mineral)
            amount = extent if extent is not None else (layers.sum(1) if layers is not None else np.zeros(len(self.out.times)))
            booked -= np.outer(self._vector(mineral), amount)
        solved = {n: np.zeros(len(self.out.times)) for n in names}
        for name in [n for n in names if self._zero_order(n)]:  # the deck says how much; N forms could not be told apart else
            solved[name] = self.nominal(name)
            booked -= np.outer(self._vector(name), solved[name])
        different: list[str] = []
        for name in [n for n in names if not self._zero_order(n)]:
            if not any(np.allclose(self._vector(name), self._vector(other)) for other in different):
                different.append(name)
        matrix = np.stack([self._vector(name) for name in different], axis=1) if different else np.zeros((len(components), 0))
        if different and np.linalg.matrix_rank(matrix) < len(different):
            raise OutputError(f"the budgets of the components cannot tell {', '.join(different)} apart; .mmc or .mic would")
        amounts = np.linalg.lstsq(matrix, booked, rcond=None)[0] if different else []
        self._solved = solved | dict(zip(different, amounts, strict=True))
        return self._solved

    def _vector(self, name: str) -> np.ndarray:
        releases = self.entry(name).releases
        return np.array([releases.get(c, 0.0) for c in self.setup.components])

    def _booked(self, index: int, beginnings: tuple[str, ...]) -> np.ndarray:
        """Sum of the cumulated columns whose names begin like this, per interval."""
        names, _ = self.out.table("mac", index)
        found = [n for n in names if n.startswith(beginnings)]
        return sum((self.out.budget("mac", index, n) for n in found), np.zeros(len(self.out.times)))
