"""Budgets of carbon, calcium, nitrogen and charge, from the library's inputs and outputs alone.

What:    adds up every step's fluxes and compares with the change of the stocks; a budget that does not close raises.
Units:   kg C m-2, mol Ca m-2, kg N m-2, mol_c m-2; shapes (column,).
Source:  conserved quantities: emulator/docs/science.md, section 7; 0.15 mol Ca per mol_c weathered: variables.toml.
Use:     ``b = Budget(n); b.open(out, state); b.add(dt, forcing, out); b.close(out, state); b.residuals()``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from ...emulator.contract.variables import load_table
from ..errors import CalcisolError
from ..units import C_KG_PER_MOL, CACO3_KG_PER_MOL, N_KG_PER_MOL

QUANTITIES = ("carbon", "calcium", "nitrogen", "charge")
UNITS = {"carbon": "kg C m-2", "calcium": "mol m-2", "nitrogen": "kg N m-2", "charge": "mol_c m-2"}
# float64 over 10^3 steps loses about 1e-13 of the throughput; a wrong term loses 1e-3
TOLERANCE = 1e-10
ROUND_OFF = 1e-3
CA_PER_WEATHERED = 0.15


class BudgetError(CalcisolError):
    """A budget of the run does not close."""


def stocks(out: dict[str, np.ndarray], state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Stock of each quantity, (column,), from outputs and state slots (column, soil_layer)."""
    s = state
    charge = 2 * (s["ca"] + s["mg"] - s["so4"]) + s["k"] + s["na"] + s["nh4"] - s["no3"] - s["cl"] + 2 * s["calcite"]
    return {
        "carbon": (out["sic"] + out["dic"]).sum(1),
        "calcium": (s["ca"] + s["calcite"]).sum(1),
        "nitrogen": (s["nh4"] + s["no3"]).sum(1) * N_KG_PER_MOL,
        "charge": charge.sum(1),
    }


def terms(forcing: dict[str, np.ndarray], out: dict[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    """Fluxes into the column (positive), per second, by quantity and name; what the forcing lacks is 0."""
    zero = np.zeros_like(np.asarray(out["co2_adj"], float))
    column = lambda name: np.asarray(forcing.get(name, zero), float)  # noqa: E731
    layer = lambda name: np.asarray(forcing[name], float).sum(1) if name in forcing else zero  # noqa: E731
    lime = column("lime") / CACO3_KG_PER_MOL
    return {
        "carbon": {
            "lime": lime * C_KG_PER_MOL,
            "deposition": column("dep_dic") * C_KG_PER_MOL,
            "CO2 to air": -out["co2_adj"],
            "DIC leached": -out["dic_leach"],
        },
        "calcium": {
            "lime": lime,
            "deposition": column("dep_ca"),
            "weathering": CA_PER_WEATHERED * layer("weath"),
            "harvest": -out["ca_sink"],
            "leached": -out["ca_leach"],
        },
        "nitrogen": {
            "fertiliser and deposition": (column("dep_nh4") + column("dep_no3")) * N_KG_PER_MOL,
            "mineralisation": layer("n_min"),
            "uptake and denitrification": -out["n_sink"],
            "nitrate leached": -out["no3_leach"],
            "ammonium leached": -out["nh4_leach"],
        },
        "charge": {"lime": 2 * lime, "acid load": -out["acid_load"], "alkalinity leached": -out["alk_leach"]},
    }


@cache
def _valid() -> dict[str, tuple[float, float] | None]:
    return {v.name: v.valid for v in load_table().select("forcing")}


def within(forcing: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Forcing as the library takes it: what lies outside its valid range counts as its limit."""
    made = {}
    for name, values in forcing.items():
        valid = _valid()[name]
        made[name] = values if valid is None else np.clip(values, *valid)
    return made


class Budget:
    """Running sums of one segment of a run; ``arrays`` and ``restore`` carry them through a restart."""

    def __init__(self) -> None:
        self.sums: dict[str, np.ndarray] = {}  # "quantity/name" -> (column,)
        self.throughput: dict[str, np.ndarray] = {}
        self.first: dict[str, np.ndarray] = {}
        self.last: dict[str, np.ndarray] = {}
        self._tables: tuple[np.ndarray, np.ndarray] | None = None  # what sums and throughput are rows of

    def open(self, stock: dict[str, np.ndarray]) -> None:
        """Stocks before the first step of the segment."""
        self.first = {k: v.copy() for k, v in stock.items()}

    def add(
        self, dt: float, forcing: dict[str, np.ndarray], out: dict[str, np.ndarray], columns: np.ndarray | None = None
    ) -> None:
        """Add one step of ``dt`` seconds, of all columns or of those at ``columns``."""
        some = slice(None) if columns is None else columns
        rates = terms(forcing, out)
        sums, throughput = self._rows_of(rates)
        amounts = np.array([rate for parts in rates.values() for rate in parts.values()]) * dt
        sums[:, some] += amounts
        first = np.cumsum([0, *(len(parts) for parts in rates.values())][:-1])  # row of each quantity
        throughput[:, some] += np.add.reduceat(np.abs(amounts), first, axis=0)

    def _rows_of(self, rates: dict[str, dict[str, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
        """Sums by term and throughput by quantity as tables, (row, column): all are added to at once."""
        if self._tables is None:
            names = [f"{quantity}/{name}" for quantity, parts in rates.items() for name in parts]
            columns = np.zeros_like(self.first[QUANTITIES[0]])
            sums = np.array([self.sums.get(name, columns) for name in names])
            throughput = np.array([self.throughput.get(name, columns) for name in rates])
            self.sums, self.throughput = dict(zip(names, sums, strict=True)), dict(zip(rates, throughput, strict=True))
            self._tables = sums, throughput
        return self._tables

    def close(self, stock: dict[str, np.ndarray]) -> None:
        """Stocks after the last step."""
        self.last = {k: v.copy() for k, v in stock.items()}

    def residual(self, quantity: str) -> np.ndarray:
        """Change of stock minus fluxes, per column, relative to the column's throughput.

        A stock of thousands of mol is itself known only to its last digits, so the throughput counts as at least
        ROUND_OFF of the stock; only runs of a few years in very dry columns come that low.
        """
        change = self.last[quantity] - self.first[quantity]
        flux = sum(v for k, v in self.sums.items() if k.startswith(quantity + "/"))
        floor = ROUND_OFF * np.abs(self.first[quantity]) + 1e-30
        return np.abs(change - flux) / np.maximum(self.throughput[quantity], floor)

    def arrays(self) -> dict[str, np.ndarray]:
        """All numbers as flat arrays for a checkpoint."""
        groups = {"sum": self.sums, "thr": self.throughput, "first": self.first, "last": self.last}
        return {f"budget:{g}:{k}": v for g, values in groups.items() for k, v in values.items()}

    @classmethod
    def restore(cls, arrays: dict[str, np.ndarray]) -> Budget:
        """Rebuild from ``arrays()``."""
        budget = cls()
        groups = {"sum": budget.sums, "thr": budget.throughput, "first": budget.first, "last": budget.last}
        for name, value in arrays.items():
            if name.startswith("budget:"):
                _, group, key = name.split(":", 2)
                groups[group][key] = value
        return budget


def merge(budgets: list[Budget]) -> Budget:
    """One budget over the columns of several, in order."""
    whole = Budget()
    for mine, group in ((whole.sums, "sums"), (whole.throughput, "throughput"), (whole.first, "first"), (whole.last, "last")):
        for key in getattr(budgets[0], group):
            mine[key] = np.concatenate([getattr(b, group)[key] for b in budgets])
    return whole


def restrict(budget: Budget, where: np.ndarray | slice) -> Budget:
    """The same over some columns (boolean mask, or a slice)."""
    part = Budget()
    for group in ("sums", "throughput", "first", "last"):
        getattr(part, group).update({k: np.array(v[where]) for k, v in getattr(budget, group).items()})
    return part


@dataclass(frozen=True)
class Account:
    """One quantity's budget over an area: means per year, and what is missing relative to the throughput."""

    unit: str
    change: float
    parts: dict[str, float]
    gap: float
    worst: float


def account(budget: Budget, quantity: str, area: np.ndarray | None, years: float) -> Account:
    """Budget of one quantity in Tg or Gmol per year over ``area`` [m2]; without an area, the mean of the columns per m2."""
    unit = (
        {"carbon": "Tg C", "nitrogen": "Tg N", "calcium": "Gmol", "charge": "Gmol_c"}[quantity]
        if area is not None
        else UNITS[quantity]
    )
    weight, scale = (area, 1e-9) if area is not None else (1.0, 1.0 / len(budget.first[quantity]))

    def total(values: np.ndarray) -> float:
        return float((values * weight).sum()) * scale / years

    parts = {k.split("/")[1]: total(v) for k, v in budget.sums.items() if k.startswith(quantity + "/")}
    change = total(budget.last[quantity] - budget.first[quantity])
    gap = abs(change - sum(parts.values())) / max(total(budget.throughput[quantity]), 1e-30)
    return Account(unit, change, parts, gap, float(budget.residual(quantity).max()))


def table(budget: Budget, area: np.ndarray | None, years: float) -> list[str]:
    """Printable budget, one line per quantity."""
    lines = []
    for quantity in QUANTITIES:
        b = account(budget, quantity, area, years)
        listed = ", ".join(f"{k} {v:+.4g}" for k, v in b.parts.items() if v)
        lines.append(
            f"  {quantity:8s} change {b.change:+.5g} {b.unit}/yr = {listed}; "
            f"residual {b.gap:.0e} of throughput (worst column {b.worst:.0e})"
        )
    return lines


def check(budget: Budget, where: str) -> None:
    """Raise BudgetError when any column of any quantity misses TOLERANCE."""
    for quantity in QUANTITIES:
        residual = budget.residual(quantity)
        worst = int(np.nanargmax(residual)) if not np.isnan(residual).all() else 0
        if not residual[worst] <= TOLERANCE or np.isnan(residual).any():
            raise BudgetError(
                f"{where}: the {quantity} budget of column {worst} misses by {residual[worst]:.1e} of its throughput, "
                f"more than {TOLERANCE:.0e}; the outputs cannot be trusted"
            )
