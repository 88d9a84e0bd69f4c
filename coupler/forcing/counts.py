"""What was counted of one input, column by column, so that land can be told from sea when everything has been seen.

What:    missing values, codes, values out of range, lowest and highest; added up over blocks of steps.
Shapes:  every array is (column,). Units: the contract's; ``code`` as it stands in the file.
Use:     ``whole.add(count(variable, values, active)); whole.on(land).low``
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...emulator.contract.variables import Variable
from .read import Values

WATER = ("w_liq", "w_ice")  # amounts of a layer
NO_CODE = {"p_surf": (99999.0,)}  # a pressure in Pa may be that


@dataclass
class Total:
    """Sums over some columns."""

    total: int
    missing: int
    infinite: int
    codes: int
    outside: int
    low: float
    high: float
    code: float


@dataclass
class Counts:
    """Sums by column."""

    size: int
    total: np.ndarray = field(init=False)
    missing: np.ndarray = field(init=False)
    infinite: np.ndarray = field(init=False)
    codes: np.ndarray = field(init=False)
    outside: np.ndarray = field(init=False)
    low: np.ndarray = field(init=False)
    high: np.ndarray = field(init=False)
    some: np.ndarray = field(init=False)  # whether the column holds any number, stepped or not
    code: float = np.nan
    peak: np.ndarray | None = None  # (column, soil_layer): the most of any step, of water

    def __post_init__(self) -> None:
        """Nothing seen yet."""
        for name in ("total", "missing", "infinite", "codes", "outside"):
            setattr(self, name, np.zeros(self.size, np.int64))
        self.low, self.high = np.full(self.size, np.inf), np.full(self.size, -np.inf)
        self.some = np.zeros(self.size, bool)

    def add(self, other: Counts) -> None:
        """Add what was counted in another block."""
        for name in ("total", "missing", "infinite", "codes", "outside"):
            getattr(self, name)[:] += getattr(other, name)
        self.some |= other.some
        np.minimum(self.low, other.low, out=self.low)
        np.maximum(self.high, other.high, out=self.high)
        if other.peak is not None:
            self.peak = other.peak if self.peak is None else np.maximum(self.peak, other.peak)
        if np.isnan(self.code):
            self.code = other.code

    def on(self, columns: np.ndarray) -> Total:
        """Sums over some columns."""
        sums = {n: int(getattr(self, n)[columns].sum()) for n in ("total", "missing", "infinite", "codes", "outside")}
        low, high = self.low[columns].min(initial=np.inf), self.high[columns].max(initial=-np.inf)
        return Total(**sums, low=float(low), high=float(high), code=self.code)


def count(variable: Variable, values: Values, active: np.ndarray | None) -> Counts:
    """Count one block: (time, column[, soil_layer]), static (column, soil_layer); ``active`` (time, column) where it counts."""
    data, codes = values.data, values.codes
    by_column = 0 if variable.role == "static" else 1
    axes = tuple(i for i in range(data.ndim) if i != by_column)
    for kept in NO_CODE.get(variable.name, ()):
        codes = codes & (values.raw != kept)
    looked = np.ones(data.shape, bool)
    if active is not None:
        looked = np.broadcast_to(active[..., None] if data.ndim == 3 else active, data.shape)
    found = Counts(data.shape[by_column])
    gone, infinite, marks = np.isnan(data) & looked, np.isinf(data) & looked & ~codes, codes & looked
    fine = looked & np.isfinite(data) & ~marks
    found.some = np.isfinite(data).any(axes)
    found.total[:], found.missing[:] = looked.sum(axes), gone.sum(axes)
    found.infinite[:], found.codes[:] = infinite.sum(axes), marks.sum(axes)
    found.low[:] = np.min(data, axis=axes, where=fine, initial=np.inf)
    found.high[:] = np.max(data, axis=axes, where=fine, initial=-np.inf)
    if variable.valid is not None:
        low, high = variable.valid
        with np.errstate(invalid="ignore"):
            found.outside[:] = (((data < low) | (data > high)) & fine).sum(axes)
    if variable.name in WATER and data.ndim == 3:
        found.peak = np.max(data, axis=0, where=fine, initial=0.0)
    if variable.name == "active":  # a share of land is neither
        found.outside[:] = (((data != 0) & (data != 1)) & fine).sum(axes)
    if marks.any():
        found.code = float(values.raw[marks][0])
    return found
